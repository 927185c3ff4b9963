"""Those whom scopes ask, on loopback: an HTTP answerer that can be slow, down or wrong, and a PostgreSQL of its own."""
import json
import os
import shutil
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Answerer:
    """`answer(method, path, body)` gives (status, bytes or value), after `delay` seconds. Keeps what was asked."""

    def __init__(self, answer):
        self.answer, self.delay, self.asked, self.at_once, self.most = answer, 0, [], 0, 0
        self.lock = threading.Lock()
        me = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                with me.lock:
                    me.asked.append((self.command, self.path, body, dict(self.headers)))
                    me.at_once += 1
                    me.most = max(me.most, me.at_once)
                if me.delay:
                    time.sleep(me.delay)
                status, value = me.answer(self.command, self.path, body)
                text = value if isinstance(value, bytes) else json.dumps(value).encode()
                with me.lock:
                    me.at_once -= 1
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    pass

            do_POST = do_GET

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 256

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def postgres_bin():
    """The folder of a PostgreSQL server's programs, or None."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    found = shutil.which("postgres") and shutil.which("initdb")
    return Path(found).parent if found else None


class Postgres:
    """A cluster in a folder of its own, on a socket in it; ended by its pid. As root, it runs as nobody."""

    def __init__(self, root):
        self.bin, self.root = postgres_bin(), Path(root)
        self.data, self.process = self.root / "pg", None
        self.user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        self.conninfo = f"host={self.root} dbname=postgres user=flyball connect_timeout=2"

    def start(self):
        self.root.mkdir(parents=True, exist_ok=True)
        if self.user:
            shutil.chown(self.root, 65534, 65534)
            for parent in list(self.root.parents)[:-1]:
                if not parent.stat().st_mode & 0o001:
                    parent.chmod(parent.stat().st_mode | 0o011)
        if not self.data.exists():
            self._run(str(self.bin / "initdb"), "-D", str(self.data), "-U", "flyball", "-A", "trust", "--no-sync",
                      "-E", "UTF8")
        self.process = subprocess.Popen(
            [*self.user, str(self.bin / "postgres"), "-D", str(self.data), "-k", str(self.root), "-h", "",
             "-c", "fsync=off", "-c", "unix_socket_permissions=0777"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while subprocess.run([str(self.bin / "pg_isready"), "-h", str(self.root), "-q"]).returncode:
            assert time.monotonic() < until and self.process.poll() is None, "PostgreSQL did not start"
            time.sleep(0.05)
        return self

    def _run(self, *argv):
        quiet = subprocess.DEVNULL
        subprocess.run([*self.user, *argv], check=True, stdout=quiet, stderr=quiet, timeout=60)

    def sql(self, text):
        done = subprocess.run([str(self.bin / "psql"), "-h", str(self.root), "-U", "flyball", "-d", "postgres",
                               "-qAtc", text], check=True, capture_output=True, text=True, timeout=30)
        return done.stdout.strip()

    def stop(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
            self.process = None
