"""Vendors whose TLS is wrong: nothing is sent to them, what was held is released, and the agent reads why."""
import ipaddress
import socket
import ssl
import time

import pytest
import requests

import tls
from flyball import CAPS, OPEN, policy
from vendor import Vendor

OLD = "DEFAULT@SECLEVEL=0"
V = ssl.TLSVersion


@pytest.fixture
def ca(tmp_path):
    return tls.Authority(tmp_path, key="rsa:2048")


@pytest.fixture
def stopped():
    made = []
    yield made.append
    for it in made:
        it.stop()


@pytest.fixture
def start(make_daemon, ca):
    """A daemon whose vendor is at https://host:port, with a key in d.agent_key."""

    def start(port, host="localhost", **vendor):
        stripe = {"base_url": f"https://{host}:{port}", "secret": "env:STRIPE_SECRET_KEY", "ca_file": str(ca.file)}
        d = make_daemon(vendors={"stripe": {**stripe, **vendor}}, args=["--workers", "1"])
        d.apply(policy("default", OPEN, CAPS))
        d.agent_key = d.key()["key"]
        return d

    return start


def refund(d):
    return requests.post(f"{d.ready['data']}/stripe/v1/refunds", timeout=30,
                         headers={"Authorization": f"Bearer {d.agent_key}"},
                         data={"charge": "ch_1", "amount": "100", "currency": "usd"})


def get(d, path="/v1/balance"):
    return requests.get(f"{d.ready['data']}/stripe{path}", timeout=30,
                        headers={"Authorization": f"Bearer {d.agent_key}"})


def assert_refused(d, why, code="upstream_failed", status=502):
    """A refund is refused with that reason, in the sentence and on record, and released."""
    r = refund(d)
    assert (r.status_code, r.headers["x-flyball-code"]) == (status, code), r.text
    assert why in r.json()["error"]["message"] and "nothing was sent" in r.json()["error"]["message"]
    d.settle()
    call = d.calls()[0]
    assert call["outcome"] == "released" and call["attempts"][0]["error"] and why in call["attempts"][0]["error"]
    assert call["attempts"][0]["bytes_out"] == 0
    assert d.buckets("out-day") in ({}, {b: ("0.000000000", "0.000000000") for b in d.buckets("out-day")})
    assert d.secret not in d.log()


# ---- certificates that OpenSSL's own server is willing to show ----

CERTIFICATES = {
    "expired": (lambda ca, dir: ca.issue("localhost", from_days=-9, to_days=-1), "the certificate has expired"),
    "not yet valid": (lambda ca, dir: ca.issue("localhost", from_days=1, to_days=9), "not valid yet"),
    "for another name": (lambda ca, dir: ca.issue("other.example"), "is for another host"),
    "for an address, asked by name": (lambda ca, dir: ca.issue("127.0.0.1"), "is for another host"),
    "wildcard that does not fit": (lambda ca, dir: ca.issue("*.localhost"), "is for another host"),
    "self-signed": (lambda ca, dir: tls.self_signed(dir, "localhost"), "is self-signed"),
    "of an unknown authority": (lambda ca, dir: tls.Authority(dir, "Stranger").issue("localhost"),
                                "issuer is not known here"),
    "chain without its middle": (lambda ca, dir: tls.Authority(dir, "Middle", by=ca).issue(
        "localhost", with_chain=False), "an intermediate certificate is missing"),
    "RSA of 1024 bits": (lambda ca, dir: ca.issue("localhost", key="rsa:1024"), "too weak"),
    "signed with SHA-1": (lambda ca, dir: tls.issue_with_old_digest(ca, "localhost", "sha1"), "too weak"),
    "signed with MD5": (lambda ca, dir: tls.issue_with_old_digest(ca, "localhost", "md5"), "too weak"),
    "for clients only": (lambda ca, dir: ca.issue("localhost", client=True), "not made for this use"),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_bad_certificate_is_refused(name, ca, tmp_path, start, stopped):
    make, why = CERTIFICATES[name]
    vendor = Vendor().start(tls=tls.server_context(make(ca, tmp_path), ciphers=OLD))
    stopped(vendor)
    d = start(vendor.port)
    assert_refused(d, why)
    assert vendor.requests == []


def test_a_certificate_for_a_name_is_none_for_its_address(ca, start, stopped):
    vendor = Vendor().start(tls=tls.server_context(ca.issue("localhost")))
    stopped(vendor)
    assert_refused(start(vendor.port, host="127.0.0.1"), "is for another host")
    assert vendor.requests == []


# ---- servers that speak TLS as nobody should ----

CONTEXTS = {
    "TLS 1.0 only": (dict(versions=(V.TLSv1, V.TLSv1), ciphers=OLD), "no version from 1.2 on"),
    "TLS 1.1 only": (dict(versions=(V.TLSv1_1, V.TLSv1_1), ciphers=OLD), "no version from 1.2 on"),
    "ciphers without a key": (dict(versions=(V.TLSv1_2, V.TLSv1_2), ciphers="aNULL:@SECLEVEL=0"), "no cipher suite"),
    "ciphers that hide nothing": (dict(versions=(V.TLSv1_2, V.TLSv1_2), ciphers="eNULL:@SECLEVEL=0"),
                                  "no cipher suite"),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", CONTEXTS)
def test_tls_of_the_past_is_refused(name, ca, start, stopped):
    how, why = CONTEXTS[name]
    seen = []
    server = tls.RawServer(lambda s: seen.append(tls.read_head(s)),
                           tls.server_context(ca.issue("localhost", key="rsa:2048"), **how))
    stopped(server)
    assert_refused(start(server.port), why)
    assert server.n > 0 and seen == []


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_a_vendor_that_wants_a_client_certificate_was_sent_nothing(version, ca, start, stopped):
    context = tls.server_context(ca.issue("localhost"), client_ca=ca.file, versions=(version, version))
    seen = []
    server = tls.RawServer(lambda s: seen.append(tls.read_head(s)), context)
    stopped(server)
    assert_refused(start(server.port), "asks for a client certificate")
    assert server.n > 0 and seen == []


# ---- servers that do not speak TLS, or not to the end ----


def hello(s):
    return s.recv(65536)


def close(s):
    hello(s)


def half_a_record(s):
    hello(s)
    s.sendall(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")


def speak_http(s):
    hello(s)
    s.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    time.sleep(0.2)


def garbage(s):
    hello(s)
    s.sendall(bytes(range(256)))
    time.sleep(0.2)


def alert(number):
    def send(s):
        hello(s)
        s.sendall(bytes([0x15, 3, 3, 0, 2, 2, number]))
        time.sleep(0.2)

    return send


RAW = {
    "plain HTTP on the TLS port": (speak_http, "does not speak TLS"),
    "garbage": (garbage, "does not speak TLS"),
    "closes in the handshake": (close, "closed the connection during the handshake"),
    "resets in the handshake": (lambda s: (hello(s), tls.reset(s)), "closed the connection during the handshake"),
    "ends within a record": (half_a_record, "closed the connection during the handshake"),
    "wants HTTP/2 only": (alert(120), "does not speak HTTP/1.1"),
    "refuses without a reason": (alert(40), "no cipher suite in common"),
    "refuses the name": (alert(112), "refused the handshake"),
}


@pytest.mark.parametrize("name", RAW)
def test_what_is_not_tls_is_named(name, start, stopped):
    serve, why = RAW[name]
    server = tls.RawServer(serve)
    stopped(server)
    assert_refused(start(server.port), why)


def test_a_vendor_that_stalls_in_the_handshake_is_given_connect_ms(start, stopped):
    server = tls.RawServer(lambda s: server.done.wait(20))
    stopped(server)
    d = start(server.port, timeouts={"connect_ms": 300})
    began = time.monotonic()
    assert_refused(d, "no connection in time", "upstream_timeout", 504)
    assert 0.25 < time.monotonic() - began < 10


# ---- answers that are not whole ----


def answer_and_cut(answer):
    def serve(s):
        tls.read_head(s)
        s.sendall(answer)
        s.shutdown(2)  # TCP ends, TLS does not

    return serve


CUT = {
    "until close, without close_notify": (b"HTTP/1.1 200 OK\r\n\r\n{\"id\": \"re_1\"}", "ended without a proper end"),
    "half of its length": (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"id\"", "ended without a proper end"),
    "half of its head": (b"HTTP/1.1 200 OK\r\nContent-Le", "ended without a proper end"),
    "nothing": (b"", "closed the connection"),
}


@pytest.mark.parametrize("name", CUT)
def test_an_answer_that_is_cut_leaves_the_outcome_unknown(name, ca, start, stopped):
    answer, why = CUT[name]
    server = tls.RawServer(answer_and_cut(answer), tls.server_context(ca.issue("localhost")))
    stopped(server)
    d = start(server.port)
    r = refund(d)
    assert (r.status_code, r.headers["x-flyball-code"]) == (502, "outcome_unknown")
    assert why in r.json()["error"]["message"]
    d.settle()
    call = d.unknown()[0]
    assert call["outcome"] == "unknown" and why in call["attempts"][-1]["error"]


def test_a_proper_end_completes_an_answer_without_a_length(ca, start, stopped):
    def serve(s):
        tls.read_head(s)
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"object\": \"balance\"}")
        s.unwrap()

    server = tls.RawServer(serve, tls.server_context(ca.issue("localhost")))
    stopped(server)
    r = get(start(server.port))
    assert r.status_code == 200 and r.json() == {"object": "balance"}


def test_a_streamed_answer_that_is_cut_is_cut_for_the_agent_too(ca, start, stopped):
    server = tls.RawServer(
        answer_and_cut(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"object\": \"list\""),
        tls.server_context(ca.issue("localhost")))
    stopped(server)
    d = start(server.port)
    with pytest.raises(requests.exceptions.RequestException):
        get(d)
    d.settle()
    assert "ended without a proper end" in d.calls()[0]["attempts"][0]["error"]


# ---- where names lead ----


def test_redirects_are_passed_back_and_never_followed(ca, start, stopped):
    second = Vendor().start(tls=tls.server_context(ca.issue("localhost")))
    stopped(second)

    def serve(s):
        tls.read_head(s)
        s.sendall(f"HTTP/1.1 307 Temporary Redirect\r\nLocation: https://localhost:{second.port}/v1/balance\r\n"
                  "Content-Length: 0\r\n\r\n".encode())
        time.sleep(0.2)

    first = tls.RawServer(serve, tls.server_context(ca.issue("localhost")))
    stopped(first)
    d = start(first.port)
    r = requests.get(f"{d.ready['data']}/stripe/v1/balance", timeout=30, allow_redirects=False,
                     headers={"Authorization": f"Bearer {d.agent_key}"})
    assert r.status_code == 307 and str(second.port) in r.headers["location"]
    assert second.n_connections == 0


def test_a_name_that_does_not_exist_is_said(start):
    d = start(443, host="no-such-host.invalid", private=True)
    assert_refused(d, "could not be resolved")


def test_a_name_that_leads_to_a_private_address_needs_permission(ca, start, stopped):
    host = socket.gethostname().lower()
    try:
        found = {ipaddress.ip_address(a[4][0].split("%")[0]) for a in socket.getaddrinfo(host, 443)}
    except OSError:
        found = set()
    if not found or any(a.is_global for a in found) or host == "localhost":
        pytest.skip("this machine's own name does not lead to a private address")
    server = socket.create_server(("", 0))
    port = server.getsockname()[1]
    d = start(port, host=host)
    assert_refused(d, "leads to a private or otherwise special address")
    server.settimeout(0.2)
    with pytest.raises(TimeoutError):
        server.accept()
    server.close()
    d = start(port, host=host, private=True)
    assert_refused(d, "no connection could be opened")


def test_a_secret_stays_out_of_the_log_and_the_files(ca, start, stopped):
    vendor = Vendor().start(tls=tls.server_context(ca.issue("other.example")))
    stopped(vendor)
    d = start(vendor.port)
    assert_refused(d, "is for another host")
    d.stop()
    for name, data in d.everything_written():
        assert d.secret.encode() not in data, name
    d.start()
