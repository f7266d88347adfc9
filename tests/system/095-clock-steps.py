#!/usr/bin/env python3
"""The wall clock is stepped forward and back under traffic: nothing ends, nothing is given twice, all is as before."""

import contextlib
import time

import suite
import tap
import traffic
from clocks import DAY, HOUR, Suite

import hostile
import wire

MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "slots": 64}},
    "models": {"*": {"targets": [{"upstream": "mock"}]}},
}
MONTH = 31 * DAY  # from the 15th
# An NTP client's correction, a wrong time zone, a wrong day, the end of a month; each of them and back again.
STEPS = (HOUR, 0, DAY, 0, MONTH, 0, -10, 0, -HOUR, 0)
CLIENTS = 4
LEASE_LIFE = 1.0  # seconds
OUT_OF_TOKENS = (429, "insufficient_quota")


@contextlib.contextmanager
def running_suite():
    """One that has run for the life of a lease: before, a clock set back makes new leases look like ones of before."""
    with Suite(models=MODELS, env={"HEIMGATE_LEASE_LIFE_MS": "%d" % (LEASE_LIFE * 1000)}) as s:
        began = time.monotonic()
        suite.until(lambda: time.monotonic() > began + LEASE_LIFE, "the end of leases of before")
        yield s


def row_of(s, key):
    return next(row for row in s.limits()["keys"] if row["key"] == s.key_id(key))


def recorded(s, key):
    return sum(record["tokens_in"] + record["tokens_out"] for record in s.records(key_id=s.key_id(key)))


def outcome(answer):
    return answer.status, answer.code


# --- requests and streams ---


def go_on(s):
    """Has the mock say the next word of the one stream that it holds."""
    suite.until(lambda: suite.http_call(s.mock.port, "GET", "/mock/go").json()["held"] == 1, "a held stream")


def check_revocation(s, when):
    key = s.make_key()
    stream = s.stream(key, "fault-stall-mid")
    stream.event()
    s.tool("key", "revoke", s.key_id(key))
    text, _ = stream.rest()
    tap.has(text, b"invalid_api_key", when + ": a revocation ends a stream")
    tap.is_(outcome(s.chat(key, "m")), (401, "invalid_api_key"), when + ": and is in force")
    return key


def check_traffic():
    with running_suite() as s:
        pids = {name: process.pid for name, process in s.running.items()}
        load = traffic.Traffic(s, s.make_key(), CLIENTS).start()
        load.await_more(2)
        holder = s.make_key(concurrency=1)
        held = s.stream(holder, "fault-held+stream-%d" % (len(STEPS) + 1))
        held.event()
        revoked = []
        for seconds in STEPS:
            s.set_clocks(seconds)
            when = "the clock stands at %+d s" % seconds
            go_on(s)
            tap.has(held.event(), b"data: {", when + ": an open stream goes on")
            tap.is_(outcome(s.chat(holder, "m")), (429, "rate_limit_exceeded"), when + ": and counts as running")
            load.await_more(2)
            tap.is_(s.http("GET", "/ready").status, 200, when + ": requests are served, and all is well")
            revoked.append(check_revocation(s, when))
        tap.is_({s.chat(key, "m").status for key in revoked}, {401}, "in the end no revoked key is good")
        go_on(s)
        tap.is_(traffic.judge_stream(*held.rest()), "complete", "the stream comes to its end")
        suite.until(lambda: row_of(s, holder)["running"] == 0, "the end of the stream")
        load.stop()
        traffic.check_outcomes(load, ("complete", "status 503"))
        caught = load.count("status 503")
        tap.ok(caught <= CLIENTS * len(STEPS), "only who was about to be admitted is asked to try again (%d)" % caught)
        traffic.check_history(s, load)
        tap.is_(pids, {name: process.pid for name, process in s.running.items()}, "no daemon has ended")
        suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "release of all slots")


# --- limits ---


def check_rates(s):
    requests, tokens = s.make_key(rpm=1), s.make_key(tpm=1000)
    tap.is_(s.chat(requests, "m").status, 200, "a request a minute")
    tap.is_(s.chat(tokens, "stream-900", max_tokens=900).status, 200, "a thousand tokens a minute")
    suite.until(lambda: row_of(s, tokens)["running"] == 0, "settlement")
    for seconds in STEPS:
        s.set_clocks(seconds)
        one, other = s.chat(requests, "m"), s.chat(tokens, "stream-900", max_tokens=900)
        tap.is_([one.status, other.status], [429, 429], "at %+d s a minute is not over" % seconds)
        waits = [int(answer.headers["retry-after"]) for answer in (one, other)]
        tap.ok(all(0 < wait <= 60 for wait in waits), "and callers are told how long it lasts (%d s, %d s)" % (*waits,))


def spend(s, key, tokens=1000):
    """Asks for so many tokens; what was used has been counted and recorded when it returns."""
    answer = s.chat(key, "stream-%d" % tokens, max_tokens=tokens)
    suite.until(lambda: row_of(s, key)["running"] == 0, "settlement")
    if answer.status == 200:
        suite.until(lambda: s.records(request_id=answer.headers["x-request-id"]), "the record")
    return outcome(answer)


def check_budget(s, period, step):
    """Each request uses 1002 tokens, of 4000."""
    key, far = s.make_key(budget="4000/" + period), 6 * step
    visits = (0, 4, 3), (far, 1, 1), (0, 1, 0), (step, 4, 2), (0, 1, 0), (step, 1, 0), (far, 4, 2), (0, 1, 0)
    for seconds, asked, wanted in visits:
        s.set_clocks(seconds)
        given = [spend(s, key) for _ in range(asked)]
        tap.is_(given.count((200, None)), wanted, "%s budget, at %+d s: %d more" % (period, seconds, wanted))
        tap.ok({*given} <= {(200, None), OUT_OF_TOKENS}, "and callers are told that it is spent")
    used = row_of(s, key)["budget"]["used"]
    tap.is_(used, recorded(s, key), "what was used while the clock was ahead counts in both")


def check_limits():
    with running_suite() as s:
        check_rates(s)
        check_budget(s, "day", DAY)
        check_budget(s, "month", MONTH)


# --- keys ---


def check_expiry(s):
    key = s.make_key(expires="1h")
    seen = []
    for seconds in (0, HOUR - 60, HOUR + 60, DAY, -HOUR, 0):
        s.set_clocks(seconds)
        seen.append(s.chat(key, "m").status)
    tap.is_(seen, [200, 200, 401, 401, 200, 200], "a key expires by the wall clock, whatever that shows")


def check_rotation(s):
    key = s.make_key()
    new = s.tool("key", "rotate", s.key_id(key)).stdout.decode().strip()
    seen = []
    for seconds in STEPS:
        s.set_clocks(seconds)
        seen.append([s.chat(each, "m").status for each in (key, new)])
    tap.is_(seen, [[401, 200]] * len(STEPS), "a secret that was replaced at once stays so")


def check_starts(s):
    """Who starts while the clock is ahead is of use when it is right: also proxyd, which trusts no lease of before."""
    key = s.make_key()
    s.set_clocks(HOUR)
    for name in suite.DAEMONS:
        s.restart(name)
    s.set_clocks(0)
    suite.until(lambda: s.chat(key, "m").status == 200, "service")
    tap.is_({s.chat(key, "m").status for _ in range(10)}, {200}, "started an hour ahead, all serve an hour earlier")


def check_stamps(s):
    """Who has edge's place, and keeps what it was given."""
    key = s.make_key()
    taken = hostile.edge(s)
    leases = [hostile.take(taken, hostile.grant_of(taken, key)) for _ in range(2)]
    tap.is_(hostile.opened(taken, leases[0], suite.chat_body("m"))[0], 200, "a lease is used")
    s.set_clocks(10)
    late = hostile.opened(taken, leases[1], suite.chat_body("m"))
    tap.is_(late, ("refused", wire.EXPIRED), "another has expired when the clock is set forward")
    lease = hostile.take(taken, hostile.grant_of(taken, key))
    tap.is_(hostile.opened(taken, lease, suite.chat_body("m"))[0], 200, "one made then is used")
    for seconds in (0, -10, 0, 10):
        s.set_clocks(seconds)
        again = [hostile.opened(taken, each, suite.chat_body("m"))[0] for each in (leases[0], lease)]
        tap.is_(again, ["refused"] * 2, "no clock lets a lease be used twice (%+d s)" % seconds)
    s.set_clocks(0)
    taken.give_back()
    tap.is_(s.chat(key, "m").status, 200, "and honest callers are served")


def check_keys():
    with running_suite() as s:
        for check in (check_expiry, check_rotation, check_starts, check_stamps):
            check(s)
            s.set_clocks(0)
        tap.is_(s.tool("audit", "verify", check=False).returncode, 0, "the chain of records is whole")


if __name__ == "__main__":
    check_traffic()
    check_limits()
    check_keys()
