"""Who calls, for which run, and what: from the bytes that stock SDKs send. A witness in front of the daemon keeps them;
each test shows what was sent, and then what is on record."""
import contextlib
import json
import subprocess
import uuid
from pathlib import Path

import anthropic
import openai
import pytest
import requests
import resend
import stripe
from twilio.rest import Client as Twilio

import sdks
from flyball import Daemon, permit, policy
from raw import ask, exchange, request
from tap import Tap

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SCRIPT = Path(__file__).parent / "node" / "carriers.mjs"
CHAT, CLAUDE = "gpt-4o-mini", "claude-haiku-4-5"
HELLO = {"max_tokens": 20, "messages": [{"role": "user", "content": "Hello there"}]}
MAIL = {"from": "shop@example.com", "to": ["ann@example.com"], "subject": "Hi", "text": "Hello"}
CHARGE = {"amount": 300, "currency": "usd", "source": "tok_visa"}
VERSION = {"anthropic-version": "2023-06-01"}
OPERATIONS = {"openai": "openai.chat.completions.create", "anthropic": "anthropic.messages.create",
              "stripe": "stripe.charges.create", "twilio": "twilio.messages.create", "resend": "resend.emails.send"}
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages", "stripe": "/v1/charges",
         "twilio": f"/2010-04-01/Accounts/{sdks.ACCOUNT}/Messages.json", "resend": "/emails"}


class Stand:
    """A daemon with simulated vendors, a witness in front of it, and one key."""

    def __init__(self, root, node):
        self.node = node
        self.daemon = Daemon(root, None, command="dev").start()
        self.daemon.apply(policy("default", [permit("all")]))
        self.tap = Tap(self.daemon.data_port)
        self.url = f"http://127.0.0.1:{self.tap.port}"
        made = self.daemon.key(agent="stand")
        self.key, self.key_id = made["key"], made["id"]

    def close(self):
        self.tap.stop()
        self.daemon.close()

    def sent(self, act, *args, **more):
        """What went over the wire while `act` did one call."""
        before = len(self.tap.requests())
        act(*args, **more)
        new, = self.tap.requests()[before:]
        return new

    def last(self):
        """The record of the last call."""
        call, = self.daemon.calls("--limit", 1)
        return call

    def run_node(self, *steps):
        done = subprocess.run([self.node, str(SCRIPT)], input=json.dumps(steps), capture_output=True, text=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def shared_stand(tmp_path_factory, node):
    s = Stand(tmp_path_factory.mktemp("carriers"), node)
    yield s
    assert s.daemon.is_alive, s.daemon.log()
    s.close()


@pytest.fixture
def stand(shared_stand):
    yield shared_stand
    assert shared_stand.daemon.settle()


# ---- calls, as SDKs make them: key, and the base URL of each ----


def by_openai(key, base, **more):
    openai.OpenAI(api_key=key, base_url=base, max_retries=0).chat.completions.create(model=CHAT, **HELLO, **more)


def by_anthropic(key, base, **more):
    anthropic.Anthropic(api_key=key, base_url=base, max_retries=0).messages.create(model=CLAUDE, **HELLO, **more)


def by_stripe(key, base, headers=None):
    stripe.StripeClient(key, base_addresses={"api": base}).v1.charges.create(CHARGE, {"headers": headers or {}})


def by_twilio(key, base):
    client = Twilio(sdks.ACCOUNT, key)
    client.api.base_url = base
    client.messages.create(to="+14155550123", from_="+14155550100", body=uuid.uuid4().hex)


def by_resend(key, base):
    resend.api_key, resend.api_url = key, base
    resend.Emails.send(MAIL)


CALLERS = {"openai": by_openai, "anthropic": by_anthropic, "stripe": by_stripe, "twilio": by_twilio,
           "resend": by_resend}
PREFIXES = {"openai": "/openai/v1", "anthropic": "/anthropic", "stripe": "/stripe", "twilio": "/twilio",
            "resend": "/resend"}


# ---- the run -----------------------------------------------------------------------------------------------------


def is_run(stand, run, source, vendor="openai"):
    it = stand.last()
    assert (it["run_id"], it["run_source"], it["operation"]) == (run, source, OPERATIONS[vendor]), it
    assert it["run_trust"] == "claimed" and it["key"] == stand.key_id


@pytest.mark.parametrize("vendor", ["openai", "anthropic"])
def test_the_run_in_the_header_that_an_environment_variable_adds(stand, monkeypatch, vendor):
    monkeypatch.setenv(f"{vendor.upper()}_CUSTOM_HEADERS", f"x-agent-run-id: by-variable-{vendor}")
    sent = stand.sent(CALLERS[vendor], stand.key, stand.url + PREFIXES[vendor])
    assert sent.header("x-agent-run-id") == f"by-variable-{vendor}"
    is_run(stand, f"by-variable-{vendor}", "header", vendor)


def test_the_run_in_a_header_of_one_request(stand):
    sent = stand.sent(by_stripe, stand.key, stand.url + "/stripe", headers={"x-agent-run-id": "by-header"})
    assert sent.header("x-agent-run-id") == "by-header"
    is_run(stand, "by-header", "header", "stripe")


@pytest.mark.parametrize("vendor", CALLERS)
def test_the_run_behind_the_key(stand, vendor):
    sent = stand.sent(CALLERS[vendor], f"{stand.key}.run_behind-{vendor}", stand.url + PREFIXES[vendor])
    assert sent.key[1] == f"{stand.key}.run_behind-{vendor}" and not sent.header("x-agent-run-id")
    is_run(stand, f"behind-{vendor}", "key_suffix", vendor)


@pytest.mark.parametrize("vendor", CALLERS)
def test_the_run_in_the_path(stand, vendor):
    sent = stand.sent(CALLERS[vendor], stand.key, f"{stand.url}/r/in-path-{vendor}{PREFIXES[vendor]}")
    assert sent.target.startswith(f"/r/in-path-{vendor}/{vendor}/")
    is_run(stand, f"in-path-{vendor}", "path", vendor)
    assert stand.last()["path"] == PATHS[vendor]


def test_the_run_in_the_path_without_a_vendor(stand):
    sent = stand.sent(by_stripe, stand.key, stand.url + "/r/rooted")
    assert sent.target == "/r/rooted/v1/charges"
    is_run(stand, "rooted", "path", "stripe")


def test_a_session_of_claude_code_is_a_run(stand):
    session = str(uuid.uuid4())
    sent = stand.sent(by_anthropic, stand.key, stand.url + "/anthropic",
                      extra_headers={"X-Claude-Code-Session-Id": session})
    assert sent.header("x-claude-code-session-id") == session
    is_run(stand, session, "session", "anthropic")
    assert stand.last()["trace_id"] == session.replace("-", ""), "a run that is a UUID is the trace too"


def test_a_trace_is_a_run(stand):
    trace = uuid.uuid4().hex
    sent = stand.sent(by_openai, stand.key, stand.url + "/openai/v1",
                      extra_headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert sent.header("traceparent")
    is_run(stand, trace, "traceparent")
    assert stand.last()["trace_id"] == trace


def test_without_any_carrier_a_key_has_a_run_that_was_made_up(stand):
    key = stand.daemon.key(agent="quiet")["key"]
    sent = stand.sent(by_openai, key, stand.url + "/openai/v1")
    assert not [n for n, _ in sent.headers if n.lower() in ("x-agent-run-id", "traceparent")] and ".run_" not in \
        sent.key[1]
    first = stand.last()
    assert (first["run_source"], first["run_trust"]) == ("made", "minted") and first["run_id"]
    stand.sent(by_stripe, key, stand.url + "/stripe")
    assert stand.last()["run_id"] == first["run_id"], "calls of one key soon after another are one run"
    stand.sent(by_stripe, stand.daemon.key(agent="other")["key"], stand.url + "/stripe")
    assert stand.last()["run_id"] != first["run_id"]


def test_of_several_carriers_the_first_of_the_list_is_the_run(stand):
    carriers = [("header", {"x-agent-run-id": "one"}), ("key_suffix", ".run_two"), ("path", "/r/three"),
                ("session", {"X-Claude-Code-Session-Id": "four"}),
                ("traceparent", {"traceparent": f"00-{'5' * 32}-00f067aa0ba902b7-01"})]
    names = ["one", "two", "three", "four", "5" * 32]
    for i, (source, _) in enumerate(carriers):
        left = dict(carriers[i:])
        headers = {}
        for name in ("header", "session", "traceparent"):
            headers.update(left.get(name, {}))
        stand.sent(by_anthropic, stand.key + left.get("key_suffix", ""),
                   stand.url + left.get("path", "") + "/anthropic", extra_headers=headers)
        is_run(stand, names[i], source, "anthropic")


# ---- the key -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor, carrier, dress", [
    ("openai", "bearer", "sk-"), ("openai", "bearer", "sk-proj-"), ("anthropic", "bearer", "sk-ant-"),
    ("anthropic", "bearer", "sk-ant-api03-"), ("stripe", "bearer", "sk_live_"), ("stripe", "bearer", "sk_test_"),
    ("twilio", "basic password", ""), ("resend", "bearer", "re_")])
def test_the_key_where_each_sdk_puts_it_and_in_what_it_wears(stand, vendor, carrier, dress):
    run = f"worn-{vendor}-{dress.strip('-_') or 'plain'}"
    sent = stand.sent(CALLERS[vendor], f"{dress}{stand.key}.run_{run}", stand.url + PREFIXES[vendor])
    assert sent.key == (carrier, f"{dress}{stand.key}.run_{run}")
    is_run(stand, run, "key_suffix", vendor)


def test_the_key_as_the_bearer_of_anthropics_other_credential(stand):
    def act():
        anthropic.Anthropic(auth_token=stand.key + ".run_token", base_url=stand.url + "/anthropic",
                            max_retries=0).messages.create(model=CLAUDE, **HELLO)
    assert stand.sent(act).key == ("bearer", stand.key + ".run_token")
    is_run(stand, "token", "key_suffix", "anthropic")


def test_the_key_as_the_user_of_basic_as_stripes_own_examples_have_it(stand):
    sent = stand.sent(requests.post, stand.url + "/stripe/v1/charges", data=CHARGE, auth=(stand.key + ".run_user", ""))
    assert sent.key == ("basic user", stand.key + ".run_user")
    is_run(stand, "user", "key_suffix", "stripe")


def test_the_key_in_googles_header(stand):
    sent = stand.sent(requests.post, stand.url + "/openai/v1/chat/completions", json={"model": CHAT, **HELLO},
                      headers={"x-goog-api-key": stand.key + ".run_goog"})
    assert sent.key == ("x-goog-api-key", stand.key + ".run_goog")
    is_run(stand, "goog", "key_suffix")


def test_the_keys_of_the_sdks_for_node(stand):
    """One call of each, in its own process: what they send is what those for Python send."""
    before = len(stand.tap.requests())
    wear = {"openai": "sk-", "anthropic": "sk-ant-", "stripe": "sk_live_", "twilio": "", "resend": "re_",
            "ai-openai": "sk-", "ai-anthropic": "sk-ant-", "langchain-openai": "sk-", "langchain-anthropic": "sk-ant-"}
    stand.run_node(*[{"sdk": sdk, "base": stand.url, "key": f"{dress}{stand.key}.run_node-{sdk}"}
                     for sdk, dress in wear.items()])
    sent = stand.tap.requests()[before:]
    carriers = {"ai-anthropic": "x-api-key", "langchain-anthropic": "x-api-key", "twilio": "basic password"}
    for sdk, dress in wear.items():
        one, = [r for r in sent if r.key[1].endswith(f".run_node-{sdk}")]
        assert one.key == (carriers.get(sdk, "bearer"), f"{dress}{stand.key}.run_node-{sdk}")
        it, = stand.daemon.run_calls(f"node-{sdk}")
        assert (it["operation"], it["run_source"]) == (OPERATIONS[sdk.split("-")[-1]], "key_suffix")


# ---- the path ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vendor, base, target", [
    ("openai", "/openai/v1", "/openai/v1/chat/completions"),
    ("openai", "/openai", "/openai/chat/completions"),
    ("openai", "/openai/v1/", "/openai/v1/chat/completions"),
    ("openai", "/openai/v1/v1", "/openai/v1/v1/chat/completions"),
    ("openai", "//openai/v1", "//openai/v1/chat/completions"),
    ("openai", "/v1", "/v1/chat/completions"),
    ("anthropic", "/anthropic", "/anthropic/v1/messages"),
    ("anthropic", "/anthropic/v1", "/anthropic/v1/v1/messages"),
    ("anthropic", "", "/v1/messages"),
    ("stripe", "/stripe", "/stripe/v1/charges"),
    ("stripe", "/stripe/", "/stripe//v1/charges"),
    ("stripe", "/stripe/v1", "/stripe/v1/v1/charges"),
    ("stripe", "", "/v1/charges"),
    ("twilio", "/twilio", f"/twilio{PATHS['twilio']}"),
    ("twilio", "/twilio/", f"/twilio{PATHS['twilio']}"),
    ("twilio", "", PATHS["twilio"]),
    ("resend", "/resend", "/resend/emails"),
    ("resend", "/resend/", "/resend//emails"),
    ("resend", "", "/emails")])
def test_a_base_url_as_people_write_it_leads_to_the_operation(stand, vendor, base, target):
    sent = stand.sent(CALLERS[vendor], stand.key, stand.url + base)
    assert sent.target == target
    it = stand.last()
    assert (it["operation"], it["path"], it["verdict"]) == (OPERATIONS[vendor], PATHS[vendor], "permit")


@pytest.mark.parametrize("sdk, base, target", [
    ("ai-anthropic", "/anthropic", "/anthropic/messages"),
    ("ai-anthropic", "/anthropic/v1", "/anthropic/v1/messages"),
    ("ai-openai", "/openai", "/openai/responses"),
    ("langchain-anthropic", "/anthropic/v1/", "/anthropic/v1/v1/messages"),
    ("resend", "/resend/", "/resend//emails"),
    ("twilio", "/r/here/twilio", f"/r/here/twilio{PATHS['twilio']}"),
    ("stripe", "", "/v1/charges")])
def test_a_base_url_as_the_sdks_for_node_put_it_together_leads_to_the_operation(stand, sdk, base, target):
    sent = stand.sent(stand.run_node, {"sdk": sdk, "base": stand.url, "key": stand.key, "under": base})
    assert sent.target == target
    it = stand.last()
    assert it["verdict"] == "permit" and it["vendor"] == sdk.split("-")[-1], it


def test_one_slash_behind_the_path_is_no_other_operation(stand):
    for target, body in ("/resend/emails/", {"json": MAIL}), ("/v1/charges/", {"data": CHARGE}):
        sent = stand.sent(requests.post, stand.url + target, auth=(stand.key, ""), **body)
        assert sent.target == target and stand.last()["verdict"] == "permit"
        assert stand.last()["path"] == target.removeprefix("/resend").rstrip("/")


def test_an_address_in_a_path_is_the_same_encoded_or_not(stand):
    """The SDK for Python writes the at sign of an id encoded, others as it is: one contact, for policy and vendor."""
    def act():
        resend.api_key, resend.api_url = stand.key, stand.url + "/resend"
        with pytest.raises(resend.exceptions.ResendError):  # a simulated vendor without contacts
            resend.Contacts.get(email="ann+1@example.com")
    assert stand.sent(act).target == "/resend/contacts/ann%2B1%40example.com"
    it = stand.last()
    assert (it["operation"], it["path"]) == ("resend.contacts.get", "/contacts/ann+1@example.com")
    stand.sent(requests.get, stand.url + "/resend/contacts/ann+1@example.com", auth=(stand.key, ""))
    assert stand.last()["path"] == it["path"]


@pytest.mark.parametrize("target", ["/stripe/v1/charges//", "/stripe/v1//charges", "/stripe/v1/./charges",
                                    "/stripe/x/../v1/charges", "/stripe/v1/%63harges", "/stripe/v1%2Fcharges",
                                    "/resend/contacts/a%2540b", "/resend/contacts/a%2fb", "/resend/contacts/%2E%2E",
                                    "/stripe/v1/v1/v1/charges"])
def test_nothing_else_is_repaired(stand, target):
    r = ask(stand.daemon.data_port, "POST", target, stand.key, "amount=300&currency=usd&source=tok_visa")
    assert r.status in (400, 403) and r.code in ("request_invalid", "operation_unknown", "policy_denied")
    assert stand.last()["verdict"] == "deny"


# ---- without a prefix: which vendor --------------------------------------------------------------------------------


@pytest.mark.parametrize("dress", ["", "sk-proj-", "sk-ant-", "sk_test_"])
def test_lists_that_several_vendors_have_go_to_the_vendor_of_the_sdk(stand, dress):
    key = dress + stand.key
    for act, vendor, operation in [
            (lambda: openai.OpenAI(api_key=key, base_url=stand.url + "/v1").models.list(), "openai", "models.list"),
            (lambda: anthropic.Anthropic(api_key=key, base_url=stand.url).models.list(), "anthropic", "models.list"),
            (lambda: stripe.StripeClient(key, base_addresses={"files": stand.url, "api": stand.url}).v1.files.list(),
             "stripe", "files.list")]:
        with contextlib.suppress(stripe.InvalidRequestError):  # the simulated vendor has no files
            stand.sent(act)
        it = stand.last()
        assert (it["vendor"], it["operation"], it["verdict"]) == (vendor, f"{vendor}.{operation}", "permit")


@pytest.mark.parametrize("dress, vendor", [("sk_test_", "stripe"), ("sk_live_", "stripe"), ("sk-ant-", "anthropic"),
                                           ("sk-", "openai"), ("", "openai")])
def test_what_the_key_wears_says_which_vendor_where_no_header_does(stand, dress, vendor):
    r = requests.get(stand.url + "/v1/files", headers={"Authorization": f"Bearer {dress}{stand.key}"}, timeout=30)
    it = stand.daemon.call(r.headers["x-flyball-call-id"])
    assert (it["vendor"], it["operation"]) == (vendor, f"{vendor}.files.list")


@pytest.fixture
def two_stripes(make_daemon, vendor):
    """A live and a test account of one vendor, and a second one for tests."""
    def account(mode):
        return {"connector": "stripe", "base_url": f"http://127.0.0.1:{vendor.port}", "secret": "env:STRIPE_SECRET_KEY",
                "mode": mode}
    d = make_daemon(None, vendors={"pay": account("live"), "try": account("test"), "try2": account("test")})
    d.apply(policy("default", [permit("all")]))
    return d


def test_two_vendors_that_fit_are_421_and_named(two_stripes, vendor):
    for mode, names in ("live", "pay, try, try2"), ("test", "try, try2"):
        key = two_stripes.key(mode=mode)["key"]
        r = ask(two_stripes.data_port, "GET", "/v1/balance", key)
        assert (r.status, r.code) == (421, "request_ambiguous")
        assert f"Several vendors have this operation: {names}." in r.message
        assert ask(two_stripes.data_port, "GET", "/try/v1/balance", key).status == 200
    assert len(vendor.requests) == 2


def test_a_test_key_is_never_led_to_a_live_account(make_daemon, vendor):
    def account(mode):
        return {"connector": "stripe", "base_url": f"http://127.0.0.1:{vendor.port}", "secret": "env:STRIPE_SECRET_KEY",
                "mode": mode}
    d = make_daemon(None, vendors={"pay": account("live"), "try": account("test")})
    d.apply(policy("default", [permit("all")]))
    r = ask(d.data_port, "GET", "/v1/balance", d.key()["key"])
    assert r.status == 200 and d.call(r.call_id)["vendor"] == "try"


def test_a_request_that_names_nobody_is_told_how_to(stand):
    r = exchange(stand.daemon.data_port, request("GET", "/v2/nothing/like/it", stand.key))
    assert r.status == 400 and "/stripe" in r.message and "/openai" in r.message
