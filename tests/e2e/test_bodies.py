"""Bodies of calls, kept where the policy asks for it: what passed, without what is personal, for those with the role;
gone when they are erased, old or in the way; and no call or record fails by them."""
import gzip
import json
import sqlite3

import pytest

from flyball import policy
from raw import ask
from redact_vendor import Echo, chat_answer, chat_events, in_pieces
from test_erase import lz4

JSON = "application/json"
EMAIL = "canary.quine@mail.example.com"
SECRET = "sk-proj-made-up-canary-0001"
BOTH = {"type": "log", "properties": {"bodies": ["request", "response"]}}


def document(obligations=(BOTH,), redact_at=None):
    rule = {"id": "all", "effect": "permit", "match": {"layer": ["llm", "saas"]}, "obligations": list(obligations)}
    if not redact_at:
        return policy("default", [rule])
    return policy("default", [{**rule, "redact": ["pii"]}], redact={"pii": {"detect": ["email"], "at": redact_at}})


@pytest.fixture
def make(make_daemon):
    echoes = []

    def make(answer=lambda path, body: (JSON, [chat_answer("hello there")], {}), text=None, limits=None):
        echo = Echo(answer)
        echoes.append(echo)
        vendors = {n: {"base_url": echo.url, "secret": f"env:{n.upper()}_KEY"} for n in ("openai", "stripe")}
        d = make_daemon(vendors=vendors, limits=limits, env={"OPENAI_KEY": SECRET, "STRIPE_KEY": "sk_test_madeup0001"})
        d.apply(text or document())
        return d, d.key()["key"], echo

    yield make
    for e in echoes:
        e.stop()


def chat(d, key, text="what is the weather", run=None, **more):
    body = {"model": "gpt-4o-mini", "max_tokens": 50, "messages": [{"role": "user", "content": text}], **more}
    return ask(d.data_port, "POST", "/openai/v1/chat/completions", key + (f".run_{run}" if run else ""),
               json.dumps(body), type=JSON)


def bodies_of(d, call=None):
    id = call or d.calls()[0]["call_id"]
    answer = d.get(f"/api/v1/calls/{id}/bodies")
    return {b["side"]: b for b in answer["bodies"]}


def contents(d):
    """Everything that is kept, unpacked. The daemon is stopped."""
    db = sqlite3.connect(next(p for p in d.files() if p.read_bytes()[:6] == b"SQLite"))
    return [lz4(packed) for (packed,) in db.execute("SELECT packed FROM contents")]


def is_anywhere(d, *values):
    """In any byte of any file, also unpacked. The daemon is stopped."""
    found = [p.read_bytes() for p in d.files()] + [d.log_file.read_bytes()] + contents(d)
    return any(v.encode() in data for data in found for v in values)


# ---- kept, or not ----------------------------------------------------------------------------------------------------


def test_both_bodies_are_kept_as_they_passed(make):
    d, key, echo = make()
    r = chat(d, key, "give him the money back")
    kept = bodies_of(d)
    assert kept["request"]["text"].encode() == echo.seen.split(b"\r\n\r\n")[-1].split(b"\n\n")[-1]
    assert "give him the money back" in kept["request"]["text"]
    assert kept["response"]["text"].encode() == r.body == chat_answer("hello there")
    for b in kept.values():
        assert (b["truncated"], b["not_kept"], b["why"], b["encoding"]) == (False, None, None, None)
        assert b["bytes"] == len(b["text"].encode()) and b["content_type"] == JSON
    assert d.metric("flyball_bodies_kept_total") == 2


def test_nothing_is_kept_without_the_obligation_and_that_is_said(make):
    d, key, _ = make(text=document(obligations=()))
    chat(d, key, "not on any disk")
    answer = d.get(f"/api/v1/calls/{d.calls()[0]['call_id']}/bodies")
    assert answer["bodies"] == [] and "obligation `log`" in answer["why"]
    assert d.stop() == 0 and contents(d) == [] and not is_anywhere(d, "not on any disk")


def test_one_side_alone_is_kept_where_one_is_asked_for(make):
    d, key, _ = make(text=document([{"type": "log", "properties": {"bodies": ["response"]}}]))
    chat(d, key)
    assert set(bodies_of(d)) == {"response"}


def test_a_stream_is_kept_as_it_passed(make):
    d, key, _ = make(lambda path, body: ("text/event-stream", in_pieces(chat_events("a streamed answer", 3), 40), {}))
    r = chat(d, key, stream=True)
    assert bodies_of(d)["response"]["text"].encode() == r.body


def test_a_form_and_its_answer_are_kept(make):
    d, key, _ = make(lambda path, body: (JSON, [b'{"id":"cus_1","object":"customer"}'], {}))
    ask(d.data_port, "POST", "/stripe/v1/customers", key, f"email={EMAIL}&name=Ann")
    kept = bodies_of(d)
    assert "name=Ann" in kept["request"]["text"] and kept["response"]["text"].startswith('{"id":"cus_1"')


def test_gzip_is_kept_as_text_and_what_cannot_be_unpacked_as_it_is(make):
    answers = [gzip.compress(chat_answer("packed words")), b"\x1b\x03not brotli"]
    d, key, _ = make(lambda path, body: (JSON, [answers[0]],
                                         {"content-encoding": "gzip" if len(answers) == 2 else "br"}))
    chat(d, key)
    first = bodies_of(d)["response"]
    assert (json.loads(first["text"])["choices"][0]["message"]["content"], first["encoding"]) == ("packed words", None)
    assert first["bytes"] == len(answers.pop(0))
    chat(d, key)
    second = bodies_of(d)["response"]
    assert second["encoding"] == "br" and "text" not in second and second["base64"] == "GwNub3QgYnJvdGxp"


# ---- bounds ----------------------------------------------------------------------------------------------------------


def test_at_the_limit_a_body_is_whole_and_one_past_it_is_cut(make):
    size = len(chat_answer("x"))
    d, key, _ = make(lambda path, body: (JSON, [chat_answer("x" if b"short" in body else "xy")], {}),
                     limits={"body_keep_bytes_max": size})
    chat(d, key, "short")
    assert bodies_of(d)["response"]["truncated"] is False
    chat(d, key, "long")
    cut = bodies_of(d)["response"]
    assert cut["truncated"] is True and cut["bytes"] == size + 1 and len(cut["text"].encode()) == size


def test_what_does_not_fit_on_its_way_is_not_kept_and_the_call_goes_on(make):
    d, key, _ = make(limits={"bodies_waiting_bytes_max": 1})
    assert chat(d, key).status == 200
    kept = bodies_of(d)
    assert {b["not_kept"] for b in kept.values()} == {"busy"} and "bodies_waiting_bytes_max" in kept["request"]["why"]
    assert len(d.calls()) == 1


def test_the_oldest_make_room(make):
    d, key, _ = make(limits={"bodies_bytes_max": 500})
    for n in range(6):
        chat(d, key, f"question number {n}")
    calls = [c["call_id"] for c in d.calls()]
    assert "request" in bodies_of(d, calls[0]) and bodies_of(d, calls[-1]) == {}
    assert d.metric("flyball_bodies_removed_total") > 0


# ---- what must not be in them ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_what_is_personal_is_taken_out_before_anything_is_written(make, stream):
    text = f"write to {EMAIL} now"

    def answer(path, body):
        if stream:
            return "text/event-stream", in_pieces(chat_events(text, 3), 50), {}
        return JSON, [chat_answer(text)], {}

    d, key, _ = make(answer, document(redact_at=["log"]))
    r = chat(d, key, text, stream=stream)
    assert r.body == (chat_events(text, 3) if stream else chat_answer(text)), "the agent has it"
    kept = bodies_of(d)
    assert "[email]" in kept["request"]["text"] and "[email]" in kept["response"]["text"]
    assert d.stop() == 0 and not is_anywhere(d, "canary.quine", "quine@mail")


def test_what_cannot_be_looked_into_is_not_kept_where_something_is_taken_out(make):
    d, key, _ = make(lambda path, body: ("application/octet-stream", [EMAIL.encode()], {}), document(redact_at=["log"]),
                     {"body_keep_bytes_max": 60})
    chat(d, key, "long enough to be cut, as JSON cannot be looked into then")
    kept = bodies_of(d)
    assert kept["request"]["not_kept"] == "too_large" and kept["response"]["not_kept"] == "unreadable"
    assert d.stop() == 0 and not is_anywhere(d, "canary.quine")


def test_a_vendors_secret_is_in_no_body(make):
    d, key, _ = make(lambda path, body: (JSON, [chat_answer(f"your key is {SECRET}")], {}))
    r = chat(d, key)
    assert SECRET.encode() not in r.body
    assert "your key is ***" in bodies_of(d)["response"]["text"]
    assert d.stop() == 0 and not is_anywhere(d, SECRET, key)


# ---- who may see them ------------------------------------------------------------------------------------------------


def test_only_the_role_bodies_sees_them(make):
    d, key, _ = make()
    chat(d, key, "for some eyes only")
    id = d.calls()[0]["call_id"]
    for role in ("viewer", "operator", "approver", "policy", "secrets", "bodies", "owner"):
        token = d.json("admin", "create", f"a-{role}", "--role", role)["token"]
        for path in (f"/api/v1/calls/{id}/bodies", "/api/v1/bodies?text=eyes"):
            status, answer = d.api("GET", path, token=token)
            assert status == (200 if role in ("bodies", "owner") else 403), (role, path)
            assert ("for some eyes" in json.dumps(answer)) == (status == 200)
    viewer = d.json("admin", "create", "v", "--role", "viewer")["token"]
    status, answer = d.api("GET", f"/api/v1/calls/{id}", token=viewer)
    assert status == 200 and "for some eyes" not in json.dumps(answer)
    other = d.json("admin", "create", "other", "--role", "bodies", "--tenant", "acme")["token"]
    assert d.api("GET", f"/api/v1/calls/{id}/bodies", token=other)[0] == 404
    assert d.api("GET", "/api/v1/bodies?text=eyes", token=other)[1]["found"] == []


# ---- words in them ---------------------------------------------------------------------------------------------------


def test_words_lead_to_the_call_and_the_answer_says_what_was_searched(make):
    d, key, _ = make()
    chat(d, key, 'Give him the "money"\nback', run="r-1")
    chat(d, key, "nothing of the kind", run="r-2")
    for words in ("give HIM", 'the "money"\nback'):
        found = d.json("find", "--text", words)
        assert [(f["run_id"], f["side"]) for f in found["found"]] == [("r-1", "request")]
        assert "Give him" in found["found"][0]["quote"] and found["searched"]["bodies"] == 4
        assert found["searched"]["next"] is None
    done = d.cli("find", "--text", "hello there")
    assert done.returncode == 0 and done.stdout.count("hello there") == 2 and "Searched 4 kept bodies" in done.stderr
    done = d.cli("find", "--text", "never said")
    assert done.returncode == 1 and done.stdout == "" and "Searched 4 kept bodies" in done.stderr


def test_a_search_is_bounded_and_goes_on_where_it_stopped(make):
    d, key, _ = make(limits={"body_search_bytes_max": 65536})
    for n in range(8):
        chat(d, key, f"needle {n} " + "hay " * 4000)
    some = d.cli("find", "--text", "never said")
    assert some.returncode == 1 and "there are older ones" in some.stderr and "--before " in some.stderr
    assert "None has these words" not in some.stderr
    seen, before = [], []
    while True:
        answer = d.json("find", "--text", "needle", *before)
        seen += [f["call_id"] for f in answer["found"]]
        assert answer["searched"]["bytes"] < 65536 + 20000
        if not answer["searched"]["next"]:
            break
        before = ["--before", str(answer["searched"]["next"])]
    assert seen == [c["call_id"] for c in d.calls()] and before


# ---- gone ------------------------------------------------------------------------------------------------------------


def test_a_run_that_is_erased_leaves_no_byte_of_them(make):
    d, key, _ = make()
    chat(d, key, "first secret wish", run="gone")
    chat(d, key, "second wish", run="stays")
    dry = d.json("erase", "--run", "gone")
    assert dry["bodies"] == 2 and len(bodies_of(d, d.calls()[-1]["call_id"])) == 2
    assert d.json("erase", "--run", "gone", "--yes")["bodies"] == 2
    assert bodies_of(d, d.calls()[-1]["call_id"]) == {} and set(bodies_of(d)) == {"request", "response"}
    assert d.json("audit", "verify")["ok"] is True and d.get("/api/v1/doctor")["ok"] is True
    assert d.stop() == 0 and not is_anywhere(d, "first secret wish") and is_anywhere(d, "second wish")


def test_a_customer_that_is_erased_is_in_no_body_of_any_call(make):
    d, key, _ = make(lambda path, body: (JSON, [b'{"id":"cus_4000","object":"customer"}'], {})
                     if "customers" in path else (JSON, [chat_answer("cus_4000 is angry")], {}))
    ask(d.data_port, "GET", "/stripe/v1/customers/cus_4000", key)
    chat(d, key, "what does cus_4000 want")
    chat(d, key, "what does cus_40001 want")
    assert d.json("erase", "--customer", "cus_4000", "--yes")["bodies"] >= 4
    assert "cus_40001" in bodies_of(d)["request"]["text"] and "response" not in bodies_of(d)
    assert d.stop() == 0
    assert not [c for c in contents(d) if b"cus_4000" in c.replace(b"cus_40001", b"")]


def test_they_go_with_age_and_records_stay(make):
    d, key, _ = make(limits={"bodies_keep_days": 1})
    chat(d, key, "an old wish")
    assert d.stop() == 0
    db = sqlite3.connect(next(p for p in d.files() if p.read_bytes()[:6] == b"SQLite"))
    db.execute("UPDATE bodies SET at = at - 86400000000000")
    db.commit()
    db.close()
    d.start()
    chat(d, key, "a new one")
    assert bodies_of(d)["request"]["text"] and bodies_of(d, d.calls()[-1]["call_id"]) == {}
    assert len(d.calls()) == 2 and d.get("/api/v1/doctor")["ok"] is True
    assert d.stop() == 0 and not [c for c in contents(d) if b"an old wish" in c]


def test_a_kill_in_the_middle_leaves_whole_ones_and_every_record(make):
    d, key, _ = make()
    for n in range(40):
        chat(d, key, f"wish {n} " + "x" * 5000)
        if n == 9:
            assert set(bodies_of(d)) == {"request", "response"}  # so all before it are stored
    d.restart(kill_9=True)
    calls = d.calls()
    assert len(calls) == 40
    kept = [b for c in calls for b in bodies_of(d, c["call_id"]).values()]
    assert len(kept) >= 20 and all(json.loads(b["text"]) and b["bytes"] == len(b["text"]) for b in kept)
    chat(d, key, "after it")
    assert "after it" in bodies_of(d)["request"]["text"] and d.get("/api/v1/doctor")["ok"] is True
