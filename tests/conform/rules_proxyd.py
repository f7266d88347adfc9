"""What PROTOCOL.md says of proxyd.  It has one upstream, and a model there whose streamed answer has over 200 KiB."""

import json

import document
import framing
import stamps
from document import rule

import tap

CHAT = 0
END = 1
CHUNK, WINDOW = 32768, 65536
REQUEST = 0
COMPLETE = 0


class Stage:
    """edge, authd, limiterd and auditd around the proxyd that is judged."""

    def __init__(self, parties, secrets, model):
        self.model = model
        self.limiterd = parties.link("proxyd-limiterd")
        self.auditd = parties.link("proxyd-auditd")
        self.authd = parties.link("authd-proxyd")
        self.edge = parties.link("edge-proxyd")
        self.key = secrets.key("lease")
        told = self.limiterd.hear("LIMIT_UPSTREAM")
        self.upstream = document.decode(document.MESSAGES["LIMIT_UPSTREAM"].fields, told)["upstream"]

    def lease(self, key=None, **changes):
        about = {"model": self.model, "upstream": self.upstream, "route": CHAT, **changes}
        return stamps.lease(self.key if key is None else key, **about)

    def body(self, **members):
        said = {"messages": [{"role": "user", "content": "Say something long."}], "stream": True, **members}
        return json.dumps({"model": self.model, **said}).encode()

    def open(self, lease, body=None, length=None):
        """Opens a stream and returns its id."""
        body = self.body() if body is None else body
        flags = END if length is None else 0
        return self.edge.send("STREAM_OPEN", lease, "192.0.2.7", b"", length or len(body), body, flags=flags)

    def outcome(self, lease, body=None):
        """How a stream begins: the name of the error, or the status of the answer."""
        number = self.open(lease, body)
        name, fields = self.edge.answer(number)
        if name == "FAULT":
            return document.error_name(fields["error"])
        self.edge.send("STREAM_CANCEL", number=number)
        return fields["status"]

    def data(self, number):
        """The answer of a stream so far."""
        return b"".join(body for got, body in self.edge.heard("STREAM_DATA") if got == number)

    def trailer(self, number):
        """The end of a stream, with credit for whatever came before it."""

        def ends(kind, of, body):
            name = document.BY_NUMBER[kind].name if of == number else ""
            if name == "STREAM_DATA":
                self.edge.send("STREAM_CREDIT", len(body), number=number)
            return name == "STREAM_TRAILER"

        body = self.edge.wait(ends, "STREAM_TRAILER")[2]
        return document.decode(document.MESSAGES["STREAM_TRAILER"].fields, body)

    def await_keep(self, lease, count=1, since=0):
        """Until limiterd was told so often that the lease is in use, which is once a second."""
        self.limiterd.wait(
            lambda *_: [body for _, body in self.limiterd.heard("LIMIT_KEEP", since)].count(lease) >= count,
            "LIMIT_KEEP",
            since,
        )

    def settlements(self, lease, since=0):
        fields = document.MESSAGES["LIMIT_SETTLE"].fields
        found = [document.decode(fields, body) for _number, body in self.limiterd.heard("LIMIT_SETTLE", since)]
        return [settlement for settlement in found if settlement["sealed lease"] == lease]

    def await_settlement(self, lease, count=1, since=0):
        self.limiterd.wait(lambda *_: len(self.settlements(lease, since)) >= count, "LIMIT_SETTLE", since)
        return self.settlements(lease, since)[count - 1]


def judge(parties, secrets, model):
    stage = Stage(parties, secrets, model)
    framing.judge_health(parties, stage.edge)
    for check in (leases, flow, bodies, settling, recording, cancelling, revoking, keeping, losing):
        check(stage)


def leases(stage):
    words = rule(
        "Only a lease that is not sealed with its key, is outside its time or was opened before is answered with FAULT"
    )
    good = stage.lease()
    tap.is_(
        stage.outcome(good),
        200,
        rule("edge opens a stream with STREAM_OPEN under an id that is new on this connection"),
    )
    tap.is_(stage.outcome(good), "REPLAYED", words + ": opened before")
    for what, lease in stamps.forged(stage.lease, stage.key):
        tap.is_(stage.outcome(lease), "BAD_SEAL", "%s: %s" % (words, what))
    for what, lease in stamps.untimely(stage.lease, stage.key):
        tap.is_(stage.outcome(lease), "EXPIRED", "%s: %s" % (words, what))
    good = stage.lease()
    got = {stage.outcome(bad) for bad in stamps.altered(good)}
    tap.ok(got <= {"BAD_SEAL", "TRUNCATED", "TRAILING"}, "%s: altered (%s)" % (words, sorted(got)))
    tap.is_(stage.outcome(good), 200, "and the good one opens its stream still")
    number = stage.open(stage.lease(), stage.body(model="another"))
    name, head = stage.edge.answer(number)
    tap.ok(
        name == "STREAM_HEAD" and 400 <= head["status"] < 500 and stage.trailer(number),
        rule("the error a client shall see " "is an answer like any other")
        + ": a body with another model than the leased one",
    )


def flow(stage):
    words = rule(
        "Each side may send 65536 bytes of payload (the bytes in OPEN count) and as many more as STREAM_CREDIT allows"
    )
    lease = stage.lease()
    number = stage.open(lease)
    stage.await_keep(lease)
    size = len(stage.data(number))
    tap.ok(
        CHUNK < size <= WINDOW,
        "%s: %d bytes, and no more until limiterd is told that the lease is in use" % (words, size),
    )
    stage.edge.send("STREAM_CREDIT", 4096, number=number)
    since = stage.limiterd.mark()
    stage.await_keep(lease, since=since)
    more = len(stage.data(number))
    tap.ok(size < more <= WINDOW + 4096, "%s: %d after 4096 more" % (words, more))
    since = stage.edge.mark()
    stage.edge.send("STREAM_CREDIT", 1 << 24, number=number)
    stage.edge.wait(lambda *_: len(stage.data(number)) >= more + WINDOW, "another window", since)
    again = stage.limiterd.mark()
    stage.await_keep(lease, since=again)
    words = rule("What is allowed never adds up to more than 65536 bytes at one time: credit beyond that is lost")
    tap.is_(len(stage.data(number)), more + WINDOW, words)
    trailer = stage.trailer(number)
    text = stage.data(number)
    tap.ok(
        trailer["end"] == COMPLETE and len(text) > 3 * WINDOW and text.endswith(b"data: [DONE]\n\n"),
        "with enough of it all comes: %d bytes" % len(text),
    )
    kinds = [document.BY_NUMBER[kind].name for kind, got, _body in stage.edge.frames if got == number]
    tap.ok(
        kinds[0] == "STREAM_HEAD" and kinds[-1] == "STREAM_TRAILER" and set(kinds[1:-1]) == {"STREAM_DATA"},
        rule("proxyd answers with one STREAM_HEAD, any number of STREAM_DATA, one STREAM_TRAILER"),
    )
    since = stage.edge.mark()
    stage.edge.send("STREAM_CREDIT", 100, number=number)
    stage.edge.send_body("STREAM_BODY", b"late", number)
    stage.edge.send("STREAM_CANCEL", number=number)
    stage.edge.catch_up()
    got = [frame for frame in stage.edge.frames[since:] if frame[1] == number]
    tap.is_(got, [], rule("frames for it that were still on their way are ignored"))


def bodies(stage):
    """A body of 300 KiB, by credit."""
    body = stage.body(user="u" * 300000, max_tokens=5)
    lease = stage.lease()
    number = stage.open(lease, body[:CHUNK], len(body))
    sent, allowed = CHUNK, WINDOW
    credited = set()
    while sent < len(body):
        size = min(CHUNK, allowed - sent, len(body) - sent)
        if size > 0:
            flags = END if sent + size == len(body) else 0
            stage.edge.send_body("STREAM_BODY", body[sent : sent + size], number, flags)
            sent += size
            continue
        place = next_credit(stage.edge, number, credited)
        credited.add(place)
        allowed += int.from_bytes(stage.edge.frames[place][2], "big")
    kind = framing.number_of("STREAM_HEAD")
    head = stage.edge.wait(lambda got, of, _body: (got, of) == (kind, number), "STREAM_HEAD")[2]
    words = rule("and as many more as STREAM_CREDIT allows")
    tap.is_(
        int.from_bytes(head[:2], "big"),
        200,
        "a body of %d bytes, %s, in %d portions" % (len(body), words, len(credited)),
    )
    stage.edge.send("STREAM_CANCEL", number=number)
    stage.await_settlement(lease)


def next_credit(edge, number, known):
    """Where the next STREAM_CREDIT for a stream stands among the frames."""
    kind = framing.number_of("STREAM_CREDIT")

    def place():
        return next((i for i, frame in enumerate(edge.frames) if frame[:2] == (kind, number) and i not in known), None)

    edge.wait(lambda *_: place() is not None, "STREAM_CREDIT")
    return place()


def settling(stage):
    lease = stage.lease()
    number = stage.open(lease)
    trailer = stage.trailer(number)
    settlement = stage.await_settlement(lease)
    tap.ok(
        settlement["charged"] and settlement["tokens used"] == trailer["tokens in"] + trailer["tokens out"] > 0,
        "what LIMIT_SETTLE says was used is what STREAM_TRAILER says",
    )
    busy = document.ERRORS["BUSY"], framing.number_of("LIMIT_SETTLE"), "no room for this now"
    for asked, body in stage.limiterd.heard("LIMIT_SETTLE"):
        if lease in body:
            stage.limiterd.send("FAULT", *busy, number=asked)
    stage.await_settlement(lease, 2)
    tap.ok(
        True,
        rule("LIMIT_SETTLE is kept until LIMIT_SETTLED comes, and sent again when the link comes up and after BUSY"),
    )
    stage.limiterd.close()
    stage.limiterd.answers = {framing.number_of("LIMIT_SETTLE"): framing.number_of("LIMIT_SETTLED")}
    stage.limiterd.come_up()
    stage.await_settlement(lease)
    tap.ok(True, rule("what must not be lost (records, settlements) is sent again when it is up"))
    since = stage.limiterd.mark()
    stage.limiterd.wait(lambda *_: len(stage.limiterd.heard("LIMIT_UPSTREAM", since)) >= 2, "LIMIT_UPSTREAM", since)
    tap.is_(stage.settlements(lease, since), [], rule("settled; forget it"))
    tap.ok(True, rule("proxyd tells limiterd with LIMIT_UPSTREAM, once a second and at each change"))


def record_ids(auditd):
    fields = document.MESSAGES["AUDIT_RECORD"].fields
    found = [document.decode(fields, body) for _number, body in auditd.heard("AUDIT_RECORD")]
    assert {record["kind"] for record in found} <= {REQUEST}, found
    return [record["record id"] for record in found]


def recording(stage):
    """Nobody has acknowledged what was recorded so far."""
    told = record_ids(stage.auditd)
    tap.ok(len(told) > 3 and len(set(told)) == len(told), "each request has a record of kind 0, with an id of its own")
    stage.auditd.close()
    stage.auditd.answers = {framing.number_of("AUDIT_RECORD"): framing.number_of("AUDIT_ACK")}
    stage.auditd.come_up()
    stage.auditd.wait(lambda *_: len(record_ids(stage.auditd)) >= len(told), "the records again")
    words = rule("sends all of them again, in order, when the link comes up")
    tap.is_(record_ids(stage.auditd)[: len(told)], told, words)
    stage.auditd.catch_up()
    stage.auditd.close()
    stage.auditd.come_up()
    stage.auditd.catch_up()
    tap.is_(record_ids(stage.auditd), [], rule("A sender keeps each record until AUDIT_ACK comes under its frame id"))


def begin(stage, **about):
    """A stream that waits for credit."""
    lease = stage.lease(**about)
    number = stage.open(lease)
    stage.edge.wait(lambda *_: len(stage.data(number)) > CHUNK, "half a window")
    return lease, number


def cancelling(stage):
    lease, number = begin(stage)
    stage.edge.send("STREAM_CANCEL", number=number)
    stage.await_settlement(lease)
    since = stage.edge.mark()
    stage.edge.send("STREAM_CREDIT", WINDOW, number=number)
    stage.edge.catch_up()
    got = [frame for frame in stage.edge.frames[since:] if frame[1] == number]
    tap.is_(got, [], rule("After STREAM_TRAILER or STREAM_CANCEL the id is dead"))


def revoking(stage):
    key = stamps.fresh_key()
    lease, number = begin(stage, key_id=key, generation=4)
    stage.authd.send("AUTH_REVOKE", key, 5)
    stage.authd.catch_up()
    tap.ok(stage.trailer(number)["end"] != COMPLETE, rule("proxyd ends open streams and refuses later ones"))
    stage.await_settlement(lease)
    refused = stage.outcome(stage.lease(key_id=key, generation=4))
    tap.ok(refused not in (200, "REPLAYED"), "a lease of before opens nothing: %s" % refused)
    tap.is_(stage.outcome(stage.lease(key_id=key, generation=5)), 200, "one of the new generation does")


def keeping(stage):
    lease, number = begin(stage)
    stage.await_keep(lease)
    stage.limiterd.close()
    stage.limiterd.come_up()
    stage.await_keep(lease)
    tap.ok(True, rule("once a second, and for all of them when the link comes up"))
    tap.is_(stage.trailer(number)["end"], COMPLETE, "a stream goes on without limiterd")


def losing(stage):
    lease, _number = begin(stage)
    stage.edge.close()
    stage.await_settlement(lease)
    tap.ok(True, rule("everything in flight on it is lost for both sides") + ": its lease is settled")
    stage.edge.come_up()
    tap.is_(stage.outcome(stage.lease()), 200, "and a new connection opens new streams")
