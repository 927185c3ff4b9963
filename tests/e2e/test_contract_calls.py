"""What scripts rely on, continued: records, runs and their carriers, paths, headers of answers, dry runs, the audit.
Word by word, as far as Stripe is concerned."""
import re
import subprocess
import uuid

import pytest
import stripe

import flyball
import vendor as v
from flyball import OPEN, policy, usd
from raw import Reader, ask, connect, request
from test_sdk_python import client, refused

CHARGES = "/stripe/v1/charges"
GOOD = "amount=700&currency=usd&source=tok_visa"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

# The record's fields; absent is null, never missing.
FIELDS = """call_id seq started_at ended_at run_id run_source run_trust parent_run_id trace_id span_id layer vendor
operation class method path mode model_asked model_sent model_returned key agent owner user tenant customer
customer_source prompt prompt_hash verdict code rule limits policy predicted held settled outcome direction amount
currency fx tokens tool_calls caused_by phases attempts route status error vendor_request_id object_ids idempotency_key
stream_end overrun additions shadow shares bytes_in bytes_out body_hashes chain""".split()


# ---- calls, runs, why ------------------------------------------------------------------------------------------------


def test_a_record_has_every_field_and_absent_is_null(daemon, key):
    permitted = ask(daemon.data_port, "POST", CHARGES, key + ".run_fields", GOOD, idempotency="k1")
    denied = ask(daemon.data_port, "POST", "/stripe/v1/payouts", key + ".run_fields", "amount=1&currency=usd")
    listed = daemon.calls("--run", "fields")
    assert [c["call_id"] for c in listed] == [denied.call_id, permitted.call_id], "newest first"
    for it in listed:
        assert [f for f in FIELDS if f not in it] == []
    it = listed[1]
    assert UUID.fullmatch(it["call_id"]) and isinstance(it["seq"], int)
    assert TIME.fullmatch(it["started_at"]) and TIME.fullmatch(it["ended_at"]) and it["started_at"] <= it["ended_at"]
    expected = {
        "run_id": "fields",
        "run_source": "key",
        "run_trust": "claimed",
        "parent_run_id": None,
        "layer": "saas",
        "vendor": "stripe",
        "operation": "stripe.charges.create",
        "class": "money_in",
        "method": "POST",
        "path": "/v1/charges",
        "mode": "test",
        "agent": "bot",
        "owner": None,
        "user": None,
        "tenant": None,
        "verdict": "permit",
        "code": None,
        "rule": "pay",
        "outcome": "settled",
        "direction": "in",
        "amount": 700,
        "currency": "USD",
        "status": 200,
        "error": None,
        "idempotency_key": "k1",
        "overrun": False,
        "shares": None,
        "model_asked": None,
        "tokens": None,
        "tool_calls": None,
        "shadow": None,
        "fx": None,
        "caused_by": None,
        "prompt": None,
    }
    got = {k: it[k] for k in expected}
    expected["run_source"] = it["run_source"]
    assert got == expected and "key" in it["run_source"]
    for name in ("predicted", "held", "settled"):
        assert set(it[name]) == {"usd", "how"} and it[name]["usd"] == "7.000000000"
        assert it[name]["how"] in ("parsed", "priced", "estimated")
    assert set(it["phases"]) >= {"admit", "decide", "hold", "sync", "queue", "connect", "first_byte", "total"}
    assert all(isinstance(n, int) or n is None for n in it["phases"].values())
    limit, = [l for l in it["limits"] if l["id"] == "in-day"]
    assert set(limit) >= {"id", "bucket", "before", "held", "after", "max", "resets_at"}
    assert re.fullmatch("[0-9a-f]{32}", it["trace_id"]) and re.fullmatch("[0-9a-f]{16}", it["span_id"])
    assert re.fullmatch("[0-9a-f]{64}", it["chain"]) and it["bytes_in"] > 0 and it["bytes_out"] > 0
    assert it["object_ids"][0].startswith("ch_") and len(it["attempts"]) == 1
    denied = listed[0]
    assert (
        denied["verdict"] == "deny"
        and denied["outcome"] == "none"
        and denied["settled"] is None
        and denied["held"] is None
    )
    assert denied["attempts"] == [] and denied["status"] == 403 and denied["ended_at"]


def test_an_open_call_has_no_outcome_yet(daemon, key, vendor):
    vendor.plan(v.delay(0.5), path="/v1/charges")
    with connect(daemon.data_port) as s:
        s.sendall(request("POST", CHARGES, key + ".run_open", GOOD))
        vendor.wait_for(1)
        it, = daemon.run_calls("open")
        assert it["outcome"] is None and it["ended_at"] is None and it["held"]["usd"] == "7.000000000"
        assert daemon.health()["open_calls"] == 1
        Reader(s).response()
    assert daemon.run_calls("open")[0]["outcome"] == "settled"


def test_calls_include_every_call_that_was_answered(daemon, key):
    """Read your own writes: asked right behind the answer."""
    with connect(daemon.data_port) as s:
        for i in range(30):
            s.sendall(request("GET" if i % 2 else "POST", "/stripe/v1/balance" if i % 2 else CHARGES, f"{key}.run_rw",
                              None if i % 2 else "amount=1&currency=usd"))
            r = Reader(s).response()
            it = daemon.call(r.call_id)
            assert it and it["ended_at"] and it["outcome"] == ("none" if i % 2 else "settled")
    assert len(daemon.run_calls("rw")) == 30


def test_the_limit_of_calls_is_100_by_default_and_up_to_10000(daemon, key):
    with connect(daemon.data_port) as s:
        for _ in range(120):
            s.sendall(request("GET", "/stripe/v1/balance", key))
            Reader(s).response()
    assert len(daemon.calls()) == 100
    assert len(daemon.calls("--limit", "7")) == 7
    assert len(daemon.calls("--limit", "10000")) == 120
    for bad in ("0", "10001", "x", "-1"):
        done = daemon.cli("calls", "--limit", bad, "--json")
        assert done.returncode in (1, 2), bad


def test_filters_narrow_and_typos_are_refused(daemon, key):
    ask(daemon.data_port, "POST", CHARGES, key + ".run_f1", GOOD)
    ask(daemon.data_port, "POST", "/stripe/v1/payouts", key + ".run_f2", "amount=1&currency=usd")
    assert [c["run_id"] for c in daemon.calls("--verdict", "deny")] == ["f2"]
    assert [c["run_id"] for c in daemon.calls("--operation", "stripe.charges.create")] == ["f1"]
    assert [c["run_id"] for c in daemon.calls("--agent", "bot")] == ["f2", "f1"]
    assert daemon.calls("--agent", "other") == [] and daemon.calls("--outcome", "unknown") == []
    assert len(daemon.calls("--since", "5m")) == 2 and daemon.calls("--until", "5m") == []
    assert daemon.cli("calls", "--verdict", "denied").returncode in (1, 2)


def test_runs_show_gives_the_run_and_its_calls_oldest_first(daemon, key):
    for body in (GOOD, "amount=-1&currency=usd", GOOD):
        ask(daemon.data_port, "POST", CHARGES, key + ".run_story", body)
    shown = daemon.runs_show("story")
    assert [c["verdict"] for c in shown["calls"]] == ["permit", "deny", "permit"]
    assert [c["seq"] for c in shown["calls"]] == sorted(c["seq"] for c in shown["calls"])
    run = shown["run"]
    assert run["run_id"] == "story" and run["agent"] == "bot" and run["calls"] == 3 and run["denied"] == 1
    assert run["settled"]["usd"] == "14.000000000"
    assert [r["run_id"] for r in daemon.json("runs", "list")["runs"]] == ["story"]


def test_two_tenants_never_share_a_run(daemon):
    a, b = daemon.key(agent="x", tenant="one")["key"], daemon.key(agent="x", tenant="two")["key"]
    for k in (a, b, b):
        ask(daemon.data_port, "GET", "/stripe/v1/balance", k + ".run_same")
    done = daemon.cli("runs", "show", "same", "--json")
    assert done.returncode == 1 and "one" in done.stdout and "two" in done.stdout
    shown = daemon.runs_show("same", "--tenant", "two")
    assert len(shown["calls"]) == 2 and shown["run"]["tenant"] == "two"
    assert len(daemon.runs_show("same", "--tenant", "one", "--agent", "x")["calls"]) == 1


def test_why_explains_a_denial_with_the_values_compared(daemon, vendor):
    made = daemon.key(limit="usd=5/day")
    r = ask(daemon.data_port, "POST", CHARGES, made["key"], GOOD)
    text = daemon.cli("why", r.call_id).stdout
    for part in ("limit_exceeded", "7.00", "5.00", made["id"]):
        assert part in text, text
    why = daemon.json("why", r.call_id)
    assert why["call"]["call_id"] == r.call_id and why["explanation"][0]["topic"] == "verdict"


def test_spend_sums_by_day_and_agent(daemon, key, vendor):
    ask(daemon.data_port, "POST", CHARGES, key, GOOD)
    vendor.plan(v.drop_after_commit, path="/v1/charges")
    ask(daemon.data_port, "POST", CHARGES, key, "amount=300&currency=usd")
    row, = [r for r in daemon.json("spend")["spend"] if r["class"] == "money_in"]
    assert row["settled"]["usd"] == "7.000000000" and row["held"]["usd"] == "3.000000000" and row["agent"] == "bot"


def test_calls_follow_prints_new_calls(daemon, key):
    p = subprocess.Popen(
        [flyball.BINARY, "calls", "--follow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**daemon.env, "FLYBALL_DIR": str(daemon.dir)},
    )
    try:
        assert "Following" in p.stderr.readline()
        r = ask(daemon.data_port, "POST", CHARGES, key, GOOD)
        assert r.call_id in p.stdout.readline()
    finally:
        p.kill()
        p.wait(10)
        p.stdout.close()
        p.stderr.close()


def test_tables_have_no_colour_when_piped(daemon, key):
    ask(daemon.data_port, "POST", CHARGES, key, GOOD)
    for args in (["calls"], ["key", "list"], ["limit", "list"], ["spend"], ["runs", "list"], ["vendors"]):
        done = daemon.cli(*args)
        assert done.returncode == 0 and done.stdout and "\x1b" not in done.stdout, args


# ---- runs and their carriers -----------------------------------------------------------------------------------------


def test_the_first_carrier_that_is_there_names_the_run(daemon, key):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    carriers = [("header", [("x-agent-run-id", "by-header")], "", "/stripe/v1/balance", "by-header"),
                ("suffix", [], ".run_by-suffix", "/stripe/v1/balance", "by-suffix"),
                ("path", [], "", "/r/by-path/stripe/v1/balance", "by-path"),
                ("session", [("X-Claude-Code-Session-Id", "by-session")], "", "/stripe/v1/balance", "by-session"),
                ("trace", [("traceparent", trace)], "", "/stripe/v1/balance", "4bf92f3577b34da6a3ce929d0e0e4736")]
    sources = []
    for i, (name, *_, expected) in enumerate(carriers):
        fields = [f for _, fs, *_ in carriers[i:] for f in fs]  # this one and all behind it
        suffix = "".join(s for _, _, s, *_ in carriers[i:])
        path = next((p for _, _, _, p, _ in carriers[i:] if p.startswith("/r/")), "/stripe/v1/balance")
        r = ask(daemon.data_port, "GET", path, key + suffix, headers=fields)
        assert r.status == 200 and r.header("x-agent-run-id") == expected, name
        it = daemon.call(r.call_id)
        assert it["run_id"] == expected and it["run_trust"] == "claimed", name
        assert it["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736", "traceparent is in each of these"
        sources.append(it["run_source"])
    assert len(set(sources)) == len(carriers), sources


def test_without_a_carrier_a_run_is_made_up_for_each_key(daemon, key):
    one = [ask(daemon.data_port, "GET", "/stripe/v1/balance", key).header("x-agent-run-id") for _ in range(2)]
    other = ask(daemon.data_port, "GET", "/stripe/v1/balance", daemon.key()["key"])
    assert one[0] == one[1] != other.header("x-agent-run-id")
    assert daemon.call(other.call_id)["run_trust"] == "minted"


def test_a_uuid_is_also_the_trace_id(daemon, key):
    run = str(uuid.uuid4())
    r = ask(daemon.data_port, "GET", "/stripe/v1/balance", f"{key}.run_{run}")
    assert daemon.call(r.call_id)["trace_id"] == run.replace("-", "")


def test_a_parent_run_is_recorded(daemon, key):
    r = ask(
        daemon.data_port,
        "GET",
        "/stripe/v1/balance",
        key,
        headers=[("x-agent-run-id", "kid"), ("x-agent-parent-run-id", "mum")],
    )
    assert daemon.call(r.call_id)["parent_run_id"] == "mum"


def test_a_run_in_the_path_works_without_a_vendor_prefix_too(daemon, key):
    assert ask(daemon.data_port, "GET", "/r/p1/v1/balance", key).header("x-agent-run-id") == "p1"


def test_a_limit_by_run_counts_each_run(daemon):
    daemon.apply(policy("runs", OPEN, [usd("run", "10.00", by=["run"], window={"run": True})]))
    key = daemon.key(policy="runs")["key"]
    assert ask(daemon.data_port, "POST", CHARGES, key + ".run_1", GOOD).status == 200
    assert ask(daemon.data_port, "POST", CHARGES, key + ".run_1", GOOD).code == "limit_exceeded"
    assert ask(daemon.data_port, "POST", CHARGES, key + ".run_2", GOOD).status == 200


def test_the_run_id_goes_to_a_vendor_only_if_it_is_marked(make_daemon, vendor):
    d = make_daemon(
        None,
        vendors={
            "stripe": {
                "base_url": f"http://127.0.0.1:{vendor.port}",
                "secret": "env:STRIPE_SECRET_KEY",
                "forward_run_id": True,
            }
        },
    )
    d.apply(policy("default", OPEN))
    r = ask(d.data_port, "GET", "/stripe/v1/balance", d.key()["key"] + ".run_fwd")
    assert r.status == 200
    sent = vendor.requests[0]
    assert sent.header("x-agent-run-id") == "fwd"
    it = d.call(r.call_id)
    assert sent.header("traceparent") and it["trace_id"] in sent.header("traceparent")


# ---- paths -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/stripe/v1/balance",
        "/v1/balance",
        "//stripe/v1/balance",
        "/stripe//v1/balance",
        "//v1/balance",
        "/stripe/balance",
        "/stripe/v1/v1/balance",
        "/stripe/v1/balance/",
        "/r/x//stripe/v1/balance",
    ],
)
def test_the_closed_list_of_repairs(daemon, key, vendor, path):
    r = ask(daemon.data_port, "GET", path, key)
    assert r.status == 200, r.body
    assert vendor.requests[0].target == "/v1/balance" and daemon.call(r.call_id)["path"] == "/v1/balance"


def test_healthz_says_nothing_but_that_it_lives(daemon):
    r = ask(daemon.data_port, "GET", "/healthz")
    assert r.status == 200 and r.body == b"ok\n" and not any(n.startswith("x-") for n in r.names())


# ---- headers of answers ----------------------------------------------------------------------------------------------


def test_answers_carry_what_the_call_cost_and_what_is_left(daemon, key):
    r = ask(daemon.data_port, "POST", CHARGES, key + ".run_head", GOOD)
    assert UUID.fullmatch(r.call_id) and r.header("x-agent-run-id") == "head" and r.header("x-flyball-attempts") == "1"
    assert r.header("x-flyball-cost-usd") == "7.000000000" and r.header("x-flyball-remaining-usd") == "993.000000000"
    r = ask(daemon.data_port, "POST", CHARGES, key, "amount=99301&currency=usd")
    assert r.code == "limit_exceeded" and r.header("x-flyball-remaining-usd") == "993.000000000"
    r = ask(daemon.data_port, "GET", "/stripe/v1/balance", key)
    assert r.call_id and r.header("x-flyball-remaining-usd") is None, "no limit on money covers a read"


def test_a_vendor_cannot_speak_in_our_name(daemon, key, vendor):
    vendor.plan(
        v.says(
            200,
            {"id": "ch_1", "amount": 700, "currency": "usd", "status": "succeeded"},
            [("X-Flyball-Cost-USD", "0.01"), ("x-agent-run-id", "evil"), ("X-Flyball-Code", "x"), ("X-Vendor", "kept")],
        )
    )
    r = ask(daemon.data_port, "POST", CHARGES, key + ".run_name", GOOD)
    assert [val for n, val in r.headers if n.lower() == "x-flyball-cost-usd"] == ["7.000000000"]
    assert [val for n, val in r.headers if n.lower() == "x-agent-run-id"] == ["name"]
    assert r.code is None and r.header("x-vendor") == "kept"


# ---- dry run ---------------------------------------------------------------------------------------------------------


def dry(daemon, key, body, path=CHARGES, run="dry"):
    return ask(daemon.data_port, "POST", path, f"{key}.run_{run}", body, headers=[("x-flyball-dry-run", "true")])


def test_a_dry_run_says_the_verdict_and_sends_nothing(daemon, key, vendor):
    r = dry(daemon, key, GOOD)
    assert r.status == 200 and r.json["dry_run"] is True and r.json["verdict"] == "permit" and r.json["rule"] == "pay"
    assert r.json["operation"] == "stripe.charges.create" and r.json["predicted"]["usd"] == "7.000000000"
    limit, = [l for l in r.json["limits"] if l["id"] == "in-day"]
    assert limit["fits"] is True and limit["asks"] == 7_000_000_000
    assert vendor.requests == [] and daemon.buckets("in-day") in (
        {},
        {f"key={daemon.calls()[0]['key']}": ("0.000000000", "0.000000000")},
    )
    it, = daemon.run_calls("dry")
    assert it["call_id"] == r.call_id and it["verdict"] == "permit" and it["outcome"] == "none" and it["held"] is None


def test_a_dry_run_of_what_would_be_refused_says_why(daemon, key, vendor):
    r = dry(daemon, key, "amount=100001&currency=usd")
    assert r.json["verdict"] == "deny" and r.json["code"] == "limit_exceeded" and 'Limit "in-day"' in r.json["reason"]
    r = dry(daemon, key, "amount=1&currency=usd", "/stripe/v1/payouts")
    assert r.json["verdict"] == "deny" and r.json["code"] == "policy_denied"
    assert vendor.requests == []
    assert ask(daemon.data_port, "POST", CHARGES, key, "amount=100000&currency=usd").status == 200, (
        "the dry runs took nothing"
    )


# ---- audit -----------------------------------------------------------------------------------------------------------


def test_the_chain_verifies_and_doctor_agrees_also_after_kill_9(daemon, key, vendor):
    for behaviour in (v.answer, v.drop_after_commit, v.declines):
        vendor.plan(behaviour, path="/v1/charges")
        ask(daemon.data_port, "POST", CHARGES, key, GOOD)
    before = daemon.json("audit", "verify")
    assert before["ok"] is True and before["frames"] > 5
    daemon.restart(kill_9=True)
    after = daemon.json("audit", "verify")
    assert after["ok"] is True and after["frames"] >= before["frames"]
    assert daemon.json("doctor")["ok"] is True
    daemon.settle()


def test_the_sdk_works_on_the_readmes_base_url(daemon, key, vendor):
    """README's client, with its key and address only."""
    c = stripe.StripeClient(key, base_addresses={"api": f"{daemon.ready['data']}/stripe"})
    ch = c.v1.charges.create({"amount": 900, "currency": "usd", "source": "tok_visa"})
    assert c.v1.refunds.create({"charge": ch.id, "amount": 300}).amount == 300
    # And with the older module-wide settings.
    e = refused(client("fb_test_nonsense", f"{daemon.ready['data']}/stripe").v1.balance.retrieve)
    assert type(e) is stripe.AuthenticationError
