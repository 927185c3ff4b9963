"""What a rule goes by: labels of keys, which no agent gives itself, and the host that a vendor is reached at."""
from flyball import policy
from raw import ask

FORM = "amount=500&currency=usd&source=tok_visa"


def permit(**match):
    return policy("default", [{"id": "charge", "effect": "permit",
                               "match": {"operation": ["stripe.charges.create"], **match}}])


def charge(d, key, **more):
    return ask(d.data_port, "POST", "/stripe/v1/charges", key, FORM, **more)


def test_a_label_of_the_key_decides_and_what_a_request_claims_does_not(make_daemon, vendor):
    d = make_daemon(vendor)
    d.apply(permit(**{"label.team": ["payments"], "label.tier": ["gold", "silver"]}))
    both = d.key(agent="a", label=["team=payments", "tier=silver"])
    one = d.key(agent="a", label="team=payments")
    none = d.key(agent="a")
    assert charge(d, both["key"]).status == 200
    assert charge(d, one["key"]).code == "policy_denied"
    claims = [("x-agent-label", "team=payments"), ("x-agent-label", "tier=gold")]
    assert charge(d, none["key"], headers=claims).code == "policy_denied"
    d.restart(kill_9=True)
    assert charge(d, both["key"]).status == 200
    shown = d.cli("key", "show", both["id"]).stdout
    assert "team=payments tier=silver" in shown
    new = d.json("key", "rotate", both["id"])
    assert charge(d, new["key"]).status == 200, "a key that takes another's place has its labels"


def test_a_call_is_replayed_with_the_labels_and_the_host_it_was_decided_on(make_daemon, vendor, tmp_path):
    d = make_daemon(vendor)
    d.apply(permit())
    key = d.key(agent="a", label="team=payments")["key"]
    assert charge(d, key).status == 200 and charge(d, d.key(agent="b")["key"]).status == 200
    file = tmp_path / "new.yaml"
    file.write_text(permit(host=["127.0.0.1"], **{"label.team": ["payments"]}))
    plan = d.json("policy", "plan", file, "--since", "1h")
    assert plan["not_replayable"]["calls"] == 0 and plan["denied"]["calls"] == 1
    file.write_text(permit(host=["api.stripe.com"]))
    plan = d.json("policy", "plan", file, "--since", "1h")
    assert plan["not_replayable"]["calls"] == 0 and plan["denied"]["calls"] == 2


def test_the_host_is_where_the_vendor_is_reached(make_daemon, vendor):
    d = make_daemon(vendor)
    key = d.key(agent="a")["key"]
    d.apply(permit(host=["api.stripe.com"]))
    assert charge(d, key).code == "policy_denied"
    d.apply(permit(host=["*.0.0.1"]))
    assert charge(d, key).status == 200


def test_labels_that_are_none_are_refused(make_daemon, vendor):
    d = make_daemon(vendor)
    for label in ("team", "Team=a", "team=a b", "team=", "te*=a"):
        done = d.cli("key", "create", "--agent", "a", "--label", label)
        assert done.returncode == 1 and "a label is name=value" in done.stderr, (label, done.stderr)
    twice = d.cli("key", "create", "--agent", "a", "--label", "team=a", "--label", "team=b")
    assert twice.returncode == 1 and "stands twice" in twice.stderr
    many = [f"l{i}=x" for i in range(17)]
    status, answer = d.api("POST", "/api/v1/keys", {"agent": "a", "labels": many})
    assert status == 400 and "at most 16 labels" in answer["error"]["message"]
    assert d.api("POST", "/api/v1/keys", {"agent": "a", "labels": many[:16]})[0] == 201
