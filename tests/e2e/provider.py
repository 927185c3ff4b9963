"""An OpenID provider on loopback, honest unless told otherwise, and a browser that goes there and back."""
import base64
import hashlib
import http.client
import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

from issuer import MADE, public_jwk

CLIENT, SECRET = "flyball at home", "made up: not% a secret"
HONEST = {"iss": None, "sub": "u-1", "aud": CLIENT, "email": "ann@example.com", "email_verified": True}


class Provider:
    def __init__(self, alg="RS256"):
        self.keys = {"k1": (alg, MADE[alg]())}
        self.claims = {}  # over those that are honest; None: left out
        self.header = {}
        self.token_text = None  # instead of the ID token
        self.document = {}  # over what it says of itself
        self.answers = {}  # path -> (status, headers, body) instead of its own
        self.says_at_hash = True
        self.hang = threading.Event()
        self.hanging = set()  # paths that never answer
        self.codes = {}  # code -> what the browser was sent with
        self.asked = []  # (path, fields) of each request to /token
        self.n = {}  # path -> how often
        self.server = None

    # ---- what it says ----

    def describe(self):
        return {"issuer": self.url, "authorization_endpoint": f"{self.url}/authorize?tenant=x",
                "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/jwks",
                "authorization_response_iss_parameter_supported": True, **self.document}

    def jwks(self):
        return {"keys": [public_jwk(alg, key, kid) for kid, (alg, key) in self.keys.items()]}

    def id_token(self, nonce, access_token):
        kid = list(self.keys)[-1]
        alg, key = self.keys[kid]
        now, half = int(time.time()), hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {**HONEST, "iss": self.url, "iat": now, "exp": now + 300, "nonce": nonce}
        if self.says_at_hash:
            claims["at_hash"] = base64.urlsafe_b64encode(half).decode().rstrip("=")
        claims = {k: v for k, v in {**claims, **self.claims}.items() if v is not None}
        return jwt.encode(claims, key, algorithm=alg, headers={"kid": kid, **self.header})

    def authorize(self, query):
        """The person said yes: where the browser goes back to."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return self.back_to(query, code=code, state=query["state"], iss=self.url, session_state="of its own")

    @staticmethod
    def back_to(query, **answer):
        answer = {k: v for k, v in answer.items() if v is not None}
        return query["redirect_uri"] + "?" + urllib.parse.urlencode(answer)

    def token(self, fields, authorization):
        sent = self.codes.pop(fields.get("code"), None)
        if not sent:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        quoted = ":".join(urllib.parse.quote_plus(x) for x in (CLIENT, SECRET))
        if sent["code_challenge_method"] != "S256" or sent["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        if sent["redirect_uri"] != fields["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if authorization != "Basic " + base64.b64encode(quoted.encode()).decode():
            return 401, {"error": "invalid_client"}
        token = self.token_text or self.id_token(sent["nonce"], "at-1")
        return 200, {"access_token": "at-1", "token_type": "Bearer", "expires_in": 300, "id_token": token}

    def config(self, **more):
        return {"people": {"oidc": {"issuer": self.url, "client_id": CLIENT, "client_secret": "env:OIDC_SECRET",
                                    **more}}}

    # ---- the server ----

    def start(self):
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, headers, body):
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def handle_any(self, own):
                path = self.path.split("?")[0]
                provider.n[path] = provider.n.get(path, 0) + 1
                if path in provider.hanging:
                    provider.hang.wait(30)
                self.answer(*(provider.answers.get(path) or own(path)))

            def do_GET(self):
                own = {"/.well-known/openid-configuration": provider.describe, "/jwks": provider.jwks}
                self.handle_any(lambda path: (200, {}, own[path]()) if path in own else (404, {}, {}))

            def do_POST(self):
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                fields = dict(urllib.parse.parse_qsl(text, strict_parsing=True))
                provider.asked.append((self.path, fields))

                def own(path):
                    status, body = provider.token(fields, self.headers.get("authorization"))
                    return status, {"Content-Type": "application/json"}, body

                self.handle_any(own)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def stop(self):
        self.hang.set()
        self.server.shutdown()
        self.server.server_close()


class Browser:
    """Keeps cookies, follows nothing by itself."""

    def __init__(self, daemon):
        self.daemon, self.cookies = daemon, {}

    def ask(self, method, target, body=None, headers=None):
        c = http.client.HTTPConnection("127.0.0.1", self.daemon.admin_port, timeout=30)
        cookie = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        sent = {**({"Cookie": cookie} if cookie else {}), "Content-Type": "application/json", **(headers or {})}
        try:
            c.request(method, target, None if body is None else json.dumps(body), sent)
            r = c.getresponse()
            r.text = r.read().decode()
            for line in r.headers.get_all("set-cookie") or []:
                name, value = line.split(";")[0].split("=", 1)
                self.cookies[name] = value
                self.last_cookie = line
            return r
        finally:
            c.close()

    def get(self, target, headers=None):
        return self.ask("GET", target, headers={"Sec-Fetch-Site": "cross-site", **(headers or {})})

    def begin(self):
        """What the provider is asked."""
        r = self.get("/api/v1/sign-in/oidc")
        assert r.status == 303, r.text
        self.sent_to = r.headers["location"]
        return dict(urllib.parse.parse_qsl(self.sent_to.split("?", 1)[1], strict_parsing=True))

    def back(self, url):
        """(what stands behind /ui/?): ("t", CODE) or ("sign_in", REASON)."""
        origin, path = url.split("/api/", 1)
        assert origin == self.daemon.ready["admin"], url
        r = self.get("/api/" + path)
        assert r.status == 303 and r.text == "", r.text
        assert r.headers["location"].startswith("/ui/?"), r.headers["location"]
        name, value = r.headers["location"][5:].split("=", 1)
        return name, value

    def sign_in(self, provider):
        return self.back(provider.authorize(self.begin()))
