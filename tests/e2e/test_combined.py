"""What meets in one call: a person's yes with redaction, a fallback, a scope, a rate, a raise and a stop that come in
between; idempotency with a scope; a document in shadow with redaction."""
import json
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from flyball import permit, policy, usd
from llm_rig import CHAT, body_of
from raw import ask
from redact_vendor import chat_answer
from scope_vendor import ScopeVendor
from test_approvals import APPROVALS
from test_downgrade import DEAR, falls_back, routes
from test_redact import CANARIES, JSON, chat, everything, leaks, make  # noqa: F401 (a fixture)
from test_scope import pay, scoped
from test_scope_remote import MAY, TUPLES, files  # noqa: F401 (a fixture)

CHARGE = "amount=2500&currency=usd&source=tok_visa"
ASK = {"id": "ask", "effect": "approve", "approval": "finance", "match": {"vendor": ["stripe"]}}


@pytest.fixture
def book():
    v = ScopeVendor().start()
    yield v
    v.stop()


def people(d, *names):
    return {n: d.json("admin", "create", n, "--role", "approver")["token"] for n in names}


def pending(d, n=1):
    until = time.monotonic() + 10
    while len(found := d.get("/api/v1/approvals")["approvals"]) != n and time.monotonic() < until:
        time.sleep(0.02)
    assert len(found) == n, found
    return found


def say_yes(d, token):
    assert d.api("POST", f"/api/v1/approvals/{pending(d)[0]['id']}/approve", {}, token=token)[0] == 200


class Waiting:
    """A call in a thread of its own, which waits for a person."""

    def __init__(self, call):
        self.began = time.monotonic()
        self.thread = threading.Thread(target=lambda: setattr(self, "answer", call()))
        self.thread.start()

    def end(self):
        self.thread.join(30)
        self.took = time.monotonic() - self.began
        return self.answer


def charge(d, key, **more):
    return ask(d.data_port, "POST", "/stripe/v1/charges", key, CHARGE, **more)


# ---- a yes, and what came in between ---------------------------------------------------------------------------------


@pytest.mark.parametrize("stop,code", [("revoke", "key_revoked"), ("kill", "stopped")])
def test_a_stop_while_a_call_waits_wins_over_the_yes(make_daemon, vendor, stop, code):
    d = make_daemon(vendor, limits={"approval_wait_ms": 20000})
    d.apply(policy("default", [ASK], approvals=APPROVALS))
    key = d.key()
    ann = people(d, "ann")["ann"]
    call = Waiting(lambda: charge(d, key["key"]))
    pending(d)
    assert d.cli(*(["revoke", key["id"]] if stop == "revoke" else ["kill"])).returncode == 0
    say_yes(d, ann)
    assert call.end().code == code and vendor.book.count("charge") == 0
    assert [a["state"] for a in d.get("/api/v1/approvals?all=1")["approvals"]] == ["approved"]


def test_a_relation_that_ended_while_a_call_waits_is_asked_anew(make_daemon, book, files, tmp_path):
    d = make_daemon(book, config=files, limits={"approval_wait_ms": 20000})
    d.apply(policy("default", [scoped(MAY, "approve", approval="finance")], approvals=APPROVALS))
    key, ann = d.key(agent="bot")["key"], people(d, "ann")["ann"]
    call = Waiting(lambda: pay(d, key, "cus_C0x"))
    pending(d)
    (tmp_path / "t.json").write_text(json.dumps(TUPLES[1:]))
    assert d.cli("reload").returncode == 0
    say_yes(d, ann)
    assert call.end().code == "scope_denied" and book.writes == []


def test_a_rate_that_grew_too_old_while_a_call_waits_is_not_used(make_daemon, vendor, tmp_path):
    now = datetime.now(timezone.utc)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    text = f'date: "{midnight - timedelta(days=1):%Y-%m-%d}"\nmargin_percent: "0"\n'
    text += f'max_age: {int((now - midnight).total_seconds()) + 4}s\nusd: {{EUR: "1.10"}}\n'
    (tmp_path / "fx.yaml").write_text(text)
    d = make_daemon(vendor, config={"fx": {"table": str(tmp_path / "fx.yaml")}}, limits={"approval_wait_ms": 20000})
    d.apply(policy("default", [ASK], [usd("in", "100.00", window={"lifetime": True})], approvals=APPROVALS))
    key, ann = d.key()["key"], people(d, "ann")["ann"]
    call = Waiting(lambda: ask(d.data_port, "POST", "/stripe/v1/charges", key, CHARGE.replace("usd", "eur")))
    pending(d)
    time.sleep(4.5)
    say_yes(d, ann)
    assert call.end().code == "cost_unknown" and vendor.book.count("charge") == 0


def test_a_raise_that_ended_while_a_call_waits_makes_the_limit_ask_too(make_daemon, vendor):
    d = make_daemon(vendor, limits={"approval_wait_ms": 6000})
    day = {**usd("day", "10.00", window={"lifetime": True}), "on_exceed": "approve", "approval": "finance"}
    d.apply(policy("default", [ASK], [day], approvals=APPROVALS))
    key, ann = d.key(), people(d, "ann")["ann"]
    d.json("limit", "raise", "day", "--by", "50", "--for", "3s", "--test", "--reason", "launch day",
           "--whose", f"key={key['id']}")
    call = Waiting(lambda: charge(d, key["key"]))
    assert pending(d)[0]["asks"] == ["rule ask"]
    time.sleep(3.2)
    say_yes(d, ann)
    assert call.end().code == "approval_pending"
    assert pending(d)[0]["asks"] == ["rule ask", "limit day"] and vendor.book.count("charge") == 0


def test_asked_anew_a_call_waits_no_longer_than_its_agent_said(make_daemon, vendor):
    d = make_daemon(vendor, limits={"approval_wait_ms": 20000})
    d.apply(policy("default", [ASK], approvals=APPROVALS))
    key, ann = d.key()["key"], people(d, "ann")["ann"]
    call = Waiting(lambda: charge(d, key, headers=[("x-flyball-wait", "5")]))
    pending(d)
    time.sleep(3)
    d.apply(policy("default", [ASK], approvals={"finance": {"ttl": "30m", "quorum": 2}}))
    say_yes(d, ann)
    assert call.end().code == "approval_pending" and call.took < 7
    assert pending(d)[0]["quorum"] == 2


def test_all_who_waited_hear_that_nobody_answered(make_daemon, vendor):
    d = make_daemon(vendor, limits={"approval_wait_ms": 20000})
    d.apply(policy("default", [ASK], approvals={"finance": {"ttl": "2s"}}))
    key = d.key()["key"]
    calls = [Waiting(lambda: charge(d, key)) for _ in range(3)]
    assert [c.end().code for c in calls] == ["approval_timeout"] * 3
    assert max(c.took for c in calls) < 10 and len(d.get("/api/v1/approvals?all=1")["approvals"]) == 1


# ---- a yes, and what a call to a model becomes -----------------------------------------------------------------------


@pytest.mark.parametrize("on_exceed,added", [("downgrade:cheap", "model"), ("clamp", "output_max")])
def test_what_a_person_permits_still_makes_itself_smaller(make_models, on_exceed, added):
    rig = make_models(limits={"approval_wait_ms": 0})
    d = rig.daemon
    d.apply(policy("default", [permit("cheap", model=[f"openai/{CHAT}"]),
                               {**ASK, "match": {"model": [f"openai/{DEAR}"]}}],
                   [{**falls_back("0.005"), "on_exceed": on_exceed}], approvals=APPROVALS,
                   **routes(cheap=[f"openai/{CHAT}"])))
    key, ann = d.key()["key"], people(d, "ann")["ann"]
    body = json.dumps({"model": DEAR, "max_tokens": 1000, "messages": [{"role": "user", "content": "sim(tokens=5)"}]})

    def call(**more):
        return ask(d.data_port, "POST", "/openai/v1/chat/completions", key, body, type=JSON, **more)

    dry = call(headers=[("x-flyball-dry-run", "true")]).json
    assert dry["verdict"] == ("permit" if added == "model" else "approve"), dry
    if added == "output_max":
        assert call().code == "approval_pending"
        say_yes(d, ann)
    assert call().status == 200
    it = d.calls()[0]
    assert it["verdict"] == "permit" and added in it["additions"], it
    assert (body_of(rig.openai.settled()[-1])["model"] == CHAT) == (added == "model")


def test_a_yes_covers_what_redaction_adds_to_a_prompt(make):  # noqa: F811
    d, key, echo = make(["request"], lambda path, body: (JSON, [chat_answer("ok")], {}),
                        limits={"approval_wait_ms": 0})
    d.apply(policy("default", [{**ASK, "match": {"layer": ["llm"]}, "redact": ["pii"]}], approvals=APPROVALS,
                   redact={"pii": {"patterns": {"x": "x"}, "at": ["request"], "replace": "y" * 60}}))
    ann = people(d, "ann")["ann"]
    assert chat(d, key, "x" * 100).code == "approval_pending"
    say_yes(d, ann)
    assert chat(d, key, "x" * 100).status == 200
    assert echo.seen.count(b"y" * 60) == 100


def test_what_cannot_be_redacted_is_refused_before_a_person_is_asked(make):  # noqa: F811
    d, key, _ = make(["request"], limits={"approval_wait_ms": 0})
    kinds = {"pii": {"detect": ["email"], "at": ["request"]}}
    d.apply(policy("default", [{**ASK, "redact": ["pii"]}], approvals=APPROVALS, redact=kinds))
    no = ask(d.data_port, "POST", "/stripe/v1/customers", key, "name=x", idempotency="refund-" + CANARIES["email"])
    assert no.code == "policy_denied" and d.get("/api/v1/approvals")["approvals"] == []


def test_who_is_redacted_on_record_still_decides_nothing_of_an_own_call(make):  # noqa: F811
    d, key, _ = make(["log"], limits={"approval_wait_ms": 0})
    d.apply(policy("default", [{**ASK, "redact": ["pii"]}], approvals=APPROVALS,
                   redact={"pii": {"detect": ["email"], "at": ["log"]}}))
    who = people(d, "Canary.Quine@mail.example.com", "ann")
    no = ask(d.data_port, "POST", "/stripe/v1/customers", key, "name=x",
             headers=[("x-flyball-user", "canary.quine@mail.example.com")])
    assert no.code == "approval_pending"
    at = f"/api/v1/approvals/{pending(d)[0]['id']}/approve"
    own = who["Canary.Quine@mail.example.com"]
    assert (said := d.api("POST", at, {}, token=own))[0] == 403 and "approval_self" in json.dumps(said[1]), said
    d.restart(kill_9=True)
    assert d.api("POST", at, {}, token=own)[0] == 403
    assert d.api("POST", at, {}, token=who["ann"])[0] == 200


# ---- without a person ------------------------------------------------------------------------------------------------


def test_a_retry_behind_a_restart_is_known_also_where_the_store_said_who_made_the_customer(make_daemon, book):
    d = make_daemon(book)
    d.apply(policy("default", [permit("new", operation=["stripe.customers.create"]), scoped({"created_by": "agent"})]))
    key = d.key()["key"]
    made = ask(d.data_port, "POST", "/stripe/v1/customers", key, "email=a%40b.example").json["id"]
    first = pay(d, key, made, idempotency="once")
    assert first.status == 200
    d.stop()
    d.start()
    again = pay(d, key, made, idempotency="once")
    assert again.status == 200
    d.settle()
    assert d.call(again.call_id)["shares"] == first.call_id


def test_what_would_have_been_said_loses_what_is_personal_too(make):  # noqa: F811
    d, key, _ = make(["log"], lambda path, body: (JSON, [b'{"id":"cus_1","object":"customer"}'], {}))
    rule = {"id": "all", "effect": "permit", "match": {"vendor": ["stripe"]}, "redact": ["pii"]}
    redact = {"pii": {"detect": ["email"], "at": ["log"]}}
    d.apply(policy("default", [rule], redact=redact))
    d.apply(policy("default", [{**rule, "when": "params.email == 'nobody@example.com'"}], redact=redact,
                   mode="shadow"))
    assert ask(d.data_port, "POST", "/stripe/v1/customers", key, "email=canary.quine%40mail.example.com").status == 200
    assert "[email]" in d.calls()[0]["shadow"]["reason"]
    assert {name: leaks(data) for name, data in everything(d) if leaks(data)} == {}
