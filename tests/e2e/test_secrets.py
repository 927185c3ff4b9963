"""Secrets put in by hand: in force for the next call, over crashes and rotations, and closed without their key."""

import base64
import json
import os
import pty
import select
import signal
import sqlite3
import subprocess
import termios
import threading
import time

import pytest

from flyball import BINARY, CAPS, OPEN, Daemon, canary, policy
from raw import Reader, ask, connect, request

HEX = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
OTHER = "ff" + HEX[2:]
BALANCE = ("GET", "/stripe/v1/balance")


def put(d, secret, *args):
    return d.cli("secret", *(args or ("set", "stripe")), input=secret + "\n")


def opened(d):
    d.apply(policy("default", OPEN, CAPS))
    return d.key()["key"]


def presented(vendor):
    """The secret of the last request that the vendor got."""
    return vendor.requests[-1].header("authorization").split()[1]


def listed(d):
    return d.json("secret", "list")["secrets"]


def code_of(d, key):
    a = ask(d.data_port, *BALANCE, key)
    return a.header("x-flyball-code") if a.status != 200 else None


@pytest.fixture
def daemon(make_daemon, vendor):
    return make_daemon(vendor, secret_ref="store:stripe")


@pytest.fixture
def make_closed(tmp_path):
    """Daemons that complain in their logs, as they should."""
    made = []

    def make(vendor, env=None, **options):
        d = Daemon(tmp_path / f"closed-{len(made)}", vendor.port, secret_ref="store:stripe", env=env, **options)
        made.append(d)
        return d

    yield make
    for d in made:
        d.close()


# ---- put in, exchanged, taken away ----


def test_the_next_call_uses_what_was_set_rotated_taken_back_and_removed(daemon, vendor):
    key, one, two = opened(daemon), canary(), canary()
    assert code_of(daemon, key) == "upstream_failed" and not vendor.requests
    assert daemon.cli("doctor").returncode == 1
    assert put(daemon, one).returncode == 0
    assert code_of(daemon, key) is None and presented(vendor) == one
    assert put(daemon, two, "rotate", "stripe", "--overlap", "1h").returncode == 0
    assert code_of(daemon, key) is None and presented(vendor) == two
    row, = listed(daemon)
    assert (row["status"], row["version"], row["before_version"], row["vendors"]) == ("ok", 2, 1, ["stripe"])
    assert daemon.cli("secret", "rotate", "stripe", "--back").returncode == 0
    assert code_of(daemon, key) is None and presented(vendor) == one
    assert daemon.cli("doctor").returncode == 0
    assert daemon.cli("secret", "remove", "stripe").returncode == 0
    n = len(vendor.requests)
    assert code_of(daemon, key) == "upstream_failed" and len(vendor.requests) == n
    assert daemon.cli("secret", "remove", "stripe").returncode == 1


def test_a_refusal_names_the_secret_and_holds_nothing(daemon, vendor):
    key = opened(daemon)
    a = ask(daemon.data_port, "POST", "/stripe/v1/charges", key, "amount=100&currency=usd")
    assert a.status == 502 and "`stripe` is not available" in a.json["error"]["message"]
    call, = daemon.calls()
    assert call["outcome"] == "none" and call["code"] == "upstream_failed"
    assert daemon.health()["open_calls"] == 0 and not vendor.requests


def test_readyz_counts_and_the_list_names_what_is_missing(daemon):
    status, body = daemon.api("GET", "/readyz")
    assert status == 200 and body == {"ready": True, "vendors_without_secret": 1}
    assert [(r["name"], r["status"]) for r in listed(daemon)] == [("stripe", "unset")]
    put(daemon, canary())
    assert daemon.api("GET", "/readyz")[1] == {"ready": True}


def test_a_test_key_reaches_no_live_secret_that_was_just_set(daemon, vendor):
    key = opened(daemon)
    put(daemon, canary("live"))
    assert code_of(daemon, key) == "policy_denied" and not vendor.requests
    put(daemon, canary("test"))
    assert code_of(daemon, key) is None


# ---- crashes and keys ----


def test_what_was_set_survives_a_kill_right_behind_the_answer(daemon, vendor):
    key = opened(daemon)
    for secret in (canary(), canary(), canary()):
        assert put(daemon, secret).returncode == 0
        daemon.restart(kill_9=True)
        assert code_of(daemon, key) is None and presented(vendor) == secret
    assert listed(daemon)[0]["version"] == 3
    mode = (daemon.dir / "secrets.key").stat().st_mode & 0o777
    assert mode == 0o600


def test_a_rotation_and_its_way_back_survive_a_kill(daemon, vendor):
    key, one, two = opened(daemon), canary(), canary()
    put(daemon, one)
    put(daemon, two, "rotate", "stripe")
    daemon.restart(kill_9=True)
    assert code_of(daemon, key) is None and presented(vendor) == two
    daemon.cli("secret", "rotate", "stripe", "--back")
    daemon.restart(kill_9=True)
    assert code_of(daemon, key) is None and presented(vendor) == one


def closed_by(d, key, status, word):
    """The vendor refuses, everything else works and says so."""
    assert code_of(d, key) == "upstream_failed"
    assert d.api("GET", "/readyz")[1] == {"ready": True, "vendors_without_secret": 1}
    assert listed(d)[0]["status"] == status
    done = d.cli("doctor")
    assert done.returncode == 1 and word in done.stdout + done.stderr + d.log()


@pytest.mark.parametrize("harm,status,word", [
    (lambda f: f.write_text(OTHER), "other_key", "sealed with another key"),
    (lambda f: f.unlink(), "no_key", "put it back"),
    (lambda f: f.write_text("not a key"), "no_key", "32 bytes in hexadecimal or base64"),
    (lambda f: f.chmod(0o644), "no_key", "chmod 600"),
], ids=["another", "missing", "malformed", "readable_by_all"])
def test_without_its_key_a_secret_stays_closed_until_the_key_is_back(make_closed, vendor, harm, status, word):
    d = make_closed(vendor).start()
    key, secret = opened(d), canary()
    put(d, secret)
    d.stop()
    file = d.dir / "secrets.key"
    text = file.read_text()
    harm(file)
    d.start()
    closed_by(d, key, status, word)
    assert not vendor.requests
    if status == "no_key":
        done = put(d, canary())
        assert done.returncode == 1 and secret not in done.stderr
    d.stop()
    file.unlink(missing_ok=True)
    file.write_text(text)
    file.chmod(0o600)
    d.start()
    assert code_of(d, key) is None and presented(vendor) == secret


def test_a_key_from_the_environment_is_wiped_there_and_makes_no_file(make_closed, vendor):
    d = make_closed(vendor, env={"FLYBALL_SECRETS_KEY": HEX}).start()
    key, secret = opened(d), canary()
    assert put(d, secret).returncode == 0
    assert code_of(d, key) is None and presented(vendor) == secret
    assert not (d.dir / "secrets.key").exists()
    try:
        with open(f"/proc/{d.pid}/environ", "rb") as f:
            assert HEX.encode() not in f.read()
    except PermissionError:
        pass  # nobody else can look either
    d.stop()
    d.env["FLYBALL_SECRETS_KEY"] = base64.b64encode(bytes.fromhex(HEX)).decode()
    d.start()
    assert code_of(d, key) is None and presented(vendor) == secret


def test_a_key_that_is_a_systemd_credential_is_found(make_closed, vendor, tmp_path):
    folder = tmp_path / "credentials"
    folder.mkdir()
    file = folder / "flyball-secrets-key"
    file.write_text(HEX + "\n")
    file.chmod(0o400)
    d = make_closed(vendor, env={"CREDENTIALS_DIRECTORY": str(folder)}).start()
    key, secret = opened(d), canary()
    assert put(d, secret).returncode == 0 and not (d.dir / "secrets.key").exists()
    d.restart()
    assert code_of(d, key) is None and presented(vendor) == secret


# ---- the command ----


def test_a_value_on_the_command_line_is_refused_and_not_repeated(daemon):
    secret = canary()
    for args in (["set", "stripe", secret], ["rotate", "stripe", secret], ["set", f"stripe={secret}"]):
        done = daemon.cli("secret", *args, input=secret)
        assert done.returncode in (1, 2) and secret not in done.stdout + done.stderr
    assert "never stands on the command line" in daemon.cli("secret", "set", "stripe", secret).stderr
    assert listed(daemon)[0]["status"] == "unset"


@pytest.mark.parametrize("value", ["", "\n", "two\nlines\n", "é" * 9, "x" * 8193, " x"])
def test_what_is_no_secret_is_refused_before_it_is_sent(daemon, value):
    done = daemon.cli("secret", "set", "stripe", input=value)
    assert done.returncode == 2 and done.stdout == ""
    assert len(value.strip()) < 2 or value.strip() not in done.stderr
    assert listed(daemon)[0]["status"] == "unset"


class Prompt:
    """`flyball secret set stripe` at a terminal: what it shows, and what is typed."""

    def __init__(self, daemon, **how):
        self.controller, self.terminal = pty.openpty()
        self.process = subprocess.Popen([BINARY, "secret", "set", "stripe", "--dir", str(daemon.dir)],
                                        stdin=self.terminal, stdout=self.terminal, stderr=self.terminal,
                                        env=daemon.env, start_new_session=True, **how)
        self.shown = b""

    def echoes(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def read(self, seconds):
        if select.select([self.controller], [], [], seconds)[0]:
            self.shown += os.read(self.controller, 4096)

    def wait_until_silent(self, times=1):
        until = time.monotonic() + 20
        while time.monotonic() < until and (self.shown.count(b"not shown") < times or self.echoes()):
            self.read(0.02)
        assert self.shown.count(b"not shown") == times and not self.echoes()

    def type(self, text):
        os.write(self.controller, text)

    def end(self):
        status = self.process.wait(10)
        self.read(0.2)
        return status

    def close(self):
        os.close(self.controller)
        os.close(self.terminal)


@pytest.fixture
def prompt(daemon):
    made = Prompt(daemon)
    yield made
    made.close()


def test_the_prompt_shows_nothing_of_what_is_typed(daemon, vendor, prompt):
    key, secret = opened(daemon), canary()
    prompt.wait_until_silent()
    prompt.type(secret.encode() + b"\n")
    assert prompt.end() == 0, prompt.shown
    assert prompt.echoes() and secret.encode() not in prompt.shown
    assert code_of(daemon, key) is None and presented(vendor) == secret


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP])
def test_a_prompt_that_is_left_shows_again_what_is_typed(daemon, prompt, stop):
    prompt.wait_until_silent()
    prompt.type(b"half a sec")
    prompt.process.send_signal(stop)
    assert prompt.end() == -stop
    assert prompt.echoes() and b"half" not in prompt.shown
    assert [s["status"] for s in listed(daemon)] == ["unset"]


def test_a_prompt_that_is_stopped_for_a_while_asks_again(daemon, prompt):
    """Its group has no shell to go on for it, so it goes on at once."""
    secret = canary()
    prompt.wait_until_silent()
    prompt.type(b"half a sec")
    prompt.process.send_signal(signal.SIGTSTP)
    prompt.wait_until_silent(times=2)
    prompt.type(secret.encode() + b"\n")
    assert prompt.end() == 0, prompt.shown
    assert prompt.echoes() and secret.encode() not in prompt.shown and b"half" not in prompt.shown
    assert [s["version"] for s in listed(daemon)] == [1]


def test_a_signal_that_is_ignored_stays_so_at_the_prompt(daemon):
    prompt = Prompt(daemon, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    try:
        prompt.wait_until_silent()
        prompt.process.send_signal(signal.SIGINT)
        prompt.type(canary().encode() + b"\n")
        assert prompt.end() == 0, prompt.shown
    finally:
        prompt.close()


# ---- under load ----

RATE, SECONDS, CLIENTS = 500, 4, 8


def drive(d, key, until, results):
    """A paced client on kept connections; every status is noted."""
    data, step, due = request(*BALANCE, key), CLIENTS / RATE, time.monotonic()
    with connect(d.data_port) as s:
        reader = Reader(s)
        while time.monotonic() < until:
            s.sendall(data)
            results.append(reader.response().status)
            due += step
            time.sleep(max(0, due - time.monotonic()))


def test_rotating_under_load_fails_no_call(daemon, vendor):
    key, values, results = opened(daemon), [canary() for _ in range(6)], []
    put(daemon, values[0])
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=drive, args=(daemon, key, until, results)) for _ in range(CLIENTS)]
    for t in threads:
        t.start()
    for value in values[1:]:
        time.sleep(SECONDS / (len(values) + 1))
        assert put(daemon, value, "rotate", "stripe").returncode == 0
        marked = len(vendor.requests)
        assert daemon.cli("secret", "list").returncode == 0
    for t in threads:
        t.join(30)
    print(f"{len(results) / SECONDS:.0f} calls/s over {len(values) - 1} rotations")
    assert set(results) == {200}, "a call failed while the secret was exchanged"
    assert len(results) > 100
    seen = [r.header("authorization").split()[1] for r in vendor.requests]
    assert set(seen) <= set(values) and values[-1] in seen
    # What is sent after the answer to a rotation is the new value: the rest are calls that were under way.
    assert set(seen[marked + 2 * CLIENTS:]) == {values[-1]}


# ---- what lies on the disk ----


def test_sealed_values_exchanged_in_the_store_are_noticed(make_closed, vendor):
    """Somebody with the database and without the key puts one row's state in the place of another's."""
    d = make_closed(vendor).start()
    key = opened(d)
    put(d, canary())
    put(d, canary(), "set", "other")
    d.settle()
    d.stop()
    db = sqlite3.connect(d.dir / "flyball.db")
    rows = dict(db.execute("SELECT id, seq FROM states WHERE kind = 'secret'"))
    db.execute("UPDATE states SET seq = ? WHERE kind = 'secret' AND id = 'stripe'", (rows["other"],))
    db.commit()
    db.close()
    d.start()
    # The event that the row now names says `other`: stripe is as if it had never been set.
    assert code_of(d, key) == "upstream_failed" and not vendor.requests


def test_events_and_exports_show_that_something_happened_and_no_value(daemon):
    secret = canary()
    put(daemon, secret)
    put(daemon, canary(), "rotate", "stripe")
    daemon.cli("secret", "remove", "stripe")
    daemon.settle()
    events = daemon.get("/api/v1/events")["events"]
    names = [e["event"] for e in events if e["event"].startswith("secret.")]
    assert names == ["secret.remove", "secret.rotate", "secret.set"]
    assert all("sealed" not in json.dumps(e) for e in events)
    assert secret not in json.dumps(daemon.get("/api/v1/audit/export"))
    assert daemon.cli("audit", "verify").returncode == 0


def test_the_daemon_ends_cleanly_while_a_secret_is_exchanged(daemon):
    for _ in range(3):
        put(daemon, canary())
    p = daemon.process
    p.send_signal(signal.SIGTERM)
    assert p.wait(15) == 0
    daemon.process = None
    daemon.start()
    assert listed(daemon)[0]["version"] == 3
