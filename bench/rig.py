"""What every benchmark needs: peers and the daemon started and ended, load put on them, the machine described."""
import contextlib
import json
import os
import pathlib
import platform
import re
import select
import signal
import socket
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent
BUILD = TOP / "build"
FLYBALL = BUILD / "flyball"
CONNECTIONS = 64


def die(text):
    sys.exit(f"bench/run: {text}")


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process):
    for _ in range(200):
        if process.poll() is not None:
            die(f"{process.args[0]} ended with status {process.returncode}")
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    die(f"nothing listens on port {port}")


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def nginx(folder, name, conf, port):
    path = folder / f"{name}.conf"
    path.write_text(conf)
    process = subprocess.Popen(["nginx", "-p", str(folder), "-e", str(folder / f"{name}.log"), "-c", str(path)],
                               stdin=subprocess.DEVNULL)
    try:
        wait_for_port(port, process)
        yield process
    finally:
        stop(process)


class Daemon:
    """flyball serve --json on a data folder, until its ready line (or, with `wait` false, just started)."""

    def __init__(self, config, folder, workers):
        started = time.monotonic()
        self.log = open(folder.parent / "flyball.log", "ab")
        self.process = subprocess.Popen(
            [FLYBALL, "serve", "--json", "--config", config, "--dir", folder, "--workers", str(workers),
             "--listen-data", "127.0.0.1:0", "--listen-admin", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
            env=os.environ | {"STRIPE_SECRET_KEY": "sk_test_bench"})
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        line = self.process.stdout.readline() if ready else b""
        self.start_ms = (time.monotonic() - started) * 1000
        if not line:
            stop(self.process)
            die(f"flyball serve did not become ready: see {self.log.name}\n" + open(self.log.name).read()[-2000:])
        self.info = json.loads(line)
        self.folder = folder
        self.port = int(self.info["data"].rsplit(":", 1)[1])

    def cli(self, *args):
        ran = subprocess.run([FLYBALL, *args, "--json"], capture_output=True, text=True, timeout=30, check=False,
                             env=os.environ | {"FLYBALL_DIR": str(self.folder), "FLYBALL_ADMIN": self.info["admin"]})
        if ran.returncode:
            die(f"flyball {' '.join(args)}: {ran.stdout}{ran.stderr}")
        return json.loads(ran.stdout)

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return {name: int(re.search(rf"^{name}:\s+(\d+)", status, re.M).group(1)) for name in ("VmRSS", "VmHWM")}

    def stop(self):
        stop(self.process)
        self.process.stdout.close()
        self.log.close()


def wrk(url, seconds, key=None, script=None):
    """Requests a second. Any answer that is not 2xx makes the figure worthless, so it ends the run."""
    command = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s"]
    if key:
        command += ["-H", f"Authorization: Bearer {key}"]
    if script:
        command += ["-s", str(script)]
    command += [url]
    if script:
        command += ["--", str(time.time_ns())]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=False)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", ran.stdout)
    if ran.returncode or not rate or "Non-2xx" in ran.stdout or "Socket errors" in ran.stdout:
        die(f"wrk {url}:\n{ran.stdout}{ran.stderr}")
    return float(rate.group(1))


def throughput(sides, rounds, seconds, script=None):
    """sides: {name: (url, key)}; asked in turn, and in the opposite order in every second round."""
    figures = {name: [] for name in sides}
    for i in range(rounds):
        for name in (list(sides) if i % 2 == 0 else list(reversed(sides))):
            url, key = sides[name]
            figures[name].append(wrk(url, seconds, key, script))
    result = {name: {"rounds": values, "median": statistics.median(values)} for name, values in figures.items()}
    if "flyball" in sides:
        ratios = [a / b for a, b in zip(figures["flyball"], figures["nginx"])]
        result["ratio"] = {"rounds": ratios, "median": statistics.median(ratios)}
    return result


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    first = {"nginx": ["nginx", "-v"], "wrk": ["wrk", "-v"], "gcc": ["gcc", "--version"]}
    versions = {}
    for name, command in first.items():
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        versions[name] = (ran.stdout + ran.stderr).splitlines()[0].split("Copyright")[0].strip()
    if FLYBALL.exists():
        ran = subprocess.run([FLYBALL, "version"], capture_output=True, text=True, check=False)
        versions["flyball"] = ran.stdout.strip().splitlines()[0] if ran.stdout.strip() else "?"
    commit = subprocess.run(["git", "-C", TOP, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=False)
    return {"cpu": cpu.group(1) if cpu else platform.machine(), "cores": os.cpu_count(),
            "memory_mib": int(memory.group(1)) // 1024, "kernel": platform.release(), "load_before": os.getloadavg()[0],
            "versions": versions, "commit": commit.stdout.strip(), "date": time.strftime("%Y-%m-%d", time.gmtime())}
