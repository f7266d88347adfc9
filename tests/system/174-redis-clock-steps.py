#!/usr/bin/env python3
"""The clock of Redis, by which it counts, is set with all others: what was given stays given, and nobody waits for it."""

import os
import runpy
import time

import suite
import tap
from clocks import DAY, HOUR, Clocks, Suite
from redisserver import Redis

HERE = os.path.dirname(os.path.abspath(__file__))
steps = runpy.run_path(os.path.join(HERE, "095-clock-steps.py"))
clocks = Clocks("redis")
SOON = 15.0  # seconds; a minute's rate comes back in a minute, and not in an hour


def check_rates(s):
    """Sixty a minute. Redis has no clock but this one: where it jumps ahead, a rate is whole again."""
    key = s.make_key(rpm=60)

    def use_up():
        given = 0
        while s.http("GET", "/v1/models", key=key).status == 200:
            given += 1
        return given

    began = time.monotonic()
    use_up()
    for seconds in (HOUR, 0, -10, 0, DAY, 0):
        clocks.set(seconds)
        given = use_up()
        back = seconds <= 0 and given > 60 + time.monotonic() - began
        tap.ok(not back, "at %+d s a rate gives no more than its height (%d)" % (seconds, given))
        suite.until(lambda: s.http("GET", "/v1/models", key=key).status == 200, "the next request", SOON)
        tap.ok(True, "and goes on")


def with_clock(make):
    """A server that has the clock."""
    before = dict(os.environ)
    os.environ.update(clocks.environment("redis"))
    server = make()
    os.environ.clear()
    os.environ.update(before)
    return server


redis = with_clock(Redis)
settings = {**redis.environment(), "HEIMGATE_LIMIT_OUTAGE": "closed", "HEIMGATE_LIMIT_DEADLINE_MS": "2000"}
with Suite(env=settings, clocks=clocks) as the_suite:
    the_suite.wait_serving()
    check_rates(the_suite)
    clocks.set(0)
    steps["check_budget"](the_suite, "day", DAY)
