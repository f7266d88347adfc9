#!/usr/bin/env python3
"""authd is killed in mid-traffic: known keys work on until their grants expire, and nobody is told a key is wrong."""

import suite
import tap
import traffic

with suite.Suite(env={"HEIMGATE_GRANT_LIFE_MS": "700"}) as s:
    key = s.make_key()
    load = traffic.Traffic(s, key).start()
    for _ in range(2):
        load.await_more(2)
        s.kill("authd")
        load.await_more(2, "status 503")
        s.start("authd")
    load.await_more(2)
    load.stop()
    traffic.check_outcomes(load, ("complete", "status 503"))
    traffic.check_history(s, load)

with suite.Suite(env={"HEIMGATE_GRANT_LIFE_MS": "30000"}) as s:
    known, unknown = s.make_key(), s.make_key()
    tap.is_(s.chat(known, "m").status, 200, "a key is used")
    s.kill("authd")
    tap.is_([s.chat(known, "m").status for _ in range(5)], [200] * 5, "and works on without authd")
    answer = s.chat(unknown, "m")
    tap.is_(
        (answer.status, answer.code), (503, "server_is_overloaded"), "one that was not used before gets 503, not 401"
    )
    tap.ok(int(answer.headers["retry-after"]) >= 1, "and is told to come back")
    ready = s.http("GET", "/ready")
    tap.ok(ready.status == 503 and b"authd" in ready.body, "/ready names authd")
    tap.is_(s.http("GET", "/health").status, 200, "while edge itself is alive")
    failed = s.tool("key", "list", check=False)
    tap.ok(
        failed.returncode == 111 and failed.stderr.count(b"\n") == 1,
        "heimgate key says in one line that authd is not there",
    )
    s.start("authd")
    s.wait_serving()
    tap.is_(s.chat(unknown, "m").status, 200, "authd is back, and so are all keys")
    s.tool("key", "revoke", s.key_id(known))
    suite.until(lambda: s.chat(known, "m").status == 401, "revocation", 1.0)
    tap.ok(True, "and revocations")
