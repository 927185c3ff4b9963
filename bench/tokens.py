"""bench/run tokens [--requests N] [--rounds N]

What an identity token adds to a call: the same read with and without `x-agent-identity`, one at a time over one kept
connection, for each algorithm; remembered by its digest, as every call with a token but its first is, and verified anew
each time (identity_cache_max: 0). Sides are asked in turn; medians over the rounds. Prints a table. Needs what the
end-to-end tests need: .venv/bin/python bench/run tokens
"""
import argparse
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

from rig import BUILD, HERE, TOP, Daemon, die, free_port, nginx

sys.path.insert(0, str(TOP / "tests" / "e2e"))

LATENCY = BUILD / "bench" / "latency"
NGINX_CONF = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log crit; worker_processes 1;
events {{ worker_connections 1000; }}
http {{
    access_log off; client_body_temp_path {folder}/body; keepalive_requests 1000000000;
    server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{{"id":"ch_1"}}'; }} }}
}}
"""


def serve(stack, folder, name, vendor, issuer, limits):
    (folder / name).mkdir()
    config = folder / name / "flyball.yaml"
    config.write_text(json.dumps({
        "vendors": {"stripe": {"base_url": f"http://127.0.0.1:{vendor}", "secret": "env:STRIPE_SECRET_KEY"}},
        "issuers": {"idp": issuer.config()}, "limits": limits}))
    daemon = Daemon(config, folder / name / "data", 1)
    stack.callback(daemon.stop)
    daemon.cli("policy", "apply", str(HERE / "policy.yaml"))
    return daemon, daemon.cli("key", "create", "--agent", "bench", "--mode", "test")["key"]


def median_us(daemon, key, n, token=None):
    headers = ["-H", f"Authorization: Bearer {key}"]
    if token:
        headers += ["-H", f"x-agent-identity: {token}"]
    ran = subprocess.run([LATENCY, "-n", str(n), "-w", "200", *headers,
                          f"it=127.0.0.1:{daemon.port}/stripe/v1/charges/ch_1"],
                         capture_output=True, text=True, timeout=120, check=False)
    if ran.returncode:
        die(f"latency: {ran.stderr}")
    return json.loads(ran.stdout)["it"]["p50_ns"] / 1000


def main(arguments):
    from issuer import MADE, Issuer
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args(arguments)
    subprocess.run(["ninja", "-C", str(BUILD), "bench/latency"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder, contextlib.ExitStack() as stack:
        folder, port, issuer = pathlib.Path(folder), free_port(), Issuer()
        stack.enter_context(nginx(folder, "vendor", NGINX_CONF.format(folder=folder, port=port), port))
        for alg in MADE:
            issuer.add(alg, alg)
        issuer.start()
        stack.callback(issuer.stop)
        sides = [serve(stack, folder, "remembered", port, issuer, {}),
                 serve(stack, folder, "anew", port, issuer, {"identity_cache_max": 0})]
        print("| algorithm | remembered, us | verified anew, us |\n|---|--:|--:|")
        for alg in MADE:
            token = issuer.token(alg)
            added = [[median_us(d, key, args.requests, token) - median_us(d, key, args.requests)
                      for _ in range(args.rounds)] for d, key in sides]
            print(f"| {alg} | {statistics.median(added[0]):+,.0f} | {statistics.median(added[1]):+,.0f} |", flush=True)
