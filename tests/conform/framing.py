"""What holds on every link, whatever it carries: frames that are not as the tables say, and peers that come and go."""

import contextlib
import socket
import struct

import document
import party
from document import MESSAGES, rule
from party import header, nngipc, number_of

import tap

REFUSES = rule("A receiver refuses an unknown version or message number")


def judge(parties):
    for name in parties.names():
        link = parties.link(name)
        known = [message for message in MESSAGES.values() if message.name != "FAULT"]
        mine = [m for m in known if parties.peer(name) in m.senders and parties.daemon in m.receivers]
        judge_headers(link)
        judge_senders(link, [message for message in known if message not in mine])
        for message in mine:
            judge_length(link, message)
            judge_vector(link, message)
            judge_fields(link, message)
        judge_messages(link)
        judge_faults(link)
        judge_peers(parties, name)
    judge_greetings(parties)


def is_refused(link, error, frame, number, words):
    got = link.fault(frame, number)
    good = tap.is_(got, error, "%s: %s" % (link.name, words))
    return good


def judge_headers(link):
    known = number_of("HEALTH_ASK")
    since, number = link.mark(), next(link.numbers)
    good = nngipc.frame(party.NOBODY_KNOWS, number + (1 << 40))
    for version in (0, 2, 255):
        bad = nngipc.frame(known, number, version=version)
        is_refused(link, "BAD_VERSION", bad + good, number, "%s: version %d" % (REFUSES, version))
        number = next(link.numbers)
    for kind in (0, party.NOBODY_KNOWS, 65535):
        is_refused(link, "BAD_TYPE", nngipc.frame(kind, number), number, "%s: number %d" % (REFUSES, kind))
        number = next(link.numbers)
    cut = header(known, 100, number) + b"short"
    is_refused(link, "TRUNCATED", cut, number, "the frame ends too early: 100 bytes announced, 5 there")
    words = rule("answers with FAULT under the same id (0 when the id itself is cut short)")
    is_refused(link, "TRUNCATED", header(known, 0, 0)[:9], 0, words)
    link.catch_up()
    dropped = [frame for frame in link.frames[since:] if frame[1] >> 40 == 1]
    words = rule(
        "After a frame whose version is unknown or that is cut short, the rest of that nng message is discarded"
    )
    tap.is_(dropped, [], "%s: %s" % (link.name, words))


def judge_senders(link, others):
    words = rule("a message that the sender may not send on this link")
    wrong = []
    for message in others:
        body = document.vector(message.name)[1] if message.fields and message.fields[0].name != "bytes" else b""
        number = next(link.numbers)
        got = link.fault(nngipc.frame(message.number, number, body), number)
        if got != "BAD_SENDER":
            wrong.append((message.name, got))
    tap.is_(wrong, [], "%s: a receiver refuses %s: all %d of the table" % (link.name, words, len(others)))


def judge_length(link, message):
    number = next(link.numbers)
    frame = nngipc.frame(message.number, number, bytes(message.largest + 1))
    is_refused(
        link, "BAD_LENGTH", frame, number, "%s: %s" % (message.name, rule("a body longer than the table allows"))
    )


def spoilt(field, value):
    """(error, what is wrong, value) for what a field may not be."""
    if field.kind in ("str", "bytes"):
        yield "TOO_LONG", rule("a field over its maximum"), b"x" * (field.size + 1)
    if field.kind == "str":
        yield "BAD_VALUE", rule("no NUL"), b"a\0b"
    if field.last is not None:
        yield "BAD_VALUE", rule("a value outside its meaning"), field.last + 1


def boundaries(message, values):
    """Where the fields of a body begin, and one byte before its end."""
    at = 0
    for field, value in zip(message.fields, values):
        yield at
        at += len(document.encode_field(field, value))
    yield at - 1


def judge_vector(link, message):
    """Well formed, but with stamps that are sealed with a key of its own, and a record of another party's kind."""
    if not message.fields or message.fields[0].name == "bytes":
        return
    flags, good = document.vector(message.name)
    since, number = link.mark(), link.send_body(message.name, good, flags=flags)
    link.catch_up()
    answers = [document.BY_NUMBER[kind].name for kind, got, _body in link.frames[since:] if got == number]
    faults = [
        document.error_name(body[1])
        for kind, got, body in link.frames[since:]
        if got == number and kind == party.FAULT.number
    ]
    good = not set(faults) - {"BAD_SEAL", "EXPIRED", "BAD_SENDER"}
    tap.ok(good, "%s: %s of the golden vectors is understood (%s)" % (link.name, message.name, faults or answers))


def judge_fields(link, message):
    if not message.fields or message.fields[0].kind == "bare":
        return
    flags, good = document.vector(message.name)
    values = list(document.decode(message.fields, good).values())
    wrong = []

    def expect(error, body, what):
        number = next(link.numbers)
        got = link.fault(nngipc.frame(message.number, number, body, flags), number)
        if got != error:
            wrong.append("%s is answered %s, not %s" % (what, got, error))

    for at in boundaries(message, values):
        expect("TRUNCATED", good[:at], "a body of %d of %d bytes" % (at, len(good)))
    if len(good) < message.largest:
        expect("TRAILING", good + b"\0", "a byte behind the last field")
    for place, field in enumerate(message.fields):
        for error, what, value in spoilt(field, values[place]):
            body = document.encode(message.fields, values[:place] + [value] + values[place + 1 :])
            if len(body) <= message.largest:
                expect(error, body, "%s: %s" % (field.name, what))
    tap.is_(
        wrong,
        [],
        "%s: %s cut short, lengthened, and with each field spoilt (its golden vector)" % (link.name, message.name),
    )


def judge_messages(link):
    """An nng message is a batch of frames."""
    numbers = [next(link.numbers) for _ in range(1000)]
    since = link.mark()
    link.pipe.send(b"".join(nngipc.frame(party.NOBODY_KNOWS, number) for number in numbers))
    link.wait(lambda _kind, number, _body: number == numbers[-1], "the last of a thousand", since)
    got = [number for kind, number, _body in link.frames[since:] if kind == party.FAULT.number]
    words = rule("An nng message carries one or more whole frames, back to back")
    tap.is_(got, numbers, "%s: %s, %s" % (link.name, words, rule("A receiver handles them in order").lower()))
    link.pipe.send(b"")
    link.catch_up()
    tap.ok(True, link.name + ": an empty message is nothing")


def judge_faults(link):
    words = rule("a FAULT is never answered")
    since = link.mark()
    for body in (document.vector("FAULT")[1], b"", b"\xff" * 40, bytes(600)):
        link.send_body("FAULT", body, number=(1 << 41) + len(body))
    link.catch_up()
    got = [frame for frame in link.frames[since:] if frame[1] > 1 << 41]
    tap.is_(got, [], "%s: %s, not even one that is malformed" % (link.name, words))


# --- peers ---


def knock(run, name):
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(party.PATIENCE)
    nngipc.by_descriptor(party.path(run, name), sock.connect)
    return sock


def heard_until_closed(sock):
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while more := sock.recv(4096):
            data += more
    sock.close()
    return data


def judge_peers(parties, name):
    link = parties.link(name)
    if name in parties.listeners:
        link.close()
        link.come_up()
        tap.ok(True, "%s: %s" % (name, rule("The party that dials connects again by itself")))
        return
    third = knock(parties.run, name)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        third.sendall(b"\0SP\0\0\x10\0\0\x01" + struct.pack(">Q", 16) + nngipc.frame(party.NOBODY_KNOWS, 1))
    words = rule("a listener closes the connection of whoever comes while it has a peer")
    tap.ok(len(heard_until_closed(third)) <= 8, "%s: %s" % (name, words))
    link.catch_up()
    tap.ok(True, name + ": and its peer is not disturbed by that")
    link.close()
    link.come_up()
    tap.ok(True, name + ": when a peer is gone the next one is let in")


def judge_greetings(parties):
    """What comes from a dialer that is none: it costs the connection and nothing else."""
    name = next(name for name in parties.names() if name not in parties.listeners)
    parties.give_up(name)
    words = rule("closes what does not greet it so")
    for greeting in (b"GET / HTTP/1.1\r\n\r\n", b"\0SP\0\0\x62\0\0", bytes(8)):
        closed = nngipc.until(party.PATIENCE, lambda greeting=greeting: is_turned_away(parties.run, name, greeting))
        tap.ok(closed, "%s: each side %s: %r" % (name, words, greeting))
    for _ in range(50):
        nngipc.until(party.PATIENCE, lambda: knock(parties.run, name)).close()
    link = parties.link(name)
    tap.ok(True, name + ": whoever is gone before a greeting could be sent leaves the place free")
    link.pipe.send_raw(b"\x01" + struct.pack(">Q", 262145))
    with link.changed:
        ended = link.changed.wait_for(lambda: link.ended, party.PATIENCE)
    tap.ok(ended, "%s: a message of 262145 bytes: %s" % (name, rule("one that is too long ends the connection")))
    parties.open.pop(name)
    parties.link(name)
    tap.ok(True, name + ": and the next peer is let in")


def is_turned_away(run, name, greeting):
    sock = knock(run, name)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        sock.sendall(greeting)
    return len(heard_until_closed(sock)) <= 8


def judge_health(parties, edge):
    name, body = edge.ask("HEALTH_ASK")
    parts = document.health(body)
    tap.ok(name == "HEALTH" and parts, "HEALTH_ASK is answered with HEALTH: %s" % ", ".join(parts))
    return parts


def judge_calls(parties):
    """What a tool may ask that no daemon knows."""
    done, answer = parties.call("no.such.verb")
    words = rule("in the JSON of one that was refused, `error` says why")
    tap.ok(not done and b'"error"' in answer, "ctl-%s: %s" % (parties.daemon, words))
