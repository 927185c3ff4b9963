"""The official Twilio and Resend SDKs for Python and Node, unmodified but for the base URL: allowed, refused,
duplicates, recipients, and answers byte for byte."""
import base64
import http.client as http_client
import json
import subprocess
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
import resend
import twilio.rest
from resend.exceptions import ResendError
from twilio.base.exceptions import TwilioRestException

from flyball import NotReady, permit, policy, usd
from vendor_messages import ACCOUNT, Resend, Twilio, start

SECRETS = {"TWILIO_SECRET": f"{ACCOUNT}:canarytoken0123456789abcdef", "RESEND_API_KEY": "re_canary0123456789abcdef"}
RULES = [permit("sms", operation=["twilio.messages.*"]),
         permit("calls", operation=["twilio.calls.*"]),
         permit("numbers", operation=["twilio.lookups.*", "twilio.verify.*"], **{"class": ["read", "cost", "write"]}),
         permit("mail", operation=["resend.emails.*"], **{"class": ["read", "write", "cost"]})]
LIMITS = [usd("sms-day", "0.10", operation=["twilio.messages.create"]),
          usd("mail-day", "0.01", operation=["resend.emails.*"]),
          usd("rest-day", "0.10", operation=["twilio.lookups.*", "twilio.verify.*", "twilio.calls.*"])]
NODE = Path(__file__).parent / "node" / "messages.mjs"


@pytest.fixture
def sms():
    v = start(Twilio)
    yield v
    v.stop()


@pytest.fixture
def mail():
    v = start(Resend)
    yield v
    v.stop()


@pytest.fixture
def daemon(make_daemon, sms, mail):
    def at(v, secret, **more):
        return {"base_url": f"http://127.0.0.1:{v.port}", "secret": f"env:{secret}", "mode": "test", **more}
    d = make_daemon(None, env=SECRETS, vendors={"twilio": at(sms, "TWILIO_SECRET", poll=True),
                                                "resend": at(mail, "RESEND_API_KEY")})
    d.apply(policy("default", RULES, LIMITS))
    return d


def twilio_client(key, data):
    c = twilio.rest.Client(ACCOUNT, key)
    c.api.base_url = data + "/twilio"
    c.lookups.base_url = data + "/twilio/lookups"
    c.verify.base_url = data + "/twilio/verify"
    return c


def send(c, body="Hi there", to="+14155550123", **more):
    return c.messages.create(to=to, from_="+14155550100", body=body, **more)


def refused(fn, *args, **more):
    with pytest.raises(TwilioRestException) as e:
        fn(*args, **more)
    return e.value


def http(daemon, method, path, key, form=None, headers=None):
    """(status, headers, body) of one plain request."""
    c = http_client.HTTPConnection("127.0.0.1", daemon.data_port, timeout=30)
    more = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    head = {"Authorization": f"Bearer {key}", **more, **(headers or {})}
    c.request(method, path, urlencode(form) if form else None, head)
    r = c.getresponse()
    body = r.read()
    c.close()
    return r.status, {n.lower(): v for n, v in r.getheaders()}, body


# ---- Twilio ----------------------------------------------------------------------------------------------------------


def test_a_message_is_sent_with_the_vendors_credential_and_priced(daemon, sms):
    c = twilio_client(daemon.key()["key"] + ".run_one", daemon.ready["data"])
    m = send(c)
    assert m.sid.startswith("SM") and m.status == "queued" and m.price is None
    r, = sms.requests
    basic = base64.b64decode(r.header("authorization").removeprefix("Basic ")).decode()
    assert basic == SECRETS["TWILIO_SECRET"]
    assert r.form == {"To": "+14155550123", "From": "+14155550100", "Body": "Hi there"}
    assert r.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json" and r.key is None
    it, = daemon.run_calls("one")
    assert it["operation"] == "twilio.messages.create" and it["class"] == "cost" and it["customer"] == "+14155550123"
    assert it["settled"] == {"usd": "0.014500000", "how": "priced"} and it["object_ids"] == [m.sid]
    assert "Hi there" not in json.dumps(it), "what a message says is in its record"
    assert c.messages(m.sid).fetch().to == "+14155550123"
    assert [x.sid for x in c.messages.list(limit=5)] == [m.sid]
    assert c.messages(m.sid).update(status="canceled").status == "canceled"
    assert c.messages(m.sid).delete() is True
    daemon.settle()


@pytest.mark.parametrize("dies", [False, True])
def test_the_price_is_asked_for_later_and_corrects(daemon, sms, dies):
    c = twilio_client(daemon.key()["key"] + ".run_late", daemon.ready["data"])
    m = send(c)
    sms.stripe.prices[m.sid] = "-0.00790"
    if dies:
        daemon.restart(kill_9=True)
    sms.wait_for(2, timeout=20)
    until = time.monotonic() + 10
    while daemon.run_calls("late")[0]["settled"]["how"] != "parsed" and time.monotonic() < until:
        time.sleep(0.05)
    assert daemon.run_calls("late")[0]["settled"] == {"usd": "0.007900000", "how": "parsed"}
    assert [s for s, _ in daemon.buckets("sms-day").values()] == ["0.007900000"]
    assert sms.requests[1].method == "GET" and sms.requests[1].path.endswith(f"/Messages/{m.sid}.json")
    done = daemon.cli("doctor")
    assert done.returncode == 0, done.stdout + done.stderr  # counters rebuilt from the frames are the same
    daemon.restart()
    assert [s for s, _ in daemon.buckets("sms-day").values()] == ["0.007900000"]
    assert daemon.run_calls("late")[0]["settled"] == {"usd": "0.007900000", "how": "parsed"}


def test_a_limit_is_a_rest_exception_with_our_sentence(daemon, sms):
    c = twilio_client(daemon.key()["key"] + ".run_limit", daemon.ready["data"])
    e = refused(send, c, body="x" * 1000)  # seven segments
    assert e.status == 403 and e.code == 20403 and 'Limit "sms-day"' in e.msg and "0.1015" in e.msg
    assert "limit_exceeded" in e.msg and not sms.requests
    assert daemon.run_calls("limit")[0]["call_id"] in e.msg


def test_a_country_without_a_price_is_refused(daemon, sms):
    c = twilio_client(daemon.key()["key"], daemon.ready["data"])
    for to in ("+9647901234567", "+18765550123", "whatsapp:+14155550123"):
        e = refused(send, c, to=to)
        assert e.status == 403 and "cost_unknown" in e.msg
    assert not sms.requests


def test_a_message_sent_twice_is_a_duplicate_that_names_the_first(daemon, sms):
    made = daemon.key()
    c = twilio_client(made["key"] + ".run_dup", daemon.ready["data"])
    send(c)
    e = refused(send, c)
    first, second = daemon.run_calls("dup")
    assert e.status == 403 and "duplicate" in e.msg and first["call_id"] in e.msg
    assert second["code"] == "duplicate" and second["outcome"] == "none" and second["settled"] is None
    assert sms.book.count("Messages") == 1
    send(c, body="Hi there!")
    send(c, to="+14155550124")
    other = twilio_client(daemon.key(agent="other")["key"], daemon.ready["data"])
    send(other)
    assert sms.book.count("Messages") == 4


def test_a_key_of_its_own_makes_two_messages_two_and_one_one(daemon, sms):
    key = daemon.key()["key"]

    def post(idempotency_key):
        return http(daemon, "POST", f"/twilio/2010-04-01/Accounts/{ACCOUNT}/Messages.json", key,
                    {"To": "+14155550123", "From": "+14155550100", "Body": "Hi"}, {"Idempotency-Key": idempotency_key})

    assert post("a")[0] == 201 and post("b")[0] == 201
    status, headers, body = post("a")
    assert status == 403 and headers["x-flyball-code"] == "duplicate" and b"Idempotency-Key" in body
    assert sms.book.count("Messages") == 2 and all(r.key is None for r in sms.requests)


def test_after_an_error_the_same_message_may_be_sent_again(daemon, sms):
    from vendor import says
    c = twilio_client(daemon.key()["key"], daemon.ready["data"])
    body = {"code": 21211, "message": "The 'To' number is not valid.", "more_info": "x", "status": 400}
    sms.plan(says(400, body))
    e = refused(send, c)
    assert e.status == 400 and e.code == 21211 and e.msg.endswith("not valid."), "the vendor's own error passes"
    assert send(c).status == "queued"


def test_a_lookup_costs_by_its_fields_and_is_free_without(daemon, sms):
    c = twilio_client(daemon.key()["key"] + ".run_look", daemon.ready["data"])
    assert c.lookups.v2.phone_numbers("+14155550123").fetch().valid
    assert c.lookups.v2.phone_numbers("+14155550123").fetch(fields="caller_name").valid
    free, paid = daemon.run_calls("look")
    assert free["class"] == "read" and paid["class"] == "cost"
    assert paid["settled"] == {"usd": "0.010000000", "how": "priced"}
    assert sms.requests[0].path == "/v2/PhoneNumbers/+14155550123"
    e = refused(c.lookups.v2.phone_numbers("+14155550123").fetch, fields="sim_swap")
    assert "cost_unknown" in e.msg and len(sms.requests) == 2


def test_a_verification_goes_to_its_own_product(daemon, sms):
    c = twilio_client(daemon.key()["key"], daemon.ready["data"])
    v = c.verify.v2.services("VA" + "1" * 32).verifications.create(to="+14155550123", channel="sms")
    assert v.status == "pending" and sms.requests[0].path == f"/v2/Services/VA{'1' * 32}/Verifications"


def test_a_call_is_held_for_its_whole_time_limit(daemon, sms):
    c = twilio_client(daemon.key()["key"] + ".run_call", daemon.ready["data"])
    e = refused(c.calls.create, to="+14155550123", from_="+14155550100", url="https://x.example/t.xml")
    assert "asks 3.36" in e.msg
    c.calls.create(to="+14155550123", from_="+14155550100", url="https://x.example/t.xml", time_limit=120)
    assert daemon.run_calls("call")[-1]["settled"]["usd"] == "0.028000000"


def test_keys_of_the_account_are_authority(daemon, sms):
    c = twilio_client(daemon.key()["key"], daemon.ready["data"])
    e = refused(c.new_keys.create)
    assert e.status == 403 and "policy_denied" in e.msg and not sms.requests


def test_an_account_never_shows_its_token(daemon, sms):
    from vendor import says
    token = SECRETS["TWILIO_SECRET"].split(":")[1]
    daemon.apply(policy("default", [permit("all", vendor=["twilio"], **{"class": ["read"]})]))
    sms.plan(says(200, {"sid": ACCOUNT, "auth_token": token, "friendly_name": "x"}), method="GET")
    key = daemon.key()["key"]
    status, _, body = http(daemon, "GET", f"/twilio/2010-04-01/Accounts/{ACCOUNT}.json", key)
    assert status == 200 and token.encode() not in body and b"*" * len(token) in body


OWN_PRICES = """prices: twilio_sms
match: prefix
as_of: "2026-11-01"
source: our contract
rows:
  - {for: "+49", name: Germany, sms: "0.0300", sms_fee: "0"}
  - {for: "+1", sms: "0.0050", sms_fee: "0"}
"""


def test_prices_of_ones_own_stand_before_the_list(make_daemon, sms, tmp_path):
    file = tmp_path / "prices.yaml"
    file.write_text(OWN_PRICES)
    at = {"base_url": f"http://127.0.0.1:{sms.port}", "secret": "env:TWILIO_SECRET", "mode": "test",
          "prices": str(file)}
    d = make_daemon(None, env=SECRETS, vendors={"twilio": at})
    d.apply(policy("default", RULES, LIMITS))
    c = twilio_client(d.key()["key"] + ".run_own", d.ready["data"])
    for to in ("+4915112345678", "+14155550123", "+447700900123"):
        send(c, to=to)
    assert [x["settled"]["usd"] for x in d.run_calls("own")] == ["0.030000000", "0.005000000", "0.052000000"]
    file.write_text(OWN_PRICES.replace('"0.0300"', "0.0300"))
    bad = make_daemon(None, start=False, env=SECRETS, vendors={"twilio": at})
    with pytest.raises(NotReady) as e:
        bad.start()
    assert f"{file}:6:" in str(e.value) and "decimal text in USD" in str(e.value)


# ---- Resend ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def mailer(daemon):
    def use(key):
        resend.api_key, resend.api_url = "re_" + key, daemon.ready["data"] + "/resend"
        return resend
    return use


MAIL = {"from": "Acme <a@acme.dev>", "to": ["b@x.dev"], "subject": "Hello", "html": "<p>Zoë</p>"}


def test_an_email_costs_by_recipient(daemon, mail, mailer):
    r = mailer(daemon.key()["key"] + ".run_mail")
    sent = r.Emails.send({**MAIL, "cc": ["c@x.dev"], "bcc": "d@x.dev"})
    assert mail.requests[0].header("authorization") == f"Bearer {SECRETS['RESEND_API_KEY']}"
    it, = daemon.run_calls("mail")
    assert it["settled"] == {"usd": "0.002700000", "how": "priced"} and it["object_ids"] == [sent["id"]]
    assert mail.book.effects == [("email", 3)]
    assert r.Emails.get(sent["id"])["subject"] == "Hello"
    r.Emails.update({"id": sent["id"], "scheduled_at": "2026-12-01T00:00:00Z"})
    r.Emails.cancel(sent["id"])
    daemon.settle()


def test_what_the_agent_wrote_is_what_resend_gets(daemon, mail, mailer):
    r = mailer(daemon.key()["key"])
    r.Emails.send(MAIL, options={"idempotency_key": "welcome/1"})
    assert json.loads(mail.requests[0].body) == MAIL and mail.requests[0].key == "welcome/1"
    assert mail.requests[0].raw.endswith(mail.requests[0].body)


def test_the_same_key_is_one_email(daemon, mail, mailer):
    r = mailer(daemon.key()["key"] + ".run_key")
    a = r.Emails.send(MAIL, options={"idempotency_key": "k"})
    assert r.Emails.send(MAIL, options={"idempotency_key": "k"})["id"] == a["id"]
    assert mail.book.effects == [("email", 1)]
    assert [x["settled"]["usd"] for x in daemon.run_calls("key")] == ["0.000900000", "0.000000000"]


def test_a_batch_counts_all_recipients(daemon, mail, mailer):
    r = mailer(daemon.key()["key"] + ".run_batch")
    r.Batch.send([MAIL, {**MAIL, "to": ["b@x.dev", "c@x.dev"]}])
    assert daemon.run_calls("batch")[0]["settled"]["usd"] == "0.002700000"


def test_too_many_recipients_are_refused_in_resends_form(daemon, mail, mailer):
    r = mailer(daemon.key()["key"] + ".run_many")
    with pytest.raises(ResendError) as e:
        r.Emails.send({**MAIL, "to": [f"b{i}@x.dev" for i in range(12)]})
    assert str(e.value.code) == "403" and 'Limit "mail-day"' in e.value.message and "0.0108" in e.value.message
    assert daemon.run_calls("many")[0]["call_id"] in e.value.message and not mail.requests


def test_a_new_api_key_needs_its_own_permit(daemon, mail, mailer):
    r = mailer(daemon.key()["key"])
    with pytest.raises(ResendError) as e:
        r.ApiKeys.create({"name": "more"})
    assert "policy_denied" in e.value.message and not mail.requests


# ---- both ----


def test_answers_are_the_vendors_byte_for_byte(daemon, sms, mail):
    key = daemon.key()["key"]
    form = {"To": "+14155550123", "From": "+14155550100", "Body": "Grüße"}
    path = f"/twilio/2010-04-01/Accounts/{ACCOUNT}/Messages"
    assert http(daemon, "POST", path + ".json", key, form)[2] == sms.book.answers[-1].body
    sid = next(iter(sms.book.objects))
    assert http(daemon, "GET", f"{path}/{sid}.json", key)[2] == sms.book.answers[-1].body
    assert http(daemon, "GET", f"{path}/SM404.json", key)[2] == sms.book.answers[-1].body
    c = http_client.HTTPConnection("127.0.0.1", daemon.data_port, timeout=30)
    sent = json.dumps(MAIL, ensure_ascii=False).encode()
    c.request("POST", "/resend/emails", sent, {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    assert c.getresponse().read() == mail.book.answers[-1].body and mail.requests[-1].body == sent


def test_both_are_simulated_in_dev(make_daemon, mailer):
    d = make_daemon(None, command="dev")
    c = twilio_client(d.ready["key"], d.ready["data"])
    m = send(c)
    assert m.price is None and m.status == "queued"
    e = refused(send, c)
    assert "duplicate" in e.msg
    resend.api_key, resend.api_url = "re_" + d.ready["key"], d.ready["data"] + "/resend"
    sent = resend.Emails.send(MAIL)
    assert resend.Emails.get(sent["id"])["last_event"] == "delivered"
    e = refused(c.new_keys.create)
    assert e.status == 403
    until = time.monotonic() + 15
    while c.messages(m.sid).fetch().price is None and time.monotonic() < until:
        time.sleep(0.2)
    assert c.messages(m.sid).fetch().price == "-0.011300000"

    def settled():
        calls = [x for x in d.calls() if x["operation"] == "twilio.messages.create"]
        return [x["settled"] for x in calls if x["verdict"] == "permit"]

    while settled() != [{"usd": "0.011300000", "how": "parsed"}] and time.monotonic() < until:
        time.sleep(0.2)
    assert settled() == [{"usd": "0.011300000", "how": "parsed"}]


# ---- Node ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def run_node(node, daemon):
    if not (NODE.parent / "node_modules/twilio").is_dir():
        pytest.skip("tests/e2e/node/node_modules lacks twilio; script/bootstrap --test installs it")

    def run(steps, key=None):
        job = {"key": key or daemon.key()["key"], "data": daemon.ready["data"], "account": ACCOUNT, "steps": steps}
        done = subprocess.run([node, str(NODE)], input=json.dumps(job), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return run


def test_node_sends_messages_and_is_refused(daemon, sms, run_node):
    one = {"to": "+14155550123", "from": "+14155550100", "body": "Hi from Node"}
    told = run_node([["messages.create", one], ["messages.create", one],
                     ["messages.create", {**one, "to": "+9647901234567"}],
                     ["lookup", "+14155550123", {"fields": "caller_name"}]])
    assert told[0]["value"]["status"] == "queued" and told[0]["value"]["sid"].startswith("SM")
    assert told[1]["error"]["status"] == 403 and told[1]["error"]["code"] == 20403
    assert "duplicate" in told[1]["error"]["message"] and told[1]["error"]["class"] == "RestException"
    assert "cost_unknown" in told[2]["error"]["message"]
    assert told[3]["value"]["valid"] is True and sms.book.count("Messages") == 1


def test_node_sends_emails_and_gets_refusals_without_a_throw(daemon, mail, run_node):
    one = {"from": "a@acme.dev", "to": ["b@x.dev"], "subject": "s", "html": "<p>h</p>", "scheduledAt": "in 1 min"}
    many = {**one, "to": [f"b{i}@x.dev" for i in range(12)]}
    told = run_node([["emails.send", one], ["emails.send", many], ["batch.send", [one, one]]])
    assert told[0]["value"]["data"]["id"] and told[0]["value"]["error"] is None
    assert told[1]["value"]["data"] is None and told[1]["value"]["error"]["name"] == "limit_exceeded"
    assert 'Limit "mail-day"' in told[1]["value"]["error"]["message"]
    assert len(told[2]["value"]["data"]["data"]) == 2
    assert mail.book.effects == [("email", 1), ("email", 1), ("email", 1)]
    assert json.loads(mail.requests[0].body)["scheduled_at"] == "in 1 min"
