"""`flyball snippet`: the lines are run as they are pasted, in front of a few lines that use the client they make."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flyball import BINARY
from vendor_messages import ACCOUNT

NODE_DIR = Path(__file__).parent / "node"
ASK = "[{'role': 'user', 'content': 'Hello there'}]"
# Behind the snippet: an allowed call, a refused one, and for models a stream. Each prints what the test looks for.
PY = {
    "openai-python": f"""
ask = dict(max_tokens=40, messages={ASK})
print(client.chat.completions.create(model="gpt-4o-mini", **ask).choices[0].message.content)
print("".join(e.choices[0].delta.content or "" for e in client.chat.completions.create(
    model="gpt-4o-mini", stream=True, **ask) if e.choices))
try: client.chat.completions.create(model="gpt-4o", **ask)
except Exception as e: print(e)
""",
    "anthropic-python": f"""
ask = dict(max_tokens=40, messages={ASK})
print(client.messages.create(model="claude-haiku-4-5", **ask).content[0].text)
with client.messages.stream(model="claude-haiku-4-5", **ask) as s: print("".join(s.text_stream))
try: client.messages.create(model="claude-opus-4-1", **ask)
except Exception as e: print(e)
""",
    "stripe-python": """
print(client.v1.customers.create({"email": "a@example.com"}).id)
try: client.v1.payouts.create({"amount": 300, "currency": "usd"})
except stripe.PermissionError as e: print(e)
""",
    "twilio-python": """
print(client.messages.create(to="+14155550123", from_="+14155550100", body="Hi").sid)
try: client.messages.create(to="+14155550123", from_="+14155550100", body="Hi")
except Exception as e: print(e)
""",
    "resend-python": """
mail = {"from": "shop@example.com", "to": ["ann@example.com"], "subject": "Hi", "text": "Hello"}
print(resend.Emails.send(mail)["id"])
try: resend.Domains.create({"name": "example.com"})
except Exception as e: print(e)
""",
    "langchain-openai-python": """
print(model.invoke("Hello there").content)
print("".join(e.content for e in model.stream("Hello there")))
try: ChatOpenAI(model="gpt-4o", base_url=model.openai_api_base, api_key=model.openai_api_key).invoke("Hi")
except Exception as e: print(e)
""",
    "langchain-anthropic-python": """
print(model.invoke("Hello there").content)
print("".join(e.content if isinstance(e.content, str) else "".join(b.get("text", "") for b in e.content)
              for e in model.stream("Hello there")))
try: ChatAnthropic(model="claude-opus-4-1", base_url=model.anthropic_api_url,
                   api_key=model.anthropic_api_key).invoke("Hi")
except Exception as e: print(e)
""",
}
JS = {
    "openai-node": """
const ask = { max_tokens: 40, messages: [{ role: "user", content: "Hello there" }] };
console.log((await client.chat.completions.create({ model: "gpt-4o-mini", ...ask })).choices[0].message.content);
let text = "";
for await (const e of await client.chat.completions.create({ model: "gpt-4o-mini", stream: true, ...ask }))
  text += e.choices[0]?.delta?.content ?? "";
console.log(text);
await client.chat.completions.create({ model: "gpt-4o", ...ask }).catch((e) => console.log(e.message));
""",
    "anthropic-node": """
const ask = { max_tokens: 40, messages: [{ role: "user", content: "Hello there" }] };
console.log((await client.messages.create({ model: "claude-haiku-4-5", ...ask })).content[0].text);
console.log(await client.messages.stream({ model: "claude-haiku-4-5", ...ask }).finalText());
await client.messages.create({ model: "claude-opus-4-1", ...ask }).catch((e) => console.log(e.message));
""",
    "stripe-node": """
console.log((await stripe.customers.create({ email: "a@example.com" })).id);
await stripe.payouts.create({ amount: 300, currency: "usd" }).catch((e) => console.log(e.message));
""",
    "twilio-node": """
const sms = { to: "+14155550123", from: "+14155550100", body: "Hi" };
console.log((await client.messages.create(sms)).sid);
await client.messages.create(sms).catch((e) => console.log(e.message));
""",
    "resend-node": """
const mail = { from: "shop@example.com", to: ["ann@example.com"], subject: "Hi", text: "Hello" };
console.log((await resend.emails.send(mail)).data.id);
console.log((await resend.domains.create({ name: "example.com" })).error.message);
""",
    "vercel-openai": """
const { generateText, streamText } = await import("ai");
const ask = { model: openai("gpt-4o-mini"), prompt: "Hello there", maxOutputTokens: 40, maxRetries: 0 };
console.log((await generateText(ask)).text);
console.log(await streamText(ask).text);
await generateText({ ...ask, model: openai("gpt-4o") }).catch((e) => console.log(e.message));
""",
    "vercel-anthropic": """
const { generateText, streamText } = await import("ai");
const ask = { model: anthropic("claude-haiku-4-5"), prompt: "Hello there", maxOutputTokens: 40, maxRetries: 0 };
console.log((await generateText(ask)).text);
console.log(await streamText(ask).text);
await generateText({ ...ask, model: anthropic("claude-opus-4-1") }).catch((e) => console.log(e.message));
""",
    "langchain-openai-node": """
console.log((await model.invoke("Hello there")).content);
let text = "";
for await (const e of await model.stream("Hello there")) text += e.content;
console.log(text);
const dear = new ChatOpenAI({ model: "gpt-4o", apiKey: model.apiKey, configuration: model.clientConfig });
await dear.invoke("Hi").catch((e) => console.log(e.message));
""",
    "langchain-anthropic-node": """
const words = (c) => typeof c === "string" ? c : c.map((b) => b.text ?? "").join("");
console.log(words((await model.invoke("Hello there")).content));
let text = "";
for await (const e of await model.stream("Hello there")) text += words(e.content);
console.log(text);
model.model = "claude-opus-4-1";
await model.invoke("Hi").catch((e) => console.log(e.message));
""",
}
PACKAGES = {"langchain-openai-python": "langchain_openai", "langchain-anthropic-python": "langchain_anthropic",
            "vercel-openai": "@ai-sdk/openai", "vercel-anthropic": "@ai-sdk/anthropic",
            "langchain-openai-node": "@langchain/openai", "langchain-anthropic-node": "@langchain/anthropic"}
VARIABLES = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "stripe": "STRIPE_SECRET_KEY",
             "twilio": "TWILIO_AUTH_TOKEN", "resend": "RESEND_API_KEY"}


@pytest.fixture(scope="module")
def dev(tmp_path_factory):
    from flyball import Daemon
    d = Daemon(tmp_path_factory.mktemp("dev"), None, command="dev").start()
    yield d
    d.close()


def snippet(d, name, *more):
    done = d.cli("snippet", name, *more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(name, done):
    """Allowed, streamed where there are streams, refused in the SDK's own words."""
    assert done.returncode == 0, done.stderr + done.stdout
    said = [line for line in done.stdout.splitlines() if line]
    is_model = not name.startswith(("stripe", "twilio", "resend"))
    if is_model:
        assert "Hello there" in said[0] and said[1] == said[0], said
    else:
        assert said[0].startswith(("cus_", "SM")) or len(said[0]) == 36, said
    last = " ".join(said[2 if is_model else 1:])
    assert ("duplicate" if name.startswith("twilio") else "policy_denied") in last, said


def env_of(d, **more):
    path = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    return {**path, "PATH": os.environ["PATH"], "HOME": str(d.root), "TWILIO_ACCOUNT_SID": ACCOUNT, **more}


@pytest.mark.parametrize("how", ["with the key", "from its variable"])
@pytest.mark.parametrize("name", PY)
def test_python_lines_work_as_they_are_pasted(dev, name, how):
    if name in PACKAGES:
        pytest.importorskip(PACKAGES[name])
    key = dev.key(agent=f"{name}-{how.split()[0]}")["key"]
    vendor = next(v for v in VARIABLES if v in name)
    text = snippet(dev, name, *(["--key", key] if how == "with the key" else []))
    env = env_of(dev) if how == "with the key" else env_of(dev, **{VARIABLES[vendor]: key})
    check(name, subprocess.run([sys.executable, "-c", text + PY[name]], capture_output=True, text=True, env=env,
                               timeout=60))


@pytest.mark.parametrize("how", ["with the key", "from its variable"])
@pytest.mark.parametrize("name", JS)
def test_node_lines_work_as_they_are_pasted(dev, node, name, how):
    if name in PACKAGES and not (NODE_DIR / "node_modules" / PACKAGES[name]).is_dir():
        pytest.skip(f"{PACKAGES[name]} is not installed; script/bootstrap --test installs it")
    key = dev.key(agent=f"{name}-{how.split()[0]}")["key"]
    vendor = next(v for v in VARIABLES if v in name)
    text = snippet(dev, name, *(["--key", key] if how == "with the key" else []))
    env = env_of(dev) if how == "with the key" else env_of(dev, **{VARIABLES[vendor]: key})
    check(name, subprocess.run([node, "--input-type=module", "-e", text + JS[name]], capture_output=True, text=True,
                               env=env, cwd=NODE_DIR, timeout=60))


def test_stripe_and_twilio_lines_work_inside_flyball_run(dev):
    code = snippet(dev, "stripe-python") + PY["stripe-python"]
    env = {**dev.env, "FLYBALL_DIR": str(dev.dir)}
    done = subprocess.run([BINARY, "run", "--run", "wrapped", "--", sys.executable, "-c", code], capture_output=True,
                          text=True, env=env, timeout=60)
    assert done.returncode == 0 and done.stdout.startswith("cus_"), done.stderr
    assert [c["run_source"] for c in dev.run_calls("wrapped")] == ["key_suffix"] * 2


def test_every_snippet_is_whole_and_names_this_daemon(dev):
    key = dev.key()["key"]
    listed = dev.json("snippet")["snippets"]
    assert len(listed) >= 30 and {s["vendor"] for s in listed} == set(VARIABLES)
    for s in listed:
        for more in [], ["--key", key + ".run_r1"]:
            told = dev.json("snippet", s["name"], *more)
            assert dev.ready["data"] in told["lines"] or f"port: {dev.data_port}" in told["lines"], told
            for word in "key", "base", "name", "host", "port", "protocol":
                assert "{%s}" % word not in told["lines"], told
            assert ("fb_test_" in told["lines"]) == (".run_r1" in told["lines"]) == bool(more)


def test_the_key_wears_what_the_sdk_checks(dev):
    key = dev.key()["key"]
    for name, dress in {"openai-go": "sk-fb_test_", "anthropic-ruby": "sk-ant-fb_test_",
                        "stripe-go": "sk_test_fb_test_", "twilio-go": '"fb_test_',
                        "resend-ruby": "re_fb_test_"}.items():
        assert dress in snippet(dev, name, "--key", key)
        assert dress in snippet(dev, name, "--key", "sk_live_" + key), "what it wore before is taken off"


def test_wrong_names_and_keys_are_told(dev):
    for words, says in [(["stripe-nodes"], "did you mean `stripe-node`"), (["cobol"], "lists them"),
                        (["stripe-node", "--key", "sk_live_abc"], "no key of Flyball's"),
                        (["stripe-node", "--key", dev.key()["key"][:-1] + "?"], "typo")]:
        done = dev.cli("snippet", *words)
        assert done.returncode == 2 and says in done.stderr and done.stdout == "", (words, done.stderr)
    plain = dev.cli("snippet")
    assert plain.returncode == 0 and plain.stdout.splitlines()[0].split() == ["SDK", "VENDOR", "WHAT"]
    assert json.loads(dev.cli("snippet", "--json").stdout)["snippets"][0]["name"] == "openai-python"
