"""Where a call to a model may be addressed, and how its key may be carried: what stock SDKs and tools really send."""
import base64
import json

import anthropic
import openai
import pytest

from llm_rig import CHAT, CLAUDE, EMBED, say
from raw import ask

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CHAT_BODY = json.dumps({"model": CHAT, "messages": say("tokens=2"), "max_tokens": 9})
CLAUDE_BODY = json.dumps({"model": CLAUDE, "messages": say("tokens=2"), "max_tokens": 9})
VERSION = ("anthropic-version", "2023-06-01")

# path: what the vendor must see, or None for a refusal
OPENAI_PATHS = ["/openai/v1/chat/completions", "/openai/chat/completions", "/openai/v1/v1/chat/completions",
                "/openai//v1/chat/completions", "//openai/v1/chat/completions", "/openai//chat/completions",
                "/openai/v1/chat/completions/", "/r/{run}/openai/v1/chat/completions", "/v1/chat/completions",
                "/r/{run}/v1/chat/completions"]
ANTHROPIC_PATHS = ["/anthropic/v1/messages", "/anthropic/messages", "/anthropic/v1/v1/messages",
                   "/anthropic//v1/messages", "/anthropic/v1/messages/", "/anthropic/v1/messages?beta=true",
                   "/r/{run}/anthropic/v1/messages", "/v1/messages", "/v1/messages?beta=true"]


def post(models, path, body, key=None, headers=()):
    return ask(models.port, "POST", path, key, body, type="application/json", headers=headers)


@pytest.mark.parametrize("path", OPENAI_PATHS)
def test_paths_of_openai_with_and_without_prefix_and_v1(models, path):
    run = f"o{OPENAI_PATHS.index(path)}"
    given = models.key if "{run}" in path else f"{models.key}.run_{run}"
    r = post(models, path.replace("{run}", run), CHAT_BODY, given)
    assert r.status == 200 and r.json["object"] == "chat.completion", r.body
    (e,) = models.openai.settled()
    assert e.request.target == "/v1/chat/completions"
    it = models.one(run)
    assert it["vendor"] == "openai" and it["operation"] == "openai.chat.completions.create"
    assert it["path"] == "/v1/chat/completions" and (it["run_source"] == "path") == ("{run}" in path)


@pytest.mark.parametrize("path", ANTHROPIC_PATHS)
def test_paths_of_anthropic_with_and_without_prefix_and_v1(models, path):
    run = f"a{ANTHROPIC_PATHS.index(path)}"
    given = models.key if "{run}" in path else f"{models.key}.run_{run}"
    r = post(models, path.replace("{run}", run), CLAUDE_BODY, given, [VERSION])
    assert r.status == 200 and r.json["type"] == "message", r.body
    (e,) = models.anthropic.settled()
    assert e.request.target == "/v1/messages" + ("?beta=true" if "beta" in path else "")
    assert models.one(run)["operation"] == "anthropic.messages.create"


@pytest.mark.parametrize("path", [
    "/openai/v1/./chat/completions", "/openai/v1/x/../chat/completions", "/openai/v1/chat%2fcompletions",
    "/openai/%76%31/chat/completions", "/openai/v1/chat/completions//", "/openai/v1//chat//completions"])
def test_paths_that_two_readers_could_read_differently_are_refused(models, path):
    r = post(models, path, CHAT_BODY, models.key)
    assert r.status in (400, 403) and r.code in ("request_invalid", "request_ambiguous", "operation_unknown",
                                                 "policy_denied"), (r.status, r.code)
    assert not models.openai.exchanges


@pytest.mark.parametrize("path,code", [
    ("/openai/v1/brand_new", "operation_unknown"), ("/anthropic/v1/messages/brand_new", "operation_unknown"),
    ("/openai/v1/batches", "cost_unknown"), ("/openai/v1/audio/speech", "cost_unknown"),
    ("/anthropic/v1/messages/batches", "cost_unknown")])
def test_what_cannot_be_understood_or_priced_is_refused_though_all_is_permitted(models, path, code):
    r = post(models, path, "{}", models.key, [VERSION])
    assert r.status == 403 and r.code == code, (r.status, r.code)
    assert not models.openai.exchanges and not models.anthropic.exchanges


def test_models_at_the_root_are_told_apart_by_headers(models):
    r = ask(models.port, "GET", "/v1/models", models.key, headers=[VERSION])
    assert r.status == 200 and "has_more" in r.json
    r = ask(models.port, "GET", "/v1/models", models.key)
    assert r.status == 200 and r.json["object"] == "list"
    assert len(models.openai.settled()) == len(models.anthropic.settled()) == 1


def test_official_sdks_work_with_the_root_as_their_base_url(models):
    o = openai.OpenAI(api_key=models.key, base_url=models.data + "/v1", max_retries=0)
    a = anthropic.Anthropic(api_key=models.key, base_url=models.data, max_retries=0)
    assert o.chat.completions.create(model=CHAT, messages=say("tokens=2"), max_tokens=9).usage.completion_tokens == 2
    assert o.embeddings.create(model=EMBED, input="a").data
    assert o.responses.create(model=CHAT, input="hi", max_output_tokens=20).output_text
    assert a.messages.create(model=CLAUDE, messages=say("tokens=2"), max_tokens=9).usage.output_tokens == 2
    assert a.messages.count_tokens(model=CLAUDE, messages=say()).input_tokens
    assert [m.id for m in o.models.list()] and [m.id for m in a.models.list()]


def test_base_urls_with_a_v1_too_many_or_too_few_work_with_the_sdks(models):
    for base in ("/openai", "/openai/v1", "/openai/v1/v1", "/openai/v1/"):
        o = openai.OpenAI(api_key=models.key, base_url=models.data + base, max_retries=0)
        assert o.chat.completions.create(model=CHAT, messages=say("tokens=2"), max_tokens=9).choices, base
    for base in ("/anthropic", "/anthropic/", "/anthropic/v1"):
        a = anthropic.Anthropic(api_key=models.key, base_url=models.data + base, max_retries=0)
        assert a.messages.create(model=CLAUDE, messages=say("tokens=2"), max_tokens=9).content, base


CARRIERS = {"bearer": lambda k: [("Authorization", f"Bearer {k}")], "x-api-key": lambda k: [("x-api-key", k)],
            "x-goog-api-key": lambda k: [("x-goog-api-key", k)],
            "basic_user": lambda k: [("Authorization", "Basic " + base64.b64encode(f"{k}:".encode()).decode())],
            "basic_password": lambda k: [("Authorization", "Basic " + base64.b64encode(f"AC1:{k}".encode()).decode())],
            "decorated_openai": lambda k: [("Authorization", f"Bearer sk-proj-{k}")],
            "decorated_anthropic": lambda k: [("x-api-key", f"sk-ant-api03-{k}")],
            "with_run": lambda k: [("x-api-key", f"sk-ant-{k}.run_carried")]}


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
def test_every_carrier_of_a_key_works_for_every_vendor_and_none_goes_on(models, vendor, name):
    path, body = ("/openai/v1/chat/completions", CHAT_BODY) if vendor == "openai" else \
        ("/anthropic/v1/messages", CLAUDE_BODY)
    r = post(models, path, body, None, [VERSION, *CARRIERS[name](models.key)])
    assert r.status == 200, r.body
    (e,) = models.vendors[vendor].settled()
    assert models.key.encode() not in e.request.raw and b"x-goog-api-key" not in e.request.raw.lower()
    assert base64.b64encode(models.key.encode())[:30] not in e.request.raw
    secret = models.secrets[vendor].encode()
    assert e.request.raw.count(secret) == 1


def test_two_carriers_with_one_key_are_one_key_and_with_two_are_refused(models):
    r = post(models, "/anthropic/v1/messages", CLAUDE_BODY, models.key, [VERSION, ("x-api-key", models.key)])
    assert r.status == 200
    other = models.daemon.key()["key"]
    models.clear()
    r = post(models, "/anthropic/v1/messages", CLAUDE_BODY, models.key, [VERSION, ("x-api-key", other)])
    assert r.status in (400, 401) and not models.anthropic.exchanges


@pytest.mark.parametrize("headers,source", [
    ([("x-agent-run-id", "from-header")], "header"),
    ([("X-Claude-Code-Session-Id", "5f1c0000-0000-4000-8000-000000000001")], "session"),
    ([("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")], "traceparent")])
def test_run_ids_are_found_where_agents_put_them_and_stay_with_us(models, headers, source):
    r = post(models, "/anthropic/v1/messages", CLAUDE_BODY, models.key, [VERSION, *headers])
    assert r.status == 200 and r.header("x-agent-run-id")
    it = models.daemon.call(r.call_id)
    assert it["run_source"].startswith(source[:6]), it["run_source"]
    (e,) = models.anthropic.settled()
    assert not e.header("x-agent-run-id") and not e.header("traceparent")


def test_dry_run_gives_the_verdict_and_sends_nothing(models):
    r = post(models, "/openai/v1/chat/completions", CHAT_BODY, models.key, [("x-flyball-dry-run", "true")])
    assert r.status == 200 and not models.openai.exchanges
    assert b"permit" in r.body or r.header("x-flyball-verdict") == "permit", r.body


@pytest.mark.parametrize("type,encoding,status", [
    ("text/plain", None, 415), ("application/json; charset=utf-8", None, 200), (None, None, 415),
    ("application/json", "gzip", 415), ("application/json", "identity", 200)])
def test_bodies_that_are_not_plain_json_are_refused(models, type, encoding, status):
    headers = [("Content-Encoding", encoding)] if encoding else []
    r = ask(models.port, "POST", "/openai/v1/chat/completions", models.key, CHAT_BODY, type=type, headers=headers)
    assert r.status == status, (r.status, r.body)
    assert bool(models.openai.exchanges) == (status == 200)
