"""What OpenAI answers: chat completions, responses, embeddings, models. Shapes as its API gives them in 2026, values
made up. Pure functions of an Ask."""
import base64
import json
import struct

from llm_text import EPOCH, Reply, compact, images_of, text_of

MODELS = {"gpt-4o-mini": "gpt-4o-mini-2024-07-18", "gpt-4o": "gpt-4o-2024-08-06", "o4-mini": "o4-mini-2025-04-16",
          "text-embedding-3-small": "text-embedding-3-small"}
IMAGE_TOKENS = 8500  # one tile of gpt-4o-mini: 2833 + 5667
ERRORS = {
    400: ("invalid_request_error", "invalid_value", "messages[0].role", "Invalid value: 'robot'. Supported values are: "
          "'system', 'assistant', 'user', 'function', 'tool', and 'developer'."),
    401: ("invalid_request_error", "invalid_api_key", None, "Incorrect API key provided: {key}. You can find your API "
          "key in your account's settings."),
    403: ("invalid_request_error", "unsupported_country_region_territory", None, "Country, region, or territory not "
          "supported"),
    404: ("invalid_request_error", "model_not_found", None, "The model `{model}` does not exist or you do not have "
          "access to it."),
    413: ("invalid_request_error", "request_too_large", None, "Request body is too large."),
    429: ("tokens", "rate_limit_exceeded", None, "Rate limit reached for {model} in organization org-sim on tokens per "
          "min (TPM): Limit 200000, Used 199512, Requested 2000. Please try again in 453ms."),
    500: ("server_error", None, None, "The server had an error while processing your request. Sorry about that!"),
    503: ("server_error", None, None, "The engine is currently overloaded, please try again later"),
    529: ("server_error", None, None, "Overloaded"),
}


def masked(key):
    return key[:8] + "*" * max(0, len(key) - 12) + key[-4:] if key else ""


def error(ask, status, key=None):
    kind, code, param, text = ERRORS[status]
    model = ask.get("model", "") if isinstance(ask.body, dict) else ""
    text = text.format(key=masked(key), model=model)
    return Reply(status, {"error": {"message": text, "type": kind, "param": param, "code": code}})


def error_event(ask):
    """What it sends in the middle of a stream when it breaks."""
    kind, code, param, text = ERRORS[500]
    if ask.path == "/v1/responses":
        return "error", compact({"type": "error", "code": kind, "message": text, "param": param, "sequence_number": 9})
    return None, compact({"error": {"message": text, "type": kind, "param": param, "code": code}})


def headers(ask, status):
    """As they come, two of the same name included."""
    return [("openai-organization", "org-sim"), ("openai-processing-ms", "417"), ("openai-project", "proj_sim"),
            ("openai-version", "2020-10-01"), ("x-envoy-upstream-service-time", "423"),
            ("x-ratelimit-limit-requests", "10000"), ("x-ratelimit-limit-tokens", "200000"),
            ("x-ratelimit-remaining-requests", "9999"), ("x-ratelimit-remaining-tokens", "199971"),
            ("x-ratelimit-reset-requests", "8.64s"), ("x-ratelimit-reset-tokens", "8ms"),
            ("x-request-id", ask.id("req_", 32)), ("strict-transport-security", "max-age=31536000; preload"),
            ("cf-cache-status", "DYNAMIC"), ("set-cookie", "__cf_bm=aaa; path=/; HttpOnly"),
            ("set-cookie", "_cfuvid=bbb; path=/; HttpOnly"), ("x-content-type-options", "nosniff"),
            ("server", "cloudflare"), ("cf-ray", ask.digest[:16] + "-ZRH"), ("alt-svc", 'h3=":443"; ma=86400')]


def answer(ask):
    route = (ask.method, ask.path)
    if route == ("GET", "/v1/models"):
        return Reply(value={"object": "list", "data": [model(m) for m in MODELS]})
    if ask.method == "GET" and ask.path.startswith("/v1/models/"):
        name = ask.path.rsplit("/", 1)[1]
        return Reply(value=model(name)) if name in MODELS else no_model(name)
    handler = {("POST", "/v1/chat/completions"): chat, ("POST", "/v1/responses"): responses,
               ("POST", "/v1/embeddings"): embeddings}.get(route)
    if handler is None:
        return Reply(404, {"error": {"message": f"Invalid URL ({ask.method} {ask.path})", "param": None,
                                     "type": "invalid_request_error", "code": None}})
    if ask.body["model"] not in MODELS and ask.body["model"] not in MODELS.values():
        return no_model(ask.body["model"])
    return handler(ask)


def model(name):
    return {"id": name, "object": "model", "created": EPOCH, "owned_by": "system"}


def no_model(name):
    kind, code, param, text = ERRORS[404]
    return Reply(404, {"error": {"message": text.format(model=name), "type": kind, "param": param, "code": code}})


def served(ask):
    return MODELS.get(ask.body["model"], ask.body["model"])


def bill_of(ask, content, n_output):
    """Tokens by class; `n_output` visible ones."""
    cached = ask.number("cached")
    n_input = max(cached, ask.input_tokens(text_of(content)) + IMAGE_TOKENS * images_of(content))
    return {"input": n_input - cached, "cache_read": cached, "output": n_output, "reasoning": ask.number("reasoning")}


# ---- chat completions ------------------------------------------------------------------------------------------------


def chat_usage(bill):
    prompt = bill["input"] + bill["cache_read"]
    completion = bill["output"] + bill["reasoning"]
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": bill["cache_read"], "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": bill["reasoning"], "audio_tokens": 0,
                                          "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}


def chat_tools(ask):
    return [{"id": f"call_{ask.digest[i:i + 24]}", "type": "function",
             "function": {"name": name, "arguments": json.dumps(args)}} for i, (name, args) in
            enumerate(ask.tool_calls())]


def chat(ask):
    pieces, n_tokens, is_cut = ask.pieces(ask.get("max_completion_tokens") or ask.get("max_tokens"))
    tools = chat_tools(ask)
    finish = "tool_calls" if tools else "length" if is_cut else "stop"
    choices = ask.get("n", 1)
    bill = bill_of(ask, ask.body["messages"], choices * (20 * len(tools) if tools else n_tokens))
    if ask.get("stream") or "unasked" in ask.wishes:
        return chat_stream(ask, pieces, tools, finish, bill)
    text = None if tools else "".join(pieces)
    message = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
    if tools:
        message["tool_calls"] = tools
    if ask.get("response_format", {}).get("type") == "json_object":
        message["content"] = json.dumps({"answer": text})
    value = {"id": ask.id("chatcmpl-"), "object": "chat.completion", "created": EPOCH, "model": served(ask),
             "choices": [{"index": i, "message": message, "logprobs": None, "finish_reason": finish}
                         for i in range(choices)],
             "usage": chat_usage(bill), "service_tier": "default", "system_fingerprint": "fp_0a1b2c3d4e"}
    return Reply(value=value, bill=bill)


def chat_stream(ask, pieces, tools, finish, bill):
    """Each chunk says `usage: null` when usage was asked for, and nothing of it otherwise; the usage has its own."""
    wants = (ask.get("stream_options") or {}).get("include_usage")
    where = ask.wishes.get("usage", "own" if wants else "none")
    head = {"id": ask.id("chatcmpl-"), "object": "chat.completion.chunk", "created": EPOCH, "model": served(ask),
            "service_tier": "default", "system_fingerprint": "fp_0a1b2c3d4e"}
    deltas = [(i, d, f) for i in range(ask.get("n", 1)) for d, f in chat_deltas(pieces, tools, finish)]
    events = []
    for at, (index, delta, reason) in enumerate(deltas):
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        chunk = {**head, "choices": [choice]}
        if where == "every" or (where == "last" and at == len(deltas) - 1):
            chunk["usage"] = chat_usage({**bill, "output": max(1, bill["output"] * (at + 1) // len(deltas))})
        elif where == "own":
            chunk["usage"] = None
        chunk["obfuscation"] = ask.digest[at % 40:at % 40 + 8]
        events.append((None, compact(chunk)))
    if where == "own":
        events.append((None, compact({**head, "choices": [], "usage": chat_usage(bill), "obfuscation": "x4"})))
    return Reply(events=[*events, (None, "[DONE]")], bill=bill, billed_from=1)


def chat_deltas(pieces, tools, finish):
    yield {"role": "assistant", "content": None if tools else "", "refusal": None}, None
    for i, tool in enumerate(tools):
        f = tool["function"]
        yield {"tool_calls": [{"index": i, **tool, "function": {"name": f["name"], "arguments": ""}}]}, None
        for at in range(0, len(f["arguments"]), 9):
            yield {"tool_calls": [{"index": i, "function": {"arguments": f["arguments"][at:at + 9]}}]}, None
    for piece in [] if tools else pieces:
        yield {"content": piece}, None
    yield {}, finish


# ---- responses -------------------------------------------------------------------------------------------------------


def responses_usage(bill):
    n_input, n_output = bill["input"] + bill["cache_read"], bill["output"] + bill["reasoning"]
    return {"input_tokens": n_input, "input_tokens_details": {"cache_write_tokens": 0,
                                                              "cached_tokens": bill["cache_read"]},
            "output_tokens": n_output, "output_tokens_details": {"reasoning_tokens": bill["reasoning"]},
            "total_tokens": n_input + n_output}


def response(ask, status, output, usage, more=None):
    return {"id": ask.id("resp_", 48), "object": "response", "created_at": EPOCH, "status": status,
            "background": False, "error": None, "incomplete_details": None,
            "instructions": ask.get("instructions"), "max_output_tokens": ask.get("max_output_tokens"),
            "model": served(ask), "output": output, "parallel_tool_calls": True, "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None}, "service_tier": "default", "store": True,
            "temperature": 1.0, "text": {"format": {"type": "text"}, "verbosity": "medium"}, "tool_choice": "auto",
            "tools": ask.get("tools", []), "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "usage": usage,
            "user": None, "metadata": {}, **(more or {})}


def responses(ask):
    pieces, n_tokens, is_cut = ask.pieces(ask.get("max_output_tokens"))
    tools = [{"id": f"fc_{ask.digest[i:i + 40]}", "type": "function_call", "status": "completed", "name": name,
              "arguments": json.dumps(args), "call_id": f"call_{ask.digest[i:i + 24]}"}
             for i, (name, args) in enumerate(ask.tool_calls())]
    bill = bill_of(ask, ask.body["input"], 20 * len(tools) if tools else n_tokens)
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": "".join(pieces)}
    message = {"id": ask.id("msg_", 48), "type": "message", "status": "completed", "content": [part],
               "role": "assistant"}
    output = tools or [message]
    status = "incomplete" if is_cut else "completed"
    more = {"incomplete_details": {"reason": "max_output_tokens"}} if is_cut else None
    done = response(ask, status, output, responses_usage(bill), more)
    if not ask.get("stream"):
        return Reply(value=done, bill=bill)
    return responses_stream(ask, output, pieces, done, bill)


def responses_stream(ask, output, pieces, done, bill):
    begun = response(ask, "in_progress", [], None)
    steps = [("created", {"response": begun}), ("in_progress", {"response": begun})]
    for i, item in enumerate(output):
        steps += responses_item(i, item, pieces)
    steps.append((done["status"], {"response": done}))
    events = []
    for n, (name, value) in enumerate(steps):
        kind = "response." + name
        events.append((kind, compact({"type": kind, "sequence_number": n, **value})))
    return Reply(events=events, bill=bill, billed_from=4)


def responses_item(i, item, pieces):
    at = {"output_index": i, "item_id": item["id"]}
    if item["type"] == "function_call":
        yield "output_item.added", {"output_index": i, "item": {**item, "status": "in_progress", "arguments": ""}}
        for k in range(0, len(item["arguments"]), 9):
            yield "function_call_arguments.delta", {**at, "delta": item["arguments"][k:k + 9]}
        yield "function_call_arguments.done", {**at, "arguments": item["arguments"]}
    else:
        at = {**at, "content_index": 0}
        part = item["content"][0]
        yield "output_item.added", {"output_index": i, "item": {**item, "status": "in_progress", "content": []}}
        yield "content_part.added", {**at, "part": {**part, "text": ""}}
        for piece in pieces:
            yield "output_text.delta", {**at, "delta": piece, "logprobs": []}
        yield "output_text.done", {**at, "text": part["text"], "logprobs": []}
        yield "content_part.done", {**at, "part": part}
    yield "output_item.done", {"output_index": i, "item": item}


# ---- embeddings ------------------------------------------------------------------------------------------------------


def embeddings(ask):
    texts = ask.body["input"] if isinstance(ask.body["input"], list) else [ask.body["input"]]
    n_input = ask.input_tokens(text_of(texts))
    rows = []
    for i, _ in enumerate(texts):
        vector = [int(ask.digest[k:k + 2], 16) / 256 - 0.5 for k in range(0, 64, 2)]
        if ask.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        rows.append({"object": "embedding", "index": i, "embedding": vector})
    value = {"object": "list", "data": rows, "model": served(ask),
             "usage": {"prompt_tokens": n_input, "total_tokens": n_input}}
    return Reply(value=value, bill={"input": n_input})
