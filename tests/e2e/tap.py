"""A TCP relay that remembers every byte: what the daemon really said to a vendor that we did not write, and what it was
told.

One thread a direction; connections are remembered in order.
"""
import socket
import threading


class Tap:
    def __init__(self, port):
        self.to_port = port
        self.sent, self.received = [], []  # per connection: bytes to the vendor, bytes from it
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            vendor = socket.create_connection(("127.0.0.1", self.to_port), 10)
            self._sockets += [client, vendor]
            self.sent.append(bytearray())
            self.received.append(bytearray())
            threading.Thread(target=self._pump, args=(client, vendor, self.sent[-1]), daemon=True).start()
            threading.Thread(target=self._pump, args=(vendor, client, self.received[-1]), daemon=True).start()

    def _pump(self, source, sink, memory):
        try:
            while piece := source.recv(65536):
                memory += piece
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self._listener.close()
        for s in self._sockets:
            s.close()

    def all_sent(self):
        return b"".join(bytes(b) for b in self.sent)

    def all_received(self):
        return b"".join(bytes(b) for b in self.received)
