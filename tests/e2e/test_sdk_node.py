"""The official Stripe SDK for Node, unmodified. It cannot send a path prefix: requests reach us as /v1/..., and are
told by their operation."""
import json
import re
import subprocess
from pathlib import Path

import pytest

from flyball import OPEN, policy
from test_sdk_python import MADE_ID, without_tag
from vendor import Vendor, declines, drop_after_commit

SCRIPT = Path(__file__).parent / "node" / "calls.mjs"

WORK = [
    [
        "customers.create",
        {"email": "zoë@example.com", "name": "Zoë & Söhne [x]", "metadata": {"order no": "1 2"}},
        {"idempotencyKey": "n0"},
    ],
    ["customers.update", "$0.id", {"name": "Zoë"}, {"idempotencyKey": "n1"}],
    [
        "paymentIntents.create",
        {
            "amount": 1250,
            "currency": "usd",
            "confirm": True,
            "customer": "$0.id",
            "payment_method": "pm_card_visa",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        },
        {"idempotencyKey": "n2"},
    ],
    [
        "paymentIntents.create",
        {"amount": 900, "currency": "usd", "confirm": True, "capture_method": "manual"},
        {"idempotencyKey": "n3"},
    ],
    ["paymentIntents.capture", "$3.id", {"amount_to_capture": 700}, {"idempotencyKey": "n4"}],
    ["paymentIntents.create", {"amount": 300, "currency": "usd"}, {"idempotencyKey": "n5"}],
    ["paymentIntents.cancel", "$5.id", {}, {"idempotencyKey": "n6"}],
    ["charges.create", {"amount": 800, "currency": "usd", "source": "tok_visa"}, {"idempotencyKey": "n7"}],
    ["refunds.create", {"charge": "$7.id", "amount": 300}, {"idempotencyKey": "n8"}],
    ["refunds.create", {"payment_intent": "$2.id"}, {"idempotencyKey": "n9"}],
    ["charges.retrieve", "$7.id"],
    ["charges.list", {"limit": 2}],
    ["balance.retrieve"],
    ["charges.retrieve", "ch_nosuch"],
    ["customers.del", "$0.id"],
]


@pytest.fixture
def run_node(node):
    def run(key, port, steps, retries=0, client="node"):
        job = {"key": key, "host": "127.0.0.1", "port": port, "retries": retries, "client": client, "steps": steps}
        done = subprocess.run([node, str(SCRIPT)], input=json.dumps(job), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert len(told) == len(steps)
        return told
    return run


def values(told):
    """What the SDK gave, in the order of its bytes: JSON.stringify keeps it."""
    return [json.dumps(t.get("value") or {k: v for k, v in t["error"].items() if k != "headers"}) for t in told]


@pytest.mark.parametrize("additions", [False, True], ids=["additions_off", "additions_on"])
@pytest.mark.parametrize("client", ["node", "fetch"])
def test_answers_equal_the_direct_ones(make_daemon, vendor, run_node, additions, client):
    other = Vendor().start()
    try:
        d = make_daemon(vendor, additions=additions)
        d.apply(policy("default", OPEN))
        expected = run_node("sk_test_direct", other.port, WORK, client=client)
        got = run_node("sk_test_" + d.key()["key"], d.data_port, WORK, client=client)
        assert [without_tag(v) for v in values(got)] == values(expected)
        assert ("flyball_tag" in json.dumps(got)) == additions
        if not additions:
            assert [(r.target, r.form) for r in vendor.posts()] == [(r.target, r.form) for r in other.posts()]
        assert vendor.book.effects == other.book.effects
    finally:
        other.stop()
    d.settle()


def test_stripe_mock_answers_through_us(make_daemon, stripe_mock, run_node):
    d = make_daemon(stripe_mock, additions=False)
    d.apply(policy("default", OPEN))
    steps = [
        ["customers.create", {"email": "a@example.com"}],
        ["charges.create", {"amount": 100, "currency": "usd", "source": "tok_visa"}],
        ["refunds.create", {"charge": "ch_123", "amount": 50}],
        ["paymentIntents.create", {"amount": 1000, "currency": "usd"}],
        ["paymentIntents.capture", "pi_123"],
        ["balance.retrieve"],
        ["charges.list", {"limit": 3}],
    ]
    expected = run_node("sk_test_123", stripe_mock, steps)
    got = run_node(d.key()["key"], d.data_port, steps)

    def shape(told):
        return [MADE_ID.sub(r"\1_x", v) for v in values(told)]

    assert shape(got) == shape(expected)
    assert [c["verdict"] for c in d.calls()] == ["permit"] * len(steps)


def test_async_lists_page_through(daemon, key, run_node):
    steps = [["customers.create", {"name": f"n{i}"}] for i in range(5)] + [["customers.all", {"limit": 2}]]
    told = run_node(key, daemon.data_port, steps)
    assert told[-1]["values"] == [t["value"]["id"] for t in told[:5]][::-1]


def test_refusals_are_the_sdks_own_errors_and_are_tried_once(daemon, vendor, run_node):
    made = daemon.key(limit="usd=10/day")
    k = made["key"]

    def one(step, run, presented=None):
        told, = run_node((presented or k) + f".run_{run}", daemon.data_port, [step], retries=3)
        calls = daemon.run_calls(run)
        assert len(calls) == 1, f"the SDK tried {len(calls)} times"
        assert calls[0]["call_id"] in told["error"]["message"]
        assert told["error"]["headers"]["x-flyball-code"] == told["error"]["code"] == calls[0]["code"]
        return told["error"]

    charge = ["charges.create", {"amount": 1001, "currency": "usd", "source": "tok_visa"}]
    e = one(charge, "limit")
    assert (e["class"], e["status"], e["code"]) == ("StripePermissionError", 403, "limit_exceeded")
    assert made["id"] in e["message"] and re.search(r"\b10(\.00)? USD a day", e["message"])
    assert re.search(r"\b0(\.00)? spent", e["message"]) and "asks 10.01. Ask for less" in e["message"]
    assert re.search(r"resets at \d{4}-\d\d-\d\dT00:00:00Z", e["message"])
    assert e["headers"]["stripe-should-retry"] == "false"

    e = one(["payouts.create", {"amount": 100, "currency": "usd"}], "payout")
    assert (e["class"], e["status"], e["code"]) == ("StripePermissionError", 403, "policy_denied")
    assert "stripe.payouts.create" in e["message"]

    e = one(["charges.create", {"amount": 10, "currency": "jpy", "source": "tok_visa"}], "yen")
    assert (e["class"], e["status"], e["code"]) == ("StripePermissionError", 403, "cost_unknown")

    e = one(["charges.create", {"amount": "1e3", "currency": "usd", "source": "tok_visa"}], "exponent")
    assert (e["class"], e["status"], e["code"]) == ("StripeInvalidRequestError", 400, "request_invalid")

    none = daemon.key(limit="requests=0/day")["key"]
    e = one(charge, "rate", none)
    assert (e["class"], e["status"], e["code"]) == ("StripeRateLimitError", 429, "rate_limited")
    assert int(e["headers"]["retry-after"]) >= 1

    assert daemon.cli("revoke", made["id"]).returncode == 0
    e = one(charge, "gone")
    assert (e["class"], e["status"], e["code"]) == ("StripeAuthenticationError", 401, "key_revoked")
    assert not vendor.requests


def test_a_declined_card_stays_a_card_error(daemon, key, vendor, run_node):
    vendor.plan(declines, path="/v1/charges")
    (told,) = run_node(
        key + ".run_card", daemon.data_port, [["charges.create", {"amount": 100, "currency": "usd"}]], retries=2
    )
    assert told["error"]["class"] == "StripeCardError" and told["error"]["code"] == "card_declined"
    assert [c["outcome"] for c in daemon.run_calls("card")] == ["released"]


def test_the_sdks_own_retry_after_a_drop_charges_once_and_holds_once(daemon, key, vendor, run_node):
    vendor.plan(drop_after_commit, path="/v1/charges")
    (told,) = run_node(
        key + ".run_drop", daemon.data_port, [["charges.create", {"amount": 700, "currency": "usd"}]], retries=2
    )
    assert told["value"]["amount"] == 700
    assert vendor.book.effects == [("charge", 700)]
    first, second = daemon.run_calls("drop")
    assert (
        second["shares"] == first["call_id"]
        and first["outcome"] == "settled"
        and first["resolved_by"] == second["call_id"]
    )
    assert list(daemon.buckets("in-day").values()) == [("7.000000000", "0.000000000")]
    assert daemon.unknown() == []
    daemon.settle()
