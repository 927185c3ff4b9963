"""Persons are told of a call that waits: a signed POST, a message as Slack takes it, and a link to the page."""
import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flyball import policy
from raw import ask
from test_approvals import CHARGE, Office, code, refused

SECRET = "whsec-made-up-for-this-test"


class Receiver:
    """Takes notices on loopback; `answers` says what to each, the last of it to all that follow."""

    def __init__(self, answers=(200,), delay=0):
        self.got, self.answers = [], list(answers)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append((time.time(), self.path, dict(self.headers.items()), body))
                time.sleep(delay)
                status = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                self.send_response(status)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/T0/B0?x=1"

    def wait(self, n, seconds=10):
        until = time.monotonic() + seconds
        while len(self.got) < n and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.got) >= n, f"{len(self.got)} notices, wanted {n}"
        return self.got

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    made = []

    def make(*args, **kwargs):
        made.append(Receiver(*args, **kwargs))
        return made[-1]

    yield make
    for r in made:
        r.stop()


@pytest.fixture
def told(make_daemon, vendor):
    """An Office whose approval `finance` has a webhook."""

    def make(url, limits=None, args=(), **more):
        env = {"NOTICE_SECRET": SECRET, "NOTICE_URL": url}
        entry = {"webhook": "env:NOTICE_URL", "secret": "env:NOTICE_SECRET", **more}
        d = make_daemon(vendor, env=env, args=args, config={"approvals": {"finance": entry}},
                        limits={"approval_wait_ms": 0, "export_backoff_ms": 20, "export_backoff_ms_max": 50,
                                **(limits or {})})
        return Office(d)

    return make


def signature(headers, body):
    text = headers["x-flyball-timestamp"].encode() + b"." + body
    return "v1=" + hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()


def test_a_notice_is_signed_and_says_what_waits_and_where(told, receiver):
    r = receiver()
    o = told(r.url)
    refused(o.agent().charges.create, CHARGE)
    at, path, headers, body = r.wait(1)[0]
    it = o.one()
    assert path == "/hook/T0/B0?x=1" and headers["content-type"] == "application/json"
    assert headers["x-flyball-signature"] == signature(headers, body)
    assert headers["x-flyball-signature"] != signature(headers, body + b" ")
    assert abs(int(headers["x-flyball-timestamp"]) - at) < 10 and headers["x-flyball-delivery"] == it["id"]
    said = json.loads(body)
    link = f"{o.daemon.ready['admin']}/ui/#/approvals/{it['id']}"
    assert said["text"] == "Agent bot asks for stripe.charges.create, for 25.00 USD, in test mode"
    assert said["blocks"][0] == {"type": "section", "text": {"type": "mrkdwn", "text": said["text"]}}
    assert said["blocks"][2]["elements"][0]["url"] == link
    payload = said["metadata"]["event_payload"]
    assert said["metadata"]["event_type"] == "approval_pending" and payload["id"] == it["id"]
    assert payload["url"] == link and payload["action"] == it["action"] and payload["quorum"] == 1


def test_a_question_is_told_once_also_over_restarts(told, receiver):
    r = receiver()
    o = told(r.url)
    refused(o.agent().charges.create, CHARGE)
    r.wait(1)
    events = []
    until = time.monotonic() + 5
    while "approval.notice" not in events and time.monotonic() < until:
        events = [e["event"] for e in o.daemon.get("/api/v1/events")["events"]]
    assert "approval.notice" in events
    refused(o.agent().charges.create, CHARGE)
    o.daemon.restart(kill_9=True)
    refused(o.agent().charges.create, {**CHARGE, "amount": 99})
    r.wait(2)
    time.sleep(0.3)
    assert len({h["x-flyball-delivery"] for _, _, h, _ in r.got}) == len(r.got) == 2


def test_a_call_is_made_after_somebody_was_told_and_said_yes(told, receiver):
    r = receiver()
    o = told(r.url)
    refused(o.agent().charges.create, CHARGE)
    r.wait(1)
    o.say("ann", "approve", o.one()["id"])
    assert o.agent().charges.create(CHARGE).amount == 2500


def test_what_was_not_told_before_a_crash_is_told_after_it(told, receiver):
    r = receiver([500])
    o = told(r.url, limits={"notice_attempts_max": 100})
    refused(o.agent().charges.create, CHARGE)
    r.wait(1)
    o.daemon.kill_9()
    r.answers, n = [200], len(r.got)
    o.daemon.start()
    r.wait(n + 1)


def test_a_webhook_that_fails_is_tried_again_and_then_left(told, receiver):
    r = receiver([503, 500, 302, 404])
    o = told(r.url, limits={"notice_attempts_max": 4})
    refused(o.agent().charges.create, CHARGE)
    r.wait(4)
    time.sleep(0.5)
    assert len(r.got) == 4 and len({h["x-flyball-delivery"] for _, _, h, _ in r.got}) == 1
    assert "notice_failed" in o.daemon.log()
    events = [e["event"] for e in o.daemon.get("/api/v1/events")["events"]]
    assert events.count("approval.notice_failed") == 1
    r.answers = [200]
    refused(o.agent().charges.create, {**CHARGE, "amount": 99})
    r.wait(5)


def test_a_webhook_that_is_down_or_slow_holds_up_no_call(told, receiver):
    slow = receiver(delay=3)
    o = told(slow.url)
    began = time.monotonic()
    for amount in range(100, 110):
        assert code(refused(o.agent().charges.create, {**CHARGE, "amount": amount})) == "approval_pending"
    slow.wait(1)
    assert time.monotonic() - began < 3
    down = receiver()
    down.stop()
    o.daemon.stop()
    o.daemon.env["NOTICE_URL"] = down.url
    o.daemon.start()
    began = time.monotonic()
    for amount in range(200, 210):
        assert code(refused(o.agent().charges.create, {**CHARGE, "amount": amount})) == "approval_pending"
    assert time.monotonic() - began < 3


def test_who_has_answered_is_told_no_more(told, receiver):
    r = receiver([500])
    o = told(r.url, limits={"notice_attempts_max": 100, "export_backoff_ms": 300, "export_backoff_ms_max": 300})
    refused(o.agent().charges.create, CHARGE)
    r.wait(1)
    o.say("ann", "deny", o.one()["id"])
    n = len(r.got)
    time.sleep(1)
    assert len(r.got) <= n + 1


def test_what_agents_write_can_mention_nobody_and_link_nowhere(told, receiver):
    r = receiver()
    o = told(r.url, personal=True)
    key = o.daemon.key(agent="bot", owner="olga")["key"]
    import stripe
    c = stripe.StripeClient(key, base_addresses={"api": o.url}, max_network_retries=0).v1
    refused(c.charges.create, {**CHARGE, "customer": "cus_9"})
    said = json.loads(r.wait(1)[0][3])
    assert "customer cus_9" in said["text"]
    assert "<" not in said["text"].replace("&lt;", "")


def test_secrets_of_webhooks_are_in_no_answer_and_no_log(told, receiver):
    r = receiver()
    o = told(r.url)
    refused(o.agent().charges.create, CHARGE)
    r.wait(1)
    config = json.dumps(o.daemon.get("/api/v1/config"))
    assert "env:NOTICE_SECRET" in config
    for text in (config, o.daemon.log(), r.got[0][3].decode()):
        assert SECRET not in text and "/hook/T0" not in text


@pytest.mark.parametrize("entry,says", [
    ({"webhook": "http://hooks.example/x", "secret": "env:NOTICE_SECRET"}, "insecure: true"),
    ({"webhook": "https://u:p@hooks.example/x", "secret": "env:NOTICE_SECRET"}, "user and password"),
    ({"webhook": "https://hooks.example/x", "secret": "plain"}, "env:NAME or file:PATH"),
    ({"webhook": "https://hooks.example/x"}, "secret"),
    ({"webhook": "https://hooks.example/x", "secret": "env:NOT_THERE"}, "NOT_THERE"),
    ({"webhook": "env:NOTICE_SECRET", "secret": "env:NOTICE_SECRET"}, "the URL behind approvals.finance.webhook"),
    ({"webhok": "https://hooks.example/x", "secret": "env:NOTICE_SECRET"}, "did you mean `webhook`"),
])
def test_a_webhook_that_cannot_work_is_refused_at_start(make_daemon, vendor, entry, says):
    from flyball import NotReady
    d = make_daemon(vendor, start=False, env={"NOTICE_SECRET": SECRET}, config={"approvals": {"finance": entry}})
    with pytest.raises(NotReady) as e:
        d.start()
    assert says in str(e.value) and SECRET not in str(e.value)


HOOKS = ("--listen-hooks", "127.0.0.1:0")


def ask_page(url, form=None, headers=None):
    """(status, headers, page)"""
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    q = urllib.request.Request(url, data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(q, timeout=10) as r:
            return r.status, r.headers, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read().decode()


@pytest.fixture
def linked(told, receiver):
    """An Office with a pending charge, and the link of its notice."""
    r = receiver()
    o = told(r.url, args=HOOKS)
    refused(o.agent().charges.create, CHARGE)
    o.link = json.loads(r.wait(1)[0][3])["blocks"][2]["elements"][0]["url"]
    o.receiver = r
    return o


def test_a_link_shows_the_question_and_reading_it_changes_nothing(linked):
    assert linked.link.startswith(linked.daemon.ready["hooks"] + "/hooks/approvals/")
    for _ in range(3):
        status, headers, page = ask_page(linked.link)
        assert status == 200 and "stripe.charges.create, for 25.00 USD" in page and "<form" in page
        assert headers["content-security-policy"].startswith("default-src 'none'") and "unsafe" not in str(headers)
        assert headers["cache-control"] == "no-store"
        # no-referrer would make a browser send its form with `Origin: null`, which no page of ours has
        assert headers["referrer-policy"] == "same-origin"
    assert linked.one()["state"] == "pending"


def test_a_link_answers_once_and_records_the_person(linked):
    form = {"credential": linked.person("ann"), "note": "ticket 4711", "say": "yes"}
    status, _, page = ask_page(linked.link, form)
    assert status == 200 and "on record, with your name" in page
    it = linked.daemon.get("/api/v1/approvals", all=1)["approvals"][0]
    assert it["state"] == "approved" and [(v["by"], v["note"]) for v in it["votes"]] == [("ann", "ticket 4711")]
    assert ask_page(linked.link, form)[0] == 404 and ask_page(linked.link)[0] == 404
    assert linked.agent().charges.create(CHARGE).amount == 2500


def test_a_link_works_after_kill_9_and_with_the_code_of_a_sign_in_link(linked):
    until = time.monotonic() + 5
    while time.monotonic() < until and not any(
            e["event"] == "approval.notice" for e in linked.daemon.get("/api/v1/events")["events"]):
        time.sleep(0.02)
    linked.person("ann")
    linked.daemon.restart(kill_9=True)
    path = linked.link[linked.link.index("/hooks/"):]
    link = linked.daemon.ready["hooks"] + path
    sign_in = linked.daemon.json("admin", "link", "ann")["code"]
    assert ask_page(link, {"credential": sign_in, "say": "no", "note": "ü" * 251})[0] == 400  # the code is still good
    assert ask_page(link, {"credential": sign_in, "say": "no", "note": "enough"})[0] == 200
    it = linked.daemon.get("/api/v1/approvals", all=1)["approvals"][0]
    assert it["state"] == "denied" and it["votes"][0]["by"] == "ann"


def test_a_link_alone_is_nobody(linked):
    linked.person("olga"), linked.person("robot", service=True), linked.person("vera", "viewer")
    folder = linked.daemon.token
    for credential, says in [("", "credential of a person"), ("fba_made_up", "credential of a person"),
                             (folder, "credential of a person"), (linked.people["vera"], "role approver"),
                             (linked.people["olga"], "nobody decides an own one"),
                             (linked.people["robot"], "a person decides")]:
        status, _, page = ask_page(linked.link, {"credential": credential, "say": "yes"})
        assert status == 403 and says in page, (credential, page)
    assert linked.one()["state"] == "pending"


def test_a_page_from_elsewhere_does_not_answer(linked):
    form = {"credential": linked.person("ann"), "say": "yes"}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert ask_page(linked.link, form, headers)[0] == 403
    assert ask_page(linked.link, {**form, "say": "perhaps"})[0] == 400
    assert ask_page(linked.link, {**form, "note": "x" * 501})[0] == 400
    assert linked.one()["state"] == "pending"
    assert ask_page(linked.link, {**form, "note": "x" * 500}, {"Origin": linked.daemon.ready["hooks"]})[0] == 200


def test_the_hooks_listener_serves_nothing_else_and_counts_guesses(linked):
    hooks = linked.daemon.ready["hooks"]
    for path in ("/", "/ui/", "/api/v1/calls", "/metrics", "/healthz", "/hooks/stripe"):
        assert ask_page(hooks + path)[0] == 404, path
    codes = [ask_page(f"{hooks}/hooks/approvals/guess-{i}")[0] for i in range(40)]
    assert codes[0] == 404 and codes[-1] == 429
    assert ask_page(linked.link)[0] == 200  # who has a good one is not locked out
    assert linked.daemon.api("GET", "/api/v1/calls", token="fba_guess")[0] == 401  # nor who signs in elsewhere


def test_hooks_beyond_loopback_want_a_certificate(make_daemon, vendor):
    from flyball import NotReady
    d = make_daemon(vendor, start=False, args=("--listen-hooks", "0.0.0.0:0"))
    with pytest.raises(NotReady) as e:
        d.start()
    assert "listen.admin_tls" in str(e.value)


# ---- what rules note -------------------------------------------------------------------------------------------------


@pytest.fixture
def noting(make_daemon, vendor):
    """A daemon whose rule notes charges as `charged`, and an agent's key."""

    def make(url, limits=None, names=("charged",)):
        entry = {"webhook": "env:NOTICE_URL", "secret": "env:NOTICE_SECRET"}
        d = make_daemon(vendor, env={"NOTICE_SECRET": SECRET, "NOTICE_URL": url},
                        config={"notices": {n: entry for n in names}},
                        limits={"export_backoff_ms": 20, "export_backoff_ms_max": 50, **(limits or {})})
        d.apply(policy("default", [{"id": "pay", "effect": "permit",
                                    "match": {"operation": ["stripe.charges.create"]},
                                    "obligations": [{"type": "notify", "properties": {"name": "charged"}}]}]))
        return d, d.key(agent="shop")["key"]

    return make


def charge(d, key, amount=100):
    form = f"amount={amount}&currency=usd&source=tok_visa"
    return ask(d.data_port, "POST", "/stripe/v1/charges", key, form)


def events(d):
    return [e for e in d.get("/api/v1/events")["events"] if e["event"] == "policy.notice"]


def test_what_a_rule_notes_goes_to_its_webhook_signed(noting, receiver):
    r = receiver(answers=(500, 200))
    d, key = noting(r.url)
    paid = charge(d, key)
    assert paid.status == 200
    (_, path, first, body), (_, _, second, again) = r.wait(2)
    assert path == "/hook/T0/B0?x=1" and body == again
    assert first["x-flyball-delivery"] == second["x-flyball-delivery"]
    assert second["x-flyball-signature"] == signature(second, again)
    said = json.loads(body)
    assert said["metadata"]["event_type"] == "policy_notice"
    assert said["metadata"]["event_payload"] == {"name": "charged", "call_id": paid.call_id, "agent": "shop",
                                                 "operation": "stripe.charges.create", "rule": "pay",
                                                 "policy": "default"}
    assert said["text"] == "charged: agent shop makes stripe.charges.create"
    time.sleep(0.2)
    assert len(r.got) == 2, "told once"


def test_a_webhook_that_is_down_delays_no_call_and_what_is_beyond_is_in_the_events(noting, receiver):
    r = receiver(delay=5)
    d, key = noting(r.url, limits={"notices_max": 2})
    began = time.monotonic()
    assert [charge(d, key, 100 + i).status for i in range(4)] == [200] * 4
    assert time.monotonic() - began < 4
    assert len(events(d)) == 4
    assert "flyball_notices_dropped_total 2" in d.get("/metrics")


def test_a_name_without_a_webhook_is_an_event_alone(noting, receiver):
    r = receiver()
    d, key = noting(r.url, names=("other",))
    assert charge(d, key).status == 200
    time.sleep(0.2)
    assert len(events(d)) == 1 and r.got == []


def test_one_secret_may_sign_approvals_and_notices(make_daemon, vendor, receiver):
    r = receiver()
    entry = {"webhook": "env:NOTICE_URL", "secret": "env:NOTICE_SECRET"}
    d = make_daemon(vendor, env={"NOTICE_SECRET": SECRET, "NOTICE_URL": r.url}, limits={"approval_wait_ms": 0},
                    config={"approvals": {"finance": entry}, "notices": {"charged": entry}})
    match = {"operation": ["stripe.charges.create"]}
    d.apply(policy("default", [
        {"id": "big", "effect": "approve", "approval": "finance", "match": match, "when": "params.amount > 1000"},
        {"id": "pay", "effect": "permit", "match": match,
         "obligations": [{"type": "notify", "properties": {"name": "charged"}}]},
    ], approvals={"finance": {"ttl": "30m"}}))
    key = d.key()["key"]
    assert charge(d, key).status == 200 and charge(d, key, 2000).code == "approval_pending"
    r.wait(2)
    for _, _, headers, body in r.got:
        assert headers["x-flyball-signature"] == signature(headers, body)
    assert {json.loads(b)["metadata"]["event_type"] for *_, b in r.got} == {"policy_notice", "approval_pending"}
