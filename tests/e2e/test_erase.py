"""`flyball erase`: not one byte of the values in any file afterwards, packed or not, and the chain stays whole."""
import random
import sqlite3
import threading
import time

import pytest
import stripe

from flyball import CAPS, OPEN, policy, usd
from vendor import drop_after_commit


def client(daemon, key):
    return stripe.StripeClient(key, base_addresses={"api": f"{daemon.ready['data']}/stripe"}, max_network_retries=0)


def lz4(packed):
    """What an LZ4 block with its length in front holds (codec/lz.h)."""
    out, i = bytearray(), 4
    while i < len(packed):
        token = packed[i]
        i += 1
        n, more = token >> 4, token >> 4 == 15
        while more:
            n, more, i = n + packed[i], packed[i] == 255, i + 1
        out += packed[i:i + n]
        i += n
        if i >= len(packed):
            break
        back, i = packed[i] | packed[i + 1] << 8, i + 2
        n, more = token & 15, token & 15 == 15
        while more:
            n, more, i = n + packed[i], packed[i] == 255, i + 1
        for _ in range(n + 4):
            out.append(out[-back])
    assert len(out) == int.from_bytes(packed[:4], "little")
    return bytes(out)


def everything(daemon):
    """All bytes of all files of the data folder, and what the store has packed. The daemon is stopped."""
    found = [(str(p), p.read_bytes()) for p in daemon.files()] + [("log", daemon.log_file.read_bytes())]
    copy = daemon.root / "copy.db"
    copy.write_bytes(next(p for p in daemon.files() if p.read_bytes()[:6] == b"SQLite").read_bytes())
    db = sqlite3.connect(copy)
    for table, column in (("packs", "frames"), ("personal", "texts"), ("contents", "packed")):
        for (blob,) in db.execute(f"SELECT {column} FROM {table}"):
            found.append((table, lz4(blob)))
    db.close()
    return found


def is_anywhere(daemon, values):
    """While it runs: files come and go."""
    for p in daemon.files():
        try:
            text = p.read_bytes()
        except FileNotFoundError:
            continue
        if any(v.encode() in text for v in values):
            return True
    return False


def names(daemon, values):
    return [(where, v) for where, text in everything(daemon) for v in values if v.encode() in text]


def a_person(daemon, agents, name):
    """Some calls for one person; what is personal in them."""
    email, idem = f"{name}-mail@example.com", f"idem-of-{name}"
    person = agents[0].v1.customers.create({"email": email})
    intent = agents[0].v1.payment_intents.create(
        {"amount": 900, "currency": "usd", "customer": person.id, "confirm": True, "payment_method": "pm_card_visa"},
        {"idempotency_key": idem})
    refund = agents[1].v1.refunds.create({"payment_intent": intent.id, "amount": 100, "currency": "usd"})
    agents[1].v1.customers.retrieve(person.id)
    return [person.id, intent.id, refund.id, email, idem]


@pytest.fixture
def two(make_daemon, vendor):
    """A daemon, its two agents; a limit that counts by customer."""
    d = make_daemon(vendor)
    d.apply(policy("default", OPEN, CAPS + [usd("per-customer", "900.00", by=("customer",),
                                                **{"class": ["money_in", "money_out"]})]))
    return d, [client(d, d.key(agent=n)["key"]) for n in ("seller", "refunder")]


def test_a_customer_is_nowhere_afterwards_and_the_chain_is_whole(two):
    d, agents = two
    ann, bob = a_person(d, agents, "ann"), a_person(d, agents, "bob")
    before = d.calls()
    dry = d.json("erase", "--customer", ann[0])
    assert dry["dry_run"] is True and dry["calls"] == 4 and d.calls() == before
    text = d.cli("erase", "--customer", ann[0])
    assert "would lose" in text.stdout and "--yes" in text.stderr + text.stdout
    report = d.json("erase", "--customer", ann[0], "--yes")
    assert report["calls"] == 4 and report["frames"] >= 7 and report["objects"] >= 3 and report["counters"] >= 1
    assert report["kept"] == 0 and dry["frames"] == report["frames"]
    assert d.json("customer", ann[0])["calls"] == [] and len(d.json("customer", bob[0])["calls"]) == 4
    assert d.api("GET", "/api/v1/find?q=" + ann[1])[1]["found"] == []
    calls = d.calls()
    assert [c["call_id"] for c in calls] == [c["call_id"] for c in before]
    assert [c["settled"] for c in calls] == [c["settled"] for c in before]
    gone = [c for c in calls if c["customer"] is None and c["path"] is None]
    assert len(gone) == 4 and all(c["idempotency_key"] is None and c["object_ids"] is None for c in gone)
    assert d.json("audit", "verify")["ok"] is True and d.get("/api/v1/doctor")["ok"] is True
    event = [e for e in d.get("/api/v1/events")["events"] if e["event"] == "erase"]
    assert len(event) == 1 and event[0]["what"] == "customer" and event[0]["calls"] == 4
    more = a_person(d, agents, "eve")
    assert d.stop() == 0
    assert names(d, ann) == []
    assert {v for _, v in names(d, bob + more)} == set(bob + more), "the test sees what is there"
    d.start()
    assert d.json("audit", "verify")["ok"] is True and d.get("/api/v1/doctor")["ok"] is True
    assert len(d.json("customer", bob[0])["calls"]) == 4


def test_it_is_gone_while_the_daemon_still_runs(two):
    d, agents = two
    ann = a_person(d, agents, "ann")
    d.json("erase", "--customer", ann[0], "--yes")
    assert not is_anywhere(d, ann)


def test_a_run_loses_its_values_and_keeps_its_name(two):
    d, agents = two
    seller = stripe.StripeClient(d.key(agent="seller")["key"] + ".run_run-17", max_network_retries=0,
                                 base_addresses={"api": f"{d.ready['data']}/stripe"})
    person = seller.v1.customers.create({"email": "run-mail@example.com"})
    bob = a_person(d, agents, "bob")
    report = d.json("erase", "--run", "run-17", "--yes")
    assert report["calls"] == 1 and report["frames"] == 2
    assert len(d.run_calls("run-17")) == 1
    d.stop()
    assert names(d, [person.id, "run-mail@example.com"]) == []
    assert len({v for _, v in names(d, bob)}) == len(bob)


def test_an_owner_is_nowhere_once_nothing_rests_on_the_name(two):
    d, _ = two
    name = "olga.quine@example.com"
    made = d.key(agent="hers", owner=name)
    assert d.api("POST", "/api/v1/agents", {"agent": "other", "owner": name})[0] == 201
    agent = client(d, made["key"])
    agent.v1.customers.create({"description": "of hers"})
    d.json("agent", "disable", "--owner", name)

    def told():
        events = d.get("/api/v1/events", limit=100)["events"]
        return {e.get("target") for e in events if e.get("action", "").startswith("agent_")}

    assert name in told()
    report = d.json("erase", "--user", name, "--yes")
    assert report["calls"] == 1 and report["in_force"] == 3, "whose key and agent it is, and that the owner is disabled"
    assert "say how something stands now" in d.cli("erase", "--user", name).stderr
    assert name not in told() and {"other"} <= told()
    d.restart()
    with pytest.raises(stripe.StripeError):
        client(d, made["key"]).v1.customers.create({})
    d.json("agent", "enable", "--owner", name)
    assert d.api("POST", "/api/v1/agents", {"agent": "other", "owner": "eve"})[0] == 201
    assert d.api("POST", f"/api/v1/keys/{made['id']}/revoke", {})[0] == 200
    report = d.json("erase", "--user", name, "--yes")
    assert report["in_force"] == 0 and report["kept"] == 0
    assert name not in str(d.get("/api/v1/events", limit=100))
    assert d.json("audit", "verify")["ok"] is True and d.get("/api/v1/doctor")["ok"] is True
    d.restart()
    assert [a["owner"] for a in d.get("/api/v1/agents")["agents"] if a["agent"] == "other"] == ["eve"]
    assert d.json("audit", "verify")["ok"] is True
    d.stop()
    assert names(d, [name]) == []


def test_what_was_said_of_a_customers_counter_goes_with_the_customer(two):
    d, agents = two
    d.apply(policy("default", OPEN, CAPS + [{**usd("per-customer", "10.00", by=("customer",),
                                                   **{"class": ["money_in", "money_out"]}), "soft": "5.00"}]))
    ann = a_person(d, agents, "ann")
    wish = ["--by", "5", "--for", "1h", "--whose", f"customer={ann[0]}", "--reason", "x"]
    d.json("limit", "raise", "per-customer", *wish)
    said = [e for e in d.get("/api/v1/events", limit=100)["events"] if e["event"].startswith("limit.")]
    assert {e["event"] for e in said} == {"limit.soft", "limit.raise"} and all(ann[0] in e["bucket"] for e in said)
    assert d.json("erase", "--customer", ann[0], "--yes")["in_force"] == 0
    d.stop()
    assert names(d, ann) == []
    d.start()
    assert d.json("audit", "verify")["ok"] is True and d.get("/api/v1/doctor")["ok"] is True


def test_what_holds_money_keeps_its_values_and_is_counted(two, vendor):
    d, agents = two
    ann = agents[0].v1.customers.create({"email": "ann-mail@example.com"})
    vendor.plan(drop_after_commit, path="/v1/payment_intents", times=9)
    with pytest.raises(stripe.StripeError):
        agents[0].v1.payment_intents.create({"amount": 900, "currency": "usd", "customer": ann.id})
    d.settle()
    report = d.json("erase", "--customer", ann.id, "--yes")
    assert report["kept"] == 1 and report["calls"] == 1
    assert d.unknown()[0]["customer"] == ann.id
    d.restart()
    assert d.get("/api/v1/doctor")["ok"] is True and len(d.unknown()) == 1


def ask_to_erase(d, customer):
    try:
        d.api("POST", "/api/v1/erase", {"what": "customer", "value": customer})
    except OSError:
        pass  # it was killed


def test_a_kill_in_the_middle_is_finished_at_the_next_start(two):
    d, agents = two
    people = [a_person(d, agents, f"p{i}") for i in range(6)]
    rng, n_resumed = random.Random(5), 0
    for person in people:
        t = threading.Thread(target=ask_to_erase, args=(d, person[0]), daemon=True)
        try:
            t.start()
            time.sleep(rng.uniform(0, 0.25))
        finally:
            d.kill_9()
        t.join(10)
        d.start()
        until, is_clean = time.monotonic() + 10, False
        begun = any(c["customer"] is None and c["operation"] == "stripe.customers.retrieve" for c in d.calls()) or (
            "erase_resumed" in d.log())
        while not is_clean and time.monotonic() < until and begun:
            is_clean = not is_anywhere(d, person)
            time.sleep(0.05)
        if not is_clean:
            d.json("erase", "--customer", person[0], "--yes")
        assert d.json("audit", "verify")["ok"] is True and d.get("/api/v1/doctor")["ok"] is True
        agents[:] = [client(d, d.key(agent=n)["key"]) for n in ("seller", "refunder")]
        n_resumed = d.log().count("erase_resumed")
    print(f"{n_resumed} of {len(people)} were finished by the next start")
    d.stop()
    assert names(d, [v for person in people for v in person]) == []


def test_only_an_owner_may_and_bad_questions_are_refused(two):
    d, _ = two
    assert d.cli("erase").returncode == 2
    assert d.cli("erase", "--customer", "a", "--user", "b").returncode == 2
    viewer = d.json("admin", "create", "val", "--role", "viewer")
    token = viewer.get("token") or viewer["credential"]
    assert d.api("POST", "/api/v1/erase", {"what": "user", "value": "x"}, token=token)[0] == 403
