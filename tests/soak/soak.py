#!/usr/bin/env python3
"""What heimgate bears, and how it comes back: soak.py [ROUNDS of kill -9]; a table of what was seen at the end.

Each part ends with a check that honest callers are served as before.  Needs root (a full disk is a small tmpfs) and
slowhttptest.  Ends with 1 when a check failed.
"""

import contextlib
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import time

import kills
import suite
import tap
import traffic

import nngipc

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
SLOW_CLIENTS, SLOW_SECONDS = 1500, 20
CHAT = "/v1/chat/completions"
IDLE, SHORT = 2000, 10000
QUIET = 500  # answers, whole and streamed, before anything else is done
WINDOW = 8192  # records that a daemon keeps until they are acknowledged
# All of them come from one address here.
ROOMY = {
    "HEIMGATE_CONNECTIONS": "4096",
    "HEIMGATE_CONNECTIONS_PER_ADDRESS": "4096",
    "HEIMGATE_IDLE_TIMEOUT_MS": "10000",
}
MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama"}},
    "models": {"m": {"targets": [{"upstream": "mock"}]}, "*": {"targets": [{"upstream": "mock"}]}},
}
TABLE = []


def outcomes(load):
    counts = {}
    for result in load.results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    slowest = max(result.ended - result.began for result in load.results)
    return ", ".join("%d %s" % (count, name) for name, count in sorted(counts.items())), slowest


def row(part, did, seen, recovery):
    TABLE.append((part, did, seen, recovery))


def median(results):
    return statistics.median(result.ended - result.began for result in results)


def beside(s, key, part, did, work, within=None):
    """Honest clients from before the work to after it, what they met, and how much longer it took them meanwhile."""
    load = traffic.Traffic(s, key, clients=4).start()
    load.await_more(QUIET)
    quiet = len(load.results)
    seen = work()
    began = time.monotonic()
    meanwhile = load.results[quiet:]
    load.await_more(3)
    recovery = time.monotonic() - began
    load.stop()
    traffic.check_outcomes(load, ("complete",))
    times = median(meanwhile) / median(load.results[:quiet])
    if within:
        tap.ok(times <= within, "%s: honest clients' answers take %.1f times as long as in quiet" % (part, times))
    met, slowest = outcomes(load)
    largest = max(process.resident_kib() for process in s.running.values()) // 1024
    told = "%s; honest: %s, median %.1f times that in quiet, slowest %.2f s; largest daemon %d MiB"
    row(part, did, told % (seen, met, times, slowest, largest), recovery)


# --- slow clients ---


def slow(s, path, mode, *options):
    """slowhttptest's own summary of its connections."""
    argv = ["slowhttptest", mode, "-c", str(SLOW_CLIENTS), "-r", "500", "-l", str(SLOW_SECONDS), "-p", "3", *options]
    url = "http://127.0.0.1:%d%s" % (s.port, path)
    done = subprocess.run([*argv, "-u", url], capture_output=True, text=True, check=False, timeout=300)
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", done.stdout)
    states = re.findall(r"^(connected|error|closed|service available):\s+(\w+)", plain, re.M)
    tap.is_(dict(states).get("service available"), "YES", "%s: the service was there to the end" % mode)
    most = max(int(count) for state, count in states if state == "connected")
    ending = re.findall(r"^Exit status:\s*(.*?)\s*$", plain, re.M)
    return "at most %d at one time, %s" % (most, " ".join(ending) or "no ending told")


def trickle(s, key):
    """slowhttptest's bodies are no JSON, and refused at once; these are, and come byte by byte."""
    request = suite.request_bytes(key, suite.chat_body("m", "x" * 65536))
    clients = [s.raw(request[:-60000]) for _ in range(SLOW_CLIENTS)]
    began = time.monotonic()
    while time.monotonic() < began + SLOW_SECONDS:
        for each in clients:
            each.send(b"x")
        time.sleep(1.0)
    for each in clients:
        each.close()
    return "all of them at one time"


def slow_clients():
    with suite.Suite(env=ROOMY) as s:
        key = s.make_key()
        signed = "\r\nAuthorization: Bearer " + key  # behind a header that it lets one set
        did = "%d connections, %d s" % (SLOW_CLIENTS, SLOW_SECONDS)
        for name, options in (
            ("slow headers", ("/v1/models", "-H", "-i", "2", "-x", "16")),
            ("bodies, no JSON", (CHAT, "-B", "-i", "2", "-x", "16", "-s", "65536", "-f", "application/json" + signed)),
            ("slow readers", ("/v1/models", "-X", "-k", "8", "-n", "2", "-y", "16", "-z", "8", "-m", "*/*" + signed)),
        ):
            beside(s, key, name, did, lambda options=options: slow(s, *options), within=2)
        beside(s, key, "slow bodies", did, lambda: trickle(s, key), within=2)


# --- many connections ---


def hold_idle(s):
    idle = [s.raw() for _ in range(IDLE)]
    answers = [s.chat(s.make_key(), "m").status for _ in range(20)]
    tap.is_(answers, [200] * 20, "beside %d connections that say nothing callers are served" % IDLE)
    began = time.monotonic()
    for each in idle:
        suite.read_until_closed(each)
        each.close()
    return "all closed by edge %.1f s later" % (time.monotonic() - began)


def come_and_go(s):
    """Each with one request of its own."""

    def some(_):
        return sum(s.http("GET", "/health").status == 200 for _ in range(SHORT // 8))

    began = time.monotonic()
    answered = sum(suite.together(8, some))
    tap.is_(answered, SHORT, "%d connections for one request each are answered" % SHORT)
    return "%d answered, %d a second" % (answered, answered / (time.monotonic() - began))


def many_connections():
    with suite.Suite(env=ROOMY) as s:
        key = s.make_key()
        beside(s, key, "idle", "%d connections" % IDLE, lambda: hold_idle(s))
        beside(s, key, "short", "%d connections" % SHORT, lambda: come_and_go(s))


# --- no disk ---


def fill(s, ballast, key):
    """Until a record has no place, in what was left of the journal's last block either."""

    def is_full():
        s.http("GET", "/v1/models", key=key)
        with open(ballast, "ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        return "event=journal-not-written" in s.log("auditd")

    suite.until(is_full, "auditd's complaint")


def ask_until_refused(s, key):
    """How many requests pass before the window of records is full."""
    passed = 0
    while (answer := s.http("GET", "/v1/models", key=key)).status == 200:
        passed += 1
    tap.is_((answer.status, answer.code), (503, "audit_unavailable"), "then callers are told why not")
    return passed


def full_disk():
    s = suite.Suite(models=MODELS)
    place = os.path.join(s.state, "auditd")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place], check=True)
    try:
        with s:
            key = s.make_key()
            before = s.chat(key, "m").headers["x-request-id"]
            suite.until(lambda: s.records(request_id=before), "a record")
            ballast = os.path.join(place, "ballast")
            fill(s, ballast, key)
            ready = s.http("GET", "/ready")
            tap.ok(ready.status == 503 and b"No space left" in ready.body, "/ready says that the disk is full")
            passed = ask_until_refused(s, key)
            tap.ok(WINDOW - 64 <= passed <= WINDOW + 64, "%d requests pass until the window is full" % passed)
            os.unlink(ballast)
            began = time.monotonic()
            s.wait_serving()
            suite.until(lambda: s.chat(key, "m").status == 200, "service")
            recovery = time.monotonic() - began
            suite.until(lambda: len(s.records(kind="request")) >= passed + 2, "all records")
            count = len(s.records(kind="request"))
            tap.is_(len({record["id"] for record in s.records()}), len(s.records()), "each record is there once")
            tap.is_(s.tool("audit", "verify", check=False).returncode, 0, "and the chain is whole")
            seen = "%d requests passed, then 503 audit_unavailable; %d records afterwards" % (passed, count)
            row("full disk", "under auditd", seen, recovery)
    finally:
        subprocess.run(["umount", "-l", place], check=True)


# --- no descriptors ---


def descriptors(process):
    return len(os.listdir("/proc/%d/fd" % process.pid))


def processor_seconds(process):
    with open("/proc/%d/stat" % process.pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def knock(s, name):
    """A tool's connection, which the daemon cannot take now."""
    sock = socket.socket(socket.AF_UNIX)
    nngipc.by_descriptor(os.path.join(s.run, "ctl-" + name, "link"), sock.connect)
    return sock


def together_once(s, key):
    """How the answers to thirty callers at once begin."""
    waiting = [s.raw(suite.request_bytes(key, suite.chat_body("m")), timeout=2.0) for _ in range(30)]
    for sock in waiting:
        try:
            yield sock.recv(4096)[9:12].decode() or "closed"
        except (TimeoutError, ConnectionError) as error:
            yield type(error).__name__
        sock.close()


def without_descriptors(s, key, name):
    process = s.running[name]
    limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (descriptors(process), limits[1]))
    spent, began = processor_seconds(process), time.monotonic()
    tools = [knock(s, name) for _ in range(4)] if name != "edge" else []
    met = {}
    for _ in range(10):
        for first in together_once(s, key):
            met[first] = met.get(first, 0) + 1
    busy = (processor_seconds(process) - spent) / (time.monotonic() - began)
    tap.ok(busy < 0.9, "%s does not turn in circles (%.0f %% of a processor)" % (name, 100 * busy))
    for each in tools:
        each.close()
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, limits)
    began = time.monotonic()
    suite.until(lambda: s.chat(key, "m").status == 200, "service with descriptors")
    s.wait_serving()
    tap.is_(s.tool("key", "list", check=False).returncode, 0, "%s: people's tools are answered again" % name)
    seen = "%s; %.0f %% of a processor" % (", ".join("%d %s" % (n, what) for what, n in met.items()), 100 * busy)
    row("no descriptors", "left to " + name, seen, time.monotonic() - began)


def no_descriptors():
    with suite.Suite() as s:
        key = s.make_key()
        for name in suite.DAEMONS:
            tap.is_(s.chat(key, "m").status, 200, "%s is about to have no descriptors" % name)
            without_descriptors(s, key, name)


# --- kill -9 ---


def killed():
    rows, answers, records = kills.run(ROUNDS)
    for name, count, slowest in rows:
        row("kill -9", "%d of %s" % (count, name), "", slowest)
    row("kill -9", "%d in all" % ROUNDS, "%d answers, %d records, none lost, none twice" % (answers, records), 0.0)


def print_table():
    print("\n%-15s %-26s %9s  %s" % ("what", "how much", "back in", "seen"))
    for part, did, seen, recovery in TABLE:
        print("%-15s %-26s %7.2f s  %s" % (part, did, recovery, seen))


for each_part in (slow_clients, many_connections, full_disk, no_descriptors, killed):
    each_part()
print_table()
