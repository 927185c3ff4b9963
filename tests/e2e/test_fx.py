"""Amounts in other currencies under limits of dollars: by the operator's table, with its margin, while it is young."""
from datetime import datetime, timedelta, timezone

import pytest

from flyball import permit, policy, usd
from raw import ask

RULES = [permit("pay", operation=["stripe.payment_intents.create"])]


def table(days_old=0, **rates):
    day = datetime.now(timezone.utc) - timedelta(days=days_old)
    rows = "".join(f'  {c}: "{r}"\n' for c, r in rates.items())
    return f'date: "{day:%Y-%m-%d}"\nmargin_percent: "2.0"\nmax_age: 7d\nusd:\n{rows}', f"{day:%Y-%m-%d}"


def pay(d, key, minor, currency):
    return ask(d.data_port, "POST", "/stripe/v1/payment_intents", key,
               f"amount={minor}&currency={currency}&confirm=true&payment_method=pm_card_visa")


@pytest.fixture
def governed(make_daemon, vendor, tmp_path):
    def make(text=None):
        more = {}
        if text:
            (tmp_path / "fx.yaml").write_text(text)
            more = {"config": {"fx": {"table": str(tmp_path / "fx.yaml")}}}
        d = make_daemon(vendor, **more)
        d.apply(policy("default", RULES, [usd("in", "100.00", window={"lifetime": True})]))
        return d, d.key()["key"]
    return make


def test_an_amount_counts_by_its_rate_and_the_margin(governed):
    text, day = table(EUR="1.10", JPY="0.0066")
    d, key = governed(text)
    paid = pay(d, key, 5000, "eur")  # 50.00 EUR: 55.00, and 2 percent
    assert paid.status == 200
    d.settle()
    it = d.call(paid.call_id)
    assert it["settled"] == {"usd": "56.100000000", "how": "priced"} == it["predicted"]
    assert it["fx"] == {"currency": "EUR", "state": "used", "date": day, "usd": "1.100000000",
                        "margin_percent": "2.00"}
    assert f"by the table of {day}" in d.cli("why", paid.call_id).stdout
    assert pay(d, key, 6521, "jpy").status == 200  # no minor unit: 43.039 dollars, 43.90 with the margin
    assert pay(d, key, 1, "eur").code == "limit_exceeded"  # 99.999372 are spent, and this is 0.01122


def test_a_reload_takes_the_new_table_or_leaves_the_old_one(governed, tmp_path):
    d, key = governed(table(EUR="1.10")[0])
    assert pay(d, key, 100, "gbp").code == "cost_unknown"
    (tmp_path / "fx.yaml").write_text(table(EUR="2.00", GBP="1.25")[0])
    assert d.cli("reload").returncode == 0
    assert pay(d, key, 1000, "gbp").status == 200
    paid = pay(d, key, 1000, "eur")
    (tmp_path / "fx.yaml").write_text("usd: {EUR: nothing}\n")
    bad = d.cli("reload")
    assert bad.returncode == 1 and "fx.yaml:1:" in bad.stderr
    assert "flyball_config_last_reload_successful 0" in d.api("GET", "/metrics")[1]
    assert pay(d, key, 1000, "gbp").status == 200
    d.log_file.write_text("")  # what was to be said there
    d.settle()
    assert d.call(paid.call_id)["settled"]["usd"] == "20.400000000"


def test_without_a_rate_or_a_table_the_cost_is_unknown(governed):
    d, key = governed(table(EUR="1.10")[0])
    no = pay(d, key, 100, "gbp")
    assert no.code == "cost_unknown" and "has none for it" in no.json["error"]["message"]
    d, key = governed()
    no = pay(d, key, 100, "eur")
    assert no.code == "cost_unknown" and "there is no table of rates" in no.json["error"]["message"]


def test_a_table_that_is_too_old_refuses_and_names_its_date(governed):
    text, day = table(days_old=9, EUR="1.10")
    d, key = governed(text)
    no = pay(d, key, 100, "eur")
    assert no.code == "cost_unknown"
    assert f"the table of rates of {day} is older than its max_age" in no.json["error"]["message"]
    assert d.call(no.call_id)["fx"] == {"currency": "EUR", "state": "stale", "date": day}
    d.settle()
    assert f"rates of {day} is older than its max_age" in d.cli("policy", "explain", no.call_id).stdout
    assert pay(d, key, 100, "usd").status == 200


def test_a_bad_table_is_told_at_start(make_daemon, vendor, tmp_path):
    (tmp_path / "fx.yaml").write_text('date: "2026-11-27"\nmargin_percent: "2"\nmax_age: 7d\nusd: {EUR: 1.1}\n')
    d = make_daemon(vendor, start=False, config={"fx": {"table": str(tmp_path / "fx.yaml")}})
    with pytest.raises(Exception) as failed:
        d.start()
    assert "a rate is what one unit is in dollars" in str(failed.value) + d.log()


def euros(id, most, **more):
    return {"id": id, "meter": "currency:EUR", "max": most, "window": {"lifetime": True}, **more}


def test_a_limit_in_euros_counts_euros_and_needs_no_table(make_daemon, vendor):
    d = make_daemon(vendor)
    d.apply(policy("default", RULES, [euros("in", "100.00", soft="80.00")]))
    made = d.key(limit="currency:EUR=90/day")
    key = made["key"]
    paid = pay(d, key, 6000, "eur")
    assert paid.status == 200
    d.settle()
    limits = {l["id"]: l for l in d.call(paid.call_id)["limits"]}
    assert limits["in"]["meter"] == "currency:EUR" and limits["in"]["n"] == 60_000_000_000
    assert pay(d, key, 1_000_000, "usd").status == 200 and pay(d, key, 9_999_999, "jpy").status == 200
    no = pay(d, key, 3001, "eur")
    assert no.code == "limit_exceeded"
    assert "90.00 EUR a day: 60.00 spent, 0.00 held, this call asks 30.01" in no.json["error"]["message"]
    d.restart(kill_9=True)
    other = d.key()["key"]
    assert pay(d, other, 4001, "eur").code == "limit_exceeded" and pay(d, other, 4000, "eur").status == 200
    d.settle()
    shown = {l["id"]: l for l in d.get("/api/v1/limits")["limits"]}
    assert shown["in"]["buckets"][0]["settled"] == "100.000000000" and shown["in"]["buckets"][0]["is_past_soft"]
    assert "100.00 EUR" in d.cli("limit", "list").stdout and "90.00 EUR" in d.cli("key", "show", made["id"]).stdout
    raised = d.json("limit", "raise", "in", "--by", "5.50", "--for", "1h", "--reason", "test", "--test")
    assert (raised["meter"], raised["after"]) == ("currency:EUR", "105.500000000")
    assert pay(d, other, 551, "eur").code == "limit_exceeded" and pay(d, other, 550, "eur").status == 200


def test_a_refund_in_euros_of_a_charge_in_euros_is_looked_up_and_counted(make_daemon, vendor):
    d = make_daemon(vendor)
    d.apply(policy("default", [permit("all", vendor=["stripe"])],
                   [euros("out", "50.00", match={"class": ["money_out"]})]))
    key = d.key()["key"]

    def refund(charge):
        return ask(d.data_port, "POST", "/stripe/v1/refunds", key, f"charge={charge}")

    def charge(minor, currency):
        made = ask(d.data_port, "POST", "/stripe/v1/charges", key,
                   f"amount={minor}&currency={currency}&source=tok_visa")
        assert made.status == 200
        return made.json["id"]

    assert refund(charge(5001, "eur")).code == "limit_exceeded"
    assert refund(charge(90000, "usd")).status == 200
    assert refund(charge(5000, "eur")).status == 200
    assert refund(charge(1, "eur")).code == "limit_exceeded"


def test_a_plan_counts_euros_as_the_daemon_did(make_daemon, vendor, tmp_path):
    d = make_daemon(vendor)
    d.apply(policy("default", RULES, [euros("in", "100.00")]))
    key = d.key()["key"]
    for minor in (4000, 4000, 4000, 2000):
        pay(d, key, minor, "eur")
    file = tmp_path / "new.yaml"
    file.write_text(policy("default", RULES, [euros("in", "100.00")]))
    same = d.json("policy", "plan", file, "--since", "1h")
    assert same["replayed"] == 4 and same["recorded_otherwise"] == 0
    assert same["permitted"]["calls"] == same["denied"]["calls"] == 0
    file.write_text(policy("default", RULES, [euros("in", "79.99")]))
    lower = d.json("policy", "plan", file, "--since", "1h")
    assert lower["denied"]["calls"] == 1, "of 40, 40 and 20 the second is denied, and the third fits again"
