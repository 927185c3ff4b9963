"""See before you stop: documents that observe; rules, limits and documents in shadow; from the call to the record."""
import datetime

import pytest

from flyball import CAPS, OPEN, policy, usd
from raw import ask

PI, REFUNDS, HOOKS = "/stripe/v1/payment_intents", "/stripe/v1/refunds", "/stripe/v1/webhook_endpoints"
OBSERVE = {"observe": {"vendors": ["stripe"]}}

# The calls of one agent: (method, path, body). CHARGE stands for a charge that the first of them makes.
CALLS = [("POST", PI, "amount=4000&currency=usd&confirm=true&payment_method=pm_card_visa"),
         ("GET", "/stripe/v1/customers", ""),
         ("POST", "/stripe/v1/customers", "email=a%40example.com"),
         ("POST", "/stripe/v1/payouts", "amount=700&currency=usd"),
         ("POST", REFUNDS, "charge=CHARGE&amount=100"),
         ("POST", REFUNDS, "charge=CHARGE&amount=300"),
         ("POST", "/stripe/v1/coupons/nothing/known", "percent_off=10"),
         ("POST", HOOKS, "url=https%3A%2F%2Fexample.com&enabled_events%5B%5D=*")]


def make_calls(d, key, run):
    charge = "ch_none"
    for method, path, body in CALLS:
        answer = ask(d.data_port, method, path, key, body.replace("CHARGE", charge), headers=[("x-agent-run-id", run)])
        if path == PI and answer.status == 200:
            charge = answer.json["latest_charge"]
    d.settle()
    return sorted(d.run_calls(run), key=lambda c: c["seq"])


def verdict_of(v):
    return v["verdict"], v["code"], v["rule"], v["reason"]


def test_a_fresh_agent_with_no_rules_works_untouched_and_authority_is_refused(make_daemon, vendor):
    d = make_daemon(vendor)
    d.apply(policy("default", [], mode=OBSERVE))
    calls = make_calls(d, d.key()["key"], "fresh")
    assert [c["verdict"] for c in calls] == ["permit"] * 7 + ["deny"]
    assert calls[-1]["class"] == "authority" and calls[-1]["status"] == 403 and calls[-1]["shadow"] is None
    assert calls[6]["operation"] == "stripe.unknown"
    for c in calls[:-1]:
        assert c["attempts"] and c["code"] is None and c["rule"] is None
        assert (c["shadow"]["of"], c["shadow"]["verdict"]) == ("observe", "deny"), c
    assert calls[0]["settled"]["usd"] == "40.000000000"


RULES = [{"id": "look", "effect": "permit", "match": {"class": ["read"]}},
         {"id": "people", "effect": "permit", "match": {"operation": ["stripe.customers.*"]}},
         {"id": "pay", "effect": "permit", "match": {"operation": ["stripe.payment_intents.*"]}},
         {"id": "small", "effect": "permit", "match": {"operation": ["stripe.refunds.create"]},
          "when": "params.amount <= 300"},
         {"id": "never", "effect": "forbid", "match": {"operation": ["stripe.payouts.*"]}, "reason": "no cash"}]
LIMITS = [usd("out", "3.50", ["agent"], operation=["stripe.refunds.create"])]


def test_verdicts_on_record_are_those_of_enforcement(make_daemon, vendor):
    """The same calls under enforcement and observed: verdict, code, rule and sentence are the same, but for times and
    what the first calls, now carried out, have spent."""
    d = make_daemon(vendor)
    d.apply(policy("enforced", RULES, LIMITS))
    d.apply(policy("observed", RULES, LIMITS, mode=OBSERVE))
    enforced = make_calls(d, d.key(agent="bot", policy="enforced")["key"], "enforced")
    observed = make_calls(d, d.key(agent="bot", policy="observed")["key"], "observed")
    assert len(enforced) == len(observed) == len(CALLS)
    n_denied = 0
    for e, o in zip(enforced[:-1], observed[:-1]):
        assert o["verdict"] == "permit" and o["attempts"]
        want, got = list(verdict_of(e)), list(verdict_of(o["shadow"]))
        if want[3]:
            want[3] = want[3].replace("policy enforced", "policy observed")
        assert got == want
        n_denied += want[0] == "deny"
    assert n_denied >= 3 and observed[5]["shadow"]["limit"] == "out"
    assert verdict_of(enforced[-1])[:3] == verdict_of(observed[-1])[:3]  # authority: enforced for both


def test_who_looks_whether_all_is_well_sees_observe(make_daemon, vendor):
    d = make_daemon(vendor)
    d.apply(policy("default", [], mode=OBSERVE))
    [one] = d.api("GET", "/readyz")[1]["observe"]
    until = datetime.datetime.fromisoformat(one["until"].replace("Z", "+00:00")[:19] + "+00:00")
    days = (until - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 86400
    assert one["policy"] == "default" and one["vendors"] == "stripe" and 13.9 < days < 14.1
    assert d.health()["observe"] == [one]
    assert "OBSERVE: policy default allows every call of stripe until" in d.cli("doctor").stdout
    [p] = d.api("GET", "/api/v1/policies")[1]["policies"]
    assert p["mode"] == "observe" and p["observe_until"] == one["until"]
    d.restart()
    assert d.health()["observe"] == [one]  # it counts from when it was applied, not from the start
    d.apply(policy("default", []))
    assert d.health()["observe"] == [] and "observe" not in d.api("GET", "/readyz")[1]


def test_what_has_expired_is_enforced(make_daemon, vendor):
    d = make_daemon(vendor)
    d.apply(policy("default", [], mode={"observe": {"vendors": ["stripe"], "until": "2026-01-01T00:00:00Z"}}))
    key = d.key()["key"]
    assert ask(d.data_port, "GET", "/stripe/v1/customers", key).code == "policy_denied"
    assert d.health()["observe"] == []


def test_rules_and_limits_in_shadow_change_nothing_and_are_told(make_daemon, vendor):
    d = make_daemon(vendor)
    d.apply(policy("default", [*OPEN, {"id": "no-customers", "effect": "forbid", "mode": "shadow",
                                       "match": {"operation": ["stripe.customers.create"]}}],
                   [*CAPS, {**usd("tiny", "50.00", ["agent"], operation=["stripe.payment_intents.create"]),
                            "mode": "shadow"}]))
    key = d.key()["key"]
    pay = "amount=4000&currency=usd&confirm=true&payment_method=pm_card_visa"
    assert ask(d.data_port, "POST", "/stripe/v1/customers", key, "email=a%40example.com").status == 200
    assert [ask(d.data_port, "POST", PI, key, pay).status for _ in range(3)] == [200] * 3
    assert ask(d.data_port, "GET", "/stripe/v1/customers", key).status == 200
    d.settle()
    read, *pays, customer = d.calls()
    assert read["shadow"] is None
    assert customer["shadow"]["verdict"] == "deny" and customer["shadow"]["rule"] == "no-customers"
    assert [p["shadow"]["verdict"] for p in pays] == ["deny", "deny", "permit"]  # newest first
    assert all(p["shadow"]["policy"] == p["policy"] for p in pays)
    assert pays[0]["shadow"]["limit"] == "tiny" and "is 50.00 USD a day" in pays[0]["shadow"]["reason"]
    [limit] = [x for x in pays[0]["limits"] if x["id"] == "tiny"]
    assert limit["shadow"] is True and limit["before"] == 80 * 10**9  # it counts all the same
    assert "IN SHADOW" in d.cli("calls").stdout
    assert "In shadow: it would be refused" in d.cli("why", pays[0]["call_id"]).stdout


def test_a_document_in_shadow_stands_beside_the_one_in_force(make_daemon, vendor):
    d = make_daemon(vendor)
    d.apply(policy("default", [RULES[0]]))
    d.apply(policy("default", [RULES[1]], mode="shadow"))
    key = d.key()["key"]
    for restarted in (False, True):
        if restarted:
            d.restart()
        assert ask(d.data_port, "GET", "/stripe/v1/charges", key).status == 200
        assert ask(d.data_port, "POST", "/stripe/v1/customers", key, "name=a").code == "policy_denied"
        d.settle()
        write, read = d.calls("--limit", "2")
        assert (read["verdict"], read["shadow"]["verdict"], read["shadow"]["of"]) == ("permit", "deny", "document")
        assert (write["verdict"], write["shadow"]["verdict"]) == ("deny", "permit")
        [p] = d.api("GET", "/api/v1/policies")[1]["policies"]
        assert p["mode"] == "enforce" and p["shadow"]["digest"] == write["shadow"]["policy"]
    d.apply(policy("default", [RULES[1]]))  # what was in shadow is in force now
    assert ask(d.data_port, "POST", "/stripe/v1/customers", key, "name=a").status == 200
    assert d.api("GET", "/api/v1/policies")[1]["policies"][0]["shadow"] is None
    d.settle()
    assert d.calls("--limit", "1")[0]["shadow"] is None


def test_a_document_in_shadow_beside_nothing_permits_nothing(make_daemon, vendor):
    d = make_daemon(vendor)
    d.apply(policy("default", OPEN, mode="shadow"))
    assert ask(d.data_port, "GET", "/stripe/v1/charges", d.key()["key"]).code == "policy_denied"
    d.settle()
    assert d.calls()[0]["shadow"]["verdict"] == "permit"


@pytest.mark.parametrize("mode", ["shadw", "observe", {"observe": {}}])
def test_other_modes_are_refused(make_daemon, vendor, mode):
    d = make_daemon(vendor)
    (d.root / "p.yaml").write_text(policy("default", [], mode=mode))
    assert d.cli("policy", "apply", str(d.root / "p.yaml")).returncode == 1
