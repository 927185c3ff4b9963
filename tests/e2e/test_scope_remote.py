"""Scopes that somebody else answers: relations on file, an OpenFGA, a URL, a PostgreSQL; and what happens when they are
down, slow, wrong, stormed, or answered a moment ago."""
import json
import threading
import time

import pytest

from answerers import Answerer, Postgres, postgres_bin
from flyball import policy
from raw import Reader, ask, connect, request
from scope_vendor import ScopeVendor
from test_scope import pay, scoped

MODEL = """model
  schema 1.1
type user
type agent
type tenant
  relations
    define operator: [agent]
type customer
  relations
    define tenant: [tenant]
    define blocked: [agent]
    define delegate: [agent, agent with until]
    define manager: [user]
    define can_request: manager
    define can_act_for: (delegate or operator from tenant) but not blocked
condition until(now: timestamp, exp: timestamp) { now < exp }
"""
TUPLES = [
    {"user": "agent:bot", "relation": "delegate", "object": "customer:cus_C0x"},
    {"user": "tenant:acme", "relation": "tenant", "object": "customer:cus_C1x"},
    {"user": "agent:bot", "relation": "operator", "object": "tenant:acme"},
    {"user": "tenant:acme", "relation": "tenant", "object": "customer:cus_C3x"},
    {"user": "agent:bot", "relation": "blocked", "object": "customer:cus_C3x"},
    {"user": "agent:bot", "relation": "delegate", "object": "customer:cus_C4x",
     "condition": {"name": "until", "context": {"exp": "2020-01-01T00:00:00Z"}}},
    {"user": "agent:bot", "relation": "delegate", "object": "customer:cus_C5x",
     "condition": {"name": "until", "context": {"exp": "2199-01-01T00:00:00Z"}}},
]
MAY = {"relation": {"name": "can_act_for"}}
CUSTOMERS = [f"cus_C{i}x" for i in range(6)]


@pytest.fixture
def book():
    v = ScopeVendor().start()
    yield v
    v.stop()


@pytest.fixture
def answerer():
    made = []

    def make(answer):
        made.append(Answerer(answer))
        return made[-1]

    yield make
    for it in made:
        it.stop()


def allowed(d, key, customers=CUSTOMERS):
    return [c for c in customers if pay(d, key, c).status == 200]


# ---- relations on file -----------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    (tmp_path / "m.fga").write_text(MODEL)
    (tmp_path / "t.json").write_text(json.dumps({"tuple_keys": TUPLES}))
    return {"relations": {"embedded": {"model": str(tmp_path / "m.fga"), "tuples": str(tmp_path / "t.json")}}}


def test_relations_on_file_say_for_whom_an_agent_may_act(make_daemon, book, files):
    d = make_daemon(book, config=files)
    d.apply(policy("default", [scoped(MAY)]))
    key = d.key(agent="bot")["key"]
    assert allowed(d, key) == ["cus_C0x", "cus_C1x", "cus_C5x"]
    assert allowed(d, d.key(agent="other")["key"]) == []
    no = pay(d, key, "cus_C3x")
    assert "has no relation can_act_for" in no.message and "account cus_C3x" in no.message


def test_relations_are_read_anew_by_reload_and_bad_ones_change_nothing(make_daemon, book, files, tmp_path):
    d = make_daemon(book, config=files)
    d.apply(policy("default", [scoped(MAY)]))
    key = d.key(agent="bot")["key"]
    assert pay(d, key, "cus_C0x").status == 200
    (tmp_path / "t.json").write_text(json.dumps(TUPLES[1:]))
    assert d.cli("reload").returncode == 0
    assert pay(d, key, "cus_C0x").code == "scope_denied"
    (tmp_path / "m.fga").write_text("nonsense")
    bad = d.cli("reload")
    assert bad.returncode == 1 and "relation_model" in bad.stdout + bad.stderr
    assert "event=reload_failed" in d.log()
    assert pay(d, key, "cus_C1x").status == 200
    d.log_file.write_text("")  # what was to be said there


def test_a_user_who_is_not_proven_has_no_relation(make_daemon, book, files):
    d = make_daemon(book, config=files)
    d.apply(policy("default", [scoped({"relation": {"name": "can_act_for", "user_relation": "can_request"}})]))
    assert pay(d, d.key(agent="bot")["key"], "cus_C0x").code == "scope_denied"


def test_without_an_engine_nothing_is_related(make_daemon, book):
    d = make_daemon(book)
    d.apply(policy("default", [scoped(MAY)]))
    no = pay(d, d.key()["key"], "cus_C0x")
    assert no.code == "scope_denied" and "no such engine" in no.message


# ---- an OpenFGA ------------------------------------------------------------------------------------------------------


def openfga(answers):
    def answer(method, path, body):
        q = json.loads(body)["tuple_key"]
        return 200, {"allowed": (q["user"], q["relation"], q["object"]) in answers}

    return answer


def fga(a, **more):
    return {"relations": {"openfga": {"url": a.url, "store": "01J0", "model": "01M0", "timeout": "500ms", **more}}}


def test_an_openfga_is_asked_as_it_wants(make_daemon, book, answerer):
    a = answerer(openfga({("agent:bot", "can_act_for", "customer:cus_C0x")}))
    d = make_daemon(book, config=fga(a, secret="env:FGA"), env={"FGA": "fga-key-1"})
    d.apply(policy("default", [scoped(MAY)]))
    assert allowed(d, d.key(agent="bot")["key"]) == ["cus_C0x"]
    method, path, body, headers = a.asked[0]
    sent = json.loads(body)
    assert (method, path) == ("POST", "/stores/01J0/check")
    assert sent["authorization_model_id"] == "01M0" and sent["consistency"] == "HIGHER_CONSISTENCY"
    assert sent["context"]["now"].endswith("Z") and headers["authorization"] == "Bearer fga-key-1"
    assert "fga-key-1" not in d.log()


@pytest.mark.parametrize("answer, why", [
    (lambda *_: (500, {"code": "internal"}), "answered with an error"),
    (lambda *_: (200, {"allowed": "yes"}), "answered with an error"),
    (lambda *_: (200, b"<html>"), "answered with an error"),
    (lambda *_: (200, b"x" * 100000), "too long"),
])
def test_an_answer_that_is_none_denies(make_daemon, book, answerer, answer, why):
    a = answerer(answer)
    d = make_daemon(book, config=fga(a))
    d.apply(policy("default", [scoped(MAY)]))
    no = pay(d, d.key()["key"], "cus_C0x")
    assert no.code == "scope_denied" and why in no.message


def test_an_engine_that_is_down_denies_and_one_that_comes_back_is_asked_again(make_daemon, book, answerer):
    a = answerer(openfga({("agent:bot", "can_act_for", "customer:cus_C0x")}))
    d = make_daemon(book, config=fga(a))
    d.apply(policy("default", [scoped(MAY)]))
    key = d.key(agent="bot")["key"]
    a.delay = 2  # as good as down: the time is over
    began = time.monotonic()
    no = pay(d, key, "cus_C0x")
    assert no.code == "scope_denied" and "did not answer in time" in no.message
    assert 0.4 < time.monotonic() - began < 1.5
    a.delay = 0
    assert pay(d, key, "cus_C0x").status == 200
    a.stop()
    assert pay(d, key, "cus_C1x").code == "scope_denied"


def test_a_yes_is_remembered_for_as_long_as_the_config_says_and_a_no_never(make_daemon, book, answerer):
    answers = {("agent:bot", "can_act_for", "customer:cus_C0x")}
    a = answerer(openfga(answers))
    d = make_daemon(book, config=fga(a, cache="1s"))
    d.apply(policy("default", [scoped(MAY)]))
    key = d.key(agent="bot")["key"]
    assert pay(d, key, "cus_C0x").status == 200
    answers.clear()
    assert pay(d, key, "cus_C0x").status == 200 and len(a.asked) == 1  # stale, as allowed
    assert pay(d, key, "cus_C1x").code == "scope_denied" and pay(d, key, "cus_C1x").code == "scope_denied"
    assert len(a.asked) == 3
    time.sleep(1.1)
    assert pay(d, key, "cus_C0x").code == "scope_denied"


def test_a_storm_waits_in_line_and_what_has_no_place_there_is_denied(make_daemon, book, answerer):
    """64 agents at once against two questions at a time and eight in line, each of which takes 0.2 s."""
    a = answerer(lambda *_: (200, {"allowed": True}))
    a.delay = 0.2
    d = make_daemon(book, config=fga(a, concurrent=2, timeout="2s"), args=["--workers", "1"])
    d.apply(policy("default", [scoped(MAY)]))
    key, codes, lock, start = d.key()["key"], [], threading.Lock(), threading.Barrier(65)

    def work():
        with connect(d.data_port) as s:
            start.wait()
            s.sendall(request("POST", "/stripe/v1/payment_intents", key, "amount=1&currency=usd&customer=cus_C0x"))
            r = Reader(s).response()
            with lock:
                codes.append((r.code or r.status, r.message if r.code else ""))

    threads = [threading.Thread(target=work) for _ in range(64)]
    for t in threads:
        t.start()
    start.wait()
    began = time.monotonic()
    quick = ask(d.data_port, "GET", "/healthz", None, None)
    assert quick.status == 200 and time.monotonic() - began < 0.15  # no worker waits
    for t in threads:
        t.join(30)
    assert a.most <= 2
    assert [c for c, _ in codes].count(200) == 10 and [c for c, _ in codes].count("scope_denied") == 54
    assert all("too many questions" in m for c, m in codes if c == "scope_denied")


def test_an_agent_that_leaves_while_somebody_is_asked_is_on_record(make_daemon, book, answerer):
    a = answerer(lambda *_: (200, {"allowed": True}))
    a.delay = 0.3
    d = make_daemon(book, config=fga(a))
    d.apply(policy("default", [scoped(MAY)]))
    with connect(d.data_port) as s:
        s.sendall(request("POST", "/stripe/v1/payment_intents", d.key()["key"],
                          "amount=1&currency=usd&customer=cus_C0x"))
        time.sleep(0.1)
    time.sleep(0.6)
    assert d.calls()[0]["error"] == "client_gone" and not book.writes


# ---- a URL -----------------------------------------------------------------------------------------------------------


def crm(a, **more):
    return {"sources": {"crm": {"url": a.url + "/may-bill?c={customer}&v=1", "timeout": "500ms",
                                "allow_when": "status == 200 && body.ok == true", **more}}}


def test_a_url_says_whom_a_rule_is_for(make_daemon, book, answerer):
    a = answerer(lambda m, path, b: (200, {"ok": "C0x" in path, "why": {"n": [1, 2.5, None]}}))
    d = make_daemon(book, config=crm(a, secret="env:CRM"), env={"CRM": "crm-key-1"})
    d.apply(policy("default", [scoped({"query": {"source": "crm"}})]))
    key = d.key()["key"]
    assert allowed(d, key) == ["cus_C0x"]
    assert a.asked[0][:2] == ("GET", "/may-bill?c=cus_C0x&v=1") and a.asked[0][3]["authorization"] == "Bearer crm-key-1"
    assert "the source crm does not allow it" in pay(d, key, "cus_C1x").message


@pytest.mark.parametrize("answer", [lambda *_: (500, {"ok": True}), lambda *_: (200, {"ok": "true"}),
                                    lambda *_: (200, {}), lambda *_: (200, b"ok"), lambda *_: (204, b"")])
def test_what_does_not_fulfil_allow_when_denies(make_daemon, book, answerer, answer):
    a = answerer(answer)
    d = make_daemon(book, config=crm(a))
    d.apply(policy("default", [scoped({"query": {"source": "crm"}})]))
    assert pay(d, d.key()["key"], "cus_C0x").code == "scope_denied" and not book.writes


def test_a_source_that_nobody_configured_denies(make_daemon, book):
    d = make_daemon(book)
    d.apply(policy("default", [scoped({"query": {"source": "crm"}})]))
    assert "no source of that name" in pay(d, d.key()["key"], "cus_C0x").message


def test_answers_are_on_record_with_who_gave_them(make_daemon, book, answerer):
    a = answerer(lambda m, path, b: (200, {"ok": True}))
    d = make_daemon(book, config=crm(a, cache="10s"))
    d.apply(policy("default", [scoped({"query": {"source": "crm"}})]))
    key = d.key()["key"]
    pay(d, key, "cus_C0x")
    time.sleep(0.005)  # an answer of this very millisecond has no age
    pay(d, key, "cus_C0x")
    frames = b"".join(text for _, text in d.everything_written())
    assert b'"answers":[{"question":"query","source":"crm"' in frames and b'"about":"cus_C0x"' in frames
    assert b'"affected":{"accounts":[{"id":"cus_C0x","customer":true}]}' in frames
    why = d.cli("why", d.calls()[0]["call_id"]).stdout
    assert "It acts on cus_C0x" in why and "cus_C0x: allowed: yes (crm" in why and "ms before" in why


def test_plan_decides_again_on_the_answers_of_then(make_daemon, book, answerer, tmp_path):
    """The source is gone, and the replay needs it no more; a document that asks something else is not replayable."""
    a = answerer(lambda m, path, b: (200, {"ok": "C0x" in path}))
    d = make_daemon(book, config=crm(a))
    d.apply(policy("default", [scoped({"query": {"source": "crm"}})]))
    key = d.key()["key"]
    assert allowed(d, key, ["cus_C0x", "cus_C1x"]) == ["cus_C0x"]
    a.stop()
    d.settle()
    same, other = tmp_path / "same.json", tmp_path / "other.json"
    same.write_text(policy("default", [scoped({"query": {"source": "crm"}}), {"id": "x", "effect": "forbid", "match": {
        "operation": ["stripe.payouts.*"]}}]))
    other.write_text(policy("default", [scoped({"created_by": "agent"})]))
    plan = json.loads(d.cli("policy", "plan", str(same), "--since", "1h", "--json").stdout)
    text = json.dumps(plan)
    assert plan["unchanged"] == 2, text
    plan = json.loads(d.cli("policy", "plan", str(other), "--since", "1h", "--json").stdout)
    assert "scope" in json.dumps(plan), plan


# ---- the operator's own PostgreSQL -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pg(tmp_path_factory):
    if not postgres_bin():
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    p = Postgres(tmp_path_factory.mktemp("pg"))
    p.start()
    p.sql("CREATE TABLE customers(id text PRIMARY KEY, may boolean, n int);"
          "INSERT INTO customers VALUES ('cus_C0x', true, 0), ('cus_C1x', false, 0), ('cus_C2x', NULL, 0);"
          "CREATE FUNCTION bump(c text) RETURNS boolean LANGUAGE sql AS"
          " 'UPDATE customers SET n = n + 1 WHERE id = c RETURNING true';")
    yield p
    p.stop()


def own(pg, sql="SELECT may FROM customers WHERE id = $1", **more):
    return {"sources": {"crm": {"postgres": "env:CRM_DSN", "sql": sql, "timeout": "500ms", "concurrent": 2, **more}}}


def sql_daemon(make_daemon, book, pg, **more):
    d = make_daemon(book, config=own(pg, **more), env={"CRM_DSN": pg.conninfo})
    d.apply(policy("default", [scoped({"query": {"source": "crm"}})]))
    return d, d.key()["key"]


def test_a_database_says_whom_a_rule_is_for(make_daemon, book, pg):
    d, key = sql_daemon(make_daemon, book, pg)
    assert allowed(d, key) == ["cus_C0x"]
    assert not book.strangers(["cus_C0x"])


def test_the_customers_id_is_bound_and_no_part_of_the_statement(make_daemon, book, pg):
    d, key = sql_daemon(make_daemon, book, pg, sql="SELECT true FROM customers WHERE id = $1")
    for evil in ("x%27+OR+%271%27%3D%271", "%24%31", "cus_C0x%27--"):
        assert pay(d, key, evil).status in (400, 403)
    assert pg.sql("SELECT count(*) FROM customers") == "3" and not book.writes


def test_a_statement_that_writes_is_refused_by_the_session(make_daemon, book, pg):
    d, key = sql_daemon(make_daemon, book, pg, sql="SELECT bump($1)")
    no = pay(d, key, "cus_C0x")
    assert no.code == "scope_denied" and "the statement failed" in no.message
    assert pg.sql("SELECT max(n) FROM customers") == "0"


def test_a_statement_that_takes_too_long_denies_and_the_next_one_is_asked(make_daemon, book, pg):
    d, key = sql_daemon(make_daemon, book, pg,
                        sql="SELECT may FROM customers, pg_sleep(CASE WHEN id = 'cus_C1x' THEN 5 ELSE 0 END)"
                            " WHERE id = $1")
    began = time.monotonic()
    assert pay(d, key, "cus_C1x").code == "scope_denied"
    assert time.monotonic() - began < 1.5
    assert pay(d, key, "cus_C0x").status == 200


@pytest.mark.parametrize("sql, why", [("SELECT nothing FROM nowhere WHERE x = $1", "does not take the statement"),
                                      ("SELECT 1/0 = 1 WHERE $1 <> ''", "the statement failed")])
def test_a_statement_that_is_wrong_denies_and_says_so(make_daemon, book, pg, sql, why):
    d, key = sql_daemon(make_daemon, book, pg, sql=sql)
    no = pay(d, key, "cus_C0x")
    assert no.code == "scope_denied" and why in no.message


def test_a_database_that_goes_and_comes_back(make_daemon, book, pg):
    d, key = sql_daemon(make_daemon, book, pg)
    assert pay(d, key, "cus_C0x").status == 200
    pg.stop()
    assert pay(d, key, "cus_C0x").code == "scope_denied"
    pg.start()
    until = time.monotonic() + 10
    while pay(d, key, "cus_C0x").status != 200:
        assert time.monotonic() < until
