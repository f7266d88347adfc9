#!/usr/bin/env python3
"""frames.py between limiterd and the others: all goes on as ever, each frame is shown, and no stamp with its seal."""

import os
import signal
import subprocess
import sys

import judged
import suite
import tap

with suite.Suite(daemons=()) as s:
    own = os.path.join(s.directory, "own")
    relay = suite.Process(
        "frames",
        [sys.executable, os.path.join(judged.HERE, "frames.py"), "limiterd", s.run, own],
        os.path.join(s.directory, "frames.log"),
        stdout=subprocess.PIPE,
    )
    first = relay.popen.stdout.readline()
    tap.has(first, b"passing on the frames of limiterd", "it stands in the middle")
    for name in suite.DAEMONS:
        s.start(name, wait=False, env={"HEIMGATE_RUN": own} if name == "limiterd" else {})
    for name in suite.DAEMONS:
        s.wait_ready(name)
    key = s.make_key(budget="1000000/day")
    tap.is_(s.chat(key, "m").status, 200, "a chat goes through")
    suite.until(lambda: s.http("GET", "/ready").status == 200, "readiness")
    s.restart("edge", signal.SIGTERM)
    tap.is_(s.chat(key, "m").status, 200, "and another one when a peer has come again")
    suite.until(lambda: len(s.records(kind="request")) == 2, "both records")
    s.stop()
    relay.end(signal.SIGINT)
    text = relay.popen.stdout.read().decode()
    for line in (
        "edge -> limiterd LIMIT_TAKE id ",
        "limiterd -> edge LIMIT_LEASE id ",
        "limiterd -> auditd USAGE_ASK id ",
        "auditd -> limiterd USAGE_TOTAL id ",
        "proxyd -> limiterd LIMIT_SETTLE id ",
        "limiterd -> proxyd LIMIT_SETTLED id ",
        "bytes, of key %s>" % s.key_id(key),
    ):
        tap.has(text, line, "it shows " + line)
    with open(os.path.join(s.state, "secrets", "grant.key"), "rb") as file:
        tap.ok(file.read().hex() not in text and max(map(len, text.split())) < 130, "and nothing as long as a stamp")
    tap.ok("malformed" not in text, "every frame is as the document says")
