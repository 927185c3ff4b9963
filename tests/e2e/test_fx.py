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
