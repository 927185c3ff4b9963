"""Signing in at an OpenID provider: who gets in, and everything that must not."""
import base64
import hashlib
import hmac
import http.client
import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flyball import TOP
from issuer import MADE
from provider import CLIENT, SECRET, Browser, Provider

QUICK = {"jwks_spacing_ms": 100, "jwks_timeout_ms": 1000}


@pytest.fixture
def provider():
    p = Provider().start()
    yield p
    p.stop()


@pytest.fixture
def make(make_daemon, vendor, provider):
    def make_one(limits=None, people=("ann@example.com",), **more):
        d = make_daemon(vendor, limits={**QUICK, **(limits or {})}, config=provider.config(**more),
                        env={"OIDC_SECRET": SECRET})
        for name in people:
            d.json("admin", "create", name, "--role", "operator")
        return d
    return make_one


@pytest.fixture
def browser(make):
    return Browser(make())


def session_of(browser, code):
    r = browser.ask("POST", "/api/v1/session", {"code": code})
    return r.status, json.loads(r.text)


def log_says(daemon, text):
    until = time.monotonic() + 5
    while text not in daemon.log():
        assert time.monotonic() < until, f"{text} is not in the log\n{daemon.log()[-2000:]}"
        time.sleep(0.02)


# ---- who gets in -----------------------------------------------------------------------------------------------------


def test_a_person_signs_in_with_their_verified_email(browser, provider):
    asked = browser.begin()
    assert browser.sent_to.startswith(f"{provider.url}/authorize?tenant=x&response_type=code&")
    assert asked["client_id"] == CLIENT and asked["scope"] == "openid email"
    assert asked["redirect_uri"] == browser.daemon.ready["admin"] + "/api/v1/sign-in/oidc/back"
    assert asked["code_challenge_method"] == "S256" and len(asked["code_challenge"]) == 43
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert re.search(r"-sign-in=\w{39}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax$", browser.last_cookie)
    name, code = browser.back(provider.authorize(asked))
    assert name == "t"
    assert "Max-Age=0" in browser.last_cookie
    status, session = session_of(browser, code)
    assert status == 200 and session["name"] == "ann@example.com" and session["roles"] == ["operator"]
    assert session_of(browser, code)[0] == 401, "a code is used once"


def test_how_somebody_signed_in_is_on_record(browser, provider):
    name, code = browser.sign_in(provider)
    assert session_of(browser, code)[0] == 200
    events = browser.daemon.get("/api/v1/events")["events"]
    action = next(e for e in events if e.get("action") == "session_begin")
    assert action["by"] == "ann@example.com" and action["after"] == {"how": "oidc"}


def test_who_was_not_let_in_is_on_record_without_what_they_brought(browser, provider):
    provider.claims = {"email": "eve@example.com"}
    asked = browser.begin()
    back = provider.authorize(asked)
    assert browser.back(back) == ("sign_in", "person_unknown")
    events = browser.daemon.get("/api/v1/events")["events"]
    failed, = [e for e in events if e["event"] == "sign_in.failed"]
    assert failed["reason"] == "person_unknown" and failed["count"] == 1
    brought = dict(urllib.parse.parse_qsl(back.split("?", 1)[1]))
    for text in ("eve@", brought["code"], brought["state"], asked["nonce"]):
        assert text not in json.dumps(events), text


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256"])
def test_each_algorithm(make, provider, alg):
    provider.keys = {"k1": (alg, MADE[alg]())}
    assert Browser(make()).sign_in(provider)[0] == "t"


def test_the_claim_that_names_people_is_the_configs(make, provider):
    d = make(people=["u-1"], claim="sub", scopes=["openid"])
    provider.claims = {"email": None, "email_verified": None}
    b = Browser(d)
    assert b.begin()["scope"] == "openid"
    assert b.sign_in(provider)[0] == "t"


def test_a_new_key_of_the_provider_is_fetched_for_the_token_that_names_it(browser, provider):
    assert browser.sign_in(provider)[0] == "t"
    provider.keys = {"k2": ("RS256", MADE["RS256"]())}
    time.sleep(0.15)  # jwks_spacing_ms: between two looks at a provider
    assert browser.sign_in(provider)[0] == "t"
    assert provider.n["/jwks"] == 2


def test_a_public_client_shows_no_secret(make_daemon, vendor, provider):
    d = make_daemon(vendor, limits=QUICK, config={"people": {"oidc": {"issuer": provider.url, "client_id": CLIENT}}})
    d.json("admin", "create", "ann@example.com", "--role", "viewer")
    b = Browser(d)
    b.back(provider.authorize(b.begin()))
    assert provider.asked[-1][1]["client_id"] == CLIENT and "client_secret" not in provider.asked[-1][1]


def test_a_provider_that_wants_the_secret_in_the_body_gets_it_there(browser, provider):
    provider.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    browser.sign_in(provider)
    assert provider.asked[-1][1]["client_secret"] == SECRET and provider.asked[-1][1]["client_id"] == CLIENT


def test_signing_out_ends_the_session(browser, provider):
    name, code = browser.sign_in(provider)
    status, session = session_of(browser, code)
    kept = dict(browser.cookies)
    assert "SameSite=Strict" in browser.last_cookie
    assert browser.ask("GET", "/api/v1/session").status == 200
    assert browser.ask("DELETE", "/api/v1/session").status == 403, "a change takes the session's token"
    assert browser.ask("DELETE", "/api/v1/session", headers={"x-flyball-csrf": session["csrf"]}).status == 200
    browser.cookies = kept
    assert browser.ask("GET", "/api/v1/session").status == 401


# ---- who does not ----------------------------------------------------------------------------------------------------


def refused(browser, provider, reason):
    assert browser.sign_in(provider) == ("sign_in", reason)
    sentence = json.loads(browser.ask("GET", "/api/v1/sign-in").text)["faults"][reason]
    assert len(sentence) > 20


def test_somebody_who_is_nobody_here(browser, provider):
    provider.claims = {"email": "eve@example.com"}
    refused(browser, provider, "person_unknown")


def test_somebody_who_was_revoked(browser, provider):
    assert browser.daemon.cli("admin", "revoke", "ann@example.com").returncode == 0
    refused(browser, provider, "person_revoked")


def test_a_service_has_no_browser(browser, provider):
    browser.daemon.json("admin", "create", "robot@example.com", "--role", "viewer", "--service")
    provider.claims = {"email": "robot@example.com"}
    refused(browser, provider, "person_unknown")


@pytest.mark.parametrize("claims", [{"email": None}, {"email_verified": None}, {"email_verified": False},
                                    {"email_verified": "true"}, {"email": "a\nb"}, {"email": ""}])
def test_an_email_that_nobody_verified(browser, provider, claims):
    provider.claims = claims
    refused(browser, provider, "name_unknown")


NOW = int(time.time())
BAD_CLAIMS = {
    "nonce_wrong": {"nonce": "n"}, "no_nonce": {"nonce": None}, "iss_wrong": {"iss": "https://id.example"},
    "no_iss": {"iss": None}, "aud_wrong": {"aud": "another"}, "no_aud": {"aud": None},
    "azp_wrong": {"azp": "another"}, "azp_missing": {"aud": [CLIENT, "another"]},
    "expired": {"exp": NOW - 3600}, "no_exp": {"exp": None}, "issued_later": {"iat": NOW + 3600},
    "no_iat": {"iat": None}, "no_sub": {"sub": None}, "at_hash_wrong": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "acts_for_another": {"act": {"sub": "bot"}},
}


@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_an_id_token_that_says_the_wrong_thing(browser, provider, case):
    provider.claims = BAD_CLAIMS[case]
    refused(browser, provider, "token_refused")
    log_says(browser.daemon, "id_token_refused")


def unsigned(provider, alg="none"):
    part = lambda o: base64.urlsafe_b64encode(json.dumps(o).encode()).decode().rstrip("=")
    claims = {"iss": provider.url, "aud": CLIENT, "sub": "u-1", "exp": NOW + 3000, "iat": NOW}
    return f"{part({'alg': alg, 'kid': 'k1'})}.{part(claims)}."


def confused(provider):
    """Signed with HMAC, whose secret is the public key that everybody knows."""
    pem = provider.keys["k1"][1].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = unsigned(provider, "HS256")[:-1]
    mac = hmac.new(pem, text.encode(), hashlib.sha256).digest()
    return text + "." + base64.urlsafe_b64encode(mac).decode().rstrip("=")


def with_its_own_key(provider):
    key = MADE["ES256"]()
    jwk = json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(key.public_key()))
    return jwt.encode({"iss": provider.url, "aud": CLIENT, "sub": "u-1", "exp": NOW + 3000, "iat": NOW}, key,
                      algorithm="ES256", headers={"jwk": jwk})


def by_another_key(provider):
    return jwt.encode({"iss": provider.url, "aud": CLIENT, "sub": "u-1", "exp": NOW + 3000, "iat": NOW},
                      MADE["RS256"](), algorithm="RS256", headers={"kid": "k1"})


@pytest.mark.parametrize("make_token", [unsigned, confused, with_its_own_key, by_another_key, lambda p: "x",
                                        lambda p: ""])
def test_an_id_token_that_the_provider_did_not_sign(browser, provider, make_token):
    provider.token_text = make_token(provider) or "."
    refused(browser, provider, "token_refused")


def test_an_id_token_of_another_kind(browser, provider):
    provider.header = {"typ": "at+jwt"}
    refused(browser, provider, "token_refused")


# ---- answers that are not what they seem -----------------------------------------------------------------------------


def test_an_answer_counts_once(browser, provider):
    url = provider.authorize(browser.begin())
    kept = dict(browser.cookies)
    assert browser.back(url)[0] == "t"
    browser.cookies = kept
    assert browser.back(url) == ("sign_in", "state_unknown")
    assert len(provider.asked) == 1, "the code of an answer that does not count goes nowhere"


def test_a_code_that_was_used_signs_nobody_in(browser, provider):
    asked = browser.begin()
    url = provider.authorize(asked)
    provider.codes.clear()
    assert browser.back(url) == ("sign_in", "code_refused")


@pytest.mark.parametrize("state", ["x" * 39, "", None])
def test_a_state_that_nobody_was_given(browser, provider, state):
    asked = browser.begin()
    url = provider.back_to(asked, code="c", state=state, iss=provider.url)
    assert browser.back(url) == ("sign_in", "state_unknown")
    assert not provider.asked


def test_an_answer_in_another_browser_and_after_it_in_its_own(browser, provider):
    """Somebody's answer, put to a victim's browser, would sign the victim in as somebody else."""
    url = provider.authorize(browser.begin())
    victim = Browser(browser.daemon)
    victim.begin()
    assert victim.back(url) == ("sign_in", "other_browser")
    assert browser.back(url) == ("sign_in", "state_unknown")
    assert not provider.asked


def test_an_answer_without_the_cookie(browser, provider):
    url = provider.authorize(browser.begin())
    browser.cookies.clear()
    assert browser.back(url) == ("sign_in", "other_browser")


def test_an_answer_of_another_provider(browser, provider):
    for iss in ("https://evil.example", None):
        asked = browser.begin()
        url = provider.back_to(asked, code="c", state=asked["state"], iss=iss)
        assert browser.back(url) == ("sign_in", "issuer_other")
    assert not provider.asked, "the code of another provider is not shown to ours"


def test_a_no_of_the_provider(browser, provider):
    asked = browser.begin()
    url = provider.back_to(asked, error="access_denied", error_description="<script>", state=asked["state"],
                           iss=provider.url)
    assert browser.back(url) == ("sign_in", "denied")


def test_a_sign_in_that_took_too_long(make, provider):
    b = Browser(make(limits={"sign_in_ms": 1000}))
    url = provider.authorize(b.begin())
    time.sleep(1.1)
    assert b.back(url) == ("sign_in", "state_unknown")


def test_more_sign_ins_than_fit_take_the_place_of_the_oldest(make, provider):
    d = make(limits={"sign_ins_max": 2})
    browsers = [Browser(d) for _ in range(3)]
    urls = [provider.authorize(b.begin()) for b in browsers]
    assert [b.back(u)[0] for b, u in zip(browsers, urls)] == ["sign_in", "t", "t"]


def test_no_parameter_leads_anywhere_else(browser, provider):
    for more in ("?redirect_uri=https://evil.example", "?return_to=//evil.example", "?issuer=https://evil.example"):
        r = browser.get("/api/v1/sign-in/oidc" + more)
        assert r.status == 303 and "evil" not in r.headers["location"]
    for more in ("redirect_uri=https://evil.example", "t=//evil.example", "iss=https://evil.example%0d%0aX:y"):
        r = browser.get("/api/v1/sign-in/oidc/back?" + more)
        assert r.status == 303 and r.headers["location"].startswith("/ui/?sign_in=")


def test_a_foreign_host_field_leads_nowhere(browser):
    r = browser.get("/api/v1/sign-in/oidc", headers={"Host": "evil.example"})
    assert r.status == 421


def test_the_address_of_the_config_is_the_one_that_the_provider_hears(make, provider):
    b = Browser(make(url="https://flyball.example.com/"))
    assert b.begin()["redirect_uri"] == "https://flyball.example.com/api/v1/sign-in/oidc/back"


def test_too_many_failures_ask_the_provider_no_more(make, provider):
    b = Browser(make(limits={"sign_in_failures_max": 3}))
    provider.claims = {"email": "eve@example.com"}
    reasons = [b.sign_in(provider)[1] for _ in range(6)]
    assert reasons == ["person_unknown"] * 3 + ["too_many"] * 3
    assert len(provider.asked) == 4


# ---- providers that are not well -------------------------------------------------------------------------------------


def unreachable(browser):
    r = browser.get("/api/v1/sign-in/oidc")
    assert (r.status, r.headers["location"]) == (303, "/ui/?sign_in=unreachable")


BAD_DOCUMENTS = {
    "another_issuer": {"issuer": "https://evil.example"},
    "no_issuer": {"issuer": None},
    "http_elsewhere": {"token_endpoint": "http://id.example/token"},
    "a_script": {"authorization_endpoint": "javascript:alert(1)"},
    "a_line_end": {"authorization_endpoint": "https://id.example/\r\nSet-Cookie: x=y"},
}


@pytest.mark.parametrize("case", BAD_DOCUMENTS)
def test_a_document_that_speaks_for_another_or_leads_astray(browser, provider, case):
    provider.document = BAD_DOCUMENTS[case]
    unreachable(browser)


def test_answers_that_are_none(browser, provider):
    well_known = "/.well-known/openid-configuration"
    for path, answer in [(well_known, (404, {}, {})), (well_known, (200, {}, b"<html>")),
                         (well_known, (302, {"Location": f"{provider.url}/jwks"}, {})),
                         (well_known, (200, {}, b"x" * 300000)), ("/jwks", (500, {}, {})), ("/jwks", (200, {}, {})),
                         ("/jwks", (200, {}, {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}]}))]:
        provider.answers = {path: answer}
        time.sleep(0.15)
        unreachable(browser)
    provider.answers = {}
    time.sleep(0.15)
    assert browser.sign_in(provider)[0] == "t", "once it is well again"


def test_a_provider_that_hangs_holds_nobody_else_up(browser, provider):
    provider.hanging = {"/.well-known/openid-configuration"}
    began = time.monotonic()
    unreachable(browser)
    assert 0.9 < time.monotonic() - began < 5, "jwks_timeout_ms"
    began = time.monotonic()
    assert browser.ask("GET", "/healthz").status == 200
    assert time.monotonic() - began < 0.5


def test_a_token_endpoint_that_hangs_or_fails(browser, provider):
    provider.hanging = {"/token"}
    refused(browser, provider, "unreachable")
    provider.hanging = set()
    for answer in [(500, {}, {}), (200, {}, {}), (200, {}, b"no JSON"), (302, {"Location": "/token"}, {})]:
        provider.answers = {"/token": answer}
        refused(browser, provider, "code_refused")


def test_a_provider_that_is_gone_after_it_was_known_lets_its_keys_be_used(browser, provider):
    assert browser.sign_in(provider)[0] == "t"
    asked = browser.begin()
    provider.answers = {"/jwks": (500, {}, {}), "/.well-known/openid-configuration": (500, {}, {})}
    assert browser.back(provider.authorize(asked))[0] == "t"


@pytest.mark.parametrize("path", ["/token", "/.well-known/openid-configuration"])
def test_a_daemon_ends_while_a_sign_in_waits(make, provider, path):
    browser = Browser(make(limits={"jwks_timeout_ms": 30000, "jwks_fresh_ms": 1000}))
    url = provider.authorize(browser.begin())
    time.sleep(1.1)  # jwks_fresh_ms: the provider is asked again
    before = provider.n.get(path, 0)
    provider.hanging = {path}
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(browser.back, url)
        until = time.monotonic() + 5
        while provider.n.get(path, 0) == before and time.monotonic() < until:
            time.sleep(0.01)
        assert browser.daemon.stop() == 0
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            waits.result(5)


def test_no_secret_code_or_token_is_logged_or_kept(browser, provider):
    provider.claims = {"nonce": "wrong"}
    refused(browser, provider, "token_refused")
    provider.claims = {}
    name, code = browser.sign_in(provider)
    d = browser.daemon
    d.stop()
    held = [SECRET, urllib.parse.quote_plus(SECRET), code, "at-1\"", "code-0", "code-1"]
    for file in [d.log_file, *(f for f in d.dir.rglob("*") if f.is_file())]:
        text = file.read_bytes()
        assert not any(x.encode() in text for x in held), file


def test_without_a_provider_there_is_nothing_to_go_to(daemon):
    assert json.loads(Browser(daemon).ask("GET", "/api/v1/sign-in").text)["label"] is None
    assert Browser(daemon).get("/api/v1/sign-in/oidc").status == 404
    assert Browser(daemon).get("/api/v1/sign-in/oidc/back?state=x").status == 404


# ---- a provider of others --------------------------------------------------------------------------------------------


class Person:
    """At the provider's own pages: fills in their forms, keeps its cookies, and stops where they lead back."""

    def __init__(self, origin):
        self.jar = http.cookiejar.CookieJar()
        self.origin = origin
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar), StopHere(origin))

    def open(self, url, fields=None):
        """The page, or where it leads away to."""
        data = urllib.parse.urlencode(fields).encode() if fields else None
        try:
            return self.opener.open(url, data, timeout=10).read().decode(), None
        except LeadsAway as e:
            return None, e.url

    def sign_in(self, url, name):
        page, away = self.open(url)
        while page:
            action = re.search(r'action="([^"]+)"', page)[1]
            fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
            if 'name="login"' in page:
                fields.update(login=name, password="made up")
            page, away = self.open(urllib.parse.urljoin(self.origin, action), fields)
        return away


class LeadsAway(Exception):
    def __init__(self, url):
        super().__init__(url)
        self.url = url


class StopHere(urllib.request.HTTPRedirectHandler):
    def __init__(self, origin):
        self.origin = origin

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if not newurl.startswith(self.origin):
            raise LeadsAway(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def real(make_daemon, vendor, node):
    """(daemon, issuer): the daemon is first, because the provider must know where it leads back to."""
    script = TOP / "tests/e2e/node/provider.mjs"
    if not (script.parent / "node_modules/oidc-provider").is_dir():
        pytest.skip("the package oidc-provider is missing; script/bootstrap --test installs it")
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    d = make_daemon(vendor, limits=QUICK, env={"OIDC_SECRET": "made up"},
                    config={"people": {"oidc": {"issuer": issuer, "client_id": "flyball",
                                                "client_secret": "env:OIDC_SECRET", "label": "Example"}}})
    back = d.ready["admin"] + "/api/v1/sign-in/oidc/back"
    p = subprocess.Popen([node, str(script), str(port), back, "made up"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        assert p.stdout.readline() == b"ready\n"
        yield d, issuer
    finally:
        os.killpg(p.pid, signal.SIGKILL)  # `node` may be a wrapper that has the provider as its child
        p.wait(10)


def test_a_certified_provider_signs_in_who_is_known_here_and_nobody_else(real):
    d, issuer = real
    d.json("admin", "create", "ann@example.com", "--role", "policy", "--tenant", "acme")
    browser = Browser(d)
    for name, outcome in [("ann@example.com", "t"), ("eve@example.com", "sign_in")]:
        browser.begin()
        told, value = browser.back(Person(issuer).sign_in(browser.sent_to, name))
        assert told == outcome, value
        if told == "t":
            status, session = session_of(browser, value)
            assert (status, session["name"], session["tenant"]) == (200, name, "acme")
    assert value == "person_unknown"
    assert json.loads(browser.ask("GET", "/api/v1/sign-in").text)["label"] == "Example"


def test_a_certified_provider_takes_no_code_twice_and_no_other_verifier(real):
    d, issuer = real
    d.json("admin", "create", "ann@example.com", "--role", "viewer")
    one, two, three = Browser(d), Browser(d), Browser(d)
    one.begin()
    away = Person(issuer).sign_in(one.sent_to, "ann@example.com")
    code = urllib.parse.parse_qs(away.split("?")[1])["code"][0]

    def stolen_by(browser):
        state = browser.begin()["state"]
        return Provider.back_to({"redirect_uri": away.split("?")[0]}, code=code, state=state, iss=issuer)

    assert two.back(stolen_by(two)) == ("sign_in", "code_refused"), "the verifier of another sign-in is none"
    assert one.back(away)[0] == "t"
    assert three.back(stolen_by(three)) == ("sign_in", "code_refused"), "a code is taken once"
