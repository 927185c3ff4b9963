"""What the tests of calls to models share: a daemon with a simulated OpenAI and Anthropic behind it, the official SDKs
as a user makes them, prices, and what is asserted of each record."""
import contextlib
import json
import secrets as random
import time
from decimal import Decimal

import anthropic
import openai
import pytest

from flyball import Daemon, permit, policy, usd
from llm_text import CLASSES
from llm_vendor import ModelVendor
from tls import Authority, server_context

CHAT, CLAUDE, EMBED = "gpt-4o-mini", "claude-haiku-4-5", "text-embedding-3-small"
# Dollars a million tokens, from the vendors' price pages; `flyball prices list` must say the same.
PRICES = {CHAT: {"input": "0.15", "cache_read": "0.075", "output": "0.60", "reasoning": "0.60"},
          CLAUDE: {"input": "1", "cache_read": "0.10", "cache_write_5m": "1.25", "cache_write_1h": "2", "output": "5",
                   "reasoning": "5"},
          EMBED: {"input": "0.02"}}
RETURNED = {CHAT: "gpt-4o-mini-2024-07-18", CLAUDE: "claude-haiku-4-5-20251001", EMBED: EMBED}
DIRECT = "sk-direct-0000000000000000"
# What belongs to a connection, or is ours.
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "x-agent-run-id"}


def price(model, bill):
    """What that many tokens cost, as the records say it: dollars with nine decimals."""
    total = sum(Decimal(PRICES[model][k]) * n / 1_000_000 for k, n in bill.items() if n)
    return f"{total:.9f}"


def say(wishes="", text="Say something."):
    """A message that tells the vendor how it wishes to be treated."""
    return [{"role": "user", "content": f"{text} sim({wishes})" if wishes else text}]


class Rig:
    """`limits` and `config` are of flyball.yaml, `rules` and `caps` of the document `default`."""

    def __init__(self, root, *, rules=None, caps=None, limits=None, config=None, tls=False, strict=True,
                 additions=None):
        self.secrets = {"openai": "sk-proj-canary" + random.token_hex(20),
                        "anthropic": "sk-ant-api03-canary" + random.token_hex(20)}
        root.mkdir(parents=True, exist_ok=True)
        server, ca_file = self.certificate(root) if tls else (None, None)
        self.openai = ModelVendor("openai", self.secrets["openai"], server).start()
        self.anthropic = ModelVendor("anthropic", self.secrets["anthropic"], server).start()
        self.vendors = {"openai": self.openai, "anthropic": self.anthropic}
        described = {}
        for name, v in self.vendors.items():
            v.secrets.add(DIRECT)
            described[name] = {"base_url": v.url, "secret": f"env:{name.upper()}_API_KEY"}
            if tls:
                described[name]["ca_file"] = ca_file
            if additions is not None:
                described[name]["additions"] = additions
        env = {f"{name.upper()}_API_KEY": s for name, s in self.secrets.items()}
        more = {"llm": {"input_bound": "strict" if strict else "learned"}, **(config or {})}
        self.daemon = Daemon(root, None, vendors=described, env=env, config=more, limits=limits)
        try:
            self.daemon.start()
            self.daemon.apply(policy("default", rules or [permit("models", layer=["llm"])],
                                     [usd("llm-day", "1000.00", layer=["llm"])] if caps is None else caps))
            made = self.daemon.key()
        except BaseException:
            self.close()
            raise
        self.key, self.key_id = made["key"], made["id"]
        self.port, self.data = self.daemon.data_port, self.daemon.ready["data"]

    def certificate(self, root):
        ca = Authority(root)
        return server_context(ca.issue("127.0.0.1")), str(ca.file)

    def close(self):
        self.daemon.close()
        for v in self.vendors.values():
            v.stop()

    def clear(self):
        for v in self.vendors.values():
            v.exchanges.clear()

    # ---- clients as a user makes them ----

    def openai_client(self, run=None, key=None, direct=False, cls=openai.OpenAI, retries=0, **more):
        base = self.openai.url if direct else f"{self.data}/openai"
        return cls(api_key=DIRECT if direct else self.presented(run, key), base_url=base + "/v1", max_retries=retries,
                   **more)

    def anthropic_client(self, run=None, key=None, direct=False, cls=anthropic.Anthropic, retries=0, **more):
        base = self.anthropic.url if direct else f"{self.data}/anthropic"
        return cls(api_key=DIRECT if direct else self.presented(run, key), base_url=base, max_retries=retries, **more)

    def presented(self, run, key):
        return (key or self.key) + (f".run_{run}" if run else "")

    # ---- what is on record ----

    def calls(self, run):
        return self.daemon.run_calls(run)

    def one(self, run, seconds=5):
        """The one call of that run, once it has ended."""
        until = time.monotonic() + seconds
        while True:
            found = self.calls(run)
            if found and found[0]["ended_at"]:
                assert len(found) == 1, f"{len(found)} calls of the run {run}"
                return found[0]
            assert time.monotonic() < until, f"no ended call of the run {run}"
            time.sleep(0.005)

    def spent(self, limit="llm-day", key_id=None):
        """(settled, held) of that limit for our key."""
        return self.daemon.buckets(limit).get(f"key={key_id or self.key_id}", ("0.000000000", "0.000000000"))


def tokens(bill):
    """Tokens by class as a record has them: every class, or none."""
    return {k: bill.get(k, 0) for k in CLASSES}


def settled_as(call, model, bill, how="priced"):
    """Asserts that this record says what the vendor's bill says, to the nano-dollar."""
    assert call["model_asked"] == model and call["model_returned"] == RETURNED[model], call
    assert {k: call["tokens"].get(k) or 0 for k in CLASSES} == tokens(bill)
    assert call["settled"] == {"usd": price(model, bill), "how": how}
    assert call["outcome"] == "settled" and call["verdict"] == "permit" and call["layer"] == "llm"


def kept(headers):
    """(name, value) of what an SDK's user sees of a head, but for what belongs to a connection and what is ours."""
    pairs = headers.multi_items() if hasattr(headers, "multi_items") else headers.items()
    return sorted((n.lower(), v) for n, v in pairs if n.lower() not in HOP and not n.lower().startswith("x-flyball-"))


@contextlib.contextmanager
def opened(root, **options):
    r = Rig(root, **options)
    try:
        yield r
        r.daemon.settle()
        for word in ("check failed", "Sanitizer", "level=error"):
            assert word not in r.daemon.log(), r.daemon.log()
    finally:
        r.close()


@pytest.fixture(scope="module")
def shared_models(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("models")) as r:
        yield r


@pytest.fixture
def models(shared_models):
    """One rig for all tests of a file: what one of them broke shows in the next. Afterwards nothing is held."""
    shared_models.clear()
    yield shared_models
    assert shared_models.daemon.is_alive, shared_models.daemon.log()
    shared_models.daemon.settle()
    held = [b for l in shared_models.daemon.get("/api/v1/limits")["limits"] for b in l["buckets"]]
    assert all(float(b["held"]) == 0 for b in held), "a hold leaked"


@pytest.fixture
def make_models(tmp_path):
    """Rig(...) of its own for one test."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(opened(tmp_path / f"models-{random.token_hex(3)}", **options))


def body_of(exchange):
    return json.loads(exchange.request.body)
