#!/usr/bin/env python3
"""heimgate-migrate-history: history moves from SQLite to PostgreSQL, whole, and once."""

import contextlib
import os
import random
import re
import signal
import sqlite3
import subprocess

import alone
import nngipc
import suite
import tap
from alone import AUDIT_ACK, AUDIT_RECORD
from servers import Postgres

PROGRESS = re.compile(r"line \d+ of \d+")  # where a disk is slow


def settings_of(server):
    return {"HEIMGATE_AUDIT_STORE": server.url("audit"),
            "HEIMGATE_AUDIT_STORE_PASSWORD_FILE": server.password("audit")}


class Moving(alone.Auditd):
    """auditd on SQLite first, and on PostgreSQL once it was moved."""

    def __init__(self, server):
        super().__init__(HEIMGATE_JOURNAL_SEGMENT="4096")
        self.server = server

    def migrate(self, *arguments, **env):
        done = subprocess.run([os.path.join(suite.BIN, "heimgate-migrate-history"), *arguments], capture_output=True,
                              text=True, timeout=suite.PATIENCE, check=False,
                              env=suite.clean_environment({**self.env, **settings_of(self.server), **env}))
        tap.ok(not suite.REPORTS.search(done.stderr), "no broken invariant is reported")
        return done

    def is_moved(self, *lines):
        done = self.migrate()
        complaints = [line for line in done.stderr.splitlines() if not PROGRESS.fullmatch(line)]
        tap.is_((done.returncode, complaints, done.stdout.splitlines()[-2:]), (0, [], list(lines)), "it says: " + lines[0])

    def go_over(self):
        """Starts on PostgreSQL."""
        self.env.update(settings_of(self.server))
        self.start()
        self.wait_for_store()

    def history(self):
        """All that people can see of it."""
        records = [line for line in self.audit("tail", "-n", "100000", "--json").stdout.splitlines()]
        return records, [self.call("audit.usage", {"by": by})[1] for by in ("key", "model", "day")]

    def write(self, count, link="proxyd-auditd", **of_record):
        pipe = self.dial(link)
        for number in range(count):
            pipe.send_frame(AUDIT_RECORD, number, alone.record(alone.SENDERS[link], **of_record))
            assert pipe.receive_frame()[0] == AUDIT_ACK
        pipe.close()

    def write_many(self, count):
        pipe = self.dial("proxyd-auditd")
        for _ in range(count // 50):
            pipe.send(b"".join(nngipc.frame(AUDIT_RECORD, i, alone.record()) for i in range(50)))
            for _ in range(50):
                assert pipe.receive_frame()[0] == AUDIT_ACK
        pipe.close()
        self.wait_for_store()

    def fill(self):
        yesterday = alone.now_ms() - alone.DAY_MS
        self.write(300, when=yesterday)
        self.write(200, key_id="another", key_name="caf\u00e9", model="llama3.1:8b", tokens=(7, 9))
        self.write(60, "edge-auditd", key_id="", key_name="", status=401, tokens=(0, 0))
        self.write(40, "authd-auditd", action="key.create", status=0, tokens=(0, 0))
        self.wait_for_store()

    def forget_oldest(self):
        """The oldest segments go, and their records with them; sums of usage stay."""
        self.stop(signal.SIGTERM)
        old = alone.now_ms() / 1000 - 40 * 86400
        for name in self.segments()[:30]:
            os.utime(os.path.join(self.journal, name), (old, old))
        self.start()
        first = suite.until(lambda: int(self.segments()[0][:10]) > 30 and self.records()[0]["seq"], "retention")
        suite.until(lambda: self.call("audit.tail", {"after": 0, "limit": 1})[1]["records"][0]["seq"] == first, "the rows")


def test_whole(server):
    with Moving(server) as auditd:
        auditd.fill()
        auditd.forget_oldest()
        before = auditd.history()
        tap.ok(before[1][0]["usage"][0]["requests"] == 300 and len(before[0]) < 600, "there is usage of records that are gone")
        done = auditd.migrate()
        tap.is_((done.returncode, done.stdout), (111, ""), "while auditd runs it refuses")
        tap.has(done.stderr, "is another heimgate-auditd running?", "and says why")
        auditd.stop(signal.SIGTERM)
        count = len(before[0])
        auditd.is_moved("records  %d of the file are in the database, %d of them since now" % (count, count),
                        "usage    1 sums were added for records that are no more")
        auditd.is_moved("records  %d of the file are in the database, 0 of them since now" % count,
                        "usage    0 sums were added for records that are no more")
        auditd.go_over()
        tap.is_(auditd.history(), before, "history reads as before")
        auditd.write(10)
        auditd.wait_for_store()
        tap.is_(len(auditd.history()[0]), count + 10, "and goes on")
        auditd.stop(signal.SIGTERM)
        auditd.is_moved("records  %d of the file are in the database, 0 of them since now" % count,
                        "usage    0 sums were added for records that are no more")
        auditd.start()


def test_killed(server):
    """Interrupted in the middle again and again, it ends with the same."""
    with Moving(server) as auditd:
        auditd.fill()
        auditd.forget_oldest()
        auditd.write_many(6000)
        before = auditd.history()
        auditd.stop(signal.SIGTERM)
        ended = 0  # the last ones find nothing left to do
        while ended < 3:
            environment = suite.clean_environment({**auditd.env, **settings_of(server)})
            with subprocess.Popen([os.path.join(suite.BIN, "heimgate-migrate-history")], env=environment,
                                  stdout=subprocess.DEVNULL) as moving:
                try:
                    ended += moving.wait(random.uniform(0.02, 0.6)) == 0
                except subprocess.TimeoutExpired:
                    moving.kill()
        auditd.go_over()
        tap.is_(auditd.history(), before, "after having been killed again and again, history reads as before")


def test_beside_another(server):
    """Into a database that another host uses, and that auditd filled from the journal before."""
    with Moving(server) as other, Moving(server) as auditd:
        other.stop(signal.SIGTERM)
        other.go_over()
        other.write(50)
        other.wait_for_store()
        auditd.fill()
        auditd.forget_oldest()
        records, usage = auditd.history()
        auditd.stop(signal.SIGTERM)
        auditd.env.update(settings_of(server))
        auditd.start()
        suite.until(lambda: len(auditd.history()[0]) == len(records) + 50, "the store")
        auditd.stop(signal.SIGTERM)
        auditd.is_moved("records  %d of the file are in the database, 0 of them since now" % len(records),
                        "usage    1 sums were added for records that are no more")
        auditd.start()
        together = {row["label"]: row["requests"] for row in suite.until(
            lambda: auditd.call("audit.usage", {"by": "key"})[1].get("usage"), "usage")}
        alone_ = {row["label"]: row["requests"] for row in usage[0]["usage"]}
        alone_["k7Qm2xA9bC"] += 50
        tap.is_(together, alone_, "usage is that of both hosts, each counted once")


def test_refusals(server):
    with Moving(server) as auditd:
        auditd.write(20)
        auditd.wait_for_store()
        auditd.stop(signal.SIGTERM)
        done = auditd.migrate(HEIMGATE_AUDIT_STORE="sqlite:other.db")
        tap.is_((done.returncode, len(done.stderr.splitlines())), (100, 1), "to anything but PostgreSQL it ends with 100")
        for arguments in (["--nothing"], ["postgresql://a@b/c"], ["sqlite:a", "sqlite:b"]):
            tap.is_(auditd.migrate(*arguments).returncode, 100, "so it does with %r" % arguments)
        done = auditd.migrate("sqlite:nothing.db")
        tap.is_((done.returncode, done.stdout.startswith("there is no history to move")), (0, True), "no file is no history")
        tap.ok(not os.path.exists(auditd.path("auditd/nothing.db")), "and none is made")
        with contextlib.closing(sqlite3.connect(auditd.path("auditd/later.db"))) as later:
            later.executescript("CREATE TABLE records (kept); INSERT INTO records VALUES (1); PRAGMA user_version = 9")
            done = auditd.migrate("sqlite:later.db")
            tap.is_((done.returncode, "is not a history that this version" in done.stderr), (100, True),
                    "a file of another version is not moved")
            tap.is_(later.execute("SELECT kept FROM records").fetchall(), [(1,)], "nor touched")
        tap.is_(auditd.migrate().returncode, 0, "the file is moved")
        server.sql("UPDATE heimgate_audit.records SET id = repeat('0', 32) WHERE seq = 7")
        done = auditd.migrate()
        tap.is_((done.returncode, done.stderr), (
            111, "heimgate-migrate-history: the database has another record than the file for line 7 of this journal\n"),
                "where the database has something else it refuses")
        server.kill()
        done = auditd.migrate()
        tap.is_(done.returncode, 111, "without a database it ends with 111")
        tap.has(done.stderr, "cannot reach the store: ", "and says so")
        tap.ok(auditd.migrate("--help").stdout.startswith("heimgate-migrate-history"), "--help explains it")
        auditd.start()


postgres = Postgres()
for test in (test_whole, test_killed, test_beside_another, test_refusals):
    postgres.sql("DROP SCHEMA heimgate_audit CASCADE; CREATE SCHEMA heimgate_audit AUTHORIZATION heimgate_auditd")
    test(postgres)
