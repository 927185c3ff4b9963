"""Streams of models that end before their time: the agent leaves, the key is revoked, the vendor is cut off. And
streams that live long: events pass when they come, and a slow reader slows the vendor down."""
import json
import socket
import struct
import threading
import time

import anthropic
import httpx2
import openai
import pytest

from llm_rig import CHAT, CLAUDE, price, say, settled_as
from raw import Cut, Reader, connect, request

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
VENDORS = pytest.mark.parametrize("vendor", ["openai", "anthropic"])
CANCEL_S = 0.05
MODEL = {"openai": CHAT, "anthropic": CLAUDE}


def start(models, vendor, run, wishes, **more):
    """An open stream of the SDK."""
    if vendor == "openai":
        return models.openai_client(run).chat.completions.create(model=CHAT, messages=say(wishes), stream=True,
                                                                 max_tokens=2000, **more)
    return models.anthropic_client(run).messages.create(model=CLAUDE, messages=say(wishes), stream=True,
                                                        max_tokens=2000, **more)


def start_raw(models, vendor, run, wishes, stream=True, key=None):
    """An open stream as a socket, of which the request is sent."""
    body = {"model": MODEL[vendor], "messages": say(wishes), "stream": stream, "max_tokens": 2000}
    path = "/openai/v1/chat/completions" if vendor == "openai" else "/anthropic/v1/messages"
    s = connect(models.port)
    s.sendall(request("POST", path, f"{key or models.key}.run_{run}", json.dumps(body), type="application/json",
                      headers=[("anthropic-version", "2023-06-01")]))
    return s


def counted_by_what_was_seen(models, vendor, it):
    """Settled for what came: not less than the vendor bills, not more than was held; and nothing is held any more."""
    e = models.vendors[vendor].settled()[-1]
    billed = float(price(MODEL[vendor], e.bill))
    assert it["outcome"] == "settled", it
    assert billed <= float(it["settled"]["usd"]) <= float(it["held"]["usd"]), (e.bill, it["tokens"], it["settled"])
    assert it["settled"]["how"] == "estimated"
    assert models.spent()[1] == "0.000000000"
    return e


# ---- the agent leaves ------------------------------------------------------------------------------------------------


@VENDORS
@pytest.mark.parametrize("how", ["close", "reset"])
def test_an_agent_that_leaves_its_stream_cancels_the_vendor_at_once(models, vendor, how):
    times = []
    for i in range(5):
        run = f"leave-{vendor}-{how}-{i}"
        s = start_raw(models, vendor, run, "gap_ms=20,tokens=900,in=50")
        models.vendors[vendor].wait_for(lambda all: all and all[-1].n_events > 5 and not all[-1].over_at)
        if how == "reset":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        left = time.monotonic()
        s.close()
        it = models.one(run)
        e = counted_by_what_was_seen(models, vendor, it)
        assert it["stream_end"] == "client_gone" and it["error"] == "client_gone"
        assert 0 < e.bill["output"] < 200
        times.append(e.left_at - left)
    print(f"cancelled after {sorted(round(t * 1000, 1) for t in times)} ms")
    assert sorted(times)[2] < CANCEL_S, times


@VENDORS
def test_closing_the_sdks_stream_cancels_the_vendor(models, vendor):
    with start(models, vendor, f"sdk-{vendor}", "gap_ms=20,tokens=900,in=50") as s:
        for _ in range(4):
            next(iter(s))
    left = time.monotonic()
    it = models.one(f"sdk-{vendor}")
    e = counted_by_what_was_seen(models, vendor, it)
    assert e.left_at - left < 5 * CANCEL_S and it["stream_end"] == "client_gone"


@VENDORS
def test_an_agent_that_leaves_before_the_answer_begins_cancels_too(models, vendor):
    run = f"early-{vendor}"
    s = start_raw(models, vendor, run, "head_ms=3000,in=50,tokens=4")
    models.vendors[vendor].wait_for(lambda all: all)
    left = time.monotonic()
    s.close()
    it = models.one(run)
    (e,) = models.vendors[vendor].settled()
    assert e.left_at - left < 5 * CANCEL_S
    # Not a byte came back: nobody knows what was made, so what was held is what counts.
    assert it["outcome"] == "settled" and it["settled"] == {"usd": it["held"]["usd"], "how": "estimated"}


def test_an_agent_that_leaves_a_whole_answer_is_finished_and_counted(models):
    s = connect(models.port)
    body = {"model": CHAT, "messages": say("head_ms=150,tokens=5"), "max_tokens": 50}
    s.sendall(request("POST", "/openai/v1/chat/completions", models.key + ".run_whole", json.dumps(body),
                      type="application/json"))
    models.openai.wait_for(lambda all: all)
    s.close()
    it = models.one("whole")
    (e,) = models.openai.settled()
    assert e.is_complete
    settled_as(it, CHAT, e.bill)


# ---- an operator ends it ---------------------------------------------------------------------------------------------


@VENDORS
@pytest.mark.parametrize("how", ["key", "run", "agent"])
def test_revoke_now_ends_an_open_stream_with_an_error_that_the_sdk_raises(models, vendor, how):
    made = models.daemon.key(agent=f"bot-{vendor}-{how}")
    run = f"revoke-{vendor}-{how}"
    if vendor == "openai":
        s = models.openai_client(run, made["key"]).chat.completions.create(
            model=CHAT, messages=say("gap_ms=20,tokens=900,in=50"), stream=True, max_tokens=2000)
    else:
        s = models.anthropic_client(run, made["key"]).messages.create(
            model=CLAUDE, messages=say("gap_ms=20,tokens=900,in=50"), stream=True, max_tokens=2000)
    other = start(models, vendor, f"other-{vendor}-{how}", "gap_ms=20,tokens=40,in=50")
    for _ in range(4):
        next(s)
    what = {"key": [made["id"]], "run": ["--run", run], "agent": ["--agent", f"bot-{vendor}-{how}"]}[how]
    done = models.daemon.cli("revoke", "--now", *what)
    assert done.returncode == 0, done.stderr
    revoked = time.monotonic()
    with pytest.raises((openai.APIError, anthropic.APIError)) as e:
        list(s)
    assert time.monotonic() - revoked < 1
    assert ("revoked" if how != "run" else "stopped") in str(e.value)
    it = models.one(run)
    assert it["call_id"] in str(e.value) and it["stream_end"] == "stopped"
    assert it["code"] == ("stopped" if how == "run" else "key_revoked")
    assert len(list(other)) > 30, "another key's stream was ended too"
    models.vendors[vendor].settled()
    mine = next(x for x in models.vendors[vendor].exchanges if not x.is_complete)
    assert mine.left_at - revoked < 0.3
    billed = float(price(MODEL[vendor], mine.bill))
    assert it["outcome"] == "settled" and billed <= float(it["settled"]["usd"]) <= float(it["held"]["usd"])


@VENDORS
@pytest.mark.parametrize("now", [True, False])
def test_a_stream_that_nobody_asked_for_does_not_begin_behind_revoke_now(models, vendor, now):
    made = models.daemon.key(agent=f"unasked-{vendor}-{now}")
    run = f"unasked-{vendor}-{now}"
    s = start_raw(models, vendor, run, "unasked,head_ms=600,gap_ms=20,tokens=20", stream=False, key=made["key"])
    models.vendors[vendor].wait_for(lambda all: all)
    assert models.daemon.cli("revoke", *(["--now"] if now else []), made["id"]).returncode == 0
    answer, it = Reader(s).response(), models.one(run)
    if now:
        assert answer.status == 401 and answer.header("x-flyball-code") == "key_revoked"
        assert it["code"] == "key_revoked" and it["stream_end"] == "stopped"
        counted_by_what_was_seen(models, vendor, it)
    else:
        assert answer.status == 200 and it["code"] is None and it["stream_end"] == "complete"


@VENDORS
def test_the_stop_button_with_now_ends_open_streams_and_without_lets_them_end(make_models, vendor):
    m = make_models()
    short, long = start(m, vendor, "short", "gap_ms=20,tokens=20"), start(m, vendor, "long", "gap_ms=20,tokens=900")
    next(short), next(long)
    assert m.daemon.cli("kill", "--reason", "a drill").returncode == 0
    assert len(list(short)) > 18
    assert m.daemon.cli("kill", "--now").returncode == 0
    with pytest.raises((openai.APIError, anthropic.APIError)) as e:
        list(long)
    assert "stopped" in str(e.value)
    it = m.one("long")
    assert it["code"] == "stopped" and it["outcome"] == "settled" and m.one("short")["stream_end"] == "complete"


def test_revoke_without_now_lets_the_stream_end(models):
    made = models.daemon.key()
    s = models.openai_client("soft", made["key"]).chat.completions.create(
        model=CHAT, messages=say("gap_ms=20,tokens=20,in=50"), stream=True, max_tokens=50)
    next(s)
    assert models.daemon.cli("revoke", made["id"]).returncode == 0
    assert "".join(k.choices[0].delta.content or "" for k in s).startswith("The flyball")
    it = models.one("soft")
    settled_as(it, CHAT, models.openai.settled()[-1].bill)


@VENDORS
def test_a_kill_9_in_the_middle_of_a_stream_counts_what_was_held(make_models, vendor):
    m = make_models()
    s = start_raw(m, vendor, "crash", "gap_ms=20,tokens=900,in=50")
    m.vendors[vendor].wait_for(lambda all: all and all[0].n_events > 5)
    m.daemon.restart(kill_9=True)
    (it,) = m.daemon.run_calls("crash")
    assert it["outcome"] == "settled" and it["settled"] == {"usd": it["held"]["usd"], "how": "estimated"}
    assert it["tokens"]["output"] == 2000 and it["tokens_how"] == "estimated"
    assert m.spent() == (it["held"]["usd"], "0.000000000")
    assert m.vendors[vendor].settled()[0].left_at
    s.close()


@VENDORS
def test_a_stream_that_is_open_at_sigterm_comes_whole(make_models, vendor):
    m = make_models()
    s = start(m, vendor, "drain", "gap_ms=20,tokens=40,in=50")
    next(s)
    ender = threading.Thread(target=m.daemon.stop)
    ender.start()
    assert len(list(s)) > 35
    ender.join(15)
    m.daemon.start()
    (it,) = m.daemon.run_calls("drain")
    settled_as(it, MODEL[vendor], m.vendors[vendor].settled()[0].bill)
    assert it["stream_end"] == "complete"


@VENDORS
def test_a_stream_that_outlives_the_drain_is_told_so_and_counted_by_what_passed(make_models, vendor):
    m = make_models(limits={"drain_timeout_ms": 300})
    s = start(m, vendor, "cut-off", "gap_ms=20,tokens=900,in=50")
    next(s)
    ender = threading.Thread(target=m.daemon.stop)
    ender.start()
    with pytest.raises((openai.APIError, anthropic.APIError)) as e:
        list(s)
    ender.join(15)
    assert "Flyball was stopped" in str(e.value)
    assert "drain_timeout" not in m.daemon.log() and "recovered" not in m.daemon.log()
    m.daemon.start()
    (it,) = m.daemon.run_calls("cut-off")
    seen = counted_by_what_was_seen(m, vendor, it)
    assert it["stream_end"] == "cut" and it["error"] == "daemon_stopped" and it["code"] == "outcome_unknown"
    assert 0 < seen.bill["output"] <= it["tokens"]["output"] < 200
    assert "recovered" not in m.daemon.log(), "the next start found it open"


@VENDORS
def test_a_whole_answer_that_outlives_the_drain_is_told_so_and_counted_at_its_hold(make_models, vendor):
    m = make_models(limits={"drain_timeout_ms": 300})
    client = m.openai_client("whole") if vendor == "openai" else m.anthropic_client("whole")
    make = client.chat.completions.create if vendor == "openai" else client.messages.create
    told = []

    def ask():
        try:
            make(model=MODEL[vendor], messages=say("never"), max_tokens=300)
        except (openai.APIError, anthropic.APIError) as e:
            told.append(e)

    asker = threading.Thread(target=ask)
    asker.start()
    m.vendors[vendor].wait_for(lambda all: all)
    m.daemon.stop()
    asker.join(15)
    assert told and told[0].status_code == 503 and "Flyball was stopped" in str(told[0])
    m.daemon.start()
    (it,) = m.daemon.run_calls("whole")
    assert it["outcome"] == "settled" and it["settled"] == {"usd": it["held"]["usd"], "how": "estimated"}
    assert it["tokens"]["output"] == 300 and it["error"] == "daemon_stopped" and it["stream_end"] is None


# ---- the vendor ends it ----------------------------------------------------------------------------------------------


@VENDORS
@pytest.mark.parametrize("wishes", ["cut=5", "cut=5,reset", "cut=end", "cut=0"])
def test_a_stream_that_the_vendor_cuts_raises_and_is_counted_by_what_came(models, vendor, wishes):
    run = f"cut-{vendor}-{wishes.replace('=', '').replace(',', '')}"
    with pytest.raises(Exception) as e:
        list(start(models, vendor, run, wishes + ",tokens=20,in=50"))
    # Anthropic's SDK lets its HTTP client's own errors through; direct too.
    assert isinstance(e.value, (openai.APIError, anthropic.APIError, httpx2.TransportError)), repr(e.value)
    it = models.one(run)
    assert it["stream_end"] not in (None, "complete")
    e = models.vendors[vendor].settled()[-1]
    assert it["outcome"] == "settled" and float(it["settled"]["usd"]) <= float(it["held"]["usd"])
    assert float(price(MODEL[vendor], e.bill)) <= float(it["settled"]["usd"]), (e.bill, it["tokens"])
    assert models.spent()[1] == "0.000000000"


@VENDORS
@pytest.mark.parametrize("wishes", ["cut=5", "cut=5,reset"])
def test_where_events_are_whole_a_cut_stream_ends_with_an_event_that_names_the_call(models, vendor, wishes):
    run = f"named-{vendor}-{len(wishes)}"
    with pytest.raises((openai.APIError, anthropic.APIError)) as e:
        list(start(models, vendor, run, wishes + ",tokens=20,in=50"))
    it = models.one(run)
    assert f"[outcome_unknown, call {it['call_id']}]" in str(e.value)
    assert it["code"] == "outcome_unknown" and it["stream_end"] == "cut" and it["status"] == 200


@VENDORS
def test_half_an_event_is_never_made_a_whole_one(models, vendor):
    """OpenAI's are passed when they are whole; of Anthropic's the half is out already, and only a cut is honest."""
    run = f"half-{vendor}"
    s = start_raw(models, vendor, run, "cut=5,half,tokens=20,in=50")
    try:
        got = Reader(s).response().body
    except Cut as cut:
        assert vendor == "anthropic" and b"\r\n0\r\n\r\n" not in cut.got
    else:
        datas = [t.split(b"data: ", 1)[1] for t in got.split(b"\n\n") if t]
        assert vendor == "openai" and all(json.loads(d) for d in datas) and b'"error"' in datas[-1]
    assert models.one(run)["stream_end"] == "cut"
    s.close()


def test_a_cut_stream_never_looks_complete_on_the_wire(models):
    """An agent without an SDK can tell too: the last chunk is missing, or an error event is there."""
    for wishes in ("cut=5", "cut=end"):
        s = start_raw(models, "openai", "wire-" + wishes.replace("=", ""), wishes + ",tokens=9")
        try:
            r = Reader(s).response()
        except Cut as cut:
            assert b"\r\n0\r\n\r\n" not in cut.got
        else:
            assert b'"error"' in r.body and b"[DONE]" not in r.body
        s.close()


@VENDORS
def test_an_error_event_of_the_vendor_passes_and_is_counted(models, vendor):
    with pytest.raises((openai.APIError, anthropic.APIError)) as e:
        list(start(models, vendor, f"event-{vendor}", "error_at=6,tokens=20,in=50"))
    assert ("Sorry about that" if vendor == "openai" else "Overloaded") in str(e.value)
    it = models.one(f"event-{vendor}")
    assert it["outcome"] == "settled" and it["error"] in ("server_error", "overloaded_error"), it
    counted_by_what_was_seen(models, vendor, it)


def test_a_whole_answer_that_is_cut_is_an_error_and_counted(models):
    with pytest.raises(openai.APIError) as e:
        models.openai_client("half").chat.completions.create(model=CHAT, messages=say("cut=0,tokens=9,in=20"),
                                                             max_tokens=50)
    assert e.value.response.headers["x-flyball-code"] == "outcome_unknown"
    it = models.one("half")
    assert it["outcome"] == "settled" and it["settled"]["how"] == "estimated"
    (x,) = models.openai.settled()
    assert float(price(CHAT, x.bill)) <= float(it["settled"]["usd"]) <= float(it["held"]["usd"])


# ---- passing through -------------------------------------------------------------------------------------------------


@VENDORS
def test_each_event_passes_when_it_comes(models, vendor):
    """None waits for the next: with 60 ms between two, each is here long before the next is sent."""
    late, at = [], []
    s = start_raw(models, vendor, f"prompt-{vendor}", "gap_ms=60,tokens=10")
    v = models.vendors[vendor]
    reader = Reader(s)
    v.wait_for(lambda all: all)
    e = v.exchanges[-1]
    seen = 0
    while not e.over_at or b"\r\n0\r\n\r\n" not in reader.all:
        n = e.n_events
        if not reader.more():
            break
        count = reader.all.count(b"data: ")
        at.append(time.monotonic())
        late.append(max(0, n - count))
        seen = count
        if b"\r\n0\r\n\r\n" in reader.all:
            break
    assert seen >= 10 and max(late) <= 1, late
    gaps = [b - a for a, b in zip(at, at[1:])]
    assert sorted(gaps)[len(gaps) // 2] > 0.03, "events came in lumps"


def test_a_slow_reader_slows_the_vendor_down_and_holds_nobody_up(models):
    s = start_raw(models, "openai", "slow", "pad=30000000,tokens=3")
    v = models.openai
    v.wait_for(lambda all: all and all[0].n_events > 3)
    e, n = v.exchanges[0], -1
    while n != (n := e.n_events):
        time.sleep(0.3)
    assert not e.over_at and len(e.body) < 25_000_000, "all of it was taken although nobody reads"
    assert models.openai_client("quick").chat.completions.create(model=CHAT, messages=say("tokens=2"), max_tokens=9)
    got = bytearray()
    while not got.endswith(b"\r\n0\r\n\r\n"):
        got += s.recv(1 << 20)
    assert len(got) > 30_000_000 and b"data: [DONE]" in got[-60:]
    settled_as(models.one("slow"), CHAT, e.bill)


def test_an_answer_of_twenty_megabytes_to_a_reader_that_leaves_is_let_go(models):
    s = start_raw(models, "anthropic", "let-go", "pad=20000000,tokens=3,in=10")
    models.anthropic.wait_for(lambda all: all and all[0].n_events > 3)
    s.close()
    it = models.one("let-go")
    assert it["outcome"] == "settled" and it["stream_end"] == "client_gone"


@pytest.mark.parametrize("n", [200])
def test_many_streams_at_once_come_whole_and_are_counted(models, n):
    """All open at the same time, on few connections' worth of threads."""
    before = models.vendors["openai"].n_connections
    socks = [start_raw(models, "openai", f"many{i}", f"gap_ms=40,tokens=12,in={i + 1}") for i in range(n)]
    bodies = [None] * n

    def read(share):
        for i in share:
            bodies[i] = Reader(socks[i]).response().body

    threads = [threading.Thread(target=read, args=(range(k, n, 8),)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert all(b and b.endswith(b"data: [DONE]\n\n") for b in bodies)
    assert models.openai.n_connections - before <= n
    for e in models.openai.settled():
        assert e.is_complete
    models.daemon.settle()
    calls = [models.one(f"many{i}") for i in range(0, n, 20)]
    assert [c["tokens"]["input"] for c in calls] == [i + 1 for i in range(0, n, 20)]
    for s in socks:
        s.close()


# ---- over TLS --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    from llm_rig import opened
    with opened(tmp_path_factory.mktemp("secure"), tls=True) as r:
        yield r


@VENDORS
def test_over_tls_streams_come_whole_and_their_connections_are_kept(secure, vendor):
    v = secure.vendors[vendor]
    v.exchanges.clear()
    before = v.n_connections
    for i in range(5):
        list(start(secure, vendor, f"tls-{vendor}-{i}", f"tokens={i + 3},split=11"))
        settled_as(secure.one(f"tls-{vendor}-{i}"), MODEL[vendor], v.settled()[-1].bill)
    assert v.n_connections - before <= 2


@VENDORS
@pytest.mark.parametrize("wishes", ["cut=5", "cut=5,abrupt", "cut=end,abrupt"])
def test_over_tls_a_cut_with_or_without_goodbye_is_never_a_complete_answer(secure, vendor, wishes):
    run = f"tlscut-{vendor}-{wishes.replace('=', '').replace(',', '')}"
    with pytest.raises(Exception):
        list(start(secure, vendor, run, wishes + ",tokens=20,in=50"))
    it = secure.one(run)
    assert it["stream_end"] not in (None, "complete") and it["outcome"] == "settled"


def test_over_tls_an_agent_that_leaves_cancels_the_vendor(secure):
    secure.openai.exchanges.clear()
    s = start_raw(secure, "openai", "tls-leave", "gap_ms=20,tokens=900,in=50")
    secure.openai.wait_for(lambda all: all and all[-1].n_events > 5)
    left = time.monotonic()
    s.close()
    (e,) = secure.openai.settled()
    assert e.left_at - left < 3 * CANCEL_S
    assert secure.one("tls-leave")["stream_end"] == "client_gone"
