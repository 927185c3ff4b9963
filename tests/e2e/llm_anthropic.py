"""What Anthropic answers: messages, count_tokens, models. Shapes as its API gives them in 2026, values made up. Pure
functions of an Ask."""
from llm_text import Reply, compact, images_of, text_of

MODELS = ["claude-haiku-4-5-20251001", "claude-opus-4-5-20251101"]
ALIASES = {m.rsplit("-", 1)[0]: m for m in MODELS}
IMAGE_TOKENS = 1600
ERRORS = {
    400: ("invalid_request_error", "messages: at least one message is required"),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "model: {model}"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed the rate limit for your organization of 80,000 input tokens "
          "per minute."),
    500: ("api_error", "Internal server error"),
    503: ("api_error", "Service unavailable"),
    529: ("overloaded_error", "Overloaded"),
}


def error(ask, status, key=None):
    kind, text = ERRORS[status]
    model = ask.get("model", "") if isinstance(ask.body, dict) else ""
    return Reply(status, {"type": "error", "error": {"type": kind, "message": text.format(model=model)},
                          "request_id": request_id(ask)})


def error_event(ask):
    """What it sends in the middle of a stream when it has had enough."""
    return "error", compact({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"},
                             "request_id": request_id(ask)})


def request_id(ask):
    return ask.id("req_011C", 20)


def headers(ask, status):
    reset = "2026-11-28T14:00:00Z"
    made = [("request-id", request_id(ask)), ("anthropic-organization-id", "7f2b5a51-0000-4000-8000-5e4c1b1f0000")]
    for what, limit, left in (("requests", 4000, 3999), ("input-tokens", 400000, 399000),
                              ("output-tokens", 80000, 79000), ("tokens", 480000, 478000)):
        made += [(f"anthropic-ratelimit-{what}-limit", str(limit)),
                 (f"anthropic-ratelimit-{what}-remaining", str(left)), (f"anthropic-ratelimit-{what}-reset", reset)]
    return [*made, ("via", "1.1 google"), ("cf-cache-status", "DYNAMIC"), ("x-robots-tag", "none"),
            ("server", "cloudflare"), ("cf-ray", ask.digest[:16] + "-ZRH"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains; preload")]


def answer(ask):
    route = (ask.method, ask.path)
    if route == ("GET", "/v1/models"):
        return Reply(value={"data": [model(m) for m in MODELS], "has_more": False, "first_id": MODELS[0],
                            "last_id": MODELS[-1]})
    if ask.method == "GET" and ask.path.startswith("/v1/models/"):
        name = served(ask.path.rsplit("/", 1)[1])
        return Reply(value=model(name)) if name in MODELS else no_such(ask, f"model: {name}")
    if ask.method != "POST" or ask.path not in ("/v1/messages", "/v1/messages/count_tokens"):
        return no_such(ask, "Not Found")
    if served(ask.body["model"]) not in MODELS:
        return no_such(ask, f"model: {ask.body['model']}")
    if ask.path.endswith("count_tokens"):
        return Reply(value={"input_tokens": bill_of(ask, 0)["input"]})
    return messages(ask)


def model(name):
    return {"type": "model", "id": name, "display_name": name.rsplit("-", 1)[0], "created_at": "2025-10-01T00:00:00Z"}


def no_such(ask, text):
    return Reply(404, {"type": "error", "error": {"type": "not_found_error", "message": text},
                       "request_id": request_id(ask)})


def served(name):
    return ALIASES.get(name, name)


def bill_of(ask, n_output):
    """Tokens by class. Here input excludes what came from the cache or went into it."""
    content = [ask.get("system", ""), ask.body["messages"]]
    return {"input": ask.input_tokens(text_of(content[0]) + text_of(content[1])) + IMAGE_TOKENS * images_of(content[1]),
            "cache_read": ask.number("cached"), "cache_write_5m": ask.number("write5m"),
            "cache_write_1h": ask.number("write1h"), "output": n_output, "reasoning": ask.number("reasoning")}


def usage(bill, n_output=None):
    value = {"input_tokens": bill["input"],
             "cache_creation_input_tokens": bill["cache_write_5m"] + bill["cache_write_1h"],
             "cache_read_input_tokens": bill["cache_read"],
             "cache_creation": {"ephemeral_5m_input_tokens": bill["cache_write_5m"],
                                "ephemeral_1h_input_tokens": bill["cache_write_1h"]},
             "output_tokens": bill["output"] + bill["reasoning"] if n_output is None else n_output,
             "service_tier": "standard"}
    if n_output is None and bill["reasoning"]:
        value["output_tokens_details"] = {"thinking_tokens": bill["reasoning"]}
    return value


def delta_usage(bill):
    value = usage(bill)
    del value["cache_creation"], value["service_tier"]
    return value


def blocks_of(ask, pieces):
    """[(block, key of its delta, kind of its delta, pieces of it)]"""
    made = []
    if ask.number("reasoning"):
        made.append(({"type": "thinking", "thinking": "", "signature": ""}, "thinking", "thinking_delta",
                     ["Let me", " think", "."]))
    tools = ask.tool_calls()
    if not tools:
        made.append(({"type": "text", "text": ""}, "text", "text_delta", pieces))
    for i, (name, args) in enumerate(tools):
        text = compact(args)
        block = {"type": "tool_use", "id": f"toolu_{ask.digest[i:i + 24]}", "name": name, "input": {}}
        made.append((block, "partial_json", "input_json_delta",
                     ["", *(text[k:k + 9] for k in range(0, len(text), 9))]))
    return made, tools


def whole(block, pieces, tools):
    if block["type"] == "text":
        return {**block, "text": "".join(pieces)}
    if block["type"] == "thinking":
        return {**block, "thinking": "".join(pieces), "signature": "c2lnbmF0dXJl"}
    return {**block, "input": next(tools)[1]}


def messages(ask):
    pieces, n_tokens, is_cut = ask.pieces(ask.body["max_tokens"])
    blocks, tools = blocks_of(ask, pieces)
    reason = "tool_use" if tools else "max_tokens" if is_cut else "end_turn"
    bill = bill_of(ask, 20 * len(tools) if tools else n_tokens)
    message = {"model": served(ask.body["model"]), "id": ask.id("msg_01", 22), "type": "message", "role": "assistant",
               "content": [], "stop_reason": None, "stop_sequence": None}
    if ask.get("stream") or "unasked" in ask.wishes:
        return stream(ask, message, blocks, reason, bill)
    left = iter(tools)
    content = [whole(block, text, left) for block, _, _, text in blocks]
    return Reply(value={**message, "content": content, "stop_reason": reason, "usage": usage(bill)}, bill=bill)


def stream(ask, message, blocks, reason, bill):
    """Output tokens of message_start are those made so far: one. Those of message_delta are cumulative."""
    steps = [("message_start", {"message": {**message, "usage": usage(bill, 1)}})]
    for i, (block, key, kind, pieces) in enumerate(blocks):
        steps.append(("content_block_start", {"index": i, "content_block": block}))
        if i == 0:
            steps.append(("ping", {}))
        steps += [("content_block_delta", {"index": i, "delta": {"type": kind, key: p}}) for p in pieces]
        if block["type"] == "thinking":
            signature = {"type": "signature_delta", "signature": "c2lnbmF0dXJl"}
            steps.append(("content_block_delta", {"index": i, "delta": signature}))
        steps.append(("content_block_stop", {"index": i}))
    steps.append(("message_delta", {"delta": {"stop_reason": reason, "stop_sequence": None},
                                    "usage": delta_usage(bill)}))
    steps.append(("message_stop", {}))
    events = [(name, compact({"type": name, **value})) for name, value in steps]
    return Reply(events=events, bill=bill, billed_from=3)
