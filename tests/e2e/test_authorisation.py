"""Who may do what at the admin API: every endpoint of the OpenAPI document x every role x own and foreign tenant.

The document says of each endpoint which role it takes (x-role) and whether it keeps to one tenant (x-tenant). What must
follow for each kind of credential is derived here and nowhere else, and each endpoint of the document must have an
example in EXAMPLES: a new endpoint without one fails, and so does an example without an endpoint.
"""
import http.client
import json
import time
from itertools import product

import pytest

from flyball import policy, usd, OPEN
from raw import charge

ROLES = ["viewer", "bodies", "operator", "approver", "policy", "secrets", "owner"]
NONE, FOREIGN = "none", "foreign"
GONE = {"code": None, "key": None}

# A request for each operation that would work for who may make it; ids are filled in from `own` or `foreign`.
EXAMPLES = {
    "ui_root": None, "ui_shell": None, "ui_asset": None, "exports": None,
    "healthz": None, "readyz": None, "metrics": None, "openapi": None,
    "calls": None, "runs": None, "spend": None, "events": None, "keys": None, "secrets": None, "limits": None,
    "policies": None, "policy_suggest": None,
    "audit_verify": None, "audit_export": None, "doctor": None, "health": None, "config": None,
    "vendors": None, "people": None, "session": None, "find": None, "feed": None,
    "call": None, "call_bodies": None, "bodies": None, "why": None, "run": None, "key": None, "policy_history": None,
    "key_create": {"agent": "made"}, "key_revoke": {}, "revoke": {"run": "no-such-run"},
    "approvals": None, "approval": None, "approval_approve": {}, "approval_deny": {},
    "kill": {}, "unkill": {}, "reload": {},
    "secret_set": {"name": "matrix", "value": "sk_test_made_up"}, "secret_rotate": {"value": "sk_test_made_up_2"},
    "secret_back": {}, "secret_remove": {},
    "limit_raise": {"limit": "no-such-limit", "by": "1.00", "for": "1h", "reason": "matrix"},
    "policy_apply": {"document": None}, "policy_check": {"document": None}, "policy_diff": {"document": None},
    "policy_rollback": {"to": 1}, "policy_plan": {"document": None},
    "policy_explain": {"request": "{request: {operation: v.a}}"},
    "sign_in": None, "sign_in_oidc": None, "sign_in_back": None,
    "session_begin": {"code": "no-such-code"}, "session_end": None, "session_link": {},
    "customer": None, "erase": {"what": "customer", "value": "cus_nobody", "dry_run": True},
    "agents": None, "agent_create": {"agent": "agent-acme", "owner": "somebody"}, "agent_disable": {"agent": "nobody"},
    "agent_enable": {"agent": "nobody"},
    "person_create": {"name": None, "roles": ["viewer"]}, "person_revoke": {}, "person_link": {},
}
QUERIES = {"find": "?q=nothing", "bodies": "?text=nothing", "feed": "?after=0"}
PATH_IDS = {"approval": "approval", "approval_approve": "approval", "approval_deny": "approval",
            "call": "call", "call_bodies": "call", "why": "call", "run": "run", "key": "key", "key_revoke": "key",
            "person_revoke": "person",
            "person_link": "person"}


class Tenant:
    """What one tenant has: a key, a call, a run, a person, an approval."""

    def __init__(self, daemon, name):
        self.name = name
        made = daemon.key(agent=f"agent-{name}", tenant=name)
        self.key_text, self.key = made["key"], made["id"]
        assert charge(daemon, self.key_text, 50, run=f"run-{name}").status == 200
        self.run = f"run-{name}"
        self.call = daemon.get("/api/v1/calls", run=self.run)["calls"][0]["call_id"]
        self.person = f"person-{name}"
        asking = daemon.key(agent=f"agent-{name}", tenant=name, policy="asks")["key"]
        assert charge(daemon, asking, 50, run=f"run-{name}").status == 403
        asked = daemon.get("/api/v1/approvals")["approvals"]
        self.approval = next(x["id"] for x in asked if x["tenant"] == name)
        daemon.json("admin", "create", self.person, "--role", "viewer", "--tenant", name)


def send(daemon, method, path, body, token):
    """Status and code of the answer's head and, unless it is a stream, its JSON."""
    c = http.client.HTTPConnection("127.0.0.1", daemon.admin_port, timeout=30)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if method == "POST":
            headers["Content-Type"] = "application/json"
        c.request(method, path, json.dumps(body or {}) if method == "POST" else None, headers)
        r = c.getresponse()
        if (r.getheader("content-type") or "").startswith("text/event-stream"):
            return r.status, None, ""
        text = r.read().decode()
        try:
            value = json.loads(text)
        except ValueError:
            return r.status, None, text
        error = value.get("error") if isinstance(value, dict) else None
        return r.status, error and error["code"], text
    finally:
        c.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One daemon with two tenants, and a credential of every kind."""
    from flyball import Daemon
    from vendor import Vendor
    vendor = Vendor().start()
    d = Daemon(tmp_path_factory.mktemp("authorisation"), vendor.port, limits={"sign_in_failures_max": 100000,
                                                                               "approval_wait_ms": 0}).start()
    d.apply(policy("asks", [{"id": "ask", "effect": "approve", "match": {}, "approval": "all"}],
                   approvals={"all": {"ttl": "1h"}}))
    d.apply(policy("default", OPEN, [usd("shared", "1000.00"), usd("by-tenant", "1000.00", by=("tenant",)),
                                     usd("by-agent", "1000.00", by=("agent",))]))
    d.own, d.foreign = Tenant(d, "acme"), Tenant(d, "globex")
    d.tokens = {}
    for role, tenant in product(ROLES, [None, "acme"]):
        args = ["admin", "create", f"{role}-{tenant or 'all'}", "--role", role]
        d.tokens[role, tenant] = d.json(*args, *(["--tenant", tenant] if tenant else []))["token"]
    d.tokens["revoked", None] = d.json("admin", "create", "gone", "--role", "owner")["token"]
    d.json("admin", "revoke", "gone")
    d.tokens["expired", None] = d.json("admin", "create", "late", "--role", "owner", "--expires", "1s")["token"]
    time.sleep(1.5)
    yield d
    d.close()
    vendor.stop()


def operations(daemon):
    document = daemon.get("/api/v1/openapi.json")
    return [(path, method.upper(), op) for path, methods in document["paths"].items() for method, op in methods.items()]


def expected(op, role, tenant):
    """What the document says must happen before anything is done: a status and code, or None: it is done."""
    if op["x-role"] == "public":
        return None
    if role in ("nobody", "revoked", "expired"):
        return 401, {"nobody": "unauthorized", "revoked": "credential_revoked", "expired": "credential_expired"}[role]
    if op["x-role"] not in (role, "viewer") and role != "owner":
        return 403, "role_missing"
    if tenant and op["x-tenant"] == "all":
        return 403, "tenant_denied"
    return None


def request_for(daemon, op, path, side, n):
    ids = getattr(daemon, side)
    body = EXAMPLES[op["operationId"]]
    if body is not None:
        body = dict(body)
        if "document" in body:
            body["document"] = policy("matrix", OPEN)
        if op["operationId"] == "person_create":
            body["name"] = f"made-{n}"
    if "{" in path:
        id = getattr(ids, PATH_IDS.get(op["operationId"], "run"))
        path = path[:path.index("{")] + id + path[path.index("}") + 1:]
    return path + QUERIES.get(op["operationId"], ""), body


def test_every_operation_has_an_example_and_every_example_an_operation(place):
    assert {op["operationId"] for _, _, op in operations(place)} == set(EXAMPLES)


@pytest.mark.timeout(600)
def test_every_endpoint_every_role_own_and_foreign_tenant(place):
    surprises, n = [], 0
    who = [("nobody", None), ("revoked", None), ("expired", None), *product(ROLES, [None, "acme"])]
    for (path, method, op), (role, tenant), side in product(operations(place), who, ["own", "foreign"]):
        has_id = "{" in path and op["operationId"] in PATH_IDS
        if side == "foreign" and not has_id:
            continue
        want = expected(op, role, tenant)
        is_harmful = op["operationId"] in ("key_revoke", "person_revoke", "secret_remove") and want is None
        if is_harmful and not (tenant and side == "foreign"):
            continue  # what may be done is done in the tests below; here it would take the ids away
        n += 1
        target, body = request_for(place, op, path, side, n)
        status, code, text = send(place, method, target, body, place.tokens.get((role, tenant)))
        if want is None and tenant and side == "foreign":
            fine = status == 404 and "globex" not in text.replace(target.split("/")[4].split("?")[0], "")
        elif want is None:
            fine = status not in (403, 429, 500) and (status != 401 or op["operationId"] == "session_begin")
        else:
            fine = (status, code) == want
        if op["operationId"] == "kill" and status == 200:
            assert send(place, "POST", "/api/v1/unkill", {}, place.token)[0] == 200
        if not fine:
            surprises.append((method, target, role, tenant, "want", want, "got", status, code))
    assert n > 500
    assert not surprises, surprises[:20]


def test_lists_hold_nothing_of_another_tenant(place):
    """Everything that one of a tenant can read, as an owner of it: no name, id or amount of the other one is in it."""
    token = place.tokens["owner", "acme"]
    theirs = [place.foreign.key, place.foreign.call, "globex"]
    for path, method, op in operations(place):
        if method != "GET" or op["x-tenant"] != "one" or "{" in path or op["x-role"] == "public":
            continue
        if op["operationId"] == "feed":
            continue
        status, _, text = send(place, "GET", path + QUERIES.get(op["operationId"], ""), None, token)
        assert status == 200, path
        assert not [t for t in theirs if t in text], (path, text[:2000])
        query = path + ("&" if "?" in path else "?") + "tenant=globex"
        if op["operationId"] in ("calls", "runs", "spend"):
            status, _, text = send(place, "GET", query, None, token)
            assert status == 200 and '"call_id"' not in text and '"run_id"' not in text, (query, text[:2000])
    for q in (place.foreign.key, place.foreign.call, place.foreign.run, "agent-globex"):
        status, _, text = send(place, "GET", f"/api/v1/find?q={q}", None, token)
        assert json.loads(text) == {"found": []}, text


def test_what_is_counted_for_all_is_not_shown_to_one_tenant(place):
    limits = json.loads(send(place, "GET", "/api/v1/limits", None, place.tokens["viewer", "acme"])[2])["limits"]
    buckets = [b["bucket"] for l in limits for b in l["buckets"]]
    assert any("tenant=acme" in b for b in buckets)
    assert all("tenant=acme" in b or f"key={place.own.key}" in b or "run=acme/" in b for b in buckets), buckets
    everything = json.loads(send(place, "GET", "/api/v1/limits", None, place.token)[2])["limits"]
    assert any("globex" in b["bucket"] for l in everything for b in l["buckets"])


def test_an_owner_of_a_tenant_makes_nobody_greater_than_themselves(place):
    token = place.tokens["owner", "acme"]
    body = {"name": "x1", "roles": ["viewer"], "tenant": "globex"}
    status, code, _ = send(place, "POST", "/api/v1/people", body, token)
    assert (status, code) == (403, "tenant_denied")
    status, _, text = send(place, "POST", "/api/v1/people", {"name": "x2", "roles": ["owner"]}, token)
    assert status == 201 and json.loads(text)["tenant"] == "acme"
    for role in ROLES[:-1]:
        body = {"name": "x3", "roles": ["owner"]}
        assert send(place, "POST", "/api/v1/people", body, place.tokens[role, None])[:2] == (403, "role_missing")


def test_a_run_of_the_same_id_in_another_tenant_goes_on(place):
    for tenant in (place.own, place.foreign):
        assert charge(place, tenant.key_text, 50, run="shared-id").status == 200
    status, _, _ = send(place, "POST", "/api/v1/revoke", {"run": "shared-id"}, place.tokens["operator", "acme"])
    assert status == 200
    assert charge(place, place.own.key_text, 50, run="shared-id").status == 403
    assert charge(place, place.foreign.key_text, 50, run="shared-id").status == 200


def test_every_action_is_on_record_with_name_role_and_address(place):
    token = place.tokens["operator", None]
    status, _, text = send(place, "POST", "/api/v1/keys", {"agent": "recorded"}, token)
    assert status == 201
    events = place.get("/api/v1/events", limit=5)["events"]
    action = next(e for e in events if e["event"] == "admin.action")
    assert action["by"] == "operator-all" and action["role"] == "operator" and action["action"] == "key_create"
    assert action["target"] == json.loads(text)["id"] and action["address"].startswith("127.0.0.1:")
