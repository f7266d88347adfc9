#!/usr/bin/env python3
"""Whatever of a stack is killed or stopped under traffic, callers see what the documents' table of outages says."""

import os
import signal
import time

import images
import stack
import tap
import traffic
import world
from mockserver import Mock
from process import until

GRANT_LIFE = 5.0  # seconds that edge may go on without authd
WINDOW = 8192  # records that proxyd keeps for auditd

# What callers may meet while a daemon is killed and podman starts another.
MET = {
    "door": ("complete", "cut", "status 503"),
    "edge": ("complete", "cut", "status 503"),
    "authd": ("complete", "status 503"),
    "limiterd": ("complete", "status 503"),
    "proxyd": ("complete", "error event", "status 503", "status 502"),
    "auditd": ("complete",),
}


def check_killed(s, key):
    """Each daemon in turn, twice, in mid-traffic; podman starts it again."""
    for service, allowed in MET.items():
        # Three clients: the slots of a dead proxyd's requests are taken until their leases run out.
        load = traffic.Traffic(s, key, clients=3).start()
        for _ in range(2):
            load.await_more(2)
            s.crash(service)
            load.await_more(2)
        load.stop()
        tap.diag("%s was killed twice" % service)
        traffic.check_outcomes(load, allowed)


def check_authd_down(s, known):
    s.chat(known, "m")
    s.stop("authd")
    tap.is_({s.chat(known, "m").status for _ in range(5)}, {200}, "authd is down: a grant that edge holds works on")
    answer = s.chat(s.unused, "m")
    tap.is_((answer.status, "retry-after" in answer.headers), (503, True), "a key without one gets 503 and a hint")
    load = traffic.Traffic(s, known).start()
    load.await_more(2, "status 503")
    load.stop()
    traffic.check_outcomes(load, ("complete", "status 503"))
    tap.has(s.unwell(), "authd", "/ready names it")
    s.start("authd")
    s.wait_serving()
    tap.is_([s.chat(key, "m").status for key in (known, s.unused)], [200, 200], "it is back, and so are all keys")


def check_limiterd_down(s, key):
    stream = s.stream(key, "stream-400x100")
    stream.event()
    s.stop("limiterd")
    answer = s.chat(key, "m")
    tap.is_((answer.status, "retry-after" in answer.headers), (503, True), "limiterd is down: 503 and a hint")
    tap.has(s.unwell(), "limiterd", "/ready names it")
    s.start("limiterd")
    s.wait_serving()
    text, proper = stream.rest()
    tap.is_(traffic.judge_stream(text, proper), "complete", "a stream that was open went on to its end")
    tap.is_(s.chat(key, "m").status, 200, "and it is back")


def check_proxyd_down(s, key):
    stream = s.stream(key, "fault-stall-mid")
    stream.event()
    s.stop("proxyd")
    tap.is_(
        traffic.judge_stream(*stream.rest()), "error event", "proxyd is down: an open stream ends with an error event"
    )
    answer = s.chat(key, "m")
    tap.is_((answer.status, "retry-after" in answer.headers), (503, True), "a new request gets 503 and a hint")
    tap.has(s.unwell(), "proxyd", "/ready names it")
    s.start("proxyd")
    s.wait_serving()
    tap.is_(s.chat(key, "m").status, 200, "and it is back")


def check_auditd_down(s, key):
    """Nobody notices until proxyd's window is full."""
    before = len(s.records(kind="request"))
    s.stop("auditd")
    passed = 0
    while (answer := s.chat(key, "m")).status == 200 and passed < 2 * WINDOW:
        passed += 1
    tap.ok(WINDOW - 8 <= passed <= WINDOW + 8, "auditd is down: %d requests pass" % passed)
    tap.is_((answer.status, answer.code), (503, "audit_unavailable"), "then 503, which says why")
    s.start("auditd")
    s.wait_serving()
    until(lambda: s.chat(key, "m").status == 200, "service")
    until(lambda: len(s.records(kind="request")) >= before + passed, "what was kept")
    tap.ok(True, "it is back, and nothing is lost")


def check_postgres_down(s, key):
    s.stop("postgres")
    until(lambda: {"authd/store", "auditd/store"} <= s.unwell(), "the outage's being noticed")
    tap.ok(True, "the database is down: /ready names both stores")
    tap.is_([s.chat(each, "m").status for each in (key, s.unused)], [200, 200], "known keys work, used lately or not")
    failed = s.tool("key", "create", "--name", "impossible", check=False)
    tap.ok("sk-hg-" not in failed and failed, "administration says that it cannot: " + failed.strip())
    s.crash("authd")
    until(lambda: s.chat(key, "m").status == 200, "service by a new authd")
    tap.is_(s.chat(s.unused, "m").status, 200, "an authd that starts in the outage knows all keys")
    tap.ok(s.chat("sk-hg-unknown", "m").status in (401, 503), "and lets nobody else in")
    answer = s.chat(key, "m")
    s.start("postgres")
    s.wait_serving()
    tap.is_(s.chat(s.make_key(), "m").status, 200, "the database is back, and keys can be made")
    until(lambda: shown(s, answer), "history's catching up")
    tap.ok(True, "history has what happened in the outage")


def shown(s, answer):
    """Whether the database knows of the request."""
    return "request" in s.tool("audit", "show", answer.headers["x-request-id"], check=False)


def check_redis(s, key, what, stop, start):
    """Limits of this host alone, and nobody waits for Redis longer than its deadline."""
    stop()
    began = time.monotonic()
    tap.is_(s.chat(key, "m").status, 200, "Redis is %s: the first to meet it is served" % what)
    tap.ok(time.monotonic() - began < 1.0, "after the deadline, no later (%.2f s)" % (time.monotonic() - began))
    until(lambda: "limiterd/store" in s.unwell(), "the outage's being noticed")
    load = traffic.Traffic(s, key).start()
    load.await_more(20)
    load.stop()
    traffic.check_outcomes(load, ("complete",))
    slowest = max(result.ended - result.began for result in load.results if result.kind == "whole")
    tap.ok(slowest < 1.0, "no request waited long (the slowest whole one took %.2f s)" % slowest)
    answers = [s.chat(s.narrow, "m").status for _ in range(4)]
    tap.is_(answers[-1], 429, "limits hold: %s" % answers)
    start()
    s.wait_serving()
    tap.is_(s.chat(key, "m").status, 200, "and it is back")


def check_redis_down(s, key):
    check_redis(s, key, "down", lambda: s.stop("redis"), lambda: s.start("redis"))


def check_redis_slow(s, key):
    """Stopped in its tracks: connections stay, answers do not come."""
    pid = s.pid("redis")
    check_redis(s, key, "slow", lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT))


def check_redis_closed(s, key):
    """As before, where people chose to refuse rather than to limit by themselves."""
    with open(os.path.join(s.tree, "compose", ".env.dev"), "a", encoding="ascii") as settings:
        settings.write("HEIMGATE_LIMIT_OUTAGE=closed\n")
    s.up()
    s.stop("redis")
    answer = s.chat(key, "m")
    tap.is_(
        (answer.status, "retry-after" in answer.headers), (503, True), "Redis is down, outage=closed: 503 and a hint"
    )
    s.start("redis")
    s.wait_serving()
    tap.is_(s.chat(key, "m").status, 200, "and it is back")


def check_upstream_down(s, key, mock):
    mock.end()
    answers = {s.chat(key, "m").status for _ in range(3)}
    tap.ok(answers <= {502, 503, 504}, "the model server is down: %s, never 429" % sorted(answers))
    mock = Mock("/run", "--address", "0.0.0.0", port=mock.port)
    until(lambda: s.chat(key, "m").status == 200, "service")
    tap.ok(True, "and it is back")
    return mock


env = world.enter(images.make_all)
world.start_outside()
mock = Mock("/run", "--address", "0.0.0.0", port=11434)
s = stack.Stack(stack.copy_tree("/run/tree"), env, "heimgate-dev", "dev-", 8010)
s.up()
key, s.unused, s.narrow = s.make_key(), s.make_key(), s.make_key(rpm=2)
for check in (
    check_killed,
    check_authd_down,
    check_limiterd_down,
    check_proxyd_down,
    check_auditd_down,
    check_postgres_down,
    check_redis_down,
    check_redis_slow,
    check_redis_closed,
):
    began = time.monotonic()
    check(s, key)
    tap.diag("%s took %.1f s" % (check.__name__, time.monotonic() - began))
check_upstream_down(s, key, mock)
s.tool("audit", "verify")
tap.ok(True, "after all of this the chain of history is whole")
