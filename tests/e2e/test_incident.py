"""One run as an incident, by one command: what was asked for, what was done, its verdict and why, what it cost."""
import pytest

from flyball import OPEN, policy, usd
from raw import ask

REFUNDS = "/stripe/v1/refunds"
CHARGES = "/stripe/v1/charges"
RUN_CAP = [usd("run-cap", "60.00", by=["run"], window={"run": True})]


@pytest.fixture
def key(daemon):
    daemon.apply(policy("default", OPEN, RUN_CAP))
    return daemon.key(agent="support", tenant="acme")["key"]


def refund(daemon, key, run, charge, amount, *headers):
    return ask(daemon.data_port, "POST", REFUNDS, key, f"charge={charge}&amount={amount}&currency=usd",
               headers=[("x-agent-run-id", run), *headers])


def charge_of(daemon, key, amount=20000):
    r = ask(daemon.data_port, "POST", CHARGES, key + ".run_sales", f"amount={amount}&currency=usd&source=tok_visa")
    return r.json["id"]


def in_order(text, *parts):
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is not behind {text[:at]!r} in\n{text}"
        at = found + len(part)


def test_a_run_shows_verdicts_reasons_and_costs_in_order(daemon, key):
    daemon.apply(policy("default", OPEN))
    charge = charge_of(daemon, key)
    daemon.apply(policy("default", OPEN, RUN_CAP))
    assert refund(daemon, key, "inc-1", charge, 5000, ("x-agent-tool-call-id", "call_1")).status == 200
    assert refund(daemon, key, "inc-1", charge, 8000, ("x-agent-tool-call-id", "call_2")).code == "limit_exceeded"
    text = daemon.cli("runs", "show", "inc-1").stdout
    in_order(text, "inc-1", "agent support", "tenant acme",
             "stripe.refunds.create", "50.00 USD", "<- call_1 (explicit, not seen in this run)", "permit",
             "50.00 USD parsed",
             "stripe.refunds.create", "80.00 USD", "<- call_2", "deny", "limit_exceeded", "run-cap",
             "LAYER", "saas", "stripe", "50.00 USD",
             "limit", "run-cap", "run=acme/support/inc-1", "spent 50.00 USD", "held 0.00 USD", "max 60.00 USD")
    assert "<~" not in text

    shown = daemon.runs_show("inc-1")
    run, calls = shown["run"], shown["calls"]
    assert [c["caused_by"]["how"] for c in calls] == ["explicit", "explicit"]
    assert run["totals"] == [{"layer": "saas", "vendor": "stripe", "calls": 2, "denied": 1, "unknown": 0,
                              "settled": {"usd": "50.000000000", "how": "parsed"},
                              "held": {"usd": "0.000000000", "how": "estimated"}}]
    assert run["tokens"] is None and run["tool_calls"] == 0
    limit, = run["limits"]
    assert (limit["id"], limit["settled"], limit["held"], limit["max"]) == (
        "run-cap", "50.000000000", "0.000000000", "60.000000000")
    why = daemon.cli("why", calls[0]["call_id"]).stdout
    assert "call_1, as the agent says; no model of this run was seen to ask for it" in why


def test_a_dry_run_of_a_refund_carries_nothing_out(daemon, key):
    r = refund(daemon, key, "inc-2", "ch_1", 500, ("x-flyball-dry-run", "true"))
    assert r.status == 200
    call, = daemon.runs_show("inc-2")["calls"]
    assert call["caused_by"] is None
