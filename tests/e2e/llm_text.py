"""What both simulated model vendors have in common: what the model says, how many tokens that is, and how a request may
ask to be treated.

Everything is a function of the request's bytes: two vendors that are asked the same give the same bytes. A request
carries its wishes itself, anywhere in head or body, as `sim(name=value,name=value)`: so any client can state them, in a
prompt or in a header. Without a wish the vendor is honest and quick. The wishes:

    in cached write5m write1h tokens reasoning   tokens that are billed, by class (`tokens` is visible output)
    tools=N                                      N tool calls at once
    unasked                                      a stream, whether one was asked for or not
    status=429 retry_after=S                     the vendor's own error of that status
    times=N                                      treat only the first N requests with these same wishes so
    head_ms gap_ms                               wait before the head, between events
    never                                        takes the request, and never answers
    cut=N | cut=end | reset                      the connection ends after N events, before the last event; by a reset
    half                                         half of the next event comes before the cut or the stall
    stall=N | stall=end                          nothing more comes after N events, not even the end after the last
    error_at=N                                   an error event after N events
    split=N                                      pieces of N bytes, wherever that cuts
    crlf comment usage=last|every|none           dialects of other servers with the same protocol
    gzip                                         compresses when the client takes it
    echo                                         the secret that was presented stands in the text
    garbage                                      a whole answer of 200 that is no JSON
    pad=N                                        N bytes of text more
    lump=N                                       N tokens an event
"""
import hashlib
import json
import re
from dataclasses import dataclass, field

WISHES = re.compile(rb"sim\(([^)]*)\)")
WORDS = ["The", " flyball", " governor", " of 1788", ", “said”", " Zoë", ",", " keeps", " \\ an", " engine",
         " \"even\"", " 日本", " <b>&", "\n", " 🙂", " ok", "."]
EPOCH = 1_790_000_000
CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")


@dataclass
class Reply:
    """An answer: `value` as JSON, or `events` of a stream as (name or None, text), and what is billed for it."""
    status: int = 200
    value: object = None
    events: list = None
    bill: dict = None
    billed_from: int = 0  # of `events`: output is billed by what was made so far, one lump an event from here on
    headers: list = field(default_factory=list)


def wishes_of(raw):
    """{name: text} of the first sim(...) in these bytes."""
    m = WISHES.search(raw)
    if not m:
        return {}
    return dict((w.split("=", 1) if "=" in w else (w, "1")) for w in m.group(1).decode().split(",") if w)


class Ask:
    """One request as a model vendor reads it."""

    def __init__(self, method, path, body, wishes):
        self.method, self.path, self.wishes = method, path, wishes
        self.body = json.loads(body) if body else {}
        without = {k: v for k, v in self.body.items() if k != "stream_options"} if isinstance(self.body, dict) else None
        self.digest = hashlib.sha256(path.encode() + json.dumps(without).encode()).hexdigest()

    def number(self, name, default=0):
        return int(self.wishes.get(name, default))

    def id(self, prefix, n=24):
        return prefix + self.digest[:n]

    def get(self, name, default=None):
        value = self.body.get(name)
        return default if value is None else value

    def input_tokens(self, text):
        """A tokenizer of four bytes a token, and what each request has beside."""
        return self.number("in", len(text.encode()) // 4 + 7)

    def pieces(self, output_max=None):
        """The text of the answer in pieces, its tokens, and whether the client's maximum cut it."""
        wanted = self.number("tokens", 12)
        n = wanted if output_max is None else min(wanted, output_max)
        text = [WORDS[i % len(WORDS)] for i in range(n)]
        if lump := self.number("lump"):
            text = ["".join(text[i:i + lump]) for i in range(0, n, lump)]
        if pad := self.number("pad"):
            text += ["p" * min(4096, pad - at) for at in range(0, pad, 4096)]
        return text, n, n < wanted

    def tool_calls(self):
        """[(name, arguments)] of the tools that the request names, in turn; what a schema calls `const` is obeyed."""
        tools = [t.get("function", t) for t in self.get("tools", [])]
        return [(t["name"], consts_of(t) or {"city": f"Zürich {i}", "days": i + 1, "note": "a\"b\\c"})
                for i, t in ((i, tools[i % len(tools)]) for i in range(self.number("tools") if tools else 0))]


def consts_of(tool):
    """The arguments that a tool's schema leaves no choice about."""
    schema = tool.get("input_schema") or tool.get("parameters") or {}
    return {name: p["const"] for name, p in schema.get("properties", {}).items() if "const" in p}


def text_of(content):
    """All text of a `messages`, `input` or `system` value, images aside."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(text_of(c) for c in content)
    if isinstance(content, dict):
        return "".join(text_of(content.get(k)) for k in ("content", "text", "input", "output", "arguments"))
    return ""


def images_of(content):
    """How many images are in a `messages` or `input` value."""
    if isinstance(content, list):
        return sum(images_of(c) for c in content)
    if isinstance(content, dict):
        return int(content.get("type") in ("image", "image_url", "input_image")) + images_of(content.get("content"))
    return 0


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
