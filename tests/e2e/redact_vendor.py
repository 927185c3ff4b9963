"""A vendor that keeps every byte it is sent and answers with what it is told: whole, as events, packed, in pieces."""
import gzip
import http.server
import json
import threading
import time

PAUSE_S = 0.002  # between two pieces, so that they arrive as such


class Echo:
    """`answer(path, body)` gives (content type, list of pieces, fields). What came is in `seen`."""

    def __init__(self, answer):
        self.answer, self.seen = answer, b""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                outer.seen += (self.requestline + "\n" + str(self.headers)).encode() + body
                kind, pieces, fields = outer.answer(self.path, body)
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("transfer-encoding", "chunked")
                for name, value in fields.items():
                    self.send_header(name, value)
                self.end_headers()
                for p in pieces:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(p), p))
                    self.wfile.flush()
                    time.sleep(PAUSE_S)
                self.wfile.write(b"0\r\n\r\n")

            do_GET = do_POST = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def in_pieces(data, n):
    return [data[i:i + n] for i in range(0, len(data), n)]


def packed(data):
    return gzip.compress(data)


def chat_answer(text):
    return json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
                       "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None,
                                    "message": {"role": "assistant", "content": text}}],
                       "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}}).encode()


def chat_events(text, size):
    """The text as deltas of `size` characters, as OpenAI's chat streams them."""
    def event(delta, finish=None):
        it = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini",
              "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return b"data: " + json.dumps(it).encode() + b"\n\n"

    events = [event({"role": "assistant", "content": ""})]
    events += [event({"content": text[i:i + size]}) for i in range(0, len(text), size)]
    return b"".join(events) + event({}, "stop") + b"data: [DONE]\n\n"


def claude_answer(text):
    return json.dumps({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5",
                       "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None,
                       "usage": {"input_tokens": 9, "output_tokens": 9}}).encode()


def claude_events(text, size):
    """The same as Anthropic streams it: in a text, and in a tool's arguments."""
    def event(type, **more):
        return f"event: {type}\ndata: {json.dumps({'type': type, **more})}\n\n".encode()

    out = event("message_start", message={"id": "msg_1", "type": "message", "role": "assistant", "content": [],
                                          "model": "claude-haiku-4-5", "stop_reason": None, "stop_sequence": None,
                                          "usage": {"input_tokens": 9, "output_tokens": 1}})
    blocks = [({"type": "text", "text": ""}, "text_delta", "text", text),
              ({"type": "tool_use", "id": "toolu_1", "name": "send", "input": {}}, "input_json_delta", "partial_json",
               json.dumps({"to": ["x"], "all": text}))]
    for i, (block, kind, name, said) in enumerate(blocks):
        out += event("content_block_start", index=i, content_block=block)
        for k in range(0, len(said), size):
            out += event("content_block_delta", index=i, delta={"type": kind, name: said[k:k + size]})
            if k % 5 == 0:
                out += event("ping")
        out += event("content_block_stop", index=i)
    return out + event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9}) + \
        event("message_stop")
