"""A real OpenTelemetry collector takes what we send, in both encodings, and has one trace for each run."""
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from flyball import Daemon  # noqa: E402

FAST = {"export_interval_ms": 50, "export_quiet_ms": 300, "export_backoff_ms": 100}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def collector(tmp_path):
    port, out = free_port(), tmp_path / "spans.json"
    config = {"receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
              "exporters": {"file": {"path": str(out), "flush_interval": "100ms"}},
              "service": {"telemetry": {"metrics": {"level": "none"}},
                          "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file"]}}}}
    (tmp_path / "collector.yaml").write_text(json.dumps(config))
    collector = os.environ["OTEL_COLLECTOR"]
    p = subprocess.Popen([collector, "--config", f"file:{tmp_path}/collector.yaml"], stderr=subprocess.PIPE,
                         stdout=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert p.poll() is None and time.monotonic() < until, p.stderr.read().decode()
            time.sleep(0.05)
    yield f"http://127.0.0.1:{port}", out
    p.terminate()
    p.wait(20)


def spans_of(out):
    """As the collector wrote them: OTLP's JSON, a line a batch."""
    found = []
    for line in out.read_text().splitlines() if out.exists() else []:
        for r in json.loads(line)["resourceSpans"]:
            names = {a["key"]: a["value"].get("stringValue") for a in r["resource"]["attributes"]}
            assert names["service.name"] == "flyball"
            found += [s for scope in r["scopeSpans"] for s in scope["spans"]]
    return found


def ask(d, path, body, run):
    c = http.client.HTTPConnection("127.0.0.1", d.data_port, timeout=20)
    is_form = isinstance(body, str)
    c.request("POST", path, body if is_form else json.dumps(body), {
        "Authorization": "Bearer " + d.ready["key"], "x-agent-run-id": run,
        "Content-Type": "application/x-www-form-urlencoded" if is_form else "application/json"})
    r = c.getresponse()
    r.read()
    c.close()
    return r.status


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
def test_a_collector_has_one_trace_for_each_run(tmp_path, collector, protocol):
    url, out = collector
    d = Daemon(tmp_path / "flyball", command="dev", limits=FAST,
               config={"exports": {"far": {"otlp": url, "protocol": protocol}}}).start()
    try:
        runs = [str(uuid.uuid4()) for _ in range(5)]
        for i in range(60):
            run = runs[i % 5]
            if i % 3:
                assert ask(d, "/stripe/v1/customers", f"email=a{i}%40example.com", run) == 200
            else:
                assert ask(d, "/openai/v1/chat/completions", {
                    "model": "gpt-4o-mini", "max_tokens": 20,
                    "messages": [{"role": "user", "content": "Say hello"}]}, run) == 200
        until = time.monotonic() + 30
        while True:
            spans = spans_of(out)
            roots = [s for s in spans if not s.get("parentSpanId")]
            calls = [s for s in spans if any(a["key"] == "flyball.call.id" for a in s["attributes"])]
            if len(roots) == 5 and len(calls) == 60:
                break
            assert time.monotonic() < until, (len(roots), len(calls))
            time.sleep(0.1)
        assert {s["traceId"] for s in spans} == {uuid.UUID(r).hex for r in runs}, "one trace a run"
        assert len({(s["traceId"], s["spanId"]) for s in spans}) == len(spans) == 5 + 60 + 60
        ids = {s["spanId"]: s for s in spans}
        for s in spans:
            parent = ids.get(s.get("parentSpanId"))
            assert parent is None or parent["traceId"] == s["traceId"]
            assert s in roots or parent is not None, "every parent is there"
        status, = d.get("/api/v1/exports")["exports"]
        assert status["spans_rejected"] == 0 and status["failures"] == 0
    finally:
        d.stop()
