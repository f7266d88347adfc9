#!/usr/bin/env python3
"""heimgate-auditd alone: records, acknowledgements, crashes, a full disk, and whatever strangers send."""

import os
import random
import resource
import signal
import socket
import struct
import subprocess
import threading

import alone
import nngipc
import suite
import tap
from alone import ADMIN, AUDIT_ACK, AUDIT_RECORD, FAULT, REFUSAL, REQUEST, SENDERS, USAGE_ASK, USAGE_TOTAL

def send_batch(pipe, bodies, first=1):
    """All records in one message."""
    pipe.send(b"".join(nngipc.frame(AUDIT_RECORD, first + i, body) for i, body in enumerate(bodies)))


def receive_acks(pipe, count):
    """Ids acknowledged."""
    got = []
    while len(got) < count:
        kind, number, body = pipe.receive_frame()
        assert (kind, body) == (AUDIT_ACK, b""), (kind, number, body)
        got.append(number)
    return got


def test_acknowledged_when_written():
    with alone.Auditd() as auditd:
        for link, kind in SENDERS.items():
            pipe = auditd.dial(link)
            body = alone.record(kind)
            pipe.send_frame(AUDIT_RECORD, 41, body)
            tap.is_(receive_acks(pipe, 1), [41], "%s: the record is acknowledged by its frame's id" % link)
            tap.is_(auditd.ids()[-1], alone.record_id(body), "and was in the journal by then")
            pipe.close()
        pipe = auditd.dial("proxyd-auditd")
        bodies = [alone.record(number=i) for i in range(150)]
        send_batch(pipe, bodies)
        tap.is_(receive_acks(pipe, 150), list(range(1, 151)), "a batch is acknowledged in order")
        tap.is_(auditd.ids()[3:], [alone.record_id(body) for body in bodies], "and written in order")
        auditd.is_sound("the chain is sound while the daemon runs")


def test_kinds():
    with alone.Auditd() as auditd:
        for link, own in SENDERS.items():
            pipe = auditd.dial(link)
            for kind in (REQUEST, REFUSAL, ADMIN):
                if kind == own:
                    continue
                pipe.send_frame(AUDIT_RECORD, 5, alone.record(kind))
                got, number, body = pipe.receive_frame()
                tap.is_((got, number, alone.fault_of(body)), (FAULT, 5, (alone.BAD_SENDER, AUDIT_RECORD)),
                        "%s may not record kind %d" % (link, kind))
            pipe.close()
        pipe = auditd.dial("limiterd-auditd")
        pipe.send_frame(AUDIT_RECORD, 6, alone.record())
        tap.is_(alone.fault_of(pipe.receive_frame()[2]), (alone.BAD_SENDER, AUDIT_RECORD), "limiterd may record nothing")
        tap.is_(auditd.segments(), [], "nothing of it was written")


def test_values():
    cases = {
        "a kind that is not there": (alone.record(kind=3), alone.BAD_VALUE),
        "the year 10000": (alone.record(when=253402300800000), alone.BAD_VALUE),
        "more than 2^53 tokens": (alone.record(tokens=(0, 1 << 53)), alone.BAD_VALUE),
        "a NUL inside a text": (alone.record(model="a\0b"), alone.BAD_VALUE),
        "a model's name of 257 bytes": (alone.record(model="m" * 257), alone.TOO_LONG),
        "a byte too few": (alone.record()[:-1], alone.TRUNCATED),
        "a byte too many": (alone.record() + b"\0", alone.TRAILING),
        "an empty body": (b"", alone.TRUNCATED),
        "more than a record may have": (bytes(5000), alone.BAD_LENGTH),
    }
    with alone.Auditd() as auditd:
        pipe = auditd.dial("proxyd-auditd")
        for what, (body, error) in cases.items():
            pipe.send_frame(AUDIT_RECORD, 9, body)
            kind, number, answer = pipe.receive_frame()
            tap.is_((kind, number, alone.fault_of(answer)), (FAULT, 9, (error, AUDIT_RECORD)), "refused: " + what)
        pipe.send(nngipc.frame(AUDIT_RECORD, 10, b"") + nngipc.frame(AUDIT_RECORD, 11, alone.record()))
        answers = sorted(pipe.receive_frame()[:2] for _ in range(2))
        tap.is_(answers, [(FAULT, 10), (AUDIT_ACK, 11)], "a good record in the same message is taken")
        awkward = "\x1b]0;\x07\"\\\n\r\t\x7f\u0085\u2028 \U0001f600"
        pipe.send_frame(AUDIT_RECORD, 12, alone.record(model=awkward, detail="{}"))
        receive_acks(pipe, 1)
        tap.is_(auditd.records()[-1]["model"], awkward, "any text comes through")
        pipe.send_frame(AUDIT_RECORD, 13, alone.record(model=b"\xff\xfe\xc3"))
        receive_acks(pipe, 1)
        tap.is_(auditd.records()[-1]["model"], "???", "and bytes that are no text do no harm")
        auditd.is_sound("the chain is sound")


def test_strangers():
    good = alone.record()
    with alone.Auditd() as auditd:
        pipe = auditd.dial("edge-auditd")
        faults = {
            "an unknown version": (nngipc.frame(AUDIT_RECORD, 1, good, version=9), alone.BAD_VERSION),
            "an unknown type": (nngipc.frame(999, 1), alone.BAD_TYPE),
            "an acknowledgement, which only auditd sends": (nngipc.frame(AUDIT_ACK, 1), alone.BAD_SENDER),
            "another daemon's question": (nngipc.frame(USAGE_ASK, 1, nngipc.text("k") + bytes(8)), alone.BAD_SENDER),
            "half a header": (nngipc.frame(AUDIT_RECORD, 1)[:7], alone.TRUNCATED),
            "a length beyond the message": (struct.pack(">BBHIQ", 1, 0, AUDIT_RECORD, 4096, 1), alone.TRUNCATED),
            "a length beyond all bounds": (struct.pack(">BBHIQ", 1, 0, AUDIT_RECORD, 0xFFFFFFFF, 1), None),
            "noise": (bytes(range(256)) * 4, None),
        }
        for what, (data, error) in faults.items():
            pipe.send(data)
            kind, _, body = pipe.receive_frame()
            tap.ok(kind == FAULT and error in (None, alone.fault_of(body)[0]), "answered with FAULT: " + what)
        pipe.send(b"")
        tap.ok(alone.health(pipe)["journal"][0], "an empty message is nothing, and auditd lives on")
        pipe.send_raw(b"\x01" + struct.pack(">Q", 1 << 40))
        try:
            while True:
                pipe.receive()
        except nngipc.Closed:
            tap.ok(True, "a message of a terabyte ends the connection")
        for what, data in {"HTTP": b"GET / HTTP/1.1\r\n\r\n", "zeros": bytes(64), "nothing": b""}.items():
            sock = socket.socket(socket.AF_UNIX)
            nngipc.by_descriptor(auditd.link("edge-auditd"), sock.connect)
            try:
                sock.sendall(data)
            except OSError:
                pass
            sock.close()
            pipe = auditd.dial("edge-auditd")
            tap.ok(alone.health(pipe)["journal"][0], "%s on the socket changes nothing" % what)
            pipe.close()
        tap.is_(auditd.segments(), [], "nothing of it was written")


def test_sent_twice():
    with alone.Auditd() as auditd:
        body = alone.record()
        pipe = auditd.dial("proxyd-auditd")
        send_batch(pipe, [body, body])
        tap.is_(receive_acks(pipe, 2), [1, 2], "a record sent twice is acknowledged twice")
        pipe.close()
        pipe = auditd.dial("proxyd-auditd")
        pipe.send_frame(AUDIT_RECORD, 77, body)
        tap.is_(receive_acks(pipe, 1), [77], "on a new connection too")
        auditd.restart()
        pipe = auditd.dial("proxyd-auditd")
        pipe.send_frame(AUDIT_RECORD, 1, body)
        tap.is_(receive_acks(pipe, 1), [1], "and after a restart")
        tap.is_(auditd.ids(), [alone.record_id(body)], "it is written once")


def test_killed_amid_traffic():
    rounds = 20
    with alone.Auditd(HEIMGATE_JOURNAL_SEGMENT="65536") as auditd:
        senders = [alone.Sender(auditd, link, seed + 1) for seed, link in enumerate(SENDERS)]
        for sender in senders:
            sender.start()
        for _ in range(rounds):
            for sender in senders:
                sender.moved.clear()
                sender.moved.wait(suite.PATIENCE)
            threading.Event().wait(random.uniform(0, 0.02))  # not in step with anything
            auditd.restart()
        for sender in senders:
            sender.stopping = True
        for sender in senders:
            sender.join()
        acked = [name for sender in senders for name in sender.acked]
        written = auditd.ids()
        tap.ok(len(acked) > 20 * rounds, "%d records were acknowledged in %d lives" % (len(acked), rounds + 1))
        tap.is_(len(written), len(set(written)), "none was written twice")
        tap.is_(set(acked) - set(written), set(), "none that was acknowledged is missing")
        auditd.is_sound("the chain is sound")
        auditd.wait_for_store()
        _, usage = auditd.call("audit.usage", {"by": "day"})
        count = sum(row["requests"] + row["refusals"] for row in usage["usage"])
        admin = sum(1 for line in auditd.records() if line["kind"] == "admin")
        tap.is_(count, len(written) - admin, "the store counted each once")


def test_disk_full():
    """A limit on the size of files stands in for a full disk."""
    with alone.Auditd() as auditd:
        auditd.stop(signal.SIGTERM)
        with open(auditd.path("auditd.log"), "ab") as log:
            popen = subprocess.Popen([os.path.join(suite.BIN, "heimgate-auditd")], env=suite.clean_environment(auditd.env),
                                     stderr=log, restore_signals=False)  # Python ignores SIGXFSZ; so shall auditd
        try:
            edge, proxyd = auditd.dial("edge-auditd"), auditd.dial("proxyd-auditd")
            send_batch(proxyd, [alone.record() for _ in range(100)])
            receive_acks(proxyd, 100)
            size = os.path.getsize(os.path.join(auditd.journal, "0000000001.jsonl"))
            limits = resource.prlimit(popen.pid, resource.RLIMIT_FSIZE, (size + 300, resource.RLIM_INFINITY))
            send_batch(proxyd, [alone.record() for _ in range(50)], first=1001)
            well, text = suite.until(
                lambda: next((part for part in [alone.health(edge)["journal"]] if not part[0]), None), "health")
            tap.is_((well, text), (False, "File too large; 50 records waiting"), "HEALTH says that the disk is full")
            tap.is_(len(auditd.lines()), 100, "no part of the batch is left in the journal")
            proxyd.settimeout(0.3)
            try:
                tap.ok(False, "acknowledged without being written: %r" % (proxyd.receive_frame(),))
            except TimeoutError:
                tap.ok(True, "nothing is acknowledged")
            proxyd.settimeout(10)
            proxyd.close()
            proxyd = auditd.dial("proxyd-auditd")
            bodies = [alone.record(number=i) for i in range(10)]
            send_batch(proxyd, bodies + bodies, first=1)
            alone.health(edge)
            resource.prlimit(popen.pid, resource.RLIMIT_FSIZE, limits)
            tap.is_(receive_acks(proxyd, 20), list(range(1, 21)), "with room again all is acknowledged")
            tap.is_(len(auditd.ids()), 160, "what waited was written, each once")
            suite.until(lambda: all(well for well, _ in alone.health(edge).values()), "health")
            tap.ok(True, "HEALTH is well again")
            auditd.is_sound("the chain is sound")
        finally:
            popen.terminate()
            tap.is_(popen.wait(suite.PATIENCE), 0, "auditd ends with 0")


def test_usage():
    today = alone.now_ms() // alone.DAY_MS * alone.DAY_MS
    with alone.Auditd() as auditd:
        proxyd, limiterd = auditd.dial("proxyd-auditd"), auditd.dial("limiterd-auditd")
        tap.is_(alone.ask_usage(limiterd, "k7Qm2xA9bC", today), (0, 0), "a key that was never used")
        for count in range(1, 21):
            proxyd.send_frame(AUDIT_RECORD, count, alone.record(when=today + 1000 * count, tokens=(1, 2)))
            receive_acks(proxyd, 1)
            if alone.ask_usage(limiterd, "k7Qm2xA9bC", today) != (3 * count, count):
                tap.ok(False, "after record %d" % count)
        tap.is_(alone.ask_usage(limiterd, "k7Qm2xA9bC", today), (60, 20), "every record acknowledged is counted at once")
        tap.is_(alone.ask_usage(limiterd, "k7Qm2xA9bC", today + 11000), (30, 10), "since a moment within a day")
        tap.is_(alone.ask_usage(limiterd, "another", today), (0, 0), "keys are counted apart")
        limiterd.send(b"".join(nngipc.frame(USAGE_ASK, i, nngipc.text("k7Qm2xA9bC") + struct.pack(">Q", today))
                               for i in range(1000)))
        got = [limiterd.receive_frame()[1] for _ in range(1000)]
        tap.is_(got, list(range(1000)), "a thousand questions at once are answered")
        limiterd.send_frame(USAGE_ASK, 4, nngipc.text("k") + struct.pack(">Q", 1 << 63))
        tap.is_(alone.fault_of(limiterd.receive_frame()[2]), (alone.BAD_VALUE, USAGE_ASK), "a time that is none is refused")
        proxyd.send_frame(AUDIT_RECORD, 99, alone.record(when=today, tokens=(5, 5)))
        receive_acks(proxyd, 1)
        auditd.restart()
        limiterd = auditd.dial("limiterd-auditd")
        tap.is_(alone.ask_usage(limiterd, "k7Qm2xA9bC", today), (70, 21), "after kill -9 nothing is forgotten")


def test_store_is_replaceable():
    with alone.Auditd() as auditd:
        proxyd = auditd.dial("proxyd-auditd")
        send_batch(proxyd, [alone.record(number=i) for i in range(200)])
        receive_acks(proxyd, 200)
        auditd.wait_for_store()
        before = auditd.call("audit.usage", {})
        auditd.stop()
        for name in os.listdir(auditd.path("auditd")):
            if name.startswith("audit.db"):
                os.unlink(auditd.path("auditd/" + name))
        auditd.start()
        auditd.wait_for_store()
        tap.is_(auditd.call("audit.usage", {}), before, "deleted while nothing ran, the store is made anew from the journal")
        os.unlink(auditd.store)
        suite.until(lambda: os.path.exists(auditd.store) or auditd.call("audit.tail", {}) is None, "a new store")
        auditd.wait_for_store()
        tap.is_(auditd.call("audit.usage", {}), before, "and so it is when deleted while auditd runs")


def test_retention():
    with alone.Auditd(HEIMGATE_JOURNAL_SEGMENT="4096", HEIMGATE_RETENTION_DAYS="7") as auditd:
        proxyd = auditd.dial("proxyd-auditd")
        for i in range(40):
            proxyd.send_frame(AUDIT_RECORD, i, alone.record(number=i))
            receive_acks(proxyd, 1)
        auditd.wait_for_store()
        auditd.stop(signal.SIGTERM)
        for name in auditd.segments()[:2]:
            old = alone.now_ms() / 1000 - 8 * 86400
            os.utime(os.path.join(auditd.journal, name), (old, old))
        kept = auditd.segments()[2:]
        auditd.start()
        suite.until(lambda: auditd.segments() == kept, "retention")
        first = auditd.records()[0]["seq"]
        suite.until(lambda: auditd.call("audit.tail", {"after": 0, "limit": 1})[1]["records"][0]["seq"] == first, "the store's rows")
        tap.ok(first > 2, "segments older than the retention are gone, and the store's rows with them")
        auditd.is_sound("what is left can be verified")


def test_start_errors():
    with alone.Auditd() as auditd:
        command = [os.path.join(suite.BIN, "heimgate-auditd")]

        def start(**env):
            done = subprocess.run(command, env=suite.clean_environment({**auditd.env, **env}), capture_output=True,
                                  timeout=suite.PATIENCE, check=False)
            return done.returncode, done.stderr.decode()

        code, said = start(HEIMGATE_RUN=auditd.path("elsewhere"))
        tap.is_(code, 111, "a second auditd on the same journal ends with 111")
        tap.has(said, "is another heimgate-auditd running?", "and says why")
        os.mkdir(auditd.path("other"))
        code, said = start(HEIMGATE_STATE=auditd.path("other"), HEIMGATE_AUDIT_STORE="mysql://localhost/audit")
        tap.is_(code, 100, "a store that is not there ends it with 100")
        tap.has(said, "it must be sqlite:FILE or postgresql://", "and it says what there is")
        tap.is_(len(said.splitlines()), 1, "in one line")


test_acknowledged_when_written()
test_kinds()
test_values()
test_strangers()
test_sent_twice()
test_killed_amid_traffic()
test_disk_full()
test_usage()
test_store_is_replaceable()
test_retention()
test_start_errors()
