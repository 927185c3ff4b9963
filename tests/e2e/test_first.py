"""What a newcomer meets first: how fast, how much text, and what is said when something is in the way."""
import contextlib
import http.server
import json
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import threading
import time
import urllib.request

import pytest

from flyball import BINARY
from raw import ask

READY_MS = 300
BANNER_LINES = 15


@pytest.fixture
def home(tmp_path):
    """An environment without a daemon, a config or a data folder."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"),
            "LC_ALL": "C.UTF-8"}


def flyball(env, *words, **more):
    return subprocess.run([BINARY, *map(str, words)], env=env, capture_output=True, text=True, timeout=60,
                          check=False, **more)


def until(stream, word, seconds=20):
    """What a stream says up to a line with that word."""
    said, end = b"", time.monotonic() + seconds
    while word not in said:
        left = end - time.monotonic()
        assert left > 0 and select.select([stream], [], [], left)[0], said
        piece = os.read(stream.fileno(), 65536)
        assert piece, said
        said += piece
    return said.decode()


@pytest.fixture
def start(home):
    """`flyball dev` as a person starts it, on ports of its own; ended with the test."""
    started = []

    def begin(*words):
        p = subprocess.Popen([BINARY, "dev", "--listen-data", "127.0.0.1:0", "--listen-admin", "127.0.0.1:0", *words],
                             env=home, cwd=home["HOME"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        started.append(p)
        return p

    yield begin
    for p in started:
        p.terminate()
        assert p.wait(20) == 0
        p.stdout.close()
        p.stderr.close()


# ---- dev and demo --------------------------------------------------------------------------------


def test_dev_is_ready_at_once(start):
    """The best of five: the first reads the program from the disk, and others run on this machine."""
    times = []
    for n in range(5):
        since = time.monotonic()
        p = start("--json", "--dir", f"data-{n}")
        until(p.stdout, b"\n")
        times.append(1000 * (time.monotonic() - since))
    assert min(times) <= READY_MS, times


def test_the_banner_fits_and_its_addresses_answer(start):
    p = start()
    said = until(p.stderr, b"event=ready") and os.read(p.stdout.fileno(), 65536).decode()
    assert len(said.splitlines()) <= BANNER_LINES, said
    assert "\x1b" not in said
    for url in re.findall(r"http://[\d.:]+", said.splitlines()[0]):
        with urllib.request.urlopen(url + "/healthz", timeout=10) as answer:
            assert answer.status == 200


def test_three_commands_show_allowed_denied_and_unknown_calls_of_models_and_money(start, home):
    since = time.monotonic()
    until(start().stderr, b"event=ready")  # 1
    done = flyball(home, "demo")           # 2
    assert done.returncode == 0, done.stderr
    shown = flyball(home, "calls", "--json")  # 3
    assert time.monotonic() - since < 60
    calls = json.loads(shown.stdout)["calls"]
    assert {c["verdict"] for c in calls} == {"permit", "deny", "approve"}
    assert {c["layer"] for c in calls} == {"llm", "saas"}
    assert {"settled", "unknown", "none"} <= {c["outcome"] for c in calls}


def test_two_runaways_lose_the_same_to_the_nano_dollar(start, home):
    until(start().stderr, b"event=ready")
    told = [json.loads(flyball(home, "demo", "runaway", "--json").stdout) for _ in range(2)]
    for t in told:
        del t["run"], t["revoke_us"]
    assert told[0] == told[1]
    assert told[0]["stopped_by"] == "key_revoked" and told[0]["permitted"] == 120
    assert float(told[0]["lost"]["usd"]) > 6 and float(told[0]["lost_in_192s"]["usd"]) > 700


# ---- something is in the way ---------------------------------------------------------------------


@pytest.mark.parametrize("which", ["data", "admin"])
def test_a_port_in_use_names_the_program_that_has_it(home, which):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = "admin" if which == "data" else "data"
        done = flyball(home, "dev", f"--listen-{which}", f"127.0.0.1:{port}", f"--listen-{other}", "127.0.0.1:0")
    assert done.returncode == 1 and done.stdout == ""
    error = next(line for line in done.stderr.splitlines() if line.startswith("flyball: cannot listen"))
    assert f"127.0.0.1:{port}" in error and f"process {os.getpid()}" in error and f"--listen-{which}" in error


def test_a_second_dev_says_that_one_is_running(start, home):
    until(start().stderr, b"event=ready")
    done = flyball(home, "dev", "--listen-data", "127.0.0.1:0", "--listen-admin", "127.0.0.1:0")
    assert done.returncode == 1 and "another flyball runs on it" in done.stderr


def all_of(terminal):
    """What stands in a pseudo-terminal whose other end is closed: a read gives what there is, and its end is EIO."""
    said = b""
    with contextlib.suppress(OSError):
        while piece := os.read(terminal, 65536):
            said += piece
    return said


def test_a_long_wait_is_shown_on_a_terminal_and_wiped_away(home):
    """A daemon that takes its time, made of paper."""
    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            time.sleep(3.2)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"keys":[]}')

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env = {**home, "FLYBALL_ADMIN": f"http://127.0.0.1:{server.server_port}", "FLYBALL_TOKEN": "any"}
        main, other = pty.openpty()
        done = subprocess.run([BINARY, "key", "list"], env={**env, "TERM": "xterm"}, stdin=other,
                              stdout=subprocess.PIPE, stderr=other, timeout=30, check=False)
        os.close(other)
        said = all_of(main).decode()
        os.close(main)
        piped = flyball(env, "key", "list")
        server.shutdown()
    assert done.returncode == 0 and "\rwaiting for the daemon, 2 s" in said
    assert said.index("\r\x1b[K") > said.index("waiting") and said.endswith("makes one.\r\n")
    assert "waiting" not in piped.stderr + piped.stdout


def test_why_answers_at_once(daemon, key):
    ask(daemon.data_port, "GET", "/stripe/v1/charges/ch_1", key)
    call, times = daemon.calls()[0]["call_id"], []
    for _ in range(5):
        since = time.monotonic()
        assert daemon.cli("why", call).returncode == 0
        times.append(time.monotonic() - since)
    assert min(times) <= 0.2, times


# ---- healthcheck ---------------------------------------------------------------------------------


def test_healthcheck_is_an_exit_code(daemon):
    done = daemon.cli("healthcheck")
    assert done.returncode == 0 and done.stdout == "" and done.stderr == "ready\n"
    assert json.loads(daemon.cli("healthcheck", "--json").stdout)["ready"] is True
    daemon.stop()
    assert daemon.cli("healthcheck").returncode == 3


# ---- doctor --------------------------------------------------------------------------------------


def checks(done):
    return {(c["name"], c["status"]): c for c in json.loads(done.stdout)["checks"]}


def test_doctor_sees_where_agents_would_go(daemon):
    url = daemon.ready["data"]
    right = {"OPENAI_BASE_URL": url + "/openai/v1", "ANTHROPIC_BASE_URL": url.replace("127.0.0.1", "localhost") +
             "/r/run-1/anthropic"}
    found = checks(daemon.cli("doctor", "--json", env=right))
    assert "2 SDK addresses" in found[("agents", "ok")]["text"]
    found = checks(daemon.cli("doctor", "--json", env={"OPENAI_BASE_URL": url + "/openai"}))
    assert found[("agents", "warn")]["fix"].startswith(f"export OPENAI_BASE_URL={url}/openai/v1")
    found = checks(daemon.cli("doctor", "--json", env={"RESEND_BASE_URL": "https://api.resend.com"}))
    assert "not to Flyball" in found[("agents", "warn")]["text"]
    assert ("keys", "ok") in found and ("prices", "ok") in found


def test_doctor_says_what_a_secret_can_do_and_who_can_read_it(home, tmp_path):
    config, secret = tmp_path / "flyball.yaml", tmp_path / "stripe.secret"
    config.write_text(json.dumps({"vendors": {"stripe": {"base_url": "http://127.0.0.1:1",
                                                          "secret": f"file:{secret}"}}}))
    doctor = ("doctor", "--offline", "--json", "--config", config)
    assert "stripe.secret" in checks(flyball(home, *doctor))[("secret", "fail")]["text"]
    secret.write_text("rk_live_madeup0123456789\n")
    secret.chmod(0o600)
    assert "restricted live key" in checks(flyball(home, *doctor))[("secret", "ok")]["text"]
    secret.chmod(0o640)
    assert checks(flyball(home, *doctor))[("secret", "warn")]["fix"] == f"chmod 600 {secret}"
    secret.chmod(0o600)
    secret.write_text("sk_live_madeup0123456789\n")
    done = flyball(home, *doctor)
    assert "do everything" in checks(done)[("secret", "warn")]["text"] and "madeup" not in done.stdout + done.stderr


def test_doctor_asks_vendors_only_when_told_to(daemon, vendor):
    n = len(vendor.requests)
    assert ("vendor", "ok") not in checks(daemon.cli("doctor", "--json", "--config", daemon.config_file))
    assert len(vendor.requests) == n
    found = checks(daemon.cli("doctor", "--vendors", "--json", "--config", daemon.config_file))
    assert "answers" in found[("vendor", "ok")]["text"]
    assert all("authorization" not in {name.lower() for name, _ in r.headers} for r in vendor.requests[n:])
    vendor.stop()
    done = daemon.cli("doctor", "--vendors", "--json", "--config", daemon.config_file)
    assert done.returncode == 1 and "no connection" in checks(done)[("vendor", "fail")]["text"]


def test_doctor_compares_our_clock_with_a_vendor_s(home, tmp_path):
    class Late(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404)
            self.end_headers()

        def date_time_string(self, timestamp=None):
            return super().date_time_string(time.time() - 3600)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Late) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = tmp_path / "flyball.yaml"
        config.write_text(json.dumps({"vendors": {"stripe": {"base_url": f"http://127.0.0.1:{server.server_port}",
                                                              "secret": "env:STRIPE_SECRET_KEY"}},
                                      "exports": {"traces": {"otlp": f"http://127.0.0.1:{server.server_port}"},
                                                  "gone": {"otlp": "http://127.0.0.1:1"}}}))
        found = checks(flyball(home, "doctor", "--offline", "--vendors", "--json", "--config", config))
        server.shutdown()
    assert "differ by 3600 s" in found[("clock", "warn")]["text"] or "3599" in found[("clock", "warn")]["text"]
    assert ("vendor", "ok") in found and ("secret", "warn") in found
    assert "traces" in found[("export", "ok")]["text"] and "gone" in found[("export", "fail")]["text"]


def test_doctor_fails_when_others_can_read_what_is_private(daemon):
    for file, name in (("admin.token", "token"), ("checkpoint.key", "record key")):
        (daemon.dir / file).chmod(0o644)
        done = daemon.cli("doctor", "--json")
        assert done.returncode == 1
        assert checks(done)[(name, "fail")]["fix"] == f"chmod 600 {daemon.dir / file}"
        (daemon.dir / file).chmod(0o600)
    assert daemon.cli("doctor").returncode == 0


# ---- completion ----------------------------------------------------------------------------------


def bash_gives(script, words):
    quoted = " ".join(f"'{w}'" for w in words)
    return (f". {script}; COMP_WORDS=(flyball {quoted}); COMP_CWORD={len(words)}; _flyball; "
            'printf "%s\\n" "${COMPREPLY[@]}"')


def zsh_gives(script, words):
    """The function itself, with the shell's own way of offering words replaced by printing those that fit."""
    quoted = " ".join(f"'{w}'" for w in words)
    return (f"compadd() {{ shift; for w in $@; do [[ $w == ${{words[CURRENT]}}* ]] && print -r -- $w; done }}; "
            f"_files() {{ }}; words=(flyball {quoted}); CURRENT={len(words) + 1}; . {script}")


def fish_gives(script, words):
    line = " ".join(["flyball", *words])
    return f"source {script}; complete -C '{line}' | string replace -r '\\t.*' ''"


SHELLS = {"bash": (bash_gives, ["--norc", "-c"]), "zsh": (zsh_gives, ["-fc"]),
          "fish": (fish_gives, ["--no-config", "-c"])}


@pytest.fixture(params=SHELLS)
def complete(request, home, tmp_path):
    """What that shell offers behind some words, the last of which may be half a word."""
    shell = request.param
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    script, (make, options) = tmp_path / f"completion.{shell}", SHELLS[shell]
    script.write_text(flyball(home, "completion", shell).stdout)

    def offered(*words):
        done = subprocess.run([shell, *options, make(script, words)], env=home, capture_output=True, text=True,
                              timeout=30, check=False)
        assert done.stderr == "", done.stderr
        return sorted(set(done.stdout.split()))

    return offered


def test_completion_knows_commands_options_and_values(complete):
    assert complete("ca") == ["calls"]
    assert {"calls", "key", "dev", "find"} <= set(complete(""))
    assert complete("key", "") == ["create", "list", "rotate", "show"]
    assert complete("key", "cr") == ["create"]
    assert complete("key", "create", "--ag") == ["--agent"]
    assert complete("calls", "--fo") == ["--follow"]
    assert complete("calls", "--verdict", "") == ["approve", "deny", "permit"]
    assert complete("calls", "--unknown", "--out") == ["--outcome"]
    assert {"bash", "fish", "zsh"} <= set(complete("completion", ""))
    assert "--json" in complete("key", "rotate", "--")
    assert "runaway" in complete("demo", "r")


# ---- every command -------------------------------------------------------------------------------


def all_commands(home):
    listed = flyball(home, "help").stdout
    return [line[2:19].strip() for line in listed.splitlines() if re.match(r"  [a-z]", line) and "COMMAND" not in line]


def test_every_command_has_help_with_examples_and_says_what_was_perhaps_meant(home):
    commands = [c for c in all_commands(home) if not c.startswith("flyball")]
    assert len(commands) > 40
    for command in commands:
        done = flyball(home, *command.split(), "--help")
        assert done.returncode == 0 and "Examples:\n  flyball " in done.stdout, command
        assert "--json" in done.stdout and "\x1b" not in done.stdout
        done = flyball(home, *command.split(), "--jsn")
        assert done.returncode == 2 and "did you mean `--json`?" in done.stderr, command


def test_the_manual_page_has_every_command_and_no_fault(home):
    page = flyball(home, "help", "--man").stdout
    for command in all_commands(home):
        assert f".SS flyball {command}" in page or command.startswith("flyball"), command
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
