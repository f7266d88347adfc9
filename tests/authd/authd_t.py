#!/usr/bin/env python3
"""What heimgate-authd says on its links: grants, denials, revocations, records, health."""

import hashlib
import hmac
import json
import os
import sqlite3
import time

from alone import (AUDIT_ACK, AUTH_ASK, AUTH_REVOKE, EXPIRED, FAULT, REVOKED, UNKNOWN, Authd, accept, digest, now_ms,
                   read_record, read_revocation)
import nngipc
import suite
import tap


def key_id(key):
    return key.split("-")[2]


def told(pipe):
    """The next revocation on proxyd's link."""
    kind, _number, body = pipe.receive_frame()
    assert kind == AUTH_REVOKE, "a frame of type %d in place of a revocation" % kind
    return read_revocation(body)


def grants(authd):
    edge = authd.edge()
    tap.is_(edge.ask("nobody's"), (UNKNOWN, ""), "a stranger is nobody")
    key = authd.create("Grace", "--models", "m1,m/2:x", "--rpm", "1", "--tpm", "2", "--concurrency", "3",
                       "--budget", "4/month", "--local-only", "--images", "5", "--image-kib", "6")
    asked = now_ms()
    grant = edge.ask(key)
    tap.is_((grant["key_id"], grant["key_name"]), (key_id(key), "Grace"), "a grant says who")
    tap.is_(grant["models"], "m1\nm/2:x", "and what")
    limits = [grant[name] for name in ("rpm", "tpm", "concurrency", "budget", "period")]
    tap.is_(limits, [1, 2, 3, 4, 2], "and how much")
    scope = [grant[name] for name in ("local_only", "images", "image_kib")]
    tap.is_(scope, [1, 5, 6], "and where, and with which images")
    plain = edge.ask(authd.create("Gregor"))
    scope = [plain[name] for name in ("local_only", "images", "image_kib")]
    tap.is_(scope, [0, 0, 0], "a key has no such rule at first")
    tap.ok(asked + 5000 <= grant["expires"] <= now_ms() + 5000, "for five seconds")
    with open(authd.path("secrets/grant.key"), "rb") as file:
        seal = hashlib.blake2b(b"G" + grant["fields"], key=file.read(), digest_size=32).digest()
    tap.ok(hmac.compare_digest(seal, grant["seal"]), "sealed with the grant key")
    edge.close()


def expiry(authd):
    edge = authd.edge()
    done, _key = authd.call("key.create", id="exp1exp1ex", hash=digest("short-lived").hex(), name="brief",
                            expires=now_ms() + 1500)
    tap.ok(done, "a key that lives 1.5 s is made")
    grant = edge.ask("short-lived")
    tap.ok(grant["expires"] <= now_ms() + 1500, "its grant lives no longer")
    suite.until(lambda: now_ms() > grant["expires"], "the key's end")
    tap.is_(edge.ask("short-lived"), (EXPIRED, "exp1exp1ex"), "after that it is expired")
    edge.close()


def revocation(authd, proxyd):
    edge = authd.edge()
    key = authd.create("Rebecca")
    generation = edge.ask(key)["generation"]
    began = time.monotonic()
    tap.is_(authd.key("revoke", key_id(key)).returncode, 0, "a key is revoked")
    heard = edge.wait_told()
    tap.is_(told(proxyd), heard, "edge and proxyd hear the same")
    tap.ok(time.monotonic() - began < 1, "within a second")
    tap.ok(heard[0] == key_id(key) and heard[1] > generation, "that the key has a later generation")
    tap.is_(edge.ask(key), (REVOKED, key_id(key)), "and the key is revoked")
    edge.close()
    edge = authd.edge()
    tap.is_(edge.wait_told(), heard, "an edge that comes back is told again")
    edge.close()
    return heard


def revocation_outlives_authd(authd, listener, heard):
    authd.restart()
    edge = authd.edge()
    tap.is_(edge.wait_told(), heard, "so is one that comes back to another authd after a kill -9")
    proxyd = accept(listener)
    tap.is_(told(proxyd), heard, "and so is proxyd")
    edge.close()
    return proxyd


def rotation(authd, proxyd):
    edge = authd.edge()
    old = authd.create("Roberta")
    first = edge.ask(old)["generation"]
    new = authd.key("rotate", key_id(old), "--grace", "1h").stdout.strip()
    tap.is_(told(proxyd), (key_id(old), first), "with a grace, stamps of the old secret stay good")
    second = edge.ask(new)
    tap.ok(second["generation"] > first, "the new secret has a later generation")
    tap.is_(edge.ask(old)["generation"], first, "the old one still works, with its own")
    newest = authd.key("rotate", key_id(old)).stdout.strip()
    void = told(proxyd)
    tap.ok(void[1] > second["generation"], "without a grace, all older stamps are void")
    tap.is_(edge.ask(newest)["generation"], void[1], "those of the new secret are not")
    tap.is_(edge.ask(new), (REVOKED, key_id(old)), "the secret before is revoked")
    tap.is_(edge.ask(old), (UNKNOWN, ""), "the one before that is forgotten")
    edge.close()


def records(authd, listener):
    auditd = accept(listener)
    key = authd.create("Rita", "--owner", "me", "--rpm", "9", "--local-only", "--images", "2", "--image-kib", "3")
    found = {}
    while found.get("key_name") != "Rita":
        number, found = read_record(auditd)
        auditd.send_frame(AUDIT_ACK, number)
    tap.is_((found["kind"], found["action"], found["key_id"]), (2, "key.create", key_id(key)), "a new key is on record")
    tap.is_((found["detail"]["owner"], found["detail"]["rpm"]), ("me", 9), "with what it may do")
    scope = [found["detail"][name] for name in ("local_only", "images", "image_kib")]
    tap.is_(scope, [True, 2, 3], "and where, and with which images")
    tap.ok(key.split("-")[3] not in str(found) and digest(key).hex() not in str(found), "and nothing of its secret")
    authd.create("Big", "--models", ",".join("model-%d" % number for number in range(400)))
    number, found = read_record(auditd)
    tap.is_(found["detail"]["models"], 400, "a long list of models is there as their number")
    auditd.close()


def store_trouble(authd):
    edge = authd.edge()
    key = authd.create("Stella")
    tap.is_(edge.health()["store"], (True, ""), "the store is well")
    with sqlite3.connect(authd.database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = authd.key("revoke", key_id(key))
        tap.is_(refused.returncode, 1, "while the store cannot be written, a change is refused")
        tap.has(refused.stderr, "database is locked", "with the reason")
        tap.is_(edge.ask(key)["key_id"], key_id(key), "and has not happened; keys go on working")
        tap.is_(edge.health()["store"][0], False, "the store is not well")
        other.execute("ROLLBACK")
    other.close()
    tap.is_(authd.key("revoke", key_id(key)).returncode, 0, "then the change is made")
    tap.is_(edge.ask(key), (REVOKED, key_id(key)), "and is in force")
    os.rename(authd.database, authd.database + ".away")
    refused = authd.key("create", "--name", "lost")
    tap.is_((refused.returncode, refused.stdout), (1, ""), "no key is made when the store's file is gone")
    tap.has(refused.stderr, "moved or deleted", "with the reason")
    os.rename(authd.database + ".away", authd.database)
    edge.close()


def full_window():
    """Nobody takes the records of changes: when 8192 of them wait, there are no more changes."""
    with Authd() as authd:
        people = nngipc.dial(authd.link("ctl-authd"), nngipc.REQ)
        made, answer = 0, b"\1"
        while answer[0] == 1 and made < 9000:
            key = {"id": "%010d" % made, "hash": digest(str(made)).hex(), "name": str(made)}
            people.send_frame(80, made, nngipc.text("key.create") + nngipc.blob(json.dumps(key).encode()))
            answer = people.receive_frame()[2]
            made += answer[0]
        tap.is_(made, 8192, "as many changes as the window has room for")
        tap.has(answer.decode(errors="replace"), "is heimgate-auditd running?", "then the reason why there are no more")
        edge = authd.edge()
        tap.is_(edge.ask("4095")["key_id"], "0000004095", "the last key works")
        tap.is_(edge.ask("8192"), (UNKNOWN, ""), "the refused one was not made")
        auditd = authd.listen("authd-auditd").accept()
        for _ in range(8192):
            auditd.send_frame(AUDIT_ACK, read_record(auditd)[0])
        suite.until(lambda: authd.call("key.revoke", id="0000004095")[0], "room for a record")
        tap.is_(read_record(auditd)[1]["action"], "key.revoke", "once they are taken, changes are made again")
        edge.close()


def hostile_edge(authd):
    edge = authd.edge()
    for name, body in (("short", b"x" * 47), ("long", b"x" * 49), ("empty", b"")):
        edge.pipe.send_frame(AUTH_ASK, 7, body)
        kind = 0
        while kind != FAULT:
            kind, number, _body = edge.pipe.receive_frame()
        tap.is_(number, 7, "a question that is too %s is refused" % name)
    for kind in (AUTH_ASK + 1, 20, 64, 80, 999):
        edge.pipe.send_frame(kind, 8, b"")
        tap.is_(edge.pipe.receive_frame()[:2], (FAULT, 8), "message %d is not edge's to send" % kind)
    tap.is_(edge.ask("nobody's"), (UNKNOWN, ""), "and authd goes on")
    edge.close()


def hostile_people(authd):
    good = {"id": "hostile123", "hash": digest("x").hex(), "name": "hostile"}
    for name, change in (("an unknown member", {"admin": True}), ("no name", {"name": None}),
                         ("an empty name", {"name": ""}),
                         ("a name that is a number", {"name": 5}), ("a name with a newline", {"name": "a\nb"}),
                         ("a name of 65 bytes", {"name": "n" * 65}), ("a bad id", {"id": "../../../x"}),
                         ("a long id", {"id": "i" * 33}), ("half a hash", {"hash": "ab" * 31}),
                         ("a hash that is none", {"hash": "zz" * 32}), ("no models", {"models": []}),
                         ("models that are text", {"models": "a,b"}), ("a model with a comma", {"models": ["a,b"]}),
                         ("a model with a newline", {"models": ["a\nb"]}), ("the model *", {"models": ["*"]}),
                         ("4 KiB of models", {"models": ["m" * 250] * 17}), ("a negative limit", {"rpm": -1}),
                         ("a limit of 2^32", {"tpm": 2 ** 32}), ("a limit in text", {"rpm": "5"}),
                         ("a limit that is true", {"rpm": True}), ("half a request", {"rpm": 0.5}),
                         ("a rule in text", {"local_only": "true"}), ("a rule in numbers", {"local_only": 1}),
                         ("fewer images than none", {"images": -1}), ("images of 4 TiB", {"image_kib": 2 ** 32}),
                         ("a weekly budget", {"budget": "5/week"}), ("a past expiry", {"expires": 1000}),
                         ("an expiry in the year 10000", {"expires": 253402300800000}),
                         ("a long owner", {"owner": "o" * 129})):
        arguments = {name: value for name, value in {**good, **change}.items() if value is not None}
        done, answer = authd.call("key.create", **arguments)
        tap.ok(not done and answer.get("error"), "a key with %s is refused: %s" % (name, answer.get("error")))
    for name, body in (("text", b"hello"), ("a list", b"[]"), ("nothing", b""), ("half an object", b'{"id":'),
                       ("members twice", b'{"id":"a","id":"b"}'), ("deep nesting", b"[" * 50000)):
        done, _answer = nngipc.call(authd.link("ctl-authd"), "key.show", body)
        tap.ok(not done, "arguments that are %s are refused" % name)
    tap.is_(authd.call("key.list", after=5)[0], False, "a list that begins behind a number is refused")
    tap.is_(authd.call("key.destroy")[0], False, "an unknown call is refused")
    tap.is_(authd.call("key.create", **good)[0], True, "and authd goes on")


def main():
    with Authd() as authd:
        proxyd_listener, auditd_listener = authd.listen("authd-proxyd"), authd.listen("authd-auditd")
        proxyd = accept(proxyd_listener)
        grants(authd)
        expiry(authd)
        heard = revocation(authd, proxyd)
        proxyd = revocation_outlives_authd(authd, proxyd_listener, heard)
        rotation(authd, proxyd)
        records(authd, auditd_listener)
        store_trouble(authd)
        hostile_edge(authd)
        hostile_people(authd)
    full_window()


main()
