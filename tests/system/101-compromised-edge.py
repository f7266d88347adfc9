#!/usr/bin/env python3
"""A program that has taken edge's place, with all of edge's rights, gets no more than edge gives to callers.

Each attempt leaves a trace, which its check names: a line in a log, a record of history, or what `heimgate limits`
shows.  After each group the honest edge is back and serves the same callers from the same daemons.
"""

import json
import os

import hostile
import suite
import tap
import wire

MODELS = {
    "upstreams": {
        "near": {"base_url": "MOCK", "kind": "ollama", "local": True, "slots": 4, "acquire_timeout_ms": 0},
        "far": {"base_url": "MOCK/v1", "kind": "openai"},
    },
    "models": {
        "cloud": {"targets": [{"upstream": "far"}]},
        "hybrid": {"targets": [{"upstream": "near", "model": "fault-busy-503"}], "fallbacks": [{"upstream": "far"}]},
        "*": {"targets": [{"upstream": "near"}]},
    },
}
ROUTES_OF_NOBODY = range(24, 38)  # edge's own and those that heimgate refuses, by the numbers of API.md's rows
SHORT = {"HEIMGATE_GRANT_LIFE_MS": "3000", "HEIMGATE_LEASE_LIFE_MS": "1500"}
CHAT_BODY = suite.chat_body("m")
REFUSED = r"event=frame-refused link=%s type=%s \S+ reason=.*%s.*"


def asked(s, mark):
    """How many requests reached the model server."""
    return s.mock.count(mark, event="request")


def in_place_of_edge(attempts):
    """A group of attempts; then the same daemons serve honest callers."""

    def group(s):
        honest = s.make_key()
        taken = hostile.edge(s)
        attempts(s, taken)
        taken.give_back()
        suite.until(lambda: not any(pool["in_use"] for pool in s.limits()["pools"]), "the end of leases not used")
        tap.is_(s.chat(honest, "m").status, 200, "%s: and honest callers are served" % attempts.__name__)

    return group


def flipped(stamp, place):
    return stamp[:place] + bytes([stamp[place] ^ 1]) + stamp[place + 1 :]


# --- whose key it is ---


@in_place_of_edge
def without_a_key(s, taken):
    mark = s.mock.mark()
    kind, _ = taken["edge-authd"].ask(wire.AUTH_ASK, os.urandom(32) + bytes(16))
    tap.is_(kind, wire.AUTH_DENY, "no guess is a key; it is answered, and edge alone would have recorded it")
    for forged in (b"", wire.grant(os.urandom(32)), os.urandom(200)):
        tap.ok(hostile.take(taken, forged) in (wire.DENY_GRANT, "refused"), "nor is a grant of its own one")
    hostile.await_trace(
        s,
        "limiterd",
        r"event=grant-refused \S+ reason=.*seal.*",
        "limiterd takes no grant without authd's seal",
        lambda: hostile.take(taken, wire.grant(os.urandom(32))),
    )
    for forged in (b"", wire.lease(os.urandom(32)), wire.grant(os.urandom(32))):
        tap.is_(hostile.opened(taken, forged, CHAT_BODY)[0], "refused", "nor does proxyd take a lease of its own")
    hostile.await_trace(s, "proxyd", REFUSED % ("edge-proxyd", "STREAM_OPEN", "seal"), "a lease of its own")
    for kind in (wire.LIMIT_KEEP, wire.LIMIT_SETTLE, wire.LIMIT_MOVE, wire.LIMIT_UPSTREAM, wire.LIMIT_OFFER):
        error = taken["edge-limiterd"].refusal(kind)
        tap.is_(error, wire.BAD_SENDER, "limiterd hears nothing of what only proxyd may say (%d)" % kind)
    hostile.await_trace(s, "limiterd", REFUSED % ("edge-limiterd", "LIMIT_KEEP", "may not"), "in proxyd's words")
    tap.is_(asked(s, mark), 0, "no model server has heard of any of it")


@in_place_of_edge
def with_an_old_key(s, taken):
    gone, late = s.make_key(), s.make_key()
    old, kept = hostile.grant_of(taken, gone), hostile.grant_of(taken, late)
    leases = [hostile.take(taken, grant) for grant in (old, kept)]
    lease = hostile.take(taken, old, model="fault-stall-mid")
    stalled = hostile.send_open(taken["edge-proxyd"], lease, suite.chat_body("fault-stall-mid", stream=True))
    taken["edge-proxyd"].receive(wire.STREAM_HEAD)
    s.tool("key", "revoke", s.key_id(gone))
    _, answer = hostile.answer_to(taken["edge-proxyd"], stalled)
    tap.ok(b"revoked" in answer, "a revocation ends the stream that was open")
    mark = s.mock.mark()
    for lease in (leases[0], hostile.take(taken, old)):
        status, answer = hostile.opened(taken, lease, CHAT_BODY)
        tap.ok(status == 401 and b"key" in answer, "and no lease of its key is good, made before or after")
    record = suite.until(lambda: s.records(kind="request", key_id=s.key_id(gone), status=401), "the records")
    tap.ok(record, "trace: a record by proxyd with 401")
    tap.is_(hostile.granted(taken, gone)[0], wire.AUTH_DENY, "nor does authd grant it any more")
    suite.until(lambda: hostile.take(taken, kept) == wire.DENY_GRANT, "expiry of the other grant")
    tap.ok(True, "a grant that authd has made is good until it expires")
    hostile.await_trace(
        s,
        "limiterd",
        r"event=grant-refused \S+ reason=.*time.*",
        "and not beyond",
        lambda: hostile.take(taken, kept),
    )
    suite.until(lambda: hostile.opened(taken, leases[1], CHAT_BODY) == ("refused", wire.EXPIRED), "expiry of a lease")
    hostile.await_trace(s, "proxyd", REFUSED % ("edge-proxyd", "STREAM_OPEN", "time"), "nor a lease beyond its expiry")
    tap.is_(asked(s, mark), 0, "no model server has heard of it")


# --- what a stamp says ---


@in_place_of_edge
def altered_stamps(s, taken):
    """100-stamps.py alters every seventh byte of forged ones; these are the ones that authd and limiterd made."""
    key = s.make_key(rpm=1000, tpm=100000, concurrency=50, models="m,cloud", budget="100000/day", local_only=True)
    grant = hostile.grant_of(taken, key)
    mark = s.mock.mark()
    spared = [hostile.take(taken, flipped(grant, place)) for place in range(len(grant))]
    tap.ok(set(spared) <= {wire.DENY_GRANT, "refused"}, "a grant with any byte altered: limits, models, scope, expiry")
    lease = hostile.take(taken, grant, tokens=1)
    outcomes = {hostile.opened(taken, flipped(lease, place), CHAT_BODY) for place in range(len(lease))}
    tap.ok(all(outcome[0] == "refused" for outcome in outcomes), "a lease with any byte altered: %r" % outcomes)
    hostile.await_trace(s, "proxyd", REFUSED % ("edge-proxyd", "STREAM_OPEN", "seal"), "an altered lease")
    tap.is_(asked(s, mark), 0, "no model server has heard of it")
    for other in (b'{"model":"other"}', b'{"model":"m","model":"other"}', suite.chat_body("cloud"), b"{}"):
        lease = hostile.take(taken, grant)
        tap.is_(hostile.opened(taken, lease, other)[0], 400, "a lease of one model and a body of another: %r" % other)
    suite.until(lambda: s.records(kind="request", key_id=s.key_id(key), status=400), "the records")
    tap.is_(asked(s, mark), 0, "which no model server heard of; trace: records by proxyd with 400")
    tap.is_(hostile.take(taken, grant, model="other"), wire.DENY_MODEL, "a model that is not the key's has no lease")
    tap.is_(hostile.take(taken, grant, model="cloud"), wire.DENY_MODEL, "nor has one that is not in the house")


@in_place_of_edge
def replayed_leases(s, taken):
    key = s.make_key()
    grant = hostile.grant_of(taken, key)
    lease = hostile.take(taken, grant)
    mark = s.mock.mark()
    link = taken["edge-proxyd"]
    both = [hostile.send_open(link, lease, CHAT_BODY) for _ in range(2)]
    tap.is_(hostile.answer_to(link, both[1]), ("refused", wire.REPLAYED), "a lease opened twice at once is good once")
    suite.until(lambda: s.records(key_id=s.key_id(key)), "the record of the one")
    tap.is_(hostile.opened(taken, lease, CHAT_BODY)[1], wire.REPLAYED, "and not again when that is over")
    hostile.await_trace(s, "proxyd", REFUSED % ("edge-proxyd", "STREAM_OPEN", "before"), "a replay")
    tap.is_(asked(s, mark), 1, "the model server was asked once")
    suite.until(lambda: replay_after_restart(s, taken, grant) == ("refused", wire.REPLAYED), "a restart in time")
    tap.ok(True, "nor when proxyd has been started anew and knows of none")


def replay_after_restart(s, taken, grant):
    """What a used lease is worth to a new proxyd: where the machine is busy it may have expired meanwhile."""
    lease = hostile.take(taken, grant)
    mark = s.mock.mark()
    hostile.opened(taken, lease, CHAT_BODY)
    s.kill("proxyd")
    s.start("proxyd")
    taken.again("edge-proxyd")
    outcome = hostile.opened(taken, lease, CHAT_BODY)
    tap.is_(asked(s, mark), 1, "the model server was asked once")
    return outcome


@in_place_of_edge
def routes_of_nobody(s, taken):
    """Leases for what edge answers itself, or nobody: they cost nothing, and must be good for nothing."""
    grant = hostile.grant_of(taken, s.make_key())
    mark = s.mock.mark()
    for route in ROUTES_OF_NOBODY:
        for model in ("", "m"):
            lease = hostile.take(taken, grant, route=route, model=model)
            outcome = hostile.opened(taken, lease, CHAT_BODY) if isinstance(lease, bytes) else lease
            good = not isinstance(outcome, tuple) or outcome[0] != 200
            tap.ok(good, "route %d, model %r: %r" % (route, model, outcome))
    tap.is_(asked(s, mark), 0, "no model server has heard of any of them")
    hostile.await_trace(
        s,
        "limiterd",
        REFUSED % ("edge-limiterd", "LIMIT_TAKE", "meaning"),
        "a lease for what is nobody's",
        lambda: hostile.take(taken, grant, route=ROUTES_OF_NOBODY[-1], model=""),
    )


# --- limits ---


@in_place_of_edge
def untold_costs(s, taken):
    key = s.make_key(tpm=100)
    grant = hostile.grant_of(taken, key)
    lease = hostile.take(taken, grant, model="stream-90", tokens=0)
    status, _ = hostile.opened(taken, lease, suite.chat_body("stream-90"))
    tap.is_(status, 200, "costs that are not told count as one token")
    suite.until(lambda: hostile.key_of(s, key)["tokens"]["remaining"] < 20, "the settlement")
    tap.is_(
        hostile.take(taken, grant, tokens=100),
        wire.DENY_TOKENS,
        "and are settled with what was used; trace: heimgate limits, and the record",
    )
    poor = s.make_key(budget="50/day")
    grant = hostile.grant_of(taken, poor)
    running = [hostile.take(taken, grant, model="stream-40", tokens=0) for _ in range(4)]
    tap.ok(all(isinstance(lease, bytes) for lease in running), "as many as run at one time overrun a budget")
    for lease in running:
        hostile.opened(taken, lease, suite.chat_body("stream-40"))
    suite.until(lambda: hostile.key_of(s, poor)["budget"]["reserved"] == 0, "the settlements")
    used = hostile.key_of(s, poor)["budget"]["used"]
    tap.ok(used >= 4 * 40, "by all of what they use (%d of 50), which is counted" % used)
    reason = hostile.take(taken, grant, tokens=0)
    tap.is_(reason, wire.DENY_BUDGET, "and the next finds nothing; trace: heimgate limits")


@in_place_of_edge
def many_leases(s, taken):
    """Leases that are taken and never used hold what they reserve until they expire, and no longer."""
    key = s.make_key(rpm=6, concurrency=3)
    grant = hostile.grant_of(taken, key)
    tap.is_(
        [hostile.take(taken, grant) for _ in range(5)][3:],
        [wire.DENY_CONCURRENCY] * 2,
        "unused leases count as requests under way; trace: heimgate limits",
    )
    other = hostile.grant_of(taken, s.make_key())
    slots = [hostile.take(taken, other) for _ in range(4)]
    tap.is_(slots[1:], [wire.DENY_SLOTS] * 3, "and have their slots: three and one of four")
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "the end of leases not used")
    tap.is_(hostile.key_of(s, key)["running"], 0, "they are taken back, and the slots are free")
    left = hostile.key_of(s, key)["requests"]["remaining"]
    tap.ok(left < 5, "but the requests stay counted (%d left of 6)" % left)
    link, grant = taken["edge-limiterd"], hostile.grant_of(taken, key)
    number = link.send(wire.LIMIT_TAKE, wire.take(grant))
    link.receive(wire.LIMIT_LEASE)
    tap.is_(
        link.refusal(wire.LIMIT_TAKE, wire.take(grant)),
        None,
        "another has an id of its own",
    )
    link.send(wire.LIMIT_TAKE, wire.take(grant), number)
    kind, _, body = link.receive()
    tap.is_((kind, body[:2]), (wire.FAULT, bytes([0, wire.REPLAYED])), "and an id is good for one lease")


@in_place_of_edge
def cancelled_in_use(s, taken):
    """The residual risk as SECURITY.md states it: over-admission until proxyd's next KEEP, and not beyond."""
    key = s.make_key(concurrency=1, rpm=100)
    grant = hostile.grant_of(taken, key)
    limiterd, proxyd = taken["edge-limiterd"], taken["edge-proxyd"]
    number = limiterd.send(wire.LIMIT_TAKE, wire.take(grant, model="fault-stall-mid"))
    lease = wire.leased(limiterd.receive(wire.LIMIT_LEASE)[2])
    stream = hostile.send_open(proxyd, lease, suite.chat_body("fault-stall-mid", stream=True))
    proxyd.receive(wire.STREAM_HEAD)
    limiterd.send(wire.LIMIT_CANCEL, number=number)
    tap.is_(limiterd.refusal(997), wire.BAD_TYPE, "a lease in use is cancelled")
    suite.until(lambda: hostile.key_of(s, key)["running"] == 1, "proxyd's next KEEP", 3.0)
    tap.is_(hostile.take(taken, grant), wire.DENY_CONCURRENCY, "and counts again once proxyd says that it is in use")
    proxyd.send(wire.STREAM_CANCEL, number=stream)
    suite.until(lambda: hostile.key_of(s, key)["running"] == 0, "the settlement")
    records = suite.until(lambda: s.records(kind="request", key_id=s.key_id(key)), "the record")
    tap.is_(len(records), 1, "trace: its one record")


# --- scopes ---


@in_place_of_edge
def out_of_scope(s, taken):
    key = s.make_key(local_only=True, images=1)
    grant = hostile.grant_of(taken, key)
    mark = s.mock.mark()
    lease = hostile.take(taken, grant, model="hybrid")
    status, answer = hostile.opened(taken, lease, suite.chat_body("hybrid"))
    tap.is_((status, b"far" in answer), (503, False), "a lease of a key kept at home is not carried further")
    record = suite.until(lambda: s.records(kind="request", key_id=s.key_id(key)), "the record")[0]
    tap.is_((record["upstream"], asked(s, mark)), ("near", 1), "trace: the record names the local server alone")
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": [url, url]}]}).encode()
    status, answer = hostile.opened(taken, hostile.take(taken, grant), body)
    tap.ok(status == 400 and b"image" in answer, "more images than the key may send are refused (%r)" % status)
    tap.is_(asked(s, mark), 1, "before a model server hears of them; trace: a record by proxyd with 400")
    suite.until(lambda: len(s.records(kind="request", key_id=s.key_id(key))) == 2, "that record")


# --- history ---


@in_place_of_edge
def forged_records(s, taken):
    link = taken["edge-auditd"]
    key = s.make_key()
    for kind in (wire.REQUEST, wire.ADMIN):
        error = link.refusal(wire.AUDIT_RECORD, wire.record(kind, key_id="victim0000"))
        tap.is_(error, wire.BAD_SENDER, "a record of another kind (%d) is refused" % kind)
    hostile.await_trace(s, "auditd", REFUSED % ("edge-auditd", "AUDIT_RECORD", "may not"), "another daemon's record")
    lease = hostile.take(taken, hostile.grant_of(taken, key))
    lease_id = lease[:16]
    tap.is_(
        link.ask(wire.AUDIT_RECORD, wire.record(wire.REFUSAL, lease_id, status=401))[0],
        wire.AUDIT_ACK,
        "a refusal under the id that proxyd's record will have is taken",
    )
    tap.is_(hostile.opened(taken, lease, CHAT_BODY)[0], 200, "and the request made")
    suite.until(lambda: s.records(kind="request", id=lease_id.hex()), "proxyd's record")
    tap.is_(len(s.records(id=lease_id.hex())), 2, "which stands beside it all the same")
    again = wire.record(wire.REFUSAL, os.urandom(16), status=401)
    tap.is_([link.ask(wire.AUDIT_RECORD, again)[0] for _ in range(3)], [wire.AUDIT_ACK] * 3, "one said three times")
    tap.is_(len(s.records(id=again[:16].hex())), 1, "is one record")
    nasty = "\x1b]0;owned\x07\n{\"seq\":1}\x9b31m"
    body = wire.record(wire.REFUSAL, status=401, model=nasty, client="\r\n", action="\n", detail=nasty, code="\t")
    tap.is_(link.ask(wire.AUDIT_RECORD, body)[0], wire.AUDIT_ACK, "control characters")
    lines = b"".join(open(path, "rb").read() for path in s.journal_files())
    bad = [byte for byte in lines if byte < 0x20 and byte != 0x0A or byte == 0x7F]
    tap.is_((bad, lines.count(b"\n")), ([], len(s.records())), "are written escaped: the journal has none")
    shown = s.tool("audit", "tail").stdout
    tap.ok(b"\x1b" not in shown and b"\x07" not in shown, "nor does a tool print one")
    for body in (wire.record(wire.REFUSAL, tokens=(1 << 63, 0)), wire.record(wire.REFUSAL)[:-3]):
        tap.ok(link.refusal(wire.AUDIT_RECORD, body), "numbers that no record has, and half records, are refused")
    tap.is_(s.tool("audit", "verify", check=False).returncode, 0, "and the chain is whole")


# --- others' requests ---


@in_place_of_edge
def others_streams(s, taken):
    """A connection's streams are its own: the next one finds nothing of them."""
    grant = hostile.grant_of(taken, s.make_key())
    mark = s.mock.mark()
    number = hostile.send_open(
        taken["edge-proxyd"], hostile.take(taken, grant, model="fault-stall-mid"), suite.chat_body("fault-stall-mid")
    )
    request = s.mock.wait(mark, event="request")["request"]
    link = taken.again("edge-proxyd")
    s.mock.wait(mark, event="peer-closed", request=request)
    tap.ok(True, "when its link goes down a request is ended; trace: proxyd's log has event=link-down, and its record")
    for each in range(number + 2):
        link.send(wire.STREAM_CREDIT, b"\0\1\0\0", each)
        link.send(wire.STREAM_BODY, b"x" * 100, each)
        link.send(wire.STREAM_CANCEL, number=each)
    kind, answered, _ = link.receive() if link.send(997, number=1 << 40) else None
    tap.is_((kind, answered), (wire.FAULT, 1 << 40), "credit, body and cancel for streams of before are not answered")
    tap.ok(suite.until(lambda: s.records(kind="request", status=499), "its record"), "trace: the record has 499")


GROUPS = (
    without_a_key,
    with_an_old_key,
    altered_stamps,
    replayed_leases,
    routes_of_nobody,
    untold_costs,
    many_leases,
    cancelled_in_use,
    out_of_scope,
    forged_records,
    others_streams,
)

with suite.Suite(models=MODELS, env=SHORT) as the_suite:
    for each_group in GROUPS:
        each_group(the_suite)
