"""What PROTOCOL.md says of authd."""

import hashlib
import json
import os
import secrets as random

import document
import framing
import stamps
from document import rule

import tap

ADMIN = 2
UNKNOWN, REVOKED = 0, 1


class Key:
    """A key that was made by a tool's call."""

    def __init__(self, parties, **limits):
        self.id = "".join(random.choice("abcdefghijkmnpqrstuvwxyz") for _ in range(10))
        self.hash = hashlib.sha256(os.urandom(32)).digest()
        self.parties = parties
        self.call("key.create", name="kit " + self.id, hash=self.hash.hex(), **limits)

    def call(self, verb, **arguments):
        done, answer = self.parties.call(verb, json.dumps({"id": self.id, **arguments}).encode())
        assert done, answer
        return json.loads(answer)


def judge(parties, secrets, _model):
    auditd = parties.link("authd-auditd")
    proxyd = parties.link("authd-proxyd")
    edge = parties.link("edge-authd")
    framing.judge_health(parties, edge)
    key = Key(parties, rpm=3, models=["a", "b"], local_only=True)
    asking(edge, key, secrets.key("grant"))
    revocations(parties, edge, proxyd)
    records(auditd)


def ask(edge, digest):
    return edge.ask("AUTH_ASK", digest, os.urandom(16))


def asking(edge, key, grant_key):
    name, sealed = ask(edge, key.hash)
    tap.is_(name, "AUTH_GRANT", rule("edge sends AUTH_ASK; authd answers AUTH_GRANT or AUTH_DENY"))
    tap.ok(
        document.is_sealed(b"G", sealed, grant_key),
        rule(
            "The seal is 32 bytes: BLAKE2b-256 (RFC 7693) keyed with the "
            "pairwise key (32 bytes) over one label byte (`G` or `L`) and the fields"
        ),
    )
    grant = document.decode(document.GRANT, sealed)
    got = [grant[name] for name in ("key id", "key name", "models", "requests per minute", "local upstreams only")]
    tap.is_(got, [key.id, "kit " + key.id, "a\nb", 3, 1], "the grant says what the key was made with")
    left = grant["expires"] - stamps.now_ms()
    tap.ok(0 < left <= 30000, rule("A stamp is inside its time when now < expires ≤ now + 30 s"))
    name, denied = ask(edge, os.urandom(32))
    tap.is_((name, denied["reason"], denied["key id"]), ("AUTH_DENY", UNKNOWN, ""), "who holds no key is unknown")
    numbers, frames = [(1 << 50) + 7919 * i % 1000 for i in range(1000)], b""
    fields = document.MESSAGES["AUTH_ASK"].fields
    for i, number in enumerate(numbers):
        body = document.encode(fields, [key.hash if i % 2 else os.urandom(32), bytes(16)])
        frames += framing.nngipc.frame(framing.number_of("AUTH_ASK"), number, body)
    since = edge.mark()
    edge.pipe.send(frames)
    edge.catch_up()
    got = [sorted(number for number, _body in edge.heard(name, since)) for name in ("AUTH_DENY", "AUTH_GRANT")]
    words = rule("matches a reply to its request")
    tap.is_(
        got, [sorted(numbers[::2]), sorted(numbers[1::2])], "the id %s: a thousand at once, each answered once" % words
    )


def revocation(party, key, since=0):
    """The generation from which stamps of the key are good."""
    fields = document.MESSAGES["AUTH_REVOKE"].fields
    body = party.hear("AUTH_REVOKE", since, lambda body: document.decode(fields, body)["key id"] == key.id)
    return document.decode(fields, body)["generation"]


def revocations(parties, edge, proxyd):
    key = Key(parties)
    grant = document.decode(document.GRANT, ask(edge, key.hash)[1])
    key.call("key.revoke")
    for party in (edge, proxyd):
        tap.ok(
            revocation(party, key) > grant["generation"],
            "%s: %s" % (party.name, rule("AUTH_REVOKE voids every stamp of that key with a smaller generation")),
        )
    name, denied = ask(edge, key.hash)
    tap.is_(
        (name, denied["reason"], denied["key id"]), ("AUTH_DENY", REVOKED, key.id), "a revoked key is denied by its id"
    )
    words = rule("authd repeats the revocations of the last 60 s whenever a link comes up")
    for party in (edge, proxyd):
        party.close()
        party.come_up()
        tap.ok(revocation(party, key) > grant["generation"], "%s: %s" % (party.name, words))


def record_ids(auditd):
    fields = document.MESSAGES["AUDIT_RECORD"].fields
    records = [document.decode(fields, body) for _number, body in auditd.heard("AUDIT_RECORD")]
    assert {record["kind"] for record in records} <= {ADMIN}, records
    return [record["record id"] for record in records]


def records(auditd):
    """Two keys were made and one revoked, and nobody has acknowledged it yet."""
    auditd.catch_up()
    told = record_ids(auditd)
    tap.is_(len(set(told)), 3, "each change of a key has a record of kind 2, with an id of its own")
    auditd.close()
    auditd.answers = {framing.number_of("AUDIT_RECORD"): framing.number_of("AUDIT_ACK")}
    auditd.come_up()
    auditd.wait(lambda *_: len(record_ids(auditd)) >= 3, "the records again")
    words = rule("sends all of them again, in order, when the link comes up")
    tap.is_(record_ids(auditd)[:3], told[:3], words)
    auditd.catch_up()
    auditd.close()
    auditd.come_up()
    auditd.catch_up()
    tap.is_(record_ids(auditd), [], rule("A sender keeps each record until AUDIT_ACK comes under its frame id"))
