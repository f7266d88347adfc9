#!/usr/bin/env python3
"""Grants and leases that are forged, altered, replayed or out of their time: none of them reaches a model.

The test takes edge's and proxyd's places on their links; it knows the stamp keys only where it says so.
"""

import hashlib
import os

import suite
import tap
import wire

HOPS = ("auditd", "limiterd", "proxyd", "authd")


def altered(stamp):
    """The stamp with one byte changed, at many places, and cut or lengthened."""
    for place in list(range(0, len(stamp) - 32, 7)) + [len(stamp) - 32, len(stamp) - 1]:
        yield stamp[:place] + bytes([stamp[place] ^ 1]) + stamp[place + 1 :]
    for length in (0, 1, 31, 32, 33, len(stamp) - 33, len(stamp) - 1):
        yield stamp[:length]
    yield stamp + b"\0"
    yield stamp * 2


def is_denied(link, grant, name):
    kind, body = link.ask(wire.LIMIT_TAKE, wire.take(grant))
    good = kind == wire.FAULT or (kind == wire.LIMIT_DENY and body[0] == wire.DENY_GRANT)
    return tap.ok(good, name) if name else good


def check_grants(s):
    link = wire.Link(s, "edge-limiterd")
    right, other = wire.secret(s, "grant.key"), wire.secret(s, "lease.key")
    kind, body = link.ask(wire.LIMIT_TAKE, wire.take(wire.grant(right)))
    tap.is_(kind, wire.LIMIT_LEASE, "a grant sealed with the right key is honoured: the forger can write")
    is_denied(link, wire.grant(os.urandom(32)), "a grant sealed with another key")
    is_denied(link, wire.grant(other), "one sealed with the lease key")
    is_denied(link, wire.leased(body), "a lease in place of a grant")
    good = wire.grant(right)
    tap.ok(all(is_denied(link, bad, None) for bad in altered(good)), "a grant altered in any place, cut or lengthened")
    fields = good[:-32]
    is_denied(link, wire.seal(b"L", fields, right), "a grant sealed under the label of leases")
    is_denied(link, wire.seal(b"", fields, right), "and under none")
    is_denied(link, wire.grant(right, expires=-1), "an expired grant")
    is_denied(link, wire.grant(right, expires=31000), "a grant for longer than any may last")
    kind, body = link.ask(wire.LIMIT_TAKE, wire.take(wire.grant(right, models="other")))
    tap.is_((kind, body[0]), (wire.LIMIT_DENY, wire.DENY_MODEL), "a grant for another model")
    tap.is_(
        link.ask(wire.LIMIT_TAKE, wire.take(good))[0], wire.LIMIT_LEASE, "and afterwards a good one is honoured still"
    )
    link.close()


def open_stream(link, lease, body, length=None):
    """What a STREAM_OPEN comes to: the HTTP status, or the number of the refusal."""
    number = link.send(wire.STREAM_OPEN, wire.stream_open(lease, body, length), flags=wire.FLAG_END)
    outcome = None
    while True:
        kind, answered, answer = link.receive()
        if answered != number:
            continue
        if kind == wire.FAULT:
            return "refused", int.from_bytes(answer[:2], "big")
        if kind == wire.STREAM_HEAD:
            outcome = "status", int.from_bytes(answer[:2], "big")
        if kind == wire.STREAM_TRAILER:
            return outcome


def lease_of(s, right, **members):
    """A lease that limiterd made."""
    link = wire.Link(s, "edge-limiterd")
    kind, body = link.ask(wire.LIMIT_TAKE, wire.take(wire.grant(right, **members)))
    link.close()
    assert kind == wire.LIMIT_LEASE
    return wire.leased(body)


def never_upstream(s, link, lease, name, body=None):
    mark = s.mock.mark()
    outcome = open_stream(link, lease, body or suite.chat_body("m"))
    good = outcome != ("status", 200) and s.mock.count(mark, event="request") == 0
    if name:
        tap.ok(good, "%s (%s %d)" % ((name,) + outcome))
    return good


def check_leases(s):
    link = wire.Link(s, "edge-proxyd")
    grant_key, right = wire.secret(s, "grant.key"), wire.secret(s, "lease.key")
    lease = lease_of(s, grant_key)
    tap.is_(open_stream(link, lease, suite.chat_body("m")), ("status", 200), "a lease from limiterd opens a stream")
    never_upstream(s, link, lease, "but no second one")
    forged = wire.lease(right)
    tap.is_(
        open_stream(link, forged, suite.chat_body("m")),
        ("status", 200),
        "with the key a lease can be forged: it is well formed",
    )
    never_upstream(s, link, forged, "and is good for one stream, too")
    never_upstream(s, link, wire.lease(os.urandom(32)), "a lease sealed with another key")
    never_upstream(s, link, wire.lease(grant_key), "one sealed with the grant key")
    never_upstream(s, link, wire.grant(grant_key), "a grant in place of a lease")
    good = wire.lease(right)
    tap.ok(
        all(never_upstream(s, link, bad, None) for bad in altered(good)),
        "a lease altered in any place, cut or lengthened",
    )
    never_upstream(s, link, wire.seal(b"G", good[:-32], right), "a lease sealed under the label of grants")
    never_upstream(s, link, wire.lease(right, expires=-1), "an expired lease")
    never_upstream(s, link, wire.lease(right, expires=31000), "a lease for longer than any may last")
    never_upstream(
        s, link, wire.lease(right), "a body with another model than the leased one", suite.chat_body("other")
    )
    never_upstream(s, link, wire.lease(right), "and one with two of them", b'{"model":"m","model":"other"}')
    never_upstream(s, link, wire.lease(right), "and one with another in small print", b'{"model":"m","Model":"other"}')
    never_upstream(s, link, wire.lease(right, upstream="elsewhere"), "a lease for the slot of another upstream")
    tap.is_(
        open_stream(link, good, suite.chat_body("m")), ("status", 200), "and afterwards the good one opens its stream"
    )
    link.close()


def check_revoked_leases(s):
    """A lease made before a revocation is void, even if nobody told edge."""
    key = s.make_key()
    link = wire.Link(s, "edge-authd")
    kind, grant = link.ask(wire.AUTH_ASK, hashlib.sha256(key.encode()).digest() + bytes(16))
    tap.is_(kind, wire.AUTH_GRANT, "authd grants a key")
    limiter = wire.Link(s, "edge-limiterd")
    leases = []
    for _ in range(2):
        kind, body = limiter.ask(wire.LIMIT_TAKE, wire.take(grant))
        leases.append(wire.leased(body))
    proxy = wire.Link(s, "edge-proxyd")
    tap.is_(open_stream(proxy, leases[0], suite.chat_body("m")), ("status", 200), "and its lease opens a stream")
    s.tool("key", "revoke", s.key_id(key))
    _, _, body = link.receive(wire.AUTH_REVOKE)
    tap.ok(s.key_id(key).encode() in body, "the revocation is told to edge")
    suite.until(lambda: "event=revoked" in s.log("proxyd"), "the revocation at proxyd", 1.0)
    never_upstream(s, proxy, leases[1], "and within a second a lease made before it opens nothing")
    for each in (link, limiter, proxy):
        each.close()


def check_settling():
    """As proxyd: settling and keeping want the seal as well, and settling twice counts once."""
    with suite.Suite(daemons=("auditd", "limiterd")) as s:
        right = wire.secret(s, "grant.key")
        edge, proxyd = wire.Link(s, "edge-limiterd"), wire.Link(s, "proxyd-limiterd")
        kind, body = edge.ask(wire.LIMIT_TAKE, wire.take(wire.grant(right, tpm=1000), tokens=100))
        lease = wire.leased(body)
        tap.is_(remaining(s), 900, "a lease has its tokens reserved")
        for bad in altered(lease):
            assert proxyd.refusal(wire.LIMIT_SETTLE, wire.settle(bad, 1)) in (
                wire.BAD_SEAL,
                wire.TRUNCATED,
                wire.TRAILING,
            )
        tap.ok(True, "an altered lease cannot be settled")
        tap.is_(proxyd.refusal(wire.LIMIT_KEEP, wire.lease(os.urandom(32))), wire.BAD_SEAL, "nor a forged one kept")
        for _ in range(3):
            tap.is_(proxyd.ask(wire.LIMIT_SETTLE, wire.settle(lease, 50))[0], wire.LIMIT_SETTLED, "settled")
        tap.ok(949 <= remaining(s) <= 960, "three times, and charged once (%d left of 1000)" % remaining(s))
        edge.close()
        proxyd.close()


def remaining(s):
    return s.limits()["keys"][0]["tokens"]["remaining"]


with suite.Suite(daemons=HOPS) as the_suite:
    check_grants(the_suite)
    check_leases(the_suite)
    check_revoked_leases(the_suite)
check_settling()
