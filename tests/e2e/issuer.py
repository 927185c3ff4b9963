"""An issuer of identity tokens on loopback: keys that rotate, a JWKS that can fail, hang, move or be counted."""
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "https://gate.test"
MADE = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
}


def public_jwk(alg, key, kid):
    algorithm = jwt.get_algorithm_by_name(alg)
    found = algorithm.to_jwk(key.public_key())
    return {**json.loads(found), "kid": kid, "alg": alg, "use": "sig"}


class Issuer:
    def __init__(self):
        self.keys = {}  # kid -> (alg, private key)
        self.answer = None  # (status, headers, body) instead of the keys
        self.hang = threading.Event()
        self.is_hanging = False
        self.n_asked = 0
        self.server = None
        self.url = None
        self.add("k1")

    def add(self, kid, alg="ES256"):
        self.keys[kid] = (alg, MADE[alg]())
        return kid

    def jwks(self):
        return {"keys": [public_jwk(alg, key, kid) for kid, (alg, key) in self.keys.items()]}

    def token(self, kid=None, header=None, **claims):
        kid = kid or list(self.keys)[-1]
        alg, key = self.keys[kid]
        now = int(time.time())
        body = {"iss": self.url, "sub": "ann", "aud": AUDIENCE, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4()),
                **claims}
        body = {k: v for k, v in body.items() if v is not None}
        return jwt.encode(body, key, algorithm=alg, headers={"typ": "at+jwt", "kid": kid, **(header or {})})

    def config(self, **more):
        return {"issuer": self.url, "audience": AUDIENCE, "jwks": f"{self.url}/jwks.json", **more}

    # ---- the server ----

    def start(self, port=0):
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                issuer.n_asked += 1
                if issuer.is_hanging:
                    issuer.hang.wait(20)
                status, headers, body = issuer.answer or (200, {}, json.dumps(issuer.jwks()).encode())
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def stop(self):
        self.hang.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
