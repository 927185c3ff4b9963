"""The official OpenAI and Anthropic SDKs for Node, unmodified, direct and through us."""
import json
import re
import subprocess
from pathlib import Path

import pytest

from llm_rig import CHAT, CLAUDE, DIRECT, EMBED, body_of, price, say, settled_as

SCRIPT = Path(__file__).parent / "node" / "models.mjs"
TOOLS = [{"type": "function", "function": {"name": n, "parameters": {"type": "object"}}} for n in ("weather", "news")]
CLAUDE_TOOLS = [{"name": n, "input_schema": {"type": "object"}} for n in ("weather", "news")]
USAGE = {"stream_options": {"include_usage": True}}


def chat(wishes, **more):
    return {"vendor": "openai", "method": "chat.completions.create",
            "args": [{"model": CHAT, "messages": say(wishes), "max_tokens": 90, **more}]}


def message(wishes, **more):
    return {"vendor": "anthropic", "method": "messages.create",
            "args": [{"model": CLAUDE, "messages": say(wishes), "max_tokens": 90, **more}]}


def respond(wishes, **more):
    return {"vendor": "openai", "method": "responses.create",
            "args": [{"model": CHAT, "input": f"Hi sim({wishes})", "max_output_tokens": 90, **more}]}


WORK = [chat("tokens=5,cached=3"), chat("tokens=6", stream=True), chat("tokens=6", stream=True, **USAGE),
        chat("tools=3", tools=TOOLS), chat("tools=3", tools=TOOLS, stream=True), chat("tokens=4", n=2),
        chat("reasoning=9,tokens=2"), chat("tokens=2", response_format={"type": "json_object"}, x_unknown=[1, "é"]),
        respond("tokens=5,reasoning=2"), respond("tokens=5", stream=True),
        {"vendor": "openai", "method": "embeddings.create", "args": [{"model": EMBED, "input": ["one", "two"]}]},
        message("tokens=5,cached=3,write5m=8"), message("tokens=5,reasoning=3", stream=True),
        message("tools=3", tools=CLAUDE_TOOLS), message("tools=3,split=7", tools=CLAUDE_TOOLS, stream=True),
        {"vendor": "anthropic", "method": "messages.countTokens",
         "args": [{"model": CLAUDE, "messages": say("in=31")}]},
        {"vendor": "openai", "method": "models.list", "args": []},
        {"vendor": "anthropic", "method": "models.list", "args": []}]


@pytest.fixture
def run_node(node, models):
    def run(steps, run=None, key=None, direct=False, retries=0, parallel=False, root=False, prefix=""):
        key = DIRECT if direct else prefix + models.presented(run, key)
        bases = (models.openai.url, models.anthropic.url) if direct else \
            (models.data, models.data) if root else (f"{models.data}/openai", f"{models.data}/anthropic")
        job = {"openai": {"apiKey": key, "baseURL": bases[0] + "/v1"}, "retries": retries, "parallel": parallel,
               "anthropic": {"apiKey": key, "baseURL": bases[1]}, "steps": steps}
        done = subprocess.run([node, str(SCRIPT)], input=json.dumps(job), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert len(told) == len(steps)
        return told
    return run


def value_of(told):
    """What the SDK gave, less the empty usage of a stream whose client asked for none."""
    if "error" in told:
        return {k: v for k, v in told["error"].items() if k != "headers"}
    events = told.get("events")
    if events:
        asked = any(e.get("usage") for e in events)
        return [e if asked else {k: v for k, v in e.items() if k != "usage" or v} for e in events]
    return told["value"]


def test_what_the_sdks_give_is_what_they_give_directly_and_costs_what_is_billed(models, run_node):
    expected = [value_of(t) for t in run_node(WORK, direct=True)]
    models.clear()
    got = [value_of(t) for t in run_node(WORK, run="node")]
    assert not [g for g in got if "class" in g], "an error"
    for step, e, g in zip(WORK, expected, got):
        assert json.dumps(g) == json.dumps(e), step
    calls = models.calls("node")
    assert len(calls) == len(WORK)
    billed = [x for v in (models.openai, models.anthropic) for x in v.settled() if x.bill]
    for vendor in ("openai", "anthropic"):
        mine = [c for c in calls if c["vendor"] == vendor and c["class"] == "cost"]
        bills = [e for e in models.vendors[vendor].exchanges if e.bill]
        assert len(mine) == len(bills)
        for c, e in zip(mine, bills):
            settled_as(c, body_of(e)["model"], e.bill)
            assert models.key.encode() not in e.request.raw
    assert len(billed) == len([c for c in calls if c["class"] == "cost"])


def test_calls_in_parallel_are_each_counted(models, run_node):
    steps = [chat(f"in={i},tokens={i}", stream=i % 2 == 0) for i in range(1, 41)]
    told = run_node(steps, run="parallel", parallel=True)
    assert not [t for t in told if "error" in t]
    calls = models.calls("parallel")
    assert sorted(c["tokens"]["output"] for c in calls) == list(range(1, 41))
    assert all(c["outcome"] == "settled" for c in calls)


def test_the_root_is_a_base_url_too_and_the_prefixes_that_tools_check_are_decoration(models, run_node):
    steps = [chat("tokens=2"), respond("tokens=2"), message("tokens=2"),
             {"vendor": "anthropic", "method": "models.list", "args": []}]
    openai_list = {"vendor": "openai", "method": "models.list", "args": []}  # an sk-ant- key means Anthropic
    for prefix, more in ("sk-proj-", [openai_list]), ("sk-ant-api03-", []):
        assert not [t for t in run_node(steps + more, root=True, prefix=prefix) if "error" in t]


def refused(models, run_node, step, run, kind, code, status, key=None, n_calls=1):
    told, = run_node([step], run=run, key=key, retries=2)
    e = told["error"]
    assert (e["class"], e["status"]) == (kind, status), e
    assert e["headers"]["x-flyball-code"] == code
    assert e["headers"].get("x-should-retry") == (None if code == "rate_limited" else "false")
    assert e["headers"]["x-flyball-call-id"] in e["message"]
    calls = models.calls(run)
    assert len(calls) == n_calls, f"the SDK tried {len(calls)} times"
    assert not any(v.exchanges for v in models.vendors.values()), "a refused call reached the vendor"
    return e


@pytest.mark.parametrize("make", [chat, message], ids=["openai", "anthropic"])
def test_refusals_are_the_sdks_own_errors_and_are_tried_once(models, run_node, make):
    v = make.__name__
    made = models.daemon.key(limit="usd=0.0001/day")
    e = refused(models, run_node, make("tokens=3", max_tokens=4000), f"limit-{v}", "PermissionDeniedError",
                "limit_exceeded", 403, made["key"])
    assert made["id"] in e["message"] and re.search(r"0\.0001(0*) USD a day", e["message"])
    assert re.search(r"\b0(\.00)? spent", e["message"]) and "Ask for less" in e["message"]
    assert re.search(r"resets at \d{4}-\d\d-\d\dT00:00:00Z", e["message"])
    e = refused(models, run_node, make("tokens=3", model="brand-new"), f"price-{v}", "PermissionDeniedError",
                "cost_unknown", 403)
    assert "brand-new" in e["message"]
    none = models.daemon.key(limit="requests=0/day")["key"]
    told, = run_node([make("tokens=3")], run=f"rate-{v}", key=none, retries=0)
    assert told["error"]["class"] == "RateLimitError" and int(told["error"]["headers"]["retry-after"]) >= 1
    assert models.daemon.cli("revoke", made["id"]).returncode == 0
    refused(models, run_node, make("tokens=3"), f"gone-{v}", "AuthenticationError", "key_revoked", 401, made["key"])
    told, = run_node([make("tokens=3")], key="fb_test_nosuch_0000000000", retries=2)
    assert told["error"]["class"] == "AuthenticationError"
    assert told["error"]["headers"]["x-flyball-code"] == "key_unknown"


@pytest.mark.parametrize("make", [chat, message], ids=["openai", "anthropic"])
def test_the_vendors_errors_are_what_they_are_directly(models, run_node, make):
    steps = [make(f"status={s},retry_after=9", stream=stream) for s in (400, 404, 413, 429, 500, 529)
             for stream in (False, True)]
    expected, got = run_node(steps, direct=True), run_node(steps, run=f"errors-{make.__name__}")
    assert [value_of(t) for t in got] == [value_of(t) for t in expected]
    for e, g in zip(expected, got):
        assert g["error"]["headers"]["retry-after"] == e["error"]["headers"]["retry-after"] == "9"


@pytest.mark.parametrize("make", [chat, message], ids=["openai", "anthropic"])
def test_cut_streams_and_error_events_raise(models, run_node, make):
    steps = [make("cut=5,tokens=20", stream=True), make("cut=end,tokens=20", stream=True),
             make("error_at=6,tokens=20", stream=True)]
    run = f"cut-{make.__name__}"
    told = run_node(steps, run=run)
    assert all(t["error"] for t in told), [t.get("error") for t in told]
    calls = models.calls(run)
    assert [c["outcome"] for c in calls] == ["settled"] * 3
    vendor = models.openai if make is chat else models.anthropic
    for c, e in zip(calls, vendor.settled()):
        assert float(price(body_of(e)["model"], e.bill)) <= float(c["settled"]["usd"]) <= float(c["held"]["usd"])


@pytest.mark.parametrize("make", [chat, message], ids=["openai", "anthropic"])
def test_a_stream_that_is_left_cancels_the_vendor(models, run_node, make):
    run = f"left-{make.__name__}"
    told, = run_node([{**make("gap_ms=20,tokens=80,in=30", stream=True), "leaveAfter": 5}], run=run)
    assert told["left"] and len(told["events"]) == 5
    it = models.one(run)
    (e,) = (models.openai if make is chat else models.anthropic).settled()
    assert it["stream_end"] == "client_gone" and not e.is_complete and 0 < e.bill["output"] < 60
