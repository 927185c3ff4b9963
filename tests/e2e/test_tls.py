"""Vendors over https: good ones are spoken to as if nothing were between, bad ones get nothing and the agent hears
why."""
import ssl

import pytest
import requests

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

    def make(port, host="localhost", **vendor):
        stripe = {"base_url": f"https://{host}:{port}", "secret": "env:STRIPE_SECRET_KEY", "ca_file": str(ca.file)}
        d = make_daemon(vendors={"stripe": {**stripe, **vendor}}, args=["--workers", "1"])
        d.apply(policy("default", OPEN, CAPS))
        d.agent_key = d.key()["key"]
        return d

    return make


def call(daemon, method="GET", path="/v1/balance", **more):
    return requests.request(method, f"{daemon.ready['data']}/stripe{path}", timeout=30,
                            headers={"Authorization": f"Bearer {daemon.agent_key}"}, **more)


def refund(daemon, n=1):
    return call(daemon, "POST", "/v1/refunds", data={"charge": "ch_1", "amount": str(n), "currency": "usd"})


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
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, headers=headers, timeout=30)
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(url.replace("https:", "http:"), headers=headers, timeout=30)
    other = d.cli("calls", env={"FLYBALL_CA": ""})
    assert other.returncode == 3 and "--ca" in other.stderr
    assert d.cli("calls", "--ca", ca.file, env={"FLYBALL_CA": ""}).returncode == 0
    assert d.cli("calls", "--ca", "/nonexistent").returncode == 2
