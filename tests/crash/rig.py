"""What tests/crash/run and tests/fault/run share: the daemon between a vendor that keeps a book and a load that keeps a
log, the comparison of both witnesses with the record, and the tally.

The daemon class is that of the end-to-end tests. Processes are ended by the pid of the child that was started.
"""
import argparse
import http.client
import json
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from decimal import Decimal

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "e2e"))
sys.dont_write_bytecode = True
import flyball  # noqa: E402  (its folder is known only now)

BUILD = pathlib.Path(os.environ.get("FLYBALL_BUILD", pathlib.Path(flyball.BINARY).resolve().parent))
VENDOR = BUILD / "tests" / "crash" / "crash_vendor"
LOAD = BUILD / "tests" / "crash" / "crash_load"
CENT = Decimal("0.01")

REFUND_AND_READ = [flyball.permit("refund", operation=["stripe.refunds.create"]),
                   flyball.permit("look", vendor=["stripe"], **{"class": ["read"]})]
ALL_MONEY = flyball.usd("all", "90000000.00", by=["vendor"], window={"lifetime": True}, vendor=["stripe"])


class Broken(Exception):
    """A promise is not kept; the text says which, and how it was seen."""


def must(condition, text):
    if not condition:
        raise Broken(text)


# --- the witnesses ----------------------------------------------------------------------------------------------------

@dataclass
class Booked:
    """A refund that the vendor performed."""
    number: int
    at_ns: int
    key: str
    tag: str
    amount: int


@dataclass
class Logged:
    """A call as its agent saw it; status 0: the connection ended before the whole answer."""
    key: str
    connection: int
    sent_ns: int
    done_ns: int
    status: int
    code: str
    call: str
    amount: int


class Vendor:
    def __init__(self, folder):
        self.book_file = pathlib.Path(folder) / "vendor.book"
        self.book_at = 0
        self.process = subprocess.Popen([VENDOR, self.book_file], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def _ask(self, target):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            c.request("GET", target)
            return json.loads(c.getresponse().read())
        finally:
            c.close()

    def set(self, **values):
        return self._ask("/_vendor/set?" + "&".join(f"{k}={v}" for k, v in values.items()))

    def stats(self):
        return self._ask("/_vendor/stats")

    def book(self):
        """What was booked since the last look."""
        with open(self.book_file, "rb") as f:
            f.seek(self.book_at)
            text = f.read()
            self.book_at = f.tell()
        rows = (line.split() for line in text.decode().splitlines())
        return [Booked(int(r[0]), int(r[1]), r[2], r[3], int(r[4])) for r in rows]

    def quiet(self):
        """Waits until nothing arrives any more: what a killed daemon had sent is still read off the sockets."""
        seen = self.stats()
        while True:
            time.sleep(0.003)
            now = self.stats()
            if now == seen:
                return now
            seen = now

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Load:
    """An agent with many busy connections, in a process of its own."""
    n_made = 0

    def __init__(self, folder, port, key, **options):
        Load.n_made += 1
        self.prefix = f"k{Load.n_made}"
        self.log_file = pathlib.Path(folder) / "load.log"
        self.log_file.unlink(missing_ok=True)
        argv = [LOAD, "--port", str(port), "--key", key, "--log", self.log_file, "--prefix", self.prefix]
        for name, value in options.items():
            argv += ["--" + name.replace("_", "-"), str(value)]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def wait(self, seconds=120):
        try:
            must(self.process.wait(seconds) == 0, "the load failed")
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        return self._log()

    def stop(self, seconds=30):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def _log(self):
        calls = []
        for line in self.log_file.read_text().splitlines():
            r = line.split()
            calls.append(Logged(r[0], int(r[1]), int(r[2]), int(r[3]), int(r[4]), r[5], r[6], int(r[7])))
        return calls


# --- the comparison ---------------------------------------------------------------------------------------------------

def cents(amount):
    """{"usd": "0.560000000", ...} or "0.560000000" in cents; exact."""
    usd = Decimal(amount["usd"] if isinstance(amount, dict) else amount)
    n = usd / CENT
    must(n == n.to_integral_value(), f"{usd} USD is no whole number of cents")
    return int(n)


class Ledger:
    """Everything that was ever booked, logged and recorded of one data folder, compared piece by piece."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.has_disk_failed = False  # then refusals could not be recorded any more
        self.after = 0             # seq up to which records were compared
        self.booked_cents = 0      # the vendor's sum
        self.unknown = {}          # call id -> (cents held, whether the vendor has it)
        self.n_calls = self.n_answered = self.n_settled = 0

    def new_records(self):
        rows, before = [], None
        while True:
            params = {"limit": 10000, "after": self.after} if self.after else {"limit": 10000}
            if before:
                params["before"] = before
            page = self.daemon.get("/api/v1/calls", **params)["calls"]
            rows += page
            if len(page) < 10000:
                return rows
            before = page[-1]["seq"]

    def compare(self, logged, booked, stopped=True):
        """Both witnesses of some time against the records of that time. `stopped`: no call may be open."""
        records = self.new_records()
        self.after = max([r["seq"] for r in records], default=self.after)
        by_key = {r["idempotency_key"]: r for r in records if r["idempotency_key"]}
        by_call = {r["call_id"]: r for r in records}
        self._records(records, stopped)
        self._vendor(booked, by_key)
        self._agent(logged, by_call, {b.key for b in booked})
        self._unknown(records, {b.key for b in booked})
        self.n_calls += len(records)
        return records

    def _records(self, records, stopped):
        must(len({r["call_id"] for r in records}) == len(records), "a call has two records")
        for r in records:
            must(r["outcome"] is not None or not stopped, f"call {r['call_id']} is still open after a restart")
            if r["outcome"] == "settled":
                self.n_settled += 1
                must(r["verdict"] == "permit", f"call {r['call_id']} is settled and not permitted")
                must(cents(r["settled"]) <= cents(r["held"]), f"call {r['call_id']} settled more than it held")

    def _vendor(self, booked, by_key):
        for b in booked:
            r = by_key.get(b.key)
            must(r, f"the vendor performed {b.key} ({b.amount} cents), and there is no record of it")
            must(r["verdict"] == "permit", f"the vendor performed {b.key}, whose verdict is {r['verdict']}")
            must(r["outcome"] in ("settled", "unknown"), f"the vendor performed {b.key}: outcome {r['outcome']}")
            must(cents(r["settled"] if r["outcome"] == "settled" else r["held"]) == b.amount,
                 f"the vendor moved {b.amount} cents for {b.key}, the record says {r['settled']} {r['held']}")
            must(b.tag != "-", f"{b.key} reached the vendor without a tag")
            self.booked_cents += b.amount
        must(len({b.key for b in booked}) == len(booked), "a refund was performed twice")

    def _agent(self, logged, by_call, booked_keys):
        for a in logged:
            if a.status == 0:
                continue
            self.n_answered += 1
            r = by_call.get(a.call)
            if a.status == 401 and not r:
                continue
            if a.status == 503 and not r and self.has_disk_failed:
                must(a.key not in booked_keys, f"{a.key} was refused ({a.code}) and reached the vendor")
                continue
            must(r, f"{a.key} was answered {a.status} {a.code} as call {a.call}, and there is no record of it")
            if a.status == 200 and a.amount:
                must(r["outcome"] == "settled", f"{a.key} was answered 200, its record says {r['outcome']}")
                must(cents(r["settled"]) == a.amount, f"{a.key}: {a.amount} cents, its record says {r['settled']}")
                must(a.key in booked_keys, f"{a.key} was answered 200 and never reached the vendor")
            elif a.status in (401, 403, 429, 503):
                # On a bad disk the reason may be on record while the answer says that it could not be.
                must(r["code"] == a.code or a.status == 503,
                     f"{a.key} was refused as {a.code}, its record says {r['code']}")
                must(a.key not in booked_keys, f"{a.key} was refused ({a.code}) and reached the vendor")

    def _unknown(self, records, booked_keys):
        for r in records:
            if r["outcome"] == "unknown":
                self.unknown[r["call_id"]] = (cents(r["held"]), r["idempotency_key"] in booked_keys)

    def counted(self):
        """settled + held of everything, in cents."""
        settled, held = self.daemon.buckets("all").get("vendor=stripe", ("0", "0"))
        return cents(settled) + cents(held)

    def balance(self):
        """counted >= the vendor's sum, and the difference is what unknown calls hold that never got there."""
        missing = sum(held for held, got_there in self.unknown.values() if not got_there)
        counted = self.counted()
        must(counted >= self.booked_cents, f"counted {counted} cents < {self.booked_cents} that the vendor moved")
        must(counted - self.booked_cents == missing,
             f"counted {counted} - moved {self.booked_cents} cents != {missing} held by unknown calls that never left")

    def listed(self):
        """`calls --unknown` lists exactly the unknown ones."""
        seen = {r["call_id"] for r in self.daemon.calls("--unknown", "--limit", "10000")}
        must(seen == set(self.unknown), f"{len(seen)} calls are listed as unknown, {len(self.unknown)} are")

    def proven(self):
        """The chain verifies, and the counters equal what the frames say."""
        report = self.daemon.get("/api/v1/doctor")
        bad = [c for c in report["checks"] if c["status"] == "fail"]
        must(not bad, f"doctor: {bad}")
        for name in ("counters", "chain", "ledger"):
            must(any(c["name"] == name for c in report["checks"]), f"doctor did not check {name}")

    def proven_by_commands(self):
        """The same as people ask for it."""
        for command in (["audit", "verify"], ["doctor"]):
            done = self.daemon.cli(*command)
            must(done.returncode == 0, f"{command}: exit {done.returncode}: {done.stdout}{done.stderr}")


# --- running ----------------------------------------------------------------------------------------------------------

class Skip(Exception):
    """The machine lacks what the test needs; the text says what."""


def ms(values, name):
    """One line for people: p50, p99 and max."""
    v = sorted(values)
    if not v:
        return f"{name}: none"
    p50, p99 = percentile(v, 0.50), percentile(v, 0.99)
    return f"{name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {v[-1]:.2f} ms of {len(v)}"


def percentile(values, part):
    return sorted(values)[math.ceil(len(values) * part) - 1]


def free_folder(prefix):
    return pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=os.environ.get("TMPDIR", "/tmp")))


def say(text):
    print("       " + text, flush=True)


def main(about, tests, add_options=None):
    """Runs the tests (name -> function of (args, folder)); the last line is "N passed, N failed"."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=pathlib.Path, help="write the tally there as JSON")
    parser.add_argument("--keep", action="store_true", help="keep the folders of tests that failed")
    parser.add_argument("only", nargs="*", help="tests to run: " + ", ".join(tests))
    if add_options:
        add_options(parser)
    args = parser.parse_args()
    for name in args.only:
        if name not in tests:
            parser.error(f"there is no test {name}")
    for binary in (flyball.BINARY, VENDOR, LOAD):
        if not os.access(binary, os.X_OK):
            sys.exit(f"{binary} is not there: build it, or set FLYBALL_BIN")

    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, test in tests.items():
        if args.only and name not in args.only:
            continue
        folder, started, kept = free_folder(f"flyball-{name[:20]}-"), time.monotonic(), False
        try:
            test(args, folder)
            result, why = "passed", ""
        except Skip as e:
            result, why = "skipped", f": {e}"
        except Broken as e:
            result, why, kept = "failed", f": {e}", args.keep
        except Exception:
            result, why, kept = "failed", ":\n" + traceback.format_exc(), args.keep
        if result == "failed":
            for log in sorted(folder.rglob("stderr.log")):
                lines = log.read_text(errors="replace").splitlines()[-15:]
                why += "\n       " + f"{log}:" + "".join("\n         " + line for line in lines)
        counts[result] += 1
        word = {"passed": "ok", "failed": "FAILED", "skipped": "skip"}[result]
        print(f"{word:6} {name} ({time.monotonic() - started:.1f} s){why}", flush=True)
        if kept:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if args.results:
        args.results.write_text(json.dumps(counts) + "\n")
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    sys.exit(1 if counts["failed"] else 0)
