"""`flyball demo` and `flyball demo runaway`, as scripts and people run them."""
import json
import time

import pytest

from flyball import permit, policy


@pytest.fixture
def dev(make_daemon):
    return make_daemon(None, command="dev")


def test_the_demo_shows_every_kind_of_outcome_and_ends_with_its_timeline(dev):
    since = time.monotonic()
    done = dev.cli("demo")
    assert time.monotonic() - since < 60
    assert done.returncode == 0, done.stderr
    words = [line.split()[0] for line in done.stdout.splitlines()[:12]]
    assert words == ["allowed"] * 7 + ["denied"] * 3 + ["waiting", "unknown"]
    run = done.stderr.split("in the run ")[1].split(":")[0]
    shown = dev.cli("runs", "show", run)
    assert done.stdout.endswith(shown.stdout)
    assert "<- create_refund" in shown.stdout and "outcome unknown" in shown.stdout


def test_while_all_is_stopped_the_demo_says_that_and_calls_nothing(dev):
    dev.json("kill")
    for words in (["demo"], ["demo", "runaway"]):
        done = dev.cli(*words)
        assert done.returncode == 1 and "`flyball unkill` lets them go on" in done.stderr and done.stdout == ""
    assert dev.calls() == []


def test_the_demo_as_json_is_its_run(dev):
    done = dev.cli("demo", "--json")
    assert done.returncode == 0 and done.stderr == ""
    told = json.loads(done.stdout)
    calls = told["calls"]
    assert [c["verdict"] for c in calls] == ["permit"] * 7 + ["deny"] * 3 + ["approve", "permit"]
    assert [c["code"] for c in calls[7:]] == ["policy_denied", "policy_denied", "limit_exceeded", "approval_pending",
                                              "outcome_unknown"]
    assert calls[11]["outcome"] == "unknown" and calls[11]["held"]["usd"] == "1.000000000"
    assert calls[3]["caused_by"] == {**calls[3]["caused_by"], "call_id": calls[2]["call_id"], "how": "explicit"}
    waits = dev.json("approvals", "list")["approvals"]
    assert [w["action"]["operation"] for w in waits] == ["stripe.customers.delete"]
    assert {c["vendor"] for c in calls} == {"openai", "anthropic", "stripe", "resend"}
    assert told["run"]["run_id"] == calls[0]["run_id"]


def test_the_demo_leaves_no_key_behind_and_can_be_repeated(dev):
    for _ in range(3):
        assert dev.cli("demo").returncode == 0
    keys = [k for k in dev.get("/api/v1/keys")["keys"] if k["agent"] == "demo"]
    assert [k["status"] for k in keys] == ["revoked"] * 3


def test_the_demo_says_so_when_the_policy_is_another_one(dev):
    dev.apply(policy("default", [permit("reads", **{"class": ["read"]})], []))
    done = dev.cli("demo")
    assert done.returncode == 1 and "starter policy" in done.stderr
    assert done.stdout.startswith("denied")


@pytest.mark.parametrize("words", [("demo",), ("demo", "runaway")])
def test_the_demo_refuses_vendors_that_are_not_simulated(make_daemon, vendor, words):
    d = make_daemon(vendor, command="dev")
    done = d.cli(*words)
    assert done.returncode == 1 and "stripe is a real one here" in done.stderr and done.stdout == ""
    assert vendor.requests == [] and d.calls() == []


def test_the_demo_refuses_where_a_vendor_is_missing(daemon):
    done = daemon.cli("demo")
    assert done.returncode == 1 and "no such vendor" in done.stderr and "flyball dev" in done.stderr


def test_the_demo_without_a_daemon_says_where_to_get_one(make_daemon):
    d = make_daemon(None, command="dev", start=False)
    done = d.cli("demo")
    assert done.returncode == 3 and "flyball dev" in done.stderr


def test_a_runaway_is_stopped_by_revoke_and_its_loss_is_counted(dev):
    done = dev.cli("demo", "runaway", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["stopped_by"] == "key_revoked" and told["turns"] == 60
    dev.settle()
    calls = dev.run_calls(told["run"])
    refunds = [c for c in calls if c["operation"] == "stripe.refunds.create" and c["outcome"] == "settled"]
    models = [c for c in calls if c["layer"] == "llm" and c["outcome"] == "settled"]
    nano = sum(int(c["settled"]["usd"].replace(".", "")) for c in refunds + models)
    assert int(told["lost"]["usd"].replace(".", "")) == nano and len(refunds) > 1
    ratio = float(told["lost_in_192s"]["usd"]) / float(told["lost_in_45s"]["usd"])
    assert abs(ratio - 192 / 45) < 1e-6
    assert told["permitted"] == len([c for c in calls if c["verdict"] == "permit"]) - 1  # without the charge


def test_a_runaway_is_told_in_dollars(dev):
    done = dev.cli("demo", "runaway")
    assert done.returncode == 0, done.stderr
    for words in ("key_revoked", "lost, as recorded", "the same for 45 s", "the same for 3 m 12 s"):
        assert words in done.stdout
    assert "arithmetic, not measured" in done.stderr
