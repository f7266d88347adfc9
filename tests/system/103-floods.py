#!/usr/bin/env python3
"""A flood on any socket between the daemons, or of people's tools, starves nobody but whoever sends it.

Somebody who has taken one daemon's place sends as much as one thread can and never reads an answer: frames that cost
most, frames that are refused, messages announced and never ended, messages too large.  Whoever speaks to the same
daemon by another socket goes on as before: all of a fixed number of requests are answered, in at most twice the time
that they took in quiet, and a margin, since the flood itself needs a processor.
"""

import os
import struct
import threading
import time

import hostile
import suite
import tap
import wire

import nngipc

ROUNDS = 12
MARGIN = 6.0  # seconds for all rounds
LONG = {"HEIMGATE_GRANT_LIFE_MS": "30000"}
MANY_SLOTS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "slots": 1000}},
    "models": {"*": {"targets": [{"upstream": "mock"}]}},
}
LARGEST_KIB = 768 * 1024  # of a daemon under a sanitizer, whose bookkeeping is large


def packed(*frames):
    """A message of the protocol with as many of the frames as it may hold."""
    one = b"".join(frames)
    payload = one * (200000 // len(one))
    return b"\x01" + struct.pack(">Q", len(payload)) + payload


def ways(kind, body):
    """What is sent on a link that takes frames of this kind: (name, bytes)."""
    whole = nngipc.frame(kind, 1, body)
    yield "whole frames", packed(whole)
    refused = nngipc.frame(kind, 1, b"\xff" * 300)
    yield "refused frames", packed(nngipc.frame(999, 1), refused, nngipc.frame(wire.FAULT, 1))
    yield "half a message", b"\x01" + struct.pack(">Q", 262144) + whole * 3
    yield "too large a message", b"\x01" + struct.pack(">Q", 262145) + whole


class Flood:
    """Sends the same bytes from __enter__ to __exit__, on a new connection whenever one is ended."""

    def __init__(self, path, data, protocol=nngipc.PAIR, hangs=False):
        self.path, self.data, self.protocol, self.hangs = path, data, protocol, hangs
        self.ending = threading.Event()
        self.sent = 0
        self.thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self):
        self.thread.start()
        suite.until(lambda: self.sent > 0, "the first of a flood")
        return self

    def __exit__(self, kind, value, trace):
        self.ending.set()
        self.thread.join()
        return False

    def _work(self):
        while not self.ending.is_set():
            try:
                self._connection(nngipc.dial(self.path, self.protocol))
            except (nngipc.Closed, OSError):
                self.ending.wait(0.001)

    def _connection(self, pipe):
        pipe.settimeout(1.0)
        try:
            while not self.ending.is_set():
                pipe.send_raw(self.data)
                self.sent += 1
                if self.hangs:
                    self.ending.wait()
        finally:
            pipe.close()


def rounds(work):
    """How long it took, when all went well."""
    began = time.monotonic()
    for _ in range(ROUNDS):
        work()
    return time.monotonic() - began


def path_of(s, link):
    return os.path.join(s.run, link, "link")


def unharmed(s, quiet, work, daemon, name):
    took = rounds(work)
    tap.ok(took <= 2 * quiet + MARGIN, "%s: %d requests took %.2f s, in quiet %.2f s" % (name, ROUNDS, took, quiet))
    tap.ok(s.running[daemon].resident_kib() < LARGEST_KIB, "and %s is no larger for it" % daemon)


def flood_links(s, daemon, links, work):
    """The links that a daemon dials, one after the other: (link, who listens, type, body)."""
    quiet = rounds(work)
    for link, listener, kind, body in links:
        for name, data in ways(kind, body):
            with Flood(path_of(s, link), data, hangs=name.startswith("half")) as flood:
                unharmed(s, quiet, work, listener, "%s, %s from %s" % (link, name, daemon))
            tap.ok(flood.sent > 0, "beside %d messages" % flood.sent)


def flood_from_edge():
    """The other links of the same edge are honest: its authd, limiterd, proxyd and auditd answer as one service."""
    with suite.Suite(env=LONG, models=MANY_SLOTS) as s:
        key = s.make_key()
        taken = hostile.edge(s)
        links = taken.links
        grant, one_lease = hostile.grant_of(taken, key), wire.lease(os.urandom(32))
        flooded = {
            "edge-authd": ("authd", wire.AUTH_ASK, os.urandom(48)),
            "edge-limiterd": ("limiterd", wire.LIMIT_TAKE, wire.take(wire.grant(os.urandom(32)))),
            "edge-proxyd": ("proxyd", wire.STREAM_OPEN, wire.stream_open(one_lease, b"{}")),
            "edge-auditd": ("auditd", wire.HEALTH_ASK, b""),
        }

        def work():
            if "edge-authd" in links:
                assert hostile.granted(taken, key)[0] == wire.AUTH_GRANT
            if "edge-limiterd" in links:
                lease = hostile.take(taken, grant)
                assert isinstance(lease, bytes), lease
                if "edge-proxyd" in links:
                    assert hostile.opened(taken, lease, suite.chat_body("m"))[0] == 200
            if "edge-auditd" in links:
                assert links["edge-auditd"].ask(wire.AUDIT_RECORD, wire.record(wire.REFUSAL))[0] == wire.AUDIT_ACK
            s.make_key()

        for link, row in flooded.items():
            grant = hostile.grant_of(taken, key)
            links.pop(link).close()
            flood_links(s, "edge", [(link, *row)], work)
            links[link] = suite.until(lambda link=link: hostile.connected(s, link), "a place on " + link)
        records = len(s.records(kind="refusal"))
        number = ROUNDS * 3 * 5
        tap.ok(records >= number, "all %d records that were acknowledged are in history (%d)" % (number, records))
        taken.give_back()
        tap.is_(s.chat(key, "m").status, 200, "honest callers are served")
        tap.is_(s.tool("audit", "verify", check=False).returncode, 0, "and the chain is whole")


def flood_from_proxyd():
    """Who need no proxyd: callers whom limiterd or edge refuses, and people's tools."""
    with suite.Suite() as s:
        key = s.make_key(models="none")
        taken = hostile.proxyd(s)
        lease = wire.lease(wire.secret(s, "lease.key"))

        def work():
            assert s.chat(key, "m").status in (403, 404)
            assert s.chat("sk-hg-0000000000-" + "x" * 49, "m").status == 401
            s.make_key()

        quiet = rounds(work)
        for link, row in (
            ("proxyd-limiterd", ("limiterd", wire.LIMIT_KEEP, lease)),
            ("proxyd-auditd", ("auditd", wire.AUDIT_RECORD, wire.record(wire.ADMIN))),
        ):
            taken.links.pop(link).close()
            flood_links(s, "proxyd", [(link, *row)], work)
        edge = taken["edge-proxyd"]
        for name, data in ways(wire.STREAM_DATA, b"x" * 100):
            if name.endswith("frames"):
                edge.pipe.settimeout(suite.PATIENCE)
                for _ in range(50):
                    edge.pipe.send_raw(data)
                unharmed(s, quiet, work, "edge", "edge-proxyd, %s towards edge" % name)
        taken.give_back()
        tap.is_(s.chat(s.make_key(), "m").status, 200, "honest callers are served")


def flood_from_authd_and_limiterd():
    with suite.Suite(env=LONG) as s:
        key = s.make_key()

        def work():
            assert s.chat(key, "m").status == 200

        work()
        s.kill("authd")
        links = (
            ("authd-auditd", "auditd", wire.AUDIT_RECORD, wire.record(wire.REQUEST)),
            ("authd-proxyd", "proxyd", wire.AUTH_REVOKE, nngipc.text("nobody0000") + bytes(8)),
        )
        flood_links(s, "authd", links, work)
        s.start("authd")
        s.wait_serving()
        s.kill("limiterd")

        def refused():
            assert s.chat("sk-hg-0000000000-" + "x" * 49, "m").status == 401

        usage = nngipc.text("nobody0000") + bytes(8)
        flood_links(s, "limiterd", [("limiterd-auditd", "auditd", wire.USAGE_ASK, usage)], refused)
        s.start("limiterd")
        s.wait_serving()
        tap.is_(s.chat(key, "m").status, 200, "honest callers are served")


def last_call_alone(path, daemon, verb):
    """Of calls that come at once, all but the last are given up: they cost nothing."""
    pipe = nngipc.dial(path, nngipc.REQ)
    pipe.request = 1 << 31
    calls = [struct.pack(">I", pipe.request) + nngipc.frame(wire.CTL_CALL, number, nngipc.text(verb) + nngipc.blob(b"{}"))
             for number in range(1, 21)]
    pipe.send_raw(b"".join(b"\x01" + struct.pack(">Q", len(call)) + call for call in calls))
    kind, number, _body = pipe.receive_frame()
    tap.is_((kind, number), (wire.CTL_RESULT, 20), "of twenty calls at once %s answers the last alone" % daemon)
    pipe.close()


def flood_tools():
    """People's sockets: calls without end, and all places taken by callers who say nothing."""
    verbs = {"authd": b"key.list", "limiterd": b"limits.show", "proxyd": b"models.show", "auditd": b"audit.tail"}
    with suite.Suite() as s:
        key = s.make_key()

        def work():
            assert s.chat(key, "m").status == 200

        quiet = rounds(work)
        for daemon, verb in verbs.items():
            path = path_of(s, "ctl-" + daemon)
            last_call_alone(path, daemon, verb)
            call = struct.pack(">I", 1 << 31) + nngipc.frame(wire.CTL_CALL, 1, nngipc.text(verb) + nngipc.blob(b"{}"))
            data = (b"\x01" + struct.pack(">Q", len(call)) + call) * 20
            idle = [nngipc.dial(path, nngipc.REQ) for _ in range(4)]
            with Flood(path, data, nngipc.REQ), Flood(path, data, nngipc.REQ):
                unharmed(s, quiet, work, daemon, "ctl-%s, calls from two, and four who say nothing" % daemon)
            for each in idle:
                each.close()
        tap.is_(s.tool("key", "list", check=False).returncode, 0, "and tools are answered again")


flood_from_edge()
flood_from_proxyd()
flood_from_authd_and_limiterd()
flood_tools()
