"""What scripts rely on: the ready line, exit codes, JSON of the commands, keys and runs, paths, headers, dry run. Word
by word, as far as Stripe is concerned."""
import http.client
import json
import os
import re
import subprocess
import time
import uuid

import pytest
import stripe

import flyball
import vendor as v
from flyball import CAPS, OPEN, NotReady, permit, policy, usd
from raw import FORM, Reader, ask, connect, exchange, request
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


# ---- the ready line and the life of the process ----------------------------------------------------------------------


def test_serve_prints_one_line_of_json_when_ready(daemon):
    r = daemon.ready
    assert set(r) == {"data", "admin", "ui", "dir", "pid"}
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", r["data"]) and re.fullmatch(r"http://127\.0\.0\.1:\d+", r["admin"])
    assert r["pid"] == daemon.pid and os.path.samefile(r["dir"], daemon.dir) and r["ui"] is None
    assert ask(daemon.data_port, "GET", "/healthz").status == 200
    assert daemon.api("GET", "/healthz")[0] == 200 and daemon.api("GET", "/readyz")[0] == 200
    assert os.read(daemon.process.stdout.fileno(), 0) == b""
    daemon.process.stdout.flush()
    assert daemon.stop() == 0


def test_nothing_but_the_ready_line_goes_to_stdout(make_daemon, vendor, key):
    d = make_daemon(vendor, config={"log": {"level": "debug"}})
    ask(d.data_port, "GET", "/stripe/v1/balance", "x")
    process = d.process
    process.terminate()
    assert process.stdout.read() == b""
    process.wait(20)
    d.process = None
    assert "event=ready" in d.log() and "event=stopped" in d.log()


def test_dev_prints_a_key_that_is_new_at_each_start(make_daemon):
    d = make_daemon(None, command="dev")
    first = d.ready["key"]
    assert re.fullmatch(r"fb_test_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}", first)
    ch = ask(d.data_port, "POST", CHARGES, first, GOOD)
    assert ch.status == 200 and d.calls()[0]["mode"] == "test"
    assert [p["name"] for p in d.get("/api/v1/policies")["policies"]] == ["default"]
    d.restart()
    assert d.ready["key"] != first
    assert ask(d.data_port, "GET", "/stripe/v1/balance", first).code in ("key_revoked", "key_unknown")
    assert len(d.calls("--limit", 10)) >= 1, "the store is kept"


def test_dev_without_sandbox_has_no_vendor(make_daemon):
    d = make_daemon(None, command="dev", args=["--no-sandbox"])
    assert d.get("/api/v1/vendors")["vendors"] == [] and "key" in d.ready


def test_dev_without_json_says_what_to_do_in_at_most_15_lines(make_daemon, tmp_path):
    p = subprocess.Popen(
        [
            flyball.BINARY,
            "dev",
            "--dir",
            str(tmp_path / "d"),
            "--listen-data",
            "127.0.0.1:0",
            "--listen-admin",
            "127.0.0.1:0",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )
    try:
        until = time.monotonic() + 20
        while not (tmp_path / "d" / "admin.url").exists() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)
    finally:
        p.terminate()
        out, _ = p.communicate(timeout=20)
    lines = out.decode().strip().splitlines()
    assert 3 <= len(lines) <= 15 and "curl" in out.decode() and "fb_test_" in out.decode()
    assert p.returncode == 0


def test_other_files_of_the_data_folder_are_left_alone(make_daemon, vendor):
    d = make_daemon(vendor, start=False)
    d.dir.mkdir()
    (d.dir / "notes.txt").write_text("mine")
    d.start()
    assert (d.dir / "notes.txt").read_text() == "mine"


def test_a_second_daemon_on_the_same_folder_is_refused(daemon, make_daemon, vendor):
    d = make_daemon(vendor, start=False)
    d.dir = daemon.dir
    with pytest.raises(NotReady) as e:
        d.start()
    assert "another flyball" in d.log() and "exit 1" in str(e.value)
    assert daemon.api("GET", "/readyz")[0] == 200


def test_a_taken_port_is_named(daemon, make_daemon, vendor):
    d = make_daemon(vendor, start=False, listen_data=f"127.0.0.1:{daemon.data_port}")
    with pytest.raises(NotReady):
        d.start()
    assert str(daemon.data_port) in d.log()


def test_a_listener_beyond_loopback_is_refused(make_daemon, vendor):
    d = make_daemon(vendor, start=False, listen_data="0.0.0.0:0")
    with pytest.raises(NotReady):
        d.start()
    assert "0.0.0.0" in d.log() or "loopback" in d.log()


def test_SIGTERM_closes_idle_connections_and_ends(daemon, key):
    with connect(daemon.data_port) as s:
        s.sendall(request("GET", "/stripe/v1/balance", key))
        assert Reader(s).response().status == 200
        started = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - started < 5
        assert s.recv(1) == b""


def test_workers_can_be_chosen(make_daemon, vendor):
    d = make_daemon(vendor, args=["--workers", "1"])
    until = time.monotonic() + 5
    while "event=ready" not in d.log() and time.monotonic() < until:
        time.sleep(0.01)  # the line is written behind the one on stdout
    assert "workers=1" in d.log()


# ---- configuration ---------------------------------------------------------------------------------------------------


def test_an_unknown_key_of_the_config_is_refused_with_place_and_nearest_name(make_daemon, vendor):
    d = make_daemon(vendor, start=False)
    d.config_file.write_text(
        'vendors:\n  stripe: {base_url: "http://127.0.0.1:1", secret: "env:X"}\nlimitz: {body_bytes_max: 1}\n'
    )
    done = d.cli("config", "check", "--config", d.config_file)
    assert done.returncode == 1
    assert re.search(r"flyball\.yaml:3:1: \w+: .*limits", done.stdout + done.stderr)
    with pytest.raises(NotReady):
        d.start()
    assert "flyball.yaml:3:1" in d.log()


def test_flags_beat_environment_beats_file_beats_default_and_origin_says_so(make_daemon, vendor):
    d = make_daemon(vendor, config={"workers": 3, "log": {"level": "error"}, "limits": {"body_bytes_max": 4096}},
                    env={"FLYBALL_LOG_LEVEL": "warn"})
    done = d.cli("config", "show", "--origin", "--json", "--config", d.config_file, env={"FLYBALL_LOG_LEVEL": "warn"})
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert "4096" in text and "warn" in text and "FLYBALL_LOG_LEVEL" in text or '"env"' in text
    assert d.secret not in text


def test_a_vendor_beyond_loopback_needs_https(make_daemon, vendor):
    d = make_daemon(vendor, start=False)
    d.config_file.write_text('vendors: {stripe: {base_url: "http://192.0.2.1:80", secret: "env:STRIPE_SECRET_KEY"}}')
    with pytest.raises(NotReady):
        d.start()
    assert "insecure" in d.log()


def test_the_configs_schema_is_json_schema(daemon):
    schema = json.loads(daemon.cli("config", "schema").stdout)
    assert "vendors" in schema["properties"] and schema["additionalProperties"] is False


# ---- exit codes and finding the daemon -------------------------------------------------------------------------------


def test_exit_codes(daemon, key, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("apiVersion: agentpolicy/v1\nkind: Policy\n")
    assert daemon.cli("calls").returncode == 0
    assert daemon.cli("version").returncode == 0
    assert daemon.cli("policy", "check", bad).returncode == 1
    assert daemon.cli("revoke", "0000000000").returncode == 1
    assert daemon.cli("runs", "show", "no-such-run").returncode == 1
    assert daemon.cli("why", "no-such-call").returncode == 1
    assert daemon.cli("key", "create").returncode == 2
    assert daemon.cli("frobnicate").returncode == 2
    assert daemon.cli("calls", "--frobnicate").returncode == 2
    assert daemon.cli("calls", "--limit", "0").returncode in (1, 2)
    assert daemon.cli().returncode == 2
    assert daemon.cli("calls", "--admin", "http://127.0.0.1:1").returncode == 3
    assert daemon.cli("calls", "--dir", tmp_path / "none").returncode == 3
    daemon.stop()
    assert daemon.cli("calls").returncode == 3
    assert daemon.cli("policy", "check", bad).returncode == 1, "offline"


def test_did_you_mean(daemon):
    assert "calls" in daemon.cli("call").stderr
    assert "--unknown" in daemon.cli("calls", "--unkown").stderr


def test_help_has_examples_for_every_command(daemon):
    text = daemon.cli("--help").stdout
    commands = """calls key revoke kill unkill policy runs why spend limit audit doctor config serve dev init vendors
    version completion""".split()
    for word in commands:
        assert word in text, word
    for args in (["calls"], ["key", "create"], ["policy", "apply"], ["serve"], ["revoke"], ["why"], ["runs", "show"]):
        done = daemon.cli(*args, "--help")
        assert done.returncode == 0 and "flyball " + " ".join(args) in done.stdout, args


def test_the_daemon_is_found_by_option_environment_or_folder(daemon, tmp_path):
    admin, token = daemon.ready["admin"], daemon.token
    wrong = {"FLYBALL_ADMIN": "http://127.0.0.1:1"}
    assert daemon.cli("calls", dir=True).returncode == 0
    assert daemon.cli("calls", "--dir", daemon.dir, dir=False).returncode == 0
    assert daemon.cli("calls", "--admin", admin, env=wrong).returncode == 0, "--admin is first"
    assert daemon.cli("calls", env={"FLYBALL_ADMIN": admin}).returncode == 0
    assert daemon.cli("calls", env=wrong).returncode == 3, "FLYBALL_ADMIN is before the folder"
    # The credential: FLYBALL_TOKEN, else admin.token of the folder, also when the address came from elsewhere.
    assert daemon.cli("calls", "--admin", admin, env={"FLYBALL_TOKEN": token}, dir=False).returncode == 0
    assert daemon.cli("calls", "--admin", admin, env={"FLYBALL_TOKEN": "nonsense"}).returncode == 1
    assert daemon.cli("calls", "--admin", admin, "--dir", daemon.dir, dir=False).returncode == 0
    done = daemon.cli("calls", "--admin", admin, env={"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}, dir=False)
    assert done.returncode == 3 and "FLYBALL_TOKEN" in done.stderr


def test_the_admin_api_wants_its_bearer_token_and_a_host_of_ours(daemon):
    for path in ("/api/v1/calls", "/api/v1/keys", "/api/v1/config"):
        assert daemon.api("GET", path, token="x")[0] == 401
    r = ask(
        daemon.admin_port,
        "GET",
        "/api/v1/calls",
        headers=[("Authorization", f"Bearer {daemon.token}")],
        host="evil.example",
    )
    assert r.status in (400, 403, 421), "a page of a rebound name must not reach the API"
    r = ask(
        daemon.admin_port,
        "GET",
        "/api/v1/calls",
        headers=[("Authorization", f"Bearer {daemon.token}")],
        host="localhost",
    )
    assert r.status == 200 and r.json == {"calls": []}


def test_api_and_cli_give_the_same_json(daemon, key):
    ask(daemon.data_port, "POST", CHARGES, key + ".run_same", GOOD)
    assert daemon.json("calls") == daemon.get("/api/v1/calls")
    assert daemon.json("runs", "show", "same") == daemon.get("/api/v1/runs/same")
    assert daemon.json("key", "list") == daemon.get("/api/v1/keys")
    assert daemon.json("limit", "list") == daemon.get("/api/v1/limits")
    for path in (
        "/api/v1/calls",
        "/api/v1/runs",
        "/api/v1/runs/{id}",
        "/api/v1/keys",
        "/api/v1/limits",
        "/api/v1/policies",
        "/api/v1/keys/{id}/revoke",
    ):
        assert path in daemon.get("/api/v1/openapi.json")["paths"]


# ---- keys ------------------------------------------------------------------------------------------------------------


def test_key_create_prints_key_and_id_and_is_in_force(daemon):
    made = daemon.key(agent="support", owner="ann", tenant="acme", limit=["usd=5/day"])
    assert (
        re.fullmatch(r"fb_test_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}", made["key"])
        and made["id"] == made["key"].split("_")[2]
    )
    r = ask(daemon.data_port, "GET", "/stripe/v1/balance", made["key"])
    it = daemon.call(r.call_id)
    assert (it["agent"], it["owner"], it["tenant"], it["key"]) == ("support", "ann", "acme", made["id"])
    shown = daemon.json("key", "show", made["id"])
    assert shown["limits"] == ["usd=5/day"] and made["key"] not in json.dumps(shown)
    done = daemon.cli("key", "create", "--agent", "plain", "--mode", "test")
    assert re.fullmatch(r"fb_test_\w+\n", done.stdout), "the key alone, to be piped"


def test_the_default_mode_is_live_and_in_dev_test(daemon, make_daemon):
    assert daemon.json("key", "create", "--agent", "a")["key"].startswith("fb_live_")
    d = make_daemon(None, command="dev")
    assert d.json("key", "create", "--agent", "a")["key"].startswith("fb_test_")


def test_a_test_key_does_not_reach_a_live_secret(make_daemon, vendor):
    d = make_daemon(vendor, secret=flyball.canary("live"))
    d.apply(policy("default", OPEN))
    r = ask(d.data_port, "GET", "/stripe/v1/balance", d.key(mode="test")["key"])
    assert (r.status, r.code) == (403, "policy_denied") and "test key" in r.message
    assert not vendor.requests
    r = ask(d.data_port, "GET", "/stripe/v1/balance", d.key(mode="live")["key"])
    assert r.status == 200 and d.call(r.call_id)["mode"] == "live"


def test_test_and_live_mode_are_separate_ledgers(make_daemon, vendor):
    other = v.Vendor().start()
    try:
        second = {
            "connector": "stripe",
            "base_url": f"http://127.0.0.1:{other.port}",
            "secret": "env:LIVE",
            "mode": "live",
        }
        d = make_daemon(vendor, vendors={"live": second}, env={"LIVE": "sk_live_x"})
        d.apply(
            policy("default", [permit("all", **{"class": ["read", "money_in"]})], [usd("day", "10.00", by=["agent"])])
        )
        test, live = d.key(mode="test")["key"], d.key(mode="live")["key"]
        assert ask(d.data_port, "POST", CHARGES, test, "amount=900&currency=usd").status == 200
        assert ask(d.data_port, "POST", "/live/v1/charges", live, "amount=900&currency=usd").status == 200
        assert ask(d.data_port, "POST", CHARGES, test, "amount=200&currency=usd").code == "limit_exceeded"
        assert ask(d.data_port, "POST", "/live/v1/charges", live, "amount=200&currency=usd").code == "limit_exceeded"
        buckets = [b for l in d.get("/api/v1/limits")["limits"] for b in l["buckets"]]
        assert sorted((b["mode"], b["settled"]) for b in buckets) == [("live", "9.000000000"), ("test", "9.000000000")]
    finally:
        other.stop()


@pytest.mark.parametrize(
    "carrier", ["bearer", "bearer_lower", "x-api-key", "x-goog-api-key", "basic_user", "basic_password", "two_equal"]
)
def test_a_key_is_taken_from_every_carrier(daemon, key, carrier):
    import base64

    def basic(text):
        return ("Authorization", "Basic " + base64.b64encode(text.encode()).decode())

    fields = {
        "bearer": [("Authorization", f"Bearer {key}")],
        "bearer_lower": [("authorization", f"bearer {key}")],
        "x-api-key": [("x-api-key", key)],
        "x-goog-api-key": [("X-Goog-Api-Key", key)],
        "basic_user": [basic(key + ":")],
        "basic_password": [basic("AC123:" + key)],
        "two_equal": [("Authorization", f"Bearer sk_test_{key}"), ("x-api-key", key)],
    }[carrier]
    r = exchange(daemon.data_port, request("GET", "/stripe/v1/balance", headers=fields))
    assert r.status == 200, r.body


@pytest.mark.parametrize("decoration", ["sk_test_", "sk_live_", "rk_test_", "sk-ant-", "re_", "sk-proj-"])
def test_what_stands_before_fb_is_decoration(daemon, key, decoration):
    assert ask(daemon.data_port, "GET", "/stripe/v1/balance", decoration + key).status == 200
    r = ask(daemon.data_port, "GET", "/stripe/v1/balance", decoration + key + ".run_x1")
    assert r.status == 200 and r.header("x-agent-run-id") == "x1"


def test_revoke_returns_when_the_next_request_obeys_it(daemon):
    for _ in range(5):
        made = daemon.key()
        with connect(daemon.data_port) as s:
            s.sendall(request("GET", "/stripe/v1/balance", made["key"]))
            assert Reader(s).response().status == 200
            done = daemon.json("revoke", made["id"])
            assert done["revoked"] == 1
            s.sendall(request("GET", "/stripe/v1/balance", made["key"]))
            r = Reader(s).response()
        assert (r.status, r.code) == (401, "key_revoked")
    daemon.restart()
    assert ask(daemon.data_port, "GET", "/stripe/v1/balance", made["key"]).code == "key_revoked"


def test_revoke_takes_agents_and_tenants(daemon):
    a1, a2, b = (
        daemon.key(agent="a")["key"],
        daemon.key(agent="a", tenant="t")["key"],
        daemon.key(agent="b", tenant="t")["key"],
    )
    assert daemon.json("revoke", "--agent", "a")["revoked"] == 2
    codes = [ask(daemon.data_port, "GET", "/stripe/v1/balance", k).code for k in (a1, a2, b)]
    assert codes == ["key_revoked", "key_revoked", None]
    assert daemon.json("revoke", "--tenant", "t")["revoked"] == 1


def test_key_rotate_makes_a_new_key_of_the_same_kind(daemon):
    made = daemon.key(agent="support", owner="ann", limit=["usd=5/day"])
    new = daemon.json("key", "rotate", made["id"], "--overlap", "0")
    assert new["key"] != made["key"]
    assert ask(daemon.data_port, "GET", "/stripe/v1/balance", new["key"]).status == 200
    assert ask(daemon.data_port, "GET", "/stripe/v1/balance", made["key"]).code == "key_revoked"
    assert daemon.json("key", "show", new["id"])["limits"] == ["usd=5/day"]


def test_a_key_without_a_document_is_denied_everything(make_daemon, vendor):
    d = make_daemon(vendor)
    r = ask(d.data_port, "GET", "/stripe/v1/balance", d.key()["key"])
    assert (r.status, r.code) == (403, "policy_denied") and not vendor.requests


# ---- policies --------------------------------------------------------------------------------------------------------


def test_policy_apply_prints_name_and_digest_and_is_in_force(daemon, key):
    done = daemon.apply(policy("default", [permit("nothing-else", **{"class": ["read"]})]))
    assert done["name"] == "default" and re.fullmatch("[0-9a-f]{64}", done["digest"])
    r = ask(daemon.data_port, "POST", CHARGES, key, GOOD)
    assert r.code == "policy_denied" and daemon.call(r.call_id)["policy"] == done["digest"]
    same = daemon.apply(
        "# a comment changes nothing\n" + policy("default", [permit("nothing-else", **{"class": ["read"]})])
    )
    assert same["digest"] == done["digest"]
    history = daemon.json("policy", "history", "default")["policies"]
    assert len(history) >= 2 and history[0]["digest"] == done["digest"]


@pytest.mark.parametrize(
    "text,place",
    [
        (
            "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: x, version: 1}\n"
            "rules:\n  - {id: a, effect: permitt, match: {}}\n",
            "5:",
        ),
        ("apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: x, version: 1}\nrules: []\nlimitz: []\n", "5:1"),
        (
            "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: x, version: 1}\n"
            'rules:\n  - {id: a, effect: permit, match: {}, when: "true"}\n',
            "5:",
        ),
        ("apiVersion: agentpolicy/v1\n  kind: Policy\n", "2:"),
        ("apiVersion: agentpolicy/v1\nkind: Policy\nkind: Policy\n", "3:1"),
        ("apiVersion: agentpolicy/v2\nkind: Policy\n", "1:"),
        ("", ""),
        ("\x00", ""),
        ("a: &x [*x]\n", ""),
        ("rules: !!python/object:os.system ls\n", ""),
    ],
    ids=["word", "key", "later", "indent", "twice", "version", "empty", "nul", "anchor", "tag"],
)
def test_policy_check_prints_file_line_col_code_and_message(daemon, tmp_path, text, place):
    file = tmp_path / "p.yaml"
    file.write_text(text)
    done = daemon.cli("policy", "check", file)
    assert done.returncode == 1
    out = done.stdout + done.stderr
    assert re.search(rf"^{re.escape(str(file))}:{place}", out, re.M), out
    assert re.search(rf"^{re.escape(str(file))}:\d+:\d+: [a-z_]+: \S", out, re.M), out
    applied = daemon.cli("policy", "apply", file)
    assert applied.returncode == 1 and re.search(r":\d+:\d+: [a-z_]+: ", applied.stdout + applied.stderr)
    assert [p["name"] for p in daemon.get("/api/v1/policies")["policies"]] == ["default"], "nothing was half applied"


def test_a_warning_is_printed_and_changes_no_exit_code(daemon, tmp_path):
    file = tmp_path / "w.yaml"
    both = usd("both", "10.00", **{"class": ["money_in", "money_out"]})
    file.write_text(policy("mixed", OPEN, [both]))
    for command in ("check", "apply"):
        done = daemon.cli("policy", command, file)
        assert done.returncode == 0 and "warning" in done.stdout + done.stderr, done
        assert re.search(r"w\.yaml:\d+:\d+: ", done.stdout + done.stderr)


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
    # And with the older module-wide settings, which dev's banner names.
    e = refused(client("fb_test_nonsense", f"{daemon.ready['data']}/stripe").v1.balance.retrieve)
    assert type(e) is stripe.AuthenticationError
