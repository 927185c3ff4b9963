"""One verdict, wherever it is asked for: the tests of a document, the daemon and `explain` agree byte for byte on every
case of the conformance suite, and on random calls under random documents."""
import http.client
import json
import pathlib
import random

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


CONDITIONS = ["true", "params.amount > 500", "params.amount <= 500 || params.currency == 'usd'", "has(params.customer)",
              "customer.id == 'cus_1'", "cost.estimate < usd('5.00')", "1 / (params.amount - 700) > 0",
              "params.currency in ['usd', 'gbp']", "mode == 'test' && run.id.startsWith('r')",
              "principal.agent != 'bot'"]
MATCHES = [{}, {"vendor": ["stripe"]}, {"class": ["money_in"]}, {"customer": ["set:known"]}, {"agent": ["b*", "c"]},
           {"operation": ["stripe.payment_intents.create"]}, {"method": ["GET"]}, {"run": ["r1", "r2"]}]


def random_document(rng):
    def one(id, **more):
        more |= {"when": rng.choice(CONDITIONS)} if rng.random() < 0.6 else {}
        more |= {"mode": "shadow"} if rng.random() < 0.2 else {}
        return {"id": id, "match": rng.choice(MATCHES), **more}

    def rule(id):
        effect = rng.choice(["permit", "permit", "permit", "permit", "forbid", "approve"])
        return one(id, effect=effect, **({"approval": "desk"} if effect == "approve" else {}))

    def limit(id):
        more = {"on_exceed": "approve", "approval": "desk"} if rng.random() < 0.3 else {}
        return one(id, meter="usd", max=rng.choice(["3.00", "8.00"]), window={"lifetime": True},
                   by=rng.sample(["agent", "key", "run", "customer"], rng.randrange(3)), **more)
    return policy("default", [rule(f"r{i}") for i in range(rng.randrange(1, 6))],
                  [limit(f"l{i}") for i in range(rng.randrange(4))], sets={"known": ["cus_1", "cus_3"]},
                  approvals={"desk": {"backend": "cli", "ttl": "1h"}})


def random_call(rng, key_id):
    """The form that an agent sends, and the same as a test gives it."""
    amount, customer = rng.choice([None, 1, 299, 500, 501, 700, 900]), rng.choice([None, "cus_1", "cus_2"])
    run = rng.choice(["r1", "r2", "r3"])
    params = {name: value for name, value in (("amount", amount), ("currency", "usd"), ("customer", customer)) if value}
    given = {"principal": {"agent": "bot", "key": key_id}, "run": {"id": run},
             "request": {"operation": "stripe.payment_intents.create", "class": "money_in", "mode": "test",
                         "cost": f"{amount / 100:.2f}" if amount else "unknown", "params": params}}
    if customer:
        given["customer"] = {"id": customer}
    return "&".join(f"{name}={value}" for name, value in params.items()), run, given


def units(need, name):
    """Of a limit on dollars: the daemon says nano-dollars, a verdict says dollars."""
    return need[name] if isinstance(need[name], int) else round(float(need[name]) * 10**9)


def outline(verdict, decision):
    """What a dry run says of a verdict."""
    return [verdict[name] for name in (decision, "code", "rule", "reason")] + [
        [need["id"], need["bucket"], need["fits"]] + [units(need, n) for n in ("asks", "before", "held", "max")]
        for need in verdict["limits"]]


def test_2000_random_calls_are_decided_alike_by_daemon_explain_and_tests(daemon):
    """20 random documents, 100 calls each: sent to the daemon as dry runs, explained by it, tested and explained by the
    CLI."""
    rng, made, seen = random.Random(17), daemon.key(), set()
    for _ in range(20):
        text = random_document(rng)
        daemon.apply(text)
        cases, verdicts = [], []
        for i in range(100):
            form, run, given = random_call(rng, made["id"])
            dry = ask(daemon.data_port, "POST", "/stripe/v1/payment_intents", made["key"], form,
                      headers=[("x-flyball-dry-run", "true"), ("x-agent-run-id", run)])
            status, answer = explain(daemon, {"request": json.dumps(given), "document": text})
            assert (dry.status, status) == (200, 200), (dry.body, answer)
            verdict = json.loads(answer)["verdict"]
            assert outline(dry.json, "verdict") == outline(verdict, "decision"), (text, given)
            cases.append({"name": f"case {i}", "given": given, "expect": {"decision": "permit"}})
            verdicts.append(answer[len('{"verdict":'):answer.index(',"identity":')])
            seen.add((verdict["decision"], verdict["code"]))
            if i < 5:
                file, document = daemon.root / "given.json", daemon.root / "document.json"
                file.write_text(json.dumps(given))
                document.write_text(text)
                assert daemon.cli("policy", "explain", file, "--policy", document, "--json").stdout == answer
        file = daemon.root / "cases.json"
        file.write_text(json.dumps({"apiVersion": "agentpolicy/v1", "kind": "PolicyTest", "document": json.loads(text),
                                    "tests": cases}))
        ran = daemon.cli("policy", "test", file, "--json", dir=False).stdout
        assert [raw(test["verdict"]) for test in json.loads(ran)["tests"]] == verdicts
        assert all(f'"verdict":{verdict}' in ran for verdict in verdicts)
    assert {("permit", None), ("approve", "approval_pending"), ("deny", "policy_denied"), ("deny", "cost_unknown"),
            ("deny", "limit_exceeded")} <= seen
