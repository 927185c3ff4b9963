"""A real OpenFGA, asked the checks that our own checker answers, and asked by a daemon that is configured to."""
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "e2e"), str(Path(__file__).resolve().parent)]
from dsl import model_json  # noqa: E402
from flyball import Daemon, policy  # noqa: E402
from raw import ask  # noqa: E402
from scope_vendor import ScopeVendor  # noqa: E402
from test_scope_remote import CUSTOMERS, MAY, MODEL, TUPLES  # noqa: E402

TOP = Path(__file__).resolve().parents[2]
SUITE = Path(os.environ.get("FLYBALL_SUITES", TOP / ".." / "shared" / "suites")) / "openfga"
SKIPPED = {"nested_indirect_relation_with_condition"}  # an address in a condition: spec/relations.md
KEY = "fga-preshared-key"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class OpenFga:
    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        argv = [os.environ["OPENFGA"], "run", "--http-addr", f"127.0.0.1:{self.port}", "--grpc-addr",
                f"127.0.0.1:{free_port()}", "--playground-enabled=false", "--metrics-enabled=false",
                "--authn-method", "preshared", "--authn-preshared-keys", KEY, "--log-level", "error"]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while True:
            try:
                if self.call("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                pass
            assert time.monotonic() < until and self.process.poll() is None, "OpenFGA did not start"
            time.sleep(0.1)

    def call(self, method, path, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        c.request(method, path, json.dumps(body) if body is not None else None,
                  {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
        answer = c.getresponse()
        text = answer.read()
        c.close()
        return answer.status, json.loads(text) if text else None

    def store(self):
        status, it = self.call("POST", "/stores", {"name": "tests"})
        assert status == 201, it
        return it["id"]

    def write(self, store, model, tuples):
        status, written = self.call("POST", f"/stores/{store}/authorization-models", model_json(model))
        assert status == 201, (written, model)
        for i in range(0, len(tuples), 50):
            status, said = self.call("POST", f"/stores/{store}/write", {"writes": {"tuple_keys": tuples[i:i + 50]}})
            assert status == 200, said
        return written["authorization_model_id"]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture(scope="module")
def fga():
    it = OpenFga()
    yield it
    it.stop()


def plain(value):
    """Timestamps as YAML reads them become texts again."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value if isinstance(value, (str, int, float, bool, list)) or value is None else value.isoformat()


def suite_of_openfga():
    for name in ("consolidated_1_1_tests.yaml", "abac_tests.yaml"):
        for test in yaml.safe_load((SUITE / name).read_text())["tests"]:
            if test["name"] not in SKIPPED:
                yield test


@pytest.mark.timeout(600)
def test_the_public_cases_are_answered_as_our_checker_answers_them(fga):
    """Both are compared with the same expectations; `cases/relation_openfga` has ours."""
    if not SUITE.is_dir():
        pytest.skip(f"OpenFGA's cases are not in {SUITE}")
    n, wrong = 0, []
    for test in suite_of_openfga():
        store = fga.store()
        for stage in test["stages"]:
            model = fga.write(store, stage["model"], [plain(t) for t in stage.get("tuples") or []])
            for a in stage.get("checkAssertions") or []:
                q = {"tuple_key": a["tuple"], "authorization_model_id": model, "context": plain(a.get("context") or {}),
                     "contextual_tuples": {"tuple_keys": [plain(t) for t in a.get("contextualTuples") or []]}}
                status, said = fga.call("POST", f"/stores/{store}/check", q)
                got = "error" if status != 200 else said.get("allowed", False)
                want = "error" if a.get("errorCode") else a["expectation"]
                n += 1
                if got != want:
                    wrong.append((test["name"], a["tuple"], got, want))
    print(f"{n} checks of a real OpenFGA, {len(wrong)} other than expected")
    assert not wrong and n == 482


def test_a_daemon_that_asks_it_decides_as_one_with_relations_on_file(fga, tmp_path):
    store = fga.store()
    model = fga.write(store, MODEL, TUPLES)
    (tmp_path / "m.fga").write_text(MODEL)
    (tmp_path / "t.json").write_text(json.dumps(TUPLES))
    config = {"relations": {"embedded": {"model": str(tmp_path / "m.fga"), "tuples": str(tmp_path / "t.json")},
                            "openfga": {"url": fga.url, "store": store, "model": model, "secret": "env:FGA",
                                        "timeout": "2s"}}}
    book = ScopeVendor().start()
    d = Daemon(tmp_path / "d", book.port, config=config, env={"FGA": KEY}).start()
    try:
        for engine in ("embedded", "openfga"):
            rule = {"id": "r", "effect": "permit", "match": {"vendor": ["stripe"]},
                    "scope": {"customer": {"relation": {**MAY["relation"], "engine": engine}}}}
            d.apply(policy(engine, [rule]))
        answers = {}
        for agent in ("bot", "other"):
            for engine in ("embedded", "openfga"):
                key = d.key(agent=agent, policy=engine)["key"]
                for customer in CUSTOMERS:
                    r = ask(d.data_port, "POST", "/stripe/v1/payment_intents", key,
                            f"amount=1&currency=usd&customer={customer}")
                    answers[agent, customer, engine] = r.code or r.status
        for agent in ("bot", "other"):
            for customer in CUSTOMERS:
                assert answers[agent, customer, "embedded"] == answers[agent, customer, "openfga"], (agent, customer)
        assert list(answers.values()).count(200) == 6
    finally:
        d.close()
        book.stop()
