#!/usr/bin/env python3
"""limiterd on a real Redis: what it asks, how it connects, and what several of them share."""

import contextlib
import socket
import struct
import threading
import time

from alone import DAY, MODELS, ROUTES, SETTLED, UPSTREAMS, USAGE_ASK, USAGE_TOTAL, Limiterd, Reader
import nngipc
import suite
import tap
import wire
from redisserver import Redis, RedisCluster


PATIENT = {"HEIMGATE_LIMIT_DEADLINE_MS": "5000"}  # so that nobody but Redis decides, however busy the machine is


def seconds():
    return time.monotonic()


def check_round_trips(redis, limiterd):
    """One call for a decision and one for a settlement; the host says each second that it is there."""
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    edge.await_store()
    grant = limiterd.grant("trips", rpm=1000, tpm=100000, concurrency=5)
    redis.forget_calls()
    began = seconds()
    for _ in range(100):
        lease = edge.ask(grant)
        assert proxyd.settle(lease["sealed"], 5) == SETTLED
    probes = redis.calls() - 200
    tap.ok(0 <= probes <= seconds() - began + 2, "100 decisions and settlements are 200 calls (and %d probes)" % probes)
    tap.is_(redis.calls("script|load"), 0, "of scripts that are there already")
    key = limiterd.key("trips")
    tap.is_((key["requests"]["limit"], key["running"], limiterd.show()["counted"]), (1000, 0, "in Redis, by all hosts"),
            "heimgate limits shows what Redis counts")
    tap.has(limiterd.tool().stdout, "counted: in Redis, by all hosts", "and says so")
    for pipe in (edge, proxyd):
        pipe.close()


def check_forgotten_scripts(redis, limiterd):
    edge = limiterd.edge()
    edge.await_store()
    redis.cli("SCRIPT", "FLUSH")
    numbers = [edge.send(limiterd.grant("flush", rpm=100)) for _ in range(5)]
    answers = dict(edge.receive() for _ in numbers)
    levels = sorted(answer["request_level"]["remaining"] for answer in answers.values())
    tap.is_(levels, [95, 96, 97, 98, 99], "scripts that Redis has forgotten are loaded again, and nobody notices")
    edge.close()


def check_batches(redis, limiterd):
    """Calls of one batch travel together: fewer reads at Redis than calls."""
    edge = limiterd.edge()
    edge.await_store()
    for _ in range(200):
        edge.send(limiterd.grant("batch"))
    for _ in range(200):
        assert "sealed" in edge.receive()[1]
    tap.is_(limiterd.key("batch")["running"], 200, "200 takes at one time")
    edge.close()


def check_shared_slots(one, other):
    """A waiter of one host gets the slot that falls free on another."""
    edges, proxyd = [host.edge() for host in (one, other)], one.proxyd()
    for edge in edges:
        edge.await_store()
    held = edges[0].ask(one.grant("a"), model="single")
    number = edges[1].send(other.grant("b"), model="single")
    suite.until(lambda: other.pool("one")["waiting"] == 1, "a waiter")
    tap.is_([host.pool("one")["in_use"] for host in (one, other)], [1, 1], "one slot for both hosts is in use")
    proxyd.settle(held["sealed"], 1)
    began = seconds()
    answered, lease = edges[1].receive()
    tap.ok(answered == number and "sealed" in lease, "the other host gets it when it falls free")
    tap.ok(seconds() - began < 1, "soon (after %.3f s)" % (seconds() - began))
    tap.is_(other.proxyd().settle(lease["sealed"], 1), SETTLED, "and settles it")
    for edge in edges:
        edge.close()
    proxyd.close()


def check_moves(redis, one, other):
    """Two hosts move leases between two upstreams of two slots each: no slot is given twice, a move is one call."""
    hosts = (one, other)
    edges, proxyds = [host.edge() for host in hosts], [host.proxyd() for host in hosts]
    for edge in edges:
        edge.await_store()
    leases = [edges[owner].ask(hosts[owner].grant("m"), model="pair") for owner in (0, 0, 0, 1)]
    tap.is_([lease["upstream"] for lease in leases], ["left", "right", "left", "right"],
            "who finds that another host has filled an upstream gets a slot elsewhere")
    redis.forget_calls()
    began = seconds()
    refused = [proxyds[0].move(leases[0]["sealed"], 1, "right"), proxyds[1].move(leases[3]["sealed"], 0, "left")]
    tap.is_(refused, [None, None], "what is full for one host is so for the other")
    probes = redis.calls() - 2
    tap.ok(0 <= probes <= 2 * (seconds() - began + 2), "two moves are two calls (and %d probes)" % probes)
    proxyds[0].settle(leases[1]["sealed"], 1)
    moved = [proxyds[0].move(leases[i]["sealed"], 1, "right") for i in (0, 2)]
    tap.is_([bool(lease) for lease in moved], [True, False], "one slot that falls free is had by one of them")
    tap.is_([pool_use(hosts, name) for name in ("left", "right")], [[1, 1], [2, 2]], "which both hosts see")
    for turn in range(50):
        mover = turn % 2
        lease = suite.until(lambda: given(edges[mover], hosts[mover]), "a slot")
        target = 1 - lease["target"]
        proxyds[mover].move(lease["sealed"], target, ("left", "right")[target])
        assert max(pool_use(hosts, "left") + pool_use(hosts, "right")) <= 2
        assert proxyds[mover].settle(lease["sealed"], 1) == SETTLED
    tap.is_([pool_use(hosts, name) for name in ("left", "right")], [[1, 1], [2, 2]], "and are never more than there are")
    for owner, lease in ((0, leases[0]), (0, leases[2]), (1, leases[3])):
        tap.is_(proxyds[owner].settle(lease["sealed"], 1), SETTLED, "settled by what it was")
    tap.is_([pool_use(hosts, name) for name in ("left", "right")], [[0, 0], [0, 0]], "no slot is left in use")
    for pipe in edges + proxyds:
        pipe.close()


def given(edge, host):
    """A lease, unless all slots are taken as far as this host has heard."""
    answer = edge.ask(host.grant("m"), model="pair")
    return answer if "sealed" in answer else None


def pool_use(hosts, name):
    return [host.pool(name)["in_use"] for host in hosts]


def check_names(one, other):
    """Leases of keys whose ids proxyd made up stand in nobody's way."""
    edges, proxyd = [host.edge() for host in (one, other)], one.proxyd()
    for edge in edges:
        edge.await_store()
    for key_id in ("named:leases", "named:done", "leases:named", "", ":", "s"):
        proxyd.keep(wire.lease(one.lease_key, key_id=key_id, model="any", upstream="many"))
    proxyd.settle(wire.lease(one.lease_key, key_id="other", model="any", upstream="many"), 1)
    left = [edge.ask(host.grant("named", rpm=9))["request_level"]["remaining"] for edge, host in zip(edges, (one, other))]
    tap.is_(left, [8, 7], "a key is counted whatever keys there are besides")
    tap.is_([host.show()["counted"] for host in (one, other)], ["in Redis, by all hosts"] * 2, "in Redis, by both hosts")
    for pipe in edges + [proxyd]:
        pipe.close()


def check_dead_host(one, other):
    """What a host held that is gone falls free by itself."""
    edges = [host.edge() for host in (one, other)]
    for edge in edges:
        edge.await_store()
    grant = {"concurrency": 1, "rpm": 4}
    assert "sealed" in edges[0].ask(one.grant("dead", **grant), model="single")
    one.stop()
    tap.is_(edges[1].ask(other.grant("dead", **grant))["denied"], "concurrency", "what a dead host held is held")
    began = seconds()
    number = edges[1].send(other.grant("waits"), model="single")
    answered, lease = edges[1].receive()
    tap.ok(answered == number and "sealed" in lease, "until its lease is over (%.1f s)" % (seconds() - began))
    tap.is_(edges[1].ask(other.grant("dead", **grant))["request_level"]["remaining"], 2, "then only its request counts")
    one.start()
    for edge in edges:
        edge.close()


def check_history(redis, limiterd):
    """An empty Redis is told by history what a budget has used."""
    auditd, edge, proxyd = limiterd.accept_auditd(), limiterd.edge(), limiterd.proxyd()
    edge.await_store()
    grant = limiterd.grant("budget", budget=1000, period=DAY)

    def answer(tokens):
        kind, question, body = auditd.receive_frame()
        assert kind == USAGE_ASK
        auditd.send_frame(USAGE_TOTAL, question, struct.pack(">QQ", tokens, 1))
        return Reader(body).text()

    edge.send(grant, tokens=100)
    tap.is_(answer(300), "budget", "a budget that Redis does not know is asked about")
    lease = edge.receive()[1]
    tap.ok("sealed" in lease, "and then decided")
    proxyd.settle(lease["sealed"], 80)
    denied = edge.ask(grant, tokens=621)
    tap.is_((denied["denied"], denied["used"]), ("budget", 380), "once: Redis counts on")
    limiterd.restart()
    edge, proxyd, auditd = limiterd.edge(), limiterd.proxyd(), limiterd.accept_auditd()
    edge.await_store()
    tap.is_(edge.ask(grant, tokens=621)["used"], 380, "limiterd's restart changes nothing")
    redis.restart_empty()
    limiterd.await_outage(1)
    edge.await_store()
    number = edge.send(grant, tokens=621)
    answer(380)
    answered, denied = edge.receive()
    tap.is_((answered, denied["used"]), (number, 380), "an empty Redis asks again")
    redis.stop()
    redis.start()
    limiterd.await_outage(2)
    edge.await_store()
    edge.send(grant, tokens=621)
    answer(375)
    tap.is_(edge.receive()[1]["used"], 380, "and so does one that may have lost some; the greater figure is right")
    edge.close()


def check_cluster():
    cluster = RedisCluster()
    owner = cluster.owner_of("{heimgate}:keys")
    stranger = next(node for node in cluster.nodes if node is not owner)
    with Limiterd(**stranger.environment(), **PATIENT) as limiterd:
        edge, proxyd = limiterd.edge(), limiterd.proxyd()
        edge.await_store()
        lease = edge.ask(limiterd.grant("cluster", rpm=10), model="single")
        tap.ok("sealed" in lease and lease["request_level"]["remaining"] == 9, "a cluster's other node is followed")
        tap.is_(proxyd.settle(lease["sealed"], 5), SETTLED, "for all that is asked")
        tap.is_([stranger.cli("DBSIZE").strip(), owner.cli("DBSIZE").strip() > "2"], ["0", True],
                "all keys are on one node")
        tap.is_(limiterd.key("cluster")["running"], 0, "and what is in use is known")


class Liar:
    """Whoever answers like this is no Redis."""

    def __init__(self, *lies):
        self.lies = list(lies)
        self.heard = 0
        self.sock = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.sock.accept()
            lie = self.lies[self.heard % len(self.lies)]
            self.heard += 1
            threading.Thread(target=self.lie, args=(client, lie), daemon=True).start()

    @staticmethod
    def lie(client, lie):
        """Loads scripts as Redis would, lies when the first is called, and hangs up at the next."""
        lied = False
        with client, contextlib.suppress(OSError):
            while (data := client.recv(65536)) and not (lied and b"EVALSHA" in data):
                lied = lied or b"EVALSHA" in data
                client.sendall((b"$40\r\n" + b"a" * 40 + b"\r\n") * data.count(b"SCRIPT") + lie * lied)


def check_lies():
    lies = (b"*1000000000\r\n", b"$1000000000\r\n" + b"x" * 400000, b"*12\r\n$5\r\ngiven\r\n" + b":-1\r\n" * 11,
            b"*3\r\n" * 12, b"-ERR \x00\xff odd\r\n", b":1\r\n" * 1000, b"\x00" * 100,
            b"*12\r\n$5\r\nslots\r\n" + b":0\r\n" * 11, b"*2\r\n$5\r\nmoved\r\n:-5\r\n", b"*2\r\n:1\r\n:1\r\n",
            b"*2\r\n$4\r\nfull\r\n$1\r\n1\r\n", b"-MOVED 1 :0\r\n", b"-MOVED 1 127.0.0.1:1\r\n", b"-NOSCRIPT no\r\n",
            b"+OK\r\n")
    liar = Liar(*lies)
    with Limiterd(HEIMGATE_LIMIT_STORE="redis://127.0.0.1:%d" % liar.sock.getsockname()[1]) as limiterd:
        edge, proxyd = limiterd.edge(), limiterd.proxyd()
        end = seconds() + suite.PATIENCE
        while liar.heard < 2 * len(lies) and seconds() < end:
            for what in ({}, {"route": MODELS, "model": ""}):
                answer = edge.ask(limiterd.grant("liar"), **what)
                assert "sealed" in answer or answer["denied"] == "slots", answer
                if answer.get("upstream"):
                    proxyd.move(answer["sealed"], 0, "many")
            nngipc.call(limiterd.link("ctl-limiterd"), "limits.show")
            time.sleep(0.05)
        tap.ok(liar.heard >= 2 * len(lies), "whatever comes instead of Redis's answers, callers and proxyd are answered")


def check_endless():
    """Each array of an answer is short, but there are a thousand of them in another."""
    liar = Liar(b"*1000\r\n" + (b"*1000\r\n" + b":1\r\n" * 1000) * 1000)
    peaks = []
    for store in ("memory:", "redis://127.0.0.1:%d" % liar.sock.getsockname()[1]):
        with Limiterd(HEIMGATE_LIMIT_STORE=store) as limiterd:
            edge = limiterd.edge()
            suite.until(lambda: store == "memory:" or liar.heard > 2, "answers")
            assert "sealed" in edge.ask(limiterd.grant("endless"))
            peaks.append(limiterd.process.peak_kib())
            edge.close()
    tap.ok(peaks[1] < peaks[0] + (16 << 10), "an answer is bounded with all that is in it (%d KiB)" % (peaks[1] - peaks[0]))


def check_connecting(redis):
    url = redis.url().replace("127.0.0.1", "localhost") + "/3"
    with Limiterd(**{**redis.environment(), **PATIENT, "HEIMGATE_LIMIT_STORE": url}) as limiterd:
        edge = limiterd.edge()
        edge.await_store()
        edge.ask(limiterd.grant("named"))
        tap.has(redis.cli("-n", "3", "KEYS", "*"), "key:named", "a host is resolved, and a database chosen")
    redis.cli("ACL", "SETUSER", "heimgate", "on", ">user-password", "~{heimgate}:*", "+@read", "+@write", "+@scripting",
              "+@connection", "+time", "+info")
    user = {**PATIENT, "HEIMGATE_LIMIT_STORE": redis.url().replace("//", "//heimgate@"),
            "HEIMGATE_LIMIT_STORE_PASSWORD_FILE": redis.password_file("user-password")}
    with Limiterd(**user) as limiterd:
        edge, proxyd = limiterd.edge(), limiterd.proxyd()
        edge.await_store()
        lease = edge.ask(limiterd.grant("user", rpm=10))
        tap.is_(proxyd.settle(lease["sealed"], 5), SETTLED, "a user of its own may do what is needed")
        tap.is_(limiterd.key("user")["requests"]["limit"], 10, "and no more")
    wrong = {**redis.environment(), "HEIMGATE_LIMIT_STORE_PASSWORD_FILE": redis.password_file("sesame")}
    for settings, reason in ((wrong, "WRONGPASS"),
                             ({"HEIMGATE_LIMIT_STORE": redis.url()}, "NOAUTH"),
                             ({"HEIMGATE_LIMIT_STORE": "redis://nowhere.invalid"}, "has no address: nowhere.invalid"),
                             ({"HEIMGATE_LIMIT_STORE": "redis://127.0.0.1:1"}, "Connection refused"),
                             ({**wrong, "HEIMGATE_LIMIT_STORE_PASSWORD_FILE": "/nonexistent"}, "/nonexistent")):
        with Limiterd(**settings) as limiterd:
            edge = limiterd.edge()
            text = suite.until(lambda: "yet" not in (store := edge.health()["store"][1]) and store, "a failure")
            tap.has(text, reason, "health says what is wrong")
            tap.ok("sealed" in edge.ask(limiterd.grant("k")), "and callers are answered all the same")
            suite.until(lambda: "event=redis-lost" in limiterd.log(), "a line of the log")
            tap.ok("sesame" not in limiterd.log() and "sesame" not in text, "no password is told")


server = Redis()
shared = {**server.environment(), **PATIENT}
PAIR = {name: {"base_url": "http://127.0.0.1:1", "kind": "openai", "slots": 2, "acquire_timeout_ms": 0}
        for name in ("left", "right")}
layout = {"upstreams": {**UPSTREAMS, **PAIR},
          "routes": {**ROUTES, "pair": {"targets": [{"upstream": name} for name in PAIR]}}}
with Limiterd(**layout, **shared) as first, Limiterd(**layout, **shared) as second:
    second.edge().await_store()  # so that it loads its scripts before any are counted
    check_round_trips(server, first)
    check_forgotten_scripts(server, first)
    check_batches(server, first)
    check_shared_slots(first, second)
    check_moves(server, first, second)
    check_names(first, second)
    check_dead_host(second, first)
with Limiterd(**shared) as alone:
    check_history(server, alone)
check_connecting(server)
check_cluster()
check_lies()
check_endless()
