#!/usr/bin/env python3
"""The tests of stores, which `make test` runs on SQLite as they are, on a real PostgreSQL."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402
from servers import Postgres  # noqa: E402

PROGRAMS = ("store_t", "follower_t", "store_postgres_t")
TESTS = os.path.join(os.path.dirname(suite.BIN), "tests", "auditd")


def run(name, server):
    """Passes on each check of a test program's."""
    settings = {"HEIMGATE_TEST_STORE": server.url("audit"), "HEIMGATE_TEST_PASSWORD_FILE": server.password("audit")}
    done = subprocess.run([os.path.join(TESTS, name)], env=suite.clean_environment(settings), capture_output=True,
                          text=True, timeout=600, check=False)
    for line in done.stdout.splitlines():
        check = re.match(r"(not )?ok \d+ - (.*)", line)
        if check:
            tap.ok(not check[1], "%s on PostgreSQL: %s" % (name, check[2]))
        elif line.startswith("#"):
            tap.diag(line[1:])
    if not tap.is_(done.returncode, 0, "%s on PostgreSQL ends well" % name):
        tap.diag(done.stderr)


def check_roles(server):
    """Each daemon's role is held to the schema of its own."""
    server.sql("CREATE TABLE heimgate_auth.keys (id text)", user="heimgate_authd", password="heimgate_authd-password")
    for user, other in (("heimgate_auditd", "heimgate_auth.keys"), ("heimgate_authd", "heimgate_audit.records")):
        try:
            server.sql("SELECT * FROM %s" % other, user=user, password=user + "-password")
            tap.ok(False, "%s read %s" % (user, other))
        except RuntimeError as refused:
            tap.has(str(refused), "permission denied for schema", "%s cannot read %s" % (user, other))


postgres = Postgres()
for program in PROGRAMS:
    run(program, postgres)
check_roles(postgres)
