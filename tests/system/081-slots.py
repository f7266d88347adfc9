#!/usr/bin/env python3
"""The slots of a model server: how many, how long to wait for one, who is next, and what callers are told."""

import threading
import time

import suite
import tap


def models(**upstream):
    return {
        "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", **upstream}},
        "models": {"*": {"targets": [{"upstream": "mock"}]}},
    }


def hold(s, key, count):
    held = [s.stream(key, "fault-stall-mid") for _ in range(count)]
    for stream in held:
        stream.event()
    return held


def pool(s):
    return s.limits()["pools"][0]


def check_defaults():
    with suite.Suite() as s:
        key = s.make_key()
        tap.is_((pool(s)["slots"], pool(s)["acquire_timeout_ms"]), (10, 250), "ten slots, and 0.25 s to get one")
        held = hold(s, key, 10)
        started = time.monotonic()
        answer = s.chat(key, "m")
        took = time.monotonic() - started
        tap.is_((answer.status, answer.code), (429, "chat_concurrency_limit"), "the eleventh is refused")
        tap.ok(took >= 0.25, "after it has waited (%.3f s)" % took)
        tap.ok(
            int(answer.headers["retry-after"]) >= 1 and int(answer.headers["retry-after-ms"]) > 0,
            "and told when to come back",
        )
        tap.is_(s.http("GET", "/v1/models", key=key).status, 200, "lists need no slot")
        held.pop().close()
        suite.until(lambda: s.chat(key, "m").status == 200, "a free slot")
        tap.ok(True, "one that ends makes room")
        late = []
        waiter = threading.Thread(target=lambda: late.append(s.chat(key, "m")))
        held += hold(s, key, 1)
        waiter.start()
        suite.until(lambda: pool(s)["waiting"] == 1 or late, "a waiter")
        held.pop().close()
        waiter.join()
        tap.ok(late[0].status in (200, 429), "a waiter is served when a slot falls free in time (%d)" % late[0].status)
        for stream in held:
            stream.close()
        suite.until(lambda: pool(s)["in_use"] == 0, "release")
        tap.ok(True, "in the end all slots are free")


def check_fairness():
    """One key fills the queue; another one's single request is next but one, not last."""
    with suite.Suite(models=models(slots=1, acquire_timeout_ms=20000)) as s:
        greedy, modest = s.make_key(), s.make_key()
        held = hold(s, greedy, 1)
        order, threads = [], []

        def ask(key, name):
            answer = s.chat(key, name)
            order.append((name, answer.status))

        def queue(key, name, place):
            threads.append(threading.Thread(target=ask, args=(key, name)))
            threads[-1].start()
            suite.until(lambda: pool(s)["waiting"] == place, "place %d" % place)

        mark = s.mock.mark()
        for i in range(6):
            queue(greedy, "greedy-%d" % i, i + 1)
        queue(modest, "modest", 7)
        held[0].close()
        for thread in threads:
            thread.join()
        served = [event["model"] for event in s.mock.events(mark, event="request")]
        tap.ok(served.index("modest") <= 1, "slots go round the keys: %s" % served)
        tap.is_(
            [name for name in served if name.startswith("greedy")],
            ["greedy-%d" % i for i in range(6)],
            "and within a key the first come first",
        )
        tap.is_({status for _, status in order}, {200}, "everybody is served in the end")


def check_bounded():
    with suite.Suite(env={"HEIMGATE_QUEUE_MAX": "2"}, models=models(slots=1, acquire_timeout_ms=20000)) as s:
        key = s.make_key()
        held = hold(s, key, 1)
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(s.chat(key, "m").status)) for _ in range(2)]
        for thread in threads:
            thread.start()
        suite.until(lambda: pool(s)["waiting"] == 2, "a full queue")
        answer = s.chat(key, "m")
        tap.is_(
            (answer.status, answer.code), (429, "chat_concurrency_limit"), "who finds the queue full is refused at once"
        )
        held[0].close()
        for thread in threads:
            thread.join()
        tap.is_(statuses, [200, 200], "who is in it is served")


def check_pools_are_apart():
    both = {
        "upstreams": {
            "one": {"base_url": "MOCK", "kind": "ollama", "slots": 1, "acquire_timeout_ms": 50},
            "two": {"base_url": "MOCK", "kind": "ollama", "slots": 1, "acquire_timeout_ms": 50},
        },
        "models": {
            "fault-stall-mid": {"targets": [{"upstream": "one"}]},
            "a": {"targets": [{"upstream": "one"}]},
            "b": {"targets": [{"upstream": "two"}]},
        },
    }
    with suite.Suite(models=both) as s:
        key = s.make_key()
        held = hold(s, key, 1)
        tap.is_((s.chat(key, "a").status, s.chat(key, "b").status), (429, 200), "each upstream has slots of its own")
        held[0].close()


check_defaults()
check_fairness()
check_bounded()
check_pools_are_apart()
