"""What a developer reads when a call is refused: the exception of the SDK with our sentence in it, after one try.

The official SDKs for Python and Node, the Vercel AI SDK and LangChain, in front of the simulated vendors of dev.
"""
import json
import re
import subprocess
from pathlib import Path

import pytest

import sdks
from flyball import Daemon, permit, policy, usd
from tap import Tap

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SCRIPT = Path(__file__).parent / "node" / "sdks.mjs"
SMS = {"to": "+14155550123", "from": "+14155550100"}
MAIL = {"from": "shop@example.com", "subject": "Hi", "text": "Hello"}
FORBIDDEN = {"id": "not-for-agents", "effect": "forbid", "reason": "ask a person for that",
             "match": {"operation": ["stripe.payouts.*", "twilio.calls.*", "resend.domains.*"]}}
TOO_GOOD = {"id": "small-models", "effect": "forbid", "reason": "small ones will do",
            "match": {"model": ["gpt-4o", "claude-opus-4-1"]}}
RULES = [permit("models", layer=["llm"]), permit("pay", operation=["stripe.charges.create"]),
         permit("sms", operation=["twilio.messages.create"]), permit("mail", operation=["resend.emails.send"]),
         FORBIDDEN, TOO_GOOD]
# Each has room for the first call and not for one more, though there would be by tomorrow.
CAPS = {"openai": "0.00016", "anthropic": "0.0013", "stripe": "5.00", "twilio": "0.02", "resend": "0.0025"}
# Of each vendor: a call that fits; then one that no longer does; one that a rule forbids.
ASKS = {
    "openai": ({"model": "gpt-4o-mini", "max": 200}, {"model": "gpt-4o-mini", "max": 200},
               {"model": "gpt-4o", "max": 5}),
    "anthropic": ({"model": "claude-haiku-4-5", "max": 200}, {"model": "claude-haiku-4-5", "max": 200},
                  {"model": "claude-opus-4-1", "max": 5}),
    "stripe": ({"method": "charges.create", "args": {"amount": 300, "currency": "usd", "source": "tok_visa"}},
               {"method": "charges.create", "args": {"amount": 400, "currency": "usd", "source": "tok_visa"}},
               {"method": "payouts.create", "args": {"amount": 300, "currency": "usd"}}),
    "twilio": ({"method": "messages.create", "args": {**SMS, "body": "one"}},
               {"method": "messages.create", "args": {**SMS, "body": "two"}},
               {"method": "calls.create", "args": {**SMS, "url": "https://example.com/t.xml"}}),
    "resend": ({"method": "emails.send", "args": {**MAIL, "to": ["ann@example.com"]}},
               {"method": "emails.send", "args": {**MAIL, "to": ["ann@example.com", "bob@example.com"]}},
               {"method": "domains.create", "args": {"name": "example.com"}}),
}
DRESS = {"openai": "sk-", "anthropic": "sk-ant-", "stripe": "sk_test_", "twilio": "", "resend": "re_"}
NODE = ["openai", "anthropic", "stripe", "twilio", "resend", "ai-openai", "ai-anthropic", "langchain-openai",
        "langchain-anthropic"]
ALL = [f"{sdk}-python" for sdk in sdks.SDKS] + [f"{sdk}-node" for sdk in NODE]
MODELS = [name for name in ALL if "openai" in name or "anthropic" in name]
# How each says "refused" and "who are you?".
DENIED = {"openai": "PermissionDeniedError", "anthropic": "PermissionDeniedError", "ai": "APICallError",
          "twilio-python": "TwilioRestException", "twilio-node": "RestException", "stripe-python": "PermissionError",
          "stripe-node": "StripePermissionError", "resend-python": "Error", "resend-node": "Object"}
STEPS = ["allowed", "limit", "rule", "revoked", "unknown"]
LIMIT = re.compile(r'Limit "(?P<limit>[^"]+)" of key (?P<whose>\w+) is (?P<max>[0-9.]+) USD a day: '
                   r"(?P<spent>[0-9.]+) spent, (?P<held>[0-9.]+) held, this call asks (?P<asks>[0-9.]+)\. "
                   r"It resets at (?P<reset>\d{4}-\d\d-\d\dT00:00:00Z)\. "
                   r"\[limit_exceeded, call (?P<call>[0-9a-f-]{36})\]")
RULE = re.compile(r'Rule "(?P<rule>[^"]+)" of policy tight forbids (?P<operation>\S+) for agent (?P<agent>[a-z-]+): '
                  r"(?P<reason>[a-z ]+)\. \[policy_denied, call (?P<call>[0-9a-f-]{36})\]")


def vendor_of(name):
    return next(v for v in CAPS if v in name)


class Bench:
    """A daemon, a witness of all that SDKs send to it, and what each of them said: asked once, looked at by many."""

    def __init__(self, root, node):
        self.node = node
        self.daemon = Daemon(root, None, command="dev").start()
        self.tap = Tap(self.daemon.data_port)
        self.base = f"http://127.0.0.1:{self.tap.port}"
        self.daemon.apply(policy("tight", RULES, [usd("day-" + v, most, vendor=[v]) for v, most in CAPS.items()]))
        self.keys, self.said = {}, {}

    def close(self):
        self.tap.stop()
        self.daemon.close()

    def told(self, name):
        """{step: what the SDK gave}; a run for each step, named after it."""
        if name not in self.said:
            steps = self.steps_of(name)
            sdk, _, language = name.rpartition("-")
            jobs = [{"base": self.base, "key": key, "ask": ask} for key, ask in steps.values()]
            answers = self.by_node(sdk, jobs) if language == "node" else \
                [sdks.told(sdk, job["base"], job["key"], job["ask"]) for job in jobs]
            self.said[name] = dict(zip(steps, answers))
        return self.said[name]

    def steps_of(self, name):
        fits, dear, forbidden = ASKS[vendor_of(name)]
        made = self.keys[name] = self.daemon.key(agent=name, policy="tight")
        gone = self.daemon.key(agent=name, policy="tight")
        assert self.daemon.cli("revoke", gone["id"]).returncode == 0
        typo = made["key"][:-1] + ("a" if made["key"][-1] != "a" else "b")
        steps = {"allowed": (made["key"], fits), "limit": (made["key"], dear), "rule": (made["key"], forbidden),
                 "revoked": (gone["key"], fits), "unknown": (typo, fits)}
        if name in MODELS:
            steps["streamed"] = (self.daemon.key(agent=name)["key"], {**fits, "stream": True})
        return {step: (f"{DRESS[vendor_of(name)]}{key}.run_{name}.{step}", ask) for step, (key, ask) in steps.items()}

    def by_node(self, sdk, jobs):
        done = subprocess.run([self.node, str(SCRIPT)], input=json.dumps({"sdk": sdk, "steps": jobs}),
                              capture_output=True, text=True, timeout=80, cwd=SCRIPT.parent)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def tries(self, name, step):
        """How often the SDK asked, as its bytes show it."""
        return [r for r in self.tap.requests() if r.key[1].endswith(f".run_{name}.{step}")]

    def refusal(self, name, step):
        """What the SDK raised, after it asked exactly once."""
        error = self.told(name)[step]["error"]
        error["message"] = error["message"].replace('\\"', '"')  # Anthropic's SDK for Node shows the body as it came
        assert len(self.tries(name, step)) == 1, f"{name} tried {len(self.tries(name, step))} times"
        return error

    def record(self, name, step):
        call, = self.daemon.run_calls(f"{name}.{step}")
        return call


@pytest.fixture(scope="module")
def bench(tmp_path_factory, node):
    b = Bench(tmp_path_factory.mktemp("texts"), node)
    yield b
    assert b.daemon.is_alive, b.daemon.log()
    b.close()


@pytest.mark.parametrize("name", ALL)
def test_what_is_permitted_is_the_vendors_answer(bench, name):
    text = bench.told(name)["allowed"]["text"]
    if name in MODELS:
        assert len(text.split()) == 100, text
    else:
        assert text.startswith(("ch_", "SM")) or len(text) == 36, text
    it = bench.record(name, "allowed")
    assert (it["verdict"], it["outcome"], it["run_source"]) == ("permit", "settled", "key_suffix")


@pytest.mark.parametrize("name", MODELS)
def test_a_stream_is_the_same_text(bench, name):
    told = bench.told(name)
    assert told["streamed"]["text"] == told["allowed"]["text"]
    it = bench.record(name, "streamed")
    assert (it["outcome"], it["stream_end"]) == ("settled", "complete")


@pytest.mark.parametrize("name", ALL)
def test_a_limit_says_its_name_whose_spent_held_max_reset_and_the_call_after_one_try(bench, name):
    error, it = bench.refusal(name, "limit"), bench.record(name, "limit")
    said = LIMIT.search(error["message"])
    assert said, error["message"]
    limit = next(l for l in it["limits"] if l["id"] == said["limit"])
    assert said["limit"] == f"day-{vendor_of(name)}" and said["whose"] == bench.keys[name]["id"]
    assert float(said["max"]) == float(CAPS[vendor_of(name)]) == limit["max"] / 1e9
    assert float(said["spent"]) == limit["before"] / 1e9 > 0 and float(said["held"]) == limit["held"] / 1e9 == 0
    assert float(said["asks"]) == limit["n"] / 1e9 and said["call"] == it["call_id"]
    assert (it["code"], it["outcome"], error["status"]) == ("limit_exceeded", "none", 403)


@pytest.mark.parametrize("name", ALL)
def test_a_rule_says_its_name_its_policy_what_for_whom_why_and_the_call_after_one_try(bench, name):
    error, it = bench.refusal(name, "rule"), bench.record(name, "rule")
    said = RULE.search(error["message"])
    assert said, error["message"]
    rule = TOO_GOOD if name in MODELS else FORBIDDEN
    assert (said["rule"], said["reason"]) == (rule["id"], rule["reason"])
    assert (said["operation"], said["agent"], said["call"]) == (it["operation"], name, it["call_id"])
    assert (it["code"], it["rule"], error["status"]) == ("policy_denied", rule["id"], 403)


@pytest.mark.parametrize("name", ALL)
def test_a_refusal_is_the_exception_that_the_sdks_users_know(bench, name):
    sdk, _, language = name.rpartition("-")
    family = sdk.removeprefix("langchain-").split("-")[0]
    expected = DENIED.get(f"{family}-{language}", DENIED.get(family))
    for step in ("limit", "rule"):
        kind = bench.refusal(name, step)["class"]
        assert kind.endswith(expected), kind
        assert "Card" not in kind


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("step, code, words", [("revoked", "key_revoked", "This key was revoked"),
                                               ("unknown", "key_unknown", "This key is not known here")])
def test_a_key_that_is_not_taken_is_said_after_one_try(bench, name, step, code, words):
    error = bench.refusal(name, step)
    assert words in error["message"] and re.search(rf"\[{code}, call [0-9a-f-]{{36}}\]", error["message"])
    assert error["status"] == 401


@pytest.mark.parametrize("name, n_tries", [
    ("openai-python", 1), ("anthropic-python", 1), ("langchain-openai-python", 1), ("openai-node", 1),
    ("anthropic-node", 1), ("ai-openai-node", 2)])
def test_an_answer_that_never_came_is_not_asked_for_again_by_sdks_that_listen(bench, name, n_tries):
    """Vercel's AI SDK looks at the status alone: it asks once more for each retry that it is allowed, here one."""
    sdk, _, language = name.rpartition("-")
    fits = ASKS[vendor_of(name)][0]
    ask = {**fits, "headers": {"x-flyball-fault": "drop"}, "retries": 1}
    key = f"{DRESS[vendor_of(name)]}{bench.daemon.key(agent=name)['key']}.run_{name}.dropped"
    told = bench.by_node(sdk, [{"base": bench.base, "key": key, "ask": ask}])[0] if language == "node" else \
        sdks.told(sdk, bench.base, key, ask)
    assert "outcome_unknown" in told["error"]["message"]
    assert len(bench.tries(name, "dropped")) == n_tries
    bench.daemon.settle()
    calls = bench.daemon.run_calls(f"{name}.dropped")
    assert [c["outcome"] for c in calls] == ["settled"] * n_tries, "each is counted by what it can have used"
