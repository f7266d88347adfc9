#!/usr/bin/env python3
"""`heimgate migrate`: an embedded installation goes on with PostgreSQL, with every key and every record."""
import json
import os
import signal

import suite
import tap
from servers import Postgres


def usage(gate):
    rows = json.loads(gate.tool("audit", "usage", "--by", "key", "--json").stdout)
    return {row["label"]: (row["requests"], row["tokens_in"], row["tokens_out"]) for row in rows}


def keys(gate):
    return json.loads(gate.tool("key", "list", "--json").stdout)


server = Postgres()
with suite.Suite() as gate:
    good, gone = gate.make_key("good", budget="100000/month"), gate.make_key("gone")
    for _ in range(5):
        gate.chat(good, "llama3.2")
        gate.chat(gone, "llama3.2")
    gate.tool("key", "revoke", gate.key_id(gone))
    suite.until(lambda: len(gate.records(kind="request")) == 10, "records of all requests")
    before = usage(gate), keys(gate)
    for name in reversed(suite.DAEMONS):
        gate.kill(name, signal.SIGTERM)

    refused = gate.tool("migrate", check=False)
    tap.is_(refused.returncode, 100, "without PostgreSQL in the settings there is nothing to move to")
    tap.ok(b"HEIMGATE_AUTH_STORE" in refused.stderr, "and the setting is named")

    gate.env.update(server.environment())
    moved = gate.tool("migrate")
    tap.ok(b"1 of 2: keys" in moved.stdout and b"2 of 2: history" in moved.stdout, "keys and history are moved")
    tap.is_(gate.tool("migrate").returncode, 0, "twice is as good as once")

    os.unlink(os.path.join(gate.state, "authd", "keys.db"))
    os.unlink(os.path.join(gate.state, "auditd", "audit.db"))
    for name in suite.DAEMONS:
        gate.start(name, wait=False)
    for name in suite.DAEMONS:
        gate.wait_ready(name)
    gate.wait_serving()
    tap.is_((usage(gate), keys(gate)), before, "the suite goes on with the same keys and the same sums")
    tap.is_(gate.chat(good, "llama3.2").status, 200, "a key works")
    tap.is_(gate.chat(gone, "llama3.2").status, 401, "a revoked one does not")
    suite.until(lambda: usage(gate)[gate.key_id(good)][0] == 6, "the next request in the sums")
    budget = next(row["budget"] for row in gate.limits()["keys"] if row["key"] == gate.key_id(good))
    tap.ok(budget["used"] > 0, "and the budget knows what was used before")
