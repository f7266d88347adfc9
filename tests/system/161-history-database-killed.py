#!/usr/bin/env python3
"""The database of history is killed and paused in mid-traffic: nobody notices, and it has everything afterwards."""

import suite
import tap
import traffic
from servers import Postgres


def settings_of(server):
    return {
        "HEIMGATE_AUDIT_STORE": server.url("audit"),
        "HEIMGATE_AUDIT_STORE_PASSWORD_FILE": server.password("audit"),
    }


def store_is_well(s):
    return s.http("GET", "/ready").json()["daemons"]["auditd"]["parts"]["store"]["well"]


def check_database(s, server):
    """Each record of the journal is in the database once."""
    s.wait_serving()
    wanted = sorted(record["id"] for record in s.records())

    def stored():
        return sorted(row[0] for row in server.sql("SELECT id FROM heimgate_audit.records"))

    suite.until(lambda: len(stored()) >= len(wanted), "the database to catch up")
    tap.is_(stored(), wanted, "the database has all %d records, each once" % len(wanted))
    counted = server.sql("SELECT sum(requests) FROM heimgate_audit.usage")[0][0]
    tap.is_(int(counted), len(s.records(kind="request")), "and counted each request once")


def check(server, name, down, up):
    with suite.Suite(env=settings_of(server)) as s:
        load = traffic.Traffic(s, s.make_key()).start()
        for _ in range(2):
            load.await_more(3)
            down()
            suite.until(lambda: not store_is_well(s), "the database to be missed")
            load.await_more(10)
            up()
            suite.until(lambda: store_is_well(s), "the database to be back")
        load.await_more(3)
        load.stop()
        tap.diag(name)
        traffic.check_outcomes(load, ("complete",))
        traffic.check_history(s, load)
        check_database(s, server)


for what, to_stop, to_go_on in (("killed", Postgres.kill, Postgres.start), ("paused", Postgres.pause, Postgres.resume)):
    postgres = Postgres()
    check(postgres, what, lambda: to_stop(postgres), lambda: to_go_on(postgres))
