#!/usr/bin/env python3
"""Two whole suites on one Redis: N callers over both never exceed a limit, and a dead host's slots fall free."""

import time

import suite
import tap
from redisserver import Redis
from servers import Postgres

SLOTS = 4
LEASE_MS, SLACK_MS = 5000, 2500
MODELS = {
    "upstreams": {
        "wide": {"base_url": "MOCK", "kind": "ollama", "slots": 1000},
        "narrow": {"base_url": "MOCK", "kind": "ollama", "slots": SLOTS, "acquire_timeout_ms": 20000},
    },
    "models": {"*": {"targets": [{"upstream": "wide"}]}},
}
MODELS["models"].update({name: {"targets": [{"upstream": "narrow"}]} for name in ("slow-100ms+n", "fault-stall-mid+n")})


def statuses_of(hosts, count, ask):
    """Of so many callers at once, every other one at the other host."""
    return suite.together(count, lambda i: ask(hosts[i % 2], i).status)


def most_at_once(hosts, marks):
    """How many requests the model servers of both hosts had at one time."""
    changes = []
    for host, mark in zip(hosts, marks):
        changes += [(event["at"], 1) for event in host.mock.events(mark, event="request")]
        changes += [(event["at"], -1) for event in host.mock.events(mark, event="answered")]
    now = most = 0
    for _at, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def of_key(host, key):
    return next(row for row in host.limits()["keys"] if row["key"] == host.key_id(key))


def await_rest(hosts, key):
    suite.until(lambda: of_key(hosts[0], key)["running"] == 0, "the settlement of all")


def make_key(hosts, **limits):
    """A key that both hosts know."""
    key = hosts[0].make_key(**limits)
    suite.until(lambda: hosts[1].http("GET", "/v1/models", key=key).status != 401, "the key on the other host")
    suite.until(lambda: of_key(hosts[0], key)["running"] == 0, "its rest")
    return key


def check_concurrency(hosts):
    key = make_key(hosts, concurrency=3)
    await_rest(hosts, key)
    marks = [host.mock.mark() for host in hosts]
    statuses = statuses_of(hosts, 30, lambda host, i: host.chat(key, "slow-200ms"))
    tap.is_(set(statuses), {200, 429}, "30 callers of a key that may have 3 requests at one time")
    tap.is_(most_at_once(hosts, marks), 3, "are 3 at one time at the model servers of both hosts")
    await_rest(hosts, key)


def check_requests(hosts):
    key = make_key(hosts, rpm=6)  # one comes back in ten seconds
    lists = 60000 / 6
    left = of_key(hosts[0], key)["requests"]["remaining"]
    began = time.monotonic()
    statuses = statuses_of(hosts, 30, lambda host, i: host.chat(key, "m"))
    took = (time.monotonic() - began) * 1000
    tap.ok(left <= statuses.count(200) <= left + took // lists + 1 and statuses.count(200) + statuses.count(429) == 30,
           "30 callers of a key with %d requests left: %d served" % (left, statuses.count(200)))
    tap.ok(took > lists or statuses.count(200) == left, "exactly as many as there were")


def check_budget(hosts):
    key = make_key(hosts, budget="3000/day")
    statuses = statuses_of(hosts, 40, lambda host, i: host.chat(key, "stream-150", max_tokens=150))
    tap.is_(set(statuses), {200, 429}, "40 callers of a budget for fewer")
    await_rest(hosts, key)
    budgets = [of_key(host, key)["budget"] for host in hosts]
    tap.is_(budgets[0], budgets[1], "both hosts tell the same of it")
    tap.is_(budgets[0]["used"], 152 * statuses.count(200), "every answer is charged once")
    tap.ok(budgets[0]["used"] <= 3000, "and it is not overrun (%d of 3000)" % budgets[0]["used"])
    while hosts[statuses.count(200) % 2].chat(key, "stream-150", max_tokens=150).status == 200:
        statuses.append(200)
        await_rest(hosts, key)
    used = of_key(hosts[1], key)["budget"]["used"]
    tap.ok(3000 - 400 < used <= 3000, "one after the other they get the rest (%d)" % used)


def check_slots(hosts):
    key = make_key(hosts)
    marks = [host.mock.mark() for host in hosts]
    statuses = statuses_of(hosts, 30, lambda host, i: host.chat(key, "slow-100ms+n"))
    tap.is_(statuses, [200] * 30, "30 callers for %d slots wait their turn at either host" % SLOTS)
    tap.is_(most_at_once(hosts, marks), SLOTS, "and are never more than the slots at the model server")
    await_rest(hosts, key)
    tap.is_([host.limits()["pools"][1]["in_use"] for host in hosts], [0, 0], "in the end all are free")


def check_dead_host(hosts):
    one, other = hosts
    key = make_key(hosts)
    held = [one.stream(key, "fault-stall-mid+n") for _ in range(SLOTS)]
    for stream in held:
        stream.event()
    time_of_death = time.monotonic()
    for name in ("limiterd", "proxyd", "edge"):
        one.kill(name)
    tap.is_(other.limits()["pools"][1]["in_use"], SLOTS, "a host that dies held all the slots")
    suite.until(lambda: other.chat(key, "slow-100ms+n").status == 200, "a slot")
    took = (time.monotonic() - time_of_death) * 1000
    tap.ok(took < LEASE_MS + SLACK_MS + 2000, "which fall free when a lease's life is over (after %d ms)" % took)
    for stream in held:
        stream.close()
    for name in ("limiterd", "proxyd", "edge"):
        one.start(name)
    one.wait_serving()
    tap.is_(one.chat(key, "slow-100ms+n").status, 200, "the dead one goes on when it is back")
    suite.until(lambda: of_key(other, key)["running"] == 0, "the settlement of all")


redis, postgres = Redis(), Postgres()
# Nobody but Redis decides, however busy the machine is.
environment = {**redis.environment(), **postgres.environment(), "HEIMGATE_LIMIT_DEADLINE_MS": "5000"}
with suite.Suite(env=environment, models=MODELS) as first, suite.Suite(env=environment, models=MODELS) as second:
    both = (first, second)
    for each in both:
        each.wait_serving()
    check_concurrency(both)
    check_requests(both)
    check_budget(both)
    check_slots(both)
    check_dead_host(both)
