"""`flyball dev` as a newcomer has it: simulated models and Stripe behind the starter policy, official SDKs in front."""
import json
import os
import subprocess
import time
from pathlib import Path

import anthropic
import openai
import pytest
import stripe

from flyball import BINARY

SCRIPT = Path(__file__).parent / "node" / "models.mjs"
CHAT, CLAUDE = "gpt-4o-mini", "claude-haiku-4-5"
REFUND = {"type": "object", "required": ["charge", "amount"],
          "properties": {"charge": {"type": "string"}, "amount": {"type": "integer", "description": "in cents"}}}
HELLO = [{"role": "user", "content": "hello"}]
PLEASE = [{"role": "user", "content": "Refund 5 dollars of charge ch_demo"}]


@pytest.fixture
def dev(make_daemon):
    return make_daemon(None, command="dev")


def run_header(run):
    return {"x-agent-run-id": run}


def openai_of(dev, run="run-dev"):
    return openai.OpenAI(api_key=dev.ready["key"], base_url=dev.ready["data"] + "/openai/v1", max_retries=0,
                         default_headers=run_header(run))


def anthropic_of(dev, run="run-dev"):
    return anthropic.Anthropic(api_key=dev.ready["key"], base_url=dev.ready["data"] + "/anthropic", max_retries=0,
                               default_headers=run_header(run))


def refund(dev, call_id, arguments, run):
    client = stripe.StripeClient(dev.ready["key"], base_addresses={"api": dev.ready["data"] + "/stripe"})
    headers = {**run_header(run), "x-agent-tool-call-id": call_id}
    return client.v1.refunds.create(arguments, {"headers": headers})


def test_a_chat_is_answered_whole_and_as_a_stream(dev):
    o = openai_of(dev)
    whole = o.chat.completions.create(model=CHAT, messages=HELLO)
    assert whole.choices[0].message.content == f"This is a simulated {CHAT}. You said: hello"
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    chunks = list(o.chat.completions.create(model=CHAT, messages=HELLO, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == whole.choices[0].message.content
    assert all(c.usage is None for c in chunks)
    dev.settle()
    calls = dev.run_calls("run-dev")
    assert [c["outcome"] for c in calls] == ["settled", "settled"]
    assert calls[0]["settled"] == calls[1]["settled"] and calls[0]["settled"]["how"] == "priced"
    assert calls[0]["tokens"]["output"] == whole.usage.completion_tokens


def test_a_message_is_answered_whole_and_as_a_stream(dev):
    a = anthropic_of(dev)
    whole = a.messages.create(model=CLAUDE, max_tokens=50, messages=HELLO)
    assert whole.content[0].text == f"This is a simulated {CLAUDE}. You said: hello"
    with a.messages.stream(model=CLAUDE, max_tokens=50, messages=HELLO) as stream:
        streamed = stream.get_final_message()
    assert streamed.content[0].text == whole.content[0].text
    assert streamed.usage.output_tokens == whole.usage.output_tokens
    assert a.messages.count_tokens(model=CLAUDE, messages=HELLO).input_tokens == whole.usage.input_tokens


def test_responses_embeddings_and_models(dev):
    o = openai_of(dev)
    assert o.responses.create(model=CHAT, input="hello").output_text.endswith("hello")
    events = list(o.responses.create(model=CHAT, input="hello", stream=True))
    assert events[0].type == "response.created" and events[-1].response.output_text.endswith("hello")
    vector = o.embeddings.create(model="text-embedding-3-small", input="hello").data[0].embedding
    assert len(vector) == 1536 and abs(sum(x * x for x in vector) - 1) < 1e-4
    assert o.models.retrieve(CHAT).id == CHAT and CHAT in [m.id for m in o.models.list()]
    assert anthropic_of(dev).models.retrieve(CLAUDE).id.startswith(CLAUDE)


def test_an_agent_refunds_with_openai_and_stripe_in_one_run(dev):
    o = openai_of(dev, "run-refund")
    tools = [{"type": "function", "function": {"name": "list_customers", "parameters": {"type": "object"}}},
             {"type": "function", "function": {"name": "create_refund", "parameters": REFUND}}]
    asked = o.chat.completions.create(model=CHAT, messages=PLEASE, tools=tools).choices[0]
    assert asked.finish_reason == "tool_calls"
    call = asked.message.tool_calls[0]
    arguments = json.loads(call.function.arguments)
    assert (call.function.name, arguments) == ("create_refund", {"charge": "ch_demo", "amount": 500})
    made = refund(dev, call.id, arguments, "run-refund")
    assert made.status == "succeeded" and made.amount == 500
    messages = [*PLEASE, asked.message, {"role": "tool", "tool_call_id": call.id, "content": f"{made.id} succeeded"}]
    said = o.chat.completions.create(model=CHAT, messages=messages, tools=tools).choices[0]
    assert said.finish_reason == "stop" and made.id in said.message.content
    dev.settle()
    first, money, last = dev.run_calls("run-refund")
    assert money["operation"] == "stripe.refunds.create" and money["settled"]["usd"] == "5.000000000"
    assert money["caused_by"]["call_id"] == first["call_id"] and money["caused_by"]["how"] == "explicit"
    assert last["verdict"] == "permit"


def test_an_agent_refunds_with_anthropic_and_stripe_in_one_run(dev):
    a = anthropic_of(dev, "run-claude")
    tools = [{"name": "create_refund", "input_schema": REFUND}]
    asked = a.messages.create(model=CLAUDE, max_tokens=200, messages=PLEASE, tools=tools)
    use = asked.content[0]
    assert asked.stop_reason == "tool_use" and use.input == {"charge": "ch_demo", "amount": 500}
    made = refund(dev, use.id, use.input, "run-claude")
    messages = [*PLEASE, {"role": "assistant", "content": asked.content},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use.id, "content": made.id}]}]
    said = a.messages.create(model=CLAUDE, max_tokens=200, messages=messages, tools=tools)
    assert said.stop_reason == "end_turn" and made.id in said.content[0].text
    dev.settle()
    assert dev.run_calls("run-claude")[1]["caused_by"]["tool_call_id"] == use.id


def test_the_sdks_for_node_read_the_same(dev, node):
    key, data = dev.ready["key"], dev.ready["data"]
    chat = {"model": CHAT, "messages": HELLO}
    message = {"model": CLAUDE, "max_tokens": 50, "messages": HELLO}
    steps = [{"vendor": "openai", "method": "chat.completions.create", "args": [chat]},
             {"vendor": "openai", "method": "chat.completions.create", "args": [{**chat, "stream": True}]},
             {"vendor": "anthropic", "method": "messages.create", "args": [message]},
             {"vendor": "anthropic", "method": "messages.create", "args": [{**message, "stream": True}]}]
    job = {"openai": {"apiKey": key, "baseURL": data + "/openai/v1"},
           "anthropic": {"apiKey": key, "baseURL": data + "/anthropic"}, "retries": 0, "steps": steps}
    done = subprocess.run([node, str(SCRIPT)], input=json.dumps(job), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert not [t["error"] for t in told if "error" in t]
    assert told[0]["value"]["choices"][0]["message"]["content"].endswith("hello")
    assert told[1]["events"][-1]["choices"][0]["finish_reason"] == "stop"
    assert told[2]["value"]["content"][0]["text"].endswith("hello")
    assert told[3]["events"][-1]["type"] == "message_stop"


def test_a_model_that_the_starter_does_not_name_is_refused(dev):
    with pytest.raises(openai.PermissionDeniedError):
        openai_of(dev).chat.completions.create(model="gpt-4o", messages=HELLO)


def test_a_long_prompt_is_cheaper_the_second_time(dev):
    o = openai_of(dev)
    long = [{"role": "system", "content": "rule " * 2000}, *HELLO]
    first, second = (o.chat.completions.create(model=CHAT, messages=long).usage for _ in range(2))
    assert first.prompt_tokens_details.cached_tokens == 0 and second.prompt_tokens_details.cached_tokens >= 1024
    dev.settle()
    a, b = dev.run_calls("run-dev")
    assert float(b["settled"]["usd"]) < float(a["settled"]["usd"])


def test_a_run_has_a_dollar_and_answers_get_shorter_near_its_end(dev):
    o = openai_of(dev)
    told = o.chat.completions.create(model=CHAT, messages=[{"role": "user", "content": "write 100 words"}], n=128)
    assert told.usage.completion_tokens == 128 * 100
    dev.settle()
    call = dev.run_calls("run-dev")[0]
    assert "output_max" in json.dumps(call["additions"])  # 128 answers of 16,384 tokens would be more than a dollar
    assert {limit["id"] for limit in call["limits"]} == {"models-run", "models-day"}


def test_a_fault_reaches_the_simulated_model(dev):
    with pytest.raises(openai.APIStatusError) as refused:
        openai_of(dev).chat.completions.create(model=CHAT, messages=HELLO, extra_headers={"x-flyball-fault": "drop"})
    assert refused.value.status_code == 502
    dev.settle()
    assert dev.run_calls("run-dev")[0]["verdict"] == "permit"


# ---- --live ----------------------------------------------------------------------------------------------------------


def banner(tmp_path, *args, env):
    """What `flyball dev` says to a person, until it is told to end."""
    argv = [BINARY, "dev", "--dir", str(tmp_path / "d"), "--listen-data", "127.0.0.1:0", "--listen-admin",
            "127.0.0.1:0", *args]
    p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **env})
    log = [p.stderr.readline()]
    while log[-1] and "event=ready" not in log[-1]:  # the banner is out before that
        log.append(p.stderr.readline())
    p.terminate()
    said, err = p.stdout.read(), "".join(log) + p.stderr.read()
    p.wait(20)
    p.stdout.close()
    p.stderr.close()
    return said, err


def test_the_banner_has_lines_to_paste_for_a_model_and_for_stripe(tmp_path):
    said, _ = banner(tmp_path, env={})
    assert len(said.splitlines()) <= 15
    for words in ("gpt-4o-mini", "charge=ch_demo", "flyball run", "flyball snippet", "flyball demo"):
        assert words in said
    assert "  live  " not in said and "fb_live" not in said


def test_live_vendors_are_named_and_a_live_secret_brings_a_live_key(tmp_path):
    said, _ = banner(tmp_path, "--live", "openai,resend,twilio", env={
        "OPENAI_API_KEY": "sk-made-up", "RESEND_API_KEY": "re_made_up", "TWILIO_SECRET": "AC1:made-up"})
    assert len(said.splitlines()) <= 15
    assert "live       openai, resend, twilio" in said and "simulated  anthropic, stripe" in said
    assert "fb_live_" in said and "made-up" not in said and "made_up" not in said


def test_a_live_model_has_no_mode_and_wants_no_live_key(make_daemon):
    d = make_daemon(None, command="dev", args=["--live", "openai"], start=False, env={"OPENAI_API_KEY": "sk-made-up"})
    d.config_given = False
    d.start()
    vendors = {v["name"]: v for v in d.get("/api/v1/vendors")["vendors"]}
    assert (vendors["openai"]["is_simulated"], vendors["openai"]["mode"]) == (False, "any")
    assert vendors["openai"]["target"] == "api.openai.com:443"
    assert vendors["anthropic"]["is_simulated"] and "live_key" not in d.ready
    assert vendors["stripe"]["url"] == d.ready["data"] + "/stripe"
    assert b"sk-made-up" not in (Path("/proc") / str(d.pid) / "environ").read_bytes()


def test_a_live_secret_of_stripe_brings_a_live_key(make_daemon):
    env = {"STRIPE_SECRET_KEY": "rk_live_" + "made0up0" * 2}
    d = make_daemon(None, command="dev", args=["--live", "stripe"], start=False, env=env)
    d.config_given = False
    d.start()
    assert d.ready["live_key"].startswith("fb_live_") and d.ready["key"].startswith("fb_test_")
    client = stripe.StripeClient(d.ready["key"], base_addresses={"api": d.ready["data"] + "/stripe"})
    with pytest.raises(stripe.PermissionError):  # a test key never reaches a live secret
        client.v1.balance.retrieve()


@pytest.mark.parametrize("args, words", [
    (["--live", "gpt"], "there is no simulated vendor `gpt`"),
    (["--live", "openai,"], "there is no simulated vendor ``"),
    (["--live", "anthropic"], "ANTHROPIC_API_KEY, which is not set"),
    (["--live", "openai", "--config", "flyball.yaml"], "do not go together"),
])
def test_live_refuses_what_it_cannot_do(tmp_path, args, words):
    said, err = banner(tmp_path, *args, env={"OPENAI_API_KEY": "sk-made-up"})
    assert said == "" and words in err


def test_dev_is_ready_at_once(make_daemon):
    d = make_daemon(None, command="dev", start=False)
    best = 10.0
    for _ in range(5):  # the machine may be busy
        since = time.monotonic()
        d.start()
        best = min(best, time.monotonic() - since)
        d.stop()
    assert best <= 0.3, best
