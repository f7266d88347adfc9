#!/usr/bin/env python3
"""Rates, concurrency and budgets: what is refused, what callers are told, and that a refusal costs nothing."""

import math
import re

import suite
import tap


def is_limited(answer, kind, code, name):
    tap.is_((answer.status, answer.error.get("type"), answer.code), (429, kind, code), name)


def check_hints(answer, name):
    """Retry-After in whole seconds, its twin in milliseconds, and the sentence that some clients read."""
    wait = int(answer.headers["retry-after-ms"])
    tap.is_(int(answer.headers["retry-after"]), max(1, math.ceil(wait / 1000)), name + ": Retry-After agrees with -ms")
    told = re.search(r"try again in (\d+(?:\.\d+)?)s", answer.error["message"])
    tap.ok(told and abs(float(told.group(1)) * 1000 - wait) < 1000, name + ": and with the message")


def check_requests(s):
    key = s.make_key(rpm=3)
    answers = [s.chat(key, "m") for _ in range(4)]
    tap.is_([a.status for a in answers], [200, 200, 200, 429], "three requests a minute")
    is_limited(answers[3], "requests", "rate_limit_exceeded", "the fourth is one too many")
    check_hints(answers[3], "rpm")
    tap.is_(
        [a.headers["x-ratelimit-remaining-requests"] for a in answers], ["2", "1", "0", "0"], "what remains is told"
    )
    tap.is_({a.headers["x-ratelimit-limit-requests"] for a in answers}, {"3"}, "and the limit")
    tap.ok(
        all(re.fullmatch(r"(\d+m)?\d+(\.\d+)?s|\d+ms", a.headers["x-ratelimit-reset-requests"]) for a in answers),
        "and when it is full again, as Go writes durations",
    )
    tap.is_(s.http("GET", "/v1/models", key=key).status, 429, "lists of models count as well")
    tap.is_(s.chat(s.make_key(), "m").status, 200, "other keys are not affected")
    tap.ok(
        "x-ratelimit-limit-requests" not in s.chat(s.make_key(), "m").headers, "a key without limits is told of none"
    )


def check_tokens(s):
    """A chat that asks for 10 tokens reserves its estimate and settles what was used: 2 + 10."""
    key = s.make_key(tpm=1000)
    first = s.chat(key, "m", max_tokens=10)
    tap.is_(first.status, 200, "tokens: the first")
    reserved = 1000 - int(first.headers["x-ratelimit-remaining-tokens"])
    tap.ok(10 < reserved < 200, "an estimate is reserved (%d)" % reserved)
    level = suite.until(lambda: (left := remaining(s, key)) > 1000 - 40 and left, "settlement")
    tap.ok(level <= 1000 - 10, "and settled with what was used (%d)" % (1000 - level))
    big = s.chat(key, "m", max_tokens=100000)
    is_limited(big, "tokens", "rate_limit_exceeded", "a request larger than the limit")
    tap.is_(s.chat(key, "m", max_tokens=10).status, 200, "which did not use it up")
    tap.is_(s.chat(key, "stream-500", max_tokens=600).status, 200, "a large one")
    suite.until(lambda: remaining(s, key) < 500, "its settlement")
    answer = s.chat(key, "m", max_tokens=600)
    is_limited(answer, "tokens", "rate_limit_exceeded", "a second one must wait")
    check_hints(answer, "tpm")


def of_key(s, key):
    return next(row for row in s.limits()["keys"] if row["key"] == s.key_id(key))


def remaining(s, key):
    return of_key(s, key)["tokens"]["remaining"]


def check_concurrency(s):
    key = s.make_key(concurrency=2)
    held = [s.stream(key, "fault-stall-mid") for _ in range(2)]
    answer = s.chat(key, "m")
    is_limited(answer, "requests", "rate_limit_exceeded", "two at one time, and no third")
    check_hints(answer, "concurrency")
    held[0].close()
    suite.until(lambda: s.chat(key, "m").status == 200, "room")
    tap.ok(True, "until one of them ends")
    held[1].close()
    suite.until(lambda: of_key(s, key)["running"] == 0, "the end of all")
    statuses = suite.together(12, lambda _: s.chat(key, "slow-300ms").status)
    tap.ok(
        statuses.count(200) >= 2 and statuses.count(200) + statuses.count(429) == 12,
        "twelve at once: %s" % sorted(statuses),
    )


def check_refusals_cost_nothing(s):
    key = s.make_key(rpm=1000, tpm=5000, concurrency=1, budget="100000/day")
    tap.is_(s.chat(key, "m").status, 200, "a key with every limit")
    suite.until(lambda: of_key(s, key)["running"] == 0, "settlement")
    before = of_key(s, key)
    held = s.stream(key, "fault-stall-mid", max_tokens=10)
    suite.until(lambda: of_key(s, key)["running"] == 1, "a running request")
    during = of_key(s, key)
    for _ in range(50):
        assert s.chat(key, "m", max_tokens=10).status == 429
    after = of_key(s, key)
    tap.is_(after["budget"]["reserved"], during["budget"]["reserved"], "50 refusals for concurrency reserve no budget")
    tap.ok(after["tokens"]["remaining"] >= during["tokens"]["remaining"], "and no tokens")
    tap.ok(after["requests"]["remaining"] >= during["requests"]["remaining"], "and no requests")
    held.close()
    suite.until(lambda: of_key(s, key)["running"] == 0, "the end")
    for _ in range(20):
        assert s.chat(key, "m", max_tokens=4500).status in (200, 429)
    used = of_key(s, key)
    tap.ok(
        used["requests"]["remaining"] >= before["requests"]["remaining"] - 22,
        "nor do refusals for tokens use up requests",
    )
    suite.until(lambda: of_key(s, key)["running"] == 0 and of_key(s, key)["budget"]["reserved"] == 0, "the end of all")
    tap.ok(True, "nothing is left over")


def check_budget(s):
    key = s.make_key(budget="2000/month")
    tap.is_(s.chat(key, "stream-1000", max_tokens=1000).status, 200, "a budget: the first 1000 tokens")
    suite.until(lambda: of_key(s, key)["budget"]["reserved"] == 0, "settlement")
    used = of_key(s, key)["budget"]["used"]
    tap.is_(used, 1002, "are counted as the model server counted them")
    answer = s.chat(key, "stream-1000", max_tokens=1000)
    is_limited(answer, "insufficient_quota", "insufficient_quota", "the next 1000 would be too many")
    tap.is_(answer.headers.get("x-should-retry"), "false", "clients are told not to retry")
    tap.ok("retry-after" not in answer.headers, "and not when")
    statuses = suite.together(8, lambda _: s.chat(key, "stream-400", max_tokens=400).status)
    suite.until(lambda: of_key(s, key)["budget"]["reserved"] == 0, "settlement")
    used = of_key(s, key)["budget"]["used"]
    tap.ok(
        used <= 2000,
        "eight at once cannot overrun it together (%d of 2000 used, %d admitted)" % (used, statuses.count(200)),
    )
    suite.until(lambda: recorded(s, key) == used, "the record of it")
    s.restart("limiterd")
    answer = s.chat(key, "m", max_tokens=1900)
    is_limited(answer, "insufficient_quota", "insufficient_quota", "the budget survives limiterd's restart")
    suite.until(lambda: of_key(s, key)["budget"]["used"] == used, "the count of before")
    tap.ok(True, "to the token")


def recorded(s, key):
    return sum(record["tokens_in"] + record["tokens_out"] for record in s.records(key_id=s.key_id(key)))


def check_aborted_streams_are_charged(s):
    key = s.make_key(budget="100000/day")
    stream = s.stream(key, "stream-1000x200", max_tokens=1000)
    for _ in range(30):
        stream.event()
    stream.close()
    suite.until(lambda: of_key(s, key)["budget"]["reserved"] == 0, "settlement")
    used = of_key(s, key)["budget"]["used"]
    tap.ok(15 <= used <= 500, "a stream broken off is charged what was seen of it (%d)" % used)
    record = suite.until(lambda: s.records(kind="request", key_id=s.key_id(key)), "its record")[0]
    tap.ok(
        record["estimated"] and record["tokens_in"] + record["tokens_out"] == used,
        "and its record says that this is an estimate",
    ) or tap.diag(record)


def check_defaults():
    with suite.Suite(env={"HEIMGATE_DEFAULT_RPM": "2"}) as s:
        key = s.make_key()
        tap.is_([s.chat(key, "m").status for _ in range(3)], [200, 200, 429], "a default for new keys")
        tap.is_({s.chat(s.make_key(rpm=0), "m").status}, {200}, "and a key made without the limit")


with suite.Suite() as the_suite:
    check_requests(the_suite)
    check_tokens(the_suite)
    check_concurrency(the_suite)
    check_refusals_cost_nothing(the_suite)
    check_aborted_streams_are_charged(the_suite)
    check_budget(the_suite)
check_defaults()
