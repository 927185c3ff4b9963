"""What is personal stays where the policy says: canaries of each kind are looked for in every byte that the vendor, the
agent, the data folder, the exports and the log get; whole, in pieces, in streams, and packed."""
import json
import time

import pytest

from flyball import policy
from otlp import Collector
from raw import ask
from redact_vendor import Echo, chat_answer, chat_events, claude_answer, claude_events, in_pieces, packed

CANARIES = {
    "email": "canary.quine+x@mail.example.com",
    "phone": "+49 1512 3456789",
    "card": "4000 0566 5566 5556",
    "iban": "DE75 5121 0800 1245 1261 99",
    "ticket": "TCK-771204",
}
LEFT = "order 4111111111111112 of cus_4000056655665556 on 2026-11-28 over 1,234.56"  # nothing personal
TEXT = ", ".join(f"{k} {v}!" for k, v in CANARIES.items()) + " " + LEFT + " end."
WANTED = ", ".join(f"{k} [{k}]!" for k in CANARIES) + " " + LEFT + " end."
# the parts of each that nothing else here has
MARKS = [b"canary.quine", b"3456789", b"5566 5556", b"1245 1261", b"771204", b"15123456789", b"55665556", b"12451261"]
JSON = "application/json"


def document(at, **more):
    kinds = [k for k in CANARIES if k != "ticket"]
    return policy("default",
                  [{"id": "all", "effect": "permit", "match": {"layer": ["llm", "saas"]}, "redact": ["pii"], **more}],
                  redact={"pii": {"detect": kinds, "patterns": {"ticket": "TCK-[0-9]{6}"}, "at": at}})


def leaks(data):
    data = data if isinstance(data, bytes) else data.encode()
    return [m for m in MARKS if m in data.replace(b"cus_4000056655665556", b"").replace(b"4111111111111112", b"")]


@pytest.fixture
def make(make_daemon):
    echoes = []

    def make(at, answer=lambda path, body: (JSON, [b"{}"], {}), limits=None, **more):
        echo = Echo(answer)
        echoes.append(echo)
        names = ("openai", "anthropic", "resend", "stripe", "twilio")
        vendors = {n: {"base_url": echo.url, "secret": f"env:{n.upper()}_KEY"} for n in names}
        d = make_daemon(vendors=vendors, limits=limits,
                        env={"OPENAI_KEY": "sk-proj-made-up-0001", "ANTHROPIC_KEY": "sk-ant-made-up-0001",
                             "RESEND_KEY": "re_madeup_0001", "STRIPE_KEY": "sk_test_madeup0001",
                             "TWILIO_KEY": "AC" + "0" * 32 + ":made-up-token-0001"})
        d.apply(document(at, **more))
        return d, d.key()["key"], echo

    yield make
    for e in echoes:
        e.stop()


def chat(d, key, text=TEXT, path="/openai/v1/chat/completions", **more):
    body = {"model": "gpt-4o-mini", "max_tokens": 50, "messages": [{"role": "user", "content": text}], **more}
    if path.startswith("/anthropic"):
        body["model"] = "claude-haiku-4-5"
    return ask(d.data_port, "POST", path, key, json.dumps(body), type=JSON)


CLAUDE = "/anthropic/v1/messages"


# ---- request ---------------------------------------------------------------------------------------------------------


def test_a_vendor_gets_nothing_personal_in_a_request_to_a_model(make):
    d, key, echo = make(["request"], lambda path, body: (JSON, [chat_answer("ok")], {}))
    tool = {"role": "assistant", "tool_calls": [{"id": "t", "type": "function", "function": {
        "name": "send", "arguments": json.dumps({"to": CANARIES["email"], "n": "\n" + CANARIES["card"]})}}]}
    r = ask(d.data_port, "POST", "/openai/v1/chat/completions", key,
            json.dumps({"model": "gpt-4o-mini", "max_tokens": 5, "user": CANARIES["email"], "messages": [
                {"role": "system", "content": TEXT}, tool,
                {"role": "user", "content": [{"type": "text", "text": TEXT}]}]}), type=JSON)
    assert r.status == 200, r.raw
    assert leaks(echo.seen) == []
    head, _, body = echo.seen.partition(b"\n\n")
    sent = json.loads(body)
    assert sent["messages"][0]["content"] == WANTED and sent["messages"][2]["content"][0]["text"] == WANTED
    assert json.loads(sent["messages"][1]["tool_calls"][0]["function"]["arguments"]) == {
        "to": "[email]", "n": "\n[card]"}
    assert f"Content-Length: {len(body)}".lower().encode() in head.lower()


def test_a_vendor_gets_nothing_personal_in_json_forms_queries_and_fields(make):
    d, key, echo = make(["request"])
    mail = {"from": "a@b.example", "to": [CANARIES["email"]], "subject": "hi", "text": TEXT}
    ask(d.data_port, "POST", "/resend/emails", key, json.dumps(mail), type=JSON)
    sent = json.loads(echo.seen.partition(b"\n\n")[2])
    assert (sent["to"], sent["text"], sent["from"]) == (["[email]"], WANTED, "[email]")
    echo.seen = b""
    form = "email=canary.quine%40mail.example.com&phone=%2B4915123456789&description=" + \
        CANARIES["card"].replace(" ", "+") + "&metadata[order]=4111111111111112"
    ask(d.data_port, "POST", "/stripe/v1/customers", key, form,
        headers=[("Stripe-Version", "2024-06-20"), ("User-Agent", "x " + CANARIES["email"])])
    assert b"email=[email]&phone=[phone]&description=[card]&metadata[order]=4111111111111112" in echo.seen
    ask(d.data_port, "GET", "/stripe/v1/customers?email=canary.quine%40mail.example.com&limit=3", key)
    assert b"/v1/customers?email=[email]&limit=3 " in echo.seen
    assert leaks(echo.seen) == []


def test_what_would_become_another_request_is_refused(make):
    d, key, echo = make(["request"])
    r = ask(d.data_port, "POST", "/stripe/v1/customers", key, "name=x", idempotency="refund-" + CANARIES["email"])
    assert (r.status, r.code) == (403, "policy_denied")
    assert "cannot take it out of an Idempotency-Key" in r.message and leaks(r.message) == []
    r = ask(d.data_port, "POST", "/stripe/v1/customers/4000056655665556", key, "name=x")
    assert (r.status, r.code) == (403, "policy_denied") and "path" in r.message
    assert echo.seen == b""


def test_a_longer_replacement_is_counted_before_it_is_sent(make):
    d, key, echo = make(["request"], lambda path, body: (JSON, [chat_answer("ok")], {}))
    d.apply(policy("default",
                   [{"id": "all", "effect": "permit", "match": {"layer": ["llm"]}, "redact": ["pii"]}],
                   [{"id": "tokens", "meter": "input_tokens", "max": 400, "window": {"lifetime": True}}],
                   redact={"pii": {"patterns": {"x": "x"}, "at": ["request"], "replace": "y" * 60}}))
    assert chat(d, key, "x").status == 200
    r = chat(d, key, "x" * 100)
    assert (r.status, r.code) == (403, "limit_exceeded")
    assert echo.seen.count(b"y" * 60) == 1


# ---- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("shape", ["openai", "anthropic"])
def test_an_agent_gets_nothing_personal_in_a_whole_answer(make, shape, pack):
    whole = chat_answer(TEXT) if shape == "openai" else claude_answer(TEXT)
    data = packed(whole) if pack else whole
    d, key, _ = make(["response"], lambda path, body: (
        JSON, in_pieces(data, 7), {"x-echo": CANARIES["email"], **({"content-encoding": "gzip"} if pack else {})}))
    r = chat(d, key, "hi", path="/openai/v1/chat/completions" if shape == "openai" else CLAUDE)
    assert r.status == 200 and leaks(r.raw) == []
    said = r.json["choices"][0]["message"]["content"] if shape == "openai" else r.json["content"][0]["text"]
    assert said == WANTED and r.header("x-echo") == "[email]" and r.header("content-encoding") is None
    call = d.calls()[0]
    assert (call["outcome"], call["settled"]["how"], call["tokens"]["output"]) == ("settled", "priced", 9)


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("size,piece", [(1, 1000), (3, 5), (4, 33), (7, 1), (1000, 64)])
def test_an_agent_gets_nothing_personal_in_a_stream(make, size, piece, pack):
    def answer(path, body):
        data = chat_events(TEXT, size) if "chat" in path else claude_events(TEXT, size)
        return ("text/event-stream", in_pieces(packed(data), piece * 3) if pack else in_pieces(data, piece * 9),
                {"content-encoding": "gzip"} if pack else {})

    d, key, _ = make(["response"], answer)
    r = chat(d, key, "hi", stream=True)
    assert r.status == 200 and leaks(r.raw) == []
    events = [json.loads(line[6:]) for line in r.body.split(b"\n") if line.startswith(b"data: {")]
    assert "".join(e["choices"][0]["delta"].get("content", "") for e in events if e["choices"]) == WANTED
    assert r.body.endswith(b"data: [DONE]\n\n")
    r = chat(d, key, "hi", path=CLAUDE, stream=True)
    assert leaks(r.raw) == []
    events = [json.loads(line[6:]) for line in r.body.split(b"\n") if line.startswith(b"data: {")]
    deltas = [e["delta"] for e in events if e["type"] == "content_block_delta"]
    assert "".join(x.get("text", "") for x in deltas) == WANTED
    assert json.loads("".join(x.get("partial_json", "") for x in deltas))["all"] == WANTED
    assert [c["tokens"]["output"] for c in d.calls()][0] == 9


def test_an_agent_gets_nothing_personal_in_what_other_vendors_answer(make):
    answer = json.dumps({"id": "cus_1", "object": "customer", "email": CANARIES["email"], "phone": CANARIES["phone"],
                         "description": TEXT, "metadata": {"card": "4000056655665556"}}).encode()
    d, key, _ = make(["response"], lambda path, body: (JSON, in_pieces(answer, 3), {}))
    for method, path, body in (("GET", "/stripe/v1/customers/cus_1", None), ("POST", "/stripe/v1/customers", "a=b")):
        r = ask(d.data_port, method, path, key, body)
        assert r.status == 200 and leaks(r.raw) == [], r.raw
        assert r.json["id"] == "cus_1" and r.json["description"] == WANTED


@pytest.mark.parametrize("kind,fields,data", [
    (JSON, {"content-encoding": "br"}, b"\x0b\x02\x80"),
    (JSON, {"content-encoding": "gzip"}, b"no gzip"),
    (JSON, {"content-encoding": "gzip"}, packed(chat_answer(TEXT))[:-9]),
    ("application/pdf", {}, b"%PDF " + TEXT.encode()),
    ("text/event-stream", {"content-encoding": "zstd"}, TEXT.encode())])
def test_an_answer_that_cannot_be_looked_into_is_kept_from_the_agent(make, kind, fields, data):
    d, key, _ = make(["response"], lambda path, body: (kind, [data], fields))
    for r in (chat(d, key, "hi", stream=kind != JSON), ask(d.data_port, "POST", "/stripe/v1/customers", key, "a=b")):
        assert (r.status, r.code) == (403, "policy_denied") and leaks(r.raw) == []
        assert "cannot look into this one" in r.message and "What the call did is on record" in r.message
    assert [c["status"] for c in d.calls()] == [200, 200]


@pytest.mark.parametrize("event", [b'data: {"a":' + CANARIES["email"].encode() + b"}\n\n",
                                   b'data: {"a":"' + b"x" * 5000 + CANARIES["email"].encode() + b'"}\n\n'])
def test_an_event_that_cannot_be_looked_into_ends_the_stream(make, event):
    data = chat_events("Hello! ", 100).replace(b"data: [DONE]\n\n", b"") + event
    d, key, _ = make(["response"], lambda path, body: ("text/event-stream", in_pieces(data, 50), {}),
                     limits={"llm_event_bytes_max": 4096})
    spends = [{"id": "all", "meter": "usd", "max": "1.00", "window": {"lifetime": True}}]
    d.apply(json.dumps({**json.loads(document(["response"])), "limits": spends}))
    r = chat(d, key, "hi", stream=True)
    assert leaks(r.raw) == [] and b"Hello! " in r.body
    assert b"policy_denied" in r.body and b"cannot be looked into" in r.body
    call = d.calls()[0]
    assert (call["stream_end"], call["error"]) == ("cut", "not_redactable")
    assert call["outcome"] == "settled" and call["settled"]["usd"] != "0.000000000"
    (row,) = d.get("/api/v1/limits")["limits"]
    assert [(b["held"], b["settled"]) for b in row["buckets"]] == [("0.000000000", call["settled"]["usd"])]


# ---- the record ------------------------------------------------------------------------------------------------------


def everything(d):
    """Every byte that the daemon keeps or gives out about calls."""
    d.settle()
    texts = d.everything_written()
    for path in ("/api/v1/calls?limit=1000", "/api/v1/runs", "/api/v1/calls?format=csv",
                 "/api/v1/calls?format=ndjson", "/metrics"):
        status, value = d.api("GET", path)
        texts.append((path, (value if isinstance(value, str) else json.dumps(value)).encode()))
    for call in d.calls():
        texts.append(("why", json.dumps(d.api("GET", f"/api/v1/calls/{call['call_id']}")[1]).encode()))
        texts.append(("why", d.cli("why", call["call_id"]).stdout.encode()))
    return texts + [("feed", d.feed_text(2).encode())]


def test_nothing_personal_is_on_record_or_in_any_file(make):
    d, key, echo = make(["log"], lambda path, body: (JSON, [chat_answer(TEXT)], {}))
    email = "canary.quine%40mail.example.com"
    assert chat(d, key, TEXT, user=CANARIES["email"]).json["choices"][0]["message"]["content"] == TEXT
    assert leaks(echo.seen) != []
    ask(d.data_port, "POST", "/stripe/v1/customers", key, f"email={email}&phone=%2B4915123456789&description=" +
        CANARIES["card"].replace(" ", "+"), idempotency="k-" + CANARIES["email"])
    ask(d.data_port, "GET", f"/stripe/v1/customers?email={email}", key)
    ask(d.data_port, "POST", "/stripe/v1/payment_intents", key,
        f"amount=100&currency=usd&receipt_email={email}&description=" + CANARIES["iban"].replace(" ", "+"))
    ask(d.data_port, "POST", "/resend/emails", key, type=JSON, body=json.dumps(
        {"from": "a@b.example", "to": [CANARIES["email"]], "subject": TEXT, "text": TEXT}))
    ask(d.data_port, "POST", "/stripe/v1/none/4000056655665556", key, "a=%ZZ" + email)  # refused: malformed
    assert len(d.calls()) == 6
    found = {name: leaks(data) for name, data in everything(d) if leaks(data)}
    assert found == {}


def test_what_is_denied_loses_on_record_what_any_rule_for_it_would_take_out(make):
    d, key, echo = make(["log"], when="params.email == 'nobody@example.com'", match={"operation": [
        "stripe.customers.create"]})
    r = ask(d.data_port, "POST", "/stripe/v1/customers", key, "email=canary.quine%40mail.example.com")
    assert (r.status, r.code) == (403, "policy_denied") and echo.seen == b""
    assert {name: leaks(data) for name, data in everything(d) if leaks(data)} == {}
    assert d.calls()[0]["verdict"] == "deny"


def test_a_question_to_a_person_shows_and_keeps_nothing_personal(make):
    d, key, echo = make(["log"], lambda path, body: (JSON, [b'{"id":"cus_1","object":"customer"}'], {}),
                        limits={"approval_wait_ms": 0})
    kinds = [k for k in CANARIES if k != "ticket"]
    d.apply(policy("default", [{"id": "ask", "effect": "approve", "match": {"vendor": ["stripe"]}, "approval": "people",
                                "redact": ["pii"]}], approvals={"people": {"ttl": "1h"}},
                   redact={"pii": {"detect": kinds, "at": ["log"]}}))
    body = "email=canary.quine%40mail.example.com&description=" + CANARIES["card"].replace(" ", "+")
    r = ask(d.data_port, "POST", "/stripe/v1/customers", key, body)
    assert (r.status, r.code) == (403, "approval_pending")
    shown = d.get("/api/v1/approvals")["approvals"]
    assert len(shown) == 1 and leaks(json.dumps(shown)) == []
    assert {name: leaks(data) for name, data in everything(d) if leaks(data)} == {} and echo.seen == b""


def test_spans_for_others_have_nothing_personal(make, make_daemon):
    far, near = Collector().start(), Echo(lambda path, body: (JSON, [chat_answer(TEXT)], {}))
    vendors = {n: {"base_url": near.url, "secret": f"env:{n.upper()}_KEY"} for n in ("openai", "stripe")}
    target = {"otlp": far.url, "from": "start", "protocol": "http/json"}
    d = make_daemon(vendors=vendors, config={"exports": {"far": target}},
                    limits={"export_interval_ms": 20, "export_quiet_ms": 200},
                    env={"OPENAI_KEY": "sk-proj-made-up-0001", "STRIPE_KEY": "sk_test_madeup0001"})
    d.apply(document(["log"]))
    key = d.key()["key"]
    chat(d, key, TEXT, user=CANARIES["email"])
    form = "email=canary.quine%40mail.example.com&phone=%2B4915123456789"
    ask(d.data_port, "POST", "/stripe/v1/customers", key, form)
    wait_until(lambda: len([s for s in far.spans() if s.attrs.get("flyball.operation")]) == 2)
    assert leaks(repr([(s.name, s.attrs, s.links, s.message) for s in far.spans()])) == []
    far.stop()
    near.stop()


def test_without_a_redactor_all_is_as_it_was(make):
    answer = packed(chat_answer(TEXT))
    d, key, echo = make(["log"], lambda path, body: (JSON, in_pieces(answer, 10), {"content-encoding": "gzip"}))
    r = chat(d, key)
    assert r.body == answer and r.header("content-encoding") == "gzip"
    assert json.loads(echo.seen.partition(b"\n\n")[2])["messages"][0]["content"] == TEXT


# ---- obligations -----------------------------------------------------------------------------------------------------


def obliged(*obligations, **more):
    return policy("default", [{"id": "create", "effect": "permit", "match": {"vendor": ["stripe"]},
                               "obligations": list(obligations)}], **more)


def wait_until(is_so, seconds=10):
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def create(d, key, **more):
    if more.pop("dry_run", False):
        more["headers"] = [("x-flyball-dry-run", "true")]
    return ask(d.data_port, "POST", "/stripe/v1/customers", key, more.pop("body", "name=x"), **more)


def test_an_idempotency_key_is_asked_for(make):
    d, key, echo = make(["log"])
    d.apply(obliged({"type": "idempotency_key", "properties": {"required": True}}))
    r = create(d, key)
    assert (r.status, r.code) == (403, "policy_denied") and 'Rule "create"' in r.message
    assert "Idempotency-Key" in r.message and echo.seen == b""
    assert create(d, key, idempotency="k1").status == 200


def test_the_same_intent_with_a_new_key_is_a_duplicate(make):
    d, key, echo = make(["log"], lambda path, body: (JSON, [b'{"id":"cus_1","object":"customer"}'], {}))
    d.apply(obliged({"type": "duplicate", "properties": {"within": "1h", "then": "deny"}}))
    assert create(d, key, idempotency="k1").status == 200
    r = create(d, key, idempotency="k2")
    assert (r.status, r.code) == (403, "duplicate") and 'rule "create"' in r.message
    assert create(d, key).code == "duplicate"
    assert create(d, key, idempotency="k1").status == 200, "a retry is no duplicate"
    assert create(d, key, body="name=y", idempotency="k3").status == 200
    other = d.key(agent="other")["key"]
    assert create(d, other, idempotency="k4").status == 200
    assert create(d, key, body="name=z", dry_run=True).status == 200
    d.restart()
    wait_until(lambda: "event=taken_up" in d.log())
    assert create(d, key, idempotency="k5").code == "duplicate"
    assert create(d, key, idempotency="k1").status == 200, "a retry is no duplicate after a restart either"
    assert create(d, key, body="name=z", idempotency="k6").status == 200, "what was only tried is no first one"


def test_a_duplicate_may_be_allowed(make):
    account = "AC" + "0" * 32

    def send():
        return ask(d.data_port, "POST", f"/twilio/2010-04-01/Accounts/{account}/Messages.json", key,
                   "To=%2B14155550123&From=%2B14155550100&Body=hi")

    d, key, echo = make(["log"], lambda path, body: (JSON, [b'{"sid":"SM1"}'], {}))
    key = d.key(mode="live", agent="texter")["key"]
    first = send()
    assert first.status == 200, first.json
    second = send()
    d.apply(policy("default", [{"id": "all", "effect": "permit", "match": {"vendor": ["twilio"]}, "obligations": [
        {"type": "duplicate", "properties": {"within": "1h", "then": "allow"}}]}]))
    third = send()
    assert [second.code, third.code] == ["duplicate", None]


def test_a_duplicate_may_pass_with_a_persons_yes_once(make):
    n = iter(range(1, 100))
    d, key, _ = make(["log"], lambda path, body: (JSON, [b'{"id":"cus_%d","object":"customer"}' % next(n)], {}),
                     limits={"approval_wait_ms": 0})
    again = {"type": "duplicate", "properties": {"within": "1h", "then": "approve", "approval": "one"}}
    d.apply(obliged(again, approvals={"one": {"ttl": "30m"}}))
    ann = d.json("admin", "create", "ann", "--role", "approver")["token"]

    def say(verb):
        waiting = d.get("/api/v1/approvals")["approvals"]
        assert len(waiting) == 1 and waiting[0]["asks"] == ["duplicate create"], waiting
        assert d.api("POST", f"/api/v1/approvals/{waiting[0]['id']}/{verb}", {}, token=ann)[0] == 200

    assert create(d, key, idempotency="k1").status == 200, "the first of a kind asks nobody"
    assert d.get("/api/v1/approvals")["approvals"] == []
    r = create(d, key, idempotency="k2")
    assert (r.status, r.code) == (403, "approval_pending")
    assert "asked the same" in r.message and 'rule "create"' in r.message
    assert create(d, key, idempotency="k1").status == 200, "a retry asks nobody"
    say("approve")
    assert create(d, key, idempotency="k2").json["id"] == "cus_3"
    d.restart(kill_9=True)
    wait_until(lambda: "event=taken_up" in d.log())
    assert create(d, key, idempotency="k3").code == "approval_pending", "a yes is good for one"
    say("deny")
    assert create(d, key, idempotency="k3").code == "approval_denied"
    assert create(d, key, body="name=y", idempotency="k4").status == 200, "another intent is no duplicate"


def test_a_notice_is_an_event_with_its_name(make):
    d, key, _ = make(["log"])
    d.apply(obliged({"type": "notify", "properties": {"name": "customer-made"}}))
    r = create(d, key)
    assert r.status == 200
    events = [e for e in d.get("/api/v1/events")["events"] if e["event"] == "policy.notice"]
    assert [(e["name"], e["call_id"]) for e in events] == [("customer-made", r.call_id)]
    assert "policy.notice" in d.feed_text(2)
