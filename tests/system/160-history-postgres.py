#!/usr/bin/env python3
"""History in PostgreSQL, as people's tools and budgets read it."""

import json

import suite
import tap
from servers import Postgres


def settings_of(server):
    return {
        "HEIMGATE_AUDIT_STORE": server.url("audit"),
        "HEIMGATE_AUDIT_STORE_PASSWORD_FILE": server.password("audit"),
    }


def audit(s, *arguments):
    return s.tool("audit", *arguments).stdout.decode()


def check_tools(s, key):
    answer = s.chat(key, "m", text="one two three")
    request_id = answer.headers["x-request-id"]
    shown = suite.until(lambda: s.tool("audit", "show", request_id, check=False).stdout.decode(), "the record")
    tap.has(shown, "tokens_in     3\n", "audit show finds a request")
    s.chat("sk-unknown", "m")
    suite.until(lambda: "401 invalid_api_key" in audit(s, "tail"), "the refusal")
    tap.ok(True, "audit tail shows a refusal")
    lines = [json.loads(line)["seq"] for line in audit(s, "tail", "-n", "1000", "--json").splitlines()]
    tap.is_(lines, [line["seq"] for line in s.records()], "and all records in the order of the journal")
    usage = json.loads(audit(s, "usage", "--json"))[0]
    tap.is_(
        (usage["label"], usage["requests"], usage["tokens_in"], usage["tokens_out"]),
        (s.key_id(key), 1, 3, 10),
        "audit usage counts it",
    )
    tap.has(audit(s, "usage", "--csv"), '"%s"' % s.key_id(key), "also as a table for a spreadsheet")


def check_budget(s):
    key = s.make_key(budget="100/month")
    used = sum(s.chat(key, "m", text="one two", max_tokens=10).json()["usage"]["total_tokens"] for _ in range(3))
    suite.until(lambda: len(s.records(kind="request", key_id=s.key_id(key))) == 3, "three records")
    s.restart("limiterd")
    tap.is_(s.chat(key, "stream-90", max_tokens=90).status, 429, "limiterd, started anew, asks what is left of a budget")
    level = next(row for row in s.limits()["keys"] if row["key"] == s.key_id(key))
    tap.is_(level["budget"]["used"], used, "and is told all that was used")


def check_ready(s, server):
    """Strangers may know that history lags, and nothing else about the database."""
    tap.is_(s.http("GET", "/ready").status, 200, "all is well")
    server.kill()
    down = suite.until(lambda: (answer := s.http("GET", "/ready")).status == 503 and answer, "readiness to tell")
    parts = down.json()["daemons"]["auditd"]["parts"]
    tap.is_([name for name, part in parts.items() if not part["well"]], ["store"], "without a database /ready names it")
    tap.ok(str(server.port) not in down.body.decode(), "but not where it was")
    answer = s.tool("audit", "usage", check=False)
    tap.is_(
        (answer.returncode, answer.stderr),
        (1, b"heimgate-audit: cannot read the store: the database is down\n"),
        "and the tool says in one line why it cannot tell",
    )
    server.start()
    s.wait_serving()


postgres = Postgres()
with suite.Suite(env=settings_of(postgres)) as the_suite:
    check_tools(the_suite, the_suite.make_key())
    check_budget(the_suite)
    check_ready(the_suite, postgres)
