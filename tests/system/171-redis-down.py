#!/usr/bin/env python3
"""Redis is killed, paused and slow under traffic, for each policy: what callers see, and that nothing is lost."""

import time

import suite
import tap
import traffic
from redisserver import Redis

DEADLINE_MS = 500  # long enough for a machine that is busy
SLACK_MS = 500
WORDS = {"local": ("complete",), "closed": ("complete", "status 503"), "open": ("complete",)}


def settings(redis):
    return {**redis.environment(), "HEIMGATE_LIMIT_DEADLINE_MS": str(DEADLINE_MS)}


def store(s):
    return s.http("GET", "/ready").json()["daemons"]["limiterd"]["parts"]["store"]


def longest_chat(s, key, count=20):
    """ms; each must be answered."""
    longest = 0
    for _ in range(count):
        began = time.monotonic()
        assert s.chat(key, "m").status == 200
        longest = max(longest, (time.monotonic() - began) * 1000)
    return longest


def check_outage(s, redis, load, policy, what, begin, end):
    load.await_more(2)
    begin()
    suite.until(lambda: not store(s)["well"], "health to tell")
    load.await_more(2, WORDS[policy][-1])
    tap.has(store(s)["text"], " since 2", "%s: Redis is %s, and health says what happens" % (policy, what))
    end()
    suite.until(lambda: store(s)["well"], "health to be well")
    load.await_more(2)


def check_policy(policy):
    redis = Redis()
    with suite.Suite(env={**settings(redis), "HEIMGATE_LIMIT_OUTAGE": policy}) as s:
        s.wait_serving()
        key = s.make_key(budget="100000000/day", concurrency=50)
        load = traffic.Traffic(s, key).start()
        check_outage(s, redis, load, policy, "killed", redis.kill, redis.start)
        check_outage(s, redis, load, policy, "paused", redis.pause, redis.resume)
        check_outage(s, redis, load, policy, "slow", lambda: redis.cli("CLIENT", "PAUSE", "3000"), lambda: None)
        load.stop()
        traffic.check_outcomes(load, WORDS[policy])
        traffic.check_history(s, load)
        suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "release of all slots")
        tap.is_(s.limits()["counted"], "in Redis, by all hosts", "in the end Redis counts, and no slot is lost")
        lines = s.log("limiterd").count("event=redis-lost")
        tap.ok(3 <= lines <= 6, "outages are lines of the log, requests in them are not")  # a busy machine has its own


def check_deadline():
    redis = Redis()
    with suite.Suite(env=settings(redis)) as s:
        s.wait_serving()
        key = s.make_key()
        usual = longest_chat(s, key)
        redis.pause()
        longest = longest_chat(s, key)
        tap.ok(longest < usual + DEADLINE_MS + SLACK_MS,
               "with Redis stopped nobody waits longer than the deadline: %d ms, else %d" % (longest, usual))
        stream = s.stream(key, "stream-100x20")
        stream.event()
        redis.kill()
        redis.start()
        suite.until(lambda: store(s)["well"], "Redis")
        suite.until(lambda: s.limits()["pools"][0]["in_use"] == 1, "the stream's slot")
        tap.ok(True, "a stream begun in the outage is counted by Redis when it is back")
        text, proper = stream.rest()
        tap.ok(proper and text.endswith(b"data: [DONE]\n\n"), "and comes to its end")
        suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "its settlement")


for each in WORDS:
    check_policy(each)
check_deadline()
