#!/usr/bin/env python3
"""Two suites keep their history in one database: either tells about both."""

import json
import subprocess

import process
import suite
import tap
from servers import Postgres


def requests_of(s, key):
    rows = json.loads(s.tool("audit", "usage", "--json").stdout)
    return sum(row["requests"] for row in rows if row["label"] == s.key_id(key))


class Following:
    """`heimgate audit tail -f`, from the first record on."""

    def __init__(self, s):
        self.path = s.directory + "/followed"
        command = [process.BIN + "/heimgate", "audit", "tail", "-f", "-n", "100", "--json"]
        with open(self.path, "wb") as output:
            self.popen = subprocess.Popen(command, env=process.clean_environment(s.settings()), stdout=output)

    def lines(self):
        with open(self.path, encoding="utf-8") as file:
            return [json.loads(line) for line in file.read().split("\n")[:-1]]

    def end(self):
        self.popen.terminate()
        self.popen.wait(suite.PATIENCE)


def requests_among(lines):
    return [line for line in lines if line["kind"] == "request"]


def check(one, other):
    key = one.make_key()
    suite.until(lambda: other.chat(key, "m").status == 200, "the key on the other host")
    suite.until(lambda: requests_of(one, key) == 1, "its record")
    following = Following(other)
    suite.until(following.lines, "the first record")
    suite.together(8, lambda i: [(one, other)[i % 2].chat(key, "m") for _ in range(10)])
    for s in (one, other):
        suite.until(lambda s=s: requests_of(s, key) == 81, "all requests")
        tap.ok(True, "usage on either host is that of both")
    suite.until(lambda: len(requests_among(following.lines())) == 81, "all records")
    following.end()
    seen = following.lines()
    journals = {line["journal"] for line in seen}
    tap.is_(len(journals), 2, "audit tail -f shows what happens on both")
    for journal in journals:
        seqs = [line["seq"] for line in seen if line["journal"] == journal]
        tap.is_(seqs, list(range(seqs[0], seqs[0] + len(seqs))), "each in the order of its journal, without a gap")
    request_id = one.chat(key, "m").headers["x-request-id"]
    found = suite.until(lambda: other.tool("audit", "show", request_id, check=False).stdout, "the record")
    tap.has(found.decode(), one.key_id(key), "audit show on one host finds the other's request")
    other.kill("auditd")
    other.start("auditd")
    other.wait_serving()
    tap.is_(requests_of(other, key), 82, "a host that comes back goes on with its own journal")


postgres = Postgres()
with suite.Suite(env=postgres.environment()) as first, suite.Suite(env=postgres.environment()) as second:
    check(first, second)
