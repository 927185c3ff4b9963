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
