#!/usr/bin/env python3
"""Clients that do not read: no daemon grows, others are served, and in the end they are cut off."""

import os
import time

import suite
import tap

MIB = 1024  # KiB
HUGE = "stream-4000+size-16384"  # 64 MiB for each


def memory(s):
    return {name: process.resident_kib() for name, process in s.running.items()}


def grown(before, after):
    return {name: after[name] - before[name] for name in before if after[name] - before[name] > 0}


# Under AddressSanitizer what was freed is kept for a while; not for this measurement.
FRUGAL = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}

with suite.Suite(env=FRUGAL) as s:
    key = s.make_key()
    s.http("POST", "/v1/chat/completions", suite.chat_body("stream-100", stream=True), key)
    before = memory(s)
    mark = s.mock.mark()
    sleepers = [s.raw(suite.request_bytes(key, suite.chat_body(HUGE, stream=True))) for _ in range(8)]
    suite.until(lambda: s.mock.count(mark, event="request") == 8, "eight streams")
    readers = [s.chat(key, "m") for _ in range(2)]
    tap.is_([answer.status for answer in readers], [200, 200], "others are served meanwhile")
    # A daemon that buffered what nobody reads would take 512 MiB: give it the time to take 50 of them.
    deadline = time.monotonic() + 1.5
    worst = {}
    while time.monotonic() < deadline:
        for name, size in grown(before, memory(s)).items():
            worst[name] = max(worst.get(name, 0), size)
        time.sleep(0.05)
    tap.diag("grown by at most, in KiB: %s" % worst)
    tap.ok(
        sum(worst.values()) < 24 * MIB, "eight clients that do not read cost less than 24 MiB in all daemons together"
    )
    first = sleepers.pop()
    received = 0
    first.settimeout(suite.PATIENCE)
    while received < 20 * 1024 * 1024:
        received += len(first.recv(1024 * 1024))
    tap.ok(True, "one that begins to read gets on")
    for sock in sleepers + [first]:
        sock.close()
    suite.until(lambda: s.mock.count(mark, event="peer-closed") == 8, "the end of the eight upstream connections")
    tap.ok(True, "when they go, the model server is told")

with suite.Suite(env={"HEIMGATE_WRITE_TIMEOUT_MS": "500"}) as s:
    key = s.make_key()
    mark = s.mock.mark()
    with s.raw(suite.request_bytes(key, suite.chat_body(HUGE, stream=True))) as sock:
        s.mock.wait(mark, event="peer-closed")
        tap.ok(True, "a client that does not read for half a second is cut off, and its upstream connection with it")
        sock.settimeout(suite.PATIENCE)
        tap.ok(not suite.read_until_closed(sock).endswith(b"0\r\n\r\n"), "in a way that it can tell from the end")

with suite.Suite() as s:
    key = s.make_key()
    body = suite.chat_body("fault-slow-reader", text="x" * 100000)
    before = memory(s)
    tap.is_(
        s.http("POST", "/v1/chat/completions", body, key).status, 200, "a model server that reads slowly gets it all"
    )
    tap.is_(s.mock.requests()[-1]["body"], body, "unchanged")
