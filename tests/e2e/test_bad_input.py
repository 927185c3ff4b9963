"""Requests that are good HTTP and must not be understood: each has its named code, a record where the key is known, and
nothing at the vendor."""
import base64

import pytest

from bad_rig import CHARGES, GOOD, refusal
from flyball import Daemon, permit, policy
from raw import FORM, Reader, ask, connect, exchange, request

pytestmark = pytest.mark.usefixtures("nothing_broke")


# ---- keys ------------------------------------------------------------------------------------------------------------


def with_fields(*fields, path="/stripe/v1/balance"):
    return request("GET", path, headers=fields)


def basic(text):
    return ("Authorization", "Basic " + base64.b64encode(text.encode()).decode())


def bad_keys(key):
    middle = key[:25] + ("A" if key[25] != "A" else "B") + key[26:]
    return {
        "none": ([], "key_missing"),
        "empty_bearer": ([("Authorization", "Bearer ")], "key_unknown"),
        "no_scheme": ([("Authorization", key)], "key_unknown"),
        "other_scheme": ([("Authorization", f"Digest {key}")], "key_unknown"),
        "stripes_own_key": ([("Authorization", "Bearer sk_test_4eC39HqLyjWDarjtT1zdp7dc")], "key_unknown"),
        "mistyped": ([("Authorization", f"Bearer {middle}")], "key_unknown"),
        "cut_short": ([("Authorization", f"Bearer {key[:-1]}")], "key_unknown"),
        "too_long": ([("Authorization", f"Bearer {key}x")], "key_unknown"),
        "wrong_case": ([("Authorization", f"Bearer {key.upper()}")], "key_unknown"),
        "other_mode": ([("Authorization", f"Bearer {key.replace('fb_test', 'fb_live')}")], "key_unknown"),
        "decorated_with_punctuation": ([("Authorization", f"Bearer sk!{key}")], "key_unknown"),
        "bad_run_suffix": ([("Authorization", f"Bearer {key}.run_a/b")], "key_unknown"),
        "empty_run_suffix": ([("Authorization", f"Bearer {key}.run_")], "key_unknown"),
        "basic_not_base64": ([("Authorization", "Basic !!!")], "key_unknown"),
        "basic_without_colon": ([("Authorization", "Basic " + base64.b64encode(key.encode()).decode())], "key_unknown"),
        "basic_two_keys": ([basic(f"{key}:{middle}")], "key_unknown"),
        "two_carriers_disagree": ([("Authorization", f"Bearer {key}"), ("x-api-key", middle)], "key_unknown"),
        "minted_elsewhere": (
            [("Authorization", "Bearer fb_test_0123456789_0123456789abcdef0123456789ABCDEF000000")],
            "key_unknown",
        ),
    }


@pytest.mark.parametrize("name", bad_keys("x" * 60))
def test_a_bad_key_is_refused_without_a_record(rig, name):
    fields, code = bad_keys(rig.key)[name]
    refusal(rig, with_fields(*fields), 401, code, recorded=False)


@pytest.mark.parametrize("name", ["Authorization", "x-api-key"])
def test_two_fields_with_keys_are_ambiguous(rig, name):
    """Whichever of the two were believed, another reader would believe the other."""
    other = rig.daemon.key(agent="other")["key"]
    scheme = "Bearer " if name == "Authorization" else ""
    data = with_fields((name, scheme + rig.key), (name, scheme + other))
    refusal(rig, data, 400, "request_ambiguous", recorded=False)


OURS = ["x-agent-run-id", "x-agent-parent-run-id", "x-flyball-dry-run", "X-Agent-Identity", "x-flyball-prompt",
        "Helicone-Prompt-Id", "x-agent-tool-call-id"]


@pytest.mark.parametrize("name", OURS)
def test_two_fields_of_ours_are_ambiguous(rig, name):
    refusal(
        rig,
        request("POST", CHARGES, rig.key, GOOD, headers=[(name, "a"), (name.lower(), "b")]),
        400,
        "request_ambiguous",
    )


KEY_SHOWN = {
    "path": lambda k: request("GET", f"/stripe/v1/charges/{k}", k),
    "query": lambda k: request("GET", f"/stripe/v1/charges?customer={k}", k),
    "vendor": lambda k: request("GET", f"/{k}/v1/balance", k),
    "run_header": lambda k: request("GET", "/stripe/v1/balance", k, headers=[("x-agent-run-id", k)]),
    "run_path": lambda k: request("GET", f"/r/{k}/stripe/v1/balance", k),
    "idempotency_key": lambda k: request("POST", CHARGES, k, GOOD, idempotency=k),
    "user_agent": lambda k: request("POST", CHARGES, k, GOOD, headers=[("User-Agent", f"me {k}")]),
    "body": lambda k: request("POST", CHARGES, k, GOOD + f"&metadata[k]={k}"),
    "body_name": lambda k: request("POST", CHARGES, k, GOOD + f"&metadata[{k}]=1"),
}


@pytest.mark.parametrize("name", KEY_SHOWN)
def test_a_request_that_shows_its_key_elsewhere_is_refused_and_the_record_does_not_repeat_it(rig, name):
    r = refusal(rig, KEY_SHOWN[name](rig.key), 400, "request_invalid")
    assert rig.key not in r.raw.decode() and rig.key not in str(rig.daemon.call(r.call_id))


def test_a_decorated_key_that_only_looks_like_one_says_nothing_about_keys(rig):
    """Unknown, and known but mistyped, cannot be told apart from outside."""
    texts = set()
    for name in ("mistyped", "minted_elsewhere"):
        r = exchange(rig.port, with_fields(*bad_keys(rig.key)[name][0]))
        texts.add(r.message.replace(r.call_id, ""))
    assert len(texts) == 1


# ---- names that an agent gives ---------------------------------------------------------------------------------------

BAD_NAMES = {
    "prompt_with_space": ("x-flyball-prompt", "refund mail@7"),
    "prompt_too_long": ("x-flyball-prompt", "p" * 129),
    "prompt_empty": ("x-flyball-prompt", ""),
    "prompt_not_ascii": ("x-flyball-prompt", "\u00e9"),
    "helicone_prompt": ("Helicone-Prompt-Id", "a,b"),
    "tool_call_with_space": ("x-agent-tool-call-id", "call 1"),
    "tool_call_too_long": ("x-agent-tool-call-id", "c" * 129),
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_malformed_name_is_refused_and_not_recorded_as_one(rig, name):
    r = refusal(rig, request("POST", CHARGES, rig.key, GOOD, headers=[BAD_NAMES[name]]), 400, "request_invalid")
    call = rig.daemon.call(r.call_id)
    assert BAD_NAMES[name][0].lower() in call["reason"] and call["prompt"] is None and call["caused_by"] is None


def test_names_at_their_limit_are_taken_and_recorded(rig):
    headers = [("x-flyball-prompt", "p" * 126 + "@7"), ("x-agent-tool-call-id", "c" * 128)]
    r = ask(rig.port, "GET", "/stripe/v1/balance", rig.key, headers=headers)
    assert r.status == 200
    call = rig.daemon.call(r.header("x-flyball-call-id"))
    assert call["prompt"] == "p" * 126 + "@7"
    assert call["caused_by"] == {"call_id": None, "tool_call_id": "c" * 128, "how": "explicit"}


def test_the_first_of_two_carriers_names_the_prompt(rig):
    for headers, prompt in (
        ([("Helicone-Prompt-Id", "theirs")], "theirs"),
        ([("Helicone-Prompt-Id", "theirs"), ("x-flyball-prompt", "ours@2")], "ours@2"),
    ):
        r = ask(rig.port, "GET", "/stripe/v1/balance", rig.key, headers=headers)
        assert rig.daemon.call(r.header("x-flyball-call-id"))["prompt"] == prompt


# ---- runs and identity -----------------------------------------------------------------------------------------------

BAD_RUNS = {
    "header_with_space": [("x-agent-run-id", "a b")],
    "header_with_slash": [("x-agent-run-id", "a/b")],
    "header_too_long": [("x-agent-run-id", "a" * 129)],
    "header_not_ascii": [("x-agent-run-id", "é")],
    "parent": [("x-agent-parent-run-id", "a b")],
    "session": [("x-claude-code-session-id", "{}")],
    "traceparent_short": [("traceparent", "00-abc-def-01")],
    "traceparent_zero": [("traceparent", "00-" + "0" * 32 + "-" + "1" * 16 + "-01")],
    "traceparent_upper_case": [("traceparent", "00-" + "A" * 32 + "-" + "1" * 16 + "-01")],
    "unused_carrier_is_bad": [("x-agent-run-id", "fine"), ("traceparent", "junk")],
}


@pytest.mark.parametrize("name", BAD_RUNS)
def test_a_bad_run_id_is_refused_and_recorded(rig, name):
    data = request("POST", CHARGES, rig.key, GOOD, headers=BAD_RUNS[name])
    r = refusal(rig, data, 400, "request_invalid")
    assert rig.daemon.call(r.call_id)["run_source"] == "made"


def test_a_run_id_at_its_limit_is_taken(rig):
    r = ask(rig.port, "GET", "/stripe/v1/balance", rig.key, headers=[("x-agent-run-id", "a" * 128)])
    assert r.status == 200 and r.header("x-agent-run-id") == "a" * 128


def test_a_bad_run_in_the_path_is_refused(rig):
    refusal(rig, request("GET", "/r/a~b/stripe/v1/balance", rig.key), 400, "request_invalid")


def test_an_identity_token_that_cannot_be_verified_is_refused_before_the_body_is_read(rig):
    with connect(rig.port) as s:
        s.sendall(
            request(
                "POST",
                CHARGES,
                rig.key,
                headers=[("x-agent-identity", "eyJhbGciOiJub25lIn0.e30."), ("Content-Length", 500)],
            )
        )
        r = Reader(s).response()
    assert (r.status, r.code) == (401, "identity_invalid")
    assert rig.daemon.call(r.call_id)["code"] == "identity_invalid"


# ---- paths -----------------------------------------------------------------------------------------------------------

BAD_PATHS = {
    "unknown_vendor": ("GET", "/nosuch/v1/balance", 400, "request_invalid"),
    "no_vendor_unknown_path": ("GET", "/v1/nosuch", 400, "request_invalid"),
    "root": ("GET", "/", 400, "request_invalid"),
    "vendor_alone": ("GET", "/stripe", 400, "request_invalid"),
    "vendor_slash": ("GET", "/stripe/", 403, "operation_unknown"),
    "unknown_operation": ("GET", "/stripe/v1/nosuch", 403, "operation_unknown"),
    "unknown_method": ("PUT", "/stripe/v1/charges/ch_1", 403, "operation_unknown"),
    "operation_and_more": ("GET", "/stripe/v1/balance/x/y/z", 403, "operation_unknown"),
    "upper_case_is_another_path": ("GET", "/stripe/V1/balance", 403, "operation_unknown"),
    "percent_in_id": ("GET", "/stripe/v1/charges/ch%5F1", 400, "request_invalid"),
    "semicolon": ("GET", "/stripe/v1/charges;x=1", 400, "request_invalid"),
    "id_with_dash": ("GET", "/stripe/v1/charges/ch-1", 400, "request_invalid"),
    "two_trailing_slashes": ("GET", "/stripe/v1/balance//", 400, "request_invalid"),
    "dot_segment": ("GET", "/stripe/v1/../v1/balance", 400, "request_invalid"),
    "single_dot": ("GET", "/stripe/./v1/balance", 400, "request_invalid"),
    "dots_at_end": ("GET", "/stripe/v1/..", 400, "request_invalid"),
    "encoded_dots": ("GET", "/stripe/v1/%2e%2e/v1/balance", 400, "request_invalid"),
    "encoded_slash": ("GET", "/stripe/v1%2Fbalance", 400, "request_invalid"),
    "encoded_nul": ("GET", "/stripe/v1/charges/ch_1%00", 400, "request_invalid"),
    "empty_segment": ("GET", "/stripe/v1//balance", 400, "request_invalid"),
    "broken_percent": ("GET", "/stripe/v1/charges/%zz", 400, "request_invalid"),
    "broken_percent_in_query": ("GET", "/stripe/v1/charges?limit=%4", 400, "request_invalid"),
}


@pytest.mark.parametrize("name", BAD_PATHS)
def test_a_path_that_is_no_operation_is_refused_and_recorded(rig, name):
    method, path, status, code = BAD_PATHS[name]
    refusal(rig, request(method, path, rig.key), status, code)


def test_two_vendors_with_the_same_operations_are_ambiguous_without_a_prefix(tmp_path, vendor):
    d = Daemon(
        tmp_path / "two",
        vendor.port,
        vendors={
            "second": {
                "connector": "stripe",
                "base_url": f"http://127.0.0.1:{vendor.port}",
                "secret": "env:STRIPE_SECRET_KEY",
            }
        },
    ).start()
    try:
        d.apply(policy("default", [permit("all", **{"class": ["read"]})]))
        key = d.key()["key"]
        r = ask(d.data_port, "GET", "/v1/balance", key)
        assert (r.status, r.code) == (421, "request_ambiguous") and "stripe" in r.message and "second" in r.message
        assert ask(d.data_port, "GET", "/second/v1/balance", key).status == 200
        assert d.call(r.call_id)["code"] == "request_ambiguous"
        assert len(vendor.requests) == 1
    finally:
        d.close()


# ---- fields ----------------------------------------------------------------------------------------------------------

AMOUNTS_INVALID = {
    "negative": "-700",
    "minus_zero": "-0",
    "plus": "%2B700",
    "float": "7.00",
    "exponent": "7e2",
    "hex": "0x2bc",
    "empty": "",
    "leading_zero": "0700",
    "leading_space": "+700",
    "trailing_space": "700+",
    "thousands": "1,000",
    "overflow_64": "9223372036854775808",
    "overflow_20": "99999999999999999999",
    "words": "many",
    "nan": "NaN",
    "infinity": "Infinity",
    "full_width_digit": "%EF%BC%95",
    "arabic_digit": "%D9%A5",
    "underscore": "7_00",
    "newline": "700%0A",
    "nineteen_digits": "1000000000000000000",
}


@pytest.mark.parametrize("name", AMOUNTS_INVALID)
def test_an_amount_that_is_no_plain_integer_is_invalid(rig, name):
    body = f"amount={AMOUNTS_INVALID[name]}&currency=usd&source=tok_visa"
    r = refusal(rig, request("POST", CHARGES, rig.key, body), 400, "request_invalid")
    assert "`amount`" in r.message


FORMS = {
    "two_amounts": ("amount=1&amount=700&currency=usd", 400, "request_ambiguous"),
    "two_equal_amounts": ("amount=1&amount=1&currency=usd", 400, "request_ambiguous"),
    "encoded_twin": ("amount=1&%61mount=700&currency=usd", 400, "request_ambiguous"),
    "encoded_twin_upper": ("amount=1&amoun%74=700&currency=usd", 400, "request_ambiguous"),
    "amount_list": ("amount[]=700&currency=usd", 400, "request_ambiguous"),
    "amount_list_encoded": ("amount%5B%5D=700&currency=usd", 400, "request_ambiguous"),
    "amount_indexed": ("amount[0]=700&currency=usd", 400, "request_ambiguous"),
    "amount_object": ("amount[usd]=700&currency=usd", 400, "request_ambiguous"),
    "amount_and_list": ("amount=1&amount[]=700&currency=usd", 400, "request_ambiguous"),
    "amount_other_case": ("Amount=700&currency=usd", 400, "request_ambiguous"),
    "amount_both_cases": ("amount=1&AMOUNT=700&currency=usd", 400, "request_ambiguous"),
    "currency_list": ("amount=700&currency[]=usd", 400, "request_ambiguous"),
    "two_currencies": ("amount=700&currency=usd&currency=eur", 400, "request_ambiguous"),
    "currency_of_two_letters": ("amount=700&currency=us", 400, "request_invalid"),
    "currency_of_symbols": ("amount=700&currency=%24%24%24", 400, "request_invalid"),
    "amount_space_before": ("+amount=700&currency=usd", 400, "request_invalid"),
    "amount_space_behind": ("amount+=700&currency=usd", 400, "request_invalid"),
    "nul_in_value": ("amount=700%00&currency=usd", 400, "request_invalid"),
    "nul_in_name": ("amount%00=700&currency=usd", 400, "request_invalid"),
    "raw_nul": ("amount=7\0&currency=usd", 400, "request_invalid"),
    "no_equals": ("amount=700&currency=usd&capture", 400, "request_invalid"),
    "empty_field": ("amount=700&&currency=usd", 400, "request_invalid"),
    "ampersand_at_end": ("amount=700&currency=usd&", 400, "request_invalid"),
    "empty_name": ("=700&currency=usd", 400, "request_invalid"),
    "broken_percent": ("amount=%7&currency=usd", 400, "request_invalid"),
    "broken_utf8": ("amount=700&currency=usd&description=%ff", 400, "request_invalid"),
    "overlong_utf8": ("amount=700&currency=usd&description=%c0%80", 400, "request_invalid"),
    "open_bracket": ("amount=700&currency=usd&metadata[a=1", 400, "request_invalid"),
    "closed_bracket": ("amount=700&currency=usd&metadata]a[=1", 400, "request_invalid"),
    "list_inside_a_name": ("amount=700&currency=usd&items[][a]=1", 400, "request_ambiguous"),
    "too_deep": ("amount=700&currency=usd&a" + "[b]" * 7 + "=1", 413, "request_too_large"),
    "too_many_fields": ("amount=700&currency=usd&" + "&".join(f"a{i}=1" for i in range(100)), 413, "request_too_large"),
    "method_override": ("amount=700&currency=usd&_method=DELETE", 400, "request_invalid"),
    "json_in_a_form": ('{"amount":700,"currency":"usd"}', 400, "request_invalid"),
    "capture_yes": ("amount=700&currency=usd&capture=yes", 400, "request_invalid"),
    "customer_with_slash": ("amount=700&currency=usd&customer=cus_1/../x", 400, "request_invalid"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_with_two_meanings_or_none_is_refused(rig, name):
    body, status, code = FORMS[name]
    refusal(rig, request("POST", CHARGES, rig.key, body), status, code)


def test_a_form_without_amount_has_no_cost(rig):
    refusal(rig, request("POST", CHARGES, rig.key, "currency=usd"), 403, "cost_unknown")


def test_a_refund_of_two_things_at_once_is_ambiguous(rig):
    body = "charge=ch_1&payment_intent=pi_1&amount=100"
    refusal(rig, request("POST", "/stripe/v1/refunds", rig.key, body), 400, "request_ambiguous")


def test_the_charge_in_path_and_form_is_ambiguous(rig):
    data = request("POST", "/stripe/v1/charges/ch_1/refunds", rig.key, "charge=ch_2&amount=100&currency=usd")
    refusal(rig, data, 400, "request_ambiguous")


HEADS = {
    "json": (dict(type="application/json", body='{"amount":700}'), 415, "request_invalid"),
    "multipart": (dict(type="multipart/form-data; boundary=x"), 415, "request_invalid"),
    "text": (dict(type="text/plain"), 415, "request_invalid"),
    "no_type": (dict(type=None), 415, "request_invalid"),
    "charset_utf16": (dict(type=FORM + "; charset=utf-16"), 415, "request_invalid"),
    "type_and_junk": (dict(type=FORM + "x"), 415, "request_invalid"),
    "two_types": (dict(headers=[("Content-Type", FORM)]), 400, "request_ambiguous"),
    "gzip": (dict(headers=[("Content-Encoding", "gzip")]), 415, "request_invalid"),
    "two_idempotency_keys": (
        dict(headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")]),
        400,
        "request_ambiguous",
    ),
    "empty_idempotency_key": (dict(headers=[("Idempotency-Key", "")]), 400, "request_invalid"),
    "long_idempotency_key": (dict(headers=[("Idempotency-Key", "k" * 256)]), 400, "request_invalid"),
    "odd_idempotency_key": (dict(headers=[("Idempotency-Key", "a\xe9")]), 400, "request_invalid"),
    "stripe_account": (dict(headers=[("Stripe-Account", "acct_1")]), 403, "scope_denied"),
    "stripe_account_empty": (dict(headers=[("Stripe-Account", "")]), 403, "scope_denied"),
    "stripe_context": (dict(headers=[("sTRIPE-cONTEXT", "acct_1")]), 403, "scope_denied"),
    "query_beside_body": (dict(path=CHARGES + "?amount=1"), 400, "request_ambiguous"),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_says_something_else_is_refused(rig, name):
    more, status, code = HEADS[name]
    more = {"path": CHARGES, "body": GOOD, **more}
    data = request("POST", more.pop("path"), rig.key, more.pop("body"), **more)
    refusal(rig, data, status, code)


def test_a_get_with_a_body_is_refused(rig):
    refusal(rig, request("GET", "/stripe/v1/charges", rig.key, "limit=3"), 400, "request_invalid")


def test_a_query_is_read_as_strictly_as_a_form(rig):
    for query in ("limit=1&limit=2", "customer=cus_1&customer[]=cus_2"):
        refusal(rig, request("GET", f"/stripe/v1/charges?{query}", rig.key), 400, "request_ambiguous")


def test_an_idempotency_key_at_its_limit_is_taken(rig):
    assert ask(rig.port, "POST", CHARGES, rig.key, "amount=1&currency=usd", idempotency="k" * 255).status == 200


def test_the_canonical_form_is_what_is_sent(rig):
    body = "amount=1&currency=usd&description=a%20b%2Bc%26d%3d&metadata%5Bk%5D=%e2%82%ac&metadata[z]=~"
    assert ask(rig.port, "POST", CHARGES, rig.key, body).status == 200
    sent = rig.vendor.posts()[0]
    assert sent.body.startswith(
        b"amount=1&currency=usd&description=a+b%2Bc%26d%3D&metadata[k]=%E2%82%AC&metadata[z]=~&metadata[flyball_tag]="
    )
    names = {n.lower() for n, _ in sent.headers}
    assert names <= {
        "host",
        "content-length",
        "content-type",
        "authorization",
        "accept-encoding",
        "idempotency-key",
        "connection",
    }


def test_fields_of_the_agents_own_do_not_reach_the_vendor(rig):
    r = ask(
        rig.port,
        "POST",
        CHARGES,
        rig.key,
        "amount=1&currency=usd",
        headers=[
            ("Cookie", "a=b"),
            ("X-Forwarded-For", "1.2.3.4"),
            ("x-agent-run-id", "secret-run"),
            ("Via", "1.1 a"),
            ("Stripe_Account", "acct_1"),
            ("X-HTTP-Method-Override", "DELETE"),
            ("Accept-Encoding", "gzip"),
            ("TE", "trailers"),
            ("Proxy-Authorization", "Basic eA=="),
        ],
    )
    assert r.status == 200
    sent = rig.vendor.posts()[0]
    for name in (
        "cookie",
        "x-forwarded-for",
        "x-agent-run-id",
        "via",
        "stripe_account",
        "x-http-method-override",
        "te",
        "proxy-authorization",
    ):
        assert sent.header(name) is None, name
    assert sent.header("accept-encoding") == "identity" and rig.key.encode() not in sent.raw


# ---- and all of it together ------------------------------------------------------------------------------------------


def test_the_daemon_is_whole_after_all_of_it(rig):
    assert ask(rig.port, "POST", CHARGES, rig.key, "amount=100&currency=usd").status == 200
    assert rig.daemon.cli("doctor").returncode == 0
    assert rig.daemon.cli("audit", "verify").returncode == 0
    events = rig.daemon.get("/api/v1/events", limit=10000)["events"]
    assert any(e["event"] == "request.refused" for e in events), "requests without a key are sampled as events"
    assert rig.daemon.unknown() == []
