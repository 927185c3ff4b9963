"""A vendor of models on loopback, OpenAI's or Anthropic's, plain or over TLS: honest unless the request itself wishes
otherwise (llm_text.py has the wishes).

Of each request it keeps an Exchange: every byte that came, what was sent, when the other side left, how long it took
no bytes, and the bill: what a real vendor would charge for, which of a stream that was cut is what had been made.
`vendor.bills()` is its book.

One thread, one asyncio loop; good for some hundred streams at once. Lists may be read from the test's thread.
"""
import asyncio
import gzip
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import llm_anthropic
import llm_openai
from llm_text import CLASSES, Ask, Reply, wishes_of
from vendor import Request

DIALECTS = {"openai": llm_openai, "anthropic": llm_anthropic}
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
           413: "Payload Too Large", 429: "Too Many Requests", 500: "Internal Server Error",
           503: "Service Unavailable", 529: "Overloaded"}


@dataclass
class Exchange:
    """One request and what became of it. Times are of time.monotonic()."""
    request: Request
    wishes: dict
    ask: Ask = None
    status: int = None
    body: bytearray = field(default_factory=bytearray)  # of the answer, as far as it was sent, without its framing
    bill: dict = None           # tokens by class; None: nothing
    first_at: float = None      # the head of the answer left
    left_at: float = None       # the other side closed or reset the connection before the answer was over
    over_at: float = None       # nothing more will be sent
    is_complete: bool = False
    longest_wait_s: float = 0   # that the other side took no bytes
    n_events: int = 0

    def header(self, name):
        return self.request.header(name)

    @property
    def json(self):
        return json.loads(self.request.body)


class Left(Exception):
    """The other side is gone."""


class Link(asyncio.StreamReaderProtocol):
    """A connection that says when the other side closed or reset it, whatever else is waited for."""

    def __init__(self, serve):
        super().__init__(asyncio.StreamReader(1 << 22), lambda r, w: serve(r, w, self))
        self.left = asyncio.Event()
        self.left_at = None

    def _leave(self):
        self.left_at = self.left_at or time.monotonic()
        self.left.set()

    def eof_received(self):
        self._leave()
        return super().eof_received()

    def connection_lost(self, error):
        self._leave()
        super().connection_lost(error)


class Pen:
    """Writes one answer; raises Left when nobody reads it any more."""

    def __init__(self, exchange, writer, link):
        self.exchange, self.writer, self.link = exchange, writer, link

    async def send(self, data):
        if self.link.left.is_set():
            raise Left
        self.writer.write(data)
        started = time.monotonic()
        try:
            await self.writer.drain()
        except ConnectionError:
            raise Left
        finally:
            self.exchange.longest_wait_s = max(self.exchange.longest_wait_s, time.monotonic() - started)

    async def chunk(self, data):
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def sleep(self, seconds):
        try:
            await asyncio.wait_for(self.link.left.wait(), seconds)
        except TimeoutError:
            return
        raise Left

    def abort(self):
        """Ends the connection at once: by a reset, and over TLS without close_notify."""
        self.writer.transport.abort()


class Cut(Exception):
    """The connection is to end here."""


class ModelVendor:
    def __init__(self, dialect, secret, tls=None):
        self.name, self.dialect, self.tls = dialect, DIALECTS[dialect], tls
        self.secrets = {secret}
        self.exchanges = []
        self.port = None
        self.n_connections = 0
        self._treated = Counter()  # wishes with `times`, by their text
        self._writers = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    # ---- for tests ----

    def start(self, port=0):
        self._want_port = port
        self._thread.start()
        assert self._ready.wait(10), "the vendor did not start"
        return self

    def stop(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(10)

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def wait_for(self, condition, timeout=5):
        """Until condition(exchanges) is true; its value."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if found := condition(list(self.exchanges)):
                return found
            time.sleep(0.002)
        raise AssertionError(f"not so in {timeout} s: {[(e.request.target, e.status) for e in self.exchanges]}")

    def settled(self, timeout=10):
        """The exchanges, when none is going on."""
        return self.wait_for(lambda all: all if all and all_over(all) else None, timeout)

    def bills(self):
        """What it charges for, by class."""
        total = Counter()
        for e in list(self.exchanges):
            total.update({k: v for k, v in (e.bill or {}).items() if v})
        return {k: total[k] for k in CLASSES}

    # ---- inside ----

    async def _main(self):
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        server = await self._loop.create_server(lambda: Link(self._serve), "127.0.0.1", self._want_port, ssl=self.tls,
                                                backlog=4096)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for w in list(self._writers):
            w.transport.abort()
        rest = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for t in rest:
            t.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _serve(self, reader, writer, link):
        self.n_connections += 1
        self._writers.add(writer)
        try:
            number = self.n_connections
            while await self._one(reader, writer, link, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader, writer, link, number):
        head = await reader.readuntil(b"\r\n\r\n")
        line, *fields = head[:-4].decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        pairs = [tuple(f.split(": ", 1)) if ": " in f else (f.rstrip(":"), "") for f in fields]
        lengths = [int(v) for n, v in pairs if n.lower() == "content-length"]
        body = await reader.readexactly(lengths[0]) if lengths else b""
        request = Request(method, target, pairs, body, head + body, number)
        e = Exchange(request, self._wishes(request))
        e.ask = Ask(method, urlsplit(target).path, body, e.wishes)
        self.exchanges.append(e)
        pen = Pen(e, writer, link)
        try:
            await self._answer(e, pen)
            return e.is_complete
        except (Left, Cut):
            return False
        finally:
            e.left_at = None if e.is_complete else link.left_at
            e.over_at = time.monotonic()

    def _wishes(self, request):
        wishes = wishes_of(request.raw)
        if "times" in wishes:
            text = str(sorted(wishes.items()))
            self._treated[text] += 1
            if self._treated[text] > int(wishes["times"]):
                return {}
        return wishes

    def _refusal(self, e):
        """401 without our secret, and what Anthropic asks for beside; None: go on."""
        bearer = (e.header("authorization") or "").removeprefix("Bearer ")
        presented = (e.header("x-api-key") or bearer) if self.name == "anthropic" else bearer
        if presented not in self.secrets:
            return self.dialect.error(e.ask, 401, presented)
        if self.name == "anthropic" and not e.header("anthropic-version"):
            reply = self.dialect.error(e.ask, 400)
            reply.value["error"]["message"] = "anthropic-version: header is required"
            return reply
        return self.dialect.error(e.ask, int(e.wishes["status"])) if "status" in e.wishes else None

    async def _answer(self, e, pen):
        reply = self._refusal(e) or self.dialect.answer(e.ask)
        e.status = reply.status
        if ms := e.ask.number("head_ms"):
            await pen.sleep(ms / 1000)
        if "never" in e.wishes:
            await pen.sleep(3600)
        if "retry_after" in e.wishes:
            reply.headers.append(("retry-after", e.wishes["retry_after"]))
        if reply.events is None:
            await self._whole(e, pen, reply)
        else:
            await self._stream(e, pen, reply)

    def _head(self, e, reply, framing):
        pairs = [("Date", "Sat, 28 Nov 2026 12:00:00 GMT"), *framing, *self.dialect.headers(e.ask, reply.status),
                 *reply.headers]
        lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Status')}", *(f"{n}: {v}" for n, v in pairs)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def _whole(self, e, pen, reply):
        body = self._echo(e, json.dumps(reply.value, ensure_ascii=False, indent=2 if self.name == "openai" else None))
        if "garbage" in e.wishes:
            body = b"<html>It works!</html>"
        data, framing = body, [("Content-Type", "application/json")]
        if "gzip" in e.wishes and "gzip" in (e.header("accept-encoding") or ""):
            data = gzip.compress(body, mtime=0)
            framing.append(("Content-Encoding", "gzip"))
        e.bill = reply.bill
        head = self._head(e, reply, [*framing, ("Content-Length", len(data))])
        e.first_at = time.monotonic()
        if "cut" in e.wishes:
            await pen.send(head + data[:len(data) // 2])
            await self._end_here(e, pen)
        if "stall" in e.wishes:
            await pen.send(head + data[:len(data) // 2])
            await pen.sleep(3600)
        await pen.send(head + data)
        e.body += body
        e.is_complete = True

    async def _end_here(self, e, pen):
        if "reset" in e.wishes or "abrupt" in e.wishes:
            await pen.sleep(0.01)
            pen.abort()
        raise Cut

    async def _stream(self, e, pen, reply):
        """One write an event, unless pieces of another size are wished for."""
        events = list(reply.events)
        if "error_at" in e.wishes:
            events = events[:int(e.wishes["error_at"])] + [self.dialect.error_event(e.ask)]
        cut = e.wishes.get("cut")
        cut = len(events) - 1 if cut == "end" else int(cut) if cut else None
        kind = "text/event-stream; charset=utf-8" if self.name == "openai" else "text/event-stream"
        framing = [("Content-Type", kind), ("Cache-Control", "no-cache"), ("Transfer-Encoding", "chunked")]
        e.first_at = time.monotonic()
        try:
            await pen.send(self._head(e, reply, framing))
            gap, split = e.ask.number("gap_ms") / 1000, e.ask.number("split")
            stall = len(events) if e.wishes.get("stall") == "end" else e.ask.number("stall", -1)
            for i, event in enumerate(events):
                if "half" in e.wishes and i in (cut, stall):
                    await pen.chunk(self._text(e, event)[:40])
                if i == cut:
                    await self._end_here(e, pen)
                if i == stall:
                    await pen.sleep(3600)
                if gap and i:
                    await pen.sleep(gap)
                await self._event(e, pen, self._text(e, event), split)
            if stall == len(events):
                await pen.sleep(3600)
            await pen.send(b"0\r\n\r\n")
            e.is_complete = "error_at" not in e.wishes
        finally:
            e.bill = billed(reply, e)
        if not e.is_complete:
            raise Cut

    def _text(self, e, event):
        name, data = event
        end = "\r\n" if "crlf" in e.wishes else "\n"
        text = (f"event: {name}{end}" if name else "") + f"data: {data}{end}{end}"
        if "comment" in e.wishes:
            text = f": keep-alive{end}{end}" + text
        return self._echo(e, text)

    def _echo(self, e, text):
        shown = (e.header("authorization") or e.header("x-api-key")).removeprefix("Bearer ")
        return (text.replace("flyball", shown) if "echo" in e.wishes else text).encode()

    async def _event(self, e, pen, data, split):
        e.n_events += 1
        for at in range(0, len(data), split or len(data)):
            piece = data[at:at + (split or len(data))]
            e.body += piece
            await pen.chunk(piece)


def billed(reply, e):
    """All of it when it was all made; else all input, and the output that was."""
    if e.is_complete or reply.bill is None:
        return reply.bill
    made = max(0, e.n_events - reply.billed_from) * e.ask.number("lump", 1)
    return {**reply.bill, "output": min(reply.bill["output"], made)}


def all_over(exchanges):
    return all(e.over_at for e in exchanges)
