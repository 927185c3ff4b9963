"""An OpenTelemetry collector on loopback that decodes what it gets with the official protobuf classes, and can be told
to misbehave."""
import base64
import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (ExportTraceServiceRequest,
                                                                      ExportTraceServiceResponse)


def value_of(v):
    kind = v.WhichOneof("value")
    return [value_of(x) for x in v.array_value.values] if kind == "array_value" else getattr(v, kind)


def attributes(items):
    names = [a.key for a in items]
    assert len(names) == len(set(names)), f"an attribute twice: {names}"
    return {a.key: value_of(a.value) for a in items}


class Span:
    def __init__(self, s):
        self.trace, self.id, self.parent = s.trace_id.hex(), s.span_id.hex(), s.parent_span_id.hex()
        self.name, self.kind, self.start, self.end = s.name, s.kind, s.start_time_unix_nano, s.end_time_unix_nano
        self.attrs, self.status, self.message = attributes(s.attributes), s.status.code, s.status.message
        self.links = [(l.trace_id.hex(), l.span_id.hex(), attributes(l.attributes)) for l in s.links]
        assert len(s.trace_id) == 16 and len(s.span_id) == 8 and any(s.trace_id) and any(s.span_id)
        assert self.end >= self.start > 1_000_000_000 * 10**9 and self.name

    def __repr__(self):
        return f"<{self.name} {self.id} of {self.parent or '-'} in {self.trace}>"


class Collector:
    """`plan` holds answers for the next requests: a status, or (status, headers, body). Else all is taken."""

    def __init__(self):
        self.requests, self.plan, self.port = [], [], 0
        self.lock = threading.Lock()

    def start(self, port=0):
        outer, self.is_down = self, False

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if outer.is_down:  # kept connections outlive the listener
                    self.close_connection = True
                    return
                status, headers, answer = outer.take(self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port or self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        self.is_down = True
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def take(self, path, headers, body):
        headers = {n.lower(): v for n, v in headers.items()}
        with self.lock:
            plan = self.plan.pop(0) if self.plan else 200
            plan = plan if isinstance(plan, tuple) else (plan, {}, b"")
            is_json = headers["content-type"] == "application/json"
            text = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
            message = ExportTraceServiceRequest()
            if is_json:
                json_format.Parse(hex_ids(text), message)
            else:
                message.ParseFromString(text)
                assert message.SerializeToString(deterministic=True) == text, "not the canonical encoding"
            self.requests.append((path, headers, message, plan[0]))
        if plan[0] == 200 and not plan[2] and is_json:
            plan = (200, plan[1], b"{}")
        return plan

    def spans(self):
        """What was taken, in the order in which it came."""
        with self.lock:
            return [Span(s) for _, _, m, status in self.requests if status == 200
                    for r in m.resource_spans for scope in r.scope_spans for s in scope.spans]

    def wait(self, n, seconds=15, where=lambda s: True):
        """At least n spans that fit."""
        until = time.monotonic() + seconds
        while True:
            found = [s for s in self.spans() if where(s)]
            if len(found) >= n:
                return found
            assert time.monotonic() < until, f"{len(found)} of {n} spans: {found}"
            time.sleep(0.02)


def hex_ids(text):
    """OTLP's JSON has ids in hex; protobuf's own JSON wants base64."""
    def fix(v):
        if isinstance(v, list):
            return [fix(x) for x in v]
        if not isinstance(v, dict):
            return v
        return {k: base64.b64encode(bytes.fromhex(x)).decode() if k in ("traceId", "spanId", "parentSpanId") else fix(x)
                for k, x in v.items()}

    return json.dumps(fix(json.loads(text)))


def partial(rejected, message):
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = rejected
    answer.partial_success.error_message = message
    return answer.SerializeToString()
