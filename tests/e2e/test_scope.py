"""Rules with a scope, end to end: whose accounts calls act on, who may answer, and what happens when nobody does."""
import os
import random
import threading

import pytest

from flyball import policy
from raw import Reader, ask, connect, request
from scope_vendor import KINDS, ScopeVendor

ALLOWED = ["cus_C0x", "cus_C1x"]
FUZZED = int(os.environ.get("FLYBALL_FUZZED", "10000"))
PI = "/stripe/v1/payment_intents"


@pytest.fixture
def book():
    v = ScopeVendor(metadata={"cus_C0x": {"tenant": "acme"}, "cus_C2x": {"tenant": "other"}}).start()
    yield v
    v.stop()


def scoped(customer, effect="permit", **more):
    return {"id": "scoped", "effect": effect, "match": {"vendor": ["stripe"]}, "scope": {"customer": customer}, **more}


def pay(d, key, customer, more="", **kw):
    return ask(d.data_port, "POST", PI, key, f"amount=100&currency=usd&customer={customer}{more}", **kw)


# ---- in --------------------------------------------------------------------------------------------------------------


def test_only_customers_on_the_list_are_reached(make_daemon, book):
    d = make_daemon(book)
    d.apply(policy("default", [scoped({"in": ["set:pilot"]})], sets={"pilot": ALLOWED}))
    key = d.key()["key"]
    assert pay(d, key, "cus_C0x").status == 200
    no = pay(d, key, "cus_C2x")
    assert (no.status, no.code) == (403, "scope_denied")
    for part in ('Rule "scoped"', "not on this account", "not on the rule's list", "account cus_C2x",
                 "ask the policy's owner"):
        assert part in no.json["error"]["message"], no.json
    assert ask(d.data_port, "POST", "/stripe/v1/refunds", key, "charge=ch_2x").code == "scope_denied"
    assert ask(d.data_port, "POST", "/stripe/v1/refunds", key, "charge=ch_0x").status == 200
    assert pay(d, key, "cus_C0x", "&payment_method=pm_2x").code == "scope_denied"
    assert ask(d.data_port, "POST", "/stripe/v1/payouts", key, "amount=1&currency=usd").code == "scope_denied"
    assert book.strangers(ALLOWED) == []


def test_whose_an_object_is_is_asked_once(make_daemon, book):
    d = make_daemon(book)
    d.apply(policy("default", [scoped({"in": ALLOWED})]))
    key = d.key()["key"]
    for _ in range(3):
        assert ask(d.data_port, "POST", "/stripe/v1/invoices/in_0x", key, "description=x").status == 200
    assert book.gets == 1


def test_the_reason_on_record_names_no_customer_and_the_accounts_stand_beside(make_daemon, book):
    d = make_daemon(book)
    d.apply(policy("default", [scoped({"in": ALLOWED})]))
    pay(d, d.key()["key"], "cus_C2x")
    call = d.calls()[0]
    assert call["code"] == "scope_denied" and "cus_C2x" not in call["reason"] and call["customer"] == "cus_C2x"


def test_a_customer_who_was_only_named_is_erased_too(make_daemon, book):
    d = make_daemon(book)
    d.apply(policy("default", [scoped({"in": ALLOWED})]))
    key = d.key()["key"]
    assert pay(d, key, "cus_C0x", "&payment_method=pm_2x").code == "scope_denied"
    d.settle()
    assert "cus_C2x" in d.cli("why", d.calls()[0]["call_id"]).stdout
    assert d.cli("erase", "--customer", "cus_C2x", "--yes").returncode == 0
    assert "cus_C2x" not in d.cli("why", d.calls()[0]["call_id"]).stdout


# ---- created_by ------------------------------------------------------------------------------------------------------


def test_what_an_agent_created_is_its_own_also_after_a_restart(make_daemon, book):
    d = make_daemon(book)
    rules = [{"id": "new", "effect": "permit", "match": {"operation": ["stripe.customers.create"]}},
             scoped({"created_by": "agent"})]
    d.apply(policy("default", rules))
    mine, other = d.key(agent="maker")["key"], d.key(agent="other")["key"]
    created = ask(d.data_port, "POST", "/stripe/v1/customers", mine, "email=a%40b.example").json["id"]
    assert pay(d, mine, created).status == 200
    assert pay(d, other, created).code == "scope_denied"
    assert pay(d, mine, "cus_C0x").code == "scope_denied"
    d.stop()
    d.start()
    assert pay(d, mine, created).status == 200
    assert pay(d, other, created).code == "scope_denied"


@pytest.mark.parametrize("who", ["key", "run"])
def test_created_by_the_same_key_or_run(make_daemon, book, who):
    d = make_daemon(book)
    rules = [{"id": "new", "effect": "permit", "match": {"operation": ["stripe.customers.create"]}},
             scoped({"created_by": who})]
    d.apply(policy("default", rules))
    one, two = d.key(agent="a")["key"], d.key(agent="a")["key"]
    run = [("x-agent-run-id", "run-1")]
    created = ask(d.data_port, "POST", "/stripe/v1/customers", one, "email=a%40b.example", headers=run).json["id"]
    assert pay(d, one, created, headers=run).status == 200
    headers = run if who == "key" else [("x-agent-run-id", "run-2")]
    other = pay(d, two if who == "key" else one, created, headers=headers)
    assert other.code == "scope_denied"


# ---- metadata --------------------------------------------------------------------------------------------------------


def test_a_customers_metadata_must_say_the_callers_tenant(make_daemon, book):
    d = make_daemon(book)
    d.apply(policy("default", [scoped({"metadata": {"tenant": "principal.tenant"}})]))
    key = d.key(tenant="acme")["key"]
    assert pay(d, key, "cus_C0x").status == 200
    assert pay(d, key, "cus_C2x").code == "scope_denied"
    assert pay(d, key, "cus_C1x").code == "scope_denied"      # says nothing
    assert pay(d, key, "cus_Unknown1").code == "scope_denied"  # the vendor does not know it
    assert pay(d, d.key()["key"], "cus_C0x").code == "scope_denied"  # a caller without a tenant


def test_metadata_is_asked_again_once_a_call_changed_the_customer(make_daemon, book):
    d = make_daemon(book)
    rules = [scoped({"metadata": {"tenant": "acme"}}),
             {"id": "rename", "effect": "permit", "match": {"operation": ["stripe.customers.update"]}}]
    d.apply(policy("default", rules))
    key = d.key()["key"]
    assert pay(d, key, "cus_C0x").status == 200
    book.objects["cus_C0x"]["metadata"] = {"tenant": "other"}
    assert pay(d, key, "cus_C0x").status == 200  # as it was asked a moment ago
    assert ask(d.data_port, "POST", "/stripe/v1/customers/cus_C0x", key, "metadata[tenant]=other").status == 200
    assert pay(d, key, "cus_C0x").code == "scope_denied"


# ---- everything at once ----------------------------------------------------------------------------------------------


def fuzzed(rng, book):
    """A request that names objects of several customers in ways that Stripe would take, or nearly."""
    tails = ["0x", "1x"] if rng.random() < 0.4 else ["0x", "1x", "2x", "3x", "7x", "guest0"]

    def some(kind):
        tail = rng.choice(tails)
        return f"{kind}_{tail}" if kind != "cus" else f"cus_C{tail}"

    kinds = list(KINDS) + ["cus"]
    paths = ["payment_intents", "charges", "refunds", "invoices", "invoiceitems", "subscriptions", "subscription_items",
             "checkout/sessions", "quotes", "credit_notes", "transfers", "payouts", "payment_links", "coupons",
             "setup_intents", "billing_portal/sessions", "customers", "promotion_codes"]
    path = f"/stripe/v1/{rng.choice(paths)}"
    if rng.random() < 0.5:
        kind = rng.choice(list(KINDS))
        path = f"/stripe/v1/{KINDS[kind]}/{some(kind)}"
        if rng.random() < 0.4:
            path += "/" + rng.choice(["confirm", "capture", "cancel", "pay", "void", "close", "attach", "detach",
                                      "expire", "accept", "refunds", f"refunds/{some('re')}", "lines/il_1", "finalize"])
    elif rng.random() < 0.15:
        path = f"/stripe/v1/customers/{some('cus')}"
        path += rng.choice(["", "/balance_transactions", "/sources/card_9Z", "/tax_ids"])
    fields = [("amount", str(rng.randint(1, 900))), ("currency", "usd")] if rng.random() < 0.7 else []
    for _ in range(rng.randint(0, 4)):
        kind = rng.choice(kinds)
        name = {"cus": "customer", "pi": "payment_intent", "ch": "charge", "pm": "payment_method", "in": "invoice",
                "sub": "subscription", "ii": "invoice_item", "si": "subscription_item", "re": "refund"}.get(kind, kind)
        form = rng.choice(["{}", "{}", "{}", "items[0][{}]", "lines[{n}][{}]", "data[x][{}]", "default_{}",
                           "from_{}", "{}s[]", "a[b][c][{}]", "metadata[{}]", "{}[id]", "hooks[inputs][{}]"])
        fields.append((form.format(name, n=rng.randint(0, 3)), some(kind)))
    for extra in (("on_behalf_of", "acct_X1"), ("transfer_data[destination]", "acct_X1"), ("expand[]", "customer"),
                  ("expand[]", "transfer_data.destination"), ("customer_account", some("cus")),
                  ("off_session", "true")):
        if rng.random() < 0.06:
            fields.append(extra)
    rng.shuffle(fields)
    method = "DELETE" if rng.random() < 0.06 else "POST"
    return method, path, "" if method == "DELETE" else "&".join(f"{k}={v}" for k, v in fields)


def test_the_judge_sees_a_stranger(make_daemon, book):
    """Without a scope the same requests do reach others, and the vendor's book says so."""
    d = make_daemon(book)
    d.apply(policy("default", [{"id": "all", "effect": "permit", "match": {"vendor": ["stripe"]}}]))
    assert pay(d, d.key()["key"], "cus_C0x", "&payment_method=pm_2x").status == 200
    assert len(book.strangers(ALLOWED)) == 1


@pytest.mark.timeout(300)
def test_of_fuzzed_requests_none_reaches_another_customer(make_daemon, book):
    """10,000 by default, on four connections; the vendor's own book is the judge."""
    d = make_daemon(book)
    d.apply(policy("default", [scoped({"in": ALLOWED})]))
    key, codes, lock = d.key()["key"], {}, threading.Lock()

    def work(seed):
        rng, mine = random.Random(seed), {}
        s = connect(d.data_port)
        for _ in range(FUZZED // 4):
            method, path, body = fuzzed(rng, book)
            s.sendall(request(method, path, key, body or None))
            answer = Reader(s).response()
            what = answer.code or answer.status
            mine[what] = mine.get(what, 0) + 1
            if answer.header("connection") == "close":
                s.close()
                s = connect(d.data_port)
        s.close()
        with lock:
            for k, n in mine.items():
                codes[k] = codes.get(k, 0) + n

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(280)
    print(f"{sum(codes.values())} requests: {codes}; {len(book.writes)} writes arrived")
    assert sum(codes.values()) == FUZZED // 4 * 4
    assert book.strangers(ALLOWED) == []
    assert len(book.writes) > FUZZED // 50 and codes["scope_denied"] > FUZZED // 4  # both sides were tried
