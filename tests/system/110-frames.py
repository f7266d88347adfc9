#!/usr/bin/env python3
"""Garbage on every socket between the daemons: refused with a number, never fatal, and the daemon goes on working.

On each link the test takes one end's place and speaks to the other: as dialer to the daemon that listens, as
listener to the daemon that dials.
"""

import contextlib
import os
import random
import socket
import struct

import suite
import tap

import nngipc
import wire

# link: (dialer, listener), a type that the dialer may send, one that the listener may send
LINKS = {
    "edge-authd": ("edge", "authd", wire.AUTH_ASK, wire.AUTH_GRANT),
    "edge-limiterd": ("edge", "limiterd", wire.LIMIT_TAKE, wire.LIMIT_LEASE),
    "edge-proxyd": ("edge", "proxyd", wire.STREAM_OPEN, wire.STREAM_HEAD),
    "edge-auditd": ("edge", "auditd", wire.AUDIT_RECORD, wire.AUDIT_ACK),
    "proxyd-limiterd": ("proxyd", "limiterd", wire.LIMIT_SETTLE, wire.LIMIT_SETTLED),
    "proxyd-auditd": ("proxyd", "auditd", wire.AUDIT_RECORD, wire.AUDIT_ACK),
    "authd-auditd": ("authd", "auditd", wire.AUDIT_RECORD, wire.AUDIT_ACK),
    "authd-proxyd": ("authd", "proxyd", wire.AUTH_REVOKE, None),
    "limiterd-auditd": ("limiterd", "auditd", wire.USAGE_ASK, wire.USAGE_TOTAL),
}
CONTROL = {"ctl-authd": "authd", "ctl-limiterd": "limiterd", "ctl-proxyd": "proxyd", "ctl-auditd": "auditd"}
DICE = random.Random(4711)


def path(s, link):
    return os.path.join(s.run, link, "link")


def refusal(pipe, kind, number, body=b""):
    """The error number in the FAULT that answers a frame of this id."""
    pipe.send_frame(kind, number, body)
    while True:
        answer, answered, fault = pipe.receive_frame()
        if (answer, answered) == (wire.FAULT, number):
            return struct.unpack(">H", fault[:2])[0]


def check_conversation(name, pipe, mine):
    """Malformed frames in well-formed messages: each is answered with its number."""
    pipe.settimeout(suite.PATIENCE)
    for number, (kind, body, wanted, what) in enumerate(
        (
            (999, b"", wire.BAD_TYPE, "an unknown type"),
            (0, b"", wire.BAD_TYPE, "type 0"),
            (wire.CTL_CALL, b"x" * 8, wire.BAD_SENDER, "what this party may not send"),
            (mine, b"\xff" * 60000, wire.BAD_LENGTH, "a body over its maximum"),
        )
    ):
        tap.is_(refusal(pipe, kind, number, body), wanted, "%s: %s" % (name, what))
    for body in (b"", b"\xff", b"\0" * 7, b"\xff" * 300):
        pipe.send_frame(mine, 5, body)
    for error in (wire.BUSY + 1, 200, 0x7FFF, 0xFFFF):
        pipe.send_frame(wire.FAULT, 5, struct.pack(">HH", error, mine) + nngipc.text("an error of its own"))
    pipe.send(b"")
    pipe.send(nngipc.frame(mine, 6, b"")[:9])
    pipe.send(nngipc.HEADER.pack(9, 0, mine, 0, 7))
    pipe.send(nngipc.HEADER.pack(1, 0, mine, 5000, 8) + b"short")
    for _ in range(200):
        pipe.send(DICE.randbytes(DICE.randrange(1, 400)))
        pipe.send_frame(mine, DICE.randrange(1 << 64), DICE.randbytes(DICE.randrange(0, 250)), DICE.randrange(256))
    tap.is_(refusal(pipe, 998, 1 << 63), wire.BAD_TYPE, name + ": and after 400 more it still listens")


def check_transport(s, name, protocol):
    """Below the frames: bad greetings, announced lengths that nobody should allocate, a peer too many."""
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\0SP\0\0\x62\0\0", b"\0" * 8, b"\xff" * 8, DICE.randbytes(64), b""):
        try:
            raw = nngipc.until(5, lambda: connect(path(s, name)))
            raw.sendall(data)
            raw.close()
        except OSError:
            continue
    for length in (1 << 63, 1 << 40, 1 << 24):
        pipe = dial(s, name) if protocol == nngipc.PAIR else nngipc.dial(path(s, name), protocol)
        pipe.settimeout(suite.PATIENCE)
        pipe.send_raw(b"\x01" + struct.pack(">Q", length) + b"x" * 100)
        try:
            pipe.receive()
            tap.ok(False, "%s: an announced length of %d is answered" % (name, length))
        except nngipc.Closed:
            tap.ok(True, "%s: an announced length of %d ends the connection" % (name, length))
        pipe.close()


def dial(s, name):
    """A working pipe: after the last peer went, nng takes a moment to let the next one in."""

    def attempt():
        try:
            pipe = nngipc.dial(path(s, name))
            pipe.settimeout(suite.PATIENCE)
            return pipe if refusal(pipe, 997, 1) == wire.BAD_TYPE else None
        except nngipc.Closed:
            return None

    return suite.until(attempt, "a place on " + name)


def connect(where):
    sock = socket.socket(socket.AF_UNIX)
    nngipc.by_descriptor(where, sock.connect)
    return sock


def is_alive(s, daemon):
    return s.running[daemon].popen.poll() is None


def small(s, daemon):
    """A sanitizer's bookkeeping is large; what matters is that nobody allocated what was announced."""
    return s.running[daemon].resident_kib() < 512 * 1024


def check_listeners():
    for name, (dialer, listener, mine, _) in LINKS.items():
        needed = {
            "authd": ("authd", "proxyd", "auditd", "limiterd"),
            "limiterd": ("limiterd", "auditd"),
            "proxyd": ("proxyd", "limiterd", "auditd"),
            "auditd": ("auditd",),
        }[listener]
        with suite.Suite(daemons=[each for each in needed if each != dialer]) as s:
            check_transport(s, name, nngipc.PAIR)
            pipe = dial(s, name)
            check_conversation(name + " listening", pipe, mine)
            pipe.close()
            tap.ok(is_alive(s, listener) and small(s, listener), "%s lives on, and is no larger for it" % listener)


def check_dialers():
    """Stand-ins listen where a daemon dials; what they answer is garbage."""
    for daemon in ("edge", "proxyd", "limiterd", "authd"):
        with suite.Suite(daemons=()) as s:
            mine = {name: row for name, row in LINKS.items() if row[0] == daemon}
            listeners = {name: nngipc.Listener(path(s, name), timeout=suite.PATIENCE) for name in mine}
            s.start(daemon, wait=False)
            for name, listener in listeners.items():
                pipe = listener.accept()
                if mine[name][3]:
                    check_conversation("%s dialing %s" % (daemon, name), pipe, mine[name][3])
                pipe.close()
                listener.accept().send_raw(b"\x01" + struct.pack(">Q", 1 << 40))
            tap.ok(is_alive(s, daemon) and small(s, daemon), "%s lives on" % daemon)
            for listener in listeners.values():
                listener.close()


def check_control():
    with suite.Suite(daemons=("auditd", "limiterd", "proxyd", "authd")) as s:
        for name, daemon in CONTROL.items():
            check_transport(s, name, nngipc.REQ)
            for body in (
                b"",
                b"\xff" * 40,
                nngipc.text("x" * 40) + nngipc.blob(b"{}"),
                nngipc.text("no.such") + nngipc.blob(b"{}"),
                nngipc.text("key.list") + nngipc.blob(b"[1]"),
                nngipc.text("key.list") + nngipc.blob(b"{" * 5000),
                nngipc.text("key.create") + nngipc.blob(b'{"unknown":1}'),
                nngipc.text("audit.tail") + nngipc.blob(b"\xff"),
            ):
                pipe = nngipc.dial(path(s, name), nngipc.REQ)
                pipe.settimeout(suite.PATIENCE)
                pipe.send_frame(wire.CTL_CALL, 1, body)
                kind, _, answer = pipe.receive_frame()
                good = kind == wire.CTL_RESULT and answer[0] == 0 and b'"error"' in answer
                tap.ok(good, "%s: %r is refused" % (name, body[:30])) or tap.diag(answer)
                pipe.close()
            pipe = nngipc.dial(path(s, name), nngipc.REQ)
            pipe.settimeout(suite.PATIENCE)
            for payload in (b"", DICE.randbytes(100), nngipc.frame(wire.AUTH_ASK, 1, b"x")):
                pipe.send(payload)
                tap.ok(b'"error"' in pipe.receive(), "%s: %r gets an answer" % (name, payload[:20]))
            pipe.close()
            tap.ok(is_alive(s, daemon) and small(s, daemon), daemon + " lives on")


def check_second_peer():
    """A link has two ends: whoever comes third is turned away and disturbs nobody."""
    with suite.Suite() as s:
        key = s.make_key()
        for name in LINKS:
            third = connect(path(s, name))
            third.settimeout(suite.PATIENCE)
            with contextlib.suppress(BrokenPipeError):
                third.sendall(b"\0SP\0\0\x10\0\0\x01" + struct.pack(">Q", 16) + nngipc.frame(997, 1))
            answer = suite.read_until_closed(third)
            tap.ok(len(answer) <= 8, name + ": a third party hears nothing but the greeting")
            third.close()
        suite.until(lambda: s.http("GET", "/ready").status == 200, "readiness")
        tap.is_(s.chat(key, "m").status, 200, "and the links between the daemons work")


check_listeners()
check_dialers()
check_control()
check_second_peer()
