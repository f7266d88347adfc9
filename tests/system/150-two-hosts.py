#!/usr/bin/env python3
"""Two whole suites on one PostgreSQL: what is done to a key on one holds on the other in under a second."""

import json
import time

import suite
import tap
from servers import Postgres

LIMIT = 1.0  # seconds


def within_limit(started, what):
    took = time.monotonic() - started
    tap.ok(took < LIMIT, "%s in under a second (%.3f s)" % (what, took))


def check_creating(here, there):
    key = here.make_key(name="everywhere", models="m,stream-1000x20,fault-stall-head", rpm=1000)
    started = time.monotonic()
    suite.until(lambda: there.chat(key, "m").status == 200, "the key's way to the other host")
    within_limit(started, "a key made on one host works on the other")
    tap.is_(there.chat(key, "other").status, 404, "with all that it may and may not do")
    listed = there.tool("key", "list").stdout.decode()
    tap.has(listed, "everywhere", "and is listed there")
    again = there.tool("key", "create", "--name", "everywhere", check=False)
    tap.is_(again.returncode, 1, "its name is taken there too")
    return key


def check_revoking(here, there, key):
    bystander = there.stream(there.make_key(), "stream-60x20")
    streams = [there.stream(key, "stream-1000x20") for _ in range(3)]
    for stream in [*streams, bystander]:
        stream.event()
    here.tool("key", "revoke", here.key_id(key))
    started = time.monotonic()
    ends = [stream.rest()[0] for stream in streams]
    within_limit(started, "streams on the other host end when their key is revoked on this one")
    tap.ok(all(b"invalid_api_key" in text for text in ends), "with an error event")
    answer = there.chat(key, "m")
    tap.is_((answer.status, answer.code), (401, "invalid_api_key"), "the key is refused there")
    text, proper = bystander.rest()
    tap.ok(proper and text.endswith(b"data: [DONE]\n\n"), "streams of other keys go on")


def check_rotating(here, there):
    old = here.make_key()
    suite.until(lambda: there.chat(old, "m").status == 200, "the key's way to the other host")
    new = there.tool("key", "rotate", there.key_id(old)).stdout.decode().strip()
    started = time.monotonic()
    suite.until(lambda: here.chat(new, "m").status == 200 and here.chat(old, "m").status == 401, "the new secret")
    within_limit(started, "a secret replaced on one host is replaced on the other")


def check_races(hosts):
    def create(i):
        return hosts[i % 2].tool("key", "create", "--name", "race", check=False)

    done = suite.together(6, create)
    tap.is_(sorted(each.returncode for each in done), [0, 1, 1, 1, 1, 1], "of six keys of one name, one is made")
    key_id = hosts[0].key_id(next(each.stdout.decode() for each in done if each.returncode == 0))

    def rotate(i):
        return hosts[i % 2].tool("key", "rotate", key_id, check=False)

    suite.until(lambda: hosts[1].tool("key", "show", key_id, check=False).returncode == 0, "the key on the other host")
    done = suite.together(6, rotate)
    keys = [each.stdout.decode().strip() for each in done if each.returncode == 0]
    refusals = b"".join(each.stderr for each in done if each.returncode != 0)
    tap.ok(keys and refusals.count(b"\n") == 6 - len(keys), "of six new secrets each is given or refused")

    def alive(host):
        return [key for key in keys if host.chat(key, "m").status == 200]

    suite.until(lambda: alive(hosts[0]) == alive(hosts[1]) and len(alive(hosts[0])) == 1, "one secret on both")
    tap.ok(True, "and both hosts know the same one")


def check_history(hosts):
    """Each change is on record once, at the host that made it."""

    def on_record():
        records = [record for host in hosts for record in host.records(kind="admin")]
        return sorted(json.loads(record["detail"])["generation"] for record in records)

    made = sum(host.log("authd").count("event=key-changed") for host in hosts)
    suite.until(lambda: len(on_record()) >= made, "the records of %d changes" % made)
    tap.is_(on_record(), list(range(1, made + 1)), "every change is on record, once")


server = Postgres()
environment = server.environment("auth")
with suite.Suite(env=environment) as one, suite.Suite(env=environment) as other:
    the_key = check_creating(one, other)
    check_revoking(one, other, the_key)
    check_rotating(one, other)
    check_races((one, other))
    check_history((one, other))
