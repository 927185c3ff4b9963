"""A Stripe-like vendor whose objects belong to many customers, and a judge that knows nothing of the daemon.

It carries out whatever comes in, and keeps every request that changes something. `strangers(allowed)` reads those
again by its own book: each id that it ever gave out, wherever in path or body it stands, has an owner, and
`acct_...` has none.
"""
import asyncio
import json
import re
import threading
from urllib.parse import parse_qsl, unquote_plus, urlsplit

KINDS = {"ch": "charges", "pi": "payment_intents", "re": "refunds", "in": "invoices", "ii": "invoiceitems",
         "sub": "subscriptions", "si": "subscription_items", "pm": "payment_methods", "cs": "checkout/sessions",
         "qt": "quotes", "cn": "credit_notes", "dp": "disputes", "seti": "setup_intents"}
NAMES = {"ch": "charge", "pi": "payment_intent", "re": "refund", "in": "invoice", "ii": "invoiceitem",
         "cs": "checkout.session", "sub": "subscription", "si": "subscription_item", "pm": "payment_method",
         "qt": "quote", "cn": "credit_note",
         "dp": "dispute", "seti": "setup_intent"}
ID = re.compile(r"(?:cus|acct|" + "|".join(KINDS) + r")_[A-Za-z0-9]+")


class ScopeVendor:
    """`customers` customers with one object of each kind; every guest object belongs to nobody."""

    def __init__(self, customers=8, metadata=None):
        self.objects, self.owner, self.writes, self.gets = {}, {}, [], 0
        self.n = 0
        self.metadata = metadata or {}
        for i in range(customers):
            customer = f"cus_C{i}x"
            self.objects[customer] = {"id": customer, "object": "customer", "metadata": self.metadata.get(customer, {})}
            self.owner[customer] = customer
            for kind in KINDS:
                self._add(kind, f"{i}x", customer)
        for kind in ("ch", "pi", "pm"):
            self._add(kind, "guest0", None)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.started = threading.Event()

    def _add(self, kind, tail, customer):
        it = {"id": f"{kind}_{tail}", "object": NAMES[kind], "status": "succeeded", "amount": 1000,
              "amount_refunded": 0, "amount_received": 1000, "amount_remaining": 1000, "amount_due": 1000,
              "amount_capturable": 1000,
              "currency": "usd", "customer": customer, "metadata": {}}
        if kind in ("re", "dp"):
            it["charge"] = f"ch_{tail}"
            del it["customer"]
        if kind == "si":
            it["subscription"] = f"sub_{tail}"
            del it["customer"]
        self.objects[it["id"]] = it
        self.owner[it["id"]] = customer

    # ---- the judge ----

    def touched(self, target, body):
        """Owners of everything that a request names; None for what is nobody's, 'elsewhere' for other accounts."""
        text = urlsplit(target).path + " " + " ".join(v for k, v in parse_qsl(body) if not k.startswith("metadata["))
        if body.startswith("{"):
            text = urlsplit(target).path + " " + body
        found = set()
        for i in ID.findall(text):
            if i.startswith("acct_"):
                found.add("elsewhere")
            elif i in self.owner and not (i.startswith("pm_") and self.owner[i] is None):
                found.add(self.owner[i])
        return found

    def strangers(self, allowed):
        return [w for w in self.writes if not self.touched(w[1], w[2]) or self.touched(w[1], w[2]) - set(allowed)]

    # ---- the vendor ----

    def answer(self, method, target, body):
        path = urlsplit(target).path
        last = [p for p in path.split("/") if p in self.objects]
        if method == "GET":
            self.gets += 1
            if not last:
                return 404, {"error": {"type": "invalid_request_error", "code": "resource_missing"}}
            return 200, self.objects[last[-1]]
        self.writes.append((method, unquote_plus(target), body))
        it = dict(self.objects[last[-1]]) if last else {"object": "charge", "status": "succeeded", "amount": 1000,
                                                        "amount_received": 1000, "currency": "usd", "customer": None}
        if path.endswith("/v1/customers"):
            self.n += 1
            it = {"id": f"cus_New{self.n}", "object": "customer", "metadata": {}}
            self.objects[it["id"]], self.owner[it["id"]] = it, it["id"]
        elif not last:
            self.n += 1
            it["id"] = f"ch_new{self.n}"
        return 200, it

    async def _serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, target, _ = head.split("\r\n")[0].split(" ")
                length = re.search(r"(?i)\r\ncontent-length: (\d+)", head)
                body = (await reader.readexactly(int(length[1]))).decode() if length else ""
                status, it = self.answer(method, target, body)
                text = json.dumps(it).encode()
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
                             f"Content-Length: {len(text)}\r\n\r\n".encode() + text)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self.started.set()
        self.loop.run_forever()

    def start(self):
        self.thread.start()
        assert self.started.wait(10)
        return self

    def stop(self):
        def end():
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.call_soon(self.loop.stop)

        self.loop.call_soon_threadsafe(end)
        self.thread.join(10)
