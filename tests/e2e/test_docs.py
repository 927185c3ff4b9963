"""Every command of README.md and of the guides is executed, in a folder of its own, against a real daemon; every file
that they show is read by what reads it; what they show as output comes. doc_blocks.py has the syntax.

Ports are made free: 4747 and 4748 stand for two that are. Vendors' real addresses stand for a simulated vendor, folders
of the system for some of ours, and `fb_test_...`, `fb_live_...`, KEY_ID, CALL_ID and RUN_ID for the key and the call
that were seen last.
"""
import json
import os
import re
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from doc_blocks import Block, Hidden, items_of, stray_commands
from flyball import BINARY, TOP, Daemon, permit, policy

DOCS = [TOP / "README.md", *sorted((TOP / "docs" / "guides").glob("*.md"))]
NAMES = [str(p.relative_to(TOP)) for p in DOCS]
ACCOUNT = "AC" + "0" * 32
COMMAND_S = 60


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Shell:
    """A bash that a reader types into."""

    def __init__(self, folder, env):
        self.process = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, cwd=folder, env=env)

    def run(self, text, typed=None):
        """(exit status, what it said)."""
        source = "</dev/null" if typed is None else f"<<'TYPED'\n{typed}\nTYPED"
        self.process.stdin.write(f"{{ {text}\n}} {source}\nprintf '\\n@@%d@@\\n' $?\n".encode())
        self.process.stdin.flush()
        said, until = b"", time.monotonic() + COMMAND_S
        while not (end := re.search(rb"\n@@(\d+)@@\n$", said)):
            left = until - time.monotonic()
            assert left > 0 and select.select([self.process.stdout], [], [], left)[0], f"no end of {text!r}: {said!r}"
            piece = os.read(self.process.stdout.fileno(), 65536)
            assert piece, f"the shell ended at {text!r}: {said!r}"
            said += piece
        return int(end[1]), said[:end.start()].decode()

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


class Reader:
    """Somebody who follows one document to the letter."""

    def __init__(self, folder, backing):
        self.folder, self.backing = folder, backing
        self.data, self.admin = free_ports(2)
        self.key = self.daemon = None
        self.n_daemons = 0
        key = backing.ready["key"]
        for name in ("script", "build", "docs", "bench"):
            (folder / name).symlink_to(TOP / name)
        (folder / "bin").mkdir()
        (folder / "bin" / "flyball").symlink_to(BINARY)
        (folder / "node_modules").symlink_to(TOP / "tests" / "e2e" / "node" / "node_modules")
        path = [folder / "bin", Path(sys.executable).parent, TOP / ".venv" / "bin", os.environ["PATH"]]
        env = {"PATH": ":".join(map(str, path)), "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8",
               "FLYBALL_LISTEN_DATA": f"127.0.0.1:{self.data}", "FLYBALL_LISTEN_ADMIN": f"127.0.0.1:{self.admin}",
               "OPENAI_API_KEY": f"sk-{key}", "ANTHROPIC_API_KEY": f"sk-ant-{key}", "RESEND_API_KEY": f"re_{key}",
               "STRIPE_SECRET_KEY": f"sk_live_{key}", "TWILIO_SECRET": f"{ACCOUNT}:{key}",
               "TWILIO_ACCOUNT_SID": ACCOUNT, "TERM": "dumb"}
        self.shell = Shell(folder, env)

    def close(self):
        self.stop()
        self.shell.close()

    def stop(self):
        """The daemon that was started, by its pid; the next one finds an empty data folder."""
        if self.daemon:
            self.shell.run(f"kill {self.daemon}; wait {self.daemon}")
            self.daemon = None

    def made_real(self, text):
        for shown, real in {"4747": self.data, "4748": self.admin, "flyball.internal.example": "127.0.0.1",
                            "/etc/flyball": self.folder / "etc",
                            "/var/lib/flyball": self.folder / "home" / str(self.n_daemons) / "flyball"}.items():
            text = text.replace(shown, str(real))
        return re.sub(r"https://api\.(openai|anthropic|stripe|twilio|resend)\.com", self.backing.ready["data"], text)

    def filled(self, text):
        text = self.made_real(text)
        if self.key:
            text = re.sub(r"fb_(test|live)_\.\.\.", self.key, text).replace("KEY_ID", self.key.split("_")[2])
        if "CALL_ID" in text or "RUN_ID" in text:
            last = json.loads(self.shell.run("flyball calls --json --limit 1")[1])["calls"][0]
            text = text.replace("CALL_ID", last["call_id"]).replace("RUN_ID", last["run_id"])
        return text

    def run(self, text, says):
        status, said = self.shell.run(self.filled(text), says.get("input"))
        self.see_keys(said)
        return status, said

    def see_keys(self, said):
        keys = re.findall(r"fb_(?:live|test)_[A-Za-z0-9]{10}_[A-Za-z0-9]{38}", said)
        self.key = keys[-1] if keys else self.key

    def start(self, text):
        """A command that goes on running: (0, what it said when it was ready)."""
        self.stop()
        self.n_daemons += 1
        log = self.folder / f"daemon-{self.n_daemons}.log"
        log.touch()
        self.shell.run(f"export XDG_DATA_HOME=$HOME/{self.n_daemons}")
        _, said = self.shell.run(f"{self.filled(text)} >{log} 2>&1 </dev/null &\necho $!")
        self.daemon = int(said.split()[-1])
        until = time.monotonic() + COMMAND_S
        while "event=ready" not in log.read_text():
            assert time.monotonic() < until and Path(f"/proc/{self.daemon}").exists(), log.read_text()
            time.sleep(0.02)
        self.see_keys(log.read_text())
        return 0, log.read_text()


@pytest.fixture(scope="module")
def backing(tmp_path_factory):
    """A `flyball dev` that stands for all vendors: what is governed here asks it as it would ask them."""
    d = Daemon(tmp_path_factory.mktemp("vendors"), None, command="dev").start()
    d.apply(policy("default", [permit("all")]))
    yield d
    d.close()


@pytest.fixture
def reader(tmp_path, backing, node):
    r = Reader(tmp_path, backing)
    yield r
    r.close()


def words_of(line):
    """Of a line that a document shows: what does not differ from time to time."""
    return [w for w in re.findall(r"[A-Za-z_.\"`-]+", re.sub(r"\S*\d\S*|\S*\.\.\.\S*", " ", line)) if len(w) > 3]


def check_shown(command, said, where):
    flat = " ".join(said.split())
    for line in command.shown:
        missing = [w for w in words_of(line) if w not in flat]
        assert not missing, f"{where}: `{command.text}` shows {line!r}, and {missing} did not come:\n{said}"


def run_commands(reader, block, where):
    if "elsewhere" in block.says:
        return 0
    commands = block.commands()
    for i, command in enumerate(commands):
        is_last = i + 1 == len(commands)
        expected = int(block.says.get("exit", 0)) if is_last else 0
        status, said = reader.start(command.text) if "daemon" in block.says else reader.run(command.text, block.says)
        assert status == expected, f"{where}: `{command.text}` ended with {status}:\n{said}"
        check_shown(command, said, where)
    return len(commands)


def check_yaml(reader, text, where):
    """A policy is one that `policy check` takes, a config one that `config check` takes."""
    document = yaml.safe_load(text)
    kind = "policy" if "apiVersion" in document else "config" if {"vendors", "listen"} & set(document) else None
    if kind:
        file = reader.folder / "shown.yaml"
        file.write_text(reader.made_real(text))
        words = "policy check shown.yaml" if kind == "policy" else "config check --config shown.yaml"
        status, said = reader.shell.run("flyball " + words)
        assert status == 0, f"{where}: {said}"


def follow(reader, item, where):
    """How many commands were executed."""
    if isinstance(item, Hidden):
        status, said = reader.start(item.text) if item.is_daemon else reader.run(item.text, {})
        assert status == 0, f"{where}: {said}"
    elif item.kind == "commands":
        return run_commands(reader, item, where)
    elif item.kind == "file":
        (reader.folder / item.says["file"]).write_text(reader.filled(item.text))
    elif item.kind == "yaml":
        check_yaml(reader, item.text, where)
    elif item.kind == "json":
        json.loads(item.text)
    elif item.kind == "python":
        compile(item.text, where, "exec")
    else:
        assert not stray_commands(item), f"{where}: commands begin with `$ `: {stray_commands(item)}"
    return 0


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_the_document_works_as_it_is_written(reader, name):
    items = items_of((TOP / name).read_text())
    n = sum(follow(reader, item, f"{name}:{item.line}") for item in items)
    has_commands = any(isinstance(i, Block) and i.kind == "commands" and "elsewhere" not in i.says for i in items)
    assert bool(n) == has_commands


def test_the_reader_of_documents_notices_what_is_wrong(reader):
    """The test of the test: a command that fails, output that does not come, a command that would not be executed."""
    for text, says in [("    $ false\n", "ended with 1"), ("    $ echo hello\n    goodbye\n", "did not come"),
                       ("    flyball version\n", "begin with"), ("```yaml\nvendors: {x: 1}\n```\n", "shown.yaml")]:
        with pytest.raises(AssertionError, match=says):
            for item in items_of(text):
                follow(reader, item, "here")
    good = "<!-- test: file a.txt -->\n```\nfb_test_...\n```\n\n    $ cat a.txt \\\n        a.txt | sort -u\n" \
           "    $ cat <<'E'\n    $ no command\n    E\n"
    block = items_of(good)[1]
    assert [c.text for c in block.commands()] == ["cat a.txt \\\n    a.txt | sort -u", "cat <<'E'\n$ no command\nE"]
    assert [follow(reader, item, "here") for item in items_of(good)] == [0, 2]


def test_every_recipe_of_the_guide_is_what_snippet_prints(backing):
    """docs/guides/sdks.md has one recipe for each SDK, word for word."""
    text = (TOP / "docs" / "guides" / "sdks.md").read_text()
    parts = dict(re.findall(r"^### `([a-z-]+)`.*?\n```\w+\n(.*?)```", text, re.M | re.S))
    listed = [s["name"] for s in backing.json("snippet")["snippets"]]
    assert list(parts) == listed, set(parts) ^ set(listed)
    for name, shown in parts.items():
        told = backing.json("snippet", name)["lines"]
        assert shown.replace("4747", str(backing.data_port)) == told, name


def test_every_test_and_file_that_a_document_names_is_there():
    """Tables say which test shows what: none of them may be gone."""
    tests = "\n".join(p.read_text(errors="replace") for p in (TOP / "tests").rglob("*")
                      if p.suffix in (".c", ".py", "") and p.is_file() and "node_modules" not in p.parts)
    for name in [*NAMES, "docs/TESTING.md"]:
        text = (TOP / name).read_text()
        settings = (TOP / "docs/limits.md").read_text()
        long = [n for n in re.findall(r"`(\w+)`", text) if n.count("_") >= 4 and f"`{n}`" not in settings]
        gone = [n for n in long if not re.search(rf"(def|static void) {n}\(", tests)]
        gone += [f for f in re.findall(r"tests/[\w/]+\.py", text) if not (TOP / f).exists()]
        assert not gone, f"{name} names what is not there: {gone}"
