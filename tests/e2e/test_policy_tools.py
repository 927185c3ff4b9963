"""The tools on a policy document: diff, apply --check, history and rollback, against a real daemon."""
import json

import yaml

from flyball import CAPS, OPEN, TOP, permit, policy, usd
from raw import ask, charge


def document(version, rules=OPEN, limits=CAPS):
    text = json.loads(policy("default", rules, limits))
    text["metadata"]["version"] = version
    return json.dumps(text)


def write(daemon, name, text):
    file = daemon.root / name
    file.write_text(text)
    return file


def changes(answer):
    return [(c["change"], c["id"]) for c in answer["changes"]]


LESS = [r for r in OPEN if r["id"] != "pay"]
MORE = [*OPEN, permit("cash", operation=["stripe.payouts.create"])]
HIGHER = [usd("out-day", "500.00", operation=["stripe.refunds.create"]), CAPS[1]]


def test_diff_compares_files_and_what_the_daemon_has_and_had(daemon):
    new = write(daemon, "new.json", document(2, MORE, HIGHER))
    old = write(daemon, "old.json", document(1))
    want = [("permitted", "cash"), ("limit_raised", "out-day")]
    assert changes(daemon.json("policy", "diff", old, new)) == want
    assert changes(daemon.json("policy", "diff", "default", new)) == want
    daemon.json("policy", "apply", new)
    assert changes(daemon.json("policy", "diff", "default@1", "default@2")) == want
    assert daemon.json("policy", "diff", "default", new)["changes"] == []
    said = daemon.cli("policy", "diff", "default@1", "default").stdout
    assert "Becomes permitted:\n  cash\n    + Every agent may call stripe.payouts.create." in said
    assert "- At most 50.00 USD a day" in said and "+ At most 500.00 USD a day" in said


def test_show_prints_what_was_applied_in_any_form_of_it(daemon):
    for path in sorted((TOP / "spec/agentpolicy/examples").iterdir()):
        applied = daemon.json("policy", "apply", path)
        shown = daemon.cli("policy", "show", applied["name"])
        assert shown.returncode == 0, shown.stderr
        assert daemon.json("policy", "apply", write(daemon, "again.yaml", shown.stdout))["digest"] == applied["digest"]
        version = f"{applied['name']}@{applied['digest']}"
        assert json.loads(daemon.cli("policy", "show", version, "--json").stdout) == yaml.safe_load(shown.stdout)


def test_show_is_a_line_for_each_rule_and_may_be_edited(daemon):
    text = json.loads(document(1))
    text.update({"x-note": ["a: b", "#c"], "mode": {"observe": {"vendors": ["twilio"]}}, "sets": {"vip": ["cus_1"]}})
    daemon.apply(json.dumps(text))
    lines = daemon.cli("policy", "show").stdout.splitlines()
    assert lines[:2] == ['apiVersion: "agentpolicy/v1"', 'kind: "Policy"'] and '"x-note": ["a: b", "#c"]' in lines
    assert sum(line.startswith('  - {"id": ') for line in lines) == len(OPEN) + len(CAPS)
    for name, said in (("nobody", "never a policy named"), ("default@99", "no version 99")):
        gone = daemon.cli("policy", "show", name)
        assert gone.returncode == 1 and said in gone.stderr


def test_show_keeps_what_no_terminal_should_be_sent(daemon):
    text = json.loads(document(1))
    text["x-note"] = {"rlo \u202e": "del \x7f nel \x85 lri \u2066 ls \u2028 \u00e9 \U0001f600 \\x85 \x1b"}
    applied = daemon.json("policy", "apply", write(daemon, "odd.json", json.dumps(text)))
    shown = daemon.cli("policy", "show").stdout
    assert not set("\u202e\x7f\x85\u2066\u2028\x1b") & set(shown)
    assert daemon.json("policy", "apply", write(daemon, "again.yaml", shown))["digest"] == applied["digest"]


def test_diff_of_what_is_not_there_says_so(daemon):
    gone = daemon.cli("policy", "diff", "default@99", "default")
    assert gone.returncode == 1 and "has no version 99" in gone.stderr
    missing = daemon.cli("policy", "diff", "no-such.yaml", "default")
    assert missing.returncode == 1 and "cannot open no-such.yaml" in missing.stderr
    for nothing in ("@1", "default@"):
        done = daemon.cli("policy", "diff", nothing, "default")
        assert done.returncode == 2 and f"`{nothing}` names no policy" in done.stderr


def test_explain_prints_a_limit_a_line_and_says_what_is_not_there(daemon, key):
    call = charge(daemon, key, 70000).call_id
    lines = daemon.cli("policy", "explain", call).stdout.splitlines()
    assert "Limits:" in lines and lines[-1].endswith(
        ": asks 700.00 USD, before 0.00 USD, held 0.00 USD, max 1000.00 USD: fits"), lines
    done = daemon.cli("policy", "explain", "nope")
    assert done.returncode == 1 and "there is no call `nope`" in done.stderr
    done = daemon.cli("policy", "explain", "nope.json")
    assert done.returncode == 1 and "cannot open nope.json" in done.stderr
    done = daemon.cli("policy", "explain", call, "--extends", write(daemon, "above.json", document(1)))
    assert done.returncode == 2 and "--extends is for a FILE" in done.stderr


def test_a_document_without_tests_says_so(daemon):
    done = daemon.cli("policy", "test", write(daemon, "bare.json", document(1)))
    assert done.returncode == 0 and done.stderr.endswith("0 passed, 0 failed: there are no `tests` to run\n")


def test_suggest_wants_the_name_of_a_document(daemon):
    done = daemon.cli("policy", "suggest", "--policy", "Bad Name")
    assert done.returncode == 1 and done.stdout == "" and "policy is 1 to 64 of a-z" in done.stderr


def test_apply_check_says_what_would_change_and_changes_nothing_and_a_viewer_may(daemon, key):
    token = daemon.json("admin", "create", "ci", "--service", "--role", "viewer")["token"]
    file = write(daemon, "less.json", document(2, LESS))
    done = daemon.cli("policy", "apply", file, "--check", "--json", env={"FLYBALL_TOKEN": token})
    assert done.returncode == 0, done.stderr
    assert changes(json.loads(done.stdout)) == [("no_longer_permitted", "pay")]
    assert charge(daemon, key, 50).status == 200
    assert daemon.cli("policy", "apply", file, env={"FLYBALL_TOKEN": token}).returncode == 1
    bad = daemon.cli("policy", "apply", write(daemon, "bad.json", document(3).replace("permit", "permitt")), "--check")
    assert bad.returncode == 1 and "would not be applied" in bad.stderr


def test_apply_says_what_a_document_does_in_its_mode(daemon):
    text = json.loads(document(1))
    for mode, words in (("enforce", "is in force: the next call obeys it"), ("shadow", "decides nothing"),
                        ({"observe": {"vendors": ["stripe"]}}, "are allowed, and record")):
        done = daemon.cli("policy", "apply", write(daemon, "mode.json", json.dumps({**text, "mode": mode})))
        assert done.returncode == 0 and words in done.stderr, done.stderr


def test_rollback_is_a_new_version_with_the_old_text(daemon, key):
    daemon.json("policy", "apply", write(daemon, "two.json", document(2, LESS)))
    assert charge(daemon, key, 50).code == "policy_denied"
    daemon.json("policy", "rollback", "default", "--to", "1")
    assert charge(daemon, key, 50).status == 200
    newest, before, first = daemon.json("policy", "history")["policies"]
    assert (newest["version"], before["version"], first["version"]) == (3, 2, 1)
    assert newest["is_active"] and not first["is_active"]
    assert daemon.json("policy", "diff", "default@1", "default@3")["changes"] == []
    none = daemon.cli("policy", "rollback", "default", "--to", "9")
    assert none.returncode == 1 and "no version 9" in none.stderr
    assert daemon.cli("policy", "rollback", "default").returncode == 2


def test_texts_of_one_number_are_told_apart_by_their_digests(daemon, key):
    """Who writes a policy rarely counts its version up: all of these are version 1."""
    texts = [document(1, rules) for rules in (LESS, MORE, OPEN)]
    digests = [daemon.json("policy", "apply", write(daemon, "same.json", t))["digest"] for t in texts]
    listed = daemon.json("policy", "history")["policies"]
    assert {p["version"] for p in listed} == {1} and listed[0]["digest"] == digests[2]
    first = digests[0][:8]
    assert changes(daemon.json("policy", "diff", "default@" + first, "default")) == [("permitted", "pay")]
    assert json.loads(daemon.cli("policy", "show", "default@" + digests[1], "--json").stdout) == json.loads(texts[1])
    for wrong in (first[:7], "0" * 8, first + "x", digests[0] + "0"):
        assert daemon.cli("policy", "rollback", "default", "--to", wrong).returncode in (1, 2)
    assert daemon.cli("policy", "rollback", "default", "--to", "0" * 8).stderr.startswith(
        "flyball: there is no version with the digest 00000000")
    assert charge(daemon, key, 50).status == 200
    done = daemon.cli("policy", "rollback", "default", "--to", first)
    assert done.returncode == 0 and f"says again what {first} said" in done.stderr
    assert charge(daemon, key, 50).code == "policy_denied"
    assert daemon.json("policy", "diff", "default@" + first, "default")["changes"] == []


def test_a_version_may_be_a_date(daemon, key):
    """Eight digits, and no digest."""
    for version, rules in ((20261129, LESS), (20261130, OPEN)):
        daemon.json("policy", "apply", write(daemon, "dated.json", document(version, rules)))
    shown = daemon.cli("policy", "show", "default@20261129", "--json")
    assert shown.returncode == 0 and json.loads(shown.stdout) == json.loads(document(20261129, LESS)), shown.stderr
    assert changes(daemon.json("policy", "diff", "default@20261129", "default")) == [("permitted", "pay")]
    done = daemon.cli("policy", "rollback", "default", "--to", "20261129")
    assert done.returncode == 0 and "says again what version 20261129 said" in done.stderr, done.stderr
    assert charge(daemon, key, 50).code == "policy_denied"
    gone = daemon.cli("policy", "rollback", "default", "--to", "20261128")
    assert gone.returncode == 1 and "no version 20261128" in gone.stderr


def test_a_beginning_that_two_digests_share_names_neither(daemon):
    """Who may write documents can look for two such, and show one of them around."""
    twins = [{"apiVersion": "agentpolicy/v1", "kind": "Policy", "metadata": {"name": "default"}, "rules": [],
              "x-note": n} for n in (37846, 60940)]
    digests = [daemon.json("policy", "apply", write(daemon, "twin.json", json.dumps(t)))["digest"] for t in twins]
    same = digests[0][:8]
    assert same == digests[1][:8] and digests[0] != digests[1]
    for words in (["show", "default@" + same], ["diff", "default@" + same, "default"],
                  ["rollback", "default", "--to", same]):
        done = daemon.cli("policy", *words)
        assert done.returncode == 1, done
        assert f"the digests of several versions of `default` begin with {same}" in done.stderr
    assert daemon.api("POST", "/api/v1/policies/default/rollback", {"digest": same})[0] == 409
    daemon.apply(json.dumps(twins[0]))  # once more, which makes no third digest
    for digest, twin in zip(digests, twins):
        assert json.loads(daemon.cli("policy", "show", "default@" + digest[:12], "--json").stdout) == twin
        assert daemon.cli("policy", "rollback", "default", "--to", digest).returncode == 0


def test_plan_says_once_what_is_wrong_with_a_document(daemon):
    done = daemon.cli("policy", "plan", write(daemon, "bad.json", document(3).replace("permit", "permitt")))
    assert done.returncode == 1 and done.stdout == ""
    assert len(done.stderr.split("did you mean `permit`?")) == len(OPEN) + 1, done.stderr
    assert done.stderr.endswith("flyball: the document cannot be tried on recorded calls\n")


def test_rollback_is_told_of_one_version_and_no_more(daemon):
    for body in ({}, {"to": 1, "digest": "0" * 64}, {"to": "1"}, {"digest": "0" * 7}, {"digest": "0" * 65}):
        assert daemon.api("POST", "/api/v1/policies/default/rollback", body)[0] == 400, body


def test_plan_says_what_a_document_would_have_permitted_and_denied(daemon, key):
    assert [charge(daemon, key, cents).status for cents in (70000, 40000, 500)] == [200, 403, 200]
    assert ask(daemon.data_port, "POST", "/stripe/v1/customers", key, "name=somebody").status == 200
    file = write(daemon, "plan.json", document(2, [r for r in OPEN if r["id"] != "people"],
                                               [CAPS[0], usd("in-day", "2000.00", **{"class": ["money_in"]})]))
    done = daemon.cli("policy", "plan", file, "--json")
    plan = json.loads(done.stdout)
    assert (plan["calls"], plan["replayed"], plan["recorded_otherwise"]) == (4, 4, 0)
    assert (plan["permitted"]["calls"], plan["permitted"]["usd"]) == (1, "400.000000000")
    assert plan["denied"]["calls"] == 1 and plan["denied"]["groups"][0]["operation"] == "stripe.customers.create"
    assert plan["changed"][0]["was"] == {"verdict": "deny", "code": "limit_exceeded", "by": "in-day"}
    assert done.returncode == 1 and "--accept" in done.stderr
    said = daemon.cli("policy", "plan", file, "--accept")
    assert said.returncode == 0, said.stderr
    assert "Newly permitted: 1 call, 400.00 USD" in said.stdout
    nothing = daemon.cli("policy", "plan", write(daemon, "same.json", document(3)), "--json")
    assert nothing.returncode == 0 and json.loads(nothing.stdout)["unchanged"] == 4


def test_a_viewer_may_plan_and_a_bad_document_is_told_its_places(daemon):
    token = daemon.json("admin", "create", "ci", "--service", "--role", "viewer")["token"]
    env = {"FLYBALL_TOKEN": token}
    assert daemon.cli("policy", "plan", write(daemon, "p.json", document(2)), env=env).returncode == 0
    bad = daemon.cli("policy", "plan", write(daemon, "bad.json", document(3).replace("permit", "permitt")), env=env)
    assert bad.returncode == 1 and "bad.json:1:" in bad.stderr
    assert daemon.cli("policy", "plan", write(daemon, "q.json", document(2)), "--since", "soon").returncode == 1


def test_what_is_suggested_denies_nothing_of_what_was_seen(daemon, key):
    for cents in (70000, 40000, 500, 900):
        charge(daemon, key, cents)
    assert ask(daemon.data_port, "POST", "/stripe/v1/customers", key, "name=somebody").status == 200
    assert ask(daemon.data_port, "POST", "/stripe/v1/payouts", key, "amount=1&currency=usd").code == "policy_denied"
    said = daemon.cli("policy", "suggest", "--since", "1h")
    assert said.returncode == 0, said.stderr
    assert "stripe.payouts" not in said.stdout and "such as " in said.stdout
    file = write(daemon, "suggested.yaml", said.stdout)
    assert daemon.cli("policy", "check", file).returncode == 0
    plan = json.loads(daemon.cli("policy", "plan", file, "--since", "1h", "--json").stdout)
    assert plan["denied"]["calls"] == 0 and plan["replayed"] == 6
    none = daemon.cli("policy", "suggest", "--agent", "nobody")
    assert "rules: []" in none.stdout
