"""The OpenAPI document says what the daemon answers: each member by name and type, and none that is not there."""
import json

import pytest

from flyball import OPEN, permit, policy, usd
from raw import ask, charge

TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "array": list, "object": dict,
         "null": type(None)}


def is_of(value, type_names):
    names = type_names if isinstance(type_names, list) else [type_names]
    return any(isinstance(value, TYPES[n]) and (not isinstance(value, bool) or n == "boolean") for n in names)


class Document:
    def __init__(self, text):
        self.root = text

    def whole(self, schema):
        """A schema without reference and without the `or null` of what may be absent."""
        if "$ref" in schema:
            return self.root["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def faults(self, schema, value, at):
        if "anyOf" in schema:
            if value is None:
                return []
            schema = next(s for s in schema["anyOf"] if s.get("type") != "null")
        schema = self.whole(schema)
        if "type" in schema and not is_of(value, schema["type"]):
            return [f"{at}: {json.dumps(value)[:60]} is no {schema['type']}"]
        found = []
        if isinstance(value, list):
            for i, one in enumerate(value):
                found += self.faults(schema.get("items", {}), one, f"{at}[]")
        if isinstance(value, dict) and "properties" in schema:
            found += [f"{at}.{name} is not in the document" for name in value if name not in schema["properties"]]
            found += [f"{at}.{name} is required and absent" for name in schema["required"] if name not in value]
            for name, one in value.items():
                found += self.faults(schema["properties"].get(name, {}), one, f"{at}.{name}")
        return found

    def of(self, method, path, value):
        op = self.root["paths"][path][method.lower()]
        schema = op["responses"]["200"]["content"]["application/json"]["schema"]
        return self.faults(schema, value, op["operationId"])


MODEL = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 20})
QUIET = {"id": "quiet", "effect": "forbid", "match": {"operation": ["stripe.payment_intents.create"]}, "mode": "shadow"}
ASK = {"id": "ask", "effect": "approve", "match": {"vendor": ["stripe"]}, "approval": "all"}
WORK = policy("work", [*OPEN, permit("models", layer=["llm"]), QUIET],
              [{**usd("day", "100.00", by=("agent",)), "soft": "0.01"}])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A daemon with something of everything: calls of both layers, verdicts of each kind, a raise, people, agents."""
    from flyball import Daemon
    d = Daemon(tmp_path_factory.mktemp("openapi"), None, command="dev", limits={"approval_wait_ms": 0}).start()
    d.apply(policy("asks", [ASK], approvals={"all": {"ttl": "1h"}}))
    d.apply(WORK)
    d.mine = d.key(agent="billing", owner="ann", tenant="acme", policy="work", limit=["usd=50/day"])
    assert charge(d, d.mine["key"], 50, run="run-1").status == 200
    assert ask(d.data_port, "POST", "/v1/chat/completions", d.mine["key"], MODEL, type="application/json").status == 200
    assert charge(d, d.key(agent="asker", policy="asks")["key"], 50, run="run-2").code == "approval_pending"
    assert charge(d, d.key(agent="nobody", policy="no-such")["key"], 50, run="run-3").status == 403
    status, raised = d.api("POST", "/api/v1/limits/raise", {"limit": "day", "bucket": "agent=billing", "mode": "test",
                                                            "by": "1.00", "for": "1h", "reason": "test"})
    assert status == 200, raised
    d.json("admin", "create", "ann", "--role", "owner")
    d.json("agent", "create", "billing", "--owner", "ann")
    d.settle()
    yield d
    d.close()


@pytest.fixture(scope="module")
def document(place):
    return Document(place.get("/api/v1/openapi.json"))


def paths_of(place, document):
    """Each GET that answers JSON, with ids that are there."""
    call = place.calls("--limit", 10)[-1]["call_id"]
    asked = place.get("/api/v1/approvals", all=1)["approvals"][0]["id"]
    ids = {"calls": call, "runs": "run-1", "approvals": asked, "keys": place.mine["id"], "policies": "work",
           "customers": "cus_1"}
    for path, methods in document.root["paths"].items():
        answer = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        if "application/json" not in answer:
            continue
        filled = path
        if "{" in path:
            filled = path[:path.index("{")] + ids[path.split("/")[3]] + path[path.index("}") + 1:]
        yield path, filled + {"/api/v1/find": "?q=run-1", "/api/v1/bodies": "?text=any"}.get(path, "")


def test_every_get_answers_what_the_document_says(place, document):
    faults, n = [], 0
    for path, filled in paths_of(place, document):
        status, value = place.api("GET", filled)
        assert status == 200, (filled, value)
        faults += document.of("GET", path, value)
        n += 1
    assert n > 25
    assert not faults, "\n".join(sorted(set(faults)))


@pytest.mark.parametrize("path,body", [
    ("/api/v1/policies/check", {"document": policy("work", OPEN)}),
    ("/api/v1/policies/diff", {"document": policy("work", OPEN)}),
    ("/api/v1/policies/plan", {"document": policy("work", [])}),
    ("/api/v1/policies/explain", {"request": "{request: {operation: stripe.charges.create, class: money_in}}",
                                  "policy": "work"}),
    ("/api/v1/policies", {"document": policy("other", OPEN)}),
    ("/api/v1/erase", {"what": "customer", "value": "cus_nobody", "dry_run": True}),
])
def test_what_is_asked_by_post_is_answered_so_too(place, document, path, body):
    status, value = place.api("POST", path, body)
    assert status == 200, value
    assert not document.of("POST", path, value)
