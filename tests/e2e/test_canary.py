"""Secrets stay inside: a made-up vendor secret and an agent's key are looked for in everything that leaves the
process."""

import http.client
import json
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import vendor as v
from flyball import CAPS, OPEN, canary, forms_of, permit, policy
from raw import FORM, Cut, ask, exchange, request
from test_sdk_python import client, refused
from vendor_messages import ACCOUNT


class Watch:
    """Every byte that anyone was given."""

    def __init__(self, secrets):
        self.secrets, self.seen = secrets, []

    def add(self, where, data):
        self.seen.append((where, data if isinstance(data, bytes) else data.encode()))

    def leaks(self):
        return [(where, name, form) for where, data in self.seen for name, secret in self.secrets.items()
                for form, needle in forms_of(secret).items() if needle in data]


def summary(leaks):
    """Each place once: a leak shows in many commands."""
    return sorted(set(leaks))[:20]


def mixed_run(d, key, vendor, watch):
    """Allowed, refused, lost and echoing calls; each answer is watched."""
    def call(method, path, body=None, **more):
        try:
            watch.add(
                f"answer of {method} {path}",
                ask(d.data_port, method, "/stripe/v1" + path, key + ".run_canary", body, **more).raw,
            )
        except Cut as e:
            watch.add(f"cut answer of {method} {path}", e.got)

    for _ in range(2):
        for path in ("/charges", "/customers", "/payment_intents"):
            vendor.plan(v.echo, path="/v1" + path)
            call("POST", path, "amount=100&currency=usd&confirm=true")
        for path in ("/balance", "/charges"):
            vendor.plan(v.echo, method="GET", path="/v1" + path)
            call("GET", path)
    made = vendor.book.objects
    charge = next(o["id"] for o in made.values() if o["object"] == "charge")
    vendor.plan(v.echo, method="GET", path=f"/v1/charges/{charge}")  # the look-up
    vendor.plan(v.echo, path="/v1/refunds")
    call("POST", "/refunds", f"charge={charge}")
    call("POST", "/payouts", "amount=1&currency=usd")
    call("POST", "/charges", "amount=-1&currency=usd")
    for behaviour in (v.drop_after_commit, v.cut_in_body, v.garbage, v.error_after_commit):
        vendor.plan(behaviour, path="/v1/charges")
        call("POST", "/charges", "amount=100&currency=usd", idempotency="k-" + behaviour.__name__)

    async def echo_in_error(turn):
        auth = turn.request.header("authorization")
        body = {
            "error": {
                "type": "invalid_request_error",
                "code": auth.split()[1],
                "message": f"Invalid API Key provided: {auth}",
            }
        }
        await turn.answer(
            v.Answer(401, json.dumps(body).encode(), [("Request-Id", auth.split()[1]), ("WWW-Authenticate", auth)])
        )

    async def echo_reason(turn):
        auth = turn.request.header("authorization")
        await turn.send(f"HTTP/1.1 200 {auth}\r\n{auth.split()[1]}: 1\r\nContent-Length: 2\r\n\r\n{{}}".encode())

    async def echo_split(turn):
        """The secret cut over many packets, in a body that is streamed."""
        import asyncio
        body = ("x" * 10 + turn.request.header("authorization").split()[1] + "y" * 10).encode()
        await turn.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(len(body)):
            await turn.send(b"1\r\n" + body[i:i + 1] + b"\r\n")
            if i % 8 == 0:
                await asyncio.sleep(0.001)
        await turn.send(b"0\r\n\r\n")

    async def echo_id(turn):
        secret = turn.request.header("authorization").split()[1]
        await turn.answer(v.Answer(200, json.dumps({"id": secret, "object": "charge", "amount": 100, "currency": "usd",
                                                    "status": "succeeded", "customer": secret}).encode()))

    for behaviour in (echo_in_error, echo_id, echo_reason):
        vendor.plan(behaviour, path="/v1/charges")
        call("POST", "/charges", "amount=100&currency=usd")
    for behaviour in (echo_split, echo_reason, echo_in_error):
        vendor.plan(behaviour, method="GET", path="/v1/balance")
        call("GET", "/balance")
    # Keys in the wrong place.
    for data in (request("GET", "/stripe/v1/balance", headers=[("Authorization", f"Bearer {key}x")]),
                 request("GET", f"/stripe/v1/{key}", key), request("GET", f"/{key}/v1/balance", key),
                 request("POST", "/stripe/v1/charges", key, f"amount={key}&currency=usd"),
                 request("POST", "/stripe/v1/charges", key, f"amount=1&currency=usd&{key}[=1"),
                 request("GET", "/stripe/v1/balance", key, headers=[("x-agent-run-id", "a " + key)])):
        watch.add("answer to a misplaced key", exchange(d.data_port, data).raw)


def everything_asked(d, watch, key_id):
    """Every read of the API, every command, every file."""
    spec = d.get("/api/v1/openapi.json")
    ids = [c["call_id"] for c in d.calls("--limit", 1000)]
    for path, verbs in spec["paths"].items():
        if "get" not in verbs:
            continue
        if "text/event-stream" in verbs["get"]["responses"]["200"]["content"]:
            watch.add(f"GET {path}", d.feed_text(1))
            continue
        for value in (
            ids
            if "/calls/{id}" in path
            else ["canary"]
            if "/runs/{id}" in path
            else [key_id]
            if "/keys/{id}" in path
            else ["default"]
        ):
            status, body = d.api("GET", path.replace("{id}", value).replace("{name}", value))
            watch.add(f"GET {path}", json.dumps(body) if not isinstance(body, str) else body)
    for command in (
        ["calls", "--limit", "1000"],
        ["calls"],
        ["runs", "list"],
        ["runs", "show", "canary"],
        ["spend"],
        ["key", "list"],
        ["key", "show", key_id],
        ["limit", "list"],
        ["policy", "history", "default"],
        ["doctor"],
        ["audit", "verify"],
        ["vendors"],
        ["secret", "list"],
        ["config", "show"],
        ["config", "show", "--origin"],
        ["config", "check"],
        ["version"],
        *[["why", i] for i in ids],
    ):
        for more in ([], ["--json"]):
            done = d.cli(*command, *more, env={"STRIPE_SECRET_KEY": ""})
            watch.add(" ".join(command), done.stdout + done.stderr)
    pages_of(d, watch)
    for name, data in d.everything_written():
        watch.add(name, data)


def pages_of(d, watch):
    """The dashboard as a browser gets it, signed in or not: its page and all that this names."""
    for token in (None, d.token):
        seen, left = set(), ["/ui/"]
        while left:
            path = left.pop()
            seen.add(path)
            head = {"Authorization": f"Bearer {token}"} if token else {}
            c = http.client.HTTPConnection("127.0.0.1", d.admin_port, timeout=30)
            c.request("GET", path, headers=head)
            r = c.getresponse()
            body = r.read()
            c.close()
            watch.add(f"page {path}", str(r.getheaders()).encode() + body)
            if r.status == 200 and path == "/ui/":
                left += set(re.findall(r'(?:src|href)="(/ui/[^"]+)"', body.decode())) - seen


def process_files(d, watch):
    """What other processes of this user may read of ours; not readable is as good as empty."""
    for name in ("cmdline", "environ", "maps", "status"):
        try:
            watch.add(f"/proc/PID/{name}", Path(f"/proc/{d.pid}/{name}").read_bytes())
        except PermissionError:
            pass


def put_by_hand(d, watch, secret, *args):
    """Given once as it is, and in ways that are refused: what is said then is watched too."""
    for wrong in ([*args, secret], ["set", secret], [*args, f"--value={secret}"], ["rotate", "none"]):
        done = d.cli("secret", *wrong, input=secret + "\n")
        watch.add("secret " + args[0] + ", refused", done.stdout + done.stderr)
    for body in ({"name": "stripe", "value": secret + "\n"}, {"name": secret, "value": 1}, {secret: "x"},
                 {"name": "stripe", "value": [secret]}):
        watch.add("POST /api/v1/secrets, refused", json.dumps(d.api("POST", "/api/v1/secrets", body)))
    done = d.cli("secret", *args, input=secret + "\n")
    assert done.returncode == 0, done.stderr
    watch.add("secret " + args[0], done.stdout + done.stderr)


@pytest.mark.timeout(150)
@pytest.mark.parametrize("source", ["env", "file", "store"])
@pytest.mark.parametrize("additions", [True, False], ids=["additions_on", "additions_off"])
def test_no_secret_leaves(make_daemon, vendor, tmp_path, source, additions):
    secret = canary()
    file = tmp_path / "stripe.key"
    file.write_text(secret + "\n")
    file.chmod(0o600)
    refs = {"env": None, "file": f"file:{file}", "store": "store:stripe"}
    options = {"secret": secret if source == "env" else canary(), "secret_ref": refs[source]}
    d = make_daemon(vendor, additions=additions, **options, config={"log": {"level": "debug"}})
    d.apply(policy("default", OPEN, CAPS))
    made = d.key()
    secrets = {"vendor's secret": secret, "agent's key": made["key"], "secret part of the key": made["key"][19:]}
    if source == "store":
        secrets["secret before the rotation"] = canary()
    watch = Watch(secrets)
    if source == "store":
        put_by_hand(d, watch, secrets["secret before the rotation"], "set", "stripe")
        mixed_run(d, made["key"], vendor, watch)
        put_by_hand(d, watch, secret, "rotate", "stripe")
    mixed_run(d, made["key"], vendor, watch)
    assert any(secret.encode() in r.raw for r in vendor.requests), (
        "the vendor never got the secret: the test shows nothing"
    )
    assert all(made["key"].encode() not in r.raw for r in vendor.requests), "a vendor saw an agent's key"
    everything_asked(d, watch, made["id"])
    process_files(d, watch)
    d.settle()
    d.restart()
    everything_asked(d, watch, made["id"])
    d.stop()
    for name, data in d.everything_written():
        watch.add(name, data)
    assert summary(watch.leaks()) == []
    assert len(watch.seen) > 100


ASK = json.dumps({"model": "gpt-4o-mini", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]})
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
# Of each vendor: its credential, how that may be referred to, and two calls: one that costs, one that reads.
EVERYBODY = {
    "openai": ("sk-proj-", "env", ("/v1/chat/completions", ASK, "application/json"), "/v1/models"),
    "anthropic": ("sk-ant-api03-", "file", ("/v1/messages", ASK.replace("gpt-4o-mini", "claude-haiku-4-5"),
                                            "application/json"), "/v1/models"),
    "stripe": ("sk_test_", "store", ("/v1/charges", "amount=100&currency=usd", FORM), "/v1/balance"),
    "twilio": (f"{ACCOUNT}:", "store", (MESSAGES, "To=%2B14155550123&From=%2B14155550100&Body=Hi", FORM), MESSAGES),
    "resend": ("re_", "file", ("/emails", json.dumps({"from": "a@x.dev", "to": "b@x.dev", "subject": "Hi"}),
                               "application/json"), "/emails"),
}


async def says_all_it_was_told(turn):
    """The whole request back, in an error or in an answer, in the head and in the body."""
    told = turn.request.raw.decode("latin-1")
    secret = turn.request.header("authorization") or turn.request.header("x-api-key")
    body = {"id": secret, "sid": secret, "message": told, "error": {"message": told, "code": secret}}
    await turn.answer(v.Answer(401 if turn.request.method == "POST" else 200, json.dumps(body).encode(),
                               [("Content-Type", "application/json"), ("Request-Id", secret)]))


@pytest.fixture
def everybody(make_daemon, tmp_path):
    """(daemon, {vendor: (what stands for it, its secret)}): all five vendors, which tell all that they know."""
    there, config, env = {}, {}, {}
    for name, (prefix, source, _, _) in EVERYBODY.items():
        secret = prefix + "canary" + os.urandom(20).hex()
        there[name] = v.Vendor().start(), secret
        for method in ("POST", "GET"):
            there[name][0].plan(says_all_it_was_told, method=method, times=-1)
        env[f"{name.upper()}_SECRET"] = secret if source == "env" else "x"
        file = tmp_path / name
        file.write_text(secret)
        file.chmod(0o600)
        ref = {"env": f"env:{name.upper()}_SECRET", "file": f"file:{file}", "store": f"store:{name}"}[source]
        config[name] = {"base_url": f"http://127.0.0.1:{there[name][0].port}", "secret": ref, "mode": "any"}
    d = make_daemon(None, vendors=config, env=env, config={"log": {"level": "debug"}})
    yield d, there
    for stand_in, _ in there.values():
        stand_in.stop()


def test_no_secret_of_any_vendor_leaves_though_the_vendor_says_it(everybody):
    d, there = everybody
    d.apply(policy("default", [permit("all")]))
    made = d.key()
    watch = Watch({name: secret for name, (_, secret) in there.items()} | {
        "token of Twilio": there["twilio"][1].split(":")[1], "agent's key": made["key"]})
    for name, (_, source, (path, body, type), read) in EVERYBODY.items():
        stand_in, secret = there[name]
        if source == "store":
            done = d.cli("secret", "set", name, input=secret + "\n")
            watch.add(f"secret set {name}", done.stdout + done.stderr)
        head = [("anthropic-version", "2023-06-01")] if name == "anthropic" else []
        for more in ({"method": "POST", "path": path, "body": body, "type": type}, {"method": "GET", "path": read}):
            method, target = more.pop("method"), f"/{name}{more.pop('path')}"
            r = ask(d.data_port, method, target, made["key"] + ".run_canary", headers=head, **more)
            watch.add(f"answer of {method} {target}", r.raw)
            assert b"*" * 10 in r.body, f"{name} did not say what it was told: {r.body}"
        forms = forms_of(secret).values()
        assert all(any(f in r.raw for f in forms) for r in stand_in.requests) and len(stand_in.requests) == 2, name
    d.settle()
    everything_asked(d, watch, made["id"])
    process_files(d, watch)
    d.stop()
    for name, data in d.everything_written():
        watch.add(name, data)
    assert summary(watch.leaks()) == []


def test_the_admin_token_is_in_its_file_only(daemon, key, vendor):
    token = daemon.token
    ask(daemon.data_port, "GET", "/stripe/v1/balance", key)
    daemon.api("GET", "/api/v1/calls", token="wrong-" + token)
    watch = Watch({"admin token": token})
    everything_asked(daemon, watch, key.split("_")[2])
    found = {where for where, *_ in watch.leaks()}
    assert found == {str(daemon.dir / "admin.token")}
    assert (daemon.dir / "admin.token").stat().st_mode & 0o777 == 0o600


def test_the_process_dumps_no_core_and_cannot_be_traced(daemon):
    limits = subprocess.run(["prlimit", "--core", "--raw", "--noheadings", "--output=SOFT,HARD", f"--pid={daemon.pid}"],
                            capture_output=True, text=True, timeout=10)
    if limits.returncode == 0:
        assert limits.stdout.split() == ["0", "0"]
    else:
        assert os.geteuid() != 0, limits.stderr
    # A process that is not dumpable belongs to root in /proc, whoever runs it.
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    assert re.search(r"^CoreDumping:\s+0$", status, re.M)
    if os.geteuid() != 0:
        assert os.stat(f"/proc/{daemon.pid}/environ").st_uid == 0


def dies_of_sigabrt(pid):
    """Whether it left a core. The limit is opened first, from outside, as far as we may."""
    try:
        resource.prlimit(pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except PermissionError:
        pass  # another user, or one that the system protects: as good as refused
    os.kill(pid, signal.SIGABRT)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status)


@pytest.mark.parametrize("source", ["env", "file", "store"])
def test_a_death_by_sigabrt_leaves_no_core_though_the_system_would_write_one(make_daemon, vendor, tmp_path, source):
    secret, file = canary(), tmp_path / "stripe.key"
    file.write_text(secret + "\n")
    file.chmod(0o600)
    place = tmp_path / "here"
    place.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))  # inherited: as a shell with `ulimit -c unlimited`
    try:
        control = subprocess.Popen([sys.executable, "-c", f"s = {secret!r}; print(s, flush=True); input()"], cwd=place,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        control.stdout.readline()
        refs = {"env": None, "file": f"file:{file}", "store": "store:stripe"}
        d = make_daemon(vendor, secret=secret if source == "env" else canary(), secret_ref=refs[source])
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    d.apply(policy("default", OPEN, CAPS))
    if source == "store":
        assert d.cli("secret", "set", "stripe", input=secret + "\n").returncode == 0
    assert ask(d.data_port, "GET", "/stripe/v1/balance", d.key()["key"]).status == 200
    assert vendor.requests[0].header("authorization") == f"Bearer {secret}"
    if not dies_of_sigabrt(control.pid):
        pytest.skip("this system writes no cores at all")
    has_core = dies_of_sigabrt(d.pid)
    control.returncode = d.process.returncode = -signal.SIGABRT
    d.process.stdout.close()
    d.process = None
    assert not has_core
    needle = secret.encode()
    cores = [p for p in d.root.rglob("*") if p.is_file() and (p.name.startswith("core") or needle in p.read_bytes())]
    assert cores == []
    if not Path("/proc/sys/kernel/core_pattern").read_text().startswith(("/", "|")):
        assert any(needle in p.read_bytes() for p in place.iterdir()), "the control's core shows what a core shows"


def test_the_secrets_variable_is_wiped_from_the_environment(daemon):
    try:
        environ = Path(f"/proc/{daemon.pid}/environ").read_bytes()
    except PermissionError:
        return  # nobody else can look either
    assert daemon.secret.encode() not in environ


def test_files_of_the_data_folder_are_the_owners_only(daemon, key):
    ask(daemon.data_port, "GET", "/stripe/v1/balance", key)
    wide = [(str(p), oct(p.stat().st_mode)) for p in [daemon.dir, *daemon.dir.rglob("*")] if p.stat().st_mode & 0o077]
    assert wide == []


@pytest.mark.parametrize(
    "text,what",
    [("", "empty"), ("two\nlines\n", "lines"), ("sk_test_\0x", "NUL"), ("é" * 20, "ASCII"), ("x" * 9000, "long")],
)
def test_a_secret_file_that_holds_no_secret_stops_the_start_without_showing_it(
    make_daemon, vendor, tmp_path, text, what
):
    file = tmp_path / "bad.key"
    file.write_text(text)
    file.chmod(0o600)
    d = make_daemon(vendor, start=False, secret_ref=f"file:{file}")
    with pytest.raises(Exception) as e:
        d.start()
    assert "exit 1" in str(e.value) or "exit 2" in str(e.value)
    assert str(file) in d.log() or "secret" in d.log()
    assert len(text) < 4 or text not in d.log()


def test_a_secret_written_into_the_config_is_refused_and_not_repeated(make_daemon, vendor):
    inline = canary()
    d = make_daemon(vendor, start=False, secret_ref=inline)
    with pytest.raises(Exception):
        d.start()
    done = d.cli("config", "check", "--config", d.config_file)
    assert done.returncode == 1
    for text in (d.log(), done.stdout, done.stderr):
        assert inline not in text
    assert "flyball.yaml:" in d.log() + done.stdout + done.stderr


def test_a_missing_secret_stops_the_start_and_names_the_variable(make_daemon, vendor):
    d = make_daemon(vendor, start=False, secret_ref="env:NO_SUCH_VARIABLE")
    with pytest.raises(Exception):
        d.start()
    assert "NO_SUCH_VARIABLE" in d.log()


def test_the_sdks_exceptions_hold_no_secret(daemon, key, vendor):
    vendor.plan(v.echo, path="/v1/charges", times=-1)
    c = client(key, f"{daemon.ready['data']}/stripe").v1
    ch = c.charges.create({"amount": 100, "currency": "usd"})
    assert daemon.secret not in str(ch) and daemon.secret not in str(ch.last_response.headers)
    assert "*" * 20 in ch.description, "an echoed secret is starred, byte for byte"
    e = refused(c.charges.create, {"amount": -1, "currency": "usd"})
    assert daemon.secret not in repr(e.__dict__)
