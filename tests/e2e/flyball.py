"""The daemon as a user has it: a child process on a folder of its own, driven by its own CLI and admin API.

Everything here is bounded by a time-out. Processes are ended by the pid of the child that was started, never otherwise.
"""
import base64
import http.client
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, urlencode

TOP = Path(__file__).resolve().parents[2]
BINARY = str(Path(os.environ.get("FLYBALL_BIN", TOP / "build" / "flyball")).resolve())
READY_S = 20
STOP_S = 20
CLI_S = 30


def canary(mode="test"):
    """A made-up vendor secret that is found wherever it leaks to."""
    return f"sk_{mode}_canary{secrets.token_hex(20)}"


def policy(name="default", rules=(), limits=(), **more):
    """A document as JSON, which YAML 1.2 is a superset of."""
    document = {"apiVersion": "agentpolicy/v1", "kind": "Policy", "metadata": {"name": name, "version": 1},
                "mode": "enforce", "defaults": {"effect": "deny", "on_error": "deny", "currency": "USD", "tz": "UTC"},
                "rules": list(rules), "limits": list(limits), **more}
    return json.dumps(document, indent=1)


def permit(id, **match):
    return {"id": id, "effect": "permit", "match": match}


def usd(id, max, by=("key",), window=None, **match):
    limit = {"id": id, "meter": "usd", "max": max, "by": list(by), "window": window or {"calendar": "day"},
             "on_exceed": "deny"}
    if match:
        limit["match"] = match
    return limit


# What most tests need: everything of Stripe's that this version knows by name, and a cap on what leaves.
OPEN = [permit("look", vendor=["stripe"], **{"class": ["read"]}),
        permit("pay", operation=["stripe.payment_intents.*", "stripe.charges.*"], **{"class": ["write", "money_in"]}),
        permit("people", operation=["stripe.customers.*"], **{"class": ["write", "fanout"]}),
        permit("goods", operation=["stripe.products.*"], **{"class": ["write", "liability"]}),
        permit("refund", operation=["stripe.refunds.*"], **{"class": ["write", "money_out"]})]
CAPS = [usd("out-day", "50.00", operation=["stripe.refunds.create"]),
        usd("in-day", "1000.00", **{"class": ["money_in"]})]


class NotReady(Exception):
    pass


class Daemon:
    """`serve` on `root`/data, with the vendor `stripe` on that port; more vendors and settings by `config`."""

    def __init__(self, root, vendor_port=None, *, limits=None, additions=None, secret=None, secret_ref=None, mode=None,
                 vendors=None, config=None, env=None, command="serve", listen_data="127.0.0.1:0", args=(),
                 ca=None, ca_context=None):
        self.root, self.dir = Path(root), Path(root) / "data"
        self.root.mkdir(parents=True, exist_ok=True)
        self.secret = secret or canary()
        self.config_file, self.log_file = self.root / "flyball.yaml", self.root / "stderr.log"
        self.command, self.listen_data, self.args = command, listen_data, list(args)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.root), "LC_ALL": "C.UTF-8",
                    "STRIPE_SECRET_KEY": self.secret, **(env or {})}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.process = self.ready = None
        self.config_given = True  # False: without --config, as a newcomer starts it
        self.ca_context = ca_context  # an ssl.SSLContext: the admin listener has a certificate
        if ca:
            self.env["FLYBALL_CA"] = str(ca)
        stripe = {"base_url": f"http://127.0.0.1:{vendor_port}", "secret": secret_ref or "env:STRIPE_SECRET_KEY"}
        if additions is not None:
            stripe["additions"] = additions
        if mode:
            stripe["mode"] = mode
        document = {"vendors": {"stripe": stripe} if vendor_port else {}}
        document["vendors"].update(vendors or {})
        if not document["vendors"]:
            del document["vendors"]
        if limits:
            document["limits"] = limits
        document.update(config or {})
        self.config_file.write_text(json.dumps(document, indent=1))

    # ---- life ----

    def start(self):
        assert self.process is None
        argv = [
            BINARY,
            self.command,
            "--json",
            *(["--config", str(self.config_file)] if self.config_given else []),
            "--dir",
            str(self.dir),
            "--listen-data",
            self.listen_data,
            "--listen-admin",
            "127.0.0.1:0",
            *self.args,
        ]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                            env=self.env, cwd=self.root)
        line = self._first_line()
        if not line.endswith(b"\n"):
            status = self._end(signal.SIGKILL)
            raise NotReady(f"not ready (exit {status}): {line!r}\n{self.log()}")
        self.ready = json.loads(line)
        self.data_port = int(self.ready["data"].rsplit(":", 1)[1])
        self.admin_port = int(self.ready["admin"].rsplit(":", 1)[1])
        return self

    def _first_line(self):
        line, until, fd = b"", time.monotonic() + READY_S, self.process.stdout.fileno()
        while not line.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                break
            piece = os.read(fd, 65536)
            if not piece:
                break
            line += piece
        return line

    def _end(self, signal_number, seconds=STOP_S):
        p, self.process = self.process, None
        if p.poll() is None:
            p.send_signal(signal_number)
        try:
            status = p.wait(seconds)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait(10)
            raise AssertionError(f"pid {p.pid} did not end in {seconds} s\n{self.log()}")
        finally:
            p.stdout.close()
        return status

    def stop(self):
        """SIGTERM; the exit status."""
        return self._end(signal.SIGTERM)

    def kill_9(self):
        return self._end(signal.SIGKILL)

    def restart(self, kill_9=False):
        self.kill_9() if kill_9 else self.stop()
        return self.start()

    def close(self):
        if self.process:
            self._end(signal.SIGKILL)

    @property
    def pid(self):
        return self.process.pid

    @property
    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    # ---- CLI ----

    def cli(self, *args, env=None, input=None, dir=True):
        """The finished process; whatever its exit status."""
        environ = {**self.env, **(env or {})}
        if dir:
            environ["FLYBALL_DIR"] = str(self.dir)
        environ.pop("STRIPE_SECRET_KEY", None)
        return subprocess.run([BINARY, *map(str, args)], capture_output=True, text=True, env=environ, cwd=self.root,
                              timeout=CLI_S, input=input)

    def json(self, *args):
        done = self.cli(*args, "--json")
        assert done.returncode == 0, f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def apply(self, text):
        file = self.root / f"policy-{secrets.token_hex(4)}.yaml"
        file.write_text(text)
        return self.json("policy", "apply", file)

    def key(self, agent="bot", mode="test", policy=None, **options):
        """`key create`; options as --name value, a list for several."""
        args = ["key", "create", "--agent", agent, "--mode", mode]
        if policy:
            args += ["--policy", policy]
        for name, value in options.items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                args += ["--" + name, one]
        return self.json(*args)

    def calls(self, *args):
        return self.json("calls", *args)["calls"]

    def unknown(self):
        return self.calls("--unknown")

    def runs_show(self, run, *args):
        return self.json("runs", "show", run, *args)

    # ---- admin API: quicker than a process for each question ----

    @property
    def token(self):
        return (self.dir / "admin.token").read_text().strip()

    def api(self, method, path, body=None, token=None):
        """(status, JSON or text)."""
        if self.ca_context:
            c = http.client.HTTPSConnection("127.0.0.1", self.admin_port, timeout=CLI_S, context=self.ca_context)
        else:
            c = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=CLI_S)
        try:
            headers = {"Authorization": f"Bearer {token or self.token}"}
            if body is not None:
                headers["Content-Type"] = "application/json"
            c.request(method, path, None if body is None else json.dumps(body), headers)
            r = c.getresponse()
            text = r.read().decode()
            is_json = (r.getheader("content-type") or "").startswith("application/json")
            return r.status, json.loads(text) if is_json and text else text
        finally:
            c.close()

    def get(self, path, **params):
        status, value = self.api("GET", path + ("?" + urlencode(params) if params else ""))
        assert status == 200, (status, value)
        return value

    def feed_text(self, seconds):
        """All of the feed from the beginning, as far as it comes in that time."""
        text = b""
        s = socket.create_connection(("127.0.0.1", self.admin_port), seconds)
        try:
            s.sendall(f"GET /api/v1/feed?after=0 HTTP/1.1\r\nHost: localhost\r\n"
                      f"Authorization: Bearer {self.token}\r\n\r\n".encode())
            while piece := s.recv(65536):
                text += piece
        except TimeoutError:
            pass
        finally:
            s.close()
        return text.decode()

    def call(self, call_id):
        """One record, or None."""
        status, value = self.api("GET", f"/api/v1/calls/{quote(call_id)}")
        assert status in (200, 404), (status, value)
        return value if status == 200 else None

    def run_calls(self, run):
        """Calls of that run, oldest first."""
        return self.get("/api/v1/calls", run=run, limit=10000)["calls"][::-1]

    def health(self):
        return self.get("/api/v1/health")

    def metric(self, name):
        for line in self.get("/metrics").splitlines():
            if line.startswith(name + " "):
                return int(float(line.split()[1]))
        raise AssertionError(f"no metric {name}")

    def buckets(self, limit):
        """{bucket: (settled, held)} of the limit of that id, in the meter's unit as text."""
        found = {}
        for l in self.get("/api/v1/limits")["limits"]:
            if l["id"] == limit:
                found.update({b["bucket"]: (b["settled"], b["held"]) for b in l["buckets"]})
        return found

    def settle(self, seconds=10):
        """Waits until no call is open, and says that the ledger balances."""
        until = time.monotonic() + seconds
        while True:
            h = self.health()
            if h["open_calls"] == 0:
                break
            assert time.monotonic() < until, f"calls still open: {h}"
            time.sleep(0.01)
        assert h["ledger_balances"] is True, h
        return h

    # ---- all that it wrote ----

    def files(self):
        return [p for p in sorted(self.dir.rglob("*")) if p.is_file()]

    def everything_written(self):
        """(name, bytes) of each file of the data folder, and the log."""
        return [(str(p), p.read_bytes()) for p in self.files()] + [("stderr", self.log_file.read_bytes())]


def forms_of(secret):
    """The secret as it may leak: as it is, in base64, and in base64 as HTTP Basic carries it."""
    plain = secret.encode()
    forms = {"raw": plain, "base64": base64.b64encode(plain), "base64 of user:": base64.b64encode(plain + b":")}
    return {k: v.rstrip(b"=") for k, v in forms.items()}
