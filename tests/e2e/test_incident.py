"""One run as an incident, by one command: what was asked for, what was done, its verdict and why, what it cost."""
import json

import anthropic
import openai
import pytest

from flyball import OPEN, permit, policy, usd
from llm_vendor import ModelVendor
from raw import ask, connect, request

REFUNDS = "/stripe/v1/refunds"
CHARGES = "/stripe/v1/charges"
RUN_CAP = [usd("run-cap", "60.00", by=["run"], window={"run": True})]


@pytest.fixture
def key(daemon):
    daemon.apply(policy("default", OPEN, RUN_CAP))
    return daemon.key(agent="support", tenant="acme")["key"]


def refund(daemon, key, run, charge, amount, *headers):
    return ask(daemon.data_port, "POST", REFUNDS, key, f"charge={charge}&amount={amount}&currency=usd",
               headers=[("x-agent-run-id", run), *headers])


def charge_of(daemon, key, amount=20000):
    r = ask(daemon.data_port, "POST", CHARGES, key + ".run_sales", f"amount={amount}&currency=usd&source=tok_visa")
    return r.json["id"]


def in_order(text, *parts):
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is not behind {text[:at]!r} in\n{text}"
        at = found + len(part)


def test_a_run_shows_verdicts_reasons_and_costs_in_order(daemon, key):
    daemon.apply(policy("default", OPEN))
    charge = charge_of(daemon, key)
    daemon.apply(policy("default", OPEN, RUN_CAP))
    assert refund(daemon, key, "inc-1", charge, 5000, ("x-agent-tool-call-id", "call_1")).status == 200
    assert refund(daemon, key, "inc-1", charge, 8000, ("x-agent-tool-call-id", "call_2")).code == "limit_exceeded"
    text = daemon.cli("runs", "show", "inc-1").stdout
    in_order(text, "inc-1", "agent support", "tenant acme",
             "stripe.refunds.create", "50.00 USD", "<- call_1 (explicit, not seen in this run)", "permit",
             "50.00 USD parsed",
             "stripe.refunds.create", "80.00 USD", "<- call_2", "deny", "limit_exceeded", "run-cap",
             "LAYER", "saas", "stripe", "50.00 USD",
             "limit", "run-cap", "run=acme/support/inc-1", "spent 50.00 USD", "held 0.00 USD", "max 60.00 USD")
    assert "<~" not in text

    shown = daemon.runs_show("inc-1")
    run, calls = shown["run"], shown["calls"]
    assert [c["caused_by"]["how"] for c in calls] == ["explicit", "explicit"]
    assert run["totals"] == [{"layer": "saas", "vendor": "stripe", "calls": 2, "denied": 1, "unknown": 0,
                              "settled": {"usd": "50.000000000", "how": "parsed"},
                              "held": {"usd": "0.000000000", "how": "estimated"}}]
    assert run["tokens"] is None and run["tool_calls"] == 0
    limit, = run["limits"]
    assert (limit["id"], limit["settled"], limit["held"], limit["max"]) == (
        "run-cap", "50.000000000", "0.000000000", "60.000000000")
    why = daemon.cli("why", calls[0]["call_id"]).stdout
    assert "call_1, as the agent says; no model of this run was seen to ask for it" in why


def test_a_dry_run_of_a_refund_carries_nothing_out(daemon, key):
    r = refund(daemon, key, "inc-2", "ch_1", 500, ("x-flyball-dry-run", "true"))
    assert r.status == 200
    call, = daemon.runs_show("inc-2")["calls"]
    assert call["caused_by"] is None


# ---- with models -----------------------------------------------------------------------------------------------------

MODELS = [permit("models", layer=["llm"])]
CHAT, CLAUDE = "gpt-4o-mini", "claude-haiku-4-5"


@pytest.fixture(scope="module")
def models():
    made = {n: ModelVendor(n, f"sk-{n}").start() for n in ("openai", "anthropic")}
    yield made
    for v in made.values():
        v.stop()


@pytest.fixture
def both(make_daemon, vendor, models):
    """A daemon in front of Stripe, OpenAI and Anthropic; one limit counts what a run spends on all of them."""
    behind = {n: {"base_url": v.url, "secret": f"env:KEY_{n.upper()}"} for n, v in models.items()}
    d = make_daemon(vendor, vendors=behind,
                    env={f"KEY_{n.upper()}": f"sk-{n}" for n in models})
    d.apply(policy("default", OPEN))
    d.agent = d.key(agent="support", tenant="acme")["key"]
    d.charge = charge_of(d, d.agent)
    d.apply(policy("default", OPEN + MODELS, RUN_CAP))
    return d


def tool(name, **consts):
    properties = {k: {"type": "string", "const": v} for k, v in consts.items()}
    return {"name": name, "parameters": {"type": "object", "properties": properties}}


def chat(d, run, wishes, *tools, stream=True, **headers):
    """The model's answer: [(tool call id, name, arguments)]; what an agent's loop does with the SDK."""
    o = openai.OpenAI(api_key=d.agent, base_url=f"{d.ready['data']}/openai/v1", max_retries=0,
                      default_headers={"x-agent-run-id": run, **headers})
    said = {"model": CHAT, "messages": [{"role": "user", "content": f"Hi sim({wishes})"}],
            "tools": [{"type": "function", "function": t} for t in tools]}
    if stream:
        with o.chat.completions.stream(**said) as s:
            message = s.get_final_completion().choices[0].message
    else:
        message = o.chat.completions.create(**said).choices[0].message
    return [(c.id, c.function.name, json.loads(c.function.arguments)) for c in message.tool_calls or []]


def test_an_incident_from_the_model_to_the_money(both):
    wants_refund = tool("refund", charge=both.charge)
    (asked, name, args), = chat(both, "inc-9", "tools=1,in=812,cached=400,tokens=30", wants_refund,
                                **{"x-flyball-prompt": "refunds@7"})
    assert (name, args) == ("refund", {"charge": both.charge})
    assert refund(both, both.agent, "inc-9", args["charge"], 5000, ("x-agent-tool-call-id", asked)).status == 200
    (again, _, _), = chat(both, "inc-9", "tools=1,in=900,tokens=31", wants_refund, stream=False)
    assert refund(both, both.agent, "inc-9", args["charge"], 5500).code == "limit_exceeded"

    shown = both.runs_show("inc-9")
    model, paid, second, denied = shown["calls"]
    assert (model["layer"], model["model_sent"], model["prompt"]) == ("llm", CHAT, "refunds@7")
    assert (model["tokens"]["input"], model["tokens"]["cache_read"]) == (412, 400)
    assert model["tokens_how"] == "parsed" and model["settled"]["how"] == "priced" and model["catalog"]
    assert 0 < model["phases"]["first_token"] <= model["phases"]["total"]
    assert model["stream_end"] == "complete" and second["stream_end"] is None
    call, = model["tool_calls"]
    assert (call["id"], call["name"], len(call["args_hash"])) == (asked, "refund", 32)
    assert paid["caused_by"] == {"call_id": model["call_id"], "tool_call_id": asked, "how": "explicit"}
    assert denied["caused_by"] == {"call_id": second["call_id"], "tool_call_id": again, "how": "inferred"}
    assert model["object_ids"] and model["prompt_hash"]

    text = both.cli("runs", "show", "inc-9").stdout
    in_order(text, "inc-9  agent support  tenant acme",
             "model", CHAT, "812 in (400 cache_read), ", "first token ", "permit", "USD priced", model["call_id"],
             "tool", "refund", asked,
             "stripe.refunds.create", "50.00 USD", f"<- refund {asked} (explicit)", "permit", "50.00 USD parsed",
             "model", "900 in", second["call_id"], "tool", again,
             "stripe.refunds.create", "55.00 USD", f"<~ refund {again} (inferred)", "deny", "limit_exceeded", "run-cap",
             "<~ is inferred", "LAYER", "llm", "openai", "saas", "stripe", "run", "all",
             "tokens", "tool calls 2", "limit", "run-cap", "spent 50.0", "max 60.00 USD")
    assert paid["caused_by"]["tool_call_id"] not in text.split("<~ refund")[1]


def test_the_totals_of_a_run_are_the_ledgers(both, models):
    chat(both, "sum-1", "in=1000000,tokens=1000")
    assert refund(both, both.agent, "sum-1", both.charge, 100).status == 200
    run = both.runs_show("sum-1")["run"]
    llm, saas = run["totals"]
    assert (llm["layer"], llm["vendor"], saas["layer"]) == ("llm", "openai", "saas")
    limit, = run["limits"]
    nano = [int(s.replace(".", "")) for s in (llm["settled"]["usd"], saas["settled"]["usd"], limit["settled"])]
    assert nano[0] > 0 and nano[0] + nano[1] == nano[2]
    assert run["tokens"]["input"] == 1000000 and run["settled"]["usd"] == limit["settled"]
    rows = both.json("spend", "--run", "sum-1", "--by", "model")["spend"]
    assert {r["model"]: r["settled"]["usd"] for r in rows} == {
        None: saas["settled"]["usd"], CHAT: llm["settled"]["usd"]}


def test_a_tool_call_of_claude_causes_a_refund(both):
    a = anthropic.Anthropic(api_key=both.agent, base_url=f"{both.ready['data']}/anthropic", max_retries=0,
                            default_headers={"x-agent-run-id": "inc-10"})
    t = tool("refund", charge=both.charge)
    said = {"model": CLAUDE, "max_tokens": 90, "messages": [{"role": "user", "content": "Hi sim(tools=1)"}],
            "tools": [{"name": t["name"], "input_schema": t["parameters"]}]}
    with a.messages.stream(**said) as s:
        used, = [b for b in s.get_final_message().content if b.type == "tool_use"]
    assert refund(both, both.agent, "inc-10", both.charge, 100).status == 200
    model, paid = both.runs_show("inc-10")["calls"]
    assert paid["caused_by"] == {"call_id": model["call_id"], "tool_call_id": used.id, "how": "inferred"}


def test_what_fits_no_value_is_nobodys_doing(both):
    chat(both, "inc-11", "tools=1", tool("refund", charge="ch_other1"))
    assert refund(both, both.agent, "inc-11", both.charge, 100).status == 200
    assert refund(both, both.agent, "inc-12", both.charge, 100).status == 200  # another run
    for run in ("inc-11", "inc-12"):
        assert both.runs_show(run)["calls"][-1]["caused_by"] is None


def test_arguments_are_in_no_file(both):
    chat(both, "inc-13", "tools=1", tool("lookup", email="canary.9f31@example.test"))
    both.settle()
    for name, data in both.everything_written():
        assert b"canary.9f31" not in data, name


def test_why_of_a_call_to_a_model_shows_tokens_and_prices(both):
    chat(both, "inc-14", "tools=1,in=50,tokens=9", tool("refund", charge=both.charge))
    call, = both.runs_show("inc-14")["calls"]
    in_order(both.cli("why", call["call_id"]).stdout, "Permitted", f"Asked for {CHAT}", "stream complete",
             "Predicted: at most", "Used: 50 input", "counted by the vendor", f"By the catalog of {call['catalog']}",
             "refund (", "Settled: what the vendor counted has a price.")
    table = both.cli("calls", "--model", CHAT).stdout.splitlines()
    assert table[0].split()[3:6] == ["MODEL", "IN", "OUT"] and CHAT in table[1] and " 50 " in table[1]


def test_a_tool_call_is_known_before_its_stream_is_closed(both):
    """An agent acts on the last event; the vendor may keep the stream open behind it."""
    said = {"model": CHAT, "stream": True, "messages": [{"role": "user", "content": "sim(tools=1,stall=end)"}],
            "tools": [{"type": "function", "function": tool("refund", charge=both.charge)}]}
    with connect(both.data_port) as s:
        s.sendall(request("POST", "/openai/v1/chat/completions", both.agent, json.dumps(said), type="application/json",
                          headers=[("x-agent-run-id", "inc-15")]))
        got = b""
        while b"[DONE]" not in got:
            got += s.recv(65536)
        assert refund(both, both.agent, "inc-15", both.charge, 100).status == 200
        model, paid = both.runs_show("inc-15")["calls"]
        assert model["outcome"] is None and paid["caused_by"]["call_id"] == model["call_id"]
