"""Caps under many calls to models at once: whatever becomes of each call, what is settled and held never passes the
cap, every hold leaves, and the counters say what the vendor bills, or more where nobody can know."""
import asyncio
import json
import os
import threading
import time
from collections import Counter
from decimal import Decimal

import pytest

from flyball import permit, policy
from llm_rig import CHAT, CLAUDE, body_of, price, say
from raw import request

N_CALLS = 10_000 if os.environ.get("FLYBALL_LONG") else 400
N_AT_ONCE = 64
CAP = Decimal("1.00")
TOKENS = 6600  # of visible output, 0.00396 dollars; the cap is worth some 250 of them
# What becomes of a call: (wishes, is streamed, when the agent leaves). The first two are half of all.
FATES = [("", False, None), ("", True, None), ("", False, None), ("", True, None), ("status=500", False, None),
         ("status=429", True, None), ("status=400", False, None), ("gap_ms=2", True, "midway"),
         ("head_ms=20", True, "early"), ("cut=4", True, None), ("cut=6,reset", True, None), ("cut=end", True, None),
         ("error_at=5", True, None), ("cut=0", False, None), ("gap_ms=1,split=300", True, None),
         ("usage=last", True, None)]
pytestmark = pytest.mark.timeout(900 if os.environ.get("FLYBALL_LONG") else 120)


def request_bytes(key, run, body):
    return request("POST", "/openai/v1/chat/completions", f"{key}.run_{run}", body, [("Connection", "close")],
                   "application/json")


async def one_call(models, key, run, i):
    """(status or None, x-flyball-code): one request on a connection of its own, ended as its fate says."""
    wishes, is_streamed, leaves = FATES[i % len(FATES)]
    body = json.dumps({"model": CHAT, "stream": is_streamed, "max_tokens": 7000,
                       "messages": say(f"n={i},in=100,tokens={TOKENS},lump=660" + ("," + wishes if wishes else ""))})
    reader, writer = await asyncio.open_connection("127.0.0.1", models.port, limit=1 << 22)
    try:
        writer.write(request_bytes(key, run, body))
        if leaves == "early":
            await asyncio.sleep(0.01)
            return None, None
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if leaves == "midway" and " 200 " in head:
            await reader.readexactly(2000)
            return None, None
        while await reader.read(1 << 18):
            pass
        code = [h.split(": ")[1] for h in head.split("\r\n") if h.startswith("x-flyball-code")]
        return int(head.split(" ")[1]), code[0] if code else None
    except (ConnectionError, asyncio.IncompleteReadError):
        return None, None
    finally:
        writer.close()


async def all_calls(models, key, run, n, call=one_call):
    numbers = iter(range(n))

    async def worker():
        return [await call(models, key, run, i) for i in numbers]

    done = await asyncio.gather(*(worker() for _ in range(N_AT_ONCE)))
    return [x for one in done for x in one]


class Watch:
    """Looks at a counter again and again while calls go on."""

    def __init__(self, look):
        self.look, self.seen, self.over = look, [], threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self.over.is_set():
            self.seen.append(self.look())
            time.sleep(0.01)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(10)


def bucket_of(models, key_id):
    """(settled, held, max) of the limit that the key carries itself."""
    for l in models.daemon.get("/api/v1/limits")["limits"]:
        for b in l["buckets"]:
            if b["bucket"] == f"key={key_id}" and l["id"] != "llm-day":
                return Decimal(b["settled"]), Decimal(b["held"])
    return Decimal(0), Decimal(0)


def test_a_cap_of_one_dollar_holds_whatever_becomes_of_the_calls(make_models):
    models = make_models(caps=[])
    made = models.daemon.key(limit=f"usd={CAP}/lifetime")
    with Watch(lambda: bucket_of(models, made["id"])) as watch:
        ended = asyncio.run(all_calls(models, made["key"], "cap", N_CALLS))
    models.daemon.settle()
    codes = Counter(ended)
    print(dict(codes))
    assert len(ended) == N_CALLS
    assert {c for c in codes if c[0] not in (None, 200)} <= {
        (403, "limit_exceeded"), (500, None), (429, None), (400, None), (502, "outcome_unknown")}
    assert codes[403, "limit_exceeded"] > 10, "the cap was never reached"

    settled, held = bucket_of(models, made["id"])
    assert held == 0 and settled <= CAP
    assert all(s + h <= CAP for s, h in watch.seen) and len(watch.seen) > 5
    assert max(h for _, h in watch.seen) > 0
    assert settled > CAP - Decimal("0.15"), "calls were refused although there was room"

    calls = models.calls("cap")
    assert len(calls) >= N_CALLS - codes[None, None]
    assert Counter(bool(c["overrun"]) for c in calls)[True] == 0
    assert sum(Decimal(c["settled"]["usd"]) for c in calls if c["settled"]) == settled
    assert all(c["outcome"] == "none" for c in calls if c["verdict"] == "deny")
    assert all(c["outcome"] in ("settled", "released") for c in calls if c["verdict"] == "permit")
    compare_with_the_book(models, calls)


def compare_with_the_book(models, calls):
    """Each call that the vendor saw, by its request id: equal where the vendor told usage, else not less; but of a
    stream whose agent left, what was on its way to us then is seen by the vendor alone."""
    by_request = {c["vendor_request_id"]: c for c in calls if c["vendor_request_id"]}
    billed = Decimal(0)
    for e in models.openai.settled():
        call = by_request.get(e.ask.id("req_", 32))
        bill = e.bill or {}
        if call and call["stream_end"] == "client_gone":
            bill = {**bill, "output": min(bill["output"], call["tokens"]["output"])}
        cost = Decimal(price(CHAT, bill))
        billed += cost
        if e.is_complete and call and call["stream_end"] in (None, "complete"):
            assert Decimal(call["settled"]["usd"] if call["settled"] else 0) == cost, (call, e.bill)
        elif call:
            assert Decimal(call["settled"]["usd"]) >= cost, (call, e.bill, e.wishes)
    assert billed <= CAP, "the vendor billed more than the cap"


async def small_call(models, key, run, i):
    body = json.dumps({"model": CHAT, "max_tokens": 20, "messages": say(f"n={i},in=10,tokens=10,head_ms=30")})
    reader, writer = await asyncio.open_connection("127.0.0.1", models.port, limit=1 << 22)
    writer.write(request_bytes(key, run, body))
    answer = (await reader.read()).decode("latin-1").lower()
    writer.close()
    code = [h.split(": ")[1] for h in answer.split("\r\n") if h.startswith("x-flyball-code")]
    return int(answer.split(" ")[1]), code[0] if code else None


def test_a_limit_on_requests_lets_exactly_so_many_through(models):
    key = models.daemon.key(limit="requests=37/day")["key"]
    codes = Counter(asyncio.run(all_calls(models, key, "requests", 150, small_call)))
    assert codes == {(200, None): 37, (429, "rate_limited"): 113}
    assert len(models.openai.exchanges) == 37


def test_a_limit_on_calls_at_once_is_never_passed_and_is_let_go(models):
    key = models.daemon.key(limit="concurrent=5")["key"]
    codes = Counter(asyncio.run(all_calls(models, key, "at-once", 150, small_call)))
    assert set(codes) == {(200, None), (429, "rate_limited")} and codes[200, None] >= 5
    edges = sorted([(e.request.at, 1) for e in models.openai.settled()] +
                   [(e.over_at, -1) for e in models.openai.exchanges])
    now = most = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    assert most <= 5
    models.daemon.settle()
    assert asyncio.run(small_call(models, key, "at-once", 1000)) == (200, None)


def test_a_limit_on_tokens_is_exact(models):
    """Each call is settled for 20 tokens; what may be held at once is less."""
    made = models.daemon.key(limit="tokens=1000/day")
    codes = Counter(asyncio.run(all_calls(models, made["key"], "tokens", 150, small_call)))
    assert set(codes) == {(200, None), (403, "limit_exceeded")}
    calls = models.calls("tokens")
    used = sum(c["tokens"]["input"] + c["tokens"]["output"] for c in calls if c["outcome"] == "settled")
    settled, held = bucket_of(models, made["id"])
    assert used == 20 * codes[200, None] == settled <= 1000 and held == 0


def test_a_clamp_lowers_the_output_to_what_is_left_instead_of_refusing(models):
    clamp = {"id": "small", "meter": "usd", "max": "0.0005", "by": ["key"], "window": {"calendar": "day"},
             "on_exceed": "clamp"}
    models.daemon.apply(policy("clamped", [permit("models", layer=["llm"])], [clamp]))
    key = models.daemon.key(policy="clamped")["key"]
    r = models.openai_client("clamp", key).chat.completions.create(model=CHAT, messages=say("in=10,tokens=99999"),
                                                                   max_tokens=16000)
    (e,) = models.openai.settled()
    sent = body_of(e)["max_tokens"]
    assert sent < 834 and r.usage.completion_tokens == sent and r.choices[0].finish_reason == "length"
    it = models.one("clamp")
    assert it["additions"] == ["output_max"] and Decimal(it["settled"]["usd"]) <= Decimal("0.0005")
    assert it["settled"]["usd"] == price(CHAT, e.bill)


def test_without_a_maximum_the_models_own_is_held(models):
    models.anthropic_client("asked").messages.create(model=CLAUDE, messages=say("tokens=3"), max_tokens=100)
    models.openai_client("unasked").chat.completions.create(model=CHAT, messages=say("tokens=3"))
    asked, unasked = models.one("asked"), models.one("unasked")
    assert Decimal("0.0005") <= Decimal(asked["held"]["usd"]) < Decimal("0.001")
    assert Decimal(unasked["held"]["usd"]) >= Decimal(price(CHAT, {"output": 16384}))
