"""Calls of the official SDKs for Python, and of LangChain above them, as their users make them: defaults left as they
are. The counterpart of node/sdks.mjs; `ask` of a model is {model, max, stream, headers}, of another vendor {method,
args}."""
from functools import reduce

PROMPT = "Write 100 words"  # to the simulated models: an order
MESSAGES = [{"role": "user", "content": PROMPT}]
ACCOUNT = "AC" + "0" * 32


def words(content):
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def named(service, method):
    return reduce(getattr, method.split("."), service)


def openai(base, key, ask):
    from openai import OpenAI
    create = OpenAI(base_url=f"{base}/openai/v1", api_key=key).chat.completions.create
    told = create(model=ask["model"], max_tokens=ask["max"], messages=MESSAGES, stream=ask.get("stream", False),
                  extra_headers=ask.get("headers"))
    if ask.get("stream"):
        return "".join(e.choices[0].delta.content or "" for e in told if e.choices)
    return told.choices[0].message.content


def anthropic(base, key, ask):
    from anthropic import Anthropic
    create = Anthropic(base_url=f"{base}/anthropic", api_key=key).messages.create
    told = create(model=ask["model"], max_tokens=ask["max"], messages=MESSAGES, stream=ask.get("stream", False),
                  extra_headers=ask.get("headers"))
    if ask.get("stream"):
        return "".join(e.delta.text for e in told if e.type == "content_block_delta")
    return told.content[0].text


def by_langchain(model, ask):
    if ask.get("stream"):
        return "".join(words(piece.content) for piece in model.stream(PROMPT))
    return words(model.invoke(PROMPT).content)


def langchain_openai(base, key, ask):
    from langchain_openai import ChatOpenAI
    return by_langchain(ChatOpenAI(model=ask["model"], max_tokens=ask["max"], base_url=f"{base}/openai/v1", api_key=key,
                                   default_headers=ask.get("headers")), ask)


def langchain_anthropic(base, key, ask):
    from langchain_anthropic import ChatAnthropic
    return by_langchain(ChatAnthropic(model=ask["model"], max_tokens=ask["max"], base_url=f"{base}/anthropic",
                                      api_key=key, default_headers=ask.get("headers")), ask)


def stripe(base, key, ask):
    from stripe import StripeClient
    client = StripeClient(key, base_addresses={"api": f"{base}/stripe"})
    return named(client.v1, ask["method"])(ask["args"]).id


def twilio(base, key, ask):
    from twilio.rest import Client
    client = Client(ACCOUNT, key)
    client.api.base_url = f"{base}/twilio"
    args = {("from_" if n == "from" else n): v for n, v in ask["args"].items()}
    return named(client, ask["method"])(**args).sid


def resend(base, key, ask):
    import resend as sdk
    sdk.api_key, sdk.api_url = key, f"{base}/resend"
    group, name = ask["method"].split(".")
    return getattr(getattr(sdk, group.capitalize()), name)(ask["args"])["id"]


SDKS = {"openai": openai, "anthropic": anthropic, "langchain-openai": langchain_openai,
        "langchain-anthropic": langchain_anthropic, "stripe": stripe, "twilio": twilio, "resend": resend}


def told(sdk, base, key, ask):
    """As node/sdks.mjs tells it: {"text"} or {"error": {"class", "status", "message"}}."""
    try:
        return {"text": SDKS[sdk](base, key, ask)}
    except Exception as e:  # noqa: BLE001 - whatever the SDK raises is what is looked at
        status = getattr(e, "status_code", None) or getattr(e, "http_status", None) or getattr(e, "status", None)
        return {"error": {"class": type(e).__name__, "status": status or int(getattr(e, "code", 0)), "message": str(e)}}
