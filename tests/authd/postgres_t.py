#!/usr/bin/env python3
"""One heimgate-authd on a real PostgreSQL: what it makes of a database that is absent, damaged, put back or changed
behind its back."""

import os
import signal
import subprocess
import threading
import time

from alone import AUDIT_ACK, UNKNOWN, Authd, accept, read_record
import suite
import tap
from servers import Postgres

UNAVAILABLE = 3
LONG_AGO = "1000"  # ms since the epoch: no announcement of a change at that time would be repeated


def key_id(key):
    return key.split("-")[2]


def sql(server, text):
    """What others do in the database."""
    server.sql("SET search_path TO heimgate_auth;" + text)


def store(edge):
    return edge.health()["store"]


def wait_well(edge):
    suite.until(lambda: store(edge)[0], "a store that is well")


def wait_unwell(edge, why):
    suite.until(lambda: why in store(edge)[1], why)


def revoke_elsewhere(server, key, changed=LONG_AGO):
    """As another host does it."""
    sql(
        server,
        "WITH counted AS (UPDATE counter SET generation = generation + 1 RETURNING generation)"
        " UPDATE keys SET revoked = 1, changed = %s, generation = counted.generation FROM counted WHERE id = '%s';"
        " NOTIFY heimgate_keys" % (changed, key_id(key))
    )


def absent_at_first_start(server):
    server.stop()
    with Authd(**server.environment("auth")) as authd:
        edge = authd.edge()
        wait_unwell(edge, "; no keys are known yet")
        tap.is_(edge.ask("nobody's"), (UNAVAILABLE, ""), "without keys nothing is said about any")
        tap.has(authd.key("list").stderr, "not known yet", "and so does heimgate key")
        server.start()
        wait_well(edge)
        tap.is_(edge.ask("nobody's"), (UNKNOWN, ""), "the database comes, and nobody is nobody")
        tap.is_(edge.ask(authd.create("first"))["key_name"], "first", "keys are made")
        edge.close()


def damaged_row(server, authd):
    edge = authd.edge()
    wait_well(edge)
    good, bad = authd.create("good"), authd.create("bad")
    sql(server, "UPDATE keys SET budget = 'much' WHERE id = '%s'" % key_id(bad))
    authd.restart()
    edge.close()
    edge = authd.edge()
    wait_unwell(edge, "the database's row of key %s cannot be used" % key_id(bad))
    tap.is_(edge.ask(bad), (UNAVAILABLE, ""), "its key is not refused as unknown")
    tap.is_(edge.ask(good)["key_name"], "good", "the other keys work")
    spare = authd.create("spare")
    tap.is_(authd.key("revoke", key_id(spare)).returncode, 0, "and can be made and revoked")
    tap.is_(edge.wait_told()[0], key_id(spare), "which is told")
    revoke_elsewhere(server, good)
    tap.is_(edge.wait_told()[0], key_id(good), "but what others change is seen")
    sql(server, "UPDATE keys SET budget = '5/day', owner = E'\\x1b[2K' WHERE id = '%s'" % key_id(bad))
    authd.restart()
    edge.close()
    edge = authd.edge()
    wait_unwell(edge, "the database's row of key %s cannot be used" % key_id(bad))
    sql(server, "UPDATE keys SET owner = '' WHERE id = '%s'" % key_id(bad))
    wait_well(edge)
    tap.is_(edge.ask(bad)["budget"], 5, "mended, it is taken")
    tap.is_(authd.log().count("event=key-unusable"), 2, "the log has each damage once")
    edge.close()


def brought_up_to_date(server, authd):
    edge = authd.edge()
    wait_well(edge)
    old = authd.create("old", "--images", "3")
    edge.close()
    authd.stop()
    sql(server, "ALTER TABLE keys DROP local_only, DROP images, DROP image_kib;"
                "DELETE FROM migrations WHERE version = 2")
    authd.start()
    edge = authd.edge()
    wait_well(edge)
    tap.is_(edge.ask(old)["images"], 0, "keys of the first version have no rules")
    new = authd.create("new", "--local-only", "--images", "4", "--image-kib", "5")
    grant = edge.ask(new)
    tap.is_([grant[name] for name in ("local_only", "images", "image_kib")], [1, 4, 5], "new ones may")
    tap.is_(authd.key("revoke", key_id(old)).returncode, 0, "and old ones can be changed")
    edge.close()


def put_back(server, authd):
    edge = authd.edge()
    sql(server, "CREATE TABLE old AS SELECT * FROM keys; CREATE TABLE old_counter AS SELECT * FROM counter")
    key = authd.create("too late")
    tap.is_(edge.ask(key)["key_name"], "too late", "a key is made after the backup")
    sql(server, "DELETE FROM keys; INSERT INTO keys SELECT * FROM old; DELETE FROM counter;"
               "INSERT INTO counter SELECT * FROM old_counter; NOTIFY heimgate_keys; DROP TABLE old, old_counter")
    suite.until(lambda: edge.ask(key) == (UNKNOWN, ""), "the end of a key that is not in the backup")
    tap.ok("event=store-went-back" in authd.log(), "a database that was put back is read anew")
    again = authd.create("after all")
    tap.is_(edge.ask(again)["key_name"], "after all", "and keys are made in it")
    tap.is_(authd.key("revoke", key_id(again)).returncode, 0, "and revoked")
    edge.close()


def revoked_while_away(server, authd):
    first, second = authd.create("away 1"), authd.create("away 2")
    edge = authd.edge()
    snapshot = authd.path("authd/snapshot")

    def is_in_snapshot():
        if not os.path.exists(snapshot):
            return False
        with open(snapshot, "rb") as file:
            return key_id(second).encode() in file.read()

    suite.until(is_in_snapshot, "both keys in the snapshot")
    authd.stop()
    edge.close()
    revoke_elsewhere(server, first)
    authd.start()
    edge = authd.edge()
    tap.is_(edge.wait_told()[0], key_id(first), "what was revoked long ago, while authd was dead, is announced")
    server.stop()
    wait_unwell(edge, "unreachable")
    server.start()
    revoke_elsewhere(server, second)
    while edge.wait_told()[0] != key_id(second):
        pass
    tap.ok(True, "and what was revoked while it was cut off")
    edge.close()
    edge = authd.edge()
    told = set()
    while not {key_id(first), key_id(second)} <= told:
        told.add(edge.wait_told()[0])
    tap.ok(True, "both are repeated to an edge that comes later")
    edge.close()


def cut_connection(server, authd):
    edge = authd.edge()
    key = authd.create("cut")
    sql(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'heimgate-authd'")
    started = time.monotonic()
    revoke_elsewhere(server, key)
    while edge.wait_told()[0] != key_id(key):
        pass
    took = time.monotonic() - started
    tap.ok(took < 1, "a connection that is cut is made again, and nothing was missed (%.3f s)" % took)
    edge.close()


def hold_counter(server):
    """A session that has the counter's row, until its input ends."""
    argv = ["psql", "-X", "-q", "-h", "127.0.0.1", "-p", str(server.port), "-U", "heimgate_authd", "heimgate"]
    holder = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env={**os.environ, "PGPASSWORD": "heimgate_authd-password"})
    holder.stdin.write(b"BEGIN; UPDATE heimgate_auth.counter SET generation = generation;\n\\echo held\n")
    holder.stdin.flush()
    tap.is_(holder.stdout.readline(), b"held\n", "another session has what every change needs")
    return holder


def locked_out(server, authd):
    holder = hold_counter(server)
    refused = authd.key("create", "--name", "locked out")
    tap.is_(refused.returncode, 1, "a change that the database does not get to is refused")
    tap.has(refused.stderr, "cannot write to the key store: canceling statement", "with the reason")
    holder.communicate()
    tap.is_(authd.key("create", "--name", "locked out").returncode, 0, "then it is made")


def create_in_doubt(server, authd, name, lose_answer):
    """A change whose answer is lost by lose_answer(), while it waits."""
    answers = []
    asking = threading.Thread(target=lambda: answers.append(authd.key("create", "--name", name)))
    asking.start()
    lose_answer()
    asking.join()
    tap.ok(answers[0].returncode == 1 and "look whether the change was made" in answers[0].stderr,
           "an answer that is lost is no success")
    suite.until(lambda: "event=key-change-unknown" in authd.log(), "the doubt")


def outcomes(authd, name):
    lines = authd.log().splitlines()
    return [line for line in lines if "event=key-changed" in line and 'name="%s"' % name in line]


def lost_and_not_made(server, authd):
    holder = hold_counter(server)

    def lose():
        suite.until(lambda: server.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"), "the wait")
        server.kill()

    create_in_doubt(server, authd, "not made", lose)
    holder.communicate()
    server.start()
    suite.until(lambda: 'reason="the database does not have it"' in authd.log(), "the end of the doubt")
    tap.is_(outcomes(authd, "not made"), [], "a change that the database does not have was not made")
    tap.is_(authd.key("create", "--name", "not made").returncode, 0, "and can be repeated")


def try_lost_and_made(server, authd, name):
    """Whether it came to that: a save behind a heartbeat that is not answered never gets to the server."""
    session = "SELECT pid FROM pg_stat_activity WHERE application_name = 'heimgate-authd'"
    pid = int(server.sql(session)[0][0])
    refusals = authd.log().count("does not have it")

    def lose():
        os.kill(pid, signal.SIGSTOP)
        loads = authd.log().count("event=loaded")
        suite.until(lambda: authd.log().count("event=loaded") > loads, "another connection")

    create_in_doubt(server, authd, name, lose)
    tap.is_(outcomes(authd, name), [], "it was not made so far")
    os.kill(pid, signal.SIGCONT)
    suite.until(lambda: outcomes(authd, name) or authd.log().count("does not have it") > refusals, "the end of the doubt")
    return len(outcomes(authd, name)) == 1


def lost_and_made(server, authd):
    """The server gets to it only after authd has given the connection up and has read everything anew."""
    names = ["made %d" % number for number in range(5)]
    made = next((name for name in names if try_lost_and_made(server, authd, name)), None)
    tap.ok(made, "a change that was made is in force, and on record, once it is seen")
    tap.is_(authd.key("create", "--name", made).returncode, 1, "its name is taken")


def records(authd):
    listener = authd.listen("authd-auditd")
    auditd = accept(listener)
    authd.create("last")
    found = []
    while ("key.create", "last") not in found:
        number, record = read_record(auditd)
        auditd.send_frame(AUDIT_ACK, number)
        found.append((record["action"], record["key_name"]))
    tap.ok(("key.create", "cut") in found, "changes of one's own are on record")
    tap.ok(any(name.startswith("made ") for _action, name in found), "and one whose answer was lost")
    tap.ok(("key.revoke", "cut") not in found, "those of other hosts are on record there")
    auditd.close()


def main():
    server = Postgres()
    absent_at_first_start(server)
    with Authd(**server.environment("auth")) as authd:
        proxyd = authd.listen("authd-proxyd")
        tap.ok(proxyd, "proxyd's place is taken")
        for test in (damaged_row, brought_up_to_date, put_back, revoked_while_away, cut_connection, locked_out,
                     lost_and_not_made, lost_and_made):
            test(server, authd)
        records(authd)


main()
