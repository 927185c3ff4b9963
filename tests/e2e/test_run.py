"""`flyball run -- CMD`: programs with the official SDKs, unchanged, against the simulated vendors of `flyball dev`."""
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flyball import BINARY

HERE = Path(__file__).parent
REAL = {"OPENAI_API_KEY": "sk-proj-realrealrealreal", "ANTHROPIC_API_KEY": "sk-ant-api03-realreal",
        "STRIPE_SECRET_KEY": "sk_live_realrealreal", "TWILIO_AUTH_TOKEN": "0123456789abcdef0123456789abcdef",
        "RESEND_API_KEY": "re_realrealrealrealreal", "FLYBALL_TOKEN": None, "PAYMENTS": "rk_live_realrealreal",
        "SETTINGS": '{"llm": "sk-ant-realreal"}'}


@pytest.fixture
def dev(make_daemon):
    return make_daemon(None, command="dev")


def wrap(d, *words, env=None, **more):
    """`flyball run` as a person types it, with the real keys in the environment."""
    environ = {**d.env, "FLYBALL_DIR": str(d.dir), **{k: v for k, v in REAL.items() if v}, **(env or {})}
    return subprocess.run([BINARY, "run", *map(str, words)], capture_output=True, text=True, env=environ, cwd=d.root,
                          timeout=60, **more)


def run_id(done):
    return re.search(r"flyball runs show (\S+)", done.stderr).group(1)


def check_agent(d, done):
    """Every SDK reached its vendor through us, on one run, and was told no where the policy says so."""
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "Hello there" in told["openai"] and "Hello there" in told["anthropic"], told
    assert told["openai stream"] == told["openai"]
    assert re.fullmatch(r"[0-9a-f-]{36}", told["resend"]), told
    assert "policy_denied" in told["denied"], told
    calls = d.run_calls(run_id(done))
    assert [(c["vendor"], c["verdict"]) for c in calls] == [
        ("openai", "permit"), ("openai", "permit"), ("anthropic", "permit"), ("resend", "permit"), ("openai", "deny")]
    sources = [c["run_source"] for c in calls]
    assert sources[0] == sources[2] == "header", sources
    assert len({c["key"] for c in calls}) == 1
    assert "5 calls, 1 denied, 0 unknown" in done.stderr
    return calls


def test_a_python_agent_needs_no_change(dev):
    calls = check_agent(dev, wrap(dev, "--", sys.executable, HERE / "agents" / "plain.py"))
    assert calls[0]["agent"] == Path(sys.executable).name and calls[3]["run_source"] == "key_suffix"


def test_a_document_that_is_not_there_is_said_before_its_refusals(dev):
    done = wrap(dev, "--policy", "defalt", "--", "true")
    assert done.returncode == 0 and "all calls of this key are denied; did you mean `default`?" in done.stderr
    assert "denied" not in wrap(dev, "--", "true").stderr


def test_a_node_agent_needs_no_change(dev, node):
    calls = check_agent(dev, wrap(dev, "--agent", "shop", "--", node, HERE / "node" / "plain.mjs"))
    assert calls[0]["agent"] == "shop" and calls[3]["run_source"] == "key_suffix"


# Behind the lines that `flyball snippet` prints, which make `client` of Python, `stripe` and `client` of Node.
PAY = {"stripe-python": 'told["stripe"] = client.v1.refunds.create({"charge": "ch_demo", "amount": 300}).id\n',
       "twilio-python": 'told["twilio"] = client.messages.create(to="+14155550123", from_="+14155550100",'
                        ' body="Hi").sid\n',
       "stripe-node": 'told.stripe = (await stripe.refunds.create({ charge: "ch_demo", amount: 300 })).id;\n',
       "twilio-node": 'told.twilio = (await client.messages.create({ to: "+14155550123", from: "+14155550100",'
                      ' body: "Hi" })).sid;\n'}
SHOW = {"python": "import os\ntold['environment'] = dict(os.environ)\n", "node": "told.environment = process.env;\n"}


def whole_agent(dev, language):
    """The agent that needs no change, and what `snippet` says for Stripe and Twilio; it tells its environment too."""
    plain = (HERE / "agents" / "plain.py" if language == "python" else HERE / "node" / "plain.mjs").read_text()
    *body, last = plain.rstrip().splitlines()
    more = []
    for vendor in ("stripe", "twilio"):
        done = dev.cli("snippet", f"{vendor}-{language}")
        assert done.returncode == 0, done.stderr
        more += [done.stdout, PAY[f"{vendor}-{language}"]]
    file = dev.root / ("agent.py" if language == "python" else "agent.mjs")
    file.write_text("\n".join([*body, *more, SHOW[language], last, ""]))
    return file


@pytest.mark.parametrize("language", ["python", "node"])
def test_with_the_lines_of_snippet_all_five_sdks_are_one_run_and_none_has_a_real_key(dev, node, language):
    (dev.root / "node_modules").symlink_to(HERE / "node" / "node_modules")
    program = sys.executable if language == "python" else node
    done = wrap(dev, "--agent", "whole", "--", program, whole_agent(dev, language),
                env={"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "FLYBALL_TOKEN": dev.token})
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["stripe"].startswith("re_") and told["twilio"].startswith("SM")
    calls = dev.run_calls(run_id(done))
    assert [c["vendor"] for c in calls if c["verdict"] == "permit"] == [
        "openai", "openai", "anthropic", "resend", "stripe", "twilio"]
    assert len({(c["run_id"], c["key"], c["agent"]) for c in calls}) == 1
    seen = json.dumps(told["environment"])
    assert "realreal" not in seen and REAL["TWILIO_AUTH_TOKEN"] not in seen and dev.token not in seen
    secrets = [v for k, v in told["environment"].items() if k.endswith(("_KEY", "_AUTH_TOKEN"))]
    assert len(secrets) >= 6 and all(f"fb_test_{calls[0]['key']}_" in s for s in secrets)


def test_the_program_has_no_real_key_and_is_told_which_were_hidden(dev):
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    done = wrap(dev, "--run", "look", "--", sys.executable, "-c", show, env={"FLYBALL_TOKEN": dev.token})
    seen = json.loads(done.stdout)
    for name, value in {**REAL, "FLYBALL_TOKEN": dev.token}.items():
        assert value not in seen.values(), name
    assert not {"PAYMENTS", "SETTINGS", "FLYBALL_TOKEN"} & set(seen)
    assert seen["OPENAI_BASE_URL"] == dev.ready["data"] + "/openai/v1"
    assert seen["ANTHROPIC_BASE_URL"] == dev.ready["data"] + "/anthropic"
    assert seen["RESEND_BASE_URL"] == seen["RESEND_API_URL"] == dev.ready["data"] + "/resend"
    assert seen["HOME"] == dev.env["HOME"]
    for name, dress in {"OPENAI_API_KEY": "sk-fb_", "ANTHROPIC_API_KEY": "sk-ant-fb_", "RESEND_API_KEY": "re_fb_",
                        "STRIPE_SECRET_KEY": "sk_test_fb_", "TWILIO_AUTH_TOKEN": "fb_"}.items():
        assert seen[name].startswith(dress) and seen[name].endswith(".run_look"), (name, seen[name])
    assert "PAYMENTS looks like a key of Stripe" in done.stderr
    assert "SETTINGS looks like a key of Anthropic" in done.stderr
    assert "realreal" not in done.stderr and "no call was made in run look" in done.stderr


def test_a_vendor_that_is_called_directly_keeps_its_key_and_address_and_the_others_do_not(dev):
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    seen = json.loads(wrap(dev, "--direct", "openai", "--direct", "anthropic", "--", sys.executable, "-c", show).stdout)
    assert seen["OPENAI_API_KEY"] == REAL["OPENAI_API_KEY"] and seen["SETTINGS"] == REAL["SETTINGS"]
    assert not {"OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "OPENAI_CUSTOM_HEADERS", "PAYMENTS"} & set(seen)
    assert "_fb_test_" in seen["STRIPE_SECRET_KEY"] and seen["RESEND_BASE_URL"] == dev.ready["data"] + "/resend"
    done = wrap(dev, "--direct", "opanai", "--", "true")
    assert done.returncode == 2 and "openai" in done.stderr


def test_words_reach_the_program_as_they_are(dev):
    words = ["two words", "*", "$HOME", "--json", "", "a\"b'c"]
    done = wrap(dev, "--", sys.executable, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", *words,
                env={"NOTE": "in; a $(shell)"})
    assert json.loads(done.stdout) == words


@pytest.mark.parametrize("code, status", [("raise SystemExit(0)", 0), ("raise SystemExit(42)", 42),
                                          ("import os; os.kill(os.getpid(), 9)", 128 + 9)])
def test_the_exit_status_is_the_programs_and_its_key_ends_with_it(dev, code, status):
    assert wrap(dev, "--agent", "brief", "--", sys.executable, "-c", code).returncode == status
    assert [k["status"] for k in dev.get("/api/v1/keys")["keys"] if k["agent"] == "brief"] == ["revoked"]


def test_a_program_that_cannot_be_run_is_said_as_shells_say_it(dev):
    plain = dev.root / "plain.txt"
    plain.write_text("hello")
    assert wrap(dev, "--agent", "none", "--", "no-such-program").returncode == 127
    done = wrap(dev, "--agent", "none", "--", plain)
    assert done.returncode == 126 and "cannot run" in done.stderr
    assert {k["status"] for k in dev.get("/api/v1/keys")["keys"] if k["agent"] == "none"} == {"revoked"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_reach_the_program(dev, number):
    code = (f"import signal, sys, time\nsignal.signal({int(number)}, lambda *a: sys.exit(7))\n"
            "print('up', flush=True)\ntime.sleep(60)")
    p = subprocess.Popen([BINARY, "run", "--agent", "waits", "--", sys.executable, "-c", code], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**dev.env, "FLYBALL_DIR": str(dev.dir)})
    assert p.stdout.readline() == "up\n"
    since = time.monotonic()
    os.kill(p.pid, number)
    _, said = p.communicate(timeout=30)
    assert p.returncode == 7 and time.monotonic() - since < 20, said
    assert [k["status"] for k in dev.get("/api/v1/keys")["keys"] if k["agent"] == "waits"] == ["revoked"]


def test_the_budget_holds_for_the_whole_program_also_when_it_names_other_runs(dev):
    code = ("import openai, uuid\nc, n = openai.OpenAI(max_retries=0), 0\ntry:\n    while n < 50:\n"
            "        c.chat.completions.create(model='gpt-4o-mini', max_tokens=100,\n"
            "                                  messages=[{'role': 'user', 'content': 'go'}],\n"
            "                                  extra_headers={'x-agent-run-id': str(uuid.uuid4())})\n"
            "        n += 1\nexcept openai.PermissionDeniedError as e:\n    print(n, e.message)")
    done = wrap(dev, "--budget", "0.00015", "--agent", "spender", "--", sys.executable, "-c", code)
    n, _, said = done.stdout.partition(" ")
    assert 1 <= int(n) < 50 and "limit_exceeded" in said, (done.stdout, done.stderr)
    spent = sum(float(c["settled"]["usd"]) for c in dev.calls("--agent", "spender") if c["settled"])
    assert 0 < spent <= 0.00015


def test_json_is_a_line_on_standard_error_and_the_output_is_the_programs(dev):
    done = wrap(dev, "--json", "--run", "j-1", "--", sys.executable, HERE / "agents" / "plain.py")
    told, = done.stderr.splitlines()
    assert json.loads(told)["run_id"] == "j-1" and json.loads(told)["run"]["calls"] == 5
    assert "openai" in json.loads(done.stdout)
    done = wrap(dev, "--json", "--run", "j-2", "--", "true")
    assert json.loads(done.stderr) == {"run_id": "j-2", "run": None}


def test_nothing_is_started_where_it_could_not_be_governed(make_daemon, dev):
    mark = dev.root / "started"
    touch = ["--", "touch", mark]
    off = make_daemon(None, command="dev", start=False)
    for words, env, says, status in [
            ([], {"FLYBALL_DIR": str(off.dir)}, "flyball dev", 3),
            (["--admin", "http://127.0.0.1:1"], {}, "no daemon answers", 3),
            ([], {"FLYBALL_TOKEN": "wrong"}, "does not take this credential", 3),
            (["--budget", "much"], {}, "an amount in dollars", 2),
            (["--budget", "-1"], {}, "an amount in dollars", 2),
            (["--run", "two words"], {}, "1 to 128", 2),
            (["--run", "r" * 129], {}, "1 to 128", 2)]:
        done = wrap(dev, *words, *touch, env=env)
        assert done.returncode == status and says in done.stderr, (words, done.stderr)
        assert not mark.exists(), words
    assert wrap(dev, "--run", "r" * 128, *touch).returncode == 0 and mark.exists()
    assert wrap(dev).returncode == 2


def test_the_doctor_names_the_variables_that_lead_around_us_and_not_what_they_hold(dev):
    env = {k: v for k, v in REAL.items() if v and k != "STRIPE_SECRET_KEY"} | {"OURS": "sk_test_" + dev.key()["key"]}
    done = dev.cli("doctor", "--offline", "--json", env=env)
    told = [c["text"] for c in json.loads(done.stdout)["checks"] if c["name"] == "bypass" and c["status"] == "warn"]
    assert sorted(t.split()[0] for t in told) == ["ANTHROPIC_API_KEY", "OPENAI_API_KEY", "PAYMENTS", "RESEND_API_KEY",
                                                  "SETTINGS"]
    assert "realreal" not in done.stdout + done.stderr
    done = dev.cli("doctor", "--offline", "--json")
    assert [c["status"] for c in json.loads(done.stdout)["checks"] if c["name"] == "bypass"] == ["ok"]
