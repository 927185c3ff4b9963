"""A changed configuration is taken over whole or not at all: by `flyball reload`, SIGHUP and `--watch`."""
import json
import signal
import threading
import time

import pytest

import tls
from flyball import CAPS, OPEN, canary, policy
from issuer import Issuer
from raw import Reader, ask, connect, request
from test_tls import shown

BALANCE = ("GET", "/stripe/v1/balance")
SECONDS, CLIENTS, RATE = 4, 8, 400


class Edited:
    """A daemon with its secret in a file, and what is changed there."""

    def __init__(self, make_daemon, vendor, tmp_path, **options):
        self.vendor, self.file, self.secret = vendor, tmp_path / "secret", canary()
        self.put(self.secret)
        self.d = make_daemon(vendor, secret=self.secret, secret_ref=f"file:{self.file}", **options)
        self.d.apply(policy("default", OPEN, CAPS))
        self.key = self.d.key()["key"]

    def put(self, secret):
        self.file.touch(mode=0o600)
        self.file.write_text(secret + "\n")

    def edit(self, **top):
        """Changes keys at the top of the configuration's file; None takes one away."""
        document = json.loads(self.d.config_file.read_text()) | top
        self.d.config_file.write_text(json.dumps({k: v for k, v in document.items() if v is not None}, indent=1))

    def speaks_by(self):
        """The secret that the vendor gets now."""
        assert ask(self.d.data_port, *BALANCE, self.key).status == 200
        return self.vendor.requests[-1].header("authorization").split()[1]

    def level(self):
        return self.d.get("/api/v1/config")["log.level"]["value"]

    def readyz(self):
        status, it = self.d.api("GET", "/readyz")
        assert status == 200 and it["ready"], "what was in force still governs"
        return it

    def wait(self, done):
        until = time.monotonic() + 10
        while not done():
            assert time.monotonic() < until, self.d.log()
            time.sleep(0.05)


@pytest.fixture
def edited(make_daemon, vendor, tmp_path):
    it = Edited(make_daemon, vendor, tmp_path)
    yield it
    it.d.log_file.write_text("")  # refusals are said there, as they should be


def test_a_good_change_is_taken_over_and_shown(edited):
    other = canary()
    edited.put(other)
    edited.edit(log={"level": "debug"})
    assert edited.speaks_by() == edited.secret and edited.level() == "info"
    done = edited.d.cli("reload")
    assert done.returncode == 0, done.stderr
    assert edited.speaks_by() == other and edited.level() == "debug"
    assert "reload_refused_at" not in edited.readyz()
    assert edited.d.metric("flyball_config_last_reload_successful") == 1


def test_a_key_that_needs_a_restart_refuses_all_and_is_named_with_its_place(edited):
    edited.put(canary())
    edited.edit(log={"level": "debug"}, workers=7, limits={"keys_max": 99})
    done = edited.d.cli("reload")
    assert done.returncode == 1
    lines = edited.d.config_file.read_text().splitlines()
    for key, own in (("workers", "workers"), ("limits.keys_max", "keys_max")):
        line = next(i for i, text in enumerate(lines, 1) if f'"{own}"' in text)
        assert f"{edited.d.config_file}:{line}: restart: `{key}` changes at a restart only" in done.stderr
    assert edited.speaks_by() == edited.secret and edited.level() == "info"
    edited.edit(workers=None, limits=None)
    assert edited.d.cli("reload").returncode == 0
    assert edited.speaks_by() != edited.secret and edited.level() == "debug"


def test_a_bad_file_is_said_everywhere_until_a_good_one(edited):
    edited.put(canary())
    good = edited.d.config_file.read_text()
    edited.edit(log={"level": "debug"}, workerz=3)
    done = edited.d.cli("reload")
    line = next(i for i, text in enumerate(edited.d.config_file.read_text().splitlines(), 1) if "workerz" in text)
    said = f"{edited.d.config_file}:{line}:2: unknown_key: the key `workerz` is not known; did you mean `workers`?"
    assert done.returncode == 1 and said in done.stderr
    ready = edited.readyz()
    assert ready["reload_refused_at"].startswith("20") and "workerz" not in json.dumps(ready), "it needs no token"
    health = edited.d.health()
    assert health["reload_refused"] == said and health["reload_refused_at"] == ready["reload_refused_at"]
    assert edited.d.metric("flyball_config_last_reload_successful") == 0
    assert "event=reload_failed" in edited.d.log()
    assert edited.speaks_by() == edited.secret and edited.level() == "info"
    edited.d.config_file.write_text(good)
    assert edited.d.cli("reload").returncode == 0
    assert "reload_refused_at" not in edited.readyz() and "reload_refused" not in edited.d.health()


def test_a_refusal_in_the_log_has_each_fault_and_no_pair_of_the_files_own(edited):
    edited.edit(**{'x" event=ready y="': 1, "workerz": 3})
    assert edited.d.cli("reload").returncode == 1
    faults = [line for line in edited.d.log().splitlines() if "event=reload_failed" in line]
    assert [line.count("unknown_key") for line in faults] == [1, 1]
    assert r'`x\" event=ready y=\"`' in faults[0] and "`workerz`" in faults[1]


def test_the_last_part_that_fails_leaves_every_earlier_one_as_it_was(make_daemon, vendor, tmp_path):
    """Certificates are looked at first, secrets last."""
    ca = tls.Authority(tmp_path)
    server_cert, new = ca.issue("localhost", "127.0.0.1"), ca.issue("localhost", "127.0.0.1")
    it = Edited(make_daemon, vendor, tmp_path, config={"listen": {"data_tls": server_cert.as_config()}}, ca=ca.file)
    d, before = it.d, shown(it.d)
    server_cert.chain.write_bytes(new.chain.read_bytes())
    server_cert.key.write_bytes(new.key.read_bytes())
    it.edit(log={"level": "debug"})
    it.put("two words\nand a line")
    done = d.cli("reload")
    assert done.returncode == 1 and str(it.file) in done.stderr
    assert shown(d) == before and it.level() == "info"
    it.put(canary("live"))
    done = d.cli("reload")
    assert done.returncode == 1 and "vendors.stripe.secret" in done.stderr and "restart" in done.stderr
    assert "sk_live" not in done.stderr + d.log()
    assert shown(d) == before and it.level() == "info"
    it.put(canary())
    assert d.cli("reload").returncode == 0
    assert shown(d) == new.cert.serial_number and it.level() == "debug"
    d.log_file.write_text("")


def test_sighup_does_the_same(edited):
    edited.edit(workerz=3)
    edited.d.process.send_signal(signal.SIGHUP)
    edited.wait(lambda: "reload_refused_at" in edited.readyz())
    edited.edit(workerz=None, log={"level": "debug"})
    edited.d.process.send_signal(signal.SIGHUP)
    edited.wait(lambda: edited.level() == "debug")
    assert "reload_refused_at" not in edited.readyz()


def test_watch_takes_a_change_over_by_itself(make_daemon, vendor, tmp_path):
    it = Edited(make_daemon, vendor, tmp_path, args=["--watch"])
    it.edit(log={"level": "debug"})
    it.wait(lambda: it.level() == "debug")
    it.edit(workers=7)
    it.wait(lambda: "reload_refused_at" in it.readyz())
    it.edit(workers=None)
    it.wait(lambda: "reload_refused_at" not in it.readyz())
    assert it.d.log().count("event=reload_failed") == 1, "a bad file is tried once"
    it.d.log_file.write_text("")


@pytest.fixture
def hanging_issuer():
    """The start waits for its keys: long enough for the file to change meanwhile."""
    i = Issuer().start()
    i.is_hanging = True
    yield i
    i.stop()


def test_watch_takes_over_what_changed_during_the_start(make_daemon, vendor, tmp_path, hanging_issuer):
    config = {"issuers": {"idp": hanging_issuer.config()}}
    d = make_daemon(vendor, start=False, args=["--watch"], config=config)
    changed = d.config_file.read_text().replace('"issuers"', '"log": {"level": "debug"},\n "issuers"', 1)
    starting = threading.Thread(target=d.start)
    starting.start()
    until = time.monotonic() + 10
    while not (d.dir / "admin.token").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert d.ready is None, "its file is read, and it is not ready yet"
    d.config_file.write_text(changed)
    starting.join(20)
    until = time.monotonic() + 10
    while d.get("/api/v1/config")["log.level"]["value"] != "debug":
        assert time.monotonic() < until, d.log()
        time.sleep(0.05)


def test_what_came_by_flag_is_still_by_flag(make_daemon, vendor, tmp_path):
    it = Edited(make_daemon, vendor, tmp_path, args=["--log-level", "warn"])
    it.edit(log={"level": "debug"})
    assert it.d.cli("reload").returncode == 0
    assert it.level() == "warn"


def test_without_a_file_there_is_nothing_to_watch(make_daemon):
    # dev looks for no file of its own
    d = make_daemon(start=False, args=["--watch"])
    done = d.cli("dev", "--watch", "--dir", d.dir)
    assert done.returncode == 2 and "--watch watches a configuration file" in done.stderr


def drive(d, key, until, results):
    data, step, due = request(*BALANCE, key), CLIENTS / RATE, time.monotonic()
    with connect(d.data_port) as s:
        reader = Reader(s)
        while time.monotonic() < until:
            s.sendall(data)
            results.append(reader.response().status)
            due += step
            time.sleep(max(0, due - time.monotonic()))


def test_reloads_good_and_bad_fail_no_call_under_load(edited, vendor):
    results, secrets, until = [], [canary() for _ in range(8)], time.monotonic() + SECONDS
    threads = [threading.Thread(target=drive, args=(edited.d, edited.key, until, results)) for _ in range(CLIENTS)]
    for t in threads:
        t.start()
    for i, secret in enumerate(secrets):
        time.sleep(SECONDS / (len(secrets) + 2))
        edited.put(secret)
        edited.edit(log={"level": "debug" if i % 2 else "info"}, workers=7 if i % 4 == 3 else None)
        assert edited.d.cli("reload").returncode == (1 if i % 4 == 3 else 0)
    for t in threads:
        t.join(30)
    print(f"{len(results) / SECONDS:.0f} calls/s over {len(secrets)} reloads, {sum(r != 200 for r in results)} failed")
    assert set(results) == {200} and len(results) > 100
    seen = {r.header("authorization").split()[1] for r in vendor.requests}
    refused = {secrets[3], secrets[7]}
    assert secrets[6] in seen and not seen & refused, "what was refused spoke for nobody"
