"""bench/run streams [--streams N,N...] [--seconds S] [--rounds N]

Many paced event streams of a model at once, direct, through nginx (unbuffered, where it is installed), and through
Flyball with everything on: how long the first event takes, how late each of the others is, what memory it needs. The
vendor and the client are C (bench/streams_vendor.c, bench/streams_client.c) and share the machine with what is
measured: on a busy one only the CPU time of an event means something. Prints a table; exit status 1 if any event
through Flyball was 100 ms late that was not so directly.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from llm import cpu_seconds
from rig import BUILD, FLYBALL, HERE, Daemon, die, free_port, nginx, say, stop, wait_for_port

VENDOR, CLIENT = BUILD / "bench" / "streams_vendor", BUILD / "bench" / "streams_client"
BODY = json.dumps({"model": "gpt-4o-mini", "stream": True, "max_tokens": 1000,
                   "messages": [{"role": "user", "content": "Tell me something long."}]})
INTERVALS_MS = {512: 20}  # 50 events a second; with more streams, what two cores can pace beside what is measured
INTERVAL_MS = 200
RAMP_MS = 2000
NGINX_CONF = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log crit; worker_processes {workers};
worker_rlimit_nofile 20000; events {{ worker_connections 10000; }}
http {{
    access_log off; client_body_temp_path {folder}/nginx-body; proxy_temp_path {folder}/nginx-temp;
    upstream vendor {{ server 127.0.0.1:{vendor}; keepalive 64; }}
    proxy_http_version 1.1; proxy_set_header Connection "";
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ proxy_pass http://vendor; proxy_buffering off; }}
    }}
}}
"""


@contextlib.contextmanager
def vendor(n_events, interval_ms):
    port = free_port()
    process = subprocess.Popen([VENDOR, str(port), str(n_events), str(interval_ms)], stdin=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        yield port
    finally:
        stop(process)


def flyball(stack, folder, port, workers):
    config = folder / "flyball.yaml"
    config.write_text(f'vendors: {{openai: {{base_url: "http://127.0.0.1:{port}", secret: "env:OPENAI_API_KEY"}}}}\n'
                      'limits: {pool_connections_max: 8192}\n')
    os.environ["OPENAI_API_KEY"] = "sk-bench"
    daemon = Daemon(config, folder / "data", workers)
    stack.callback(daemon.stop)
    daemon.cli("policy", "apply", str(HERE / "llm_policy.yaml"))
    return daemon, daemon.cli("key", "create", "--agent", "bench", "--mode", "test")["key"]


def ask(port, path, n_streams, *headers, pid=None):
    before = cpu_seconds(pid) if pid else 0
    ran = subprocess.run([CLIENT, f"127.0.0.1:{port}", path, BODY, str(n_streams), str(RAMP_MS), *headers],
                         capture_output=True, text=True, timeout=200, check=False)
    if not ran.stdout:
        die(f"streams_client: {ran.stderr}")
    told = json.loads(ran.stdout)
    told["cpu_us"] = (cpu_seconds(pid) - before) * 1e6 / told["late_us"]["n"] if pid else None
    if told["complete"] != n_streams:
        say(f"{n_streams - told['complete']} of {n_streams} streams did not end as they should: {ran.stderr[:500]}")
    return told


def row(name, told, direct):
    first, late, cpu = told["first_us"], told["late_us"], told["cpu_us"]
    return (f"| {name} | {first['p50']:,} / {first['p99']:,} | {first['p50'] - direct['first_us']['p50']:+,} / "
            f"{first['p99'] - direct['first_us']['p99']:+,} | {late['p50']:,} / {late['p99']:,} / {late['max']:,} | "
            f"{late['stalls'] + first['stalls']} | {told['complete']} | {f'{cpu:.1f}' if cpu else ''} |")


def measure(n_streams, seconds, rounds, workers):
    """True: no event through Flyball came 100 ms late, unless the machine itself was as late."""
    interval = INTERVALS_MS.get(n_streams, INTERVAL_MS)
    print(f"\n{n_streams} streams, an event each {interval} ms for {seconds} s; microseconds\n")
    print("| | first event, p50 / p99 | added | lateness of all, p50 / p99 / max | over 100 ms | complete "
          "| CPU an event |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    is_good = True
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD)))
        port = stack.enter_context(vendor(seconds * 1000 // interval, interval))
        daemon, key = flyball(stack, folder, port, workers)
        idle = daemon.memory()["VmRSS"]
        peer = free_port() if shutil.which("nginx") else None
        if peer:
            conf = NGINX_CONF.format(folder=folder, port=peer, vendor=port, workers=workers)
            process = stack.enter_context(nginx(folder, "nginx", conf, peer))
        for _ in range(rounds):
            direct = ask(port, "/v1/chat/completions", n_streams)
            print(row("direct", direct, direct))
            if peer:
                print(row("nginx", ask(peer, "/v1/chat/completions", n_streams, pid=process.pid), direct))
            told = ask(daemon.port, "/openai/v1/chat/completions", n_streams, f"Authorization: Bearer {key}",
                       pid=daemon.process.pid)
            print(row("flyball", told, direct), flush=True)
            stalls = [t["late_us"]["stalls"] + t["first_us"]["stalls"] for t in (told, direct)]
            is_good &= told["complete"] == n_streams and (stalls[0] == 0 or stalls[1] > 0)
        memory = daemon.memory()
        print(f"\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print(f"resident: {idle / 1024:.1f} MiB idle, {memory['VmHWM'] / 1024:.1f} MiB at most "
              f"({(memory['VmHWM'] - idle) / n_streams:.1f} KiB a stream), {memory['VmRSS'] / 1024:.1f} MiB afterwards")
        call = daemon.cli("calls", "--limit", "1")["calls"][0]
        print(f"last call: {call['outcome']}, {call['tokens']}, {call['settled']}, {call['stream_end']}")
    return is_good


def main(argv):
    parser = argparse.ArgumentParser(prog="bench/run streams", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", default="512,4096", help="how many at once, one table each")
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args(argv)
    subprocess.run(["ninja", "-C", str(BUILD), "bench/streams_vendor", "bench/streams_client"], check=True,
                   stdout=subprocess.DEVNULL)
    if not FLYBALL.exists():
        die("build/flyball is missing: script/bootstrap builds it")
    good = [measure(int(n), args.seconds, args.rounds, min(os.cpu_count(), 4)) for n in args.streams.split(",")]
    raise SystemExit(0 if all(good) else 1)
