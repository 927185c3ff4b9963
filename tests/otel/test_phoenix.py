"""Phoenix (arize-phoenix of PyPI) shows one trace for each run."""
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter

import pytest

from test_collector import FAST, ask, free_port
from flyball import Daemon

START_S, TRACES_S = 120, 60


@pytest.fixture
def phoenix(tmp_path):
    port = free_port()
    env = {**os.environ, "PHOENIX_WORKING_DIR": str(tmp_path), "PHOENIX_HOST": "127.0.0.1",
           "PHOENIX_PORT": str(port), "PHOENIX_GRPC_PORT": str(free_port()), "PHOENIX_TELEMETRY_ENABLED": "false",
           "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false"}
    with open(tmp_path / "phoenix.log", "w") as log:
        p = subprocess.Popen([os.environ["PHOENIX"], "serve"], env=env, stdout=log, stderr=log)
    until = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert p.poll() is None and time.monotonic() < until, (tmp_path / "phoenix.log").read_text()[-3000:]
            time.sleep(0.2)
    yield f"http://127.0.0.1:{port}"
    p.terminate()
    p.wait(20)


def spans_of(url):
    try:
        with urllib.request.urlopen(f"{url}/v1/projects/default/spans?limit=1000", timeout=20) as r:
            return json.load(r)["data"]
    except urllib.error.HTTPError as e:
        assert e.code == 404, e  # no project before the first span
        return []


def test_phoenix_has_one_trace_for_each_run(tmp_path, phoenix):
    d = Daemon(tmp_path / "flyball", command="dev", limits=FAST,
               config={"exports": {"far": {"otlp": phoenix}}}).start()
    try:
        runs = [str(uuid.uuid4()) for _ in range(5)]
        for i in range(30):
            body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
            assert ask(d, "/openai/v1/chat/completions", body, runs[i % 5]) == 200
        until = time.monotonic() + TRACES_S
        while len(spans := spans_of(phoenix)) < 5 + 30 + 30:  # runs, calls, attempts
            assert time.monotonic() < until, len(spans)
            time.sleep(0.5)
        traces = {uuid.UUID(run).hex: 1 + 6 + 6 for run in runs}
        assert Counter(s["context"]["trace_id"] for s in spans) == traces
        roots = [s["context"]["trace_id"] for s in spans if not s["parent_id"]]
        assert sorted(roots) == sorted(traces), "one root a run"
    finally:
        d.stop()
