"""bench/run shadow | redact [--quick] [--rounds N] [--seconds S]

What one more thing costs, end to end: the same traffic through the same daemon under keys whose documents differ in
that thing alone, in turn. Printed are requests a second, the CPU of the daemon for one request, and the ratio to the
rate without the thing; all are medians over the rounds. Each rate is told (to stderr) as soon as it is measured.

`shadow`: reads and refunds of bench/policy.yaml by itself, with one rule and one limit in it that are in shadow, and
its next version in shadow beside it (one rule more, and one limit that is lower), and with another document, of six
rules, four of them under conditions, and five limits that count apart. Three minutes.
`redact`: buffered calls to a model of 1 KB and 150 KB, with and without all detectors on request, answer and record;
then MB a second of the redactor alone (bench/redact.c).

Prints, writes nothing. Needs nginx and wrk.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile

from llm import Side, answer_buffered, cpu_seconds, request_body, vendor
from rig import BUILD, FLYBALL, HERE, Daemon, die, free_port, nginx, say, wrk

SHADOW = """apiVersion: agentpolicy/v1
kind: Policy
metadata: {name: watched, version: 2}
mode: shadow
rules:
  - {id: look, effect: permit, match: {vendor: [stripe], class: [read]}}
  - {id: refund, effect: permit, match: {operation: [stripe.refunds.create]}, when: "params.amount <= 20000"}
  - {id: ask, effect: approve, match: {class: [money_out]}, when: "params.amount > 5000", approval: desk}
  - {id: night, effect: forbid, match: {class: [money_out]}, when: "now.getHours() < 0"}
  - {id: euro, effect: forbid, match: {class: [money_out]}, when: "params.currency in ['eur', 'gbp']"}
  - {id: dear, effect: forbid, match: {class: [money_out]}, when: "cost.estimate > usd('1000.00')"}
approvals: {desk: {backend: cli, ttl: 1h}}
limits:
  - {id: s-call, meter: usd, max: "50.00", window: {call: true}, match: {class: [money_out]}}
  - {id: s-day, meter: usd, max: "900000000.00", by: [agent], window: {calendar: day}, match: {class: [money_out]}}
  - {id: s-run, meter: usd, max: "900000000.00", by: [vendor], window: {calendar: month}, match: {class: [money_out]}}
  - {id: s-calls, meter: requests, max: 1000000000, by: [agent], window: {calendar: day}}
  - {id: s-minute, meter: requests, max: 1000000000, by: [agent], window: {calendar: minute}}
"""
IN_SHADOW = {
    "rules": '{id: late, effect: forbid, match: {vendor: [stripe]}, when: "now.getHours() < 0", mode: shadow}',
    "limits": "{id: more, meter: requests, max: 1000000000, by: [agent], window: {calendar: day}, mode: shadow}"}
REDACT = ("redact:\n  all: {detect: [email, phone, card, iban], at: [request, response, log]}\n"
          "rules:\n  - {id: chat, effect: permit, match: {layer: [llm], model: [gpt-4o-mini]}, redact: [all]}\n")


def named(text, name):
    """The document under another name."""
    return text.replace("{name: default,", f"{{name: {name},")


def one_of_each(text):
    """The document with one rule and one limit more, both in shadow."""
    for part, item in IN_SHADOW.items():
        text = text.replace(f"\n{part}:\n", f"\n{part}:\n  - {item}\n")
    return text


def next_version(text):
    """The document in shadow, as it is tried out before it replaces itself: a rule more, and a limit that is lower."""
    rule = "- {id: late, effect: forbid, match: {vendor: [stripe]}, when: 'now.getHours() < 0'}"
    text = text.replace("version: 1}", "version: 2}").replace("mode: enforce", "mode: shadow")
    text = text.replace("\nrules:\n", f"\nrules:\n  {rule}\n")
    return text.replace("meter: requests, max: 1000000000", "meter: requests, max: 900000000")


def serve(stack, folder, workers, vendor, port):
    """The daemon before one vendor on that port."""
    secret = f"{vendor.upper()}_BENCH_KEY"
    os.environ[secret] = "sk_test_bench"
    config = folder / "flyball.yaml"
    config.write_text(f'vendors: {{{vendor}: {{base_url: "http://127.0.0.1:{port}", secret: "env:{secret}"}}}}\n')
    daemon = Daemon(config, folder / "data", workers)
    stack.callback(daemon.stop)
    return daemon


def key_under(daemon, folder, name, *documents):
    for i, text in enumerate(documents):
        path = folder / f"{name}-{i}.yaml"
        path.write_text(text)
        daemon.cli("policy", "apply", str(path))
    return daemon.cli("key", "create", "--agent", f"bench-{name}", "--policy", name, "--mode", "test")["key"]


def measure(ask, label, sides, rounds):
    """ask(side): (requests a second, CPU microseconds a request). Prints a row for each of `sides`, {what ask() takes:
    what a reader sees}; the first is the one without."""
    rates, cpu = {s: [] for s in sides}, {s: [] for s in sides}
    for side in sides:
        ask(side)  # connections, files and counters are there
    for i in range(rounds):
        for side in sides if i % 2 == 0 else reversed(sides):
            rate, us = ask(side)
            say(f"{label}, round {i + 1} of {rounds}, {sides[side]}: {rate:,.0f}")
            rates[side].append(rate)
            cpu[side].append(us)
    plain = next(iter(sides))
    for side, what in sides.items():
        ratio = statistics.median(b / a for a, b in zip(rates[plain], rates[side]))
        print(f"{label:12} {what:28} {statistics.median(rates[side]):10,.0f} {ratio:8.3f} "
              f"{statistics.median(cpu[side]):10.1f}", flush=True)


def head():
    print(f"{'':12} {'':28} {'req/s':>10} {'ratio':>8} {'CPU us':>10}", flush=True)


def stripe(stack, folder, pages):
    """A vendor with one fixed answer a path; returns its port."""
    port = free_port()
    stack.enter_context(nginx(folder, "vendor", pages["conf"].format(folder=folder, port=port, **pages["answers"]),
                              port))
    return port


def shadow(args, folder, workers, pages):
    with contextlib.ExitStack() as stack:
        daemon = serve(stack, folder, workers, "stripe", stripe(stack, folder, pages))
        text = (HERE / "policy.yaml").read_text()
        keys = {"plain": key_under(daemon, folder, "plain", named(text, "plain")),
                "each": key_under(daemon, folder, "each", one_of_each(named(text, "each"))),
                "next": key_under(daemon, folder, "next", named(text, "next"), next_version(named(text, "next"))),
                "watched": key_under(daemon, folder, "watched", named(text, "watched"), SHADOW)}
        sides = {"plain": "nothing in shadow", "each": "one rule and one limit", "next": "the next version",
                 "watched": "another document"}

        def ask_of(path, script):
            def ask(side):
                before = cpu_seconds(daemon.process.pid)
                rate = wrk(f"http://127.0.0.1:{daemon.port}/stripe{path}", args.seconds, keys[side], script)
                us = (cpu_seconds(daemon.process.pid) - before) / (rate * args.seconds) * 1e6
                last = daemon.cli("calls", "--limit", "1")["calls"][0]
                if (last["shadow"] is not None) != (side != "plain"):
                    die(f"{sides[side]}: the last call has for shadow {last['shadow']}")
                return rate, us
            return ask
        head()
        measure(ask_of("/v1/charges/ch_bench", None), "reads", sides, args.rounds)
        measure(ask_of("/v1/refunds", HERE / "refund.lua"), "money calls", sides, args.rounds)


def redact(args, folder, workers):
    subprocess.run(["ninja", "-C", str(BUILD), "bench/bench_redact"], check=True, stdout=subprocess.DEVNULL)
    with contextlib.ExitStack() as stack:
        port = free_port()
        stack.enter_context(vendor(folder, "openai", port, answer_buffered(), "application/json"))
        daemon = serve(stack, folder, workers, "openai", port)
        text = (HERE / "llm_policy.yaml").read_text()
        clean = re.sub(r"^rules:\n.*\n", REDACT, named(text, "clean"), count=1, flags=re.M)
        keys = {"plain": key_under(daemon, folder, "plain", named(text, "plain")),
                "clean": key_under(daemon, folder, "clean", clean)}
        url = f"http://127.0.0.1:{daemon.port}/openai/v1/chat/completions"
        sides = {name: Side(name, daemon.process.pid, {"buffered": url}, {"all": {"Authorization": f"Bearer {key}"}})
                 for name, key in keys.items()}
        head()
        for size, label in ((1024, "1 KB"), (150 * 1024, "150 KB")):
            body = folder / f"buffered-{size}.json"
            body.write_text(personal_body(size))
            measure(lambda name: sides[name].ask(folder, "buffered", body, args.seconds), label,
                    {"plain": "nothing redacted", "clean": "all detectors, everywhere"}, args.rounds)
    print(flush=True)
    subprocess.run([BUILD / "bench" / "bench_redact"], check=True)


def personal_body(size):
    """A chat with something to find once in some 200 bytes."""
    body = json.loads(request_body(size, False))
    words = body["messages"][0]["content"]
    found = " ann.miller@acme.example 4242 4242 4242 4242 "
    parts = [words[i:i + 200 - len(found)] for i in range(0, len(words), 200)]
    body["messages"][0]["content"] = found.join(parts)[:len(words)]
    return json.dumps(body)


def main(what, argv, pages):
    parser = argparse.ArgumentParser(prog=f"bench/run {what}", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it works")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=2)
    args = parser.parse_args(argv)
    if args.quick:
        args.rounds, args.seconds = 1, 1
    for tool in ("nginx", "wrk"):
        if not shutil.which(tool):
            die(f"needs {tool} (the Debian package of that name)")
    if not FLYBALL.exists():
        die("build/flyball is missing: script/bootstrap builds it")
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder:
        workers = min(os.cpu_count(), 4)
        if what == "shadow":
            shadow(args, pathlib.Path(folder), workers, pages)
        else:
            redact(args, pathlib.Path(folder), workers)
