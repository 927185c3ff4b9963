"""extends: a team's document within the company's, in a running daemon, across restarts and newer versions."""

import json

import pytest

from flyball import permit, policy, usd
from raw import ask


def digest_of(daemon, name):
    return next(p["digest"] for p in daemon.get("/api/v1/policies")["policies"] if p["name"] == name)


def team(digest, *rules, **more):
    return policy("team", rules or [permit("all")], extends=[{"ref": "company", "sha256": digest}], **more)


@pytest.fixture
def company(daemon):
    """Reads and charges, at most 10 dollars a day together, and no refund."""
    daemon.apply(
        policy(
            "company",
            [permit("reads", **{"class": ["read"]}), permit("pay", **{"class": ["money_in"]})],
            [usd("company-day", "10.00", by=["tenant"], **{"class": ["money_in"]})],
        )
    )
    return digest_of(daemon, "company")


def charge(daemon, key, cents):
    return ask(daemon.data_port, "POST", "/stripe/v1/charges", key, f"amount={cents}&currency=usd&source=tok_visa")


def refund(daemon, key):
    return ask(daemon.data_port, "POST", "/stripe/v1/refunds", key, "charge=ch_1&amount=100&currency=usd")


def test_a_team_stays_within_the_company_and_teams_share_its_limits(daemon, company):
    daemon.apply(team(company))
    daemon.apply(team(company).replace('"team"', '"crew"'))
    keys = [daemon.key(policy=name)["key"] for name in ("team", "crew")]
    refused = refund(daemon, keys[0])
    assert (refused.status, refused.code) == (403, "policy_denied") and "company" in refused.message
    assert charge(daemon, keys[0], 600).status == 200
    over = charge(daemon, keys[1], 500)
    assert (over.status, over.code) == (403, "limit_exceeded") and "company-day" in over.message
    assert charge(daemon, keys[1], 400).status == 200


def test_a_newer_version_above_holds_once_it_is_named(daemon, company):
    daemon.apply(team(company))
    key = daemon.key(policy="team")["key"]
    daemon.apply(policy("company", [permit("nothing", vendor=["nobody"])]))
    assert charge(daemon, key, 100).status == 200
    daemon.apply(team(digest_of(daemon, "company")))
    assert charge(daemon, key, 100).code == "policy_denied"


@pytest.mark.parametrize("kill_9", [False, True])
def test_the_version_that_is_named_is_there_after_a_restart(daemon, company, kill_9):
    daemon.apply(team(company))
    key = daemon.key(policy="team")["key"]
    daemon.apply(policy("company", [permit("nothing", vendor=["nobody"])]))
    daemon.restart(kill_9=kill_9)
    assert charge(daemon, key, 600).status == 200
    assert refund(daemon, key).code == "policy_denied"
    assert charge(daemon, key, 500).code == "limit_exceeded"
    daemon.apply(team(company, permit("some", **{"class": ["money_in"]})))  # held, and so still there to be named


def test_what_is_not_there_cannot_be_extended(daemon):
    file = daemon.root / "team.yaml"
    file.write_text(team("0" * 64))
    done = daemon.cli("policy", "apply", file)
    assert done.returncode == 1 and "unknown_document" in done.stderr and "apply it first" in done.stderr


def test_commands_without_a_daemon_take_the_file_above(daemon):
    above, below = daemon.root / "company.yaml", daemon.root / "team.yaml"
    above.write_text(policy("company", [permit("reads", **{"class": ["read"]})]))
    digest = daemon.cli("policy", "check", above).stderr.split("digest ")[1].strip()
    tests = [
        {
            "name": name,
            "given": {"request": {"operation": "stripe.charges.list", "class": kind}},
            "expect": {"decision": decision},
        }
        for name, kind, decision in (("reads", "read", "permit"), ("pays", "money_in", "deny"))
    ]
    below.write_text(team(digest, tests=tests))
    assert daemon.cli("policy", "check", below).returncode == 1
    assert daemon.cli("policy", "check", below, "--extends", above).returncode == 0
    ran = daemon.json("policy", "test", below, "--extends", above)
    assert (ran["passed"], ran["failed"]) == (2, 0)
    request = daemon.root / "request.json"
    request.write_text(json.dumps(tests[1]["given"]))
    for command in (["policy", "diff", below, below], ["policy", "explain", request, "--policy", below]):
        assert "with --extends" in daemon.cli(*command).stderr
        assert daemon.cli(*command, "--extends", above).returncode == 0
    ran = daemon.json("policy", "explain", request, "--policy", below, "--extends", above)
    assert ran["verdict"]["decision"] == "deny" and "company" in ran["verdict"]["reason"]


def test_every_limit_that_counts_a_keys_calls_is_shown_in_one_place(daemon, company):
    daemon.apply(team(company, limits=[usd("team-day", "8.00", **{"class": ["money_in"]})]))
    daemon.apply(policy("company", [permit("all")], [usd("company-day", "99.00", by=["tenant"])]))
    daemon.apply(policy("else", [permit("all")], [usd("elsewhere", "1.00")]))
    key = daemon.key(policy="team", limit="usd=5/day")
    assert charge(daemon, key["key"], 400).status == 200
    daemon.settle()
    rows = daemon.json("limit", "list", "--key", key["id"])["limits"]
    assert {(r["policy"], r["id"], r["max"]) for r in rows} == {
        ("team", "team-day", "8.000000000"),
        ("company", "company-day", "10.000000000"),
        (None, "key/usd/day", "5.000000000"),
    }
    above = next(r for r in rows if r["policy"] == "company")
    assert (above["digest"], above["in_force"], above["documents"]) == (company, False, ["team"])
    assert [b["settled"] for b in above["buckets"]] == ["4.000000000"]
    for shown in (daemon.cli("limit", "list", "--key", key["id"]).stdout, daemon.cli("key", "show", key["id"]).stdout):
        assert f"company@{company[:8]}" in shown and "team-day" in shown and "key/usd/day" in shown
        assert "elsewhere" not in shown and "99.00" not in shown
    nobody = daemon.cli("limit", "list", "--key", "none")
    assert nobody.returncode == 1 and "there is no key `none`" in nobody.stderr
