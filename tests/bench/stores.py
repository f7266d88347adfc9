#!/usr/bin/env python3
"""heimgate on PostgreSQL and Redis beside heimgate on its embedded stores, in the same minutes on the same machine.

    stores.py [--quick]     --quick: shorter runs, for trying things out

Both suites, both servers, the mock model servers and wrk share the machine's cores.
"""

import os
import statistics
import sys
import time

import bench
import suite
from bench import row, say

sys.path.insert(0, os.path.join(os.path.dirname(bench.HERE), "tap"))
from redisserver import Redis  # noqa: E402
from servers import Postgres  # noqa: E402

ROUNDS = 1 if bench.QUICK else 5
DECISIONS = 200
DEADLINE_MS = 50


def write_script(gate):
    script = os.path.join(gate.directory, "wrk.lua")
    with open(script, "w", encoding="ascii") as file:
        file.write(bench.WRK.replace("KEY", gate.make_key(**bench.LIMITS)))
    return script


def throughput(embedded, real):
    scripts = write_script(embedded), write_script(real)
    rates, errors = ([], []), 0
    for turn in range(ROUNDS):
        say("64 connections, round %d of %d" % (turn + 1, ROUNDS))
        for gate, script, into in zip((embedded, real), scripts, rates):
            result = bench.wrk(gate.port, script, 64)
            into.append(result["rate"])
            errors += result["errors"]
    ratio = statistics.median(b / a for a, b in zip(*rates))
    row("c=64, 1 KB: embedded stores", "%.0f/s" % statistics.median(rates[0]))
    row("c=64, 1 KB: PostgreSQL and Redis", "%.0f/s" % statistics.median(rates[1]))
    row("c=64: real / embedded", "%.2f" % ratio, "at least 0.7", ratio >= 0.7)
    row("c=64: errors", str(errors), "none", errors == 0)


def round_trips(gate, redis):
    """A request that is refused is one decision and nothing else."""
    key = gate.make_key(rpm=1)
    gate.chat(key, "size-10")
    before = redis.calls()
    refused = sum(gate.chat(key, "size-10").status == 429 for _ in range(DECISIONS))
    spent = redis.calls() - before
    row("%d refusals by Redis: scripts run" % DECISIONS, str(spent), "one each",
        refused == DECISIONS and spent == DECISIONS)


def outage(gate, redis):
    """Redis stops in the middle of requests one after the other: the longest of them, beyond what is usual."""
    key = gate.make_key()

    def one():
        start = time.monotonic()
        assert gate.chat(key, "size-10").status == 200
        return (time.monotonic() - start) * 1000

    usual = max(one() for _ in range(DECISIONS))
    redis.pause()
    longest = max(one() for _ in range(DECISIONS))
    redis.resume()
    row("Redis answering: longest of %d requests" % DECISIONS, "%.0f ms" % usual)
    row("Redis stopped: longest of %d requests" % DECISIONS, "%.0f ms" % longest,
        "at most %d ms more" % DEADLINE_MS, longest <= usual + DEADLINE_MS)


def main():
    postgres, redis = Postgres(options=("max_connections=50",)), Redis()
    env = {**postgres.environment(), **redis.environment(), "HEIMGATE_LIMIT_DEADLINE_MS": str(DEADLINE_MS)}
    with suite.Suite(models=bench.MODELS) as embedded, suite.Suite(models=bench.MODELS, env=env) as real:
        embedded.wait_serving()
        real.wait_serving()
        throughput(embedded, real)
        round_trips(real, redis)
        outage(real, redis)
    return bench.show()


if __name__ == "__main__":
    sys.exit(main())
