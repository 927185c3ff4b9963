"""What the tests of bad input share: one daemon with small limits takes all of a file's requests, so that whatever one
of them broke shows in the next; and what is asserted of each refusal.
"""
import pytest

import vendor as v
from flyball import CAPS, OPEN, Daemon, policy
from raw import exchange

LIMITS = {"head_timeout_ms": 400, "body_idle_timeout_ms": 400, "body_timeout_ms": 1500, "body_bytes_max": 65536,
          "head_bytes_max": 16384, "head_fields_max": 50, "target_bytes_max": 2048, "form_fields_max": 100}
CHARGES = "/stripe/v1/charges"
GOOD = "amount=700&currency=usd&source=tok_visa"


class Rig:
    def __init__(self, root):
        self.vendor = v.Vendor().start()
        self.daemon = Daemon(root, self.vendor.port, limits=LIMITS).start()
        self.daemon.apply(policy("default", OPEN, CAPS))
        made = self.daemon.key()
        self.key, self.key_id = made["key"], made["id"]
        self.port = self.daemon.data_port
        self.n = 0

    def close(self):
        self.daemon.close()
        self.vendor.stop()

    def newest(self):
        calls = self.daemon.get("/api/v1/calls", limit=1)["calls"]
        return calls[0]["seq"] if calls else 0


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    r = Rig(tmp_path_factory.mktemp("bad"))
    yield r
    r.close()


@pytest.fixture
def nothing_broke(rig):
    """Around every request of this file."""
    rig.vendor.requests.clear()
    rig.vendor.plans.clear()
    effects = list(rig.vendor.book.effects)
    yield
    assert rig.daemon.is_alive, rig.daemon.log()
    rig.daemon.settle()
    assert "check failed" not in rig.daemon.log() and "Sanitizer" not in rig.daemon.log()
    if rig.vendor.book.effects == effects:
        held = [b for l in rig.daemon.get("/api/v1/limits")["limits"] for b in l["buckets"]]
        assert all(float(b["held"]) == 0 for b in held), "a hold leaked"


def refusal(rig, data, status, code, recorded=True, allow_get=False):
    """Sends the bytes, expects that refusal, and that it left nothing but its record."""
    seq, without = rig.newest(), rig.daemon.metric("flyball_requests_without_key_total")
    r = exchange(rig.port, data)
    assert (r.status, r.code) == (status, code), (r.status, r.headers, r.body)
    assert r.json["error"]["code"] == code and r.json["error"]["message"]
    assert r.call_id and r.json["error"]["call_id"] == r.call_id
    if code != "rate_limited":
        assert r.header("x-should-retry") == r.header("stripe-should-retry") == "false"
    asked = [q for q in rig.vendor.requests if q.method != "GET" or not allow_get]
    assert asked == [], "it reached the vendor"
    it = rig.daemon.call(r.call_id)
    if recorded:
        assert it and it["code"] == code and it["status"] == status and it["verdict"] == "deny", it
        assert it["outcome"] == "none" and it["key"] == rig.key_id and it["ended_at"] and it["reason"]
        assert rig.newest() > seq
    else:
        assert it is None and rig.newest() == seq, "a record without a key"
        assert rig.daemon.metric("flyball_requests_without_key_total") > without
    return r
