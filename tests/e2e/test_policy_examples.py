"""The example documents of spec/agentpolicy, all enforced by one daemon in front of the simulated vendors: what each
one permits arrives, what it refuses is refused for the reason that it gives, and its caps hold."""
import datetime
import json
import pathlib

import pytest

from flyball import CAPS, OPEN, policy
from raw import exchange, request

EXAMPLES = sorted((pathlib.Path(__file__).resolve().parents[2] / "spec/agentpolicy/examples").iterdir())
JSON = "application/json"
NEW_YORK_HOUR = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=5)).hour
NOW = datetime.datetime.now(datetime.timezone.utc)
IS_MORNING = NOW.hour < 12 and NOW.isoweekday() != 7


class Agent:
    """A key of one agent under one of the documents."""

    def __init__(self, daemon, policy, agent="bot", **options):
        self.daemon = daemon
        self.key = daemon.key(agent, policy=policy, **options)["key"]

    def send(self, method, path, body=None, type="application/x-www-form-urlencoded", run=None, headers=()):
        headers = [*headers, ("x-flyball-wait", "0"), *([("x-agent-run-id", run)] if run else [])]
        return exchange(self.daemon.data_port, request(method, path, self.key, body, headers, type=type))

    def ask(self, model, max_tokens=50, **options):
        is_claude = model.startswith("claude")
        body = {"model": model, "max_tokens" if is_claude else "max_completion_tokens": max_tokens,
                "messages": [{"role": "user", "content": "hello"}]}
        path = "/anthropic/v1/messages" if is_claude else "/openai/v1/chat/completions"
        headers = [("anthropic-version", "2023-06-01")] if is_claude else []
        return self.send("POST", path, json.dumps(body), JSON, headers=headers, **options)

    def refund(self, charge, cents):
        return self.send("POST", "/stripe/v1/refunds", f"charge={charge}&amount={cents}&currency=usd")

    def mail(self, sender, *to):
        body = {"from": sender, "to": list(to), "subject": "hello", "text": "hello"}
        return self.send("POST", "/resend/emails", json.dumps(body), JSON)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    from flyball import Daemon

    d = Daemon(tmp_path_factory.mktemp("examples"), command="dev").start()
    for path in EXAMPLES:
        d.apply(path.read_text())
    d.apply(policy("setup", OPEN, [dict(limit, max="100000.00") for limit in CAPS]))
    yield d
    d.close()


@pytest.fixture(scope="module")
def charge(daemon):
    """A charge of 5,000 USD of a customer of the simulated Stripe."""
    setup = Agent(daemon, "setup")
    customer = setup.send("POST", "/stripe/v1/customers", "name=Ann").json["id"]
    paid = setup.send("POST", "/stripe/v1/payment_intents",
                      f"amount=500000&currency=usd&customer={customer}&payment_method=pm_card_visa&confirm=true")
    assert paid.status == 200, paid.body
    return paid.json["latest_charge"]


def refused(answer, code, *words):
    status = 401 if code.startswith("identity") else 403
    assert (answer.status, answer.code) == (status, code), answer.body
    text = answer.body.decode()
    for word in words:
        assert word in text, text


def passed(answer):
    assert answer.code is None and answer.status in (200, 201), answer.body


def test_there_are_eight_and_all_are_in_force(daemon):
    assert len(EXAMPLES) == 8
    names = {p["name"] for p in daemon.get("/api/v1/policies")["policies"]}
    assert names >= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_follows_the_advice_of_check(daemon, path):
    checked = daemon.cli("policy", "check", str(path))
    assert checked.returncode == 0 and checked.stdout == ""


def test_support_agent(daemon, charge):
    bot = Agent(daemon, "support-agent", "support-bot")
    passed(bot.ask("gpt-4o-mini"))
    refused(bot.ask("gpt-4o"), "policy_denied")
    passed(bot.send("GET", f"/stripe/v1/charges/{charge}"))
    refused(bot.refund(charge, 20001), "approval_pending", "refund-large")
    passed(bot.refund(charge, 20000))
    refused(bot.refund(charge, 10001), "limit_exceeded", "customer-day")
    passed(bot.refund(charge, 10000))
    refused(bot.refund(charge, 200001), "policy_denied")
    refused(bot.send("POST", "/stripe/v1/payouts", "amount=100&currency=usd"), "policy_denied",
            "agents never move company cash")
    messages = "/twilio/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json"
    sent = bot.send("POST", messages, "To=%2B12025550100&From=%2B12025550101&Body=hello")
    assert sent.code is None, sent.body
    refused(bot.send("POST", messages, "To=%2B4930123456&From=%2B12025550101&Body=hello"), "policy_denied")
    refused(Agent(daemon, "support-agent", "another").refund(charge, 100), "policy_denied")


def test_coding_agent(daemon):
    coder = Agent(daemon, "coding-agent", "coder")
    passed(coder.ask("gpt-4o"))
    refused(coder.ask("o3"), "policy_denied")
    opus = coder.ask("claude-opus-4-1")
    if 8 <= NEW_YORK_HOUR < 20:
        passed(opus)
    else:
        refused(opus, "policy_denied", "the dear model works office hours")
    passed(coder.ask("claude-sonnet-4-5", max_tokens=32000))
    call = daemon.calls("--limit", "1")[0]
    assert "output_max" in call["additions"], call


def test_multi_tenant(daemon, charge):
    passed(Agent(daemon, "multi-tenant", tenant="acme").ask("o3", max_tokens=100))
    refused(Agent(daemon, "multi-tenant", tenant="t-demo").ask("o3"), "policy_denied", "not in the trial")
    passed(Agent(daemon, "multi-tenant", tenant="t-demo").ask("gpt-4o-mini"))
    refused(Agent(daemon, "multi-tenant").ask("gpt-4o-mini"), "policy_denied")
    refused(Agent(daemon, "multi-tenant", tenant="acme").refund(charge, 100), "identity_required")


def test_newsletter(daemon):
    press = Agent(daemon, "newsletter")
    passed(press.mail("news@acme.example", "a@acme.example", "b@acme.example"))
    refused(press.mail("news@acme.example", "a@acme.example", "b@else.example"), "policy_denied")
    refused(press.mail("ceo@acme.example", "a@acme.example"), "policy_denied")
    broadcast = press.send("POST", "/resend/broadcasts/b1/send", "{}", JSON)
    if IS_MORNING:
        refused(broadcast, "approval_pending")
    else:
        refused(broadcast, "policy_denied", "broadcasts leave in the morning")


def test_platform_llm(daemon):
    ci = Agent(daemon, "platform-llm", "ci-bot", tenant="platform")
    passed(ci.ask("gpt-4o-mini"))
    refused(ci.ask("o3"), "policy_denied")
    refused(Agent(daemon, "platform-llm", "research").ask("gpt-4o", max_tokens=8193), "policy_denied",
            "cost.tokens_out_max")
    for _ in range(25):
        passed(ci.ask("gpt-4o-mini", run="loop"))
    refused(ci.ask("gpt-4o-mini", run="loop"), "limit_exceeded", "loop-guard")
    passed(ci.ask("gpt-4o-mini", run="another"))


def test_read_only(daemon, charge):
    analyst = Agent(daemon, "read-only")
    passed(analyst.send("GET", f"/stripe/v1/charges/{charge}"))
    refused(analyst.send("POST", "/stripe/v1/customers", "name=x"), "policy_denied", "this agent only reads")
    refused(analyst.refund(charge, 100), "policy_denied", "this agent only reads")
    passed(analyst.ask("gpt-4o"))
    refused(analyst.send("GET", "/stripe/v1/what_nobody_knows"), "operation_unknown")


def test_shop_checkout(daemon):
    shop = Agent(daemon, "shop-checkout")
    pay = "currency=usd&payment_method=pm_card_visa&confirm=true&amount="
    paid = shop.send("POST", "/stripe/v1/payment_intents", pay + "25000")
    passed(paid)
    refused(shop.send("POST", "/stripe/v1/payment_intents", pay + "25001"), "policy_denied", "cost.estimate")
    refused(shop.send("POST", "/stripe/v1/payment_intents", pay + "100&transfer_data[destination]=acct_9"),
            "policy_denied", "money goes to our own account")
    refused(shop.send("POST", "/stripe/v1/coupons", "duration=once&percent_off=10"), "policy_denied")
    passed(shop.refund(paid.json["latest_charge"], 10000))
    refused(shop.refund(paid.json["latest_charge"], 10001), "policy_denied")


def test_billing_worker(daemon):
    worker = Agent(daemon, "billing-worker", "billing-worker")
    charged = worker.send("POST", "/stripe/v1/payment_intents", "amount=5000&currency=usd&customer=cus_A1")
    assert charged.code is None, charged.body  # it arrives: whether the customer is there is the vendor's to say
    for other in ("amount=100&currency=usd&customer=cus_C3", "amount=5001&currency=usd&customer=cus_A1"):
        refused(worker.send("POST", "/stripe/v1/payment_intents", other), "policy_denied")
    passed(worker.mail("a@acme.example", "b@acme.example"))
    refused(worker.mail("a@acme.example", *[f"x{i}@acme.example" for i in range(6)]), "policy_denied")
    refused(worker.send("POST", "/stripe/v1/payouts", "amount=50000&currency=usd"), "policy_denied")
