#!/usr/bin/env python3
"""heimgate beside nginx in the same minutes on the same machine, as a table.

    bench.py [--quick]     --quick: shorter runs, for trying things out

Both stand in front of the same mock model server and are driven by the same wrk line.  heimgate has a key with
limits, and audit on.  Figures are ratios within one run, because absolute times say more about the machine.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
import suite  # noqa: E402

QUICK = "--quick" in sys.argv[1:]
ROUNDS, SECONDS, SOAK = (1, 2, 10) if QUICK else (5, 4, 60)
STREAMS, CHUNKS, RATE = 300, 200, 20
LIMITS = {"rpm": 4000000000, "tpm": 4000000000, "concurrency": 100000, "budget": "1000000000000/month"}
MODELS = {"upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "slots": 1000, "acquire_timeout_ms": 10000}},
          "models": {"*": {"targets": [{"upstream": "mock"}]}}}

NGINX = """
worker_processes auto;
pid {directory}/nginx.pid;
error_log {directory}/nginx.err;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    upstream model {{ server 127.0.0.1:{upstream}; keepalive 512; }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        keepalive_requests 1000000;
        location / {{
            proxy_pass http://model;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""

WRK = """
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer KEY"
wrk.body = '{"model":"size-700","messages":[{"role":"user","content":"' .. string.rep("x", 950) .. '"}]}'
done = function(summary, latency)
    local e = summary.errors
    io.stderr:write(string.format('{"rate": %.1f, "p50": %d, "p99": %d, "errors": %d}\\n',
        summary.requests * 1e6 / summary.duration, latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
"""

rows = []


def say(text):
    print(text, file=sys.stderr, flush=True)


def row(what, measured, wanted="", met=None):
    rows.append((what, measured, wanted, {None: "", True: "met", False: "MISSED"}[met]))


class Nginx:
    def __init__(self, directory, upstream):
        self.port = suite.free_port()
        self.conf = os.path.join(directory, "nginx.conf")
        with open(self.conf, "w", encoding="ascii") as file:
            file.write(NGINX.format(directory=directory, upstream=upstream, port=self.port))
        self.process = suite.Process("nginx", ["nginx", "-c", self.conf, "-g", "daemon off;"],
                                     os.path.join(directory, "nginx.log"))
        suite.until(self.answers, "nginx answering")

    def answers(self):
        try:
            return suite.http_call(self.port, "GET", "/v1/models").status == 200
        except OSError:
            return False


def wrk(port, script, connections, seconds=SECONDS):
    threads = 1 if connections == 1 else 2
    done = subprocess.run(["wrk", "-t%d" % threads, "-c%d" % connections, "-d%ds" % seconds, "-s", script,
                           "http://127.0.0.1:%d" % port], capture_output=True, text=True, check=True)
    return json.loads(done.stderr.strip().splitlines()[-1])


def round_trip():
    return float(subprocess.run([os.path.join(suite.BIN, "bench-roundtrip")], capture_output=True, check=True).stdout)


def throughput(gate, nginx, script):
    ours, theirs, errors = [], [], 0
    for turn in range(ROUNDS):
        say("64 connections, round %d of %d" % (turn + 1, ROUNDS))
        theirs.append(wrk(nginx.port, script, 64)["rate"])
        result = wrk(gate.port, script, 64)
        ours.append(result["rate"])
        errors += result["errors"]
    ratio = statistics.median(a / b for a, b in zip(ours, theirs))
    row("c=64, 1 KB: nginx", "%.0f/s" % statistics.median(theirs))
    row("c=64, 1 KB: heimgate", "%.0f/s" % statistics.median(ours))
    row("c=64: heimgate / nginx", "%.2f" % ratio, "at least 0.25", ratio >= 0.25)
    row("c=64: errors", str(errors), "none", errors == 0)


def shares(log):
    """Mean microseconds of each hop, from edge's lines about requests."""
    fields = {"auth_us": [], "limit_us": [], "proxy_us": [], "upstream_us": [], "total_us": []}
    for line in log.splitlines():
        if " event=request " in line:
            for word in line.split():
                name, _, value = word.partition("=")
                if name in fields:
                    fields[name].append(int(value))
    mean = {name: statistics.median(values) if values else 0.0 for name, values in fields.items()}
    hops = {"authd": mean["auth_us"], "limiterd": mean["limit_us"],
            "proxyd": mean["proxy_us"] - mean["upstream_us"], "upstream": mean["upstream_us"]}
    hops["edge"] = mean["total_us"] - sum(hops.values())
    return hops, mean["total_us"]


def latency(gate, nginx, script):
    added, raw, theirs = [], [], []
    before = len(gate.log("edge"))
    for turn in range(ROUNDS):
        say("one connection, round %d of %d" % (turn + 1, ROUNDS))
        raw.append(round_trip())
        direct = wrk(gate.mock.port, script, 1)["p50"]
        theirs.append(wrk(nginx.port, script, 1)["p50"] - direct)
        added.append(wrk(gate.port, script, 1)["p50"] - direct)
    ratio = statistics.median(a / r for a, r in zip(added, raw))
    row("c=1: raw unix-socket round trip", "%.0f us" % statistics.median(raw))
    row("c=1: added by nginx, median", "%.0f us" % statistics.median(theirs))
    row("c=1: added by heimgate, median", "%.0f us" % statistics.median(added))
    row("c=1: added / round trip", "%.1f" % ratio, "at most 8", ratio <= 8)
    hops, total = shares(gate.log("edge")[before:])
    for name in ("edge", "authd", "limiterd", "proxyd", "upstream"):
        row("c=1: time in %s" % name, "%.0f us" % hops[name], "%.0f %%" % (100 * hops[name] / max(total, 1)))


def resident(gate):
    return sum(process.resident_kib() for process in gate.running.values()) / 1024


class Sampler(threading.Thread):
    """The five daemons' resident memory, several times a second."""

    def __init__(self, gate):
        super().__init__(daemon=True)
        self.gate, self.samples, self.over = gate, [], threading.Event()

    def run(self):
        while not self.over.wait(0.2):
            self.samples.append((time.monotonic(), resident(self.gate)))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def read_streams(port, key):
    done = subprocess.run([os.path.join(suite.BIN, "bench-streams"), "127.0.0.1", str(port), key,
                           "stream-%dx%d" % (CHUNKS, RATE), str(STREAMS), str(RATE)],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def streams(gate, key):
    say("%d streams of %d chunks, direct" % (STREAMS, CHUNKS))
    direct = read_streams(gate.mock.port, key)
    say("the same through heimgate")
    with Sampler(gate) as sampler:
        ours = read_streams(gate.port, key)
    same = ours["sha256"] == direct["sha256"] and ours["alike"] == STREAMS
    peak = max(mib for _, mib in sampler.samples)
    row("%d streams x %d chunks: complete" % (STREAMS, CHUNKS), str(ours["complete"]), "all",
        ours["complete"] == STREAMS)
    row("streams: bytes equal to the upstream's", "yes" if same else "no", "yes", same)
    row("streams: added delay per chunk, 95th percentile", "%.1f ms" % ((ours["p95_us"] - direct["p95_us"]) / 1000))
    row("memory of the five, under the streams", "%.1f MiB" % peak, "at most 96 MiB", peak <= 96)


def soak(gate, script):
    say("soak, %d s" % SOAK)
    wrk(gate.port, script, 64, 3)
    with Sampler(gate) as sampler:
        result = wrk(gate.port, script, 16, SOAK)
    third = len(sampler.samples) // 3
    first = statistics.median(mib for _, mib in sampler.samples[:third])
    last = statistics.median(mib for _, mib in sampler.samples[-third:])
    row("soak of %d s: errors" % SOAK, str(result["errors"]), "none", result["errors"] == 0)
    row("soak: memory, first and last third", "%.1f, %.1f MiB" % (first, last), "flat: within 2 MiB",
        last - first <= 2)


def start_up():
    times = []
    for _ in range(ROUNDS):
        gate = suite.Suite(models=MODELS)
        start = time.monotonic()
        with gate:
            times.append((time.monotonic() - start) * 1000)
    median = statistics.median(times)
    row("from exec to all ready, median", "%.0f ms" % median, "at most 300 ms", median <= 300)


def show():
    widths = [max(len(r[i]) for r in rows) for i in range(4)]
    for cells in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip())
    return 1 if any(r[3] == "MISSED" for r in rows) else 0


def main():
    start_up()
    with suite.Suite(models=MODELS) as gate:
        gate.wait_serving()
        idle = resident(gate)
        row("memory of the five, idle", "%.1f MiB" % idle, "at most 40 MiB", idle <= 40)
        key = gate.make_key(**LIMITS)
        script = os.path.join(gate.directory, "wrk.lua")
        with open(script, "w", encoding="ascii") as file:
            file.write(WRK.replace("KEY", key))
        nginx = Nginx(gate.directory, gate.mock.port)
        latency(gate, nginx, script)
        throughput(gate, nginx, script)
        streams(gate, key)
        soak(gate, script)
        nginx.process.end()
    return show()


if __name__ == "__main__":
    sys.exit(main())
