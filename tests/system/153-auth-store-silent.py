#!/usr/bin/env python3
"""PostgreSQL is there and says nothing: nobody waits for it, and what was asked of it comes to one end."""

import json
import threading
import time

import suite
import tap
from servers import Postgres

AT_ONCE = 2.0  # seconds on a busy machine; who waits for PostgreSQL waits for 4, until it is given up


def is_well(s):
    return s.http("GET", "/ready").json()["daemons"]["authd"]["parts"]["store"]["well"]


def check_nobody_waits(s, key):
    """From the moment at which it falls silent until that has been noticed."""
    slowest, silent = 0.0, False
    while not silent:
        started = time.monotonic()
        status = s.chat(key, "m").status
        slowest = max(slowest, time.monotonic() - started)
        silent = not is_well(s)
        if status != 200:
            tap.is_(status, 200, "a known key works on")
            return
    tap.ok(slowest < AT_ONCE, "a known key works on, and never waits (the slowest answer took %.3f s)" % slowest)


def check_outcome(s, name):
    """A change whose answer was lost was made or not, and is on record if it was."""

    def key_ids():
        keys = json.loads(s.tool("key", "list", "--json").stdout)
        return [key["id"] for key in keys if key["name"] == name]

    def records():
        return [record["key_id"] for record in s.records(action="key.create") if record["key_name"] == name]

    settled = "event=key-not-changed action=key.create"
    suite.until(lambda: records() or s.log("authd").count(settled) == 1, "the end of a change whose answer was lost")
    suite.until(lambda: records() == key_ids(), "its record")
    made = records()
    tap.is_(made, key_ids(), "made or not, the change is on record as it is")
    again = s.tool("key", "create", "--name", name, check=False)
    tap.is_(again.returncode, 1 if made else 0, "and may be repeated")


def check_starting(s, key):
    """A start waits for it no longer than for an answer."""
    server.pause()
    s.kill("authd")
    s.start("authd")
    suite.until(lambda: s.chat(key, "m").status == 200, "a known key's use")
    tap.ok("event=serving-snapshot" in s.log("authd"), "a start against a silent database serves what was known last")
    server.resume()
    s.wait_serving()


server = Postgres()
with suite.Suite(env={**server.environment("auth"), "HEIMGATE_GRANT_LIFE_MS": "200"}) as the_suite:
    the_key = the_suite.make_key()
    tap.is_(the_suite.chat(the_key, "m").status, 200, "a key is made and used")
    server.pause()
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(the_suite.tool("key", "create", "--name", "doubtful", check=False))
    )
    asking.start()
    check_nobody_waits(the_suite, the_key)
    asking.join()
    tap.is_(answers[0].returncode, 1, "a change that is not answered is refused")
    tap.has(answers[0].stderr.decode(), "look whether the change was made, and repeat it if not", "with what to do")
    server.resume()
    suite.until(lambda: is_well(the_suite), "the end of the silence")
    check_outcome(the_suite, "doubtful")
    check_starting(the_suite, the_key)
