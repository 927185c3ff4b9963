"""A person must say yes: asked, decided, used once, with Stripe's official SDK as the agent has it."""
import json
import re
import threading
import time

import openai
import pytest
import stripe

from flyball import OPEN, permit, policy, usd
from raw import ask
from vendor import Vendor

ASK = {"id": "big", "effect": "approve", "approval": "finance", "match": {"operation": ["stripe.charges.create"]}}
APPROVALS = {"finance": {"ttl": "30m", "quorum": 1, "allow_self": False}}
CHARGE = {"amount": 2500, "currency": "usd", "source": "tok_visa"}


def client(key, url, retries=0):
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=retries).v1


class Office:
    """A daemon whose document asks persons about charges, with a key, and people by name."""

    def __init__(self, daemon, text=None, **key):
        self.daemon, self.people = daemon, {}
        daemon.apply(text or policy("default", [*OPEN, ASK], approvals=APPROVALS))
        self.key = daemon.key(owner="olga", **key)["key"]
        self.url = f"{daemon.ready['data']}/stripe"

    def person(self, name, *roles, tenant=None, service=False):
        if name not in self.people:
            args = ["admin", "create", name, *[x for r in roles or ["approver"] for x in ("--role", r)]]
            args += ["--tenant", tenant] if tenant else []
            args += ["--service"] if service else []
            self.people[name] = self.daemon.json(*args)["token"]
        return self.people[name]

    def agent(self, run="r1", retries=0):
        return client(f"{self.key}.run_{run}", f"{self.daemon.ready['data']}/stripe", retries)

    def pending(self):
        return self.daemon.get("/api/v1/approvals")["approvals"]

    def one(self):
        until = time.monotonic() + 10
        while not (found := self.pending()) and time.monotonic() < until:
            time.sleep(0.02)
        assert len(found) == 1, found
        return found[0]

    def say(self, who, verb, id, **body):
        return self.daemon.api("POST", f"/api/v1/approvals/{id}/{verb}", body, token=self.person(who))


@pytest.fixture
def office(make_daemon, vendor):
    def make(text=None, wait_ms=0, limits=None, **key):
        d = make_daemon(vendor, limits={"approval_wait_ms": wait_ms, **(limits or {})})
        return Office(d, text, **key)

    return make


def refused(fn, *args, **kwargs):
    with pytest.raises(stripe.PermissionError) as e:
        fn(*args, **kwargs)
    return e.value


def code(e):
    return {k.lower(): v for k, v in e.headers.items()}["x-flyball-code"]


def n_charges(vendor):
    return vendor.book.count("charge")


def test_approval_after_the_client_gave_up_executes_exactly_once_on_its_retry(office, vendor):
    o = office()
    e = refused(o.agent().charges.create, CHARGE)
    it = o.one()
    assert code(e) == "approval_pending"
    assert it["id"] in e.user_message and "send the same request again" in e.user_message
    assert o.say("ann", "approve", it["id"], note="ticket 4711")[0] == 200
    assert o.agent("another-run").charges.create(CHARGE).amount == 2500
    e = refused(o.agent().charges.create, CHARGE)
    assert code(e) == "approval_pending" and it["id"] not in e.user_message
    assert n_charges(vendor) == 1


def charges_once(then, **properties):
    return {"id": "charge", "effect": "permit", "match": {"operation": ["stripe.charges.create"]},
            "obligations": [{"type": "duplicate", "properties": {"within": "1h", "then": then, **properties}}]}


def test_the_same_charge_again_passes_with_a_yes_and_retries_of_both_charge_nothing(office, vendor):
    o = office(policy("default", [charges_once("approve", approval="finance")], approvals=APPROVALS))

    def charge(key):
        return o.agent().charges.create(CHARGE, {"idempotency_key": key}).id

    first = charge("k1")
    e = refused(charge, "k2")
    assert code(e) == "approval_pending" and "asked the same" in e.user_message
    assert charge("k1") == first and n_charges(vendor) == 1
    assert o.one()["asks"] == ["duplicate charge"]
    assert o.say("ann", "approve", o.one()["id"])[0] == 200
    second = charge("k2")
    assert second != first and n_charges(vendor) == 2
    assert charge("k1") == first and charge("k2") == second and n_charges(vendor) == 2
    assert code(refused(charge, "k3")) == "approval_pending"
    assert n_charges(vendor) == 2


def test_a_repeated_charge_that_was_not_sent_leaves_the_first_as_it_was(office, vendor):
    o = office(policy("default", [charges_once("approve", approval="finance")], approvals=APPROVALS))

    def charge(key):
        return o.agent().charges.create(CHARGE, {"idempotency_key": key}).id

    charge("k1")
    refused(charge, "k2")
    assert o.say("ann", "approve", o.one()["id"])[0] == 200
    vendor.stop()
    with pytest.raises(stripe.APIError):
        charge("k2")
    back = Vendor().start(vendor.port)
    charge("k3")  # with the yes that came back
    assert code(refused(charge, "k4")) == "approval_pending"
    assert n_charges(vendor) == 1 and n_charges(back) == 1
    back.stop()


class AtOnce:
    """Charges that wait for a person, each in a thread: what became of them."""

    def __init__(self, office, *keys):
        self.made, self.refused = [], []
        self.threads = [threading.Thread(target=self.charge, args=(office, k)) for k in keys]
        for t in self.threads:
            t.start()

    def charge(self, office, key):
        try:
            self.made.append(office.agent().charges.create(CHARGE, {"idempotency_key": key}).id)
        except stripe.PermissionError as e:
            self.refused.append(e)

    def join(self):
        for t in self.threads:
            t.join(20)
        return self


def test_a_call_that_waits_is_a_duplicate_as_the_document_says_that_is_in_force_then(office, vendor):
    rule = charges_once("approve", approval="finance")
    o = office(policy("default", [rule], approvals=APPROVALS), wait_ms=20000)
    o.agent().charges.create(CHARGE, {"idempotency_key": "k1"})
    again = AtOnce(o, "k2")
    it = o.one()
    o.daemon.apply(policy("default", [{k: v for k, v in rule.items() if k != "obligations"}], approvals=APPROVALS))
    assert o.say("ann", "approve", it["id"])[0] == 200
    again.join()
    assert again.refused == [] and len(again.made) == 1 and n_charges(vendor) == 2


def test_how_long_ago_the_first_was_counts_from_the_end_of_a_wait(office, vendor):
    o = office(policy("default", [charges_once("approve", approval="finance")], approvals=APPROVALS), wait_ms=20000)
    o.agent().charges.create(CHARGE, {"idempotency_key": "k1"})
    both = AtOnce(o, "k2", "k3")
    it = o.one()
    time.sleep(2.5)  # both wait for one answer, and one of them is made
    assert o.say("ann", "approve", it["id"])[0] == 200
    until = time.monotonic() + 10
    while o.pending() in ([], [it]) and time.monotonic() < until:
        time.sleep(0.02)
    assert o.say("ann", "deny", o.one()["id"])[0] == 200
    both.join()
    assert len(both.made) == 1 and len(both.refused) == 1
    assert re.search(r" \d+ s ago", both.refused[0].user_message)


def test_kill_9_while_a_question_is_pending_loses_nothing(office, vendor):
    o = office()
    refused(o.agent().charges.create, CHARGE)
    before = o.one()
    o.daemon.restart(kill_9=True)
    assert o.one() == before
    assert o.say("ann", "approve", before["id"])[0] == 200
    o.daemon.restart(kill_9=True)
    assert o.agent().charges.create(CHARGE).amount == 2500 and n_charges(vendor) == 1
    o.daemon.restart(kill_9=True)
    assert o.pending() == []
    assert code(refused(o.agent().charges.create, CHARGE)) == "approval_pending"
    assert n_charges(vendor) == 1


def test_one_byte_changed_after_approval_refuses(office, vendor):
    o = office()
    refused(o.agent().charges.create, CHARGE)
    it = o.one()
    assert o.say("ann", "approve", it["id"])[0] == 200
    for change in ({"amount": 2501}, {"source": "tok_visb"}, {"currency": "eur"}, {"description": "x"}):
        e = refused(o.agent().charges.create, {**CHARGE, **change})
        assert code(e) == "approval_pending" and it["id"] not in e.user_message, change
    other = client(o.daemon.key(owner="olga")["key"], o.url)
    assert code(refused(other.charges.create, CHARGE)) == "approval_pending"
    assert n_charges(vendor) == 0
    assert o.agent().charges.create(CHARGE).amount == 2500


def test_the_requesters_own_approval_is_refused(office, vendor):
    o = office()
    refused(o.agent().charges.create, CHARGE)
    it = o.one()
    for verb in ("approve", "deny"):
        status, said = o.say("olga", verb, it["id"])
        assert status == 403 and said["error"]["code"] == "approval_self", said
    assert o.one()["state"] == "pending"
    assert o.say("ann", "approve", it["id"])[0] == 200


def test_who_owns_the_agent_does_not_decide_either(office, vendor):
    o = office()
    assert o.daemon.cli("agent", "create", "bot", "--owner", "Otto").returncode == 0
    refused(o.agent().charges.create, CHARGE)
    status, said = o.say("otto", "approve", o.one()["id"])
    assert status == 403 and said["error"]["code"] == "approval_self"


def test_a_token_without_a_person_and_a_service_do_not_decide(office, vendor):
    o = office()
    refused(o.agent().charges.create, CHARGE)
    id = o.one()["id"]
    status, said = o.daemon.api("POST", f"/api/v1/approvals/{id}/approve", {})
    assert status == 403 and said["error"]["code"] == "approval_nameless"
    o.person("robot", "approver", service=True)
    status, said = o.say("robot", "approve", id)
    assert status == 403 and said["error"]["code"] == "approval_service"
    o.person("ed", "operator")
    status, said = o.say("ed", "approve", id)
    assert status == 403 and said["error"]["code"] == "role_missing"


def test_an_approver_of_another_tenant_finds_nothing(office, vendor):
    o = office(tenant="acme")
    refused(o.agent().charges.create, CHARGE)
    it = o.one()
    o.person("eve", "approver", tenant="evil")
    assert o.say("eve", "approve", it["id"])[0] == 404
    assert o.daemon.api("GET", "/api/v1/approvals", token=o.person("eve"))[1] == {"approvals": []}
    o.person("ann", "approver", tenant="acme")
    assert o.say("ann", "approve", it["id"])[0] == 200


def test_a_call_that_waits_goes_on_at_once(office, vendor):
    o = office(wait_ms=20000)
    made = []
    t = threading.Thread(target=lambda: made.append(o.agent().charges.create(CHARGE)))
    t.start()
    it = o.one()
    assert o.daemon.get("/api/v1/limits")["limits"] == []  # nothing is held
    began = time.monotonic()
    assert o.say("ann", "approve", it["id"])[0] == 200
    t.join(10)
    assert made and made[0].amount == 2500 and time.monotonic() - began < 5
    call = o.daemon.runs_show("r1")["calls"][0]
    assert call["verdict"] == "permit" and call["rule"] == "big" and call["outcome"] == "settled"
    assert call["approval"]["id"] == it["id"] and call["approval"]["by"] == ["ann"]
    why = o.daemon.cli("why", call["call_id"]).stdout
    assert "ann" in why and it["id"] in why


def test_a_call_that_waits_is_told_after_its_time(office, vendor):
    o = office(wait_ms=300)
    began = time.monotonic()
    e = refused(o.agent(retries=2).charges.create, CHARGE)
    assert code(e) == "approval_pending" and 0.3 <= time.monotonic() - began < 5
    assert len(o.daemon.runs_show("r1")["calls"]) == 1  # not tried again


def test_a_no_is_told_with_its_reason_and_stays(office, vendor):
    o = office(wait_ms=20000)
    told = []
    t = threading.Thread(target=lambda: told.append(refused(o.agent().charges.create, CHARGE)))
    t.start()
    assert o.say("ann", "deny", o.one()["id"], reason="refunded yesterday")[0] == 200
    t.join(10)
    assert code(told[0]) == "approval_denied"
    assert "ann" in told[0].user_message and "refunded yesterday" in told[0].user_message
    o.daemon.restart(kill_9=True)
    assert code(refused(o.agent().charges.create, CHARGE)) == "approval_denied"
    assert o.pending() == [] and n_charges(vendor) == 0


def test_nobody_answers(office, vendor):
    o = office(policy("default", [*OPEN, ASK], approvals={"finance": {"ttl": "1s"}}), wait_ms=20000)
    began = time.monotonic()
    e = refused(o.agent().charges.create, CHARGE)
    assert code(e) == "approval_timeout" and time.monotonic() - began < 10
    o.daemon.apply(policy("default", [*OPEN, ASK], approvals=APPROVALS))
    t = threading.Thread(target=lambda: o.agent().charges.create(CHARGE))
    t.start()
    assert o.say("ann", "approve", o.one()["id"])[0] == 200  # asked anew
    t.join(10)
    assert n_charges(vendor) == 1


def test_two_persons_are_wanted(office, vendor):
    o = office(policy("default", [*OPEN, ASK], approvals={"finance": {"ttl": "30m", "quorum": 2}}))
    refused(o.agent().charges.create, CHARGE)
    id = o.one()["id"]
    assert o.say("ann", "approve", id)[1]["state"] == "pending"
    assert o.say("ann", "approve", id)[1]["error"]["code"] == "approval_twice"
    assert code(refused(o.agent().charges.create, CHARGE)) == "approval_pending"
    o.daemon.restart(kill_9=True)
    assert o.say("bob", "approve", id)[1]["state"] == "approved"
    assert o.agent().charges.create(CHARGE).amount == 2500


def test_of_two_retries_at_once_one_is_made(office, vendor):
    o = office()
    refused(o.agent().charges.create, CHARGE)
    assert o.say("ann", "approve", o.one()["id"])[0] == 200
    told = []

    def retry(i):
        try:
            told.append(o.agent(f"r{i}").charges.create(CHARGE).amount)
        except stripe.PermissionError as e:
            told.append(code(e))

    threads = [threading.Thread(target=retry, args=(i,)) for i in range(8)]
    [t.start() for t in threads]
    [t.join(20) for t in threads]
    assert sorted(map(str, told)) == ["2500"] + ["approval_pending"] * 7 and n_charges(vendor) == 1


def test_a_retry_with_its_idempotency_key_is_the_same_call(office, vendor):
    o = office()
    refused(o.agent().charges.create, CHARGE)
    assert o.say("ann", "approve", o.one()["id"])[0] == 200
    options = {"idempotency_key": "one-key"}
    first = o.agent().charges.create(CHARGE, options=options)
    assert o.agent().charges.create(CHARGE, options=options).id == first.id
    assert n_charges(vendor) == 1 and o.pending() == []


def test_a_forbid_that_came_in_between_wins(office, vendor):
    o = office()
    refused(o.agent().charges.create, CHARGE)
    assert o.say("ann", "approve", o.one()["id"])[0] == 200
    forbid = {"id": "never", "effect": "forbid", "match": {"operation": ["stripe.charges.create"]}}
    o.daemon.apply(policy("default", [*OPEN, ASK, forbid], approvals=APPROVALS))
    assert code(refused(o.agent().charges.create, CHARGE)) == "policy_denied"
    o.daemon.apply(policy("default", [*OPEN, ASK], [usd("day", "20.00")], approvals=APPROVALS))
    assert code(refused(o.agent().charges.create, CHARGE)) == "limit_exceeded"
    assert n_charges(vendor) == 0


def test_a_limit_may_be_passed_with_a_yes_and_counts(office, vendor):
    day = {**usd("day", "30.00"), "on_exceed": "approve", "approval": "finance"}
    o = office(policy("default", OPEN, [day], approvals=APPROVALS))
    assert o.agent().charges.create(CHARGE).amount == 2500
    e = refused(o.agent().charges.create, CHARGE)
    it = o.one()
    assert code(e) == "approval_pending" and 'Limit "day"' in e.user_message and it["asks"] == ["limit day"]
    assert o.say("ann", "approve", it["id"])[0] == 200
    assert o.agent().charges.create(CHARGE).amount == 2500
    bucket = o.daemon.get("/api/v1/limits")["limits"][0]["buckets"][0]
    assert bucket["settled"] == "50.000000000" and bucket["left"] == "0.000000000"
    assert code(refused(o.agent().charges.create, CHARGE)) == "approval_pending"
    assert n_charges(vendor) == 2


def test_a_yes_to_a_rule_passes_no_limit_that_fills_up_later(office, vendor):
    day = {**usd("day", "30.00"), "on_exceed": "approve", "approval": "finance"}
    rules = [*[r for r in OPEN if r["id"] != "pay"], {**permit("small", operation=["stripe.payment_intents.*"])}, ASK]
    o = office(policy("default", rules, [day], approvals=APPROVALS))
    refused(o.agent().charges.create, CHARGE)
    it = o.one()
    assert it["asks"] == ["rule big"] and o.say("ann", "approve", it["id"])[0] == 200
    o.agent().payment_intents.create({"amount": 1000, "currency": "usd", "confirm": True,
                                      "payment_method": "pm_card_visa"})
    e = refused(o.agent().charges.create, CHARGE)
    assert code(e) == "approval_pending" and it["id"] not in e.user_message
    assert o.one()["asks"] == ["limit day", "rule big"] or o.one()["asks"] == ["rule big", "limit day"]
    assert n_charges(vendor) == 0


def test_nothing_sent_gives_the_yes_back(office, vendor):
    o = office()
    refused(o.agent().charges.create, CHARGE)
    assert o.say("ann", "approve", o.one()["id"])[0] == 200
    port = vendor.port
    vendor.stop()
    with pytest.raises(stripe.APIError) as e:
        o.agent().charges.create(CHARGE)
    assert code(e.value) == "upstream_failed"
    o.daemon.restart(kill_9=True)
    it = o.daemon.get("/api/v1/approvals", all=1)["approvals"][0]
    assert it["state"] == "approved" and it["used_by"] is None, it
    assert port


def test_open_questions_of_a_key_are_bounded(office, vendor):
    o = office(limits={"approvals_per_key_max": 2})
    for amount in (100, 101):
        assert code(refused(o.agent().charges.create, {**CHARGE, "amount": amount})) == "approval_pending"
    with pytest.raises(stripe.RateLimitError) as e:
        o.agent().charges.create({**CHARGE, "amount": 102})
    assert "approvals_per_key_max" in e.value.user_message
    assert code(refused(o.agent().charges.create, {**CHARGE, "amount": 100})) == "approval_pending"
    assert o.say("ann", "deny", o.pending()[0]["id"])[0] == 200
    assert code(refused(o.agent().charges.create, {**CHARGE, "amount": 102})) == "approval_pending"


def test_calls_that_wait_are_bounded_by_key(office, vendor):
    o = office(wait_ms=20000, limits={"approval_waits_per_key_max": 1})
    t = threading.Thread(target=lambda: o.agent().charges.create(CHARGE))
    t.start()
    it = o.one()
    began = time.monotonic()
    assert code(refused(o.agent("r2").charges.create, {**CHARGE, "amount": 99})) == "approval_pending"
    assert time.monotonic() - began < 5
    assert o.say("ann", "approve", it["id"])[0] == 200
    t.join(10)
    assert n_charges(vendor) == 1


def test_an_agent_that_leaves_while_it_waits_loses_nothing(office, vendor):
    o = office(wait_ms=20000)
    impatient = stripe.StripeClient(o.key + ".run_r1", base_addresses={"api": o.url}, max_network_retries=0,
                                    http_client=stripe.RequestsClient(timeout=0.5))
    with pytest.raises(stripe.APIConnectionError):
        impatient.v1.charges.create(CHARGE)
    it = o.one()
    assert o.say("ann", "approve", it["id"])[0] == 200
    time.sleep(0.2)
    assert n_charges(vendor) == 0
    assert o.agent().charges.create(CHARGE).amount == 2500 and n_charges(vendor) == 1


def test_a_stopping_daemon_does_not_keep_those_who_wait(office, vendor):
    o = office(wait_ms=20000)
    told = []
    t = threading.Thread(target=lambda: told.append(refused(o.agent().charges.create, CHARGE)))
    t.start()
    o.one()
    began = time.monotonic()
    assert o.daemon.stop() == 0 and time.monotonic() - began < 5
    t.join(10)
    assert code(told[0]) == "approval_pending"
    o.daemon.start()
    assert o.one()["state"] == "pending"


def test_commands_list_approve_and_deny(office, vendor):
    o = office()
    assert "Nothing waits" in o.daemon.cli("approvals", "list").stderr
    refused(o.agent().charges.create, CHARGE)
    it = o.one()
    listed = o.daemon.cli("approvals", "list").stdout
    assert it["id"] in listed and "Agent bot asks for stripe.charges.create, for 25.00 USD, in test mode" in listed
    nameless = o.daemon.cli("approvals", "approve", it["id"])
    assert nameless.returncode == 1 and "flyball admin create NAME --role approver" in nameless.stderr
    ann = {"FLYBALL_TOKEN": o.person("ann")}
    said = o.daemon.cli("approvals", "approve", it["id"], "--note", "ticket 4711", env=ann)
    assert said.returncode == 0 and "Approved: exactly this action may be made once" in said.stderr, said
    again = o.daemon.cli("approvals", "deny", it["id"], "--reason", "x", env=ann)
    assert again.returncode == 1 and "decided already" in again.stderr
    row = o.daemon.json("approvals", "list", "--all")["approvals"][0]
    assert row["state"] == "approved" and row["votes"][0]["note"] == "ticket 4711"
    assert o.daemon.cli("approvals", "deny", "apr_none", env=ann).returncode == 1


def test_every_step_is_an_event_with_a_name(office, vendor):
    o = office()
    refused(o.agent().charges.create, CHARGE)
    it = o.one()
    o.say("ann", "approve", it["id"], note="ticket 4711")
    o.agent().charges.create(CHARGE)
    refused(o.agent().charges.create, CHARGE)
    o.say("ann", "deny", o.one()["id"], reason="enough")
    events = [e for e in o.daemon.get("/api/v1/events")["events"] if e["event"].startswith("approval.")]
    assert [(e["event"], e["by"]) for e in reversed(events)] == [
        ("approval.ask", "bot"), ("approval.approve", "ann"), ("approval.use", "bot"), ("approval.ask", "bot"),
        ("approval.deny", "ann")]


def test_questions_are_counted(office, vendor):
    o = office()
    refused(o.agent().charges.create, CHARGE)
    assert "flyball_approvals_pending 1\n" in o.daemon.get("/metrics")
    o.say("ann", "deny", o.one()["id"])
    assert "flyball_approvals_pending 0\n" in o.daemon.get("/metrics")


def test_an_agent_says_how_long_it_waits(office, vendor):
    o = office(wait_ms=20000)
    for value, least, most in (("0", 0, 3), ("1", 1, 5)):
        began = time.monotonic()
        agent = stripe.StripeClient(o.key, base_addresses={"api": o.url}, max_network_retries=0)
        with pytest.raises(stripe.PermissionError) as e:
            agent.raw_request("post", "/v1/charges", **CHARGE, headers={"x-flyball-wait": value})
        assert code(e.value) == "approval_pending" and least <= time.monotonic() - began < most
    for value in ("soon", "-1", "1.5", ""):
        with pytest.raises(stripe.InvalidRequestError) as e:
            agent.raw_request("post", "/v1/charges", **CHARGE, headers={"x-flyball-wait": value})
        assert "x-flyball-wait" in e.value.user_message
    o.say("ann", "approve", o.one()["id"])
    o.agent().charges.create(CHARGE)
    assert vendor.requests and all(r.header("x-flyball-wait") is None for r in vendor.requests)


@pytest.mark.parametrize("what,value", [("customer", "cus_ann"), ("run", "r1")])
def test_a_question_is_erased_with_whom_it_is_about(office, vendor, what, value):
    o = office()
    charge = {**CHARGE, "customer": "cus_ann"}
    refused(o.agent().charges.create, charge)
    refused(o.agent("r2").charges.create, {**CHARGE, "amount": 99, "customer": "cus_bob"})
    first = next(a for a in o.pending() if a["who"]["customer"] == "cus_ann")
    said = o.daemon.api("POST", "/api/v1/erase", {"what": what, "value": value})
    assert said[0] == 200, said
    assert [a["who"]["customer"] for a in o.pending()] == ["cus_bob"]
    assert "cus_ann" not in json.dumps(o.daemon.get("/api/v1/events"))
    assert "cus_bob" in json.dumps(o.daemon.get("/api/v1/events"))
    assert o.say("ann", "approve", first["id"])[0] == 404
    assert o.daemon.json("audit", "verify")["ok"]
    o.daemon.restart(kill_9=True)
    assert [a["who"]["customer"] for a in o.pending()] == ["cus_bob"]
    files = b"".join(f.read_bytes() for f in o.daemon.dir.rglob("*") if f.is_file())
    assert b"cus_ann" not in files


@pytest.mark.parametrize("what,value,named", [
    ("user", "ann@corp.example", [("x-flyball-user", "ann@corp.example")]),  # claimed, and proven by nobody
    ("user", "olga", [])])  # whose key it is
def test_a_question_that_only_names_somebody_is_erased_too(office, vendor, what, value, named):
    o = office()
    body = "amount=2500&currency=usd&source=tok_visa"
    assert ask(o.daemon.data_port, "POST", "/stripe/v1/charges", o.key, body, headers=named).code == "approval_pending"
    other = o.daemon.key(agent="other", owner="olga2")["key"]
    ask(o.daemon.data_port, "POST", "/stripe/v1/charges", other, body)
    assert len(o.pending()) == 2
    assert o.daemon.api("POST", "/api/v1/erase", {"what": what, "value": value})[0] == 200
    assert [a["action"]["agent"] for a in o.pending()] == ["other"]


# ---- calls to models ----

CHEAP, SMART = "gpt-4o-mini", "gpt-4o"
ASK_SMART = {"id": "smart", "effect": "approve", "approval": "finance", "match": {"model": [f"openai/{SMART}"]}}


@pytest.fixture
def ask_models(make_models):
    """A rig of models where the better model takes a yes, and more than a hundredth of a cent does, too."""
    rig = make_models(limits={"approval_wait_ms": 0})
    day = {**usd("llm-day", "0.000100000", layer=["llm"]), "on_exceed": "approve", "approval": "finance"}
    rig.daemon.apply(policy("default", [permit("cheap", model=[f"openai/{CHEAP}"]), ASK_SMART], [day],
                            approvals=APPROVALS))
    rig.ann = rig.daemon.json("admin", "create", "ann", "--role", "approver")["token"]
    return rig


def yes(rig):
    it = rig.daemon.get("/api/v1/approvals")["approvals"][0]
    assert rig.daemon.api("POST", f"/api/v1/approvals/{it['id']}/approve", {}, token=rig.ann)[0] == 200
    return it


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_to_a_model_waits_for_a_person_and_is_made_once(ask_models, stream):
    rig = ask_models
    c = rig.openai_client(retries=2)
    ask = {"model": SMART, "messages": [{"role": "user", "content": "sim(tokens=5)"}], "max_tokens": 9,
           "stream": stream}
    with pytest.raises(openai.PermissionDeniedError) as e:
        c.chat.completions.create(**ask)
    assert e.value.response.headers["x-flyball-code"] == "approval_pending"
    it = yes(rig)
    assert it["action"]["model"] == SMART and "rule smart" in it["asks"] and "with model gpt-4o" in it["who"]["text"]
    with pytest.raises(openai.PermissionDeniedError):
        c.chat.completions.create(**{**ask, "max_tokens": 10})  # one byte more
    answer = c.chat.completions.create(**ask)
    assert list(answer) if stream else answer.choices
    with pytest.raises(openai.PermissionDeniedError):
        c.chat.completions.create(**ask)
    assert len(rig.openai.exchanges) == 1


def test_a_limit_on_models_may_be_passed_with_a_yes(ask_models):
    rig = ask_models
    c = rig.openai_client()
    ask = {"model": CHEAP, "messages": [{"role": "user", "content": "sim(tokens=5)"}], "max_tokens": 1000}
    with pytest.raises(openai.PermissionDeniedError) as e:
        c.chat.completions.create(**ask)
    assert "llm-day" in str(e.value)
    assert yes(rig)["asks"] == ["limit llm-day"]
    assert c.chat.completions.create(**ask).choices
