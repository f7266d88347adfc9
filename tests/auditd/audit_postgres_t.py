#!/usr/bin/env python3
"""heimgate-auditd with its history in PostgreSQL, which is killed, stopped and shared."""

import random
import struct
import threading
import time

import alone
import nngipc
import suite
import tap
from alone import AUDIT_ACK, AUDIT_RECORD, SENDERS, USAGE_ASK, USAGE_TOTAL
from servers import Postgres

KEY = "k7Qm2xA9bC"


def auditd_on(server):
    return alone.Auditd(HEIMGATE_AUDIT_STORE=server.url("audit"),
                        HEIMGATE_AUDIT_STORE_PASSWORD_FILE=server.password("audit"))


def empty(server):
    """What one test leaves in the database, the next one does not want to see."""
    server.sql("TRUNCATE heimgate_audit.records, heimgate_audit.usage, heimgate_audit.journals;"
               "UPDATE heimgate_audit.last_position SET position = 0")


def rows(server):
    """(id, position) of all records, in order."""
    return [(name, int(position)) for name, position in
            server.sql("SELECT id, position FROM heimgate_audit.records ORDER BY position")]


def record_some(pipe, count):
    """So many records, each acknowledged before the next: the longest wait for one, in seconds."""
    longest = 0.0
    for number in range(count):
        began = time.monotonic()
        pipe.send_frame(AUDIT_RECORD, number, alone.record())
        assert pipe.receive_frame()[:2] == (AUDIT_ACK, number)
        longest = max(longest, time.monotonic() - began)
    return longest


def wait_for_rows(server, auditds):
    """Until the database has every line of their journals."""
    wanted = sum(len(auditd.lines()) for auditd in auditds)
    suite.until(lambda: int(server.sql("SELECT count(*) FROM heimgate_audit.records")[0][0]) >= wanted, "%d rows" % wanted)


def is_complete(server, auditds):
    """Every line of the journals is in the database once, in the journals' order, and counted once."""
    wait_for_rows(server, auditds)
    found = rows(server)
    written = [name for auditd in auditds for name in auditd.ids()]
    tap.is_(sorted(name for name, _ in found), sorted(written), "all %d records are there, each once" % len(written))
    tap.is_([position for _, position in found], list(range(1, len(found) + 1)), "in one order without gaps")
    for auditd in auditds:
        own = set(auditd.ids())
        tap.is_([name for name, _ in found if name in own], auditd.ids(), "which is that of each journal")
    counted = server.sql("SELECT coalesce(sum(requests + refusals), 0) FROM heimgate_audit.usage")[0][0]
    kinds = [line["kind"] for auditd in auditds for line in auditd.records()]
    tap.is_(int(counted), len(kinds) - kinds.count("admin"), "and usage counts each once")


def store_health(pipe):
    return alone.health(pipe)["store"]


def test_in_service(server):
    with auditd_on(server) as auditd:
        proxyd, limiterd = auditd.dial("proxyd-auditd"), auditd.dial("limiterd-auditd")
        suite.until(lambda: server.sql("SELECT to_regclass('heimgate_audit.records')")[0:], "tables")
        today = alone.now_ms() // alone.DAY_MS * alone.DAY_MS
        tap.is_(alone.ask_usage(limiterd, KEY, today), (0, 0), "a key that was never used")
        for count in range(1, 11):
            proxyd.send_frame(AUDIT_RECORD, count, alone.record(when=today + 1000 * count, tokens=(1, 2)))
            assert proxyd.receive_frame()[0] == AUDIT_ACK
            if alone.ask_usage(limiterd, KEY, today) != (3 * count, count):
                tap.ok(False, "after record %d" % count)
        tap.is_(alone.ask_usage(limiterd, KEY, today), (30, 10), "every record acknowledged is counted at once")
        tap.is_(alone.ask_usage(limiterd, KEY, today + 6000), (15, 5), "since a moment within a day")
        limiterd.send(b"".join(nngipc.frame(USAGE_ASK, i, nngipc.text(KEY) + struct.pack(">Q", today))
                               for i in range(1000)))
        got = [limiterd.receive_frame()[1] for _ in range(1000)]
        tap.is_(got, list(range(1000)), "a thousand questions at once are answered")
        days = server.sql("SELECT count(to_regclass('heimgate_audit.records_' || to_char(day, 'YYYY_MM_DD')))"
                          " FROM generate_series(now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC' + '2 days', '1 day')"
                          " AS day")
        tap.is_(days, [["3"]], "there are partitions for today and the next two days")
        auditd.restart()
        limiterd = auditd.dial("limiterd-auditd")
        tap.is_(alone.ask_usage(limiterd, KEY, today), (30, 10), "after kill -9 nothing is forgotten")
        is_complete(server, [auditd])
        tap.ok("heimgate_auditd-password" not in auditd.log(), "the password is in no line of the log")


def test_down(server):
    with auditd_on(server) as auditd:
        edge, proxyd, limiterd = (auditd.dial(name + "-auditd") for name in ("edge", "proxyd", "limiterd"))
        record_some(proxyd, 5)
        suite.until(lambda: store_health(edge)[0], "health")
        wait_for_rows(server, [auditd])
        server.kill()
        well, text = suite.until(lambda: next((part for part in [store_health(edge)] if not part[0]), None), "health")
        tap.is_(text, "it takes no records now; 0 wait in the journal", "HEALTH says so, and not where the database was")
        suite.until(lambda: "event=store-failed reason=\"cannot reach the store: " in auditd.log(), "a line of the log")
        longest = record_some(proxyd, 50)
        tap.ok(longest < 2, "records are acknowledged all the same (the longest wait was %.3f s)" % longest)
        for verb, arguments in (("audit.tail", {}), ("audit.usage", {}), ("audit.show", {"request_id": "req_" + "0" * 32})):
            began = time.monotonic()
            done, answer = auditd.call(verb, arguments)
            tap.is_((done, answer["error"]), (False, "cannot read the store: the database is down"), verb + " says why not")
            tap.ok(time.monotonic() - began < 2, "at once")
        limiterd.send_frame(USAGE_ASK, 8, nngipc.text(KEY) + struct.pack(">Q", 0))
        limiterd.settimeout(0.5)
        try:
            tap.ok(False, "answered without a database: %r" % (limiterd.receive_frame(),))
        except TimeoutError:
            tap.ok(True, "a question about usage waits")
        limiterd.settimeout(suite.PATIENCE)
        server.start()
        kind, number, body = limiterd.receive_frame()
        tap.is_((kind, number, struct.unpack(">QQ", body)[1]), (USAGE_TOTAL, 8, 55), "and is answered when it is back")
        suite.until(lambda: store_health(edge)[0], "health")
        is_complete(server, [auditd])


def test_paused(server):
    with auditd_on(server) as auditd:
        edge, proxyd = auditd.dial("edge-auditd"), auditd.dial("proxyd-auditd")
        record_some(proxyd, 5)
        suite.until(lambda: store_health(edge)[0], "health")
        server.pause()
        sent, longest = 0, 0.0
        while store_health(edge)[0]:
            longest = max(longest, record_some(proxyd, 20))
            sent += 20
        tap.ok(longest < 2, "a database that is silent delays no acknowledgement (%d, the longest %.3f s)" % (sent, longest))
        done, answer = auditd.call("audit.tail", {})
        tap.ok(not done and "the store: " in answer["error"], "questions are refused: " + answer.get("error", ""))
        server.resume()
        suite.until(lambda: store_health(edge)[0], "health")
        is_complete(server, [auditd])


def test_not_there_yet(server):
    server.stop()
    with auditd_on(server) as auditd:
        record_some(auditd.dial("proxyd-auditd"), 20)
        tap.is_(len(auditd.lines()), 20, "without a database auditd starts and writes its journal")
        server.start()
        is_complete(server, [auditd])


def test_killed(server):
    """Both are killed amid traffic, now the one, now the other."""
    with auditd_on(server) as auditd:
        senders = [alone.Sender(auditd, link, seed + 1) for seed, link in enumerate(SENDERS)]
        for sender in senders:
            sender.start()
        for kill in [auditd.restart, server.kill, auditd.restart, auditd.restart, server.kill, auditd.restart] * 3:
            for sender in senders:
                sender.moved.clear()
                sender.moved.wait(suite.PATIENCE)
            threading.Event().wait(random.uniform(0, 0.1))  # not in step with anything
            kill()
            if kill == server.kill:
                server.start()
        for sender in senders:
            sender.stopping = True
        for sender in senders:
            sender.join()
        acked = [name for sender in senders for name in sender.acked]
        written = auditd.ids()
        tap.ok(len(acked) > 500, "%d records were acknowledged" % len(acked))
        tap.is_((len(written), set(acked) - set(written)), (len(set(written)), set()), "and are in the journal, each once")
        is_complete(server, [auditd])


def follow(auditd, count):
    """Asks for what comes behind the last position again and again, as `audit tail -f` does."""
    seen, after = [], 0
    while len(seen) < count:
        done, page = auditd.call("audit.tail", {"after": after, "limit": 1000})
        assert done, page
        seen += [(line["journal"], line["seq"]) for line in page["records"]]
        after = page["after"]
    return seen


def test_two_hosts(server):
    each = 400
    with auditd_on(server) as one, auditd_on(server) as other:
        for auditd in (one, other):
            suite.until(lambda: store_health(auditd.dial("edge-auditd"))[0], "health")
        pipes = [auditd.dial("proxyd-auditd") for auditd in (one, other)]
        seen = suite.together(4, lambda i: record_some(pipes[i], each) if i < 2 else follow((one, other)[i - 2], 2 * each))
        tap.is_(seen[2], seen[3], "whoever follows on either host sees the same")
        for auditd in (one, other):
            own = [seq for journal, seq in seen[2] if journal == auditd.journal_id()]
            tap.is_(own, list(range(1, each + 1)), "all records of a host, in order and without a gap")
        lines = one.audit("tail", "-n", "500", "--json").stdout.count("\n")
        tap.is_(lines, 500, "the tool fetches them page by page")
        usage = other.call("audit.usage", {"by": "key"})[1]["usage"]
        tap.is_([(row["label"], row["requests"]) for row in usage], [(KEY, 2 * each)], "usage sums up both hosts")
        limiterd = other.dial("limiterd-auditd")
        tap.is_(alone.ask_usage(limiterd, KEY, 0)[1], 2 * each, "and so do the budgets of either")
        is_complete(server, [one, other])


postgres = Postgres()
test_in_service(postgres)
for test in (test_down, test_paused, test_not_there_yet, test_killed, test_two_hosts):
    empty(postgres)
    test(postgres)
