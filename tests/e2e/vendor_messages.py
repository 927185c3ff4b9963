"""Honest parts of a Twilio-like and a Resend-like vendor, for vendor.Vendor: (status, object) for a request."""
import json
from urllib.parse import parse_qsl

from vendor import Vendor

ACCOUNT = "AC" + "0123456789abcdef" * 2


class Twilio:
    """Messages, calls, look-ups and verifications. A price is null until `prices` has one for the SID."""

    def __init__(self, book):
        self.book, self.prices = book, {}

    def answer(self, request):
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        parts = request.path.strip("/").split("/")
        if parts[0] == "2010-04-01":
            return self._api(request, parts[1:], form)
        if parts[:2] == ["v2", "PhoneNumbers"]:
            fields = dict(request.query).get("Fields")
            self.book.effects.append(("lookup", fields))
            return 200, {"phone_number": parts[2], "country_code": "US", "valid": True, "caller_name": None, "url": "x"}
        if parts[:2] == ["v2", "Services"] and parts[3] == "Verifications":
            self.book.effects.append(("verification", form["To"]))
            return 201, {"sid": self._sid("VE"), "service_sid": parts[2], "to": form["To"], "channel": form["Channel"],
                         "status": "pending", "valid": False}
        return 404, {"code": 20404, "message": "not found", "more_info": "", "status": 404}

    def _sid(self, prefix):
        self.book.n += 1
        return f"{prefix}{self.book.n:032x}"

    def _api(self, request, parts, form):
        kind = parts[2].removesuffix(".json")
        if len(parts) == 3 and request.method == "POST":
            return 201, self._create(kind, form)
        sid = parts[3].removesuffix(".json") if len(parts) > 3 else None
        if sid and sid not in self.book.objects:
            return 404, {"code": 20404, "message": f"The resource {sid} was not found", "more_info": "x", "status": 404}
        if request.method == "DELETE":
            del self.book.objects[sid]
            return 204, None
        if sid and request.method == "POST":
            self.book.objects[sid].update(status=form.get("Status", self.book.objects[sid]["status"]))
        if sid:
            return 200, self._shown(sid)
        rows = [self._shown(s) for s, o in self.book.objects.items() if o["kind"] == kind]
        return 200, {kind.lower(): rows, "page": 0, "page_size": 50, "next_page_uri": None, "uri": "x"}

    def _create(self, kind, form):
        sid = self._sid("SM" if kind == "Messages" else "CA")
        self.book.effects.append((kind, form["To"]))
        self.book.objects[sid] = {"kind": kind, "sid": sid, "account_sid": ACCOUNT, "to": form["To"],
                                  "from": form.get("From"), "body": form.get("Body"), "num_segments": "1",
                                  "status": "scheduled" if "SendAt" in form else "queued", "error_code": None,
                                  "price_unit": "USD"}
        return self._shown(sid)

    def _shown(self, sid):
        return {**self.book.objects[sid], "price": self.prices.get(sid)}


class Resend:
    """E-mails; each recipient is one."""

    def __init__(self, book):
        self.book = book

    def _send(self, mail):
        n = sum(len([x] if isinstance(x, str) else x) for x in (mail.get(k) or [] for k in ("to", "cc", "bcc")))
        self.book.n += 1
        it = {"object": "email", "id": f"00000000-0000-4000-8000-{self.book.n:012x}", **mail}
        self.book.objects[it["id"]] = it
        self.book.effects.append(("email", n))
        return {"id": it["id"]}

    def answer(self, request):
        body = json.loads(request.body) if request.body else None
        parts = request.path.strip("/").split("/")
        if parts == ["emails"] and request.method == "POST":
            return 200, self._send(body)
        if parts == ["emails", "batch"]:
            return 200, {"data": [self._send(m) for m in body]}
        if parts == ["api-keys"]:
            return 201, {"id": "k", "token": "re_new"}
        it = self.book.objects.get(parts[1]) if len(parts) > 1 else None
        if parts[0] != "emails" or it is None:
            return 404, {"statusCode": 404, "name": "not_found", "message": "Email not found"}
        if parts[-1] == "cancel" or request.method == "PATCH":
            return 200, {"object": "email", "id": it["id"]}
        return 200, it


def start(kind):
    v = Vendor()
    v.stripe = kind(v.book)
    return v.start()
