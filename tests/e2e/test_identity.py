"""Identity tokens (CONTRACT 9): who vouches for a call, what is proven and what is only said, and keys of issuers that
rotate, fail and are asked for. Tokens are made by PyJWT."""
import ipaddress
import json
import socket
import subprocess
import time
from pathlib import Path

import pytest

from flyball import CAPS, OPEN, policy
from issuer import AUDIENCE, MADE, Issuer
from raw import ask

CHARGES = "/stripe/v1/charges"
GOOD = "amount=700&currency=usd&source=tok_visa"
FAST = {"jwks_spacing_ms": 1000, "jwks_fresh_ms": 60000}


@pytest.fixture
def issuer():
    i = Issuer().start()
    yield i
    i.stop()


@pytest.fixture
def make(make_daemon, vendor, issuer):
    def make_one(limits=None, config=None, rules=OPEN, caps=CAPS, **more):
        d = make_daemon(vendor, limits={**FAST, **(limits or {})},
                        config={"issuers": {"idp": issuer.config(**more)}, **(config or {})})
        d.apply(policy("default", rules, caps))
        return d

    return make_one


def charge(daemon, key, token=None, body=GOOD, path=CHARGES, headers=()):
    headers = [*headers, *([("x-agent-identity", token)] if token is not None else [])]
    return ask(daemon.data_port, "POST", path, key, body, headers=headers)


def eventually(check, seconds=8):
    until = time.monotonic() + seconds
    while True:
        got = check()
        if got or time.monotonic() > until:
            return got
        time.sleep(0.05)


def token_after(issuer, start):
    """Of a later second than the daemon's first one."""
    eventually(lambda: int(time.time()) > int(start))
    return issuer.token()


def reason(daemon, answer):
    return daemon.call(answer.call_id)["reason"]


# ---- what a token proves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", list(MADE))
def test_a_token_of_each_algorithm_says_for_whom_the_call_is(make, issuer, alg):
    issuer.add("of-" + alg, alg)
    d = make(claims={"user": "sub", "tenant": "org"})
    key = d.key()["key"]
    answer = charge(d, key, issuer.token(org="acme", act={"sub": "bot", "act": {"sub": "planner"}}))
    assert answer.status == 200
    it = d.call(answer.call_id)
    assert (it["user"], it["user_source"], it["issuer"]) == ("ann", "token", "idp")
    assert (it["tenant"], it["tenant_source"], it["actors"]) == ("acme", "token", ["bot", "planner"])
    told = " ".join(s["text"] for s in d.json("why", answer.call_id)["explanation"])
    assert "ann, proven by the identity token of issuer idp, through bot, for planner" in told


@pytest.mark.parametrize("alg", list(MADE))
def test_a_token_of_jose_in_node_is_as_good(make_daemon, vendor, node, tmp_path, alg):
    file = tmp_path / "jwks.json"
    claims = {"iss": "https://node.test", "aud": AUDIENCE, "sub": "ann", "act": {"sub": "bot"}}
    script = Path(__file__).parent / "node" / "identity.mjs"
    made = subprocess.run([node, script, file, alg, json.dumps(claims)], capture_output=True, text=True, timeout=60,
                          check=True)
    d = make_daemon(vendor, config={"issuers": {"node": {"issuer": "https://node.test", "audience": AUDIENCE,
                                                         "jwks": f"file:{file}"}}})
    d.apply(policy("default", OPEN, CAPS))
    it = d.call(charge(d, d.key()["key"], made.stdout.strip()).call_id)
    assert (it["user"], it["issuer"], it["actors"], it["status"]) == ("ann", "node", ["bot"], 200)


def test_a_token_is_neither_sent_on_nor_written_down(make, issuer, vendor):
    d = make()
    token = issuer.token(jti="jti-canary-1")
    assert charge(d, d.key()["key"], token).status == 200
    d.stop()
    for part in token.split("."):
        assert part.encode() not in d.everything_written()
    assert vendor.requests and all("x-agent-identity" not in str(vars(r)).lower() for r in vendor.requests)


def test_an_agents_own_token_is_nobodys(make, issuer):
    d = make()
    key = d.key()["key"]
    for claims in ({"sub": "bot"}, {"sub": "bot", "sub_profile": "ai_agent"}):
        it = d.call(charge(d, key, issuer.token(**claims)).call_id)
        assert (it["user"], it["issuer"], it["actors"]) == (None, "idp", ["bot"])


def test_a_token_of_another_agent_or_tenant_is_refused(make, issuer):
    d = make(claims={"user": "sub", "tenant": "org"})
    bot, other = d.key()["key"], d.key(agent="bot", tenant="globex")["key"]
    for key, claims, why in [(bot, {"act": {"sub": "mallory"}}, "agent_other"),
                             (bot, {"sub": "mallory", "sub_profile": "ai_agent"}, "agent_other"),
                             (other, {"org": "acme"}, "tenant_other")]:
        answer = charge(d, key, issuer.token(**{"org": "globex", **claims}))
        assert (answer.status, answer.code) == (401, "identity_invalid")
        assert f"({why})" in answer.message


def test_a_claim_that_the_config_names_must_be_there(make, issuer):
    d = make(claims={"user": "email"})
    key = d.key()["key"]
    assert "(claim_missing)" in charge(d, key, issuer.token()).message
    assert charge(d, key, issuer.token(email="ann@acme.test")).status == 200


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_without_an_issuer_every_token_is_refused(daemon, key, issuer):
    answer = charge(daemon, key, issuer.token())
    assert (answer.status, answer.code) == (401, "identity_invalid")
    assert "no token issuer is configured" in answer.message
    assert answer.header("x-should-retry") == "false"
    assert charge(daemon, key).status == 200


@pytest.mark.parametrize("change, why", [
    ({"aud": "https://other.test"}, "audience_wrong"),
    ({"aud": None}, "audience_missing"),
    ({"exp": 1}, "expired"),
    ({"iat": 1}, "lives_too_long"),
    ({"iss": "https://evil.test"}, "issuer_unknown"),
    ({"sub": None}, "subject_missing"),
    ({"act": {"sub": "a", "act": {"sub": "b", "act": {"sub": "c", "act": {"sub": "bot"}}}}}, "actors_too_many"),
])
def test_a_token_that_says_the_wrong_thing_is_refused_by_name(make, issuer, vendor, change, why):
    d = make()
    key = d.key()["key"]
    answer = charge(d, key, issuer.token(**change))
    assert (answer.status, answer.code) == (401, "identity_invalid")
    assert f"({why})" in answer.message and reason(d, answer)
    assert not vendor.requests


def test_a_refused_token_is_refused_before_the_body_is_read(make, issuer):
    d = make()
    key = d.key()["key"]
    headers = [("x-agent-identity", "a.b.c"), ("Content-Length", "1000"), ("Expect", "100-continue")]
    answer = ask(d.data_port, "POST", CHARGES, key, headers=headers)
    assert (answer.status, answer.code) == (401, "identity_invalid")


def test_two_tokens_are_ambiguous(make, issuer):
    d = make()
    token = issuer.token()
    answer = charge(d, d.key()["key"], token, headers=[("X-Agent-Identity", token)])
    assert (answer.status, answer.code) == (400, "request_ambiguous")


def test_a_token_that_may_be_used_once_is_used_once(make, issuer):
    d = make(single_use=True)
    key, token = d.key()["key"], token_after(issuer, time.time())
    assert charge(d, key, token).status == 200
    assert "(replayed)" in charge(d, key, token).message
    assert "(id_missing)" in charge(d, key, issuer.token(jti=None)).message
    assert charge(d, key, issuer.token()).status == 200


@pytest.mark.parametrize("kill_9", [True, False])
def test_a_token_that_may_have_been_used_before_a_restart_is_used_no_more(make, issuer, kill_9):
    d = make(single_use=True)
    key = d.key()["key"]
    token = token_after(issuer, time.time())
    assert charge(d, key, token).status == 200
    d.restart(kill_9)
    assert "(before_start)" in charge(d, key, token).message
    assert charge(d, key, token_after(issuer, time.time())).status == 200


# ---- whose customer --------------------------------------------------------------------------------------------------


def test_a_token_for_one_customer_touches_no_other(make, issuer):
    d = make(claims={"user": "sub", "customer": "cus"})
    key = d.key()["key"]
    people = [ask(d.data_port, "POST", "/stripe/v1/customers", key, "name=x").json["id"] for _ in range(2)]
    own, other = (issuer.token(cus=c) for c in people)
    body = f"amount=500&currency=usd&customer={people[0]}"
    paid = charge(d, key, own, body)
    assert paid.status == 200
    it = d.call(paid.call_id)
    assert (it["customer"], it["customer_source"]) == (people[0], "token")
    answer = charge(d, key, other, body)
    assert (answer.status, answer.code) == (403, "scope_denied")
    # a refund names a charge only: whose it is, is looked up or known
    refund = f"charge={paid.json['id']}&amount=100"
    answer = charge(d, key, other, refund, "/stripe/v1/refunds")
    assert (answer.status, answer.code) == (403, "scope_denied")
    assert charge(d, key, own, refund, "/stripe/v1/refunds").status == 200


# ---- what is only claimed --------------------------------------------------------------------------------------------


def test_headers_are_claims_and_a_token_stands_before_them(make, issuer):
    d = make()
    key = d.key()["key"]
    said = [("x-flyball-user", "mallory"), ("x-flyball-customer", "cus_claimed")]
    it = d.call(charge(d, key, headers=said).call_id)
    assert (it["user"], it["user_source"]) == ("mallory", "header")
    assert (it["customer"], it["customer_source"]) == ("cus_claimed", "header")
    it = d.call(charge(d, key, headers=[("Helicone-User-Id", "mallory")]).call_id)
    assert (it["user"], it["user_source"]) == ("mallory", "header")
    it = d.call(charge(d, key, issuer.token(), headers=said).call_id)
    assert (it["user"], it["user_source"]) == ("ann", "token")


def test_calls_and_runs_show_for_whom_and_whether_that_is_proven(make, issuer):
    d = make(claims={"user": "sub", "customer": "cus"}, customers_of=[])
    key = d.key()["key"]
    charge(d, key + ".run_whom", issuer.token(cus="c-7"))
    charge(d, key + ".run_whom", headers=[("x-flyball-user", "mallory")])
    calls = d.cli("calls").stdout
    assert " FOR " in calls and "ann, c-7 " in calls and "mallory (claimed)" in calls
    timeline = d.cli("runs", "show", "whom").stdout
    assert "for ann, c-7" in timeline and "for mallory (claimed)" in timeline


def test_no_rule_matches_a_claim(make, issuer):
    only_ann = [{"id": "ann", "effect": "permit", "match": {"user": ["ann"], "vendor": ["stripe"]}}]
    d = make(rules=only_ann, caps=[])
    key = d.key()["key"]
    assert charge(d, key, issuer.token()).status == 200
    for headers in ([("x-flyball-user", "ann")], []):
        answer = charge(d, key, headers=headers)
        assert (answer.status, answer.code) == (403, "policy_denied")


# ---- identity.require ------------------------------------------------------------------------------------------------

REQUIRE = {"identity": {"require": [{"match": {"class": ["money_out"]}, "subject": "user"},
                                    {"match": {"layer": ["llm"]}, "subject": "agent"}]}}


def test_a_policy_that_requires_a_token_says_what_to_send(make, issuer, vendor):
    d = make()
    d.apply(policy("default", OPEN, CAPS, **REQUIRE))
    key = d.key()["key"]
    charged = charge(d, key)
    assert charged.status == 200
    refund, path = f"charge={charged.json['id']}&amount=100", "/stripe/v1/refunds"
    vendor.requests.clear()
    for headers in ([], [("x-flyball-user", "ann")]):
        answer = charge(d, key, None, refund, path, headers)
        assert (answer.status, answer.code) == (401, "identity_required")
        assert "send the header x-agent-identity with a token (JWT)" in answer.message
        assert answer.json["error"]["type"] and answer.header("x-should-retry") == "false"
    assert charge(d, key, issuer.token(sub="bot"), refund, path).code == "identity_required"
    assert not vendor.requests
    answer = charge(d, key, issuer.token(act={"sub": "bot"}), refund, path)
    assert answer.status == 200
    told = d.cli("why", answer.call_id).stdout
    assert "ann, proven by the identity token of issuer idp" in told


# ---- agents and owners -----------------------------------------------------------------------------------------------


def status_of(daemon, agent):
    return next((a["status"], a["owner"]) for a in daemon.json("agent", "list")["agents"] if a["agent"] == agent)


def refused_as_disabled(daemon, key, who):
    answer = charge(daemon, key)
    assert (answer.status, answer.code) == (401, "key_revoked")
    assert f"{who} is disabled" in answer.message.replace("this key's agent", "its agent").replace("this key", "it")
    return answer


def test_disabling_the_owner_disables_the_agent_on_the_next_request(daemon):
    assert daemon.cli("agent", "create", "bot", "--owner", "ann@acme.test").returncode == 0
    keys = [daemon.key()["key"], daemon.key()["key"]]
    other = daemon.key(agent="other", owner="ann@acme.test")["key"]
    spared = daemon.key(agent="third", owner="bob@acme.test")["key"]
    assert all(charge(daemon, k).status == 200 for k in [*keys, other, spared])
    assert status_of(daemon, "bot") == ("active", "ann@acme.test")
    assert daemon.cli("agent", "disable", "--owner", "ann@acme.test").returncode == 0
    for key in [*keys, other, daemon.key()["key"]]:
        refused_as_disabled(daemon, key, "The owner of its agent")
    assert charge(daemon, spared).status == 200
    assert status_of(daemon, "bot")[0] == status_of(daemon, "other")[0] == "owner_disabled"
    daemon.restart(kill_9=True)
    refused_as_disabled(daemon, keys[0], "The owner of its agent")
    assert daemon.cli("agent", "enable", "--owner", "ann@acme.test").returncode == 0
    assert all(charge(daemon, k).status == 200 for k in [*keys, other])


def test_revoking_a_person_disables_the_agents_that_they_answer_for(daemon):
    for name in ("ann", "bob"):
        assert daemon.cli("admin", "create", name, "--role", "operator").returncode == 0
    key, spared = daemon.key(owner="ann")["key"], daemon.key(agent="other", owner="bob")["key"]
    assert charge(daemon, key).status == charge(daemon, spared).status == 200
    revoked = daemon.cli("admin", "revoke", "ann")
    assert revoked.returncode == 0 and "agents" in revoked.stderr
    refused_as_disabled(daemon, key, "The owner of its agent")
    assert charge(daemon, spared).status == 200
    assert daemon.cli("admin", "create", "ann", "--role", "operator").returncode == 0
    refused_as_disabled(daemon, key, "The owner of its agent")
    assert daemon.cli("agent", "enable", "--owner", "ann").returncode == 0
    assert charge(daemon, key).status == 200


def test_an_agent_is_disabled_whatever_key_it_has(daemon, key):
    assert daemon.cli("agent", "disable", "bot").returncode == 0, "it has a key, though nobody registered it"
    refused_as_disabled(daemon, key, "The agent of it")
    refused_as_disabled(daemon, daemon.key()["key"], "The agent of it")
    daemon.restart()
    refused_as_disabled(daemon, key, "The agent of it")
    daemon.cli("agent", "create", "bot", "--owner", "ann@acme.test")
    refused_as_disabled(daemon, key, "The agent of it")
    assert daemon.cli("agent", "enable", "bot").returncode == 0
    assert charge(daemon, key).status == 200
    done = daemon.cli("agent", "disable", "nobody")
    assert done.returncode == 1 and "no agent is called `nobody`" in done.stderr
    assert daemon.cli("agent", "disable").returncode == 2
    assert daemon.cli("agent", "disable", "bot", "--owner", "ann").returncode == 2
    assert daemon.cli("agent", "create", "bot").returncode == 2


def test_a_switch_is_an_event_with_a_name(daemon, key):
    daemon.cli("agent", "create", "bot", "--owner", "ann@acme.test")
    daemon.cli("agent", "disable", "bot")
    daemon.cli("agent", "enable", "bot")
    daemon.cli("agent", "disable", "--owner", "ann@acme.test")
    daemon.cli("agent", "enable", "--owner", "ann@acme.test")
    events = [e["event"] for e in reversed(daemon.get("/api/v1/events")["events"])]
    of_agents = [e for e in events if e.startswith(("agent.", "owner."))]
    assert of_agents == ["agent.create", "agent.disable", "agent.enable", "owner.disable", "owner.enable"]
    assert daemon.cli("audit", "verify").returncode == 0


# ---- keys of issuers -------------------------------------------------------------------------------------------------


def test_keys_in_a_file_are_read_again_on_reload(make_daemon, vendor, issuer, tmp_path):
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(issuer.jwks()))
    d = make_daemon(vendor, config={"issuers": {"idp": issuer.config(jwks=f"file:{file}")}})
    d.apply(policy("default", OPEN, CAPS))
    key = d.key()["key"]
    assert charge(d, key, issuer.token()).status == 200
    old = issuer.token()
    issuer.keys.clear()
    issuer.add("k2")
    assert "(key_unknown)" in charge(d, key, issuer.token()).message
    file.write_text("{")
    assert d.cli("reload").returncode == 1
    assert charge(d, key, old).status == 200, "a bad file leaves what was"
    file.write_text(json.dumps(issuer.jwks()))
    assert d.cli("reload").returncode == 0
    assert charge(d, key, issuer.token()).status == 200
    assert "(key_unknown)" in charge(d, key, old).message, "a key that was taken back counts no more"
    assert "reload_failed" in d.log()
    d.log_file.write_text("")  # the one error that is meant
    assert issuer.n_asked == 0


def test_a_new_key_of_the_issuer_is_found_by_itself(make, issuer):
    d = make()
    key = d.key()["key"]
    assert charge(d, key, issuer.token()).status == 200
    issuer.add("k2")
    token = issuer.token("k2")
    assert "(key_unknown)" in charge(d, key, token).message
    assert eventually(lambda: charge(d, key, token).status == 200)


def test_unknown_kids_make_no_storm(make, issuer):
    d = make(limits={"jwks_spacing_ms": 2000})
    key, began = d.key()["key"], time.monotonic()
    issuer.add("secret")
    tokens = [issuer.token(header={"kid": f"x{i}"}) for i in range(200)]
    for token in tokens:
        assert "(key_unknown)" in charge(d, key, token).message
    assert issuer.n_asked <= 2 + (time.monotonic() - began) / 2


@pytest.mark.parametrize("answer, why", [
    ((302, {"Location": "http://127.0.0.1:1/"}, b""), "not 200"),
    ((500, {}, b"oh"), "not 200"),
    ((200, {}, b"<html>"), "not JSON"),
    ((200, {}, b'{"keys":[]}'), "no keys"),
    ((200, {}, b'{"keys":[],' + b'"x":"' + b"y" * 300_000 + b'"}'), "jwks_bytes_max"),
    ((200, {}, b'{"keys":[{"kty":"oct","k":"AAAA"}]}'), "symmetric"),
])
def test_an_issuer_without_good_keys_is_none(make, issuer, answer, why):
    issuer.answer = answer
    d = make()
    key = d.key()["key"]
    assert "(keys_missing)" in charge(d, key, issuer.token()).message
    assert why in d.log()
    assert charge(d, key).status == 200
    issuer.answer = None
    assert eventually(lambda: charge(d, key, issuer.token()).status == 200)


def test_an_outage_is_survived_until_keys_are_stale(make, issuer):
    d = make(limits={"jwks_fresh_ms": 1000, "jwks_stale_ms": 4000})
    key = d.key()["key"]
    assert charge(d, key, issuer.token()).status == 200
    issuer.answer = (503, {}, b"")
    time.sleep(2)
    assert charge(d, key, issuer.token()).status == 200, "keys that are known stay in use"
    assert eventually(lambda: "(keys_missing)" in (charge(d, key, issuer.token()).body or b"").decode())
    issuer.answer = None
    assert eventually(lambda: charge(d, key, issuer.token()).status == 200)


def test_a_key_that_is_withdrawn_counts_no_more_though_its_token_was_verified(make, issuer):
    d = make(limits={"jwks_fresh_ms": 1000})
    key, token = d.key()["key"], issuer.token()
    assert charge(d, key, token).status == 200
    issuer.keys.clear()
    issuer.add("k2")
    assert eventually(lambda: charge(d, key, token).status == 401)


def test_an_issuer_that_hangs_keeps_neither_start_nor_calls_waiting(make, issuer):
    issuer.is_hanging = True
    began = time.monotonic()
    d = make(limits={"jwks_timeout_ms": 1000})
    assert time.monotonic() - began < 6
    key = d.key()["key"]
    assert charge(d, key).status == 200
    assert "(keys_missing)" in charge(d, key, issuer.token()).message
    issuer.is_hanging = False
    issuer.hang.set()
    assert eventually(lambda: charge(d, key, issuer.token()).status == 200)


def test_a_name_that_leads_to_a_private_address_is_not_asked(make_daemon, vendor, issuer):
    name = socket.gethostname()
    try:
        if not ipaddress.ip_address(socket.gethostbyname(name)).is_private:
            pytest.skip("this machine's own name does not lead to a private address")
    except OSError:
        pytest.skip("this machine's own name leads nowhere")
    jwks = f"http://{name}:{issuer.url.rsplit(':', 1)[1]}/jwks.json"
    d = make_daemon(vendor, config={"issuers": {"idp": issuer.config(jwks=jwks, insecure=True)}})
    assert "private or otherwise special" in d.log()
    assert issuer.n_asked == 0


def test_a_config_that_cannot_be_meant_is_refused(make_daemon, vendor, issuer, tmp_path):
    good = {"issuer": "https://a.test", "audience": AUDIENCE, "jwks": "file:/nonesuch"}
    for change, code in [({"jwks": "http://idp.example/jwks.json"}, "insecure_url"),
                         ({"jwks": "jwks.json"}, "bad_url"), ({"algorithms": ["HS256"]}, "unknown_value"),
                         ({"algorithms": []}, "bad_value"), ({"max_age": "soon"}, "bad_value"),
                         ({"claims": {"usr": "sub"}}, "unknown_key"), ({"audience": None}, "wrong_type")]:
        file = tmp_path / "bad.yaml"
        file.write_text(json.dumps({"issuers": {"idp": {**good, **change}}}))
        d = make_daemon(vendor, start=False)
        said = d.cli("config", "show", "--config", str(file), dir=False)
        assert said.returncode == 1 and code in said.stderr + said.stdout, (change, said)
