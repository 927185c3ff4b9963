"""Fixtures of the end-to-end tests: a daemon, a vendor, a key, and what to look at when a test fails."""
import os
import re
import select
import shutil
import subprocess
import threading
import time

import pytest

pytest.register_assert_rewrite("bad_rig", "flyball", "llm_rig")

import flyball
from bad_rig import nothing_broke, rig  # noqa: F401 - fixtures
from flyball import CAPS, OPEN, TOP, Daemon, policy
from llm_rig import make_models, models, shared_models  # noqa: F401 - fixtures
from vendor import Vendor


def pytest_configure(config):
    config.addinivalue_line("markers", "timeout(seconds): of pytest-timeout")
    if not os.access(flyball.BINARY, os.X_OK):
        pytest.exit(f"{flyball.BINARY} is not there: build it, or set FLYBALL_BIN", returncode=3)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(90))


@pytest.fixture
def vendor():
    v = Vendor().start()
    yield v
    v.stop()


@pytest.fixture
def make_daemon(tmp_path):
    """Daemon(...) on a folder of its own, started; all are ended and none may have crashed."""
    made = []

    def make(vendor=None, start=True, **options):
        root = tmp_path / f"flyball-{len(made)}"
        d = Daemon(root, getattr(vendor, "port", vendor), **options)
        made.append(d)
        return d.start() if start else d

    yield make
    for d in made:
        died = d.process is not None and d.process.poll() is not None
        d.close()
        assert not died, f"a daemon died by itself\n{d.log()}"
        for word in ("check failed", "Sanitizer", "level=error"):
            assert word not in d.log(), d.log()


@pytest.fixture
def daemon(make_daemon, vendor):
    """A daemon in front of `vendor`, obeying the document OPEN with CAPS as `default`."""
    d = make_daemon(vendor)
    d.apply(policy("default", OPEN, CAPS))
    return d


@pytest.fixture
def key(daemon):
    return daemon.key()["key"]


@pytest.fixture
def url(daemon):
    return f"{daemon.ready['data']}/stripe"


def find_tool(name):
    """A program of .venv/bin first, then of the PATH; None when there is none."""
    local = TOP / ".venv" / "bin" / name
    return str(local) if os.access(local, os.X_OK) else shutil.which(name)


@pytest.fixture(scope="session")
def node():
    """A Node that Stripe's SDK runs on, or a skip that says what is missing."""
    found = find_tool("node")
    if not found:
        pytest.skip("no Node here; script/bootstrap --test installs one")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=30).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < 20:
        pytest.skip(f"Node {version} is older than Stripe's SDK wants (20); script/bootstrap --test installs one")
    if not (TOP / "tests/e2e/node/node_modules/stripe").is_dir():
        pytest.skip("tests/e2e/node/node_modules is missing; script/bootstrap --test installs it")
    return found


@pytest.fixture(scope="session")
def stripe_mock():
    found = find_tool("stripe-mock")
    if not found:
        pytest.skip("stripe-mock is not installed: it needs Go 1.22 or newer, which Debian 12 does not have")
    p = subprocess.Popen([found, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0"], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    said, port, until = b"", None, time.monotonic() + 30
    while port is None and time.monotonic() < until and select.select([p.stdout], [], [], 30)[0]:
        piece = os.read(p.stdout.fileno(), 65536)
        if not piece:
            break
        said += piece
        m = re.search(rb"HTTP at address: 127\.0\.0\.1:(\d+)\n", said)
        port = int(m.group(1)) if m else None
    threading.Thread(target=p.stdout.read, daemon=True).start()  # it logs each request; a full pipe would stop it
    try:
        assert port, "stripe-mock did not say where it listens"
        yield port
    finally:
        p.kill()
        p.wait(10)
