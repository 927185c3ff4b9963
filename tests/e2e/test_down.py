"""The daemon is down: what agents see of it through their SDKs, and what it says of their calls when it is back."""
import json
import subprocess

import anthropic
import openai
import pytest
import requests
import resend
import stripe

import sdks
import vendor as v
from flyball import permit, policy
from raw import request, connect
from test_refusal_texts import SCRIPT

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
CHAT = {"model": "gpt-4o-mini", "max": 20}
CLAUDE = {"model": "claude-haiku-4-5", "max": 20}
CHARGE = {"method": "charges.create", "args": {"amount": 300, "currency": "usd", "source": "tok_visa"}}
SMS = {"method": "messages.create", "args": {"to": "+14155550123", "from": "+14155550100", "body": "Hi"}}
MAIL = {"method": "emails.send", "args": {"from": "shop@example.com", "to": ["ann@example.com"], "subject": "Hi",
                                          "text": "Hello"}}
ASKS = {"openai": CHAT, "anthropic": CLAUDE, "stripe": CHARGE, "twilio": SMS, "resend": MAIL}
# What each SDK for Python raises, and a word of what that for Node says.
SAYS = {"openai": (openai.APIConnectionError, "Connection error"),
        "anthropic": (anthropic.APIConnectionError, "Connection error"),
        "stripe": (stripe.APIConnectionError, "connection to Stripe"),
        "twilio": (requests.ConnectionError, "ECONNREFUSED"),
        "resend": (resend.exceptions.ResendError, "Unable to fetch data")}


def test_while_the_daemon_is_down_sdks_say_so_and_what_was_held_stays_held(daemon, key, vendor):
    vendor.plan(v.never, path="/v1/charges")
    with connect(daemon.data_port) as s:
        s.sendall(request("POST", "/stripe/v1/charges", key + ".run_open", "amount=700&currency=usd"))
        vendor.wait_for(1)
        daemon.kill_9()
    base = daemon.ready["data"]
    for sdk, (kind, _) in SAYS.items():
        with pytest.raises(kind):
            sdks.SDKS[sdk](base, key, ASKS[sdk])
    assert daemon.cli("run", "--", "true").returncode == 3, "an agent is started that nobody would govern"
    daemon.start()
    it, = daemon.run_calls("open")
    assert (it["outcome"], it["settled"]) == ("unknown", None)
    assert list(daemon.buckets("in-day").values()) == [("0.000000000", "7.000000000")]
    assert sdks.told("stripe", daemon.ready["data"], key, CHARGE)["text"].startswith("ch_"), "it is back"


@pytest.mark.parametrize("sdk", SAYS)
def test_the_sdks_for_node_say_that_nobody_answers(node, sdk):
    steps = [{"base": "http://127.0.0.1:1", "key": "fb_test_none", "ask": ASKS[sdk]}]
    done = subprocess.run([node, str(SCRIPT)], input=json.dumps({"sdk": sdk, "steps": steps}), capture_output=True,
                          text=True, timeout=60, cwd=SCRIPT.parent)
    told, = json.loads(done.stdout)
    assert SAYS[sdk][1] in told["error"]["message"], told


def test_what_was_stopped_is_stopped_after_a_restart_too(make_daemon):
    d = make_daemon(None, command="dev")
    d.apply(policy("default", [permit("all")]))
    key = d.key()["key"]
    assert d.cli("kill").returncode == 0
    for _ in range(2):
        error = sdks.told("openai", d.ready["data"], key, CHAT)["error"]
        assert error["status"] == 403 and "stopped" in error["message"]
        d.restart(kill_9=True)
    assert d.cli("unkill").returncode == 0
    assert "text" in sdks.told("openai", d.ready["data"], key, CHAT)
