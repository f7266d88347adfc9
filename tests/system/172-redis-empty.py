#!/usr/bin/env python3
"""Redis loses all that it had, and is away for a while: budgets come back from the ledger, to the token."""

import suite
import tap
from redisserver import Redis


def budget(s, key):
    return next(row["budget"] for row in s.limits()["keys"] if row["key"] == s.key_id(key))


def recorded(s, key):
    return sum(record["tokens_in"] + record["tokens_out"] for record in s.records(key_id=s.key_id(key)))


def spend(s, key, tokens):
    answer = s.chat(key, "stream-%d" % tokens, max_tokens=tokens)
    assert answer.status == 200, answer
    return answer.json()["usage"]["total_tokens"]


def is_spent(s, key, used, name):
    answer = s.chat(key, "m", max_tokens=1900)
    tap.is_((answer.status, answer.code), (429, "insufficient_quota"), name)
    tap.is_(budget(s, key)["used"], used, "to the token")


def store_is_well(s):
    return s.http("GET", "/ready").status == 200


redis = Redis()
with suite.Suite(env={**redis.environment(), "HEIMGATE_LIMIT_DEADLINE_MS": "5000"}) as the_suite:
    the_suite.wait_serving()
    key = the_suite.make_key(budget="2000/month")
    used = spend(the_suite, key, 100) + spend(the_suite, key, 150)
    suite.until(lambda: recorded(the_suite, key) == used, "the record of it")
    suite.until(lambda: budget(the_suite, key)["reserved"] == 0, "its settlement")

    redis.restart_empty()
    suite.until(lambda: "event=redis-lost" in the_suite.log("limiterd") and store_is_well(the_suite), "Redis")
    tap.is_(redis.cli("EXISTS", "{heimgate}:key:" + the_suite.key_id(key)).strip(), "0", "Redis has forgotten the key")
    is_spent(the_suite, key, used, "its budget is not forgotten")

    redis.kill()
    suite.until(lambda: not store_is_well(the_suite), "an outage")
    used += spend(the_suite, key, 200)
    suite.until(lambda: recorded(the_suite, key) == used, "the record of it")
    is_spent(the_suite, key, used, "this host alone keeps to the budget as well")
    redis.start()
    suite.until(lambda: store_is_well(the_suite), "Redis")
    is_spent(the_suite, key, used, "what was used in the outage counts afterwards")

    used += spend(the_suite, key, 50)
    suite.until(lambda: budget(the_suite, key)["used"] == used, "the count of it")
    the_suite.restart("limiterd")
    suite.until(lambda: store_is_well(the_suite), "Redis")
    is_spent(the_suite, key, used, "and limiterd's restart changes nothing")
