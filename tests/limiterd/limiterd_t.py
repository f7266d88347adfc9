#!/usr/bin/env python3
"""What heimgate-limiterd says on its links: leases, denials, settling, history, health."""

import os
import signal
import socket
import struct
import subprocess

from alone import (BAD_SEAL, CHAT, DAY, FAULT, KEEP, MODEL, MODELS, REPLAYED, ROUTES, SETTLED, TAKE, UPSTREAMS, USAGE_ASK,
                   USAGE_TOTAL, Limiterd, Reader, now_ms, seal)
import nngipc
import suite
import tap


def leases(limiterd, proxyd):
    edge = limiterd.edge()
    asked = now_ms()
    lease = edge.ask(limiterd.grant("a", models="m1\nm2", rpm=60, tpm=6000, generation=7), model="m1", tokens=100)
    tap.is_([lease[name] for name in ("key_id", "key_name", "models", "model", "upstream", "route", "generation", "tokens")],
            ["a", "name of a", "m1\nm2", "m1", "many", CHAT, 7, 100], "a lease says who may do what")
    tap.ok(asked + 5000 <= lease["expires"] <= now_ms() + 5000, "for five seconds")
    tap.is_(lease["sealed"], seal(b"L", lease["sealed"][:-32], limiterd.lease_key), "sealed with the lease key")
    tap.is_(lease["request_level"], {"limit": 60, "remaining": 59, "reset_ms": 1000}, "the level of requests is told")
    tap.is_(lease["token_level"], {"limit": 6000, "remaining": 5900, "reset_ms": 1000}, "and that of tokens")
    other = edge.ask(limiterd.grant("a", rpm=60, tpm=6000, generation=7))
    tap.ok(other["id"] != lease["id"], "each lease has an id of its own")
    listed = edge.ask(limiterd.grant("a"), route=MODELS, model="", tokens=99)
    tap.is_((listed["upstream"], listed["model"], listed["tokens"]), ("", "", 0), "a list of models takes no slot and no tokens")
    shown = edge.ask(limiterd.grant("a", models="m1"), route=MODEL, model="m1")
    tap.is_((shown["upstream"], shown["model"], shown["tokens"]), ("", "m1", 0), "nor does a look at one model")
    hidden = edge.ask(limiterd.grant("a", models="m1"), route=MODEL, model="m2")
    tap.is_(hidden["denied"], "model", "which must be one of the key's")
    tap.is_(limiterd.pool("many")["in_use"], 2, "two slots are in use")
    for done in (lease, other, listed, shown):
        tap.is_(proxyd.settle(done["sealed"], 50), SETTLED, "a lease is settled")
    tap.is_(proxyd.settle(lease["sealed"], 50), SETTLED, "twice if need be")
    tap.is_((limiterd.pool("many")["in_use"], limiterd.key("a")["running"]), (0, 0), "and holds nothing any more")
    edge.close()


def denials(limiterd):
    edge = limiterd.edge()
    good = limiterd.grant("d", models="m1")
    tap.is_(edge.ask(good, model="m3")["denied"], "model", "a model that the grant does not list")
    tap.is_(edge.ask(good[:40] + bytes([good[40] ^ 1]) + good[41:], model="m1")["denied"], "grant", "an altered grant")
    tap.is_(edge.ask(limiterd.grant("d", life=-1))["denied"], "grant", "an expired grant")
    tap.is_(edge.ask(limiterd.grant("d", life=60000))["denied"], "grant", "a grant for longer than there are grants")
    tap.is_(edge.ask(seal(b"G", good[:-32], bytes(32)))["denied"], "grant", "a forged grant")
    tap.is_(edge.ask(seal(b"L", good[:-32], limiterd.grant_key))["denied"], "grant", "a grant sealed as something else")
    tap.is_(edge.ask(b"")["denied"], "grant", "no grant at all")
    edge.ask(limiterd.grant("r", rpm=1))
    denied = edge.ask(limiterd.grant("r", rpm=1))
    tap.is_((denied["denied"], denied["limit"], denied["used"], denied["requested"]), ("requests", 1, 1, 1),
            "too many requests, and the figures")
    tap.ok(59000 < denied["retry_after_ms"] <= 60000, "and when to come back")
    tap.is_(denied["request_level"]["limit"], 1, "and the level")
    denied = edge.ask(limiterd.grant("t", tpm=50), tokens=51)
    tap.is_((denied["denied"], denied["retry_after_ms"]), ("tokens", 0), "more tokens than can ever be")
    edge.ask(limiterd.grant("c", concurrency=1))
    tap.is_(edge.ask(limiterd.grant("c", concurrency=1))["denied"], "concurrency", "too many at one time")
    edge.close()


def mistakes(limiterd, proxyd):
    edge = limiterd.edge()
    number = edge.send(limiterd.grant("m"))
    edge.receive()
    edge.last = number - 1
    tap.is_(edge.ask(limiterd.grant("m")), {"fault": REPLAYED, "type": TAKE}, "a take is not taken twice")
    edge.pipe.send_frame(TAKE, 77, b"\xff" * 50)
    tap.ok("fault" in edge.receive()[1], "garbage is refused")
    edge.pipe.send_frame(KEEP, 78, b"x")
    tap.ok("fault" in edge.receive()[1], "and so is what only proxyd may say")
    proxyd.pipe.send_frame(KEEP, 1, b"x" * 100)
    kind, _number, body = proxyd.pipe.receive_frame()
    tap.is_((kind, Reader(body).number(2)), (FAULT, BAD_SEAL), "a forged lease is not kept")
    tap.is_(proxyd.settle(b"x" * 100, 5), FAULT, "nor settled")
    lease = edge.ask(limiterd.grant("m"))
    altered = lease["sealed"][:100] + bytes([lease["sealed"][100] ^ 1]) + lease["sealed"][101:]
    tap.is_(proxyd.settle(altered, 5), FAULT, "nor is an altered one")
    tap.is_(proxyd.settle(lease["sealed"], 5), SETTLED, "the real one is")
    edge.cancel(4711)
    tap.ok("denied" not in edge.ask(limiterd.grant("m")), "an unknown take is cancelled without harm")
    edge.close()


def waiting(limiterd, proxyd):
    edge = limiterd.edge()
    first = edge.ask(limiterd.grant("w"), model="single")
    ids = [edge.send(limiterd.grant(key), model="single") for key in ("w", "w", "v")]
    suite.until(lambda: limiterd.pool("one")["waiting"] == 3, "three to wait")
    proxyd.settle(first["sealed"], 1)
    number, second = edge.receive()
    tap.is_(number, ids[0], "the first in the queue is served first")
    proxyd.settle(second["sealed"], 1)
    number, third = edge.receive()
    tap.is_(number, ids[2], "then the other key's")
    edge.cancel(ids[1])
    suite.until(lambda: limiterd.pool("one")["waiting"] == 0, "the cancelled one to leave")
    proxyd.settle(third["sealed"], 1)
    tap.is_((limiterd.pool("one")["in_use"], limiterd.key("w")["running"]), (0, 0), "who cancelled holds nothing")
    last = edge.ask(limiterd.grant("w"), model="single")
    edge.send(limiterd.grant("v"), model="single")
    suite.until(lambda: limiterd.pool("one")["waiting"] == 1, "one to wait")
    edge.close()
    suite.until(lambda: limiterd.pool("one")["waiting"] == 0, "who waited to be gone with edge")
    tap.is_((limiterd.key("w")["running"], limiterd.key("v")["running"]), (1, 0), "with edge goes who waited")
    tap.is_(proxyd.settle(last["sealed"], 1), SETTLED, "but not what is leased")


def unused_lease(limiterd):
    edge = limiterd.edge()
    edge.ask(limiterd.grant("u", tpm=1000), model="single", tokens=100)
    suite.until(lambda: limiterd.pool("one")["in_use"] == 0, "the lease that nobody uses to end")
    key = limiterd.key("u")
    tap.is_((key["running"], key["tokens"]["remaining"]), (0, 1000), "a lease that nobody uses is returned by itself")
    edge.close()


def timeouts(limiterd, proxyd):
    edge = limiterd.edge()
    upstreams = {**UPSTREAMS, "one": {**UPSTREAMS["one"], "acquire_timeout_ms": 50}}
    limiterd.reload(upstreams, ROUTES)
    lease = edge.ask(limiterd.grant("x"), model="single")
    denied = edge.ask(limiterd.grant("x"), model="single")
    tap.is_((denied["denied"], denied["limit"], denied["used"]), ("slots", 1, 1), "no slot in time")
    tap.ok(denied["retry_after_ms"] > 0, "but later perhaps")
    tap.is_(limiterd.key("x")["running"], 1, "and nothing is held")
    proxyd.settle(lease["sealed"], 1)
    edge.close()
    limiterd.reload(UPSTREAMS, ROUTES)


def reloads(limiterd):
    edge = limiterd.edge()
    limiterd.reload({**UPSTREAMS, "many": {**UPSTREAMS["many"], "slots": 7}}, ROUTES)
    tap.is_(limiterd.pool("many")["slots"], 7, "SIGHUP reads models.json again")
    limiterd.write_models({**UPSTREAMS, "many": {"slots": 9}}, ROUTES)
    limiterd.process.popen.send_signal(signal.SIGHUP)
    suite.until(lambda: "event=models-refused" in limiterd.log(), "the refusal")
    tap.has(limiterd.log(), "upstreams.many.", "a bad file is reported")
    tap.is_(limiterd.pool("many")["slots"], 7, "and the running one stays")
    well, text = edge.health()["models"]
    tap.ok(well and "not reloaded" in text, "which health tells")
    limiterd.reload(UPSTREAMS, ROUTES)
    tap.is_(edge.health()["models"], (True, ""), "until a good one comes")
    edge.close()


def adoption(limiterd):
    edge = limiterd.edge()
    lease = edge.ask(limiterd.grant("k"), model="single")
    limiterd.restart()
    proxyd = limiterd.proxyd()
    tap.is_(limiterd.pool("one")["in_use"], 0, "a restarted limiterd knows nothing")
    proxyd.keep(lease["sealed"])
    suite.until(lambda: limiterd.pool("one")["in_use"] == 1, "the lease to be adopted")
    tap.is_(limiterd.key("k")["running"], 1, "until a lease is kept")
    tap.is_(proxyd.settle(lease["sealed"], 5), SETTLED, "which may be settled")
    proxyd.keep(lease["sealed"])
    tap.is_(proxyd.settle(lease["sealed"], 5), SETTLED, "and does not come back")
    tap.is_((limiterd.pool("one")["in_use"], limiterd.key("k")["running"]), (0, 0), "when a late KEEP arrives")
    edge.close()
    return proxyd


def asked(auditd):
    kind, number, body = auditd.receive_frame()
    assert kind == USAGE_ASK, "a frame of type %d" % kind
    reader = Reader(body)
    return number, reader.text(), reader.number(8)


def history(limiterd, proxyd, auditd):
    edge = limiterd.edge()
    tap.ok(all(well for well, _text in edge.health().values()), "all is well while all are there")
    grant = limiterd.grant("b", budget=1000, period=DAY)
    number = edge.send(grant, tokens=100)
    question, key_id, since = asked(auditd)
    tap.is_(key_id, "b", "a key's history is asked for when its budget is first seen")
    tap.is_((since % 86400000, now_ms() - since < 86400000), (0, True), "since midnight")
    auditd.send_frame(USAGE_TOTAL, question, struct.pack(">QQ", 850, 3))
    answered, lease = edge.receive()
    tap.ok(answered == number and "sealed" in lease, "and then it goes on")
    denied = edge.ask(grant, tokens=100)
    tap.is_((denied["denied"], denied["limit"], denied["used"], denied["requested"]), ("budget", 1000, 950, 100),
            "as far as its history and reservations allow")
    proxyd.settle(lease["sealed"], 20)
    tap.is_(limiterd.key("b")["budget"]["used"], 870, "what was used is counted")
    tap.ok("sealed" in edge.ask(grant, tokens=100), "and the rest is there again")
    edge.send(limiterd.grant("e", budget=1000, period=DAY))
    question, _key_id, _since = asked(auditd)
    auditd.send_frame(FAULT, question, struct.pack(">HHH", 13, USAGE_ASK, 0))
    auditd.close()
    auditd = limiterd.accept_auditd()
    question, key_id, _since = asked(auditd)
    tap.is_(key_id, "e", "an auditd that comes back is asked again")
    auditd.close()
    tap.is_(edge.receive()[1]["denied"], "unavailable", "without history in time a budget is not trusted")
    suite.until(lambda: not edge.health()["link-auditd"][0], "health to tell that auditd is gone")
    tap.ok("sealed" in edge.ask(grant, tokens=10), "one whose history is known goes on without auditd")
    edge.close()


def tool(limiterd):
    edge = limiterd.edge()
    edge.ask(limiterd.grant("shown", rpm=60, concurrency=4))
    done = limiterd.tool()
    lines = done.stdout.splitlines()
    tap.is_(done.returncode, 0, "heimgate limits prints")
    tap.is_(next(line.split() for line in lines if line.startswith("one")), ["one", "1", "0", "0", "30000", "ms"], "pools")
    tap.has(next(line for line in lines if line.startswith("shown")), "1 of 4", "and keys")
    tap.is_(limiterd.tool("show", "--json").returncode, 0, "or JSON")
    tap.is_(limiterd.tool("--nonsense").returncode, 100, "nonsense is a mistake")
    for verb, arguments, reason in (("limits.show", b'{"x": 1}', b"unknown member"), ("key.list", b"{}", b"only verb"),
                                    ("limits.show", b"[", b"bad JSON")):
        refused, text = nngipc.call(limiterd.link("ctl-limiterd"), verb, arguments)
        tap.ok(not refused and reason in text, "%s %s is refused" % (verb, arguments.decode()))
    edge.close()


def reconnects(limiterd):
    before = len(limiterd.log())
    for _ in range(1000):
        sock = socket.socket(socket.AF_UNIX)
        nngipc.by_descriptor(limiterd.link("edge-limiterd"), sock.connect)
        sock.close()
    tap.ok(limiterd.show()["leases"] >= 0, "a peer that comes and goes is put up with")
    lines = limiterd.log()[before:].splitlines()
    if not tap.ok(len(lines) < 100, "and does not fill the log"):
        tap.diag("%d lines" % len(lines))


def bad_starts(limiterd):
    def start(**env):
        program = os.path.join(suite.BIN, "heimgate-limiterd")
        return subprocess.run([program], env=suite.clean_environment({**limiterd.env, **env}), capture_output=True,
                              timeout=suite.PATIENCE, check=False, text=True)

    done = start(HEIMGATE_MODELS="/nonexistent")
    tap.is_((done.returncode, done.stderr.count("\n")), (100, 1), "no models.json: one line, a mistake")
    tap.has(done.stderr, "/nonexistent", "which names it")
    for store, reason in (("redis://user:sesame@h", "HEIMGATE_LIMIT_STORE_PASSWORD_FILE"), ("rediss://h", "TLS"),
                          ("redis://", "bad host"), ("redis://h:70000", "bad port"), ("redis://h/x", "database"),
                          ("redis://[::1", "bad host"), ("redis://h:1:2", "bad port"), ("redis://@h", "bad user"),
                          ("unix:/" + "x" * 200, "too long"), ("postgresql://h", "memory:")):
        done = start(HEIMGATE_LIMIT_STORE=store)
        tap.is_((done.returncode, done.stderr.count("\n")), (100, 1), "no store: %s" % store[:20])
        tap.has(done.stderr, reason, "the reason")
        tap.ok("sesame" not in done.stderr, "no password is repeated")
    done = start(HEIMGATE_LIMIT_OUTAGE="shut")
    tap.is_((done.returncode, "closed" in done.stderr), (100, True), "an unknown policy is refused")
    tap.is_(limiterd.tool().returncode, 111, "without limiterd the tool has nobody to ask")


with Limiterd() as alone:
    auditd_pipe = alone.accept_auditd()
    proxyd_pipe = alone.proxyd()
    leases(alone, proxyd_pipe)
    denials(alone)
    mistakes(alone, proxyd_pipe)
    waiting(alone, proxyd_pipe)
    timeouts(alone, proxyd_pipe)
    reloads(alone)
    auditd_pipe.close()
    proxyd_pipe = adoption(alone)
    history(alone, proxyd_pipe, alone.accept_auditd())
    tool(alone)
    tap.is_(alone.stop(signal.SIGTERM), 0, "limiterd ends when it is told to")
    bad_starts(alone)

with Limiterd(HEIMGATE_LEASE_LIFE_MS="500") as brief:
    unused_lease(brief)
    reconnects(brief)
