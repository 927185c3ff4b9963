"""What the vendor does after we sent a call, and what becomes of the hold: settled, released, or unknown and still
held.

The rule behind all of it: released only on proof that nothing moved, a complete answer passes as it is, anything else
after the first byte left is `outcome_unknown`, listed until it is known.
"""
import threading
import time

import pytest
import stripe

import vendor as v
from flyball import CAPS, OPEN, permit, policy
from raw import Cut, Reader, ask, connect, request
from test_sdk_python import client, refused

FAST = {"first_byte_timeout_ms": 250, "idle_timeout_ms": 250, "connect_timeout_ms": 1000}
CHARGE = "amount=700&currency=usd&source=tok_visa"


@pytest.fixture
def fast(make_daemon, vendor):
    d = make_daemon(vendor, limits=FAST)
    d.apply(policy("default", OPEN, CAPS))
    return d


@pytest.fixture
def fast_key(fast):
    return fast.key()["key"]


def money(daemon, limit="in-day"):
    """(settled, held) of the one bucket of that limit."""
    found = list(daemon.buckets(limit).values())
    return found[0] if found else ("0.000000000", "0.000000000")


def charge(d, key, run="r", idempotency=None, body=CHARGE):
    return ask(d.data_port, "POST", "/stripe/v1/charges", f"{key}.run_{run}", body, idempotency=idempotency)


# ---- sent, and no complete answer: unknown ---------------------------------------------------------------------------

LOST = {
    "drop_after_commit": (v.drop_after_commit, 502),
    "reset_after_commit": (v.abort_after_commit, 502),
    "gone_before_it_did_anything": (v.drop_unread, 502),
    "cut_in_head": (v.cut_in_head, 502),
    "cut_in_body": (v.cut_in_body, 502),
    "cut_in_chunks": (v.cut_in_chunks, 502),
    "a_500_cut_in_body": (v.error_cut_in_body, 502),
    "never_answers": (v.never, 504),
    "stalls_in_body": (v.stall_in_body, 504),
    "garbage": (v.garbage, 502),
    "two_lengths": (v.two_lengths, 502),
    "length_and_chunked": (v.length_and_chunked, 502),
    "bad_chunk": (v.bad_chunk, 502),
    "chunk_extension": (v.chunk_extension, 502),
    "folded_head": (v.folded_head, 502),
    "head_larger_than_its_limit": (v.huge_head(100_000), 502),
    "body_larger_than_its_limit": (v.huge_body(9_000_000), 502),
}


@pytest.mark.parametrize("has_key", [True, False], ids=["with_key", "without_key"])
@pytest.mark.parametrize("name", LOST)
def test_an_incomplete_answer_is_outcome_unknown_and_stays_held(fast, fast_key, vendor, name, has_key):
    behaviour, status = LOST[name]
    vendor.plan(behaviour, path="/v1/charges")
    r = charge(fast, fast_key, idempotency="k1" if has_key else None)
    assert (r.status, r.code) == (status, "outcome_unknown"), r.body
    assert (
        r.json["error"]["code"] == "outcome_unknown"
        and r.call_id in r.message
        and "flyball calls --unknown" in r.message
    )
    # A retry is safe exactly when the agent sent a key that the vendor honours.
    assert r.header("x-should-retry") == r.header("stripe-should-retry") == (None if has_key else "false")
    assert r.header("x-flyball-cost-usd") is None

    it, = fast.run_calls("r")
    assert it["outcome"] == "unknown" and it["verdict"] == "permit" and it["code"] == "outcome_unknown"
    assert it["settled"] is None and it["held"] == {"usd": "7.000000000", "how": "estimated"} and it["status"] == status
    assert it["error"] and it["ended_at"]
    assert [c["call_id"] for c in fast.unknown()] == [r.call_id]
    assert money(fast) == ("0.000000000", "7.000000000")
    assert fast.health()["unknown_outcomes"] == 1
    fast.settle()
    assert len(vendor.posts()) == 1, "sent again without being asked"


@pytest.mark.parametrize("kill_9", [False, True], ids=["SIGTERM", "kill_9"])
def test_an_unknown_outcome_survives_a_restart_and_is_resolved_by_a_retry_with_its_key(fast, fast_key, vendor, kill_9):
    vendor.plan(v.drop_after_commit, path="/v1/charges")
    lost = charge(fast, fast_key, "lost", "key-1")
    fast.restart(kill_9)
    assert [c["call_id"] for c in fast.unknown()] == [lost.call_id]
    assert money(fast) == ("0.000000000", "7.000000000")
    again = charge(fast, fast_key, "again", "key-1")
    assert again.status == 200 and again.header("idempotent-replayed") == "true"
    assert vendor.book.effects == [("charge", 700)]
    assert money(fast) == ("7.000000000", "0.000000000")
    assert fast.unknown() == []
    first, = fast.run_calls("lost")
    second, = fast.run_calls("again")
    assert (first["outcome"], first["settled"]) == ("settled", {"usd": "7.000000000", "how": "parsed"})
    assert first["resolved_by"] == again.call_id and second["shares"] == lost.call_id
    assert first["status"] == 502, "what the agent was told stays on record"
    fast.settle()


def test_a_retry_with_the_key_and_another_body_is_a_call_of_its_own(fast, fast_key, vendor):
    vendor.plan(v.drop_after_commit, path="/v1/charges")
    charge(fast, fast_key, "a", "key-1")
    r = charge(fast, fast_key, "b", "key-1", CHARGE + "&description=other")
    assert r.status == 400 and r.json["error"]["type"] == "idempotency_error", "the vendor's own error"
    assert money(fast) == ("0.000000000", "7.000000000")
    assert fast.run_calls("b")[0]["shares"] is None and fast.run_calls("b")[0]["outcome"] == "released"
    assert len(fast.unknown()) == 1


def test_a_call_in_flight_at_kill_9_is_unknown_afterwards(daemon, key, vendor):
    vendor.plan(v.never, path="/v1/charges")
    s = connect(daemon.data_port)
    s.sendall(request("POST", "/stripe/v1/charges", key + ".run_cut", CHARGE, idempotency="k"))
    vendor.wait_for(1)
    daemon.restart(kill_9=True)
    s.close()
    it, = daemon.unknown()
    assert it["run_id"] == "cut" and it["held"]["usd"] == "7.000000000"
    assert money(daemon) == ("0.000000000", "7.000000000")
    assert daemon.cli("audit", "verify").returncode == 0
    daemon.settle()


def test_unknown_calls_count_against_the_limit(fast, vendor):
    key = fast.key(limit="usd=10/day")["key"]
    vendor.plan(v.drop_after_commit, path="/v1/charges")
    assert charge(fast, key).code == "outcome_unknown"
    r = charge(fast, key)
    assert (r.status, r.code) == (403, "limit_exceeded") and "7.00 held" in r.message
    assert charge(fast, key, body="amount=300&currency=usd").status == 200


# ---- the SDK's own retries -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["drop_after_commit", "cut_in_body", "never_answers", "garbage"])
def test_the_sdks_own_retry_neither_holds_nor_charges_twice(fast, fast_key, vendor, name):
    vendor.plan(LOST[name][0], path="/v1/charges")
    c = client(fast_key + ".run_sdk", f"{fast.ready['data']}/stripe", retries=2).v1
    ch = c.charges.create({"amount": 700, "currency": "usd", "source": "tok_visa"})
    assert ch.amount == 700 and vendor.book.effects == [("charge", 700)]
    first, second = fast.run_calls("sdk")
    assert first["idempotency_key"] == second["idempotency_key"] and second["shares"] == first["call_id"]
    assert second["held"] == {"usd": "0.000000000", "how": "estimated"} or second["held"] is None
    assert first["outcome"] == "settled" and first["resolved_by"] == second["call_id"]
    assert money(fast) == ("7.000000000", "0.000000000")
    assert fast.unknown() == []
    fast.settle()


def test_retries_in_a_row_that_all_fail_hold_once(fast, fast_key, vendor):
    vendor.plan(v.drop_after_commit, path="/v1/charges", times=3)
    for _ in range(3):
        assert charge(fast, fast_key, idempotency="same").code == "outcome_unknown"
    assert money(fast) == ("0.000000000", "7.000000000")
    assert [c["outcome"] for c in fast.run_calls("r")][0] == "unknown"
    assert charge(fast, fast_key, idempotency="same").status == 200
    assert money(fast) == ("7.000000000", "0.000000000")
    assert vendor.book.effects == [("charge", 700)]
    fast.settle()


def test_two_retries_at_once_resolve_the_unknown_call(daemon, key, vendor):
    vendor.plan(v.drop_after_commit, path="/v1/charges")
    lost = charge(daemon, key, "lost", "k")
    vendor.plan(v.delay(0.2), path="/v1/charges", times=2)
    socks = [connect(daemon.data_port) for _ in range(2)]
    for i, s in enumerate(socks):
        s.sendall(request("POST", "/stripe/v1/charges", f"{key}.run_again{i}", CHARGE, idempotency="k"))
    vendor.wait_for(3)
    assert [Reader(s).response().status for s in socks] == [200, 200]
    for s in socks:
        s.close()
    assert daemon.call(lost.call_id)["outcome"] == "settled" and daemon.unknown() == []
    assert money(daemon) == ("7.000000000", "0.000000000") and vendor.book.effects == [("charge", 700)]
    assert daemon.health()["unknown_outcomes"] == 0
    assert daemon.json("doctor")["ok"] is True


def test_a_second_request_with_the_key_while_the_first_is_in_flight_shares_its_hold(daemon, key, vendor):
    vendor.plan(v.delay(0.4), path="/v1/charges")
    with connect(daemon.data_port) as s:
        s.sendall(request("POST", "/stripe/v1/charges", key + ".run_a", CHARGE, idempotency="k"))
        vendor.wait_for(1)
        assert money(daemon) == ("0.000000000", "7.000000000")
        second = charge(daemon, key, "b", "k")
        first = Reader(s).response()
    assert first.status == second.status == 200 and first.json["id"] == second.json["id"]
    assert money(daemon) == ("7.000000000", "0.000000000")
    assert daemon.run_calls("b")[0]["shares"] == first.call_id
    assert vendor.book.effects == [("charge", 700)]
    daemon.settle()


# ---- a complete answer passes as it is -------------------------------------------------------------------------------


def test_a_complete_500_passes_unchanged_and_stays_held(fast, fast_key, vendor):
    vendor.plan(v.error_after_commit, path="/v1/charges")
    r = charge(fast, fast_key, idempotency="k")
    assert r.status == 500 and r.body == vendor.book.answers[-1].body and r.code is None
    assert r.header("stripe-should-retry") is None and r.header("x-should-retry") is None
    it, = fast.run_calls("r")
    assert it["outcome"] == "unknown" and it["code"] is None and it["status"] == 500 and it["settled"] is None
    assert [c["call_id"] for c in fast.unknown()] == [r.call_id]
    assert money(fast) == ("0.000000000", "7.000000000")
    # The vendor replays its answer; when it once says what happened, that settles the first call too.
    assert charge(fast, fast_key, "later", "k").status == 200
    assert money(fast) == ("7.000000000", "0.000000000") and fast.unknown() == []
    fast.settle()


def test_a_complete_500_raises_the_sdks_api_error(fast, fast_key, vendor):
    vendor.plan(v.error_after_commit, path="/v1/charges", times=-1)
    c = client(fast_key + ".run_api", f"{fast.ready['data']}/stripe", retries=1).v1
    e = refused(c.charges.create, {"amount": 700, "currency": "usd", "source": "tok_visa"})
    assert type(e) is stripe.APIError and e.http_status == 500 and "Sorry, something broke" in e.user_message
    assert len(fast.run_calls("api")) == 2, "the SDK's own retry"
    assert vendor.book.effects == [("charge", 700)]
    assert money(fast) == ("0.000000000", "7.000000000")


COMPLETE = {
    "declined": (v.declines, 402, "released"),
    "invalid": (v.says(400, {"error": {"type": "invalid_request_error", "message": "no"}}), 400, "released"),
    "not_found": (v.says(404, {"error": {"type": "invalid_request_error", "message": "no"}}), 404, "released"),
    "conflict": (
        v.says(409, {"error": {"type": "api_error", "code": "lock_timeout", "message": "locked"}}),
        409,
        "released",
    ),
    "rate_limit": (
        v.says(429, {"error": {"type": "api_error", "code": "rate_limit", "message": "slow"}}),
        429,
        "released",
    ),
    "bad_gateway_page": (v.says(502, b"<html>bad gateway</html>", [("Content-Type", "text/html")]), 502, "unknown"),
    "failed_dependency": (v.says(424, {"error": {"type": "api_error", "message": "x"}}), 424, "unknown"),
    "redirect": (v.says(302, b"", [("Location", "http://127.0.0.1:1/")]), 302, "unknown"),
    "no_json": (v.garbage_body, 200, "unknown"),
    "other_currency": (v.other_currency("eur"), 200, "unknown"),
    "amount_as_text": (v.with_field("amount", "700"), 200, "unknown"),
    "negative_amount": (v.with_field("amount", -700), 200, "unknown"),
    "huge_amount": (v.with_field("amount", 10**30), 200, "unknown"),
    "no_amount": (v.with_field("amount", None), 200, "unknown"),
    "strange_status": (v.with_field("status", "on_the_moon"), 200, "unknown"),
    "failed": (v.with_field("status", "failed"), 200, "released"),
    "in_odd_chunks": (v.chunked, 200, "settled"),
    "byte_by_byte": (v.slow_bytes, 200, "settled"),
    "after_1xx": (v.informed, 200, "settled"),
    "ended_by_close": (v.until_close, 200, "settled"),
    "then_closes": (v.answer_and_close, 200, "settled"),
}


@pytest.mark.parametrize("name", COMPLETE)
def test_a_complete_answer_passes_unchanged_and_decides_the_hold(fast, fast_key, vendor, name):
    behaviour, status, outcome = COMPLETE[name]
    vendor.plan(behaviour, path="/v1/charges")
    r = charge(fast, fast_key, idempotency="k")
    assert r.status == status and r.code is None and "x-should-retry" not in r.names()
    if vendor.book.answers:
        assert r.body == vendor.book.answers[-1].body
    it, = fast.run_calls("r")
    assert it["outcome"] == outcome and it["status"] == status and it["verdict"] == "permit"
    expected = {"settled": ("7.000000000", "0.000000000"), "released": ("0.000000000", "0.000000000"),
                "unknown": ("0.000000000", "7.000000000")}
    assert money(fast) == expected[outcome]
    assert len(fast.unknown()) == (outcome == "unknown")
    assert (it["settled"] is None) == (outcome == "unknown")
    fast.settle()
    assert ask(fast.data_port, "GET", "/stripe/v1/balance", fast_key).status == 200, "the next call is well"


def test_early_hints_pass_without_our_secret_and_without_names_of_ours(fast, fast_key, vendor):
    vendor.plan(v.informed_echo, path="/v1/charges")
    r = charge(fast, fast_key)
    hints, final = r.raw.split(b"\r\n\r\n")[:2]
    assert hints.startswith(b"HTTP/1.1 103 ") and final.startswith(b"HTTP/1.1 200 ")
    sent = vendor.requests[-1].header("authorization")
    secret = sent.split(" ", 1)[1].encode()
    assert len(secret) >= 8 and secret not in r.raw and b"Link: </Bearer " + b"*" * len(secret) + b">" in hints
    assert b"a-lie" not in r.raw


def test_what_costs_more_than_was_held_is_booked_and_marked(fast, fast_key, vendor):
    vendor.plan(v.with_field("amount", 900), path="/v1/charges")
    assert charge(fast, fast_key).status == 200
    it, = fast.run_calls("r")
    assert it["overrun"] is True and it["settled"]["usd"] == "9.000000000" and it["held"]["usd"] == "7.000000000"
    assert money(fast) == ("9.000000000", "0.000000000")


def test_what_costs_less_gives_the_rest_back(fast, fast_key, vendor):
    vendor.plan(v.with_field("amount", 100), path="/v1/charges")
    assert charge(fast, fast_key).header("x-flyball-cost-usd") == "1.000000000"
    assert fast.run_calls("r")[0]["overrun"] is False
    assert money(fast) == ("1.000000000", "0.000000000")


@pytest.mark.parametrize("status,outcome", [("requires_action", "unknown"), ("processing", "unknown"),
                                            ("requires_capture", "released"), ("canceled", "released"),
                                            ("requires_payment_method", "released"), ("", "unknown")])
def test_a_payment_intents_status_decides(fast, fast_key, vendor, status, outcome):
    vendor.plan(v.with_field("status", status), path="/v1/payment_intents")
    r = ask(
        fast.data_port,
        "POST",
        "/stripe/v1/payment_intents",
        fast_key + ".run_pi",
        "amount=700&currency=usd&confirm=true",
    )
    assert r.status == 200 and fast.run_calls("pi")[0]["outcome"] == outcome
    assert money(fast)[1] == ("7.000000000" if outcome == "unknown" else "0.000000000")


# ---- nothing was sent ------------------------------------------------------------------------------------------------


def test_a_refused_connection_is_upstream_failed_released_and_may_be_retried(fast, fast_key, vendor):
    vendor.stop()
    r = charge(fast, fast_key, idempotency="k")
    assert (r.status, r.code) == (502, "upstream_failed") and "nothing was sent" in r.message
    assert r.header("x-should-retry") is None and r.header("stripe-should-retry") is None
    it, = fast.run_calls("r")
    assert it["outcome"] == "released" and it["attempts"][0].get("status") is None and it["attempts"][0]["error"]
    assert money(fast) == ("0.000000000", "0.000000000") and fast.unknown() == []
    fast.settle()


def test_the_sdk_retries_what_was_not_sent_until_the_vendor_is_back(fast, fast_key, vendor):
    port = vendor.port
    vendor.stop()
    back = v.Vendor()
    c = client(fast_key + ".run_back", f"{fast.ready['data']}/stripe", retries=3).v1
    timer = threading.Timer(0.3, lambda: back.start(port))
    timer.start()
    try:
        assert c.charges.create({"amount": 700, "currency": "usd", "source": "tok_visa"}).amount == 700
        calls = fast.run_calls("back")
        assert [x["outcome"] for x in calls] == ["released"] * (len(calls) - 1) + ["settled"] and len(calls) > 1
        assert money(fast) == ("7.000000000", "0.000000000") and back.book.effects == [("charge", 700)]
    finally:
        timer.join()
        back.stop()
    fast.settle()


def test_a_vendor_that_went_away_while_its_connection_was_kept_is_upstream_failed(fast, fast_key, vendor):
    assert charge(fast, fast_key, "warm").status == 200
    vendor.stop()
    time.sleep(0.05)
    r = charge(fast, fast_key)
    assert (r.status, r.code) == (502, "upstream_failed")
    assert fast.run_calls("r")[0]["outcome"] == "released"
    assert money(fast) == ("7.000000000", "0.000000000")


def test_a_kept_connection_that_the_vendor_closed_is_replaced_unseen(fast, fast_key, vendor):
    assert charge(fast, fast_key, "one").status == 200
    vendor.close_idle()
    time.sleep(0.05)
    assert charge(fast, fast_key, "two").status == 200
    assert vendor.n_connections == 2 and vendor.book.count("charge") == 2
    assert [len(fast.run_calls(r)) for r in ("one", "two")] == [1, 1]


def test_connections_to_the_vendor_are_kept(daemon, key, vendor):
    with connect(daemon.data_port) as s:
        for _ in range(10):
            s.sendall(request("GET", "/stripe/v1/balance", key))
            assert Reader(s).response().status == 200
    assert vendor.n_connections == 1


# ---- look-ups --------------------------------------------------------------------------------------------------------


def refund(d, key, body, run="r"):
    return ask(d.data_port, "POST", "/stripe/v1/refunds", f"{key}.run_{run}", body)


def test_a_refund_without_amount_looks_up_what_is_left(fast, fast_key, vendor):
    made = charge(fast, fast_key, "c").json
    assert refund(fast, fast_key, f"charge={made['id']}&amount=200&currency=usd", "a").status == 200
    assert [r.method for r in vendor.requests] == ["POST", "POST"], "a refund with amount and currency makes no look-up"
    assert refund(fast, fast_key, f"charge={made['id']}", "b").json["amount"] == 500
    it, = fast.run_calls("b")
    assert it["predicted"]["usd"] == "5.000000000"
    assert [(a["kind"], a["method"], a["path"]) for a in it["attempts"]] == [
        ("lookup", "GET", "/v1/charges/{charge}"), ("forward", "POST", "/v1/refunds")]
    assert money(fast, "out-day") == ("7.000000000", "0.000000000")


@pytest.mark.parametrize("name", ["drop_unread", "never", "garbage_body", "other", "gone"])
def test_a_look_up_that_fails_leaves_the_cost_unknown_and_sends_nothing(make_daemon, vendor, name):
    d = make_daemon(vendor, limits={"lookup_timeout_ms": 250})
    d.apply(policy("default", OPEN, CAPS))
    key = d.key()["key"]
    made = charge(d, key, "c").json
    behaviours = {"drop_unread": v.drop_unread, "never": v.never, "garbage_body": v.garbage_body,
                  "other": v.with_field("amount", "x"), "gone": v.says(404, {"error": {"message": "no"}})}
    vendor.plan(behaviours[name], method="GET", times=-1)
    vendor.requests.clear()
    r = refund(d, key, f"charge={made['id']}")
    assert (r.status, r.code) == (403, "cost_unknown"), r.body
    assert vendor.posts() == [] and vendor.book.count("refund") == 0
    it, = d.run_calls("r")
    assert it["outcome"] == "none" and [a["kind"] for a in it["attempts"]] == ["lookup"], "the look-up is on record"
    d.settle()


def test_what_no_rule_permits_is_denied_without_a_look_up(daemon, vendor):
    daemon.apply(policy("reader", [permit("look", **{"class": ["read"]})], CAPS))
    key = daemon.key(policy="reader")["key"]
    assert refund(daemon, key, "charge=ch_1").code == "policy_denied"
    assert not vendor.requests


# ---- reads: streamed, and nothing to lose ----------------------------------------------------------------------------


def read(d, key, run="r"):
    return ask(d.data_port, "GET", "/stripe/v1/balance", f"{key}.run_{run}")


@pytest.mark.parametrize(
    "name,status,code",
    [
        ("drop_unread", 502, "upstream_failed"),
        ("never", 504, "upstream_timeout"),
        ("garbage", 502, "upstream_failed"),
        ("two_lengths", 502, "upstream_failed"),
    ],
)
def test_a_read_without_answer_is_upstream_failed(fast, fast_key, vendor, name, status, code):
    vendor.plan(getattr(v, name), method="GET", times=-1)
    r = read(fast, fast_key)
    assert (r.status, r.code) == (status, code)
    it, = fast.run_calls("r")
    assert it["outcome"] == "none" and it["code"] == code and fast.unknown() == []
    fast.settle()


@pytest.mark.parametrize("name", ["cut_in_body", "cut_in_chunks", "stall_in_body"])
def test_a_read_cut_in_its_body_is_cut_for_the_agent_too(fast, fast_key, vendor, name):
    """Never a short answer that looks whole."""
    vendor.plan(getattr(v, name), method="GET", times=-1)
    with pytest.raises(Cut):
        read(fast, fast_key)
    it, = fast.run_calls("r")
    assert it["stream_end"] == "cut" and it["outcome"] == "none"
    fast.settle()


@pytest.mark.parametrize("name", ["chunked", "slow_bytes", "informed", "until_close", "answer_and_close"])
def test_a_read_in_odd_framing_arrives_whole(fast, fast_key, vendor, name):
    vendor.plan(getattr(v, name), method="GET")
    r = read(fast, fast_key)
    assert r.status == 200 and r.json["object"] == "balance"
    assert fast.run_calls("r")[0]["stream_end"] == "complete"


def test_a_large_list_streams_through_a_small_window(make_daemon, vendor):
    d = make_daemon(vendor, limits={"answer_bytes_max": 65536, "stream_window_bytes": 16384})
    d.apply(policy("default", OPEN))
    vendor.plan(v.huge_body(5_000_000), method="GET")
    r = read(d, d.key()["key"])
    assert r.status == 200 and len(r.body) == 5_000_010
    d.settle()


# ---- the vendor hears what we decided on -----------------------------------------------------------------------------


def test_only_the_first_final_answer_counts(fast, fast_key, vendor):
    """An answer, and a second one behind it that nobody asked for: the connection is not used again."""
    async def twice(turn):
        a = turn.commit()
        await turn.send(
            a.head() + a.body + v.Answer(200, b'{"id":"ch_evil","amount":1}').head() + b'{"id":"ch_evil","amount":1}'
        )

    vendor.plan(twice, path="/v1/charges")
    assert charge(fast, fast_key, "one").json["id"] != "ch_evil"
    second = charge(fast, fast_key, "two")
    assert second.status == 200 and second.json["id"] != "ch_evil"
    assert [c["outcome"] for c in fast.calls()] == ["settled", "settled"]


def test_SIGTERM_waits_for_a_money_call_and_records_its_outcome(daemon, key, vendor):
    vendor.plan(v.delay(0.6), path="/v1/charges")
    with connect(daemon.data_port) as s:
        s.sendall(request("POST", "/stripe/v1/charges", key + ".run_drain", CHARGE))
        vendor.wait_for(1)
        assert daemon.stop() == 0
        r = Reader(s).response()
    assert r.status == 200 and r.header("connection") == "close"
    daemon.start()
    assert daemon.run_calls("drain")[0]["outcome"] == "settled"
    assert money(daemon) == ("7.000000000", "0.000000000")
