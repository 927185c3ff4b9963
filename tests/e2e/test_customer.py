"""`flyball customer`: every action of every agent on one account, and nothing of anybody else's."""
import json
import urllib.parse

import stripe

from flyball import CAPS, OPEN, policy


def client(daemon, key):
    return stripe.StripeClient(key, base_addresses={"api": f"{daemon.ready['data']}/stripe"}, max_network_retries=0)


def test_every_agents_actions_on_one_account_and_no_others(daemon):
    agents = {name: client(daemon, daemon.key(agent=name)["key"]) for name in ("seller", "refunder", "reader")}
    people = {}
    for name in ("ann", "bob"):
        person = agents["seller"].v1.customers.create({"email": f"{name}@example.com"})
        intent = agents["seller"].v1.payment_intents.create(
            {"amount": 900, "currency": "usd", "customer": person.id, "confirm": True,
             "payment_method": "pm_card_visa"})
        refund = agents["refunder"].v1.refunds.create({"payment_intent": intent.id, "amount": 100, "currency": "usd"})
        agents["reader"].v1.customers.retrieve(person.id)
        people[name] = (person.id, intent.id, refund.id)
    ann, bob = people["ann"], people["bob"]
    answer = daemon.json("customer", ann[0])
    rows, counts = answer["calls"], answer["customer"]
    assert {r["agent"] for r in rows} == {"seller", "refunder", "reader"}
    assert [r["operation"] for r in rows] == ["stripe.customers.create", "stripe.payment_intents.create",
                                              "stripe.refunds.create", "stripe.customers.retrieve"]
    assert counts["proven"] + counts["inferred"] == 4 == len(rows) and counts["unattributed"] == 0
    assert rows[1]["attribution"] == "proven" and rows[1]["source"] == "request" and rows[1]["amount"] == 900
    page = daemon.cli("customer", ann[0], "--format", "html").stdout
    lines = daemon.cli("customer", ann[0], "--format", "ndjson").stdout
    assert [json.loads(line) for line in lines.splitlines()] == rows + [counts]
    for text in (json.dumps(answer), page, lines):
        assert ann[0] in text and not any(x in text for x in bob) and "bob@" not in text
    assert "<script" not in page and "http" not in page.split("</head>")[1]
    text = daemon.cli("customer", ann[0]).stdout
    assert f"{counts['proven']} proven, {counts['inferred']} inferred, 0 unattributed" in text


def test_nobodys_account_is_empty_and_odd_names_are_names(daemon):
    for name in ("cus_nobody", "a b+c/d?e=%41", "<script>"):
        answer = daemon.get("/api/v1/customers/" + urllib.parse.quote(name, safe=""))
        assert answer["calls"] == [] and answer["customer"]["customer"] == name
        assert daemon.json("customer", name)["customer"]["customer"] == name
    assert daemon.cli("customer", "x", "--format", "pdf").returncode == 2
    assert daemon.api("GET", "/api/v1/customers/x", token="wrong")[0] == 401


def test_a_call_that_nobody_can_place_is_counted_and_not_shown(daemon, key):
    daemon.apply(policy("default", OPEN, CAPS))
    c = client(daemon, key)
    person = c.v1.customers.create({"email": "ann@example.com"})
    c.v1.products.create({"name": "thing"})
    counts = daemon.json("customer", person.id)["customer"]
    assert counts["proven"] + counts["inferred"] == 1 and counts["unattributed"] == 1
