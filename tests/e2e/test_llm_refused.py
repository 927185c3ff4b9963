"""Refusals of calls to models, as the official SDKs for Python raise them: which class, which sentence, and how often
the SDK tried. Errors of the vendor pass as they are."""
import re
import time

import anthropic
import openai
import pytest

from flyball import permit, policy, usd
from llm_rig import CHAT, CLAUDE, body_of, kept, price, say, settled_as

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
VENDORS = pytest.mark.parametrize("vendor", ["openai", "anthropic"])


def ask(models, vendor, run=None, wishes="tokens=3", model=None, key=None, retries=2, stream=False, max_tokens=50,
        raw=False, **more):
    """One call with the vendor's SDK, which retries as it does by default."""
    if vendor == "openai":
        create = models.openai_client(run, key, retries=retries, **more).chat.completions
    else:
        create = models.anthropic_client(run, key, retries=retries, **more).messages
    create = create.with_raw_response if raw else create
    return create.create(model=model or (CHAT if vendor == "openai" else CLAUDE), messages=say(wishes),
                         max_tokens=max_tokens, stream=stream)


def refused(models, vendor, run, kind, code, status, n_calls=1, **more):
    """Asserts what is the same of each refusal; (its sentence, its record or None)."""
    with pytest.raises(getattr(openai if vendor == "openai" else anthropic, kind)) as caught:
        ask(models, vendor, run, **more)
    e = caught.value
    assert type(e).__name__ == kind and e.status_code == status
    head, body = e.response.headers, e.response.json()
    assert head["x-flyball-code"] == code
    assert head.get("x-should-retry") == (None if code in ("rate_limited", "overloaded") else "false")
    message = body["error"]["message"]
    assert head["x-flyball-call-id"] in message and message in str(e)
    if vendor == "openai":
        assert body["error"]["code"] == code and "param" in body["error"] and e.code == code
        assert e.request_id == head["x-flyball-call-id"]
    else:
        assert body["type"] == "error" and body["request_id"] == head["x-flyball-call-id"] == e.request_id
        assert body["error"]["type"] == e.type
    calls = models.calls(run) if code not in ("key_missing", "key_unknown") else []
    assert len(calls) == (n_calls if calls else 0), f"the SDK tried {len(calls)} times"
    it = calls[-1] if calls else None
    if it:
        assert it["call_id"] == head["x-flyball-call-id"] and it["code"] == code and it["verdict"] == "deny"
        assert it["outcome"] == "none" and it["settled"] is None
    assert not models.vendors[vendor].exchanges, "a refused call reached the vendor"
    return message, it


# ---- policy, limits, prices ------------------------------------------------------------------------------------------


@VENDORS
def test_without_a_permit_the_sentence_names_operation_and_agent(models, vendor):
    models.daemon.apply(policy("narrow", [permit("other", model=["gpt-4o"])]))
    key = models.daemon.key(policy="narrow")["key"]
    text, it = refused(models, vendor, f"deny-{vendor}", "PermissionDeniedError", "policy_denied", 403, key=key)
    assert ("openai.chat.completions.create" if vendor == "openai" else "anthropic.messages.create") in text
    assert "bot" in text and "narrow" in text and it["rule"] is None


@VENDORS
def test_a_forbidden_model_is_refused_with_the_rules_reason(models, vendor):
    model = CHAT if vendor == "openai" else CLAUDE
    forbid = {"id": "no-small-ones", "effect": "forbid", "match": {"model": [f"{vendor}/{model}"]},
              "reason": "small models guess"}
    models.daemon.apply(policy("strict", [permit("all", layer=["llm"]), forbid]))
    key = models.daemon.key(policy="strict")["key"]
    text, it = refused(models, vendor, f"forbid-{vendor}", "PermissionDeniedError", "policy_denied", 403, key=key)
    assert 'Rule "no-small-ones"' in text and "small models guess" in text and it["rule"] == "no-small-ones"


@VENDORS
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_limit_on_money_names_itself_whose_it_is_spent_held_max_and_reset(models, vendor, stream):
    most = {"openai": "0.01", "anthropic": "0.085"}[vendor]
    made = models.daemon.key(agent="spender", limit=f"usd={most}/day")
    ask(models, vendor, key=made["key"], wishes="reasoning=3000,tokens=10,in=10", max_tokens=4000)
    e = models.vendors[vendor].settled()[-1]
    models.clear()
    run = f"limit-{vendor}-{stream}"
    text, it = refused(models, vendor, run, "PermissionDeniedError", "limit_exceeded", 403, key=made["key"],
                       stream=stream, max_tokens=15000)
    spent = price(body_of(e)["model"], e.bill)
    assert made["id"] in text and f"{most} USD a day" in text
    assert f"{spent.rstrip('0')} spent" in text and re.search(r"\b0(\.00)? held", text)
    assert re.search(r"resets at \d{4}-\d\d-\d\dT00:00:00Z", text)
    limit = it["limits"][0]
    assert limit["before"] == round(float(spent) * 1e9) and limit["held"] == 0
    assert limit["max"] == round(float(most) * 1e9) > limit["n"] > limit["max"] - limit["before"]
    # What fits still goes through.
    assert ask(models, vendor, key=made["key"], max_tokens=12)


@VENDORS
def test_a_limit_on_tokens_refuses_as_one_on_money_does(models, vendor):
    key = models.daemon.key(limit="tokens=2000/day")["key"]
    text, it = refused(models, vendor, f"tokens-{vendor}", "PermissionDeniedError", "limit_exceeded", 403, key=key,
                       max_tokens=2500)
    assert "tokens" in text and it["limits"][0]["max"] == 2000


@VENDORS
def test_a_rate_limit_is_retried_by_the_sdk_as_it_is_told(models, vendor):
    key = models.daemon.key(limit="requests=0/day")["key"]
    started = time.monotonic()
    text, _ = refused(models, vendor, f"rate-{vendor}", "RateLimitError", "rate_limited", 429, n_calls=1, key=key,
                      retries=0)
    assert time.monotonic() - started < 2 and "requests" in text


@VENDORS
def test_a_rate_limit_that_passes_by_is_waited_for_by_the_sdk(models, vendor):
    once = {"id": "once", "meter": "requests", "max": 1, "by": ["key"], "window": {"sliding": "2s"},
            "on_exceed": "deny"}
    models.daemon.apply(policy("slow", [permit("models", layer=["llm"])], [once]))
    key = models.daemon.key(policy="slow")["key"]
    ask(models, vendor, key=key)
    started = time.monotonic()
    assert ask(models, vendor, f"wait-{vendor}", key=key, retries=3)
    assert 0.5 < time.monotonic() - started < 9
    codes = [c["code"] for c in models.calls(f"wait-{vendor}")]
    assert codes[0] == "rate_limited" and codes[-1] is None


@VENDORS
def test_a_model_without_a_price_is_refused_until_the_policy_says_what_to_hold(models, vendor):
    text, it = refused(models, vendor, f"price-{vendor}", "PermissionDeniedError", "cost_unknown", 403,
                       model="brand-new-model")
    assert "brand-new-model" in text and it["model_asked"] == "brand-new-model"


def test_a_model_that_the_vendor_does_not_know_is_the_vendors_own_error(models):
    with pytest.raises(openai.NotFoundError) as e:
        ask(models, "openai", "gone", model="gpt-4.1")
    assert e.value.code == "model_not_found" and "x-flyball-code" not in e.value.response.headers
    it = models.one("gone")
    assert it["outcome"] == "released" and it["status"] == 404 and it["error"]


# ---- keys ------------------------------------------------------------------------------------------------------------


@VENDORS
def test_keys_that_are_unknown_or_revoked_are_authentication_errors(models, vendor):
    known = models.daemon.key()
    wrong = known["key"][:-1] + ("A" if known["key"][-1] != "A" else "B")
    refused(models, vendor, f"wrong-{vendor}", "AuthenticationError", "key_unknown", 401, key=wrong)
    refused(models, vendor, f"other-{vendor}", "AuthenticationError", "key_unknown", 401, key="sk-some-other-key")
    assert models.daemon.cli("revoke", known["id"]).returncode == 0
    text, it = refused(models, vendor, f"revoked-{vendor}", "AuthenticationError", "key_revoked", 401, key=known["key"])
    assert it["key"] == known["id"] and "revoked" in text


@pytest.mark.parametrize("path,body", [
    ("/openai/v1/chat/completions", '{"model":"gpt-4o-mini","messages":[]}'),
    ("/anthropic/v1/messages", '{"model":"claude-haiku-4-5","max_tokens":1,"messages":[]}')])
def test_without_a_key_the_answer_has_the_vendors_form(models, path, body):
    from raw import ask as raw_ask
    r = raw_ask(models.port, "POST", path, None, body, type="application/json")
    assert r.status == 401 and r.code == "key_missing" and r.header("x-should-retry") == "false"
    assert ("type" in r.json) == path.startswith("/anthropic") and r.json["error"]["message"]


@VENDORS
def test_the_stop_button_refuses_all_and_is_let_go(make_models, vendor):
    with_button = make_models()
    assert with_button.daemon.cli("kill", "--reason", "a drill").returncode == 0
    refused(with_button, vendor, "stopped", "PermissionDeniedError", "stopped", 403)
    assert with_button.daemon.cli("unkill").returncode == 0
    assert ask(with_button, vendor)


# ---- requests that cannot be read in one way only --------------------------------------------------------------------


@pytest.mark.parametrize("body,status,code", [
    ('{"model":"gpt-4o-mini","model":"gpt-4o","messages":[]}', 400, "request_ambiguous"),
    ('{"model":"gpt-4o-mini","mod\\u0065l":"gpt-4o","messages":[]}', 400, "request_ambiguous"),
    ('{"model":"gpt-4o-mini","messages":[],"max_tokens":1,"max_tokens":100000}', 400, "request_ambiguous"),
    ('{"model":"gpt-4o-mini","messages":[],"max_tokens":"100"}', 400, "request_invalid"),
    ('{"model":"gpt-4o-mini","messages":[],"stream":"true"}', 400, "request_invalid"),
    ('{"model":7,"messages":[]}', 400, "request_invalid"),
    ('{"messages":[]}', 400, "request_invalid"),
    ('{"model":"gpt-4o-mini","messages":[]', 400, "request_invalid"),
    ('[]', 400, "request_invalid"),
    ('', 400, "request_invalid"),
])
def test_a_body_that_two_readers_could_read_differently_is_refused(models, body, status, code):
    from raw import ask as raw_ask
    r = raw_ask(models.port, "POST", "/openai/v1/chat/completions", models.key, body, type="application/json")
    assert (r.status, r.code) == (status, code), r.body
    assert r.json["error"]["type"] == "invalid_request_error" and not models.openai.exchanges


def test_a_body_past_the_limit_is_the_sdks_request_too_large(make_models):
    m = make_models(limits={"llm_body_bytes_max": 100_000})
    fits = "x" * 90_000
    assert m.openai_client().chat.completions.create(model=CHAT, messages=say(text=fits), max_tokens=9)
    with pytest.raises(openai.APIStatusError) as e:
        m.openai_client(retries=2).chat.completions.create(model=CHAT, messages=say(text=fits * 2), max_tokens=9)
    assert e.value.status_code == 413 and e.value.response.headers["x-flyball-code"] == "request_too_large"
    with pytest.raises(anthropic.RequestTooLargeError):
        m.anthropic_client(retries=2).messages.create(model=CLAUDE, messages=say(text=fits * 2), max_tokens=9)
    assert len(m.openai.exchanges) == 1 and not m.anthropic.exchanges


# ---- the vendor's own errors -----------------------------------------------------------------------------------------


@VENDORS
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("status", [400, 403, 404, 413, 429, 500, 503, 529])
def test_the_vendors_errors_pass_byte_for_byte_and_raise_the_sdks_class(models, vendor, status, stream):
    run = f"e{status}-{vendor}-{stream}"
    wishes = f"status={status},retry_after=9"
    found = []
    for more in ({"direct": True}, {}):
        kind = openai.APIStatusError if vendor == "openai" else anthropic.APIStatusError
        with pytest.raises(kind) as e:
            if vendor == "openai":
                models.openai_client(run, **more).chat.completions.create(model=CHAT, messages=say(wishes),
                                                                          stream=stream, max_tokens=9)
            else:
                models.anthropic_client(run, **more).messages.create(model=CLAUDE, messages=say(wishes), stream=stream,
                                                                     max_tokens=9)
        r = e.value.response
        found.append((type(e.value), str(e.value), r.status_code, r.content, kept(r.headers)))
    assert found[0] == found[1]
    it = models.one(run)
    assert it["status"] == status and it["verdict"] == "permit" and it["code"] is None and it["error"]
    if status < 500:
        assert it["outcome"] == "released"
    else:
        assert it["outcome"] in ("released", "settled")
    assert models.spent()[1] == "0.000000000"


@VENDORS
def test_the_vendors_401_says_that_our_secret_is_wrong_and_does_not_show_it(models, vendor):
    v = models.vendors[vendor]
    v.secrets.remove(models.secrets[vendor])
    try:
        with pytest.raises((openai.AuthenticationError, anthropic.AuthenticationError)) as e:
            ask(models, vendor, f"401-{vendor}")
        assert models.secrets[vendor] not in e.value.response.text
        it = models.one(f"401-{vendor}")
        assert it["outcome"] == "released" and it["status"] == 401
    finally:
        v.secrets.add(models.secrets[vendor])


@VENDORS
def test_the_sdks_own_retries_of_the_vendors_errors_are_calls_of_their_own(models, vendor):
    run = f"again-{vendor}"
    assert ask(models, vendor, run, wishes="status=529,times=2,retry_after=0,tokens=3", retries=3)
    calls = models.calls(run)
    assert [c["status"] for c in calls] == [529, 529, 200]
    settled_as(calls[-1], CHAT if vendor == "openai" else CLAUDE, models.vendors[vendor].settled()[-1].bill)


# ---- time ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    from llm_rig import opened
    limits = {"connect_timeout_ms": 300, "first_byte_timeout_ms": 400, "idle_timeout_ms": 400}
    with opened(tmp_path_factory.mktemp("hasty"), limits=limits) as r:
        yield r


@VENDORS
def test_a_vendor_that_never_answers_is_a_timeout_that_is_not_repeated(hasty, vendor):
    started = time.monotonic()
    with pytest.raises((openai.InternalServerError, anthropic.APIStatusError)) as e:
        ask(hasty, vendor, f"never-{vendor}", wishes="never")
    assert 0.3 < time.monotonic() - started < 3
    assert e.value.status_code == 504 and e.value.response.headers["x-flyball-code"] == "outcome_unknown"
    assert e.value.response.headers["x-should-retry"] == "false"
    it = hasty.one(f"never-{vendor}")
    # Nobody knows whether it was made: what was held is what counts.
    assert it["outcome"] == "settled" and it["settled"]["how"] == "estimated"
    assert it["settled"]["usd"] == it["held"]["usd"] and it["code"] == "outcome_unknown"


@VENDORS
def test_a_vendor_that_cannot_be_reached_is_an_error_and_costs_nothing(make_models, vendor):
    m = make_models()
    m.vendors[vendor].stop()
    with pytest.raises((openai.InternalServerError, anthropic.InternalServerError)) as e:
        ask(m, vendor, "down", retries=0)
    assert e.value.status_code == 502 and e.value.response.headers["x-flyball-code"] == "upstream_failed"
    assert "x-should-retry" not in e.value.response.headers, "nothing was sent: it may be tried again"
    assert m.one("down")["outcome"] == "released"


@VENDORS
def test_a_stream_that_goes_silent_ends_with_an_error_that_the_sdk_raises(hasty, vendor):
    started = time.monotonic()
    with pytest.raises((openai.APIError, anthropic.APIError)) as e:
        list(ask(hasty, vendor, f"silent-{vendor}", wishes="tokens=9,in=20,stall=6", stream=True))
    assert 0.3 < time.monotonic() - started < 3
    it = hasty.one(f"silent-{vendor}")
    assert it["call_id"] in str(e.value) and it["stream_end"] not in (None, "complete")
    assert_counted_by_what_was_seen(hasty, vendor, it)


def assert_counted_by_what_was_seen(rig, vendor, it):
    """Not less than the vendor bills, not more than was held."""
    (e,) = rig.vendors[vendor].settled()[-1:]
    model = CHAT if vendor == "openai" else CLAUDE
    assert it["outcome"] == "settled" and it["settled"]["how"] == "estimated"
    billed = float(price(model, e.bill))
    assert billed <= float(it["settled"]["usd"]) <= float(it["held"]["usd"]), (e.bill, it["tokens"])
    assert rig.spent()[1] == "0.000000000"


@VENDORS
def test_slow_but_steady_streams_are_left_alone(hasty, vendor):
    s = list(ask(hasty, vendor, f"steady-{vendor}", wishes="tokens=8,gap_ms=120", stream=True))
    assert len(s) > 8 and hasty.one(f"steady-{vendor}")["stream_end"] == "complete"
