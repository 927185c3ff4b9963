"""The simulated vendors of models, asked directly by the official SDKs: what the tests of calls through us rest on."""
import socket
import ssl
import struct
import time

import anthropic
import openai
import pytest

from llm_text import CLASSES
from llm_vendor import ModelVendor
from tls import Authority, server_context

CHAT, CLAUDE = "gpt-4o-mini", "claude-haiku-4-5"
TOOLS = [{"type": "function", "function": {"name": n, "parameters": {"type": "object"}}} for n in ("weather", "news")]


@pytest.fixture(scope="module")
def shared():
    made = ModelVendor("openai", "sk-o").start(), ModelVendor("anthropic", "sk-a").start()
    yield made
    for v in made:
        v.stop()


@pytest.fixture
def vendors(shared):
    for v in shared:
        v.exchanges.clear()
    return shared


@pytest.fixture
def o(vendors):
    return openai.OpenAI(api_key="sk-o", base_url=vendors[0].url + "/v1", max_retries=0)


@pytest.fixture
def a(vendors):
    return anthropic.Anthropic(api_key="sk-a", base_url=vendors[1].url, max_retries=0)


def say(wishes):
    return [{"role": "user", "content": f"Hi sim({wishes})"}]


def chat(o, wishes, **more):
    return o.chat.completions.create(model=CHAT, messages=say(wishes), **more)


def message(a, wishes, **more):
    return a.messages.create(model=CLAUDE, messages=say(wishes), max_tokens=90, **more)


def test_usage_adds_up_as_the_vendors_say(o, a, vendors):
    u = chat(o, "in=100,cached=40,tokens=5,reasoning=7").usage
    assert (u.prompt_tokens, u.completion_tokens, u.total_tokens) == (100, 12, 112)
    assert u.prompt_tokens_details.cached_tokens == 40 and u.completion_tokens_details.reasoning_tokens == 7
    assert vendors[0].bills() == dict(zip(CLASSES, (60, 40, 0, 0, 5, 7)))
    u = message(a, "in=100,cached=40,write5m=3,write1h=2,tokens=5,reasoning=7").usage
    assert (u.input_tokens, u.cache_read_input_tokens, u.cache_creation_input_tokens, u.output_tokens) == \
        (100, 40, 5, 12)
    assert vendors[1].bills() == dict(zip(CLASSES, (100, 40, 3, 2, 5, 7)))


def test_streams_say_the_same_as_whole_answers(o, a):
    s = o.chat.completions.create(model=CHAT, messages=say("tools=2,split=3"), tools=TOOLS, stream=True)
    assert sum(bool(k.choices[0].delta.tool_calls) for k in s) > 4
    with o.chat.completions.stream(model=CHAT, messages=say("tools=2"), tools=TOOLS) as s:
        streamed = s.get_final_completion().choices[0].message.tool_calls
    whole = chat(o, "tools=2", tools=TOOLS).choices[0].message.tool_calls
    assert [t.function.arguments for t in streamed] == [t.function.arguments for t in whole]
    with a.messages.stream(model=CLAUDE, messages=say("tokens=6,reasoning=2,split=5"), max_tokens=90) as s:
        streamed = s.get_final_message()
    whole = message(a, "tokens=6,reasoning=2,split=5")
    assert [b.type for b in streamed.content] == [b.type for b in whole.content] == ["thinking", "text"]
    assert streamed.content[1].text == whole.content[1].text and streamed.usage.output_tokens == 8
    with o.responses.stream(model=CHAT, input="Hi sim(tokens=6)") as s:
        assert s.get_final_response().output_text == \
            o.responses.create(model=CHAT, input="Hi sim(tokens=6)").output_text


@pytest.mark.parametrize("status,in_openai,in_anthropic", [
    (400, openai.BadRequestError, anthropic.BadRequestError),
    (401, openai.AuthenticationError, anthropic.AuthenticationError),
    (404, openai.NotFoundError, anthropic.NotFoundError),
    (413, openai.APIStatusError, anthropic.RequestTooLargeError),
    (429, openai.RateLimitError, anthropic.RateLimitError),
    (500, openai.InternalServerError, anthropic.InternalServerError),
    (529, openai.InternalServerError, anthropic.OverloadedError),
])
def test_each_error_raises_the_sdks_usual_class_and_bills_nothing(o, a, vendors, status, in_openai, in_anthropic):
    with pytest.raises(in_openai):
        chat(o, f"status={status},retry_after=7")
    with pytest.raises(in_anthropic) as e:
        message(a, f"status={status},retry_after=7")
    assert e.value.response.headers["retry-after"] == "7"
    assert not any(vendors[0].bills().values()) and not any(vendors[1].bills().values())


def test_a_wish_with_times_is_treated_so_often(o, vendors):
    o = o.with_options(max_retries=2)
    assert chat(o, "status=500,times=2,retry_after=0").usage
    assert [e.status for e in vendors[0].exchanges] == [500, 500, 200]


@pytest.mark.parametrize("wishes", ["cut=3", "cut=end", "cut=3,reset"])
def test_a_stream_that_is_cut_raises_and_bills_what_was_made(o, a, vendors, wishes):
    with pytest.raises(openai.APIConnectionError):
        list(chat(o, wishes + ",in=10,tokens=9", stream=True))
    with pytest.raises(Exception, match="peer closed|ReadError|reset|Connection"):
        list(message(a, wishes + ",in=10,tokens=9", stream=True))
    (e,) = vendors[0].settled()
    assert not e.is_complete and e.bill["input"] == 10
    assert e.bill["output"] == (9 if wishes == "cut=end" else 2)


def test_a_client_that_leaves_is_noticed_at_once(vendors):
    s = socket.create_connection(("127.0.0.1", vendors[0].port))
    body = b'{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"sim(gap_ms=20,tokens=999)"}]}'
    s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer sk-o\r\nContent-Length: %d\r\n\r\n%s" %
              (len(body), body))
    vendors[0].wait_for(lambda all: all and all[0].n_events > 3)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    left = time.monotonic()
    s.close()
    (e,) = vendors[0].settled()
    assert e.left_at - left < 0.05 and 0 < e.bill["output"] < 999


def test_a_client_that_does_not_read_is_waited_for(vendors):
    s = socket.create_connection(("127.0.0.1", vendors[0].port))
    body = b'{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"sim(pad=20000000)"}]}'
    s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer sk-o\r\nContent-Length: %d\r\n\r\n%s" %
              (len(body), body))
    vendors[0].wait_for(lambda all: all and all[0].n_events)
    (e,), n = vendors[0].exchanges, -1
    while n != (n := e.n_events):
        time.sleep(0.2)
    assert e.over_at is None and 0 < len(e.body) < 20_000_000
    s.close()
    vendors[0].settled()
    assert e.longest_wait_s > 0.19


def test_over_tls_the_end_can_come_without_a_goodbye(tmp_path):
    ca = Authority(tmp_path)
    v = ModelVendor("openai", "sk-o", server_context(ca.issue("127.0.0.1"))).start()
    try:
        c = ssl.create_default_context(cafile=str(ca.file))
        c.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # Python 3.11.2, Debian 12's, takes any end for a goodbye by default
        for wishes, ends in (("cut=2", b""), ("cut=2,abrupt", None)):
            raw = socket.create_connection(("127.0.0.1", v.port))
            s = c.wrap_socket(raw, server_hostname="127.0.0.1", suppress_ragged_eofs=False)
            body = ('{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"sim(%s)"}]}' %
                    wishes).encode()
            s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer sk-o\r\nContent-Length: %d\r\n"
                      b"\r\n%s" % (len(body), body))
            try:
                while piece := s.recv(65536):
                    pass
            except (ssl.SSLError, ConnectionResetError):
                piece = None
            assert piece == ends, wishes
            s.close()
    finally:
        v.stop()
