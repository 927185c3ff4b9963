"""What scripts rely on: the ready line, configuration, exit codes, how the daemon is found, keys, policies. Word by
word, as far as Stripe is concerned."""
import json
import os
import re
import subprocess
import time

import pytest

import flyball
import vendor as v
from flyball import OPEN, NotReady, permit, policy, usd
from raw import Reader, ask, connect, exchange, request

CHARGES = "/stripe/v1/charges"
GOOD = "amount=700&currency=usd&source=tok_visa"


# ---- the ready line and the life of the process ----------------------------------------------------------------------


def test_serve_prints_one_line_of_json_when_ready(daemon):
    r = daemon.ready
    assert set(r) == {"data", "admin", "ui", "dir", "pid"}
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", r["data"]) and re.fullmatch(r"http://127\.0\.0\.1:\d+", r["admin"])
    assert r["pid"] == daemon.pid and os.path.samefile(r["dir"], daemon.dir)
    assert r["ui"] == r["admin"] + "/ui/" and ask(daemon.admin_port, "GET", "/ui/", host="localhost").status == 200
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


@pytest.mark.parametrize("name", "r v1 v2 mcp otlp oauth healthz hooks api".split())
def test_reserved_names_are_never_vendors(tmp_path, name):
    file = tmp_path / "flyball.yaml"
    file.write_text(f'vendors:\n  {name}: {{connector: stripe, base_url: "http://127.0.0.1:1", secret: "env:X"}}\n')
    done = subprocess.run([flyball.BINARY, "config", "check", "--config", str(file)], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == 1 and re.search(r"flyball\.yaml:2:3: reserved_name: ", done.stdout + done.stderr)


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
            "rules:\n  - {id: a, effect: permit, match: {}}\nguardrails: []\n",
            "6:1",
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
