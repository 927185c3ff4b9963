"""Vendors over https: good ones are spoken to as if nothing were between, bad ones get nothing and the agent hears
why."""
import json
import re
import signal
import socket
import ssl
import threading
import time

import pytest
import requests
from cryptography import x509

import tls
from flyball import CAPS, OPEN, policy
from vendor import Vendor


@pytest.fixture
def ca(tmp_path):
    return tls.Authority(tmp_path)


@pytest.fixture
def make_vendor():
    made = []

    def make(context):
        made.append(Vendor())
        return made[-1].start(tls=context)

    yield make
    for v in made:
        v.stop()


@pytest.fixture
def tls_daemon(make_daemon, ca):
    """A daemon whose vendor is at https://host:port, and a key."""

    def make(port, host="localhost", limits=None, **vendor):
        stripe = {"base_url": f"https://{host}:{port}", "secret": "env:STRIPE_SECRET_KEY", "ca_file": str(ca.file)}
        d = make_daemon(vendors={"stripe": {**stripe, **vendor}}, args=["--workers", "1"], limits=limits)
        d.apply(policy("default", OPEN, CAPS))
        d.agent_key = d.key()["key"]
        return d

    return make


def call(daemon, method="GET", path="/v1/balance", **more):
    return requests.request(method, f"{daemon.ready['data']}/stripe{path}", timeout=30,
                            headers={"Authorization": f"Bearer {daemon.agent_key}"}, **more)


# ---- good vendors ----


def test_a_vendor_over_https_is_spoken_to_and_its_connection_is_kept(tls_daemon, make_vendor, ca):
    vendor = make_vendor(tls.server_context(ca.issue("localhost")))
    d = tls_daemon(vendor.port)
    for _ in range(5):
        r = call(d)
        assert r.status_code == 200 and r.json()["object"] == "balance"
    assert {q.connection for q in vendor.requests} == {1}
    assert vendor.requests[0].header("host") == f"localhost:{vendor.port}"
    assert all(c["attempts"][0].get("error") is None for c in d.calls())


class Counting:
    """A TLS vendor that answers every request with `body` and closes or keeps; knows which handshakes were resumed."""

    def __init__(self, context, body=b"{}", keeps=False):
        self.body, self.keeps, self.resumed, self.received = body, keeps, [], []
        self.server = tls.RawServer(self.serve, context)

    def serve(self, s):
        self.resumed.append(s.session_reused)
        while True:
            data = tls.read_head(s)
            head, _, rest = data.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            while length and len(rest) < int(length.group(1)):
                rest += s.recv(65536)
            self.received.append(rest)
            connection = b"keep-alive" if self.keeps else b"close"
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: %s\r\n" % connection +
                      b"Content-Length: %d\r\n\r\n%s" % (len(self.body), self.body))
            if not self.keeps:
                s.unwrap()
                return


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_are_resumed_by_new_connections(version, tls_daemon, ca):
    v = Counting(tls.server_context(ca.issue("localhost"), versions=(version, version)))
    d = tls_daemon(v.server.port)
    for _ in range(6):
        assert call(d).status_code == 200
    v.server.stop()
    assert v.resumed[0] is False and v.resumed[1:] == [True] * 5


def test_a_kept_connection_that_the_vendor_closed_is_not_used_again(tls_daemon, make_vendor, ca):
    vendor = make_vendor(tls.server_context(ca.issue("localhost")))
    d = tls_daemon(vendor.port)
    for _ in range(4):
        assert call(d).status_code == 200
        vendor.close_idle()
    assert vendor.n_connections == 4


def test_five_megabytes_pass_in_both_directions(tls_daemon, ca, tmp_path):
    text = "".join(str(i % 10) for i in range(5_000_000))
    body = json.dumps({"object": "list", "data": [], "note": text}).encode()
    v = Counting(tls.server_context(ca.issue("localhost")), body=body, keeps=True)
    d = tls_daemon(v.server.port, limits={"body_bytes_max": 8_000_000, "call_memory_bytes_max": 64_000_000})
    for _ in range(3):
        assert call(d, path="/v1/customers").content == body
    r = call(d, "POST", "/v1/customers", data={"name": "x", "description": text})
    assert r.status_code == 200, r.text[:300]
    assert text.encode() in v.received[-1]
    assert v.server.n == 1
    v.server.stop()


def test_an_address_is_asked_for_as_an_address(tls_daemon, make_vendor, ca):
    vendor = make_vendor(tls.server_context(ca.issue("127.0.0.1")))
    assert call(tls_daemon(vendor.port, host="127.0.0.1")).status_code == 200


def test_times_of_one_vendor_are_its_own(tls_daemon, ca):
    server = tls.RawServer(lambda s: (tls.read_head(s), server.done.wait(20)),
                           tls.server_context(ca.issue("localhost")))
    d = tls_daemon(server.port, timeouts={"first_byte_ms": 200})
    r = call(d)
    server.stop()
    assert r.status_code == 504 and "no answer in time" in r.json()["error"]["message"]


# ---- listeners ----


@pytest.fixture
def server_cert(ca):
    return ca.issue("localhost", "127.0.0.1")


def listener_daemon(make_daemon, ca, cert, vendor, *, client_ca=None, as_client=None, data=True, admin=True):
    more = {"client_ca_file": str(client_ca)} if client_ca else {}
    listen = {}
    if data:
        listen["data_tls"] = cert.as_config(**more)
    if admin:
        listen["admin_tls"] = cert.as_config()
    return make_daemon(vendor, config={"listen": listen}, ca=ca.file,
                       ca_context=tls.client_context(ca.file) if admin else None)


def test_both_listeners_speak_tls_and_the_cli_follows(make_daemon, ca, server_cert, vendor):
    d = listener_daemon(make_daemon, ca, server_cert, vendor)
    assert d.ready["data"].startswith("https://") and d.ready["admin"].startswith("https://")
    d.apply(policy("default", OPEN, CAPS))
    d.agent_key = d.key()["key"]
    url = f"{d.ready['data']}/stripe/v1/balance"
    headers = {"Authorization": f"Bearer {d.agent_key}"}
    with requests.Session() as s:
        for _ in range(3):
            assert s.get(url, headers=headers, verify=str(ca.file), timeout=30).status_code == 200
    assert len(d.calls()) == 3
    named = {"Host": "flyball.internal.example"}  # by another name than ours nobody gets as far as this
    healthy = requests.get(f"{d.ready['admin']}/healthz", headers=named, verify=str(ca.file), timeout=30)
    assert healthy.status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, headers=headers, timeout=30)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(url.replace("https:", "http:"), headers=headers, timeout=30)
    other = d.cli("calls", env={"FLYBALL_CA": ""})
    assert other.returncode == 3 and "--ca" in other.stderr
    assert d.cli("calls", "--ca", ca.file, env={"FLYBALL_CA": ""}).returncode == 0
    assert d.cli("calls", "--ca", "/nonexistent").returncode == 2


def test_clients_without_a_certificate_are_not_let_in(make_daemon, ca, server_cert, vendor, tmp_path):
    clients = tls.Authority(tmp_path, "Clients")
    good, stranger = clients.issue(client=True), ca.issue(client=True)
    d = listener_daemon(make_daemon, ca, server_cert, vendor, client_ca=clients.file)
    d.apply(policy("default", OPEN, CAPS))
    url, headers = f"{d.ready['data']}/stripe/v1/balance", {"Authorization": f"Bearer {d.key()['key']}"}

    def ask(cert):
        pair = (str(cert.chain), str(cert.key)) if cert else None
        return requests.get(url, headers=headers, verify=str(ca.file), cert=pair, timeout=30)

    assert ask(good).status_code == 200
    for cert in (None, stranger):
        with pytest.raises(requests.exceptions.ConnectionError):
            ask(cert)
    assert len(d.calls()) == 1


def test_a_certificate_is_replaced_while_connections_are_busy(make_daemon, ca, server_cert, vendor):
    d = listener_daemon(make_daemon, ca, server_cert, vendor)
    d.apply(policy("default", OPEN, CAPS))
    url, headers = f"{d.ready['data']}/stripe/v1/balance", {"Authorization": f"Bearer {d.key()['key']}"}
    stop, failures, done = threading.Event(), [], []

    def agent(fresh):
        n, s = 0, requests.Session()
        while not stop.is_set():
            try:
                r = (requests if fresh else s).get(url, headers=headers, verify=str(ca.file), timeout=30)
                n += 1
                if r.status_code != 200:
                    failures.append(r.text)
            except requests.RequestException as e:
                failures.append(repr(e))
        done.append(n)

    agents = [threading.Thread(target=agent, args=(i % 4 == 0,)) for i in range(16)]
    for a in agents:
        a.start()
    serials = [shown(d)]
    for i in range(6):
        time.sleep(0.2)
        new = ca.issue("localhost", "127.0.0.1")
        server_cert.chain.write_bytes(new.chain.read_bytes())
        server_cert.key.write_bytes(new.key.read_bytes())
        if i % 2:
            assert d.cli("reload").returncode == 0
        else:
            d.process.send_signal(signal.SIGHUP)
            until = time.monotonic() + 10
            while shown(d) != new.cert.serial_number:
                assert time.monotonic() < until, d.log()
        serials.append(shown(d))
        assert serials[-1] == new.cert.serial_number
    stop.set()
    for a in agents:
        a.join(30)
    assert failures == [] and len(done) == 16 and all(n > 0 for n in done)
    assert len(set(serials)) == 7


def shown(d):
    """The serial number of the certificate that the data listener shows now."""
    pem = ssl.get_server_certificate(("127.0.0.1", d.data_port), timeout=10)
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def test_a_bad_certificate_is_said_and_the_old_one_stays(make_daemon, ca, server_cert, vendor):
    d = listener_daemon(make_daemon, ca, server_cert, vendor)
    before = shown(d)
    key = server_cert.key.read_bytes()
    server_cert.key.write_text("not a key")
    done = d.cli("reload")
    assert done.returncode == 1
    assert "listen.data_tls: cannot use the key" in done.stderr and str(server_cert.key) in done.stderr
    assert "reload_failed" in d.log() and shown(d) == before
    server_cert.key.write_bytes(key)
    assert d.json("reload") == {"reloaded": True}
    d.log_file.write_text("")  # the error was expected


@pytest.mark.parametrize("listener", ["data", "admin"])
def test_without_a_certificate_no_other_machine_can_reach_a_listener(listener, make_daemon, ca, server_cert, vendor):
    listen = {listener: "0.0.0.0:0"}
    d = make_daemon(vendor, start=False, config={"listen": listen})
    other = "admin" if listener == "data" else "data"
    args = ["--config", d.config_file, "--dir", d.dir, f"--listen-{other}", "127.0.0.1:0"]
    done = d.cli("serve", *args)
    assert done.returncode == 1 and f"not_loopback: listen.{listener}" in done.stderr
    assert d.cli("config", "check", "--config", d.config_file, "--insecure").returncode == 0
    listen[f"{listener}_tls"] = server_cert.as_config()
    d.config_file.write_text(json.dumps({"listen": listen}))
    assert d.cli("config", "check", "--config", d.config_file).returncode == 0


def test_a_certificate_that_cannot_be_used_stops_the_start(make_daemon, ca, server_cert, vendor, tmp_path):
    other = ca.issue("localhost")
    d = make_daemon(vendor, start=False, config={
        "listen": {"data_tls": {"cert_file": str(server_cert.chain), "key_file": str(other.key)}}})
    done = d.cli("serve", "--config", d.config_file, "--dir", d.dir, "--listen-data", "127.0.0.1:0")
    assert done.returncode == 1
    assert "listen.data_tls" in done.stderr and str(other.key) in done.stderr


def test_a_handshake_that_does_not_end_is_ended(make_daemon, server_cert, vendor):
    d = make_daemon(vendor, config={"listen": {"data_tls": server_cert.as_config()}}, limits={"head_timeout_ms": 300})
    for first in (b"", b"\x16\x03\x01\x02\x00\x01"):
        with socket.create_connection(("127.0.0.1", d.data_port), timeout=10) as s:
            s.sendall(first)
            began = time.monotonic()
            assert s.recv(100) == b""
            assert 0.2 < time.monotonic() - began < 5
    with socket.create_connection(("127.0.0.1", d.data_port), timeout=10) as s:
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert s.recv(100)[:1] in (b"\x15", b"")  # an alert, and nothing in plain text


def test_doctor_looks_at_certificates(make_daemon, ca, vendor, tmp_path):
    d = make_daemon(vendor, start=False)

    def doctor(cert, **vendor_keys):
        stripe = {"base_url": "https://localhost:1", "secret": "env:STRIPE_SECRET_KEY", **vendor_keys}
        d.config_file.write_text(json.dumps({"listen": {"data_tls": cert.as_config()}, "vendors": {"stripe": stripe}}))
        done = d.cli("doctor", "--offline", "--json", "--config", d.config_file)
        return {c["name"]: (c["status"], c["text"]) for c in json.loads(done.stdout)["checks"]}

    good = doctor(ca.issue("a.example"))
    assert good["data_tls"][0] == "ok" and "good until" in good["data_tls"][1] and "ca_file" not in good
    assert doctor(ca.issue("a.example", to_days=5))["data_tls"][0] == "warn"
    assert doctor(ca.issue("a.example", from_days=-9, to_days=-1))["data_tls"][0] == "fail"
    cert = ca.issue("a.example")
    cert.key.write_text("nothing")
    bad = doctor(cert, ca_file=str(tmp_path / "missing.pem"))
    assert bad["data_tls"][0] == "fail" and str(cert.key) in bad["data_tls"][1]
    assert bad["ca_file"][0] == "fail" and "vendors.stripe" in bad["ca_file"][1]
