#!/usr/bin/env python3
"""A program that has taken proxyd's place, with its links and the lease key: what it cannot do, and what lies it can
tell.

It has the upstream credentials and the bodies that pass, so that limits and scopes bind it no more than its own word
does; they must go on binding everybody else.
"""

import struct

import hostile
import suite
import tap
import wire

import nngipc

MODELS = {
    "upstreams": {
        "near": {"base_url": "MOCK", "kind": "ollama", "local": True, "slots": 64},
        "far": {"base_url": "MOCK/v1", "kind": "openai"},
        "other": {"base_url": "MOCK/v1", "kind": "openai"},
    },
    "models": {
        "hybrid": {"targets": [{"upstream": "near"}], "fallbacks": [{"upstream": "far"}]},
        "*": {"targets": [{"upstream": "near"}]},
    },
}
REFUSED = r"event=frame-refused link=%s type=%s \S+ reason=.*%s.*"
NEWS_MAX = 128
COUNT_MAX = (1 << 53) - 1
COST_MAX = 1000 * 1000 * 1000


def restored(taken):
    """The honest proxyd again, and its callers."""
    taken.give_back()
    s = taken.suite
    tap.is_(s.chat(s.make_key(), "m").status, 200, "and afterwards honest callers are served")


def lease_for(s, taken, key, model="m"):
    """A lease that the honest edge was given for a caller: it arrives in the STREAM_OPEN."""
    with s.raw(suite.request_bytes(key, suite.chat_body(model))):
        _, number, body = taken["edge-proxyd"].receive(wire.STREAM_OPEN)
    length = struct.unpack(">I", body[:4])[0]
    return number, body[4 : 4 + length]


# --- what it cannot ---


def speaks_out_of_turn(s, taken):
    authd, limiterd, auditd = taken["authd-proxyd"], taken["proxyd-limiterd"], taken["proxyd-auditd"]
    for kind in (wire.AUTH_ASK, wire.AUTH_GRANT, wire.AUTH_REVOKE, wire.HEALTH_ASK, wire.CTL_CALL):
        tap.is_(authd.refusal(kind), wire.BAD_SENDER, "authd answers nothing (%d)" % kind)
    hostile.await_trace(s, "authd", REFUSED % ("authd-proxyd", "AUTH_ASK", "may not"), "asking authd")
    for kind in (wire.LIMIT_TAKE, wire.LIMIT_CANCEL, wire.CTL_CALL, wire.USAGE_TOTAL):
        tap.is_(limiterd.refusal(kind), wire.BAD_SENDER, "limiterd gives it no lease (%d)" % kind)
    hostile.await_trace(s, "limiterd", REFUSED % ("proxyd-limiterd", "LIMIT_TAKE", "may not"), "a request of its own")
    for kind in (wire.REFUSAL, wire.ADMIN):
        tap.is_(auditd.refusal(wire.AUDIT_RECORD, wire.record(kind)), wire.BAD_SENDER, "no record of kind %d" % kind)
    tap.is_(auditd.refusal(wire.USAGE_ASK), wire.BAD_SENDER, "and no question about usage")
    hostile.await_trace(s, "auditd", REFUSED % ("proxyd-auditd", "AUDIT_RECORD", "may not"), "another daemon's record")


def makes_grants(s, taken):
    """A grant sealed with the only key it has, handed to limiterd by an edge that helps it."""
    lease_key = wire.secret(s, "lease.key")
    edge = hostile.Taken(s, "edge", ("edge-limiterd",))
    lease = wire.lease(lease_key)
    for forged in (wire.grant(lease_key), lease, wire.seal(b"G", lease[:-32], lease_key)):
        tap.ok(hostile.take(edge, forged) in (wire.DENY_GRANT, "refused"), "the lease key makes no grant")
    hostile.await_trace(
        s,
        "limiterd",
        r"event=grant-refused \S+ reason=.*seal.*",
        "a grant of its own",
        lambda: hostile.take(edge, wire.grant(lease_key)),
    )
    edge["edge-limiterd"].close()
    s.start("edge", wait=False)
    taken.links["edge-proxyd"] = wire.Link(s, "edge-proxyd", taken.listeners[0].accept())
    s.wait_ready("edge")


def moves_leases(s, taken):
    key = s.make_key(local_only=True)
    link = taken["proxyd-limiterd"]
    number, lease = lease_for(s, taken, key, "hybrid")
    for target, name in ((1, "far"), (1, "other"), (2, "other"), (255, "far"), (0, "far"), (0, "nowhere"), (1, "")):
        body = nngipc.blob(lease) + struct.pack(">B", target) + nngipc.text(name)
        tap.is_(
            link.ask(wire.LIMIT_MOVE, body),
            (wire.LIMIT_MOVED, bytes(4)),
            "a lease kept in the house is not moved to target %d, %r; trace: heimgate limits" % (target, name),
        )
    altered = lease[:40] + bytes([lease[40] ^ 1]) + lease[41:]
    body = nngipc.blob(altered) + struct.pack(">B", 1) + nngipc.text("far")
    tap.is_(link.refusal(wire.LIMIT_MOVE, body), wire.BAD_SEAL, "nor when it is altered")
    hostile.await_trace(s, "limiterd", REFUSED % ("proxyd-limiterd", "LIMIT_MOVE", "seal"), "an altered lease")
    free = s.make_key()
    _, lease = lease_for(s, taken, free, "m")
    body = nngipc.blob(lease) + struct.pack(">B", 1) + nngipc.text("far")
    tap.is_(link.ask(wire.LIMIT_MOVE, body)[1], bytes(4), "nor is one moved out of its model's route")
    tap.ok(number > 0 and s.limits()["pools"][1]["in_use"] == 0, "the other server has none of them")


def lifts_limits(s, taken):
    """With leases of its own making, whose members no limiterd wrote."""
    lease_key, link = wire.secret(s, "lease.key"), taken["proxyd-limiterd"]
    key = s.make_key(rpm=10, tpm=100000, concurrency=2, budget="100000/day")
    lease_for(s, taken, key)
    before = hostile.key_of(s, key)
    name = s.key_id(key)
    for tokens in (COST_MAX + 1, 1 << 48, 1 << 63, (1 << 64) - 1, (1 << 64) - 1):
        forged = wire.lease(lease_key, key_id=name, tokens=tokens, upstream="near")
        tap.is_(link.refusal(wire.LIMIT_KEEP, forged), wire.BAD_VALUE, "a lease of %d tokens is no lease" % tokens)
        tap.is_(link.refusal(wire.LIMIT_SETTLE, wire.settle(forged, 0)), wire.BAD_VALUE, "nor is it settled")
    hostile.await_trace(s, "limiterd", REFUSED % ("proxyd-limiterd", "LIMIT_KEEP", "meaning"), "a lease of too much")
    forged = [wire.lease(lease_key, key_id=name, tokens=COST_MAX, upstream="near") for _ in range(20)]
    for lease in forged:
        for used, charged in ((0, False), (0, True), ((1 << 64) - 1, False)):
            link.ask(wire.LIMIT_SETTLE, wire.settle(lease, used, charged))
    after = hostile.key_of(s, key)
    tap.ok(
        after["requests"]["remaining"] <= 10 and after["tokens"]["remaining"] <= 100000 and after["running"] >= 0,
        "leases settled with nothing raise nothing above its limit: %r" % after,
    )
    tap.is_(after["budget"], before["budget"], "nor take anything off a budget")
    tap.is_(after["running"], before["running"], "nor make fewer requests than there are")


def revokes_for_itself(s, taken):
    """Another host's leases, or ones long gone: settling what limiterd does not know takes nothing below none."""
    lease_key, link = wire.secret(s, "lease.key"), taken["proxyd-limiterd"]
    pools = s.limits()["pools"]
    for _ in range(50):
        lease = wire.lease(lease_key, key_id="elsewhere0", upstream="near")
        link.ask(wire.LIMIT_SETTLE, wire.settle(lease, 0, False))
        link.ask(wire.LIMIT_SETTLE, wire.settle(lease, 0, True))
    tap.is_(s.limits()["pools"], pools, "fifty leases of nobody's, settled twice: no slot is free that was not")


def answers_twice(s, taken):
    """Whoever gets answers through one connection, for many, would take a second one for the next request's."""
    link = taken["edge-proxyd"]
    with s.raw(suite.request_bytes(s.make_key(), suite.chat_body("m"))) as sock:
        _, number, _ = link.receive(wire.STREAM_OPEN)
        head = struct.pack(">HB", 200, 0) + nngipc.text("text/plain") + nngipc.text("") + struct.pack(">BQ", 1, 2)
        link.send(wire.STREAM_HEAD, head, number)
        link.send(wire.STREAM_DATA, b"ok", number)
        link.send(wire.FAULT, struct.pack(">HH", wire.REPLAYED, wire.STREAM_OPEN) + nngipc.text(""), number)
        answer = suite.read_until_closed(sock)
    tap.is_(answer.count(b"HTTP/1.1 "), 1, "a stream refused after its answer is no second answer; trace: it is cut")


# --- the lies it can tell ---


def lies_of_health(s, taken):
    link = taken["proxyd-limiterd"]
    for name in ("near", "far", "other"):
        link.send(wire.LIMIT_UPSTREAM, nngipc.text(name) + b"\0")
        link.send(wire.LIMIT_OFFER, nngipc.text(name) + nngipc.blob(b"nothing"))
    number, _ = lease_for(s, taken, s.make_key())
    tap.ok(number > 0, "all upstreams said to be away: requests go to the one that is left of the route all the same")
    answers = [link.ask(wire.LIMIT_UPSTREAM, nngipc.text("made-up-%d" % i) + b"\1")[0] for i in range(2 * NEWS_MAX)]
    tap.ok(answers.count(wire.FAULT) >= NEWS_MAX, "upstreams that it makes up are as many as there may be, and no more")
    hostile.await_trace(s, "limiterd", REFUSED % ("proxyd-limiterd", "LIMIT_UPSTREAM", "room"), "upstreams made up")


def lies_of_usage(s, taken):
    """Of requests it may say what it likes: that is counted and on record, and says of no other key anything."""
    link, auditd = taken["proxyd-limiterd"], taken["proxyd-auditd"]
    key, other = s.make_key(tpm=100000, budget="100000/day"), s.make_key(budget="100000/day")
    _, lease = lease_for(s, taken, key)
    tap.is_(link.ask(wire.LIMIT_SETTLE, wire.settle(lease, (1 << 64) - 1))[0], wire.LIMIT_SETTLED, "too much used")
    tap.is_(hostile.key_of(s, key)["budget"]["used"], COST_MAX, "counts as the most that any request can cost")
    for model in ["same"] * 1100 + ["model-%d" % i for i in range(1100)]:
        untrue = wire.record(wire.REQUEST, key_id=s.key_id(key), tokens=(COUNT_MAX, COUNT_MAX), model=model)
        auditd.send(wire.AUDIT_RECORD, untrue)
    for _ in range(2200):
        auditd.receive(wire.AUDIT_ACK)
    tap.ok(True, "and records of more than a number holds are on disk; trace: they are its own, by kind")
    s.kill("limiterd")
    s.start("limiterd")
    taken.again("proxyd-limiterd")
    suite.until(lambda: s.chat(key, "m").status == 429, "history's answer about the key")
    tap.ok(True, "its own key has spent its budget, by that word")
    number, _ = lease_for(s, taken, other)
    tap.ok(number > 0, "while history still answers for others: their budgets are as they were")
    shown = s.tool("audit", "usage", check=False)
    tap.is_(shown.returncode, 0, "and people can see what was said")


with suite.Suite(models=MODELS) as the_suite:
    the_taken = hostile.proxyd(the_suite)
    for each_group in (
        speaks_out_of_turn,
        makes_grants,
        moves_leases,
        lifts_limits,
        revokes_for_itself,
        answers_twice,
        lies_of_health,
        lies_of_usage,
    ):
        each_group(the_suite, the_taken)
    restored(the_taken)
