"""/metrics: the text is what Prometheus takes, counts are what happened, and the dashboard names only what is there."""
import json
import re
import shutil
import subprocess
from decimal import Decimal

import pytest
import yaml

from flyball import TOP
from otlp import Collector
from test_otlp import ask, chat, customer, make

LINE = re.compile(r'^([a-z_]+)(\{(?:[a-z_]+="[^"\\]*",?)*\})? ([0-9.e+-]+|\+Inf)$')
NAME = re.compile(r"\bflyball_[a-z_]+")


def parse(text):
    """{name: {labels: value}}; the rules of the text format are asserted."""
    found, types, helped = {}, {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, f"{name} has two types"
            types[name] = kind
        elif line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in helped and name not in types, line
            helped.add(name)
        else:
            m = LINE.match(line)
            assert m, line
            family = re.sub(r"_(bucket|sum|count)$", "", m[1]) if m[1] not in types else m[1]
            assert family in types, f"{line}: no type"
            series = found.setdefault(m[1], {})
            assert m[2] not in series, f"twice: {line}"
            series[m[2]] = Decimal(m[3])
    for name, kind in types.items():
        if kind == "counter":
            assert name.endswith("_total")
        if kind == "histogram":
            check_histogram(found, name)
    return found


def check_histogram(found, name):
    last = {}
    for labels, n in found.get(name + "_bucket", {}).items():
        rest, le = re.sub(r',?le="[^"]*"', "", labels), re.search(r'le="([^"]*)"', labels)[1]
        before_le, before_n = last.get(rest, (Decimal("-1"), Decimal(0)))
        assert Decimal(le.replace("+Inf", "Infinity")) > before_le and n >= before_n
        last[rest] = (Decimal(le.replace("+Inf", "Infinity")), n)
    for rest, (le, n) in last.items():
        assert le == Decimal("Infinity") and found[name + "_count"][rest if rest != "{}" else None] == n


@pytest.fixture
def busy(make_daemon):
    collector = Collector().start()
    d = make(make_daemon, collector)
    for i in range(3):
        assert chat(d, f"run-{i}")[0] == 200 and customer(d, f"run-{i}")[0] == 200
    assert ask(d, "/openai/v1/chat/completions", {"model": "none", "messages": []}, "run-0")[0] in (400, 403)
    collector.wait(7, where=lambda s: "flyball.call.id" in s.attrs)
    yield d
    collector.stop()


def test_counts_are_what_happened(busy):
    m = parse(busy.get("/metrics"))
    decided = m["flyball_decisions_total"]
    assert decided['{layer="saas",vendor="stripe",verdict="permit",reason=""}'] == 3
    assert decided['{layer="llm",vendor="openai",verdict="permit",reason=""}'] == 3
    assert sum(n for labels, n in decided.items() if 'verdict="deny"' in labels) == 1
    spent = sum(Decimal(c["settled"]["usd"]) for c in busy.calls() if c["settled"] and c["vendor"] == "openai")
    assert m["flyball_spend_usd_total"]['{layer="llm",vendor="openai"}'] == spent > 0
    assert m["flyball_upstream_request_duration_seconds_count"][
        '{layer="saas",vendor="stripe",status_class="2xx"}'] == 3
    assert m["flyball_overhead_seconds_count"]['{layer="saas"}'] == 3
    assert m["flyball_store_write_seconds_count"][None] > 0
    assert m["flyball_export_up"]['{target="far"}'] == 1


def test_no_label_names_an_agent_a_key_a_run_or_a_person(busy):
    text = busy.get("/metrics")
    for word in ("run-0", busy.ready["key"].split("_")[2], "example.com"):
        assert word not in text
    labels = set(re.findall(r'([a-z_]+)="', text))
    assert labels <= {"layer", "vendor", "verdict", "reason", "status_class", "le", "target", "version", "policy",
                      "limit"}


def test_the_dashboard_and_the_alerts_name_only_what_is_there(busy):
    assert busy.json("audit", "verify")["ok"] is True  # what nobody asked for is not claimed
    there = set(parse(busy.get("/metrics")))
    dashboard = json.loads((TOP / "packaging/grafana/flyball.json").read_text())
    alerts = yaml.safe_load((TOP / "packaging/grafana/alerts.yaml").read_text())
    ids = [p["id"] for p in dashboard["panels"]]
    assert len(set(ids)) == len(ids) >= 12
    asked = [t["expr"] for p in dashboard["panels"] for t in p["targets"]]
    asked += [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    for expr in asked:
        names = NAME.findall(expr)
        assert names and set(names) <= there, f"{expr}: {set(names) - there} is not in /metrics"
        assert expr.count("(") == expr.count(")") and expr.count("{") == expr.count("}")


def test_promtool_takes_both(busy):
    tool = shutil.which("promtool")
    if not tool:
        pytest.skip("promtool is not installed (Debian's package prometheus has it)")
    text = busy.get("/metrics")
    done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 or "error" not in done.stderr, done.stderr
    done = subprocess.run([tool, "check", "rules", str(TOP / "packaging/grafana/alerts.yaml")], capture_output=True,
                          text=True, timeout=30)
    assert done.returncode == 0, done.stderr + done.stdout
