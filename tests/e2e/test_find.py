"""`flyball find`: from any id that a person may hold in the hand to the call and the run."""
import time

import pytest

from raw import ask


@pytest.fixture
def demo(make_daemon):
    """A daemon with the demo's run, and its calls oldest first."""
    d = make_daemon(None, command="dev")
    assert d.cli("demo").returncode == 0
    return d, d.calls()[::-1]


def test_every_id_of_a_record_leads_to_its_call(demo):
    d, calls = demo
    tried = set()
    for call in calls:
        ids = {"trace_id": call["trace_id"], "vendor_request_id": call["vendor_request_id"],
               "call_id": call["call_id"]}
        ids |= {f"object {n}": id for n, id in enumerate(call["object_ids"] or [])}
        ids |= {f"tool call {n}": t["id"] for n, t in enumerate(call["tool_calls"] or [])}
        for name, id in ids.items():
            if id is None:
                continue
            tried.add(name.split(" ")[0])
            rows = d.json("find", id)["found"]
            mine = [r for r in rows if r["call_id"] == call["call_id"]]
            assert mine, f"{name} {id} of {call['operation']} leads to {rows}"
            assert (mine[0]["run_id"], mine[0]["agent"], mine[0]["at"]) == (call["run_id"], "demo", call["started_at"])
    assert tried == {"trace_id", "vendor_request_id", "call_id", "object", "tool"}


def test_an_object_leads_first_to_the_call_that_created_it(demo):
    d, calls = demo
    refund = next(c for c in calls if c["operation"] == "stripe.refunds.create" and c["outcome"] == "settled")
    rows = d.json("find", next(id for id in refund["object_ids"] if id.startswith("re_")))["found"]
    assert (rows[0]["kind"], rows[0]["how"], rows[0]["call_id"]) == ("object", "created", refund["call_id"])


def test_names_lead_to_the_newest_call_and_a_key_is_known_by_its_beginning(demo):
    d, calls = demo
    newest, key = calls[-1], calls[-1]["key"]
    for name, kind in ((newest["run_id"], "run"), ("demo", "agent"), (key, "key"), (key[:5], "key")):
        row = d.json("find", name)["found"][0]
        assert (row["kind"], row["how"], row["call_id"]) == (kind, "latest", newest["call_id"])
    made = d.json("key", "create", "--agent", "never-called")
    row = d.json("find", made["key"])["found"][0]  # as agents have it
    assert (row["kind"], row["id"], row["agent"], row["call_id"]) == ("key", made["id"], "never-called", None)
    assert made["key"] not in d.log()


def test_people_get_a_table_and_what_to_ask_next(demo):
    d, calls = demo
    done = d.cli("find", calls[-1]["call_id"])
    assert done.returncode == 0 and done.stdout.splitlines()[1].split()[:2] == ["call", "exact"]
    assert f"flyball why {calls[-1]['call_id']}" in done.stderr
    assert f"flyball runs show {calls[-1]['run_id']}" in done.stderr


def test_what_is_not_there_is_exit_1(daemon):
    done = daemon.cli("find", "re_nothing")
    assert done.returncode == 1 and done.stdout == "" and "re_nothing" in done.stderr
    done = daemon.cli("find", "re_nothing", "--json")
    assert done.returncode == 1 and done.stdout.strip() == '{"found":[]}'
    assert daemon.cli("find").returncode == 2
    assert daemon.cli("find", "re_1", "--text", "a word").returncode == 2
    assert daemon.cli("find", "re_1", "--before", "3").returncode == 2


def test_a_sentence_is_not_found_where_no_body_is_kept_and_that_is_said(daemon):
    done = daemon.cli("find", "--text", "give him the money back")
    assert done.returncode == 1 and done.stdout == "" and "Searched 0 kept bodies" in done.stderr
    assert "obligation `log`" in done.stderr
    assert daemon.api("GET", "/api/v1/bodies?text=")[0] == 400
    assert daemon.api("GET", "/api/v1/bodies?text=" + 512 * "x")[0] == 200
    assert daemon.api("GET", "/api/v1/bodies?text=" + 513 * "x")[0] == 400


def test_a_call_is_found_the_moment_its_answer_ended(daemon, key):
    for n in range(20):
        ask(daemon.data_port, "POST", "/stripe/v1/payment_intents", key,
            "amount=500&currency=usd&confirm=true&payment_method=pm_card_visa",
            headers=[("Idempotency-Key", f"attempt-{n}-of-agent")])
        row = daemon.json("find", f"attempt-{n}-of-agent")["found"][0]
        assert (row["kind"], row["how"]) == ("idempotency_key", "exact")


def test_ids_survive_a_restart(daemon, key):
    ask(daemon.data_port, "POST", "/stripe/v1/payment_intents", key,
        "amount=500&currency=usd&confirm=true&payment_method=pm_card_visa", headers=[("Idempotency-Key", "before-it")])
    daemon.stop()
    daemon.start()
    assert len(daemon.json("find", "before-it")["found"]) == 1


def test_it_answers_at_once(demo):
    d, calls = demo
    since = time.monotonic()
    d.get(f"/api/v1/find?q={calls[0]['trace_id']}")
    assert time.monotonic() - since < 0.2
