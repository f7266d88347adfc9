#!/usr/bin/env python3
"""Two suites keep their history in one database: either tells about both."""

import json
import subprocess

import process
import suite
import tap
from servers import Postgres


def settings_of(server):
    return {
        "HEIMGATE_AUDIT_STORE": server.url("audit"),
        "HEIMGATE_AUDIT_STORE_PASSWORD_FILE": server.password("audit"),
    }


def requests_of(s, model):
    rows = json.loads(s.tool("audit", "usage", "--by", "model", "--json").stdout)
    return sum(row["requests"] for row in rows if row["label"] == model)


def follow(s):
    """`heimgate audit tail -f` from now on."""
    command = [process.BIN + "/heimgate", "audit", "tail", "-f", "-n", "1", "--json"]
    return subprocess.Popen(command, env=process.clean_environment(s.settings()), stdout=subprocess.PIPE)


def check(one, other):
    keys = {s: s.make_key() for s in (one, other)}
    with follow(other) as following:
        seen = [json.loads(following.stdout.readline())]
        suite.together(8, lambda i: [(one, other)[i % 2].chat(keys[(one, other)[i % 2]], "m") for _ in range(10)])
        for s in (one, other):
            suite.until(lambda s=s: requests_of(s, "m") == 80, "all requests")
            tap.ok(True, "usage on either host is that of both")
        while sum(line["kind"] == "request" for line in seen) < 80:
            seen.append(json.loads(following.stdout.readline()))
        following.terminate()
    journals = {line["journal"] for line in seen if line["kind"] == "request"}
    tap.is_(len(journals), 2, "audit tail -f shows what happens on both")
    for journal in journals:
        seqs = [line["seq"] for line in seen if line["journal"] == journal]
        tap.is_(seqs, list(range(seqs[0], seqs[0] + len(seqs))), "each in the order of its journal, without a gap")
    request_id = one.chat(keys[one], "m").headers["x-request-id"]
    found = suite.until(lambda: other.tool("audit", "show", request_id, check=False).stdout, "the record")
    tap.has(found.decode(), one.key_id(keys[one]), "audit show on one host finds the other's request")
    other.kill("auditd")
    other.start("auditd")
    other.wait_serving()
    tap.is_(requests_of(other, "m"), 81, "a host that comes back goes on with its own journal")


postgres = Postgres()
with suite.Suite(env=settings_of(postgres)) as first, suite.Suite(env=settings_of(postgres)) as second:
    check(first, second)
