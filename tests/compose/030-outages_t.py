#!/usr/bin/env python3
"""Whatever of a stack is killed or stopped under traffic, callers see what the documents' table of outages says."""

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
    tap.has(s.not_ready(), "authd", "/ready names it")
    s.start("authd")
    s.wait_serving()
    tap.is_([s.chat(key, "m").status for key in (known, s.unused)], [200, 200], "it is back, and so are all keys")


def check_limiterd_down(s, key):
    stream = s.stream(key, "stream-400x100")
    stream.event()
    s.stop("limiterd")
    answer = s.chat(key, "m")
    tap.is_((answer.status, "retry-after" in answer.headers), (503, True), "limiterd is down: 503 and a hint")
    tap.has(s.not_ready(), "limiterd", "/ready names it")
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
    tap.has(s.not_ready(), "proxyd", "/ready names it")
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


def check_upstream_down(s, key, mock):
    mock.end()
    answers = {s.chat(key, "m").status for _ in range(3)}
    tap.ok(answers <= {502, 503, 504}, "the model server is down: %s, never 429" % sorted(answers))
    mock = Mock("/run", "--address", "0.0.0.0", port=mock.port)
    until(lambda: s.chat(key, "m").status == 200, "service")
    tap.ok(True, "and it is back")
    return mock


env = world.enter(images.make_all)
mock = Mock("/run", "--address", "0.0.0.0", port=11434)
s = stack.Stack(stack.copy_tree("/run/tree"), env, "heimgate-dev", "dev-", 8010)
s.up()
key, s.unused = s.make_key(), s.make_key()
for check in (check_killed, check_authd_down, check_limiterd_down, check_proxyd_down, check_auditd_down):
    began = time.monotonic()
    check(s, key)
    tap.diag("%s took %.1f s" % (check.__name__, time.monotonic() - began))
check_upstream_down(s, key, mock)
verified = s.tool("audit", "verify")
tap.has(verified, "", "the chain of history is whole")
s.down()
