"""A Stripe-like vendor on loopback that can be told to misbehave, request by request.

It keeps a book of what it really did (`vendor.book`), as Stripe would: idempotency keys replay the first answer, a key
with another body is an error. It keeps every request byte for byte (`vendor.requests`). Ids and times are counted from
one and request ids are digests, so two vendors that are asked the same questions give the same bytes.

What it does with a request is a *behaviour*: an async function of a Turn. `vendor.plan(behaviour, path=..., times=...)`
puts one in line for the next requests that fit; all others are answered honestly. The behaviours stand at the end of
this file.

One thread, one asyncio loop. `requests`, `book` and `plan` may be used from the test's thread.
"""
import asyncio
import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

EPOCH = 1_790_000_000
STATUS_TEXT = {200: "OK", 400: "Bad Request", 402: "Payment Required", 404: "Not Found", 500: "Internal Server Error"}


@dataclass
class Request:
    """One request as it arrived. `raw` is every byte, `connection` counts connections from 1."""
    method: str
    target: str
    headers: list
    body: bytes
    raw: bytes
    connection: int
    at: float = field(default_factory=time.monotonic)

    @property
    def path(self):
        return urlsplit(self.target).path

    @property
    def query(self):
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self):
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def header(self, name):
        found = [v for n, v in self.headers if n.lower() == name.lower()]
        return ", ".join(found) if found else None

    @property
    def key(self):
        return self.header("idempotency-key")


@dataclass
class Answer:
    status: int
    body: bytes
    headers: list = field(default_factory=list)

    def head(self, extra=(), length=None):
        lines = [f"HTTP/1.1 {self.status} {STATUS_TEXT.get(self.status, 'Status')}"]
        lines += [f"{n}: {v}" for n, v in [("Content-Type", "application/json"), *self.headers, *extra]]
        if length is not False:
            lines.append(f"Content-Length: {len(self.body) if length is None else length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Book:
    """What the vendor did: objects by id, and money that moved."""

    def __init__(self):
        self.objects = {}
        self.replies = {}   # idempotency key -> (method, path, body, Answer)
        self.effects = []   # (operation, minor amount), one for each movement of money
        self.n = 0
        self.answers = []

    def moved(self, operation=None):
        return sum(amount for op, amount in self.effects if operation in (None, op))

    def count(self, operation):
        return sum(1 for op, _ in self.effects if op == operation)

    def new(self, prefix, kind, **values):
        self.n += 1
        it = {"id": f"{prefix}_{self.n:08d}x", "object": kind, "created": EPOCH + self.n, "livemode": False, **values}
        self.objects[it["id"]] = it
        return it


class NoSuchThing(Exception):
    pass


def _metadata(form):
    return {k[9:-1]: v for k, v in form.items() if k.startswith("metadata[") and k.endswith("]")}


def _without_metadata(form):
    return {k: v for k, v in form.items() if not k.startswith("metadata[")}


class Stripe:
    """The honest part: (method, path, form) -> (status, object), and the book beside it."""

    def __init__(self, book):
        self.book = book

    def answer(self, request):
        params = dict(request.query) if request.method in ("GET", "DELETE") else request.form
        parts = request.path.strip("/").split("/")[1:]
        try:
            return 200, self._route(request.method, parts, params)
        except NoSuchThing as e:
            return 404, {"error": {"type": "invalid_request_error", "code": "resource_missing",
                                   "message": f"No such object: '{e}'", "param": "id"}}

    def _get(self, id, prefix):
        if not id.startswith(prefix) or id not in self.book.objects:
            raise NoSuchThing(id)
        return self.book.objects[id]

    def _route(self, method, parts, params):
        kind, *rest = parts or [""]
        known = {"customers": "cus", "payment_intents": "pi", "charges": "ch", "refunds": "re", "payouts": "po",
                 "transfers": "tr", "products": "prod", "api_keys": "ak"}
        if kind == "balance" and method == "GET":
            return {"object": "balance", "available": [{"amount": 12_345_678, "currency": "usd"}], "livemode": False}
        if kind not in known:
            raise NoSuchThing("/".join(parts))
        if method == "GET" and not rest:
            return self._list(kind, known[kind], params)
        if method == "GET":
            return self._get(rest[0], known[kind])
        if method == "DELETE":
            it = self._get(rest[0], known[kind])
            return {"id": it["id"], "object": it["object"], "deleted": True}
        name = "_".join([kind, *rest[1:]]) if rest else kind
        act = getattr(self, "_" + name + ("" if rest else "_create"), None)
        if act is None and len(rest) == 1:
            it = self._get(rest[0], known[kind])
            it.update(_without_metadata(params))
            it.setdefault("metadata", {}).update(_metadata(params))
            return it
        if act is None:
            raise NoSuchThing("/".join(parts))
        return act(rest[0], params) if rest else act(params)

    def _list(self, kind, prefix, params):
        rows = [o for o in self.book.objects.values() if o["id"].startswith(prefix + "_")]
        rows = rows[::-1]
        after = params.get("starting_after")
        if after:
            rows = rows[next(i for i, o in enumerate(rows) if o["id"] == after) + 1:]
        limit = int(params.get("limit", 10))
        return {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit, "url": f"/v1/{kind}"}

    def _customers_create(self, p):
        return self.book.new("cus", "customer", email=p.get("email"), name=p.get("name"), metadata=_metadata(p))

    def _products_create(self, p):
        return self.book.new("prod", "product", name=p.get("name"), metadata=_metadata(p))

    def _charge(self, amount, currency, customer, intent, captured=True, metadata=None):
        return self.book.new(
            "ch",
            "charge",
            amount=amount,
            amount_captured=amount if captured else 0,
            amount_refunded=0,
            captured=captured,
            currency=currency,
            customer=customer,
            payment_intent=intent,
            status="succeeded",
            metadata=metadata or {},
        )

    def _settle(self, pi, amount):
        charge = self._charge(amount, pi["currency"], pi["customer"], pi["id"])
        pi.update(status="succeeded", amount_received=amount, amount_capturable=0, latest_charge=charge["id"])
        self.book.effects.append(("payment", amount))
        return pi

    def _confirm(self, pi):
        if pi["capture_method"] == "manual":
            pi.update(status="requires_capture", amount_capturable=pi["amount"])
            return pi
        return self._settle(pi, pi["amount"])

    def _payment_intents_create(self, p):
        pi = self.book.new("pi", "payment_intent", amount=int(p["amount"]), amount_received=0, amount_capturable=0,
                           currency=p["currency"], customer=p.get("customer"), latest_charge=None,
                           capture_method=p.get("capture_method", "automatic"), status="requires_confirmation",
                           client_secret="pi_secret_x", metadata=_metadata(p))
        return self._confirm(pi) if p.get("confirm") == "true" else pi

    def _payment_intents_confirm(self, id, p):
        return self._confirm(self._get(id, "pi"))

    def _payment_intents_capture(self, id, p):
        pi = self._get(id, "pi")
        return self._settle(pi, int(p.get("amount_to_capture", pi["amount"])))

    def _payment_intents_cancel(self, id, p):
        pi = self._get(id, "pi")
        pi.update(status="canceled")
        return pi

    def _charges_create(self, p):
        amount, captured = int(p["amount"]), p.get("capture", "true") == "true"
        if captured:
            self.book.effects.append(("charge", amount))
        return self._charge(amount, p["currency"], p.get("customer"), None, captured, _metadata(p))

    def _charges_capture(self, id, p):
        ch = self._get(id, "ch")
        ch.update(captured=True, amount_captured=int(p.get("amount", ch["amount"])))
        self.book.effects.append(("charge", ch["amount_captured"]))
        return ch

    def _refunds_create(self, p):
        pi = self._get(p["payment_intent"], "pi") if "payment_intent" in p else None
        ch = self._get(pi["latest_charge"] if pi else p["charge"], "ch")
        amount = int(p.get("amount", ch["amount"] - ch["amount_refunded"]))
        ch["amount_refunded"] += amount
        self.book.effects.append(("refund", amount))
        return self.book.new("re", "refund", amount=amount, charge=ch["id"], currency=ch["currency"],
                             payment_intent=ch["payment_intent"], reason=p.get("reason"), status="succeeded",
                             metadata=_metadata(p))

    def _payouts_create(self, p):
        self.book.effects.append(("payout", int(p["amount"])))
        return self.book.new("po", "payout", amount=int(p["amount"]), currency=p["currency"], status="pending",
                             metadata=_metadata(p))

    def _transfers_create(self, p):
        self.book.effects.append(("transfer", int(p["amount"])))
        return self.book.new("tr", "transfer", amount=int(p["amount"]), currency=p["currency"],
                             destination=p["destination"], metadata=_metadata(p))


class Turn:
    """One request and the ways to treat it."""

    def __init__(self, vendor, request, writer):
        self.vendor, self.request, self.writer = vendor, request, writer
        self.is_over = False

    def commit(self):
        """Does what was asked, as the honest vendor does, and returns the Answer; nothing is sent."""
        return self.vendor._commit(self.request)

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, a):
        self.vendor.book.answers.append(a)
        await self.send(a.head() + a.body)

    async def close(self):
        self.is_over = True
        self.writer.close()

    async def abort(self):
        """Ends the connection by a reset."""
        self.is_over = True
        self.writer.transport.abort()


class Plan:
    def __init__(self, behaviour, method, path, key, metadata, times):
        self.behaviour, self.method, self.path, self.key = behaviour, method, path, key
        self.metadata, self.times = metadata, times

    def fits(self, r):
        if self.times == 0 or (self.method and r.method != self.method) or (self.key and r.key != self.key):
            return False
        if self.path and r.path != self.path:
            return False
        return not self.metadata or all(_metadata(r.form).get(k) == v for k, v in self.metadata.items())


class Vendor:
    def __init__(self):
        self.requests, self.book, self.plans = [], Book(), []
        self.port = None
        self.n_connections = 0
        self.turn_away = 0  # connections to close before anything is read
        self.lock = threading.Lock()
        self.stripe = Stripe(self.book)
        self._writers = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    # ---- for tests ----

    def start(self, port=0, tls=None):
        """`tls`: an ssl.SSLContext of tls.py; without one, plain HTTP."""
        self._want_port, self._tls = port, tls
        self._thread.start()
        assert self._ready.wait(10), "the vendor did not start"
        return self

    def stop(self):
        """Closes the listener and every connection; later connections are refused."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(10)

    def plan(self, behaviour, *, method="POST", path=None, key=None, metadata=None, times=1):
        """The next `times` requests that fit are treated so; -1: all."""
        with self.lock:
            self.plans.append(Plan(behaviour, method, path, key, metadata, times))

    def close_idle(self):
        """Closes all open connections, as a vendor does whose keep-alive time is over."""
        done = threading.Event()

        def close():
            for w in list(self._writers):
                w.close()
            done.set()

        self._loop.call_soon_threadsafe(close)
        assert done.wait(5)

    def wait_for(self, n, path=None, timeout=5):
        """Until n requests (to that path) have arrived."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            found = [r for r in list(self.requests) if path in (None, r.path)]
            if len(found) >= n:
                return found
            time.sleep(0.002)
        raise AssertionError(f"{len(self.requests)} requests at the vendor, wanted {n}")

    def posts(self):
        return [r for r in self.requests if r.method != "GET"]

    # ---- inside ----

    def _run(self):
        asyncio.run(self._main())

    async def _main(self):
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", self._want_port, limit=1 << 22, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for w in list(self._writers):
            w.transport.abort()
        for t in [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]:
            t.cancel()

    async def _serve(self, reader, writer):
        self.n_connections += 1
        number = self.n_connections
        self._writers.add(writer)
        try:
            if self.turn_away:
                self.turn_away -= 1
                return
            while await self._one(reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader, writer, number):
        head = await reader.readuntil(b"\r\n\r\n")
        line, *fields = head[:-4].decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        headers = [tuple(f.split(": ", 1)) for f in fields]
        lengths = [int(v) for n, v in headers if n.lower() == "content-length"]
        body = await reader.readexactly(lengths[0]) if lengths else b""
        request = Request(method, target, headers, body, head + body, number)
        with self.lock:
            self.requests.append(request)
            plan = next((p for p in self.plans if p.fits(request)), None)
            if plan:
                plan.times -= 1
        turn = Turn(self, request, writer)
        await (plan.behaviour if plan else answer)(turn)
        return not turn.is_over

    def _commit(self, request):
        with self.lock:
            seen = f"{request.method} {request.path} {request.key if request.method == 'POST' else ''}".encode()
            headers = [("Request-Id", "req_" + hashlib.sha256(seen).hexdigest()[:14])]
            if request.key and request.method == "POST":
                headers.append(("Idempotency-Key", request.key))
                first = self.book.replies.get(request.key)
                if first and first[:3] != (request.method, request.path, request.body):
                    error = {
                        "type": "idempotency_error",
                        "message": "Keys for idempotent requests can only be used with "
                        "the same parameters they were first used with.",
                    }
                    return Answer(400, json.dumps({"error": error}).encode(), headers)
                if first:
                    return Answer(first[3].status, first[3].body, [*headers, ("Idempotent-Replayed", "true")])
            status, value = self.stripe.answer(request)
            a = Answer(status, json.dumps(value, indent=2).encode() + b"\n", headers)
            if request.key and request.method == "POST":
                self.book.replies[request.key] = (request.method, request.path, request.body, a)
            return a


# ---- behaviours ------------------------------------------------------------------------------------------------------


async def answer(turn):
    await turn.answer(turn.commit())


def delay(seconds):
    async def behave(turn):
        await asyncio.sleep(seconds)
        await turn.answer(turn.commit())
    return behave


def says(status, body, headers=()):
    """Does nothing, and answers that."""
    async def behave(turn):
        await turn.answer(Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode(), list(headers)))
    return behave


def declines(turn):
    error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
    return says(402, {"error": error})(turn)


async def drop_after_commit(turn):
    turn.commit()
    await turn.close()


async def abort_after_commit(turn):
    turn.commit()
    await turn.abort()


async def drop_unread(turn):
    """Nothing is done."""
    await turn.abort()


async def error_after_commit(turn):
    turn.commit()
    await turn.answer(
        Answer(500, b'{"error":{"type":"api_error","message":"Sorry, something broke after it was done."}}')
    )


async def cut_in_head(turn):
    a = turn.commit()
    await turn.send(a.head()[:25])
    await turn.close()


async def cut_in_body(turn):
    a = turn.commit()
    await turn.send(a.head() + a.body[:len(a.body) // 2])
    await turn.close()


async def cut_in_chunks(turn):
    a = turn.commit()
    await turn.send(a.head([("Transfer-Encoding", "chunked")], length=False) + b"%x\r\n%s\r\n" % (10, a.body[:10]))
    await turn.close()


async def error_cut_in_body(turn):
    """A 500 of which the end is missing."""
    turn.commit()
    a = Answer(500, b'{"error":{"type":"api_error","message":"half of this"}}')
    await turn.send(a.head() + a.body[:20])
    await turn.close()


async def never(turn):
    turn.commit()
    await asyncio.sleep(3600)


async def stall_in_body(turn):
    a = turn.commit()
    await turn.send(a.head() + a.body[:10])
    await asyncio.sleep(3600)


async def garbage(turn):
    turn.commit()
    await turn.send(b"\x00\xff\x13SSH-2.0-what\r\n\r\n\r\n")
    await turn.close()


async def garbage_body(turn):
    """A complete 200 that is no JSON."""
    turn.commit()
    await turn.answer(Answer(200, b"<html>It works!</html>"))


async def two_lengths(turn):
    a = turn.commit()
    await turn.send(a.head([("Content-Length", len(a.body) - 3)]) + a.body)
    await turn.close()


async def length_and_chunked(turn):
    a = turn.commit()
    await turn.send(a.head([("Transfer-Encoding", "chunked")]) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(a.body), a.body))
    await turn.close()


async def bad_chunk(turn):
    a = turn.commit()
    await turn.send(a.head([("Transfer-Encoding", "chunked")], length=False) + b"zz\r\n" + a.body + b"\r\n0\r\n\r\n")
    await turn.close()


async def chunk_extension(turn):
    """Allowed by RFC 9112, used by nobody, and read differently by many."""
    a = turn.commit()
    await turn.send(
        a.head([("Transfer-Encoding", "chunked")], length=False)
        + b"%x;a=b\r\n" % len(a.body)
        + a.body
        + b"\r\n0\r\n\r\n"
    )


async def folded_head(turn):
    a = turn.commit()
    await turn.send(a.head([("X-Long", "one\r\n two")]) + a.body)
    await turn.close()


def huge_head(n_bytes):
    async def behave(turn):
        a = turn.commit()
        await turn.send(a.head([(f"X-Pad-{i}", "p" * 1000) for i in range(n_bytes // 1000)]) + a.body)
    return behave


def huge_body(n_bytes):
    async def behave(turn):
        turn.commit()
        await turn.answer(Answer(200, b'{"pad":"' + b"p" * n_bytes + b'"}'))
    return behave


async def chunked(turn):
    """Correct, in odd pieces: one byte, upper-case sizes, a trailer."""
    a = turn.commit()
    turn.vendor.book.answers.append(a)
    head = a.head([("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")], length=False)
    rest = a.body[1:]
    pieces = b"1\r\n" + a.body[:1] + b"\r\n" + b"%X\r\n" % len(rest) + rest + b"\r\n0\r\nX-Sum: 1\r\n\r\n"
    await turn.send(head + pieces)


async def slow_bytes(turn):
    a = turn.commit()
    turn.vendor.book.answers.append(a)
    data = a.head() + a.body
    for i in range(0, len(data), 16):
        await turn.send(data[i:i + 16])
        await asyncio.sleep(0.002)


async def informed(turn):
    """100, 102 and 103 before the answer."""
    await turn.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    await answer(turn)


async def informed_echo(turn):
    """Early hints that give our own credential away, in a field and as the value of one that is ours."""
    auth = turn.request.header("authorization")
    await turn.send(f"HTTP/1.1 103 Early Hints\r\nLink: </{auth}>\r\nx-flyball-call-id: a-lie\r\n\r\n".encode())
    await answer(turn)


async def until_close(turn):
    """Without a length: the end of the connection ends the body."""
    a = turn.commit()
    await turn.send(a.head([("Connection", "close")], length=False) + a.body)
    await turn.close()


async def answer_and_close(turn):
    a = turn.commit()
    await turn.send(a.head([("Connection", "close")]) + a.body)
    await turn.close()


async def echo(turn):
    """Gives our own credential back in head and body, in the forms that a debug page shows."""
    auth = turn.request.header("authorization") or ""
    secret = auth.split(" ", 1)[-1]
    a = turn.commit()
    value = json.loads(a.body)
    value["debug"] = {"authorization": auth, "basic": base64.b64encode(f"{secret}:".encode()).decode(),
                      "base64": base64.b64encode(secret.encode()).decode(), "url": f"https://{secret}@api.example.com/"}
    value["description"] = f"you sent {secret}"
    a = Answer(a.status, json.dumps(value).encode(), [*a.headers, ("X-Echo", auth), ("X-Echo-Secret", secret)])
    await turn.answer(a)


def other_currency(code):
    async def behave(turn):
        a = turn.commit()
        value = json.loads(a.body)
        value["currency"] = code
        await turn.answer(Answer(a.status, json.dumps(value).encode(), a.headers))
    return behave


def with_field(name, value):
    """The honest answer with one field changed."""
    async def behave(turn):
        a = turn.commit()
        it = json.loads(a.body)
        it[name] = value
        await turn.answer(Answer(a.status, json.dumps(it).encode(), a.headers))
    return behave
