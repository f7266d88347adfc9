#!/usr/bin/env python3
"""An installed suite moves from its own files to PostgreSQL and Redis as docs/DEPLOY.md says, and nothing is lost."""

import os
import re
import subprocess

import layout
import machine
import redisserver
import servers
import suite
import tap
from gate import chat, prepare, wait_ready

PASSWORDS = {"authd": "one secret", "auditd": "another secret", "limiterd": redisserver.Redis.PASSWORD}


with open(os.path.join(machine.ROOT, "docs", "DEPLOY.md"), encoding="utf-8") as document:
    TEXT = document.read()
SQL = re.search(r"^```sql\n(.*?)^```", TEXT, re.M | re.S).group(1)
STOP, MIGRATE, START = re.search(r"^(sudo systemctl stop .*)\n(sudo .*)\n(sudo .*)$", TEXT, re.M).groups()


def make_database():
    """An empty server with what the document has one make in it."""
    postgres = servers.Postgres()
    postgres.sql("DROP DATABASE heimgate", database="postgres")
    postgres.sql("DROP ROLE heimgate_authd, heimgate_auditd", database="postgres")
    done = subprocess.run(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(postgres.port), "-U", "postgres"],
        env={**os.environ, "PGPASSWORD": "superuser-password"}, input=SQL, text=True, check=False,
        capture_output=True)
    tap.is_((done.returncode, done.stderr), (0, ""), "the document's SQL makes the database")
    return postgres


def configure(m, postgres, redis):
    """The lines that heimgate.env has for them, and the passwords."""
    settings = m.read("/etc/heimgate/heimgate.env")
    settings = settings.replace("127.0.0.1/heimgate", "127.0.0.1:%d/heimgate" % postgres.port)
    settings = re.sub("redis://127.0.0.1$", "redis://localhost:%d" % redis.port, settings, flags=re.M)
    settings = re.sub(r"^#(HEIMGATE_(?:AUTH|AUDIT|LIMIT)_)", r"\1", settings, flags=re.M)
    m.write("/etc/heimgate/heimgate.env", settings)
    for name, password in PASSWORDS.items():
        m.run("install", "-m", "0640", "-g", "heimgate-" + name, "/dev/stdin",
              "/etc/heimgate/secrets/%s_password" % name, stdin=password + "\n")


def move(m, postgres, redis):
    m.run("sh", "-c", STOP.removeprefix("sudo "))
    configure(m, postgres, redis)
    moved = m.run("sh", "-c", MIGRATE.removeprefix("sudo "))
    tap.has(moved.stdout, "All of it is moved", "heimgate migrate says that all is moved")
    m.run("sh", "-c", START.removeprefix("sudo "))
    wait_ready()


def requests_of(m, name):
    return m.run("heimgate", "audit", "tail", "-n", "100").stdout.count(name)


reason = machine.refusal()
if reason:
    tap.skip_all(reason)
with machine.Machine() as the_machine:
    mock = prepare(the_machine)
    for command in ("systemd-sysusers", "systemd-tmpfiles --create", "systemctl start heimgate.target"):
        the_machine.run(*command.split())
    wait_ready()
    the_key = the_machine.run("heimgate", "key", "create", "--name", "mover").stdout.strip()
    tap.is_([chat(the_key).status for _ in range(3)], [200] * 3, "three chats on embedded stores")
    suite.until(lambda: requests_of(the_machine, "mover") == 4, "history of a key and its chats")
    database, counters = make_database(), redisserver.Redis()
    move(the_machine, database, counters)
    tap.is_(chat(the_key).status, 200, "the key works with its keeper in PostgreSQL")
    suite.until(lambda: requests_of(the_machine, "mover") == 5, "history in PostgreSQL")
    tap.has(counters.cli("--scan"), "{heimgate}:", "limits are counted in Redis")
    tap.is_(database.sql("SELECT count(*) FROM heimgate_auth.keys"), [["1"]], "and the key is in PostgreSQL")
    tap.is_(the_machine.run("systemctl", "--failed", "--plain", "--no-legend").stdout, "", "and no unit has failed")
    the_machine.run("systemctl", "stop", "heimgate.target")
    results = [the_machine.show("heimgate-%s.service" % name, "Result") for name in layout.SERVICES]
    tap.is_(results, ["success"] * 6, "all end well")
    database.stop()
    counters.stop()
    mock.end()
