"""bench/run llm [--quick] [--rounds N] [--seconds S] [--no-write]

What governing calls to models costs: requests of 1 KB and 150 KB, answers buffered and streamed, through nginx and
HAProxy as plain proxies, through the Portkey gateway, and through Flyball with everything on (key, policy with limits
in dollars, tokens and requests, hold, journal, record with tokens and price, usage asked for in streams). All in one
run, in turn, in front of the same vendor. Ratios are to nginx.

Writes bench/llm.md and the raw figures, bench/llm.json. Needs nginx, haproxy, wrk, node and npm.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from rig import BUILD, CONNECTIONS, FLYBALL, HERE, Daemon, die, free_port, machine, nginx, say, stop, wait_for_port, wrk

PORTKEY = "@portkey-ai/gateway@1.15.2"
MODEL = "gpt-4o-mini"
CHUNKS = 64

VENDOR_CONF = """
{user} daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.log crit; worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off; client_body_temp_path {folder}/{name}-body; client_body_buffer_size 256k; client_max_body_size 0;
    keepalive_requests 1000000000; types {{ }} default_type "{type}";
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /v1/chat/completions {{ root {folder}/{name}; error_page 405 =200 $uri; }}
    }}
}}
"""
NGINX_CONF = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log crit; worker_processes {workers};
events {{ worker_connections 4096; }}
http {{
    access_log off; client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-temp;
    client_body_buffer_size 256k; client_max_body_size 0; keepalive_requests 1000000000;
    upstream buffered {{ server 127.0.0.1:{buffered}; keepalive 256; keepalive_requests 1000000000; }}
    upstream streamed {{ server 127.0.0.1:{streamed}; keepalive 256; keepalive_requests 1000000000; }}
    proxy_http_version 1.1; proxy_set_header Connection "";
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location /buffered/ {{ proxy_pass http://buffered/; }}
        location /streamed/ {{ proxy_pass http://streamed/; proxy_buffering off; }}
    }}
}}
"""
HAPROXY_CONF = """
global
    nbthread {workers}
    maxconn 4096
defaults
    mode http
    http-reuse always
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend agents
    bind 127.0.0.1:{port}
    use_backend buffered if {{ path_beg /buffered/ }}
    default_backend streamed
backend buffered
    http-request replace-path /buffered(/.*) \\1
    server vendor 127.0.0.1:{buffered}
backend streamed
    http-request replace-path /streamed(/.*) \\1
    server vendor 127.0.0.1:{streamed}
"""
WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
{headers}
local file = io.open("{body}", "rb")
wrk.body = file:read("*all")
file:close()
"""


def request_body(size, is_streamed):
    """A chat of one long question; its words differ, so that nothing shortens it."""
    words = " ".join(f"word{i % 7919}" for i in range(size // 6))
    body = {"model": MODEL, "max_tokens": 256, "messages": [{"role": "user", "content": ""}]}
    if is_streamed:
        body["stream"] = True
    body["messages"][0]["content"] = words[:size - len(json.dumps(body))]
    return json.dumps(body)


def answer_buffered():
    return json.dumps({
        "id": "chatcmpl-bench", "object": "chat.completion", "created": 1760000000, "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "word " * 200}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 220, "completion_tokens": 200, "total_tokens": 420,
                  "prompt_tokens_details": {"cached_tokens": 0}}})


def answer_streamed():
    def chunk(**fields):
        return "data: " + json.dumps({"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1760000000,
                                      "model": "gpt-4o-mini-2024-07-18", **fields}) + "\n\n"
    delta = chunk(choices=[{"index": 0, "delta": {"content": "word word word "}, "finish_reason": None}])
    deltas = [delta] * CHUNKS
    end = chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
    usage = chunk(choices=[], usage={"prompt_tokens": 220, "completion_tokens": 192, "total_tokens": 412})
    return "".join(deltas) + end + usage + "data: [DONE]\n\n"


@contextlib.contextmanager
def process(name, command, port, folder, **options):
    with open(folder / f"{name}.log", "ab") as log:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
    try:
        wait_for_port(port, child)
        yield child
    finally:
        stop(child)


def vendor(folder, name, port, answer, content_type):
    user = "user root;" if os.geteuid() == 0 else ""  # who may read the answer
    place = folder / name / "v1" / "chat"
    place.mkdir(parents=True)
    (place / "completions").write_text(answer)
    conf = VENDOR_CONF.format(user=user, folder=folder, name=name, port=port, type=content_type)
    return nginx(folder, name, conf, port)


def portkey_installed():
    """The gateway from npm, kept in the build folder between runs."""
    place = BUILD / "bench" / "portkey"
    start = place / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not start.exists():
        say("npm install " + PORTKEY)
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", str(place), "--no-audit", "--no-fund", "--ignore-scripts",
                        PORTKEY], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return start


def cpu_seconds(pid):
    """User and system time of a process and of its children that still live."""
    ticks = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(path.parent.name) == pid or int(fields[1]) == pid:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Side:
    """One way to the vendor: a process, and for each kind of answer a URL and header fields."""

    def __init__(self, name, pid, urls, headers=None):
        self.name, self.pid, self.urls, self.headers = name, pid, urls, headers or {}

    def ask(self, folder, kind, body, seconds):
        script = folder / f"{self.name}-{kind}-{body.stem}.lua"
        fields = {**self.headers.get(kind, {}), **self.headers.get("all", {})}
        script.write_text(WRK_SCRIPT.format(
            body=body, headers="\n".join(f'wrk.headers["{k}"] = "{v}"' for k, v in fields.items())))
        before = cpu_seconds(self.pid)
        rate = wrk(self.urls[kind], seconds, None, script)
        return rate, (cpu_seconds(self.pid) - before) / (rate * seconds) * 1e6


def works(side, folder, kind, body):
    """A peer that answers this kind of request with errors is left out of the cell; we never are."""
    try:
        side.ask(folder, kind, body, 1)
    except SystemExit as failure:
        if side.name == "flyball":
            raise
        say(f"{side.name} left out: {str(failure).splitlines()[0]}")
        return False
    return True


def measure_cell(sides, folder, kind, body, rounds, seconds):
    sides = [s for s in sides if works(s, folder, kind, body)]
    rates, cpu = {s.name: [] for s in sides}, {s.name: [] for s in sides}
    for i in range(rounds):
        for side in sides if i % 2 == 0 else reversed(sides):
            rate, us = side.ask(folder, kind, body, seconds)
            rates[side.name].append(rate)
            cpu[side.name].append(us)
    return {name: {"rounds": rates[name], "median": statistics.median(rates[name]),
                   "cpu_us": statistics.median(cpu[name]),
                   "to_nginx": statistics.median(a / b for a, b in zip(rates[name], rates["nginx"]))}
            for name in rates}


def flyball_side(stack, folder, ports, workers):
    config = folder / "flyball.yaml"
    config.write_text("vendors:\n" + "".join(
        f'  {kind}: {{connector: openai, base_url: "http://127.0.0.1:{ports[kind]}", secret: "env:OPENAI_API_KEY"}}\n'
        for kind in ("buffered", "streamed")))
    os.environ["OPENAI_API_KEY"] = "sk-bench"
    daemon = Daemon(config, folder / "data", workers)
    stack.callback(daemon.stop)
    daemon.cli("policy", "apply", str(HERE / "llm_policy.yaml"))
    key = daemon.cli("key", "create", "--agent", "bench", "--mode", "test")["key"]
    base = f"http://127.0.0.1:{daemon.port}"
    urls = {kind: f"{base}/{kind}/v1/chat/completions" for kind in ("buffered", "streamed")}
    return daemon, Side("flyball", daemon.process.pid, urls, {"all": {"Authorization": f"Bearer {key}"}})


def peers(stack, folder, ports, workers):
    def urls(port):
        return {kind: f"http://127.0.0.1:{port}/{kind}/v1/chat/completions" for kind in ("buffered", "streamed")}
    port = free_port()
    ngx = stack.enter_context(nginx(folder, "nginx", NGINX_CONF.format(folder=folder, port=port, workers=workers,
                                                                      **ports), port))
    sides = [Side("nginx", ngx.pid, urls(port))]
    port = free_port()
    (folder / "haproxy.cfg").write_text(HAPROXY_CONF.format(port=port, workers=workers, **ports))
    hap = stack.enter_context(process("haproxy", ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], port, folder))
    sides.append(Side("haproxy", hap.pid, urls(port)))
    start, port = portkey_installed(), free_port()
    hosts = ",".join(f"127.0.0.1:{p}" for p in ports.values())
    node = stack.enter_context(process("portkey", ["node", str(start), f"--port={port}", "--headless"], port, folder,
                                       env=os.environ | {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1," + hosts}))
    sides.append(Side("portkey", node.pid, {k: f"http://127.0.0.1:{port}/v1/chat/completions" for k in ports}, {
        "all": {"Authorization": "Bearer sk-bench", "x-portkey-provider": "openai"},
        **{k: {"x-portkey-custom-host": f"http://127.0.0.1:{p}/v1"} for k, p in ports.items()}}))
    return sides


def measure(args, folder, workers):
    ports = {"buffered": free_port(), "streamed": free_port()}
    results = {"machine": machine(), "workers": workers, "connections": CONNECTIONS, "seconds": args.seconds,
               "rounds": args.rounds, "portkey": PORTKEY, "cells": {}}
    with contextlib.ExitStack() as stack:
        stack.enter_context(vendor(folder, "buffered", ports["buffered"], answer_buffered(), "application/json"))
        stack.enter_context(vendor(folder, "streamed", ports["streamed"], answer_streamed(), "text/event-stream"))
        sides = peers(stack, folder, ports, workers)
        daemon, side = flyball_side(stack, folder, ports, workers)
        sides.append(side)
        results["memory_idle_kib"] = daemon.memory()
        for size, label in ((1024, "1 KB"), (150 * 1024, "150 KB")):
            for kind in ("buffered", "streamed"):
                say(f"{label}, {kind}")
                body = folder / f"{kind}-{size}.json"
                body.write_text(request_body(size, kind == "streamed"))
                results["cells"][f"{label}, {kind}"] = measure_cell(sides, folder, kind, body, args.rounds,
                                                                    args.seconds)
        results["memory_loaded_kib"] = daemon.memory()
        calls = daemon.cli("calls", "--limit", "1")["calls"][0]
        results["last_call"] = {k: calls.get(k) for k in ("outcome", "tokens", "settled", "additions", "stream_end")}
    return results


def page(r):
    names = ["nginx", "haproxy", "portkey", "flyball"]

    def row(cell, figures, field, form):
        texts = [form.format(figures[n][field]) if n in figures else "fails" for n in names]
        return f"| {cell} | " + " | ".join(texts)

    def ratios(figures):
        ours, portkey = figures["flyball"], figures.get("portkey")
        to_portkey = f"{ours['median'] / portkey['median']:.1f}" if portkey else "-"
        return f" | **{ours['to_nginx']:.2f}** | {to_portkey} |"
    rows = [row(cell, f, "median", "{:,.0f}") + ratios(f) for cell, f in r["cells"].items()]
    cpu = [row(cell, f, "cpu_us", "{:.0f}") + " |" for cell, f in r["cells"].items()]
    return (HERE / "llm_page.md").read_text().format(
        r=r, m=r["machine"], versions="; ".join(r["machine"]["versions"].values()), rows="\n".join(rows),
        cpu="\n".join(cpu), idle=r["memory_idle_kib"]["VmRSS"] / 1024, highest=r["memory_loaded_kib"]["VmHWM"] / 1024,
        loaded=r["memory_loaded_kib"]["VmRSS"] / 1024, call=json.dumps(r["last_call"]))


def main(argv):
    parser = argparse.ArgumentParser(prog="bench/run llm", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="short rounds; prints the page, writes nothing")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--no-write", action="store_true")
    args = parser.parse_args(argv)
    if args.quick:
        args.rounds, args.seconds, args.no_write = 1, 1, True
    for tool in ("nginx", "haproxy", "wrk", "node", "npm"):
        if not shutil.which(tool):
            die(f"needs {tool}")
    if not FLYBALL.exists():
        die("build/flyball is missing: script/bootstrap builds it")
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder:
        results = measure(args, pathlib.Path(folder), min(os.cpu_count(), 4))
    print(page(results))
    if not args.no_write:
        (HERE / "llm.json").write_text(json.dumps(results, indent=1) + "\n")
        (HERE / "llm.md").write_text(page(results))
