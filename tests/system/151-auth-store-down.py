#!/usr/bin/env python3
"""PostgreSQL is killed: known keys go on working, changes are refused, and all is well again when it is back."""

import suite
import tap
import traffic
from servers import Postgres


def store_part(s):
    """(whether authd's store is well, what it says)."""
    part = s.http("GET", "/ready").json()["daemons"]["authd"]["parts"]["store"]
    return part["well"], part.get("text", "")


def check_changes_refused(s, key):
    for arguments in (("create", "--name", "late"), ("revoke", s.key_id(key)), ("rotate", s.key_id(key))):
        done = s.tool("key", *arguments, check=False)
        tap.is_((done.returncode, done.stdout), (1, b""), "key %s is refused" % arguments[0])
        tap.ok(done.stderr.count(b"\n") == 1 and b"database unreachable since" in done.stderr, "in one line that says why")
    tap.is_(s.tool("key", "list").stdout.count(s.key_id(key).encode()), 1, "keys are still listed")
    tap.has(s.tool("key", "show", s.key_id(key)).stdout.decode(), s.key_id(key), "and shown")


server = Postgres()
with suite.Suite(env={**server.environment("auth"), "HEIMGATE_GRANT_LIFE_MS": "300"}) as s:
    known, revoked = s.make_key(), s.make_key()
    s.tool("key", "revoke", s.key_id(revoked))
    unknown = "sk-hg-0123456789-" + "A" * 49
    tap.is_(s.chat(unknown, "m").status, 401, "a key that nobody has is refused")
    tap.is_(store_part(s), (True, ""), "the store is well")
    load = traffic.Traffic(s, known).start()
    load.await_more(2)
    server.kill()
    suite.until(lambda: not store_part(s)[0], "the outage's notice")
    ready = s.http("GET", "/ready")
    tap.is_(ready.status, 503, "/ready says that not all is well")
    tap.has(store_part(s)[1], "database unreachable since 20", "and since when")
    tap.ok(str(server.port).encode() not in ready.body and b"127.0.0.1" not in ready.body, "but not where the database is")
    load.await_more(4)
    tap.is_(s.chat(known, "m").status, 200, "a known key goes on working")
    tap.is_(s.chat(revoked, "m").status, 401, "a revoked one is refused as before")
    answer = s.chat(unknown, "m")
    tap.is_((answer.status, answer.code), (503, "server_is_overloaded"), "an unknown one may be one made elsewhere: 503")
    tap.ok(int(answer.headers["retry-after"]) >= 1, "and is told to come back")
    check_changes_refused(s, known)
    server.start()
    suite.until(lambda: s.http("GET", "/ready").status == 200, "readiness")
    tap.is_(store_part(s), (True, ""), "the database is back, and authd with it")
    tap.is_(s.chat(unknown, "m").status, 401, "unknown keys are unknown again")
    tap.is_(s.chat(s.make_key(name="late"), "m").status, 200, "and keys are made again")
    load.stop()
    traffic.check_outcomes(load, ("complete",))
    traffic.check_history(s, load)
