"""Requests as bytes on a socket, for what no HTTP library would send, and answers as bytes for what none would show."""
import json
import socket
from dataclasses import dataclass

FORM = "application/x-www-form-urlencoded"
TIMEOUT_S = 15


@dataclass
class Response:
    status: int
    headers: list
    body: bytes
    raw: bytes

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def names(self):
        return {n.lower() for n, _ in self.headers}

    @property
    def code(self):
        return self.header("x-flyball-code")

    @property
    def call_id(self):
        return self.header("x-flyball-call-id")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        return self.json["error"]["message"]


class Cut(Exception):
    """The connection ended before the answer did; `.got` is what came."""

    def __init__(self, got):
        super().__init__(f"connection ended after {got[:200]!r}")
        self.got = got


def request(method, path, key=None, body=None, headers=(), type=FORM, host="flyball.test", idempotency=None):
    """The bytes of one request. A body given as str is sent as UTF-8, with its length."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if idempotency:
        lines.append(f"Idempotency-Key: {idempotency}")
    body = body.encode() if isinstance(body, str) else body
    if body is not None:
        if type:
            lines.append(f"Content-Type: {type}")
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{n}: {v}" for n, v in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def connect(port):
    s = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


class Reader:
    def __init__(self, sock):
        self.sock, self.buf, self.all = sock, b"", b""

    def more(self):
        try:
            piece = self.sock.recv(65536)
        except ConnectionResetError:
            piece = b""
        self.buf += piece
        self.all += piece
        return bool(piece)

    def until(self, mark):
        while mark not in self.buf:
            if not self.more():
                raise Cut(self.all)
        line, self.buf = self.buf.split(mark, 1)
        return line

    def exactly(self, n):
        while len(self.buf) < n:
            if not self.more():
                raise Cut(self.all)
        data, self.buf = self.buf[:n], self.buf[n:]
        return data

    def response(self, head_only=False):
        """The next final answer; Cut when the connection ends before it does."""
        while True:
            line, *fields = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(line.split(" ")[1])
            if status >= 200:
                break
        headers = [tuple(f.split(": ", 1)) if ": " in f else (f.rstrip(":"), "") for f in fields]
        r = Response(status, headers, b"", b"")
        if r.header("transfer-encoding"):
            r.body = self._chunks()
        elif r.header("content-length") and not head_only:
            r.body = self.exactly(int(r.header("content-length")))
        r.raw = self.all
        return r

    def _chunks(self):
        body = b""
        while True:
            n = int(self.until(b"\r\n").split(b";")[0], 16)
            if n == 0:
                break
            body += self.exactly(n)
            self.until(b"\r\n")
        while self.until(b"\r\n"):
            pass
        return body


def exchange(port, data, head_only=False):
    """One connection, one request as bytes, one answer."""
    with connect(port) as s:
        try:
            s.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused early: the answer is there all the same
        return Reader(s).response(head_only)


def ask(port, method, path, key=None, body=None, **more):
    return exchange(port, request(method, path, key, body, **more), head_only=method == "HEAD")


def charge(daemon, key, amount=500, run=None):
    """A payment at Stripe, as an agent makes it."""
    body = f"amount={amount}&currency=usd&confirm=true&payment_method=pm_card_visa"
    headers = [("x-agent-run-id", run)] if run else []
    return ask(daemon.data_port, "POST", "/stripe/v1/payment_intents", key, body, headers=headers)
