"""The official Stripe SDK for Python, unmodified, direct and through us: the same answers, or its usual exceptions."""
import re
import time

import pytest
import stripe

from flyball import OPEN, permit, policy, usd
from tap import Tap
from vendor import Vendor, declines, says

OURS = re.compile(r"x-flyball-|x-agent-run-id$")
MADE_ID = re.compile(r"\b(cus|ch|pi|re)_[0-9A-Za-z]{6,}")
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


def client(key, url, retries=0, **more):
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=retries, **more)


def direct(vendor):
    return client("sk_test_direct", f"http://127.0.0.1:{vendor.port}")


class Told:
    """Runs SDK calls and keeps what each answered, as bytes and headers."""

    def __init__(self, c):
        self.c, self.told, self.n = c.v1, [], 0

    def __call__(self, method, *args):
        self.n += 1
        is_post = method.__name__ not in ("retrieve", "list", "delete")
        options = {"idempotency_key": f"key-{self.n:04d}"} if is_post else {}
        try:
            value = method(*args, options=options)
            last = value.last_response
            self.told.append((last.code, last.body, self._kept(last.headers)))
            return value
        except stripe.StripeError as e:
            self.told.append((e.http_status, e.http_body, self._kept(e.headers), type(e).__name__, e.user_message))
            return None

    def _kept(self, headers):
        return {n.lower(): v for n, v in headers.items() if n.lower() not in HOP and not OURS.match(n.lower())}


def a_days_work(c, vendor=None):
    """One of each operation that the connector knows in full, errors of the vendor's among them."""
    t = Told(c)
    who = t(
        t.c.customers.create,
        {"email": "zoë@example.com", "name": "Zoë & Söhne [x]=1+1 %41", "metadata": {"order no": "1 2"}},
    )
    t(t.c.customers.update, who.id, {"name": "Zoë"})
    pi = t(t.c.payment_intents.create, {"amount": 1250, "currency": "usd", "confirm": True, "customer": who.id,
                                        "payment_method": "pm_card_visa", "metadata": {"a.b": "c&d=e"}})
    held = t(
        t.c.payment_intents.create, {"amount": 900, "currency": "usd", "confirm": True, "capture_method": "manual"}
    )
    t(t.c.payment_intents.capture, held.id, {"amount_to_capture": 700})
    late = t(t.c.payment_intents.create, {"amount": 300, "currency": "usd"})
    t(t.c.payment_intents.confirm, late.id)
    idle = t(t.c.payment_intents.create, {"amount": 300, "currency": "usd"})
    t(t.c.payment_intents.cancel, idle.id)
    ch = t(t.c.charges.create, {"amount": 800, "currency": "usd", "source": "tok_visa", "capture": True})
    open_charge = t(t.c.charges.create, {"amount": 500, "currency": "usd", "source": "tok_visa", "capture": False})
    t(t.c.charges.capture, open_charge.id)
    t(t.c.refunds.create, {"charge": ch.id, "amount": 300, "reason": "requested_by_customer"})
    t(t.c.refunds.create, {"charge": ch.id})
    t(t.c.refunds.create, {"payment_intent": pi.id, "amount": 250})
    t(t.c.payment_intents.retrieve, pi.id)
    t(t.c.charges.retrieve, ch.id)
    t(t.c.customers.retrieve, who.id)
    t(t.c.balance.retrieve)
    t(t.c.charges.list, {"limit": 2})
    t(t.c.charges.retrieve, "ch_nosuch")
    t(t.c.refunds.create, {"charge": "ch_nosuch", "amount": 100, "currency": "usd"})
    if vendor:
        vendor.plan(declines, path="/v1/charges")
    t(t.c.charges.create, {"amount": 100, "currency": "usd", "source": "tok_chargeDeclined"})
    t(t.c.customers.delete, who.id)
    return t.told


def without_tag(body):
    return re.sub(r"\{\s*\}", "{}", re.sub(r',?\s*"flyball_tag": "[0-9a-f]{24}"', "", body))


# ---- allowed ---------------------------------------------------------------------------------------------------------


def test_answers_equal_the_direct_ones_byte_for_byte_with_additions_off(make_daemon, vendor):
    other = Vendor().start()
    try:
        d = make_daemon(vendor, additions=False)
        d.apply(policy("default", OPEN))
        expected = a_days_work(direct(other), other)
        got = a_days_work(client(d.key()["key"], f"{d.ready['data']}/stripe"), vendor)
        assert got == expected

        # What the vendor got is the same too, but for the credential and what belongs to a connection. Look-ups are
        # ours.
        asked = [r for r in vendor.requests if r.method != "GET"]
        wanted = [r for r in other.requests if r.method != "GET"]
        assert [(r.method, r.target, r.body, r.key) for r in asked] == [
            (r.method, r.target, r.body, r.key) for r in wanted
        ]
        for r, w in zip(asked, wanted):
            assert r.header("user-agent") == w.header("user-agent")
            assert r.header("stripe-version") == w.header("stripe-version")
            assert r.header("authorization") == f"Bearer {d.secret}"
            assert not [n for n, _ in r.headers if OURS.match(n.lower())]
        assert vendor.book.effects == other.book.effects
    finally:
        other.stop()
    d.settle()


def test_answers_equal_but_for_the_tag_with_additions_on(daemon, key, url, vendor):
    other = Vendor().start()
    try:
        expected = a_days_work(direct(other), other)
        got = a_days_work(client(key, url), vendor)
    finally:
        other.stop()
    tagged = [t[1] for t in got if "flyball_tag" in (t[1] or "")]
    assert tagged, "no answer shows the tag that was added"
    assert [(t[0], without_tag(t[1]), *t[2:]) for t in got] == expected
    creates = [r for r in vendor.posts() if r.path in ("/v1/refunds", "/v1/charges", "/v1/payment_intents")]
    assert all(re.fullmatch("[0-9a-f]{24}", r.form["metadata[flyball_tag]"]) for r in creates)
    records = {c["call_id"]: c for c in daemon.calls("--limit", 1000)}
    assert any(c["additions"] == ["tag"] for c in records.values())


def test_without_an_idempotency_key_one_is_added_and_noted(daemon, key, vendor):
    """The SDK always makes one; a bare HTTP client does not."""
    from raw import ask
    r = ask(daemon.data_port, "POST", "/stripe/v1/charges", key, "amount=100&currency=usd&source=tok_visa")
    assert r.status == 200
    assert vendor.posts()[0].key == f"fb-{r.call_id}"
    assert sorted(daemon.call(r.call_id)["additions"]) == ["idempotency_key", "tag"]


def test_auto_paging_walks_through_all_pages(daemon, key, url, vendor):
    c = client(key + ".run_pages", url).v1
    made = [c.customers.create({"name": f"n{i}"}).id for i in range(7)]
    assert [x.id for x in c.customers.list({"limit": 3}).auto_paging_iter()] == made[::-1]
    lists = [x for x in daemon.run_calls("pages") if x["operation"] == "stripe.customers.list"]
    assert len(lists) == 3
    assert all(x["outcome"] == "none" and x["class"] == "read" for x in lists)


def test_each_call_is_on_record_with_its_cost(daemon, key, url, vendor):
    c = client(key + ".run_costs", url).v1
    ch = c.charges.create({"amount": 1250, "currency": "usd", "source": "tok_visa"})
    refund = c.refunds.create({"charge": ch.id, "amount": 300})
    charged, refunded = daemon.runs_show("costs")["calls"]
    assert charged["operation"] == "stripe.charges.create" and charged["class"] == "money_in"
    assert charged["predicted"] == {"usd": "12.500000000", "how": "estimated"}
    assert charged["settled"] == {"usd": "12.500000000", "how": "parsed"}
    assert charged["outcome"] == "settled" and charged["object_ids"][0] == ch.id
    assert refunded["settled"] == {"usd": "3.000000000", "how": "parsed"} and refund.id in refunded["object_ids"]
    assert [a["kind"] for a in refunded["attempts"]] == ["lookup", "forward"]
    assert refunded["vendor_request_id"] == refund.last_response.headers["request-id"]
    h = refund.last_response.headers
    assert h["x-flyball-cost-usd"] == "3.000000000" and h["x-flyball-remaining-usd"] == "47.000000000"
    assert h["x-flyball-call-id"] == refunded["call_id"] and h["x-agent-run-id"] == "costs"
    assert h["x-flyball-attempts"] == "2"
    assert daemon.buckets("out-day") == {f"key={refunded['key']}": ("3.000000000", "0.000000000")}
    daemon.settle()


def test_the_customer_of_a_charge_is_learned_from_the_answer(daemon, key, url, vendor):
    c = client(key + ".run_learn", url).v1
    who = c.customers.create({"name": "n"})
    ch = c.charges.create({"amount": 500, "currency": "usd", "customer": who.id})
    c.refunds.create({"charge": ch.id, "amount": 100, "currency": "usd"})
    assert [x["customer"] for x in daemon.run_calls("learn")] == [who.id, who.id, who.id]


# ---- with Stripe's own mock server -----------------------------------------------------------------------------------


def mock_work(c):
    t = Told(c)
    who = t(t.c.customers.create, {"email": "a@example.com"})
    t(t.c.customers.update, who.id, {"name": "b"})
    t(t.c.charges.create, {"amount": 100, "currency": "usd", "source": "tok_visa"})
    pi = t(t.c.payment_intents.create, {"amount": 1000, "currency": "usd"})
    t(t.c.payment_intents.confirm, pi.id, {"payment_method": "pm_card_visa"})
    t(t.c.payment_intents.capture, pi.id, {"amount_to_capture": 100})
    t(t.c.payment_intents.cancel, pi.id)
    t(t.c.refunds.create, {"charge": "ch_123", "amount": 50})
    t(t.c.refunds.retrieve, "re_123")
    t(t.c.balance.retrieve)
    t(t.c.charges.list, {"limit": 3})
    t(t.c.customers.delete, who.id)
    return t.told


@pytest.mark.parametrize("additions", [False, True], ids=["additions_off", "additions_on"])
def test_stripe_mock_answers_the_same_through_us(make_daemon, stripe_mock, additions):
    tap = Tap(stripe_mock)
    try:
        d = make_daemon(tap, additions=additions)
        d.apply(policy("default", OPEN))
        got = mock_work(client(d.key()["key"], f"{d.ready['data']}/stripe"))
        expected = mock_work(client("sk_test_123", f"http://127.0.0.1:{stripe_mock}"))

        def shape(told):  # its ids are new at each call
            return (told[0], MADE_ID.sub(r"\1_x", told[1]), *told[2:])

        assert [shape(t) for t in got] == [shape(t) for t in expected]
        seen = tap.all_received()
        for status, body, *_ in got:
            assert status == 200 and body.encode() in seen, "an answer is not what stripe-mock said, byte for byte"
        assert (b"flyball_tag" in tap.all_sent()) == additions
        assert b"fb_test_" not in tap.all_sent() and b"x-flyball" not in tap.all_sent().lower()
    finally:
        tap.stop()
    d.settle()


# ---- refused ---------------------------------------------------------------------------------------------------------


def one_refusal(daemon, vendor, run, e, kind, status, code):
    """What is asserted of each refusal that no client should repeat; the record."""
    assert type(e) is kind, repr(e)
    assert e.http_status == status and e.json_body["error"]["code"] == code
    assert e.headers["x-flyball-code"] == code
    calls = daemon.run_calls(run)
    assert len(calls) == 1, f"the SDK tried {len(calls)} times"
    it = calls[0]
    assert e.headers["x-flyball-call-id"] == e.request_id == it["call_id"]
    assert it["call_id"] in e.user_message, "the sentence names the call"
    assert it["code"] == code and it["outcome"] == "none" and it["settled"] is None
    assert e.headers.get("stripe-should-retry") == (None if code == "rate_limited" else "false")
    assert e.headers.get("x-should-retry") == (None if code == "rate_limited" else "false")
    assert not vendor.posts(), "a refused call reached the vendor"
    return it


def refused(method, *args, **more):
    with pytest.raises(stripe.StripeError) as e:
        method(*args, **more)
    return e.value


def test_a_limit_names_itself_whose_it_is_spent_held_max_and_reset(daemon, vendor, url):
    made = daemon.key(agent="support-bot")
    c = client(made["key"], url, retries=3).v1
    ch = c.charges.create({"amount": 90000, "currency": "usd", "source": "tok_visa"})
    c.refunds.create({"charge": ch.id, "amount": 4500})
    vendor.requests.clear()
    c = client(made["key"] + ".run_limit", url, retries=3).v1
    e = refused(c.refunds.create, {"charge": ch.id, "amount": 501})
    it = one_refusal(daemon, vendor, "limit", e, stripe.PermissionError, 403, "limit_exceeded")
    m = e.user_message
    assert 'Limit "out-day"' in m and made["id"] in m
    assert re.search(r"\b50(\.00)? USD a day", m) and re.search(r"\b45(\.00)? spent", m)
    assert re.search(r"\b0(\.00)? held", m) and "asks 5.01" in m
    assert re.search(r"resets at \d{4}-\d\d-\d\dT00:00:00Z", m)
    assert it["verdict"] == "deny"
    limit = next(x for x in it["limits"] if x["id"] == "out-day")
    assert limit["before"] == 45_000_000_000 and limit["held"] == 0 and limit["max"] == 50_000_000_000
    assert limit["n"] == 5_010_000_000 and limit["bucket"] == f"key={made['id']}" and limit["resets_at"].endswith("Z")
    # To the cent: what is left is still there.
    assert client(made["key"], url).v1.refunds.create({"charge": ch.id, "amount": 500}).amount == 500
    daemon.settle()


def test_a_limit_of_the_key_itself_narrows(daemon, vendor, url):
    made = daemon.key(limit=["usd=5/call", "usd=8/lifetime"])
    c = client(made["key"] + ".run_own", url, retries=2).v1
    e = refused(c.charges.create, {"amount": 501, "currency": "usd", "source": "tok_visa"})
    one_refusal(daemon, vendor, "own", e, stripe.PermissionError, 403, "limit_exceeded")
    assert "5.01" in e.user_message and made["id"] in e.user_message
    c = client(made["key"], url).v1
    c.charges.create({"amount": 500, "currency": "usd", "source": "tok_visa"})
    e = refused(c.charges.create, {"amount": 301, "currency": "usd", "source": "tok_visa"})
    assert "does not reset" in e.user_message and e.json_body["error"]["code"] == "limit_exceeded"


def test_an_operation_without_permit_is_a_permission_error(daemon, key, vendor, url):
    c = client(key + ".run_none", url, retries=2).v1
    e = refused(c.transfers.create, {"amount": 100, "currency": "usd", "destination": "acct_1"})
    it = one_refusal(daemon, vendor, "none", e, stripe.PermissionError, 403, "policy_denied")
    assert "stripe.transfers.create" in e.user_message and "bot" in e.user_message and "default" in e.user_message
    assert it["rule"] is None


def test_a_forbidden_payout_says_the_rule_and_its_reason(daemon, vendor, url):
    forbid = {"id": "no-cash-out", "effect": "forbid", "match": {"operation": ["stripe.payouts.*"]},
              "reason": "agents never move the company's own cash"}
    daemon.apply(policy("strict", [*OPEN, permit("all", vendor=["stripe"], **{"class": ["money_out"]}), forbid]))
    c = client(daemon.key(policy="strict")["key"] + ".run_forbid", url, retries=2).v1
    e = refused(c.payouts.create, {"amount": 100, "currency": "usd"})
    it = one_refusal(daemon, vendor, "forbid", e, stripe.PermissionError, 403, "policy_denied")
    assert 'Rule "no-cash-out"' in e.user_message and forbid["reason"] in e.user_message and it["rule"] == "no-cash-out"


def test_an_unknown_operation_is_refused(daemon, key, vendor, url):
    c = client(key + ".run_what", url, retries=2)
    e = refused(c.raw_request, "post", "/v1/unheard_of", amount=100)
    one_refusal(daemon, vendor, "what", e, stripe.PermissionError, 403, "operation_unknown")
    assert "stripe.unknown" in e.user_message


def test_a_cost_that_cannot_be_known_is_refused(daemon, key, vendor, url):
    c = client(key + ".run_eur", url, retries=2).v1
    e = refused(c.charges.create, {"amount": 100, "currency": "eur", "source": "tok_visa"})
    it = one_refusal(daemon, vendor, "eur", e, stripe.PermissionError, 403, "cost_unknown")
    assert 'Limit "in-day"' in e.user_message and "EUR" in e.user_message
    assert it["amount"] == 100 and it["currency"] == "EUR" and it["predicted"] is None


def test_an_unknown_cost_can_be_held_as_the_policy_says(daemon, vendor, url):
    cap = {**usd("any", "10.00", operation=["stripe.charges.create"]), "unknown_cost": "hold:4.00"}
    daemon.apply(policy("eur", OPEN, [cap]))
    made = daemon.key(policy="eur")
    c = client(made["key"] + ".run_hold", url, retries=2).v1
    for _ in range(2):
        c.charges.create({"amount": 100, "currency": "eur", "source": "tok_visa"})
    e = refused(c.charges.create, {"amount": 100, "currency": "eur", "source": "tok_visa"})
    assert e.json_body["error"]["code"] == "limit_exceeded"
    assert [x["held"] for x in daemon.run_calls("hold")][:2] == [{"usd": "4.000000000", "how": "estimated"}] * 2
    assert vendor.book.count("charge") == 2
    daemon.settle()


def test_a_stripe_account_header_is_out_of_scope(daemon, key, vendor, url):
    c = client(key + ".run_scope", url, retries=2, stripe_account="acct_1Other").v1
    e = refused(c.charges.create, {"amount": 100, "currency": "usd", "source": "tok_visa"})
    one_refusal(daemon, vendor, "scope", e, stripe.PermissionError, 403, "scope_denied")
    assert "stripe-account" in e.user_message.lower()


def test_a_limit_on_requests_is_a_rate_limit_error_with_retry_after(daemon, vendor, url):
    made = daemon.key(limit="requests=0/day")
    c = client(made["key"] + ".run_rate", url, retries=3).v1
    e = refused(c.charges.create, {"amount": 100, "currency": "usd", "source": "tok_visa"})
    one_refusal(daemon, vendor, "rate", e, stripe.RateLimitError, 429, "rate_limited")
    assert 1 <= int(e.headers["retry-after"]) <= 86401
    assert "requests a day" in e.user_message


def test_an_amount_that_is_no_integer_is_an_invalid_request(daemon, key, vendor, url):
    c = client(key + ".run_float", url, retries=2).v1
    e = refused(c.charges.create, {"amount": 12.5, "currency": "usd", "source": "tok_visa"})
    one_refusal(daemon, vendor, "float", e, stripe.InvalidRequestError, 400, "request_invalid")
    assert "`amount`" in e.user_message


def test_a_revoked_key_is_an_authentication_error(daemon, vendor, url):
    made = daemon.key()
    client(made["key"], url).v1.balance.retrieve()
    assert daemon.cli("revoke", made["id"]).returncode == 0
    c = client(made["key"] + ".run_revoked", url, retries=2).v1
    e = refused(c.charges.create, {"amount": 100, "currency": "usd", "source": "tok_visa"})
    one_refusal(daemon, vendor, "revoked", e, stripe.AuthenticationError, 401, "key_revoked")


def test_an_expired_key_is_an_authentication_error(daemon, vendor, url):
    made = daemon.key(expires="1s")
    time.sleep(1.1)
    c = client(made["key"] + ".run_expired", url, retries=2).v1
    e = refused(c.charges.create, {"amount": 100, "currency": "usd", "source": "tok_visa"})
    one_refusal(daemon, vendor, "expired", e, stripe.AuthenticationError, 401, "key_expired")


@pytest.mark.parametrize("presented", ["sk_test_51Hx", "fb_test_aaaaaaaaaa_" + "a" * 38, "sk_live_fb_live_x"])
def test_a_key_that_is_not_ours_is_an_authentication_error(daemon, vendor, url, presented):
    before = daemon.metric("flyball_requests_without_key_total")
    e = refused(client(presented, url, retries=2).v1.balance.retrieve)
    assert type(e) is stripe.AuthenticationError and e.json_body["error"]["code"] == "key_unknown"
    assert presented not in e.user_message, "a refusal repeats what was presented"
    assert daemon.metric("flyball_requests_without_key_total") == before + 1, "the SDK tried again"
    assert not vendor.requests and daemon.calls() == []


def test_the_stop_button_is_a_permission_error_until_released(daemon, key, vendor, url):
    assert daemon.cli("kill", "--reason", "drill").returncode == 0
    c = client(key + ".run_stop", url, retries=2).v1
    e = refused(c.charges.create, {"amount": 100, "currency": "usd", "source": "tok_visa"})
    one_refusal(daemon, vendor, "stop", e, stripe.PermissionError, 403, "stopped")
    assert daemon.cli("unkill").returncode == 0
    assert c.charges.create({"amount": 100, "currency": "usd", "source": "tok_visa"}).amount == 100


def test_a_stopped_run_is_refused_and_others_go_on(daemon, key, vendor, url):
    client(key + ".run_a", url).v1.balance.retrieve()
    assert daemon.cli("revoke", "--run", "a").returncode == 0
    e = refused(client(key + ".run_a", url).v1.balance.retrieve)
    assert e.json_body["error"]["code"] == "stopped"
    client(key + ".run_b", url).v1.balance.retrieve()


# ---- the vendor's own errors -----------------------------------------------------------------------------------------


def test_a_declined_card_stays_a_card_error_and_costs_nothing(daemon, key, vendor, url):
    vendor.plan(declines, path="/v1/charges")
    c = client(key + ".run_card", url, retries=2).v1
    e = refused(c.charges.create, {"amount": 100, "currency": "usd", "source": "tok_visa"})
    assert type(e) is stripe.CardError and e.code == "card_declined" and "x-flyball-code" not in e.headers
    it, = daemon.run_calls("card")
    assert it["outcome"] == "released" and it["verdict"] == "permit" and it["status"] == 402
    assert it["settled"] == {"usd": "0.000000000", "how": "parsed"} and it["error"] == "card_declined"
    assert all(held == "0.000000000" == settled for settled, held in daemon.buckets("in-day").values())


def test_the_vendors_rate_limit_passes_unchanged(daemon, key, vendor, url):
    body = {
        "error": {
            "type": "invalid_request_error",
            "code": "rate_limit",
            "message": "Too many requests hit the API too quickly.",
        }
    }
    vendor.plan(says(429, body, [("Retry-After", "7"), ("Stripe-Should-Retry", "true")]), path="/v1/charges", times=1)
    c = client(key + ".run_busy", url).v1
    e = refused(c.charges.create, {"amount": 100, "currency": "usd", "source": "tok_visa"})
    assert type(e) is stripe.RateLimitError and e.json_body == body
    assert e.headers["retry-after"] == "7" and e.headers["stripe-should-retry"] == "true"
    assert daemon.run_calls("busy")[0]["outcome"] == "released"


# ---- flyball dev -----------------------------------------------------------------------------------------------------


def test_the_tour_of_the_readme_works_with_dev(make_daemon):
    d = make_daemon(None, command="dev")
    c = client(d.ready["key"], f"{d.ready['data']}/stripe").v1
    pi = c.payment_intents.create(
        {"amount": 1250, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    )
    assert pi.status == "succeeded"
    refund = c.refunds.create({"payment_intent": pi.id, "amount": 300})
    assert refund.status == "succeeded" and refund.amount == 300
    e = refused(c.refunds.create, {"payment_intent": pi.id, "amount": 5001})
    assert type(e) is stripe.PermissionError and 'Limit "refund-call"' in e.user_message
    e = refused(c.payouts.create, {"amount": 500, "currency": "usd"})
    assert type(e) is stripe.PermissionError and "no-cash-out" in e.user_message
    assert [x["verdict"] for x in d.calls()] == ["deny", "deny", "permit", "permit"]
    d.settle()
