#!/usr/bin/env python3
"""One daemon's clock differs from the others': callers hear 503, a log says why, and setting it right is enough.

All five share the clock of a machine, so that this takes a fault of another kind.
"""

import re

import suite
import tap
from clocks import HOUR, Suite

TIMES = (10, -10, HOUR, -HOUR)
LATE = "the stamp is outside its time"
# Whose clock, at which times callers are refused, and who says why.  Stamps are good for 5 s, and up to 30 s ahead.
FAULTS = (
    ("edge", (10, HOUR, -HOUR), "edge"),
    ("authd", (-10, HOUR, -HOUR), "edge"),
    ("limiterd", (10, -10, HOUR, -HOUR), "limiterd|proxyd"),
    ("proxyd", (10, HOUR, -HOUR), "proxyd"),
    ("auditd", (), ""),
)


def complaints(s, names):
    logs = "".join(s.log(name) for name in names.split("|"))
    return len(re.findall(r"event=(?:grant-not-kept|grant-refused|frame-refused) .*" + re.escape(LATE), logs))


def is_asked_to_retry(answer):
    told = (answer.status, answer.code, "retry-after" in answer.headers)
    return told == (503, "server_is_overloaded", True)


def check(s, name, seconds, refused, witnesses):
    """Each with a new key, for which there is no grant yet."""
    when = "%s %+d s" % (name, seconds)
    key, before = s.make_key(), complaints(s, witnesses)
    s.set_clocks(seconds, name)
    answers = [s.chat(key, "m") for _ in range(5)]
    if refused:
        tap.ok(all(is_asked_to_retry(answer) for answer in answers), when + ": callers are asked to try again")
        # Once a second, and there may have been one just now.
        suite.until(lambda: s.chat(key, "m") and complaints(s, witnesses) > before, "a line in the log of " + witnesses)
        tap.ok(True, when + ": and %s says why" % witnesses.replace("|", " or "))
    else:
        tap.is_({answer.status for answer in answers}, {200}, when + ": nobody notices")
    s.set_clocks(0, name)
    answers = [s.chat(key, "m") for _ in range(5)]
    tap.is_({answer.status for answer in answers}, {200}, when + ": and when it is set right all is well")


with Suite() as the_suite:
    for daemon, bad, witness in FAULTS:
        for ahead in TIMES:
            check(the_suite, daemon, ahead, ahead in bad, witness)
    tap.is_(the_suite.http("GET", "/ready").status, 200, "in the end all are well")
    tap.is_(the_suite.tool("audit", "verify", check=False).returncode, 0, "and the chain of records is whole")
