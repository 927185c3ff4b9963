"""A TCP relay that remembers every byte: what the daemon really said to a vendor that we did not write, and what it was
told.

One thread a direction; connections are remembered in order. In front of the daemon it shows what an SDK really sent.
"""
import base64
import socket
import threading
from dataclasses import dataclass


@dataclass
class Sent:
    """One request as its sender wrote it."""
    method: str
    target: str
    headers: list  # (name, value), as they were written

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def key(self):
        """The key of ours, with all that it wears, and the header that carries it: ("x-api-key", "sk-ant-fb_...")."""
        for name in ("x-api-key", "x-goog-api-key"):
            if self.header(name):
                return name, self.header(name)
        scheme, _, value = (self.header("authorization") or "").partition(" ")
        if scheme.lower() != "basic":
            return scheme.lower(), value
        user, _, password = base64.b64decode(value).decode().partition(":")
        return ("basic user", user) if "fb_" in user else ("basic password", password)


def requests_in(data):
    """The requests of one connection. Bodies are skipped by their length, or to the end of their chunks."""
    found = []
    while b"\r\n\r\n" in data:
        head, data = data.split(b"\r\n\r\n", 1)
        line, *fields = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        sent = Sent(method, target, [tuple(f.split(": ", 1)) for f in fields])
        found.append(sent)
        if sent.header("transfer-encoding"):
            data = data.split(b"0\r\n\r\n", 1)[1]
        else:
            data = data[int(sent.header("content-length") or 0):]
    return found


class Tap:
    def __init__(self, port):
        self.to_port = port
        self.sent, self.received = [], []  # per connection: pieces to the vendor, pieces from it
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            vendor = socket.create_connection(("127.0.0.1", self.to_port), 10)
            vendor.settimeout(None)  # a kept connection may be idle for longer
            self._sockets += [client, vendor]
            self.sent.append([])
            self.received.append([])
            threading.Thread(target=self._pump, args=(client, vendor, self.sent[-1]), daemon=True).start()
            threading.Thread(target=self._pump, args=(vendor, client, self.received[-1]), daemon=True).start()

    def _pump(self, source, sink, memory):
        try:
            while piece := source.recv(65536):
                memory.append(piece)
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread, which else would take one of the next tap's
        self._thread.join(10)
        self._listener.close()
        for s in self._sockets:
            s.close()

    def requests(self):
        return [r for pieces in list(self.sent) for r in requests_in(b"".join(pieces))]

    def all_sent(self):
        return b"".join(piece for pieces in self.sent for piece in pieces)

    def all_received(self):
        return b"".join(piece for pieces in self.received for piece in pieces)
