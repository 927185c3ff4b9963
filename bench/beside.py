"""bench/run shadow | redact [--quick] [--rounds N] [--seconds S]

What one more thing costs, end to end: the same traffic through the same daemon under two keys, whose documents differ
in that thing alone, in turn. Printed are requests a second, the CPU of the daemon for one request, and the ratio of
the two rates, which is the median over the rounds.

`shadow`: reads and refunds of bench/policy.yaml, with and without a document in shadow that has six rules, four of them
under conditions, and five limits.
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
from rig import BUILD, FLYBALL, HERE, Daemon, die, free_port, nginx, wrk

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
REDACT = ("redact:\n  all: {detect: [email, phone, card, iban], at: [request, response, log]}\n"
          "rules:\n  - {id: chat, effect: permit, match: {layer: [llm], model: [gpt-4o-mini]}, redact: [all]}\n")


def named(text, name):
    """The document under another name."""
    return text.replace("{name: default,", f"{{name: {name},")


def key_under(daemon, folder, name, *documents):
    for i, text in enumerate(documents):
        path = folder / f"{name}-{i}.yaml"
        path.write_text(text)
        daemon.cli("policy", "apply", str(path))
    return daemon.cli("key", "create", "--agent", f"bench-{name}", "--policy", name, "--mode", "test")["key"]


def measure(ask, sides, rounds):
    """ask(side): (requests a second, CPU microseconds a request). The first of `sides` is without, the second with."""
    rates, cpu = {s: [] for s in sides}, {s: [] for s in sides}
    for side in sides:
        ask(side)  # connections, files and counters are there
    for i in range(rounds):
        for side in sides if i % 2 == 0 else reversed(sides):
            rate, us = ask(side)
            rates[side].append(rate)
            cpu[side].append(us)
    plain, more = sides
    return {"rate": [statistics.median(rates[s]) for s in sides], "cpu_us": [statistics.median(cpu[s]) for s in sides],
            "ratio": statistics.median(b / a for a, b in zip(rates[plain], rates[more]))}


def row(label, r):
    (plain, more), (plain_us, more_us) = r["rate"], r["cpu_us"]
    print(f"{label:18} {plain:12,.0f} {more:12,.0f} {r['ratio']:8.3f} {plain_us:12.1f} {more_us:12.1f}", flush=True)


def head(what):
    print(f"{'':18} {'plain req/s':>12} {what + ' req/s':>12} {'ratio':>8} {'plain us':>12} {what + ' us':>12}")


def stripe(stack, folder, pages):
    """A vendor with one fixed answer a path; returns its port."""
    port = free_port()
    stack.enter_context(nginx(folder, "vendor", pages["conf"].format(folder=folder, port=port, **pages["answers"]),
                              port))
    return port


def shadow(args, folder, workers, pages):
    with contextlib.ExitStack() as stack:
        config = folder / "flyball.yaml"
        config.write_text(f'vendors: {{stripe: {{base_url: "http://127.0.0.1:{stripe(stack, folder, pages)}", '
                          'secret: "env:STRIPE_SECRET_KEY"}}\n')
        daemon = Daemon(config, folder / "data", workers)
        stack.callback(daemon.stop)
        text = (HERE / "policy.yaml").read_text()
        keys = {"plain": key_under(daemon, folder, "plain", named(text, "plain")),
                "watched": key_under(daemon, folder, "watched", named(text, "watched"), SHADOW)}

        def ask_of(path, script):
            def ask(side):
                before = cpu_seconds(daemon.process.pid)
                rate = wrk(f"http://127.0.0.1:{daemon.port}/stripe{path}", args.seconds, keys[side], script)
                return rate, (cpu_seconds(daemon.process.pid) - before) / (rate * args.seconds) * 1e6
            return ask
        head("shadow")
        row("reads", measure(ask_of("/v1/charges/ch_bench", None), list(keys), args.rounds))
        row("money calls", measure(ask_of("/v1/refunds", HERE / "refund.lua"), list(keys), args.rounds))
        last = daemon.cli("calls", "--limit", "100")["calls"]
        if not any(call["shadow"] for call in last):
            die("no call of the run has a verdict beside its own")


def redact(args, folder, workers):
    subprocess.run(["ninja", "-C", str(BUILD), "bench/bench_redact"], check=True, stdout=subprocess.DEVNULL)
    os.environ["OPENAI_API_KEY"] = "sk-bench"
    with contextlib.ExitStack() as stack:
        port = free_port()
        stack.enter_context(vendor(folder, "openai", port, answer_buffered(), "application/json"))
        config = folder / "flyball.yaml"
        config.write_text(f'vendors: {{openai: {{base_url: "http://127.0.0.1:{port}", '
                          'secret: "env:OPENAI_API_KEY"}}\n')
        daemon = Daemon(config, folder / "data", workers)
        stack.callback(daemon.stop)
        text = (HERE / "llm_policy.yaml").read_text()
        without = re.sub(r"^rules:\n.*\n", REDACT, named(text, "clean"), count=1, flags=re.M)
        keys = {"plain": key_under(daemon, folder, "plain", named(text, "plain")),
                "clean": key_under(daemon, folder, "clean", without)}
        url = f"http://127.0.0.1:{daemon.port}/openai/v1/chat/completions"
        sides = {name: Side(name, daemon.process.pid, {"buffered": url}, {"all": {"Authorization": f"Bearer {key}"}})
                 for name, key in keys.items()}
        head("redact")
        for size, label in ((1024, "1 KB"), (150 * 1024, "150 KB")):
            body = folder / f"buffered-{size}.json"
            body.write_text(personal_body(size))
            row(label, measure(lambda name: sides[name].ask(folder, "buffered", body, args.seconds), list(keys),
                               args.rounds))
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
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=int, default=4)
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
