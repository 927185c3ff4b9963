"""The live feed: everything once and in order, over cuts and restarts; and signing in to see it."""
import http.client
import json
import socket
import threading
import time

import pytest

from raw import charge


class Feed:
    """Reads messages on a thread: {id, event, data}."""

    def __init__(self, daemon, query="", last=None, token=None):
        self.c = http.client.HTTPConnection("127.0.0.1", daemon.admin_port, timeout=60)
        headers = {"Authorization": f"Bearer {token or daemon.token}"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        self.c.request("GET", "/api/v1/feed" + query, None, headers)
        self.r = self.c.getresponse()
        self.status, self.messages, self.last, self.is_over = self.r.status, [], last, False
        self.thread = threading.Thread(target=self._read, daemon=True)
        if self.status == 200:
            self.thread.start()

    def _read(self):
        message = {}
        try:
            for line in self.r:
                line = line.decode().rstrip("\n")
                if not line:
                    if "id" in message:
                        self.last = int(message["id"])
                    if "data" in message:
                        self.messages.append({**message, "data": json.loads(message["data"])})
                    message = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    message[name] = value
        except (OSError, http.client.HTTPException, AttributeError, ValueError):
            pass
        self.is_over = True

    def of(self, kind):
        return [m for m in list(self.messages) if m["event"] == kind]

    def wait(self, what, seconds=15):
        until = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < until, self.messages[-3:]
            time.sleep(0.02)

    def cut(self):
        try:
            self.r.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.c.close()
        self.thread.join(10)


def test_a_call_is_told_when_it_opens_and_when_it_is_over(daemon, key):
    feed = Feed(daemon)
    assert charge(daemon, key, 50).status == 200
    feed.wait(lambda: len(feed.of("call")) == 2)
    opened, closed = feed.of("call")
    assert opened["data"]["ended_at"] is None and closed["data"]["outcome"] == "settled"
    assert opened["data"]["call_id"] == closed["data"]["call_id"] and int(opened["id"]) < int(closed["id"])
    assert closed["data"] == daemon.get("/api/v1/calls", limit=1)["calls"][0]
    daemon.key(agent="other")
    feed.wait(lambda: [m for m in feed.of("event") if m["data"]["event"] == "key.create"])
    feed.cut()


def test_cuts_and_restarts_lose_nothing_and_double_nothing(daemon, key):
    """Watched in many pieces, cut at any moment, with the daemon killed in between: as if it had been one piece."""
    whole, feed = [], Feed(daemon, "?after=0")
    for i in range(60):
        assert charge(daemon, key, 50).status == 200
        if i % 5 == 4:
            feed.cut()
            whole += feed.messages
            if i == 29:
                daemon.restart(kill_9=True)
            feed = Feed(daemon, last=feed.last)
    feed.wait(lambda: feed.last == daemon.health()["journal_seq"])
    feed.cut()
    whole += feed.messages
    ids = [int(m["id"]) for m in whole if m["event"] != "limit"]
    assert ids == sorted(set(ids))
    again = Feed(daemon, "?after=0")
    again.wait(lambda: again.last is not None and again.last >= ids[-1])
    again.cut()
    told = [m for m in again.messages if m["event"] != "limit" and int(m["id"]) <= ids[-1]]
    assert told == [m for m in whole if m["event"] != "limit"]
    assert len([m for m in told if m["event"] == "call" and m["data"]["ended_at"]]) == 60


def test_filters_leave_out_the_rest_and_events(daemon, key):
    other = daemon.key(agent="other")["key"]
    feed = Feed(daemon, "?after=0&agent=other")
    assert charge(daemon, key, 50).status == 200
    assert charge(daemon, other, 50).status == 200
    feed.wait(lambda: len(feed.of("call")) == 2)
    assert {m["data"]["agent"] for m in feed.of("call")} == {"other"} and not feed.of("event")
    feed.cut()


def test_one_of_a_tenant_is_told_of_that_tenant_only(daemon):
    own, foreign = daemon.key(agent="a", tenant="acme"), daemon.key(agent="b", tenant="globex")
    token = daemon.json("admin", "create", "ann", "--role", "viewer", "--tenant", "acme")["token"]
    feed = Feed(daemon, "?after=0", token=token)
    assert charge(daemon, foreign["key"], 50).status == 200
    assert charge(daemon, own["key"], 50).status == 200
    feed.wait(lambda: len(feed.of("call")) == 2)
    assert "globex" not in json.dumps(feed.messages) and foreign["id"] not in json.dumps(feed.messages)
    assert {e["data"]["event"] for e in feed.of("event")} == {"key.create", "person.create"}
    feed.cut()


def test_revoking_a_watcher_ends_what_they_watch(daemon):
    token = daemon.json("admin", "create", "ann", "--role", "viewer")["token"]
    feed = Feed(daemon, token=token)
    daemon.json("admin", "revoke", "ann")
    feed.thread.join(5)
    assert feed.is_over
    assert Feed(daemon, token=token).status == 401


def test_watchers_have_a_limit(make_daemon, vendor):
    daemon = make_daemon(vendor, limits={"feed_watchers_max": 2})
    feeds = [Feed(daemon) for _ in range(3)]
    assert [f.status for f in feeds] == [200, 200, 503]
    feeds[0].cut()
    time.sleep(0.5)
    again = Feed(daemon)
    assert again.status == 200
    for f in (feeds[1], again):
        f.cut()


def test_a_watcher_that_reads_nothing_is_dropped_and_holds_nobody_up(make_daemon, vendor):
    from flyball import CAPS, OPEN, policy
    daemon = make_daemon(vendor, limits={"feed_stall_ms": 500, "feed_watchers_max": 1})
    daemon.apply(policy("default", OPEN, CAPS))
    key = daemon.key()["key"]
    for _ in range(2500):  # about 10 MB of feed: more than sockets and window hold
        charge(daemon, key, 1)
    s = socket.create_connection(("127.0.0.1", daemon.admin_port))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.sendall(f"GET /api/v1/feed?after=0 HTTP/1.1\r\nHost: localhost\r\n"
              f"Authorization: Bearer {daemon.token}\r\n\r\n".encode())
    assert s.recv(15) == b"HTTP/1.1 200 OK"
    assert charge(daemon, key, 1).status == 200
    until = time.monotonic() + 20
    while (again := Feed(daemon)).status != 200:  # its place is free again
        assert again.status == 503 and time.monotonic() < until
        time.sleep(0.1)
    again.cut()
    s.close()


def test_follow_prints_calls_as_they_end_and_survives_a_restart(daemon, key):
    import subprocess
    from flyball import BINARY
    p = subprocess.Popen([BINARY, "calls", "--follow", "--json", "--dir", str(daemon.dir)], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, env=daemon.env)
    try:
        time.sleep(0.5)
        assert charge(daemon, key, 50).status == 200
        first = json.loads(p.stdout.readline())
        assert first["outcome"] == "settled"
    finally:
        p.terminate()
        p.wait(10)


# ---- signing in ----

def browser(daemon, method, path, body=None, cookie=None, csrf=None, **more):
    c = http.client.HTTPConnection("127.0.0.1", daemon.admin_port, timeout=30)
    headers = {k.replace("_", "-"): v for k, v in more.items()}
    if cookie:
        headers["Cookie"] = cookie
    if csrf:
        headers["x-flyball-csrf"] = csrf
    if body is not None:
        headers["Content-Type"] = "application/json"
    c.request(method, path, None if body is None else json.dumps(body), headers)
    r = c.getresponse()
    text = r.read().decode()
    c.close()
    return r.status, json.loads(text), r.getheader("set-cookie")


def sign_in(daemon, *who):
    link = daemon.json("admin", "link", *who)
    status, session, cookie = browser(daemon, "POST", "/api/v1/session", {"code": link["code"]})
    assert status == 200
    return session, cookie.split(";")[0], link


def test_a_link_of_the_command_signs_a_person_in_once(daemon):
    daemon.json("admin", "create", "ann", "--role", "operator", "--tenant", "acme")
    session, cookie, link = sign_in(daemon, "ann")
    assert link["url"].startswith(f"{daemon.ready['admin']}/ui/?t=") and link["url"].endswith(link["code"])
    assert session["name"] == "ann" and session["roles"] == ["operator"] and session["tenant"] == "acme"
    assert browser(daemon, "POST", "/api/v1/session", {"code": link["code"]})[0] == 401
    assert browser(daemon, "GET", "/api/v1/calls", cookie=cookie)[0] == 200
    assert browser(daemon, "POST", "/api/v1/keys", {"agent": "x"}, cookie)[0] == 403
    assert browser(daemon, "POST", "/api/v1/keys", {"agent": "x"}, cookie, session["csrf"])[0] == 201
    assert daemon.get("/api/v1/events", limit=1)["events"][0]["by"] == "ann"
    daemon.json("admin", "revoke", "ann")
    assert browser(daemon, "GET", "/api/v1/calls", cookie=cookie)[0] == 401


def test_a_restart_keeps_people_and_ends_sessions(daemon):
    token = daemon.json("admin", "create", "ann", "--role", "viewer")["token"]
    gone = daemon.json("admin", "create", "bob", "--role", "viewer")["token"]
    daemon.json("admin", "revoke", "bob")
    _, cookie, _ = sign_in(daemon, "ann")
    daemon.restart(kill_9=True)
    assert daemon.api("GET", "/api/v1/calls", token=token)[0] == 200
    assert daemon.api("GET", "/api/v1/calls", token=gone)[0] == 401
    assert browser(daemon, "GET", "/api/v1/calls", cookie=cookie)[0] == 401
    assert [p["status"] for p in daemon.get("/api/v1/people")["people"]] == ["active", "revoked"]


def test_neither_credential_nor_session_is_written_anywhere(daemon):
    token = daemon.json("admin", "create", "ann", "--role", "viewer")["token"]
    _, cookie, link = sign_in(daemon, "ann")
    browser(daemon, "GET", "/api/v1/session", cookie=cookie)
    daemon.stop()
    for name, content in daemon.everything_written():
        for secret in (token, cookie.split("=")[1], link["code"]):
            assert secret.encode() not in content, name
    daemon.start()


def test_the_credential_of_a_person_opens_no_agents_door(daemon, url):
    from raw import ask
    token = daemon.json("admin", "create", "ann", "--role", "owner")["token"]
    assert ask(daemon.data_port, "GET", "/stripe/v1/charges/ch_1", token).status == 401


# ---- files ----

def test_calls_as_a_table_and_as_lines(daemon, key):
    import csv
    import io
    for i in range(3):
        assert charge(daemon, key, 50 + i, run=f"file-{i}").status == 200
    daemon.key(agent="evil")
    table = list(csv.DictReader(io.StringIO(daemon.cli("calls", "--csv").stdout)))
    assert [r["run_id"] for r in table] == ["file-2", "file-1", "file-0"]
    assert table[0]["settled_how"] and float(table[0]["settled_usd"]) == 0.52
    lines = [json.loads(line) for line in daemon.cli("calls", "--ndjson", "--run", "file-1").stdout.splitlines()]
    assert lines == daemon.get("/api/v1/calls", run="file-1")["calls"]


def test_no_cell_of_a_table_is_a_formula(make_daemon, vendor):
    """What an agent may choose itself, and an export shows."""
    import csv
    import io
    from flyball import CAPS, OPEN, policy
    from raw import ask
    daemon = make_daemon(vendor)
    daemon.apply(policy("default", OPEN, CAPS))
    key = daemon.key()["key"]
    for text in ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "=HYPERLINK(\"http://x\")"):
        ask(daemon.data_port, "POST", "/stripe/v1/refunds", key, f"charge={text.strip()}&amount=5",
            idempotency=text.strip())
    text = daemon.api("GET", "/api/v1/calls?format=csv")[1]
    cells = [c for row in csv.reader(io.StringIO(text)) for c in row]
    assert any(c.startswith("'=cmd") for c in cells), cells
    numbers = (c for c in cells if c[:1] in "=+-@\t\r" and c)
    assert all(c.lstrip("-").replace(".", "").isdigit() for c in numbers)


def test_pages_lead_to_all_calls(daemon, key):
    for _ in range(25):
        assert charge(daemon, key, 50).status == 200
    seen, before = [], None
    while True:
        page = daemon.get("/api/v1/calls", limit=10, **({"before": before} if before else {}))
        seen += [c["call_id"] for c in page["calls"]]
        before = page.get("next")
        if before is None:
            break
    assert seen == [c["call_id"] for c in daemon.get("/api/v1/calls")["calls"]] and len(seen) == 25
    assert daemon.get("/api/v1/calls", min_usd="0.51")["calls"] == []
    assert len(daemon.get("/api/v1/calls", status=200, layer="saas", limit=7)["calls"]) == 7
    assert daemon.get("/api/v1/calls", layer="llm")["calls"] == []


def test_actions_are_on_record_with_what_was_before(daemon):
    from flyball import CAPS, OPEN, policy
    first = daemon.apply(policy("twice", OPEN, CAPS))["digest"]
    second = daemon.apply(policy("twice", OPEN, []))["digest"]
    assert daemon.cli("kill").returncode == daemon.cli("unkill").returncode == 0
    actions = [e for e in daemon.get("/api/v1/events")["events"] if e["event"] == "admin.action"]
    told = {e["action"]: e for e in reversed(actions)}
    assert told["policy_apply"]["target"] == "twice"
    assert told["policy_apply"]["before"]["digest"] == first and told["policy_apply"]["after"]["digest"] == second
    assert told["kill"]["before"] == {"killed": False} and told["kill"]["after"] == {"killed": True}
    assert told["unkill"]["before"] == {"killed": True} and told["unkill"]["after"] == {"killed": False}


def actions_of(daemon):
    events = daemon.get("/api/v1/events")["events"]
    return {e["action"]: e for e in reversed(events) if e["event"] == "admin.action"}


def test_what_people_keys_agents_limits_and_secrets_were_is_on_record(daemon):
    from flyball import CAPS, OPEN, policy
    daemon.apply(policy("default", OPEN, CAPS))
    made = daemon.api("POST", "/api/v1/keys", {"agent": "a1", "owner": "olga"})[1]
    wanted = [
        ("person_create", "POST", "/api/v1/people", {"name": "bo", "roles": ["viewer", "policy"]}, "bo",
         {"roles": []}, {"roles": ["viewer", "policy"]}),
        ("person_revoke", "POST", "/api/v1/people/bo/revoke", {}, "bo", {"roles": ["viewer", "policy"]}, {"roles": []}),
        ("person_revoke", "POST", "/api/v1/people/bo/revoke", {}, "bo", {"roles": []}, {"roles": []}),
        ("agent_disable", "POST", "/api/v1/agents/disable", {"agent": "a1"}, "a1",
         {"status": "active"}, {"status": "disabled"}),
        ("agent_enable", "POST", "/api/v1/agents/enable", {"agent": "a1"}, "a1",
         {"status": "disabled"}, {"status": "active"}),
        ("agent_disable", "POST", "/api/v1/agents/disable", {"owner": "olga"}, "olga",
         {"status": "active"}, {"status": "disabled"}),
        ("agent_enable", "POST", "/api/v1/agents/enable", {"owner": "olga"}, "olga",
         {"status": "disabled"}, {"status": "active"}),
        ("secret_set", "POST", "/api/v1/secrets", {"name": "s1", "value": "made-up-value-1"}, "s1",
         None, {"status": "ok", "version": 1}),
        ("secret_rotate", "POST", "/api/v1/secrets/s1/rotate", {"value": "made-up-value-2"}, "s1",
         {"status": "ok", "version": 1}, {"status": "ok", "version": 2}),
        ("secret_remove", "POST", "/api/v1/secrets/s1/remove", {}, "s1", {"status": "ok", "version": 2}, None),
        ("key_revoke", "POST", f"/api/v1/keys/{made['id']}/revoke", {}, made["id"],
         {"status": "active", "mode": "live", "agent": "a1", "policy": "default"},
         {"status": "revoked", "mode": "live", "agent": "a1", "policy": "default"}),
    ]
    for action, method, path, body, target, before, after in wanted:
        answer = daemon.api(method, path, body)
        assert answer[0] in (200, 201), (path, answer)
        told = actions_of(daemon)[action]
        assert (told["target"], told.get("before"), told.get("after")) == (target, before, after), told
    assert "made-up-value" not in json.dumps(daemon.get("/api/v1/events", limit=100))


def test_how_far_a_raised_limit_went_is_on_record(daemon, key):
    assert charge(daemon, key, 50).status == 200
    bucket = "key=" + daemon.get("/api/v1/keys")["keys"][0]["id"]
    limit = next(l for l in daemon.get("/api/v1/limits")["limits"] if l["meter"] == "usd")
    wish = {"limit": limit["id"], "bucket": bucket, "by": "1", "for": "1h", "reason": "why"}
    raised = daemon.api("POST", "/api/v1/limits/raise", wish)
    assert raised[0] == 200, raised
    told = actions_of(daemon)["limit_raise"]
    assert told["target"] == limit["id"] and told["before"] == {"max": raised[1]["before"]}
    assert told["after"] == {"max": raised[1]["after"], "until": raised[1]["until"]}


def test_guesses_at_credentials_are_counted_on_record_and_fill_nothing(daemon):
    for i in range(50):
        assert daemon.api("GET", "/api/v1/keys", token=f"made-up-guess-{i}")[0] in (401, 429)
    events = daemon.get("/api/v1/events", limit=100)["events"]
    failed = [e for e in events if e["event"] == "sign_in.failed"]
    assert len(failed) == 1 and failed[0]["count"] == 1 and failed[0]["reason"] == "unauthorized"
    assert failed[0]["address"].startswith("127.0.0.1:") and "made-up-guess" not in json.dumps(events)


def test_a_piece_of_text_finds_calls(daemon, key):
    assert charge(daemon, key, 50, run="refund-run").status == 200
    assert charge(daemon, key, 999999).status == 403
    calls = daemon.get("/api/v1/calls")["calls"]
    denied, done = calls
    for piece, found in [("FUND-run", [done]), ("limit_EXCEEDED", [denied]), (done["call_id"][-12:], [done]),
                         ("stripe.", calls), ("/v1/pay", calls), ("no such text", []), (key[8:12] + "?", [])]:
        got = daemon.get("/api/v1/calls", q=piece)["calls"]
        assert [c["call_id"] for c in got] == [c["call_id"] for c in found], piece
    assert daemon.get("/api/v1/calls", q="stripe.", verdict="deny")["calls"] == [denied]
    assert daemon.api("GET", "/api/v1/calls?q=" + "x" * 255)[0] == 200
    assert daemon.api("GET", "/api/v1/calls?q=" + "x" * 256)[0] == 400
