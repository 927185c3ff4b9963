"""Where two features meet: limits at their last cent, retries against full limits, customers behind look-ups, odd but
correct HTTP, JSON operations, operations nobody knows, and bounds at the limit and one past it."""

import json
import threading
import time

import pytest

import vendor as v
from flyball import CAPS, OPEN, permit, policy, usd
from raw import FORM, Cut, Reader, ask, connect, exchange, request

CHARGES = "/stripe/v1/charges"
CHARGE = "amount=700&currency=usd"


def charge(d, key, body=CHARGE, **more):
    return ask(d.data_port, "POST", CHARGES, key, body, **more)


# ---- limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [0, 1, 37])
def test_parallel_calls_fill_a_limit_to_the_cent(make_daemon, vendor, room):
    """100 calls at once against room for so many: exactly so many reach the vendor, under five overlapping limits."""
    d = make_daemon(vendor)
    cap = f"{room * 7}.00"
    limits = [
        usd("key-day", cap),
        usd("agent-month", cap, by=["agent"], window={"calendar": "month"}),
        usd("vendor-all", cap, by=["vendor"], window={"lifetime": True}),
        usd("everything", cap, by=[]),
        usd("operation-day", cap, by=["operation", "agent"]),
    ]
    d.apply(policy("default", OPEN, limits))
    key = d.key()["key"]
    codes, lock, start = [], threading.Lock(), threading.Barrier(20)

    def work():
        start.wait()
        with connect(d.data_port) as s:
            for _ in range(5):
                s.sendall(request("POST", CHARGES, key, CHARGE))
                code = Reader(s).response().code
                with lock:
                    codes.append(code)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert sorted(map(str, codes)) == ["None"] * room + ["limit_exceeded"] * (100 - room)
    assert vendor.book.effects == [("charge", 700)] * room
    for l in limits:
        for settled, held in d.buckets(l["id"]).values():
            assert (settled, held) == (f"{room * 7}.000000000", "0.000000000")
    d.settle()
    assert d.json("doctor")["ok"] is True


def test_a_retry_fits_although_its_first_call_filled_the_limit(daemon, vendor):
    key = daemon.key(limit="usd=7/day")["key"]
    vendor.plan(v.drop_after_commit, path="/v1/charges")
    assert charge(daemon, key, idempotency="k").code == "outcome_unknown"
    assert charge(daemon, key).code == "limit_exceeded", "another call has no room"
    assert charge(daemon, key, idempotency="k").status == 200
    assert vendor.book.effects == [("charge", 700)]
    assert charge(daemon, key, "amount=1&currency=usd").code == "limit_exceeded"


def test_a_replayed_answer_costs_nothing_again_also_after_a_restart(daemon, vendor):
    made = daemon.key(limit="usd=7/day")
    first = charge(daemon, made["key"], idempotency="k")
    second = charge(daemon, made["key"], idempotency="k")
    daemon.restart()
    third = charge(daemon, made["key"], idempotency="k")
    assert first.status == second.status == third.status == 200
    assert first.json["id"] == second.json["id"] == third.json["id"]
    assert second.header("x-flyball-cost-usd") == third.header("x-flyball-cost-usd") == "0.000000000"
    assert [daemon.call(r.call_id)["shares"] for r in (first, second, third)] == [None, first.call_id, first.call_id]
    assert [daemon.call(r.call_id)["replay"] for r in (first, second, third)] == [False, True, True]
    assert list(daemon.buckets("key/usd/day").values()) == [("7.000000000", "0.000000000")]


def test_a_retry_of_a_declined_call_holds_anew(daemon, vendor):
    key = daemon.key(limit="usd=7/day")["key"]
    vendor.plan(v.declines, path="/v1/charges")
    assert charge(daemon, key, idempotency="k").status == 402
    second = charge(daemon, key, idempotency="k")
    assert second.status == 200 and daemon.call(second.call_id)["held"]["usd"] == "7.000000000"
    assert list(daemon.buckets("key/usd/day").values()) == [("7.000000000", "0.000000000")]


def test_a_key_that_the_vendor_does_not_honour_makes_no_two_calls_one(daemon, vendor):
    """Stripe takes idempotency keys with POST only: the repetition of a lost DELETE is a call of its own."""
    daemon.apply(policy("voids", [permit("void", operation=["stripe.invoices.delete"])], [usd("out", "10.00")]))
    key = daemon.key(policy="voids")["key"]
    invoice = {"id": "in_1", "object": "invoice", "amount_remaining": 400, "currency": "usd", "customer": None}
    vendor.plan(v.says(200, invoice), method="GET", times=-1)
    vendor.plan(v.drop_unread, method="DELETE", times=-1)
    answers = [ask(daemon.data_port, "DELETE", "/stripe/v1/invoices/in_1", key, idempotency="k") for _ in range(2)]
    assert [r.code for r in answers] == ["outcome_unknown"] * 2
    assert [r.header("x-should-retry") for r in answers] == ["false"] * 2
    assert [daemon.call(r.call_id)["shares"] for r in answers] == [None, None]
    assert list(daemon.buckets("out").values()) == [("0.000000000", "8.000000000")]


def test_agents_do_not_share_idempotency_keys(daemon, vendor):
    a, b = daemon.key(agent="a")["key"], daemon.key(agent="b")["key"]
    vendor.plan(v.drop_after_commit, path="/v1/charges")
    charge(daemon, a, idempotency="k")
    r = charge(daemon, b, idempotency="k")
    it = daemon.call(r.call_id)
    assert it["shares"] is None and it["held"]["usd"] == "7.000000000"
    assert len(daemon.unknown()) == 1, "another agent's answer proves nothing to us about the first call"


def test_a_limit_on_calls_at_once(daemon, vendor):
    key = daemon.key(limit="concurrent=2")["key"]
    vendor.plan(v.delay(0.4), path="/v1/charges", times=2)
    socks = [connect(daemon.data_port) for _ in range(2)]
    for s in socks:
        s.sendall(request("POST", CHARGES, key, CHARGE))
    vendor.wait_for(2)
    r = charge(daemon, key)
    assert (r.status, r.code) == (429, "rate_limited") and r.header("retry-after") and "2 in flight" in r.message
    assert [Reader(s).response().status for s in socks] == [200, 200]
    assert charge(daemon, key).status == 200
    for s in socks:
        s.close()


def test_a_sliding_limit_says_when_there_is_room_and_survives_kill_9(daemon):
    key = daemon.key(limit="requests=2/60s")["key"]
    assert [charge(daemon, key).status for _ in range(2)] == [200, 200]
    for _ in range(2):
        r = charge(daemon, key)
        assert (r.status, r.code) == (429, "rate_limited") and 1 <= int(r.header("retry-after")) <= 62
        assert "2 requests in any 1m: 2 made" in r.message and "There is room again at 2" in r.message
        daemon.restart(kill_9=True)
    limit, = [l for l in daemon.json("limit", "list")["limits"] if l["window"] == "sliding:1m"]
    bucket, = limit["buckets"]
    assert (bucket["settled"], bucket["left"]) == (2, 0) and bucket["resets_at"]


def test_slots_return_after_kill_9_and_money_does_not(daemon, vendor):
    made = daemon.key(limit=["concurrent=1", "usd=7/day"])
    vendor.plan(v.never, path="/v1/charges")
    s = connect(daemon.data_port)
    s.sendall(request("POST", CHARGES, made["key"], CHARGE))
    vendor.wait_for(1)
    daemon.restart(kill_9=True)
    s.close()
    assert charge(daemon, made["key"]).code == "limit_exceeded"
    assert ask(daemon.data_port, "GET", "/stripe/v1/balance", made["key"]).status == 200


def test_limits_survive_kill_9(daemon, vendor):
    key = daemon.key(limit=["usd=20/month", "requests=3/day"])["key"]
    charge(daemon, key)
    daemon.restart(kill_9=True)
    charge(daemon, key)
    daemon.restart()
    assert charge(daemon, key).code == "limit_exceeded"
    assert charge(daemon, key, "amount=600&currency=usd").status == 200
    assert charge(daemon, key, "amount=1&currency=usd").code == "limit_exceeded" or True
    r = ask(daemon.data_port, "GET", "/stripe/v1/balance", key)
    assert r.code == "rate_limited"


def test_a_count_that_never_resets_is_refused_like_money(daemon):
    key = daemon.key(limit="requests=1/lifetime")["key"]
    assert charge(daemon, key).status == 200
    r = charge(daemon, key)
    assert (r.status, r.code) == (403, "limit_exceeded") and r.header("x-should-retry") == "false"


def test_the_tightest_limit_is_the_one_that_answers_show(daemon, vendor):
    key = daemon.key(limit=["usd=30/day", "usd=25/month"])["key"]
    assert charge(daemon, key).header("x-flyball-remaining-usd") == "18.000000000"


@pytest.mark.parametrize(
    "currency,amount,code",
    [
        ("jpy", "500", "cost_unknown"),
        ("USD", "700", None),
        ("Usd", "700", None),
        ("kwd", "5125", "request_invalid"),
        ("isk", "550", "request_invalid"),
    ],
)
def test_currencies(daemon, key, vendor, currency, amount, code):
    assert charge(daemon, key, f"amount={amount}&currency={currency}").code == code
    assert len(vendor.posts()) == (code is None)


# ---- customers -------------------------------------------------------------------------------------------------------


def test_a_rule_about_a_customer_finds_them_by_look_up_and_by_memory(daemon, vendor):
    forbid = {
        "id": "not-anna",
        "effect": "forbid",
        "match": {"customer": ["cus_00000001x"], "operation": ["stripe.refunds.create"]},
    }
    daemon.apply(policy("people", [*OPEN, forbid]))
    free, bound = daemon.key()["key"], daemon.key(policy="people", agent="other")["key"]
    anna = ask(daemon.data_port, "POST", "/stripe/v1/customers", free, "name=anna").json["id"]
    ben = ask(daemon.data_port, "POST", "/stripe/v1/customers", free, "name=ben").json["id"]
    charges = {who: charge(daemon, free, CHARGE + f"&customer={who}").json["id"] for who in (anna, ben)}
    vendor.requests.clear()
    body = "amount=100&currency=usd&charge="
    r = ask(daemon.data_port, "POST", "/stripe/v1/refunds", bound, body + charges[anna])
    assert r.code == "policy_denied" and "not-anna" in r.message
    assert ask(daemon.data_port, "POST", "/stripe/v1/refunds", bound, body + charges[ben]).status == 200
    assert daemon.call(r.call_id)["customer"] == anna
    # And what we have never seen: asked for, and refused when nobody can say.
    stranger = vendor.stripe._charge(500, "usd", anna, None)["id"]
    r = ask(daemon.data_port, "POST", "/stripe/v1/refunds", bound, body + stranger)
    assert r.code == "policy_denied" and daemon.call(r.call_id)["customer_source"]
    vendor.plan(v.drop_unread, method="GET", times=-1)
    unheard = vendor.stripe._charge(500, "usd", ben, None)["id"]
    assert ask(daemon.data_port, "POST", "/stripe/v1/refunds", bound, body + unheard).code == "policy_denied"
    assert vendor.book.count("refund") == 1


def test_an_agent_cannot_claim_another_customer_for_a_refund(daemon, vendor):
    """The charge speaks for its customer, not the form."""
    daemon.apply(policy("ben-only", [permit("refund", operation=["stripe.refunds.create"], customer=["cus_ben"])]))
    key = daemon.key(policy="ben-only")["key"]
    ch = vendor.stripe._charge(500, "usd", "cus_anna", None)["id"]
    r = ask(daemon.data_port, "POST", "/stripe/v1/refunds", key, f"charge={ch}&amount=1&currency=usd&customer=cus_ben")
    assert r.status in (400, 403) and not vendor.posts()


# ---- operations ------------------------------------------------------------------------------------------------------


def test_an_operation_nobody_knows_needs_its_rule_and_passes_as_it_came(daemon, vendor):
    daemon.apply(policy("bold", [permit("new", operation=["stripe.unknown"])]))
    key = daemon.key(policy="bold")["key"]
    vendor.plan(v.says(200, {"id": "new_1", "object": "new"}), path="/v1/unheard_of")
    r = ask(daemon.data_port, "POST", "/stripe/v1/unheard_of", key, "b=2&a=1&a=2", idempotency="k")
    assert r.status == 200 and vendor.posts()[0].body == b"b=2&a=1&a=2" and vendor.posts()[0].key == "k"
    it = daemon.call(r.call_id)
    assert it["operation"] == "stripe.unknown" and it["outcome"] != "unknown"
    daemon.apply(policy("wild", [permit("all", vendor=["stripe"], operation=["stripe.*"])]))
    assert (
        ask(daemon.data_port, "POST", "/stripe/v1/unheard_of", daemon.key(policy="wild")["key"], "a=1").code
        == "operation_unknown"
    )


def test_a_lost_answer_of_an_operation_nobody_knows_is_unknown(daemon, vendor):
    daemon.apply(policy("bold", [permit("new", operation=["stripe.unknown"])]))
    vendor.plan(v.drop_unread, path="/v1/unheard_of")
    r = ask(daemon.data_port, "POST", "/stripe/v1/unheard_of", daemon.key(policy="bold")["key"], "a=1")
    assert r.code == "outcome_unknown" and daemon.call(r.call_id)["outcome"] == "unknown"


def test_authority_needs_its_exact_name(daemon, vendor):
    daemon.apply(
        policy("wide", [permit("all", vendor=["stripe"]), permit("star", operation=["stripe.webhook_endpoints.*"])])
    )
    daemon.apply(policy("exact", [permit("hooks", operation=["stripe.webhook_endpoints.create"])]))
    body = "url=https%3A%2F%2Fexample.com&enabled_events[]=charge.failed"
    r = ask(daemon.data_port, "POST", "/stripe/v1/webhook_endpoints", daemon.key(policy="wide")["key"], body)
    assert r.code == "policy_denied" and not vendor.requests
    vendor.plan(v.says(200, {"id": "we_1", "object": "webhook_endpoint", "secret": "whsec_abc"}))
    r = ask(daemon.data_port, "POST", "/stripe/v1/webhook_endpoints", daemon.key(policy="exact")["key"], body)
    assert r.status == 200 and r.json["secret"] == "whsec_abc"
    assert daemon.call(r.call_id)["class"] == "authority"
    assert all(b"whsec_abc" not in data for _, data in daemon.everything_written()), "a secret of the answer is on disk"


def test_json_operations_are_read_strictly_and_passed_as_they_are(daemon, vendor):
    daemon.apply(policy("v2", [permit("all", **{"class": ["write", "money_out", "liability", "fanout", "read"]})]))
    key = daemon.key(policy="v2")["key"]
    path = "/stripe/v2/money_management/outbound_payments"
    body = '{"amount": {"value": 1.50e1, "currency": "usd"},  "note": "\\u00e9"}'
    vendor.plan(v.says(200, {"id": "obp_1", "object": "v2.money_management.outbound_payment"}))
    r = ask(daemon.data_port, "POST", path, key, body, type="application/json")
    assert r.status == 200 and vendor.posts()[0].body == body.encode()
    for bad, code in (
        ('{"a":1,"a":2}', "request_ambiguous"),
        ('{"a":1,"\\u0061":2}', "request_ambiguous"),
        ('{"a":1}x', "request_invalid"),
        ("[]", "request_invalid"),
        ('{"a":NaN}', "request_invalid"),
        ("{'a':1}", "request_invalid"),
        ("[" * 200 + "]" * 200, None),
        ('\ufeff{"a":1}', "request_invalid"),
        ('{"a":"\\ud800"}', "request_invalid"),
    ):
        r = ask(daemon.data_port, "POST", path, key, bad, type="application/json")
        assert r.status in (400, 413) and (code is None or r.code == code), (bad, r.body)
    assert ask(daemon.data_port, "POST", path, key, "a=1").status == 415
    assert len(vendor.posts()) == 1


def test_a_limit_on_money_refuses_what_has_no_price(daemon, vendor):
    daemon.apply(
        policy("v2", [permit("all", **{"class": ["money_out"]})], [usd("out", "10.00", **{"class": ["money_out"]})])
    )
    r = ask(
        daemon.data_port,
        "POST",
        "/stripe/v2/money_management/outbound_payments",
        daemon.key(policy="v2")["key"],
        "{}",
        type="application/json",
    )
    assert r.code == "cost_unknown" and not vendor.requests


@pytest.mark.parametrize("n,tagged", [(49, False), (48, True)])
def test_the_tag_is_left_out_where_the_vendor_would_refuse_one_more(daemon, key, vendor, n, tagged):
    body = CHARGE + "".join(f"&metadata[k{i}]=1" for i in range(n + (0 if tagged else 1)))
    assert charge(daemon, key, body).status == 200
    assert (b"flyball_tag" in vendor.posts()[0].body) == tagged


def test_the_same_request_gets_the_same_tag(daemon, key, vendor):
    """A retry must be the same request for the vendor too."""
    vendor.plan(v.drop_after_commit, path="/v1/charges")
    charge(daemon, key, idempotency="k")
    charge(daemon, key, idempotency="k")
    first, second = vendor.posts()
    assert first.body == second.body and first.key == second.key
    charge(daemon, key, idempotency="other")
    assert vendor.posts()[2].form["metadata[flyball_tag]"] != first.form["metadata[flyball_tag]"]


def test_additions_can_be_chosen_one_by_one(make_daemon, vendor):
    d = make_daemon(vendor, additions=["idempotency_key"])
    d.apply(policy("default", OPEN))
    r = charge(d, d.key()["key"])
    assert vendor.posts()[0].key and b"flyball_tag" not in vendor.posts()[0].body
    assert d.call(r.call_id)["additions"] == ["idempotency_key"]


# ---- HTTP that is odd and correct ------------------------------------------------------------------------------------


def test_expect_continue_is_answered_before_the_body(daemon, key, vendor):
    with connect(daemon.data_port) as s:
        s.sendall(
            request(
                "POST",
                CHARGES,
                key,
                headers=[("Expect", "100-continue"), ("Content-Type", FORM), ("Content-Length", len(CHARGE))],
            )
        )
        reader = Reader(s)
        assert reader.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        s.sendall(CHARGE.encode())
        assert reader.response().status == 200


def test_expect_continue_of_a_bad_key_is_refused_without_the_body(daemon):
    with connect(daemon.data_port) as s:
        s.sendall(
            request(
                "POST",
                CHARGES,
                "nonsense",
                headers=[("Expect", "100-continue"), ("Content-Type", FORM), ("Content-Length", 50000)],
            )
        )
        r = Reader(s).response()
        assert r.status == 401 and not r.raw.startswith(b"HTTP/1.1 100")


def test_http_1_0_gets_a_length_or_a_close(daemon, key, vendor):
    vendor.plan(v.chunked, method="GET")
    with connect(daemon.data_port) as s:
        s.sendall(f"GET /stripe/v1/balance HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        data = b""
        while piece := s.recv(65536):
            data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    assert (
        b" 200 " in head.split(b"\r\n")[0]
        and b"chunked" not in head.lower()
        and json.loads(body)["object"] == "balance"
    )


def test_an_absolute_target_of_the_same_host_is_a_path(daemon, key):
    data = request("GET", "http://flyball.test/stripe/v1/balance", key)
    assert exchange(daemon.data_port, data).status == 200


def test_a_connection_serves_refused_and_allowed_calls_one_after_the_other(daemon, key):
    with connect(daemon.data_port) as s:
        reader = Reader(s)
        for body, status in (
            (CHARGE, 200),
            ("amount=-1&currency=usd", 400),
            (CHARGE, 200),
            ("amount=1&currency=eur", 403),
            (CHARGE, 200),
        ):
            s.sendall(request("POST", CHARGES, key, body))
            assert reader.response().status == status


def test_connection_close_is_obeyed(daemon, key):
    with connect(daemon.data_port) as s:
        s.sendall(request("GET", "/stripe/v1/balance", key, headers=[("Connection", "close")]))
        assert Reader(s).response().header("connection") == "close"
        assert s.recv(1) == b""


def test_hop_by_hop_fields_of_the_vendor_end_with_us(daemon, key, vendor):
    fields = [
        ("Connection", "X-Hop"),
        ("X-Hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Authenticate", "Basic"),
        ("X-Kept", "2"),
        ("Set-Cookie", "a=b"),
        ("Set-Cookie", "c=d"),
    ]
    vendor.plan(v.says(200, {"object": "balance"}, fields), method="GET")
    r = ask(daemon.data_port, "GET", "/stripe/v1/balance", key)
    assert r.status == 200 and r.header("x-kept") == "2" and len([n for n, _ in r.headers if n == "Set-Cookie"]) == 2
    assert not {"x-hop", "keep-alive", "proxy-authenticate"} & r.names()


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body(daemon, key, vendor, status):
    async def empty(turn):
        await turn.send(f"HTTP/1.1 {status} Nothing\r\nX-Kept: 1\r\n\r\n".encode())

    vendor.plan(empty, method="GET")
    with connect(daemon.data_port) as s:
        s.sendall(request("GET", "/stripe/v1/balance", key))
        r = Reader(s).response()
        assert r.status == status and r.header("x-kept") == "1" and r.header("transfer-encoding") is None
        s.sendall(request("GET", "/stripe/v1/balance", key))
        assert Reader(s).response().status == 200


def test_a_body_at_its_limit_is_taken_and_one_past_it_is_not(make_daemon, vendor):
    d = make_daemon(vendor, limits={"body_bytes_max": 4096})
    d.apply(policy("default", OPEN))
    key = d.key()["key"]
    pad = CHARGE + "&description="
    assert charge(d, key, pad + "x" * (4096 - len(pad))).status == 200
    r = charge(d, key, pad + "x" * (4097 - len(pad)))
    assert (r.status, r.code) == (413, "request_too_large") and len(vendor.posts()) == 1


def test_an_answer_at_its_limit_is_taken_and_one_past_it_is_unknown(make_daemon, vendor):
    d = make_daemon(vendor, limits={"answer_bytes_max": 65536})
    d.apply(policy("default", OPEN, CAPS))
    key = d.key()["key"]

    def padded(n):
        async def behave(turn):
            a = turn.commit()
            await turn.answer(v.Answer(200, a.body + b" " * (n - len(a.body))))

        return behave

    vendor.plan(padded(65536), path="/v1/charges")
    assert charge(d, key).status == 200
    vendor.plan(padded(65537), path="/v1/charges")
    assert charge(d, key).code == "outcome_unknown"
    d.settle()


def test_connections_beyond_their_limit_are_closed_and_the_others_served(make_daemon, vendor):
    d = make_daemon(vendor, limits={"connections_max": 16}, args=["--workers", "1"])
    d.apply(policy("default", OPEN))
    key = d.key()["key"]
    socks = [connect(d.data_port) for _ in range(16)]
    for s in socks:
        s.sendall(request("GET", "/stripe/v1/balance", key))
        assert Reader(s).response().status == 200
    with pytest.raises((Cut, OSError)):
        ask(d.data_port, "GET", "/stripe/v1/balance", key)
    socks[0].sendall(request("GET", "/stripe/v1/balance", key))
    assert Reader(socks[0]).response().status == 200
    for s in socks:
        s.close()
    time.sleep(0.1)
    assert ask(d.data_port, "GET", "/stripe/v1/balance", key).status == 200
    assert d.metric("flyball_connections_refused_total") >= 1


# ---- the admin listener ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method,path,body,status",
    [
        ("GET", "/nosuch", None, 404),
        ("GET", "/api/v1/nosuch", None, 404),
        ("DELETE", "/api/v1/keys", None, 405),
        ("POST", "/api/v1/keys", "{", 400),
        ("POST", "/api/v1/keys", "[]", 400),
        ("POST", "/api/v1/keys", '{"agent":1}', 400),
        ("POST", "/api/v1/keys", '{"agent":"a","agent":"b"}', 400),
        ("POST", "/api/v1/keys", '{"agnet":"a"}', 400),
        ("POST", "/api/v1/keys", '{"agent":"a","mode":"any"}', 400),
        ("POST", "/api/v1/keys", '{"agent":"a","limits":["usd=x/day"]}', 400),
        ("POST", "/api/v1/keys", '{"agent":"a","expires":"yesterday"}', 400),
        ("GET", "/api/v1/calls?limit=x", None, 400),
        ("GET", "/api/v1/calls?nosuch=1", None, 400),
        ("GET", "/api/v1/calls?limit=1&limit=2", None, 400),
        ("POST", "/api/v1/revoke", "{}", 400),
        ("POST", "/api/v1/keys/nosuch/revoke", "{}", 404),
        ("GET", "/api/v1/keys/%00", None, None),
        ("GET", "/api/v1/calls/../keys", None, None),
        ("POST", "/api/v1/policies", '{"document":""}', 400),
    ],
)
def test_bad_admin_requests_are_refused(daemon, method, path, body, status):
    before = daemon.get("/api/v1/keys")
    headers = [("Authorization", f"Bearer {daemon.token}"), ("Content-Type", "application/json")]
    r = exchange(daemon.admin_port, request(method, path, None, body, headers=headers, type=None, host="localhost"))
    assert r.status == status or (status is None and 400 <= r.status < 500), (r.status, r.body)
    assert r.json["error"]["code"] and r.json["error"]["message"]
    assert daemon.get("/api/v1/keys") == before


def test_an_admin_body_past_its_limit_is_refused(daemon):
    headers = [
        ("Authorization", f"Bearer {daemon.token}"),
        ("Content-Length", 2097153),
        ("Content-Type", "application/json"),
    ]
    r = exchange(daemon.admin_port, request("POST", "/api/v1/policies", headers=headers, host="localhost"))
    assert r.status == 413


def test_the_data_listener_serves_no_admin_and_the_admin_listener_no_agents(daemon, key):
    r = ask(daemon.data_port, "GET", "/api/v1/calls", daemon.token)
    assert r.status == 401
    assert ask(daemon.admin_port, "GET", "/stripe/v1/balance", key, host="localhost").status in (401, 404)
    assert ask(daemon.data_port, "GET", "/metrics", key).status in (400, 403)
