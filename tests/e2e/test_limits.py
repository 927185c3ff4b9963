"""Limits as people meet them: windows of their own zone, thresholds that only tell, trees of runs, temporary raises,
and what becomes of counters when a document changes."""
import time

import pytest

from flyball import permit, policy
from raw import ask

RULES = [permit("look", vendor=["stripe"], **{"class": ["read"]}),
         permit("pay", operation=["stripe.payment_intents.create", "stripe.charges.create"])]


def pay(d, key, cents, **headers):
    body = f"amount={cents}&currency=usd&confirm=true&payment_method=pm_card_visa"
    return ask(d.data_port, "POST", "/stripe/v1/payment_intents", key, body,
               headers=[(k.replace("_", "-"), v) for k, v in headers.items()])


def limit(id, **more):
    return {"id": id, "meter": "usd", "max": "10.00", "window": {"lifetime": True},
            "match": {"class": ["money_in"]}, **more}


def events(d, name):
    return [e for e in d.get("/api/v1/events")["events"] if e["event"] == name]


@pytest.fixture
def d(make_daemon, vendor):
    return make_daemon(vendor)


def test_a_soft_threshold_is_told_and_refuses_nothing(d):
    d.apply(policy("default", RULES, [limit("all", by=["agent"], soft="5.00")]))
    key = d.key(agent="shop")["key"]
    assert pay(d, key, 500).status == 200
    d.settle()
    assert events(d, "limit.soft") == []
    passed = pay(d, key, 100)
    assert passed.status == 200 and pay(d, key, 100).status == 200
    d.settle()
    (event,) = events(d, "limit.soft")
    assert event["limit"]["id"] == "all" and event["limit"]["soft"] == "5.000000000"
    assert event["limit"]["used"] == "6.000000000"
    assert d.metric("flyball_limits_soft_passed_total") == 1
    (row,) = [l for l in d.get("/api/v1/limits")["limits"] if l["id"] == "all"]
    assert row["soft"] == "5.000000000" and row["buckets"][0]["is_past_soft"] is True
    why = d.cli("why", passed.call_id).stdout
    assert "beyond the soft threshold" in why


def raised(d, *args):
    return d.json("limit", "raise", *args, "--test", "--reason", "launch day")


def test_a_raise_makes_room_says_so_and_outlives_a_kill(d):
    d.apply(policy("default", RULES, [limit("all", by=["agent"])]))
    key = d.key(agent="shop")["key"]
    assert pay(d, key, 1000).status == 200 and pay(d, key, 100).code == "limit_exceeded"
    up = raised(d, "all", "--by", "5", "--for", "1h", "--whose", "agent=shop")
    assert (up["before"], up["after"], up["bucket"]) == ("10.000000000", "15.000000000", "agent=shop")
    assert pay(d, key, 300).status == 200
    no = pay(d, key, 300)
    assert no.code == "limit_exceeded" and "is 15.00 USD" in no.json["error"]["message"]
    assert "5.00 of that is a raise until 2" in no.json["error"]["message"]
    d.restart(kill_9=True)
    assert pay(d, key, 200).status == 200 and pay(d, key, 1).code == "limit_exceeded"
    (event,) = events(d, "limit.raise")
    assert event["reason"] == "launch day" and event["limit"] == "all" and event["by"]
    assert (event["before"], event["after"]) == (10_000_000_000, 15_000_000_000)
    (row,) = [l for l in d.get("/api/v1/limits")["limits"] if l["id"] == "all"]
    assert row["raises"][0]["raise"] == "5.000000000" and row["buckets"][0]["raised"] == "5.000000000"
    assert "is raised by 5.00 USD" in d.cli("limit", "list").stderr
    assert "with a raise of" in d.cli("why", no.call_id).stdout


def test_a_raise_ends_by_itself(d):
    d.apply(policy("default", RULES, [limit("all")]))
    key = d.key()["key"]
    assert pay(d, key, 1000).status == 200
    raised(d, "all", "--by", "5", "--for", "2s")
    assert pay(d, key, 100).status == 200
    time.sleep(2.1)
    no = pay(d, key, 100)
    assert no.code == "limit_exceeded" and "a raise" not in no.json["error"]["message"]
    assert "raises" not in [l for l in d.get("/api/v1/limits")["limits"] if l["id"] == "all"][0]


@pytest.mark.parametrize("args, said", [
    (["none", "--by", "5", "--for", "1h"], "no document in force has a limit `none`; flyball limit list"),
    (["all", "--by", "0", "--for", "1h", "--whose", "agent=a"], "more than 0"),
    (["all", "--by", "5", "--for", "32d", "--whose", "agent=a"], "up to 31d"),
    (["all", "--by", "5", "--for", "1h", "--whose", "key=a"], "counts by agent"),
    (["all", "--by", "5", "--for", "1h"], "say whose: agent="),
    (["each", "--by", "5", "--for", "1h"], "change the document"),
    (["key/usd/day", "--by", "5", "--for", "1h", "--whose", "key=nope"], "no such key")])
def test_what_cannot_be_raised_is_said(d, args, said):
    d.apply(policy("default", RULES, [limit("all", by=["agent"]), limit("each", window={"call": True})]))
    for agent in ("a", "b"):
        assert pay(d, d.key(agent=agent)["key"], 100).status == 200
    r = d.cli("limit", "raise", *args, "--test", "--reason", "x")
    assert r.returncode == 1 and said in r.stderr, r.stderr


def test_what_becomes_of_counters_is_said_before_a_document_is_saved(d):
    def document(**max):
        return policy("default", RULES, [limit(i, max=m) for i, m in max.items()])

    d.apply(policy("default", RULES, [limit("same"), limit("more"), limit("less"), limit("gone"),
                                      limit("other", by=["agent"])]))
    live = d.key(agent="shop", mode="test")["key"]
    assert pay(d, live, 800).status == 200
    path = d.root / "next.json"
    path.write_text(document(same="10.00", more="20.00", less="5.00", other="10.00", fresh="10.00"))
    checked = d.cli("policy", "apply", str(path), "--check")
    _, answer = d.api("POST", "/api/v1/policies/check", {"document": path.read_text()})
    said = {f["id"]: f["counts"] for f in answer["limits"]}
    want = {"same": "kept", "more": "raised", "less": "lowered", "gone": "ended", "other": "restarted", "fresh": "new"}
    assert said == want
    assert "starts at zero, because its meter, window or `by` changed" in checked.stdout + checked.stderr
    _, done = d.api("POST", "/api/v1/policies", {"document": path.read_text()})
    assert {f["id"]: f["counts"] for f in done["limits"]} == want
    assert pay(d, live, 300).code == "limit_exceeded"


def test_a_tree_of_runs_has_one_cap(d):
    d.apply(policy("default", RULES, [limit("tree", by=["root_run"], runs={"max_new": 2, "per": "1h"})]))
    first, second = d.key(agent="lead")["key"], d.key(agent="helper")["key"]
    assert pay(d, first, 400, x_agent_run_id="r1").status == 200
    assert pay(d, second, 400, x_agent_run_id="r2", x_agent_parent_run_id="r1").status == 200
    no = pay(d, second, 400, x_agent_run_id="r3", x_agent_parent_run_id="r2")
    assert no.code == "limit_exceeded" and "the tree of run r1" in no.json["error"]["message"]
    assert pay(d, second, 400, x_agent_run_id="r4").status == 200
    assert pay(d, second, 400, x_agent_run_id="r5").status == 200
    no = pay(d, second, 400, x_agent_run_id="r6")
    assert (no.status, no.code) == (429, "rate_limited") and "2 new runs in any 1h" in no.json["error"]["message"]


@pytest.mark.parametrize("tenant", [None, "acme/eu"])
def test_a_tree_of_runs_keeps_its_cap_over_a_kill(d, tenant):
    d.apply(policy("default", RULES, [limit("tree", by=["root_run"])]))
    key = d.key(agent="lead", **({"tenant": tenant} if tenant else {}))["key"]
    assert pay(d, key, 400, x_agent_run_id="r1").status == 200
    assert pay(d, key, 300, x_agent_run_id="r2", x_agent_parent_run_id="r1").status == 200
    for drained in (True, False):  # what is known of the tree comes from the store, then from the journal's tail
        if drained:
            d.settle()
        run = "r3" if drained else "r4"
        assert pay(d, key, 100, x_agent_run_id=run, x_agent_parent_run_id="r2").status == 200
        d.restart(kill_9=True)
        assert pay(d, key, 600, x_agent_run_id=run).code == "limit_exceeded"  # names no parent any more
        no = pay(d, key, 600, x_agent_run_id="r5", x_agent_parent_run_id="r2")
        assert no.code == "limit_exceeded" and "the tree of run r1" in no.json["error"]["message"]


def test_a_day_is_that_of_the_limits_zone(d):
    d.apply(policy("default", RULES, [limit("east", window={"calendar": "day"}, tz="Pacific/Kiritimati"),
                                      limit("west", window={"calendar": "day"}, tz="Pacific/Pago_Pago")]))
    key = d.key()["key"]
    assert pay(d, key, 1000).status == 200
    rows = {l["id"]: l for l in d.get("/api/v1/limits")["limits"]}
    assert rows["east"]["window"] == "day:Pacific/Kiritimati"
    assert rows["east"]["buckets"][0]["resets_at"].endswith("T10:00:00.000Z")
    assert rows["west"]["buckets"][0]["resets_at"].endswith("T11:00:00.000Z")
    d.restart(kill_9=True)
    no = pay(d, key, 1)
    assert no.code == "limit_exceeded" and "a day in Pacific/Kiritimati" in no.json["error"]["message"]
    bad = d.cli("policy", "check", "-", input=policy("default", RULES, [limit("x", window={"calendar": "day"},
                                                                              tz="Pacific/Kiritimatti")]))
    assert bad.returncode == 1 and "did you mean `Pacific/Kiritimati`" in bad.stdout + bad.stderr


def test_how_full_limits_are_is_a_metric_with_their_names_alone(d):
    d.apply(policy("default", RULES, [limit("all", by=["agent"]), limit("each", window={"call": True})]))
    live = d.key(agent="shop", mode="test")["key"]
    assert pay(d, live, 750).status == 200
    text = d.api("GET", "/metrics")[1]
    series = [line for line in text.splitlines() if line.startswith("flyball_budget_used_ratio{")]
    assert series == ['flyball_budget_used_ratio{policy="default",limit="all"} 0.0000']  # test calls are not live ones


def test_a_plan_replays_zones_raises_and_trees_as_they_were(d):
    limits = [limit("east", window={"calendar": "day"}, tz="Pacific/Kiritimati"),
              limit("tree", by=["root_run"], max="100.00", runs={"max_new": 5, "per": "1h"})]
    text = policy("default", RULES, limits)
    d.apply(text)
    key = d.key()["key"]
    assert [pay(d, key, 400).status for _ in range(3)] == [200, 200, 403]
    raised(d, "east", "--by", "5", "--for", "1h")
    assert pay(d, key, 400, x_agent_run_id="r2", x_agent_parent_run_id="r1").status == 200
    d.settle()
    path = d.root / "same.json"
    path.write_text(text)
    same = d.cli("policy", "plan", str(path), "--since", "1h")
    assert same.returncode == 0 and "4 replayed, 4 unchanged" in same.stdout, same.stdout + same.stderr
    path.write_text(policy("default", RULES, [limit("east", max="4.00", window={"calendar": "day"},
                                                    tz="Pacific/Kiritimati")]))
    less = d.cli("policy", "plan", str(path), "--since", "1h")
    assert "Newly denied: 1 call" in less.stdout, less.stdout + less.stderr
