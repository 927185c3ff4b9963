"""Spans out: one trace a run, in both encodings, over outages and restarts; decoded by the official classes."""
import http.client
import json
import time
import uuid

import pytest

from flyball import TOP  # noqa: F401 - the rig finds its binary there
from otlp import Collector, partial

FAST = {"export_interval_ms": 20, "export_backoff_ms": 20, "export_backoff_ms_max": 40, "export_quiet_ms": 200}
CANARY = "canary-bearer-0123456789"


@pytest.fixture
def collector():
    c = Collector().start()
    yield c
    c.stop()


def make(make_daemon, collector, limits=None, env=None, **target):
    target = {"otlp": collector.url, "from": "start", **target}
    return make_daemon(None, command="dev", limits={**FAST, **(limits or {})}, config={"exports": {"far": target}},
                       env={"OTLP_AUTH": CANARY, **(env or {})})


def ask(d, path, body, run, headers=()):
    c = http.client.HTTPConnection("127.0.0.1", d.data_port, timeout=20)
    form = isinstance(body, str)
    c.request("POST", path, body if form else json.dumps(body), {
        "Authorization": "Bearer " + d.ready["key"], "x-agent-run-id": run,
        "Content-Type": "application/x-www-form-urlencoded" if form else "application/json", **dict(headers)})
    r = c.getresponse()
    text = r.read()
    c.close()
    return r.status, json.loads(text), r.getheader("x-flyball-call-id")


def chat(d, run, **more):
    return ask(d, "/openai/v1/chat/completions",
               {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello"}], "max_tokens": 20}, run,
               **more)


def customer(d, run, **more):
    return ask(d, "/stripe/v1/customers", "email=a%40example.com", run, **more)


def wait_status(d, fits, seconds=10):
    until = time.monotonic() + seconds
    while True:
        status, = d.get("/api/v1/exports")["exports"]
        if fits(status):
            return status
        assert time.monotonic() < until, status
        time.sleep(0.02)


def is_call(s):
    return "flyball.call.id" in s.attrs


def is_run(s):
    return "flyball.run.calls" in s.attrs


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_a_run_is_one_trace_with_its_calls_and_their_attempts(make_daemon, collector, protocol, compression):
    d = make(make_daemon, collector, protocol=protocol, compression=compression)
    run = str(uuid.uuid4())
    assert chat(d, run)[0] == 200
    assert customer(d, run)[0] == 200
    model, saas = collector.wait(2, where=is_call)
    root, = collector.wait(1, where=is_run)
    spans = collector.spans()
    assert {s.trace for s in spans} == {uuid.UUID(run).hex}
    assert root.parent == "" and root.name == "run dev" and root.kind == 1
    assert {model.parent, saas.parent} == {root.id}
    assert root.start <= model.start and root.end >= saas.start
    assert model.name == "chat gpt-4o-mini" and model.kind == 3 and saas.name == "stripe.customers.create"
    assert model.attrs["gen_ai.operation.name"] == "chat" and model.attrs["gen_ai.provider.name"] == "openai"
    assert model.attrs["gen_ai.request.model"] == "gpt-4o-mini"
    assert model.attrs["gen_ai.response.model"].startswith("gpt-4o-mini")
    assert model.attrs["gen_ai.usage.input_tokens"] > 0 and model.attrs["gen_ai.usage.output_tokens"] > 0
    assert model.attrs["gen_ai.response.finish_reasons"]
    assert model.attrs["flyball.verdict"] == "permit" and model.attrs["flyball.settled.how"] == "priced"
    record = d.call(saas.attrs["flyball.call.id"])
    assert saas.id == record["span_id"] and saas.attrs["http.response.status_code"] == 200
    attempts = [s for s in spans if s.parent == saas.id]
    assert [a.name for a in attempts] == ["POST /v1/customers"] and attempts[0].kind == 3
    assert saas.start <= attempts[0].start <= attempts[0].end <= saas.end
    path, headers, message, _ = collector.requests[0]
    assert path == "/v1/traces" and headers["user-agent"].startswith("flyball/")
    resource = message.resource_spans[0].resource.attributes
    assert {a.key: a.value.string_value for a in resource}["service.name"] == "flyball"


def test_a_refusal_is_an_error_that_names_the_rule_and_money_is_exact(make_daemon, collector):
    d = make(make_daemon, collector)
    run = "order-17"
    status, body, call_id = ask(d, "/openai/v1/chat/completions",
                                {"model": "gpt-none", "messages": [{"role": "user", "content": "x"}]}, run)
    assert status == 403
    refused, = collector.wait(1, where=is_call)
    record = d.call(call_id)
    assert refused.status == 2 and refused.message == record["code"] == refused.attrs["error.type"]
    assert refused.attrs["flyball.verdict"] == "deny"
    chat(d, run)
    good = collector.wait(2, where=is_call)[1]
    assert good.attrs["flyball.settled.usd"] == d.call(good.attrs["flyball.call.id"])["settled"]["usd"]
    assert good.trace == refused.trace and good.trace != "0" * 32


def test_personal_values_go_out_only_where_configured(make_daemon, collector):
    d = make(make_daemon, collector)
    customer(d, str(uuid.uuid4()), headers={"Idempotency-Key": "idem-personal-1"}.items())
    collector.wait(1, where=is_call)
    assert not any("idem-personal-1" in str(s.attrs.values()) or "url.path" in s.attrs for s in collector.spans())
    open_one = Collector().start()
    try:
        e = make(make_daemon, open_one, personal=True, session_id=True, semconv="1.36")
        run = str(uuid.uuid4())
        customer(e, run, headers={"Idempotency-Key": "idem-personal-1"}.items())
        chat(e, run)
        saas, model = open_one.wait(2, where=is_call)
        assert saas.attrs["flyball.idempotency_key"] == "idem-personal-1" and saas.attrs["url.path"] == "/v1/customers"
        assert saas.attrs["session.id"] == run
        assert model.attrs["gen_ai.system"] == "openai" and "gen_ai.provider.name" not in model.attrs
        assert model.attrs["gen_ai.response.id"].startswith("chatcmpl-")
    finally:
        open_one.stop()


def test_a_cause_that_the_agent_named_is_the_parent(make_daemon, collector):
    d = make(make_daemon, collector)
    run = str(uuid.uuid4())
    tools = [{"type": "function", "function": {"name": "make_customer", "parameters": {"type": "object"}}}]
    _, answer, _ = ask(d, "/openai/v1/chat/completions", {
        "model": "gpt-4o-mini", "max_tokens": 90, "tools": tools, "tool_choice": "required",
        "messages": [{"role": "user", "content": "Make a customer"}]}, run)
    tool_call = answer["choices"][0]["message"]["tool_calls"][0]["id"]
    customer(d, run, headers={"x-agent-tool-call-id": tool_call}.items())
    model, saas = collector.wait(2, where=is_call)
    assert saas.parent == model.id and saas.trace == model.trace
    assert saas.attrs["flyball.caused_by.how"] == "explicit" and saas.attrs["gen_ai.tool.call.id"] == tool_call


def test_an_outage_and_a_kill_lose_nothing(make_daemon, collector):
    d = make(make_daemon, collector, limits={"export_calls_max": 7})
    run = str(uuid.uuid4())
    ids = [customer(d, run)[2] for _ in range(5)]
    collector.wait(5, where=is_call)
    collector.stop()
    ids += [customer(d, run)[2] for _ in range(20)]
    wait_status(d, lambda s: s["state"] == "failing")
    assert d.get("/readyz", verbose=1)["exports"][0]["state"] == "failing" and d.get("/readyz")["ready"] is True
    assert [c["status"] for c in d.get("/api/v1/doctor")["checks"] if c["name"] == "exports"] == ["warn"]
    d.restart(kill_9=True)
    ids += [customer(d, run)[2] for _ in range(3)]
    collector.start()
    collector.wait(28, where=is_call)
    found = [s.attrs["flyball.call.id"] for s in collector.spans() if is_call(s)]
    assert sorted(set(found)) == sorted(ids)
    d.restart()
    again = customer(d, run)[2]
    collector.wait(1, where=lambda s: s.attrs.get("flyball.call.id") == again)
    before = len([s for s in collector.spans() if is_call(s)])
    time.sleep(0.2)
    assert len([s for s in collector.spans() if is_call(s)]) == before, "what was taken is not sent again"
    wait_status(d, lambda s: s["lag_frames"] == 0)
    text = d.get("/metrics")
    assert 'flyball_export_up{target="far"} 1\n' in text and 'flyball_export_lag_frames{target="far"} 0\n' in text


def test_retry_after_partial_success_and_refused_batches(make_daemon, collector):
    collector.plan = [(429, {"Retry-After": "1"}, b""), 503, 401, (200, {}, partial(2, "too old"))]
    d = make(make_daemon, collector, headers={"authorization": "env:OTLP_AUTH", "x-project-name": "text:agents"})
    began = time.monotonic()
    for _ in range(3):
        customer(d, "r")
    collector.wait(3, where=is_call)
    assert time.monotonic() - began > 0.9, "Retry-After was waited for"
    status = wait_status(d, lambda s: s["spans_rejected"] > 0)
    assert status["spans_rejected"] == 2 and status["failures"] == 3 and status["state"] == "ok"
    assert status["last_error"] == "too old"
    assert all(h["authorization"] == CANARY and h["x-project-name"] == "agents" for _, h, _, _ in collector.requests)
    for name, text in d.everything_written():
        assert CANARY.encode() not in text, name
    assert CANARY not in json.dumps(d.get("/api/v1/config"))


def test_what_a_target_does_not_take_stands_alone_in_the_end(make_daemon, collector):
    bad = {}

    def take(path, headers, body, honest=collector.take):
        answer = honest(path, headers, body)
        path, headers, message, status = collector.requests[-1]
        ids = [a.value.string_value for r in message.resource_spans for sc in r.scope_spans for s in sc.spans
               for a in s.attributes if a.key == "flyball.call.id"]
        if bad.get("id") in ids:
            collector.requests[-1] = (path, headers, message, 400)
            return 400, {}, b""
        return answer

    collector.stop()
    collector.take = take
    d = make(make_daemon, collector)
    ids = [customer(d, "r")[2] for _ in range(9)]
    bad["id"] = ids[4]
    collector.start()
    collector.wait(8, where=is_call)
    wait_status(d, lambda s: s["spans_rejected"] > 0)
    assert sorted(s.attrs["flyball.call.id"] for s in collector.spans() if is_call(s)) == sorted(set(ids) - {ids[4]})


def test_a_target_that_hangs_holds_no_call_up_and_the_end_is_prompt(make_daemon, collector):
    hang = {"on": True}

    def take(path, headers, body, honest=collector.take):
        while hang["on"]:
            time.sleep(0.02)
        return honest(path, headers, body)

    collector.take = take
    d = make(make_daemon, collector)
    for _ in range(20):
        began = time.monotonic()
        assert customer(d, "r")[0] == 200
        assert time.monotonic() - began < 2
    began = time.monotonic()
    assert d.stop() == 0 and time.monotonic() - began < 5
    hang["on"] = False
    d.start()
    collector.wait(20, where=is_call)
