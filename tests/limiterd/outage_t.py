#!/usr/bin/env python3
"""limiterd while a real Redis is paused, killed, or back: what it decides, and what it counts afterwards."""

import struct
import time

from alone import DAY, SETTLED, UPSTREAMS, USAGE_ASK, USAGE_TOTAL, Limiterd
import suite
import tap
from redisserver import Redis

DEADLINE_MS = 400  # long enough for a machine that is busy
SLACK_MS = 300


def timed(work):
    began = time.monotonic()
    result = work()
    return result, (time.monotonic() - began) * 1000


def check_local(redis, limiterd):
    """Limits of this host alone; nobody waits longer than the deadline."""
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    edge.await_store()
    grant = limiterd.grant("local", rpm=100, concurrency=3)
    held = edge.ask(grant)
    redis.pause()
    answers = [timed(lambda: edge.ask(grant)) for _ in range(6)]
    tap.is_(["sealed" in answer for answer, _ in answers], [True] * 3 + [False] * 3,
            "a paused Redis: this host's limits hold")
    tap.is_(answers[3][0]["denied"], "concurrency", "by themselves")
    times = [ms for _, ms in answers]
    tap.ok(min(times[:3]) > DEADLINE_MS - 10 and max(times) < DEADLINE_MS + SLACK_MS,
           "nobody waits longer than the deadline: %s ms" % [round(ms) for ms in times])
    tap.ok(max(times[3:]) < DEADLINE_MS, "and after three in vain nobody waits for Redis")
    text = edge.await_store(False)
    tap.has(text, "does not answer within 400 ms: limits are this host's alone since ", "health says what happens")
    tap.has(limiterd.show()["counted"], "this host's alone", "and so does heimgate limits")
    tap.is_(limiterd.log().count("event=redis-lost"), 1, "the log once")
    proxyd.keep(held["sealed"])
    suite.until(lambda: limiterd.key("local")["running"] == 4, "the older lease to be counted here")
    first, second, third = (answer["sealed"] for answer, _ in answers[:3])
    tap.is_(proxyd.settle(first, 5), SETTLED, "a lease given alone is settled alone")
    proxyd.keep(second)
    suite.until(lambda: limiterd.key("local")["running"] == 3, "three")
    redis.resume()
    edge.await_store()
    suite.until(lambda: limiterd.key("local")["running"] == 2, "Redis to know what is in use")
    tap.ok(True, "when Redis is back it counts what was kept; what it gave too late is returned")
    for sealed in (held["sealed"], second, third):
        tap.is_(proxyd.settle(sealed, 5), SETTLED, "whoever gave a lease, it is settled")
    tap.is_(limiterd.key("local")["running"], 0, "and nothing is left over")
    edge.close()
    proxyd.close()


def check_closed(redis, limiterd):
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    edge.await_store()
    held = edge.ask(limiterd.grant("closed"))
    redis.kill()
    text = edge.await_store(False)
    tap.has(text, ": calls are refused since ", "closed: calls are refused")
    denied, ms = timed(lambda: edge.ask(limiterd.grant("closed")))
    tap.ok(denied["denied"] == "unavailable" and denied["retry_after_ms"] > 0, "for now")
    tap.ok(ms < DEADLINE_MS, "at once")
    proxyd.keep(held["sealed"])
    number = proxyd.send_settle(held["sealed"], 7)
    tap.ok(proxyd.hears_nothing(), "a settlement is not confirmed while nobody counts it")
    redis.start()
    kind, answered, _ = proxyd.pipe.receive_frame()
    tap.is_((kind, answered), (SETTLED, number), "but when Redis is back")
    edge.await_store()
    tap.ok("sealed" in edge.ask(limiterd.grant("closed", concurrency=1)), "and has counted it")
    edge.close()
    proxyd.close()


def check_open(redis, limiterd):
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    edge.await_store()
    grant = limiterd.grant("open", rpm=1)
    edge.ask(grant)
    redis.pause()
    answers = [edge.ask(grant) for _ in range(5)]
    tap.ok(all("sealed" in answer for answer in answers), "open: no limit holds")
    tap.is_(answers[4]["request_level"]["limit"], 0, "and none is told")
    tap.has(edge.await_store(False), ": only slots are limited since ", "health says so")
    single = edge.ask(grant, model="single")
    number = edge.send(grant, model="single")
    suite.until(lambda: limiterd.pool("one")["waiting"] == 1, "a waiter")
    tap.ok("sealed" in single, "but the slots")
    redis.resume()
    answered, answer = edge.receive()
    tap.is_((answered, answer.get("denied")), (number, "requests"), "who waited is decided by Redis when it is back")
    edge.close()
    proxyd.close()


def check_moves(redis, limiterd):
    """Leases of Redis that go on elsewhere while it is away, and settle when it is back."""
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    edge.await_store()
    limiterd.reload(UPSTREAMS, {"*": {"targets": [{"upstream": "one"}, {"upstream": "many"}]}})
    while (lease := edge.ask(limiterd.grant("mover")))["upstream"] != "one":
        proxyd.settle(lease["sealed"], 1)
    redis.pause()
    moved, ms = timed(lambda: proxyd.move(lease["sealed"], 1, "many"))
    closed = limiterd.env["HEIMGATE_LIMIT_OUTAGE"] == "closed"
    tap.ok(ms < DEADLINE_MS + SLACK_MS, "a move waits for Redis no longer than the deadline")
    tap.is_(moved and moved["upstream"], None if closed else "many", "then it goes by the policy")
    for _ in range(3):
        proxyd.move(lease["sealed"], 1, "many")
    edge.await_store(False)
    moved, ms = timed(lambda: proxyd.move(lease["sealed"], 1, "many"))
    tap.ok(ms < DEADLINE_MS and bool(moved) != closed, "in an outage at once")
    number = proxyd.send_settle((moved or lease)["sealed"], 5)
    redis.resume()
    kind, answered, _ = proxyd.pipe.receive_frame()
    tap.is_((kind, answered), (SETTLED, number), "it is settled when Redis is back")
    edge.await_store()
    suite.until(lambda: [limiterd.pool(name)["in_use"] for name in ("one", "many")] == [0, 0], "no slot to be in use")
    tap.ok(True, "and no slot is left in use")
    edge.close()
    proxyd.close()


def check_budget(redis, limiterd):
    """What was used while Redis was away is asked of history, once, and is not counted twice."""
    auditd, edge, proxyd = limiterd.accept_auditd(), limiterd.edge(), limiterd.proxyd()
    edge.await_store()
    grant = limiterd.grant("budget", budget=1000, period=DAY)

    def ask(history=None, tokens=100):
        number = edge.send(grant, tokens=tokens)
        if history is not None:
            kind, question, _ = auditd.receive_frame()
            assert kind == USAGE_ASK
            auditd.send_frame(USAGE_TOTAL, question, struct.pack(">QQ", history, 1))
        answered, answer = edge.receive()
        assert answered == number
        return answer

    before = ask(history=0)
    shared = ask()
    proxyd.settle(before["sealed"], 50)
    redis.pause()
    for _ in range(3):  # until it is noticed
        edge.ask(limiterd.grant("other"))
    edge.await_store(False)
    alone = ask(history=50)
    tap.ok("sealed" in alone, "alone, a budget is asked about as at the start")
    tap.is_(ask(tokens=851)["used"], 150, "and what history says holds")
    tap.is_(proxyd.settle(alone["sealed"], 70), SETTLED, "a lease is settled alone")
    number = proxyd.send_settle(shared["sealed"], 40)
    tap.ok(proxyd.hears_nothing(), "one of Redis waits for it")
    redis.resume()
    kind, answered, _ = proxyd.pipe.receive_frame()
    tap.is_((kind, answered), (SETTLED, number), "and is counted when it is back")
    edge.await_store()
    denied = ask(history=160, tokens=841)
    tap.is_((denied["denied"], denied["used"]), ("budget", 160), "what was used alone is asked of history")
    tap.is_(ask(tokens=841)["used"], 160, "once")
    edge.close()
    proxyd.close()
    auditd.close()


def check_refusals(redis, limiterd):
    """A Redis that answers, but refuses, does not decide either."""
    edge = limiterd.edge()
    edge.await_store()
    redis.cli("REPLICAOF", "127.0.0.1", "1")
    for _ in range(4):
        assert "sealed" in edge.ask(limiterd.grant("replica"))
    tap.has(edge.await_store(False), "READONLY", "a Redis that became a replica is no store")
    redis.cli("REPLICAOF", "NO", "ONE")
    edge.await_store()
    tap.is_(edge.ask(limiterd.grant("replica", rpm=10))["request_level"]["remaining"], 9, "until it is one again")
    edge.close()


def check_many_outages(redis, limiterd):
    """Redis comes and goes under load: every take is answered, and every settlement confirmed."""
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    edge.await_store()
    for turn in range(6):
        numbers = [edge.send(limiterd.grant("key-%d" % (i % 3))) for i in range(60)]
        (redis.kill, redis.pause)[turn % 2]()
        numbers += [edge.send(limiterd.grant("key-%d" % (i % 3))) for i in range(60)]
        answers = dict(edge.receive() for _ in numbers)
        assert sorted(answers) == numbers and all("sealed" in answer for answer in answers.values())
        waiting = {proxyd.send_settle(answer["sealed"], 3) for answer in answers.values()}
        (redis.start, redis.resume)[turn % 2]()
        while waiting:
            kind, number, _ = proxyd.pipe.receive_frame()
            assert kind == SETTLED
            waiting.discard(number)
        edge.await_store()
    tap.ok(True, "720 takes and settlements over six outages: each is answered")
    suite.until(lambda: limiterd.pool("many")["in_use"] == 0, "nothing to be in use")
    edge.close()
    proxyd.close()


server = Redis()
for check, policy in ((check_local, "local"), (check_closed, "closed"), (check_open, "open"), (check_budget, "local"),
                      (check_moves, "local"), (check_moves, "closed"),
                      (check_refusals, "local"), (check_many_outages, "local")):
    server.cli("FLUSHALL")
    settings = {"HEIMGATE_LIMIT_OUTAGE": policy, "HEIMGATE_LIMIT_DEADLINE_MS": str(DEADLINE_MS)}
    with Limiterd(**server.environment(), **settings) as alone:
        check(server, alone)
