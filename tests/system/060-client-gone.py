#!/usr/bin/env python3
"""Clients that go away, in every phase: the model server must see its connection close within 100 ms."""

import socket
import struct
import time

import suite
import tap

BOUND_MS = 100.0
TRIES = 3  # the best of them counts: what is tested is the gateway, not the machine's other load


def leave(sock, abruptly):
    """Closes with FIN or RST; returns the moment."""
    if abruptly:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    moment = time.monotonic() * 1000
    sock.close()
    return moment


def time_to_close(s, key, model, stream, abruptly, read_first):
    mark = s.mock.mark()
    sock = s.raw(suite.request_bytes(key, suite.chat_body(model, stream=stream)))
    request = s.mock.wait(mark, event="request", model=model)
    if read_first:
        while b"data: " not in sock.recv(65536):
            pass
    left = leave(sock, abruptly)
    return s.mock.wait(mark, event="peer-closed", request=request["request"])["at"] - left


def check_phases(s, key):
    for model, stream, read_first, name in (
        ("fault-stall-head", False, False, "before the first byte of a whole answer"),
        ("fault-stall-head", True, False, "before the first byte of a stream"),
        ("stream-1000x20", True, True, "in a stream that flows"),
        ("fault-stall-mid", True, True, "in a stream that has stalled"),
        ("fault-stall-mid", False, False, "in a whole answer that has stalled"),
        ("stream-4000+size-16384", True, True, "in a stream that is faster than its reader"),
    ):
        for abruptly in (False, True):
            best = min(time_to_close(s, key, model, stream, abruptly, read_first) for _ in range(TRIES))
            tap.ok(best < BOUND_MS, "%s, with %s: %.1f ms" % (name, "RST" if abruptly else "FIN", best))


def check_slots_are_free_again(s, key):
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "the release of all slots")
    tap.is_(s.limits()["keys"][0]["running"], 0, "after all of that no slot and no request is counted any more")
    tap.is_(s.chat(key, "m").status, 200, "and requests are admitted")


def waiting(s):
    return s.limits()["pools"][0]["waiting"]


def check_queue(s, key):
    """Both slots are taken; a third waits.  When it goes, nobody may serve it."""
    holders = [s.stream(key, "fault-stall-mid") for _ in range(2)]
    for holder in holders:
        holder.event()
    mark = s.mock.mark()
    waiter = s.raw(suite.request_bytes(key, suite.chat_body("gone-while-queued")))
    suite.until(lambda: waiting(s) == 1, "a place in the queue")
    left = leave(waiter, False)
    suite.until(lambda: waiting(s) == 0, "leaving the queue")
    tap.ok(time.monotonic() * 1000 - left < 1000, "at once")
    tap.ok(True, "a client that goes while it waits in the queue leaves the queue")
    for holder in holders:
        holder.close()
    s.mock.wait(mark, event="peer-closed")
    suite.until(lambda: s.chat(key, "after").status == 200, "a free slot")
    tap.is_(s.mock.count(mark, event="request", model="gone-while-queued"), 0, "and is never served")


def check_body(s, key):
    mark = s.mock.mark()
    body = suite.chat_body("m", text="x" * 200000)
    sock = s.raw(suite.request_bytes(key, body)[:100000])
    sock.close()
    tap.is_(s.chat(key, "next").status, 200, "a client that goes in the middle of its body is forgotten")
    tap.is_(s.mock.count(mark, event="request", model="m"), 0, "and its half of a request reaches nobody")


MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "slots": 2, "acquire_timeout_ms": 10000}},
    "models": {"*": {"targets": [{"upstream": "mock"}]}},
}

with suite.Suite(models=MODELS) as the_suite:
    the_key = the_suite.make_key()
    check_phases(the_suite, the_key)
    check_slots_are_free_again(the_suite, the_key)
    check_queue(the_suite, the_key)
    check_body(the_suite, the_key)
