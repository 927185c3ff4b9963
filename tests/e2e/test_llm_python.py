"""The official OpenAI and Anthropic SDKs for Python, unmodified, direct and through us: the same bytes, and a record
that says what the vendor bills."""
import asyncio
import base64
import json
import re

import anthropic
import openai
import pytest

from llm_rig import CHAT, CLAUDE, EMBED, PRICES, body_of, kept, price, say, settled_as

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TOOLS = [{"type": "function", "function": {"name": n, "description": "d", "parameters": {"type": "object"}}}
         for n in ("weather", "news")]
CLAUDE_TOOLS = [{"name": n, "description": "d", "input_schema": {"type": "object"}} for n in ("weather", "news")]
RESPONSES_TOOLS = [{"type": "function", "name": n, "parameters": {"type": "object"}, "strict": False}
                   for n in ("weather", "news")]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40).decode()
SEE = [{"role": "user", "content": [{"type": "text", "text": "What is on it? zoë \"q\" \\ 🙂"},
                                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}]}]
CLAUDE_SEES = [{"role": "user", "content": [
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
    {"type": "text", "text": "What is on it?"}]}]
USAGE = {"stream_options": {"include_usage": True}}
CACHED = [{"type": "text", "text": "You are terse.", "cache_control": {"type": "ephemeral"}}]

# name: (method of the SDK, arguments). Each is one request.
OPENAI_WORK = {
    "chat": ("chat.completions", {"model": CHAT, "messages": say("tokens=5,cached=3"), "max_tokens": 50}),
    "chat_streamed": ("chat.completions", {"model": CHAT, "messages": say("tokens=7"), "stream": True,
                                           "max_tokens": 50}),
    "chat_streamed_usage": ("chat.completions", {"model": CHAT, "messages": say("tokens=7,cached=9"), "stream": True,
                                                 "max_completion_tokens": 50, **USAGE}),
    "chat_streamed_no_usage": ("chat.completions", {"model": CHAT, "messages": say("tokens=7"), "stream": True,
                                                    "stream_options": {"include_usage": False}, "max_tokens": 50}),
    "chat_two_choices": ("chat.completions", {"model": CHAT, "messages": say("tokens=4"), "n": 2, "max_tokens": 50}),
    "chat_tools": ("chat.completions", {"model": CHAT, "messages": say("tools=3"), "tools": TOOLS, "max_tokens": 90}),
    "chat_tools_streamed": ("chat.completions", {"model": CHAT, "messages": say("tools=3"), "tools": TOOLS,
                                                 "stream": True, "parallel_tool_calls": True, "max_tokens": 90}),
    "chat_image": ("chat.completions", {"model": CHAT, "messages": SEE, "max_tokens": 50}),
    "chat_json": ("chat.completions", {"model": CHAT, "messages": say(), "response_format": {"type": "json_object"},
                                       "max_tokens": 50, "extra_body": {"x_unknown": {"a": [1.10, 1e2, None, "é"]}}}),
    "chat_reasoning": ("chat.completions", {"model": CHAT, "messages": say("reasoning=40,tokens=3"),
                                            "max_completion_tokens": 90}),
    "chat_cut_short": ("chat.completions", {"model": CHAT, "messages": say("tokens=30"), "max_tokens": 6}),
    "responses": ("responses", {"model": CHAT, "input": "Hi sim(tokens=6,cached=2,reasoning=3)",
                                "max_output_tokens": 90}),
    "responses_streamed": ("responses", {"model": CHAT, "input": say("tokens=6"), "stream": True,
                                         "max_output_tokens": 90}),
    "responses_tools": ("responses", {"model": CHAT, "input": "Hi sim(tools=2)", "tools": RESPONSES_TOOLS,
                                      "stream": True, "max_output_tokens": 90}),
    "responses_cut": ("responses", {"model": CHAT, "input": "Hi sim(tokens=40)", "stream": True,
                                    "max_output_tokens": 16}),
    "embeddings": ("embeddings", {"model": EMBED, "input": ["one", "two"]}),
    "embeddings_floats": ("embeddings", {"model": EMBED, "input": "one", "encoding_format": "float"}),
}
CLAUDE_WORK = {
    "messages": ("messages", {"model": CLAUDE, "messages": say("tokens=5,cached=30,write5m=20,write1h=10"),
                              "max_tokens": 50, "system": CACHED}),
    "messages_streamed": ("messages", {"model": CLAUDE, "messages": say("tokens=9,cached=3"), "max_tokens": 50,
                                       "stream": True}),
    "messages_tools": ("messages", {"model": CLAUDE, "messages": say("tools=3"), "max_tokens": 90,
                                    "tools": CLAUDE_TOOLS}),
    "messages_tools_streamed": ("messages", {"model": CLAUDE, "messages": say("tools=3,reasoning=4"),
                                             "max_tokens": 90, "tools": CLAUDE_TOOLS, "stream": True}),
    "messages_image": ("messages", {"model": CLAUDE, "messages": CLAUDE_SEES, "max_tokens": 50}),
    "messages_thinking": ("messages", {"model": CLAUDE, "messages": say("reasoning=40,tokens=3"), "max_tokens": 2048,
                                       "thinking": {"type": "enabled", "budget_tokens": 1024}, "stream": True}),
    "messages_cut_short": ("messages", {"model": CLAUDE, "messages": say("tokens=30"), "max_tokens": 6}),
    "beta_messages": ("beta.messages", {"model": CLAUDE, "messages": say(), "max_tokens": 50,
                                        "betas": ["context-1m-2025-08-07"]}),
}
WORK = [("openai", n) for n in OPENAI_WORK] + [("anthropic", n) for n in CLAUDE_WORK]
STREAM_HEADERS = {"x-stainless-async", "x-stainless-retry-count", "x-stainless-read-timeout"}
GIVEN_HEADERS = re.compile(r"user-agent|accept$|content-type|x-stainless-|anthropic-|openai-")


def resource(client, path):
    for name in path.split("."):
        client = getattr(client, name)
    return client


def raw(client, vendor, name):
    """(status, head, body as bytes) of one piece of work."""
    method, arguments = (OPENAI_WORK if vendor == "openai" else CLAUDE_WORK)[name]
    with resource(client, method).with_streaming_response.create(**arguments) as r:
        return r.status_code, kept(r.http_response.headers), b"".join(r.iter_bytes())


def both(models, vendor, name, run):
    """What it gives direct, what it gives through us, and the two exchanges at the vendor."""
    make = models.openai_client if vendor == "openai" else models.anthropic_client
    direct = raw(make(direct=True), vendor, name)
    ours = raw(make(run=run), vendor, name)
    was, now = models.vendors[vendor].settled()
    return direct, ours, was, now


# ---- the same bytes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor,name", WORK, ids=[n for _, n in WORK])
def test_answers_equal_the_direct_ones_byte_for_byte_and_cost_what_is_billed(models, vendor, name):
    direct, ours, was, now = both(models, vendor, name, name)
    sent = body_of(was)
    asked_for_usage = now.ask.path == "/v1/chat/completions" and sent.get("stream", False) and \
        not sent.get("stream_options", {}).get("include_usage")
    assert ours[0] == direct[0] == 200
    assert ours[2] == direct[2]
    assert ours[1] == direct[1]
    assert bool(asked_for_usage) == (b'"choices":[],"usage":{' in now.body and b'"choices":[],"usage":{' not in ours[2])
    same_request(models, vendor, was, now, asked_for_usage)
    call = models.one(name)
    settled_as(call, body_of(now)["model"], now.bill)
    assert call["additions"] == (["usage"] if asked_for_usage else [])
    assert call["predicted"]["how"] == "estimated" and call["held"]["usd"] >= call["settled"]["usd"]
    assert call["vendor_request_id"] == dict(direct[1]).get("x-request-id", dict(direct[1]).get("request-id"))
    if body_of(now).get("stream"):
        assert call["stream_end"] == "complete" and call["phases"]["first_token"] > 0
        assert call["phases"]["first_byte"] <= call["phases"]["first_token"] <= call["phases"]["total"]
    assert [a["kind"] for a in call["attempts"]] == ["forward"]


def same_request(models, vendor, was, now, asked_for_usage):
    """The vendor got what the SDK sent: the same line and bytes, its own secret, and nothing of ours."""
    a, b = was.request, now.request
    assert (a.method, a.target) == (b.method, b.target)
    if asked_for_usage:
        assert without_stream_options(b.body) == without_stream_options(a.body)
        assert len(b.body) - len(a.body) <= len(b',"stream_options":{"include_usage":true}')
    else:
        assert a.body == b.body
    for n, v in a.headers:
        if GIVEN_HEADERS.match(n.lower()) and n.lower() not in STREAM_HEADERS:
            assert b.header(n) == v, n
    secret = models.secrets[vendor]
    assert (b.header("authorization"), b.header("x-api-key")) == \
        ((f"Bearer {secret}", None) if vendor == "openai" else (None, secret))
    assert models.key.encode() not in b.raw and b"fb_" not in b.raw
    assert not [n for n, _ in b.headers if n.lower().startswith(("x-flyball", "x-agent-run", "traceparent"))]


def without_stream_options(body):
    value = json.loads(body)
    value.pop("stream_options", None)
    return value


def test_the_usage_option_is_all_that_is_changed_in_the_bytes_of_a_request(models):
    """Escapes, spaces, order, numbers and repeated unknown words go on as they came."""
    body = (b'{ "model" : "gpt-4o-mini",\n "messages":[{"role":"user","content":"\\u00e9\\/ sim(tokens=2)"}],'
            b'"max_tokens":9,"temperature":1.0e0, "x":{"b":1,"a":[ ]},"stream" :true }')
    from raw import ask
    r = ask(models.port, "POST", "/openai/v1/chat/completions", models.key, body, type="application/json")
    assert r.status == 200
    (e,) = models.openai.settled()
    sent = e.request.body
    at = next(i for i in range(len(body)) if body[i] != sent[i])
    added = len(sent) - len(body)
    assert sent[:at] + sent[at + added:] == body, "more than one place was changed"
    assert json.loads(sent)["stream_options"] == {"include_usage": True}
    assert b'"usage":{' not in r.body and b"[DONE]" in r.body


@pytest.mark.parametrize("wishes", ["split=1", "split=3", "split=7", "split=61", "crlf", "comment", "usage=last",
                                    "usage=every", "crlf,split=5", "comment,split=2,usage=last"])
def test_streams_pass_as_they_are_however_they_are_cut_and_whoever_serves_them(models, wishes):
    client = models.openai_client(run="s" + re.sub(r"\W", "-", wishes))
    arguments = {"model": CHAT, "messages": say("tokens=9," + wishes), "stream": True, "max_tokens": 50}
    with client.chat.completions.with_streaming_response.create(**arguments) as r:
        got = b"".join(r.iter_bytes())
    (e,) = models.openai.settled()
    assert got == without_usage_chunk(e.body)
    chunks = [json.loads(t.split(b"data: ", 1)[1]) for t in re.split(rb"\r?\n\r?\n", got)
              if t.startswith(b"data: {")]
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks)
    assert text.startswith("The flyball governor")
    settled_as(models.one("s" + re.sub(r"\W", "-", wishes)), CHAT, e.bill)


def without_usage_chunk(body):
    """The stream as the vendor sends it to one who does not ask: without the event that only tells the usage, and the
    empty usage of the others."""
    return re.sub(rb'(: keep-alive\r?\n\r?\n)?data: \{[^\n]*"choices":\[\],"usage":\{[^\n]*\r?\n\r?\n', rb"\1",
                  body).replace(b',"usage":null', b"")


@pytest.mark.parametrize("split", [1, 2, 5, 13])
def test_streams_of_anthropic_pass_as_they_are_however_they_are_cut(models, split):
    client = models.anthropic_client(run=f"a{split}")
    arguments = {"model": CLAUDE, "messages": say(f"tokens=9,split={split},cached=5"), "stream": True, "max_tokens": 50}
    with client.messages.with_streaming_response.create(**arguments) as r:
        got = b"".join(r.iter_bytes())
    (e,) = models.anthropic.settled()
    assert got == e.body
    settled_as(models.one(f"a{split}"), CLAUDE, e.bill)


def test_a_vendor_that_compresses_whenever_it_may_is_still_counted(models):
    client = models.openai_client(run="gzip")
    r = client.chat.completions.create(model=CHAT, messages=say("gzip,tokens=5"), max_tokens=50)
    (e,) = models.openai.settled()
    assert r.usage.completion_tokens == 5
    settled_as(models.one("gzip"), CHAT, e.bill)


# ---- what the SDKs make of it ----------------------------------------------------------------------------------------


def test_a_conversation_with_tools_goes_round(models):
    """Calls in parallel, their results sent back, a final text: as an agent does it."""
    c = models.openai_client(run="round")
    messages = say("tools=2")
    m = c.chat.completions.create(model=CHAT, messages=messages, tools=TOOLS, max_tokens=90).choices[0].message
    assert [json.loads(t.function.arguments)["city"] for t in m.tool_calls] == ["Zürich 0", "Zürich 1"]
    results = [{"role": "tool", "tool_call_id": t.id, "content": "ok"} for t in m.tool_calls]
    messages = [{"role": "user", "content": "again sim(tokens=2)"}, m, *results]
    m = c.chat.completions.create(model=CHAT, messages=messages, max_tokens=90).choices[0].message
    assert m.content == "The flyball"
    first, second = models.calls("round")
    assert [(t["id"], t["name"]) for t in first["tool_calls"]] == [(r["tool_call_id"], n) for r, n in
                                                                  zip(results, ("weather", "news"))]
    assert len({t["args_hash"] for t in first["tool_calls"]}) == 2 and not second["tool_calls"]


@pytest.mark.parametrize("name", ["chat_tools", "chat_tools_streamed", "responses_tools"])
def test_tool_calls_that_the_model_asked_for_are_on_record(models, name):
    raw(models.openai_client(run="t" + name), "openai", name)
    names = [t["name"] for t in models.one("t" + name)["tool_calls"]]
    assert names == (["weather", "news"] if name == "responses_tools" else ["weather", "news", "weather"])


@pytest.mark.parametrize("name", ["messages_tools", "messages_tools_streamed"])
def test_tool_calls_of_claude_are_on_record_with_one_hash_however_they_came(models, name):
    raw(models.anthropic_client(run="t" + name), "anthropic", name)
    calls = models.one("t" + name)["tool_calls"]
    assert [t["name"] for t in calls] == ["weather", "news", "weather"]
    assert len({t["args_hash"] for t in calls}) == 3


def test_the_sdks_own_stream_helpers_work(models):
    with models.openai_client(run="helper").chat.completions.stream(model=CHAT, messages=say("tokens=4"),
                                                                    max_tokens=50) as s:
        events = [e.type for e in s]
        assert s.get_final_completion().choices[0].message.content == "The flyball governor of 1788"
    assert "content.delta" in events
    with models.openai_client(run="helper2").responses.stream(model=CHAT, input="Hi sim(tokens=4)",
                                                              max_output_tokens=50) as s:
        assert s.get_final_response().output_text == "The flyball governor of 1788"
    with models.anthropic_client(run="helper3").messages.stream(model=CLAUDE, messages=say("tokens=4"),
                                                                max_tokens=50) as s:
        assert "".join(s.text_stream) == "The flyball governor of 1788"
        assert s.get_final_message().usage.output_tokens == 4
    for run in ("helper", "helper2", "helper3"):
        assert models.one(run)["tokens"]["output"] == 4


def test_a_client_that_did_not_ask_for_usage_sees_none_and_one_that_did_sees_it_once(models):
    c = models.openai_client()
    arguments = {"model": CHAT, "messages": say("tokens=4"), "stream": True, "max_tokens": 50}
    chunks = list(c.chat.completions.create(**arguments))
    assert all(k.usage is None and len(k.choices) == 1 for k in chunks)
    chunks = list(c.chat.completions.create(**arguments, **USAGE))
    assert [k.usage.completion_tokens for k in chunks if k.usage] == [4] and chunks[-1].choices == []


def test_async_clients_work_side_by_side(models):
    async def chat(c, i):
        r = await c.chat.completions.create(model=CHAT, messages=say(f"tokens={i + 1},in=10"), max_tokens=50)
        return r.usage.completion_tokens

    async def streamed(c, i):
        s = await c.messages.create(model=CLAUDE, messages=say(f"tokens={i + 1},in=10"), max_tokens=50, stream=True)
        return [e.usage.output_tokens async for e in s if e.type == "message_delta"][0]

    async def all():
        async with models.openai_client(run="async", cls=openai.AsyncOpenAI) as o, \
                models.anthropic_client(run="async", cls=anthropic.AsyncAnthropic) as a:
            return await asyncio.gather(*(chat(o, i) for i in range(20)), *(streamed(a, i) for i in range(20)))

    assert asyncio.run(all()) == [*range(1, 21), *range(1, 21)]
    calls = models.calls("async")
    assert len(calls) == 40 and sorted(c["tokens"]["output"] for c in calls) == sorted([*range(1, 21)] * 2)


def test_a_body_of_twenty_megabytes_goes_through_and_comes_whole(models):
    data = base64.b64encode(bytes(range(256)) * 60_000).decode()
    assert len(data) > 20_000_000
    messages = [{"role": "user", "content": [{"type": "text", "text": "Look. sim(tokens=3)"}, {
        "type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}]}]
    r = models.openai_client(run="huge").chat.completions.create(model=CHAT, messages=messages, max_tokens=50)
    assert r.usage.completion_tokens == 3
    (e,) = models.openai.settled()
    assert body_of(e)["messages"] == messages
    call = models.one("huge")
    settled_as(call, CHAT, e.bill)
    assert call["bytes_out"] > 20_000_000


def test_an_answer_of_three_megabytes_comes_whole(models):
    r = models.openai_client(run="long").chat.completions.create(model=CHAT, messages=say("pad=3000000"))
    assert len(r.choices[0].message.content) > 3_000_000
    stream = models.anthropic_client(run="long2").messages.create(model=CLAUDE, messages=say("pad=3000000"),
                                                                  max_tokens=8000, stream=True)
    assert sum(len(e.delta.text) for e in stream if e.type == "content_block_delta") > 3_000_000


def test_lists_of_models_and_counts_of_tokens_are_free_and_on_record(models):
    assert CHAT in [m.id for m in models.openai_client(run="free").models.list()]
    assert models.openai_client(run="free").models.retrieve(CHAT).owned_by == "system"
    c = models.anthropic_client(run="free")
    assert models.anthropic_client(direct=True).models.list().data == c.models.list().data
    assert c.messages.count_tokens(model=CLAUDE, messages=say("in=77")).input_tokens == 77
    calls = models.calls("free")
    assert [x["operation"] for x in calls] == ["openai.models.list", "openai.models.retrieve", "anthropic.models.list",
                                               "anthropic.messages.count_tokens"]
    assert all(x["class"] == "read" and x["outcome"] == "none" and x["verdict"] == "permit" for x in calls)


# ---- money -----------------------------------------------------------------------------------------------------------


def test_counters_equal_the_vendors_books(models):
    before = models.spent()[0]
    o, a = models.openai_client(run="book"), models.anthropic_client(run="book")
    for i in range(6):
        raw(o, "openai", ["chat", "chat_streamed", "responses", "responses_streamed", "embeddings", "chat_tools"][i])
        a.messages.create(model=CLAUDE, messages=say(f"tokens={i + 1},cached={i},write5m={i}"), max_tokens=50)
    models.openai.settled()
    billed = sum(float(price(body_of(e)["model"], e.bill)) for v in models.vendors.values() for e in v.exchanges)
    settled, held = models.spent()
    assert f"{float(settled) - float(before):.9f}" == f"{billed:.9f}" and held == "0.000000000"
    calls = models.calls("book")
    for vendor in models.vendors.values():
        total = vendor.bills()
        mine = [c for c in calls if c["vendor"] == vendor.name]
        assert {k: sum(c["tokens"].get(k) or 0 for c in mine) for k in total} == total


def test_an_answer_that_cannot_be_read_passes_and_its_bytes_are_counted(models):
    r = models.openai_client("garbage").chat.completions.with_raw_response.create(
        model=CHAT, messages=say("garbage"), max_tokens=50)
    assert r.http_response.content == b"<html>It works!</html>"
    it = models.one("garbage")
    assert it["outcome"] == "settled" and it["settled"]["how"] == "estimated"
    assert len(b"<html>It works!</html>") // 4 < it["tokens"]["output"] < 50 and it["tokens"]["input"] > 0


def test_what_a_vendor_bills_beyond_the_hold_is_booked_named_and_counts(models):
    """Reasoning that ignores the maximum: the next call finds no room, and the record says why."""
    key = models.daemon.key(limit="usd=0.01/day")["key"]
    c = models.openai_client("beyond", key)
    c.chat.completions.create(model=CHAT, messages=say("reasoning=50000,tokens=5"), max_tokens=100)
    (e,) = models.openai.settled()
    it = models.one("beyond")
    settled_as(it, CHAT, e.bill)
    assert it["overrun"] and float(it["settled"]["usd"]) > float(it["held"]["usd"])
    with pytest.raises(openai.PermissionDeniedError) as refusal:
        models.openai_client("after", key).chat.completions.create(model=CHAT, messages=say(), max_tokens=1)
    assert "limit_exceeded" in str(refusal.value) and models.one("after")["limits"][0]["before"] > 10_000_000


def test_cost_and_what_is_left_are_in_the_head_of_a_buffered_answer(models):
    r = models.openai_client(run="head").chat.completions.with_raw_response.create(
        model=CHAT, messages=say("tokens=5"), max_tokens=50)
    (e,) = models.openai.settled()
    assert r.headers["x-flyball-cost-usd"] == price(CHAT, e.bill)
    assert r.headers["x-flyball-remaining-usd"] == f"{1000 - float(models.spent()[0]):.9f}"
    assert r.headers["x-agent-run-id"] == "head" and r.headers["x-flyball-attempts"] == "1"
    assert r.headers["x-flyball-call-id"] == models.one("head")["call_id"]


def test_the_command_line_says_the_same_as_the_api(models):
    raw(models.openai_client(run="cli"), "openai", "chat")
    models.openai.settled()
    (call,) = models.daemon.calls("--run", "cli")
    assert call == models.one("cli")


def test_prices_of_the_catalog_are_those_of_the_vendors_pages(models):
    listed = {name: m for m in models.daemon.json("prices", "list")["models"] for name in [m["model"], *m["aliases"]]}
    for model, classes in PRICES.items():
        for name, usd in classes.items():
            if name != "reasoning":
                assert float(listed[model]["prices"]["standard"][name]) == float(usd), (model, name)


# ---- secrets ---------------------------------------------------------------------------------------------------------


def test_no_secret_is_anywhere_else_than_at_its_vendor(models):
    for vendor, name in (("openai", "chat"), ("openai", "chat_streamed"), ("anthropic", "messages_streamed")):
        make = models.openai_client if vendor == "openai" else models.anthropic_client
        _, head, body = raw(make(run="secret"), vendor, name)
        for secret in models.secrets.values():
            assert secret.encode() not in body and secret not in str(head)
    models.daemon.settle()
    written = models.daemon.everything_written()
    for secret in [*models.secrets.values(), models.key]:
        assert not [name for name, data in written if secret.encode() in data]
    other = models.secrets["anthropic"].encode()
    assert not [e for e in models.openai.exchanges if other in e.request.raw]


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
@pytest.mark.parametrize("wishes", ["echo", "echo,stream", "echo,stream,split=1", "echo,stream,split=17"])
def test_a_secret_that_the_vendor_echoes_is_concealed_wherever_the_answer_is_cut(models, vendor, wishes):
    run = f"echo-{vendor}-{len(wishes)}"
    arguments = {"messages": say(wishes + ",tokens=5"), "max_tokens": 50, "stream": "stream" in wishes}
    if vendor == "openai":
        create = models.openai_client(run).chat.completions.with_streaming_response.create(model=CHAT, **arguments)
    else:
        create = models.anthropic_client(run).messages.with_streaming_response.create(model=CLAUDE, **arguments)
    with create as r:
        got = b"".join(r.iter_bytes())
    secret = models.secrets[vendor].encode()
    (e,) = models.vendors[vendor].settled()
    assert secret in bytes(e.body) and b" governor" in got
    assert secret not in got and secret[:40] not in got
    assert models.one(run)["outcome"] == "settled"
