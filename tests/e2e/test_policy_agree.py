"""One verdict, wherever it is asked for: the tests of a document, the daemon and `explain` agree byte for byte on every
case of the conformance suite."""
import http.client
import json
import pathlib

import pytest
import yaml

from flyball import CAPS, OPEN, policy
from raw import ask, charge

TOP = pathlib.Path(__file__).resolve().parents[2]
SUITES = sorted((TOP / "spec" / "agentpolicy" / "conformance").iterdir())


def raw(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def explain(daemon, body):
    c = http.client.HTTPConnection("127.0.0.1", daemon.admin_port, timeout=30)
    try:
        c.request("POST", "/api/v1/policies/explain", json.dumps(body),
                  {"Authorization": f"Bearer {daemon.token}", "Content-Type": "application/json"})
        r = c.getresponse()
        return r.status, r.read().decode()
    finally:
        c.close()


@pytest.mark.parametrize("path", SUITES, ids=lambda p: p.name)
def test_suite_daemon_and_explain_agree_byte_for_byte(daemon, path):
    suite = yaml.safe_load(path.read_text())
    document = daemon.root / "document.json"
    document.write_text(json.dumps(suite["document"], default=str))
    cases = daemon.root / "cases.json"
    cases.write_text(json.dumps(suite, default=str))
    ran = daemon.cli("policy", "test", cases, "--json", dir=False)
    tested = json.loads(ran.stdout)["tests"]
    assert len(tested) == len(suite["tests"]) > 0
    for case, test in zip(suite["tests"], tested):
        want = raw(test["verdict"])
        assert f'"verdict":{want}' in ran.stdout
        given = json.dumps(case["given"], default=str)
        status, answer = explain(daemon, {"request": given, "document": document.read_text()})
        assert status == 200 and answer.startswith(f'{{"verdict":{want},'), (case["name"], answer)
        file = daemon.root / "given.json"
        file.write_text(given)
        said = daemon.cli("policy", "explain", file, "--policy", document, "--json")
        assert said.stdout == answer, case["name"]


def test_a_recorded_call_is_explained_by_the_version_that_decided_then(daemon, key):
    assert charge(daemon, key, 50).status == 200
    assert charge(daemon, key, 200000).code == "limit_exceeded"
    assert ask(daemon.data_port, "POST", "/stripe/v1/payouts", key, "amount=1&currency=usd").code == "policy_denied"
    daemon.apply(policy("default", [], []))
    payout, limited, paid = daemon.get("/api/v1/calls")["calls"]
    for recorded in (payout, limited, paid):
        explained = daemon.json("policy", "explain", recorded["call_id"])
        verdict = explained["verdict"]
        assert verdict["decision"] == recorded["verdict"] and verdict["code"] == recorded["code"]
        assert verdict["policy"] == recorded["policy"] and verdict["reason"] == recorded["reason"]
    assert [lim["fits"] for lim in daemon.json("policy", "explain", limited["call_id"])["verdict"]["limits"]] == [False]
    near = daemon.json("policy", "explain", payout["call_id"])["nearest"]
    assert "operation is stripe.payouts.create" in near["why"] or "class is money_out" in near["why"]
    now = daemon.json("policy", "explain", paid["call_id"], "--policy", "default")
    assert now["verdict"]["decision"] == "deny" and now["rules"] == []
    said = daemon.cli("policy", "explain", payout["call_id"]).stdout
    assert said.startswith("deny (policy_denied)\n") and "The nearest rule is " in said


def test_explain_of_what_is_not_there_says_so(daemon):
    assert daemon.cli("policy", "explain", "no-such-call").returncode == 1
    assert explain(daemon, {})[0] == 400
    assert explain(daemon, {"call": "x", "request": "{}"})[0] == 400
    status, text = explain(daemon, {"request": "{request: {operation: 5}}", "document": policy("p", OPEN, CAPS)})
    assert status == 400 and json.loads(text)["diags"][0]["line"] == 1
