#!/usr/bin/env python3
"""heimgate-migrate-keys: from SQLite to a real PostgreSQL, every key as it was."""

import os
import signal
import subprocess

from alone import REVOKED, Authd, suite, tap
from servers import Postgres


def run(authd, *arguments, **env):
    """The finished tool, in the environment of a daemon; text in stdout and stderr."""
    done = subprocess.run([os.path.join(suite.BIN, "heimgate-migrate-keys"), *arguments],
                          env=suite.clean_environment({**authd.env, **env}), capture_output=True, text=True,
                          timeout=suite.PATIENCE, check=False)
    tap.ok("Sanitizer" not in done.stderr, "it ends without a report")
    return done


def refused(done, code, part):
    if not tap.ok(done.returncode == code and part in done.stderr and done.stderr.count("\n") == 1, "refused: " + part):
        tap.diag(done)


def make_keys(authd):
    """An installation that has been used: (active, rotated with both secrets, revoked)."""
    active = authd.create("active", "--models", "a,b", "--budget", "5/day", "--owner", "it's \\ me", "--local-only",
                          "--images", "6", "--image-kib", "7")
    old = authd.create("rotated")
    new = authd.key("rotate", old.split("-")[2], "--grace", "1h").stdout.strip()
    revoked = authd.create("revoked")
    authd.key("revoke", revoked.split("-")[2])
    for number in range(1200):
        authd.call("key.create", id="many%06d" % number, hash="%064x" % number, name="many %d" % number)
    return active, old, new, revoked


def see_keys(authd, keys):
    active, old, new, revoked = keys
    edge = authd.edge()
    suite.until(lambda: edge.health()["store"][0], "a store that is well")
    found = [edge.ask(secret) for secret in (active, old, new)]
    members = ("key_name", "models", "budget", "local_only", "images", "image_kib", "generation")
    grants = [tuple(grant[name] for name in members) for grant in found]
    tap.is_(grants[0][3:6], (1, 6, 7), "its rules are in a key's grant")
    tap.is_(edge.ask(revoked)[0], REVOKED, "the revoked key is revoked")
    edge.close()
    return grants


def main():
    server = Postgres()
    target = server.environment("auth")
    with Authd() as authd:
        keys = make_keys(authd)
        before = see_keys(authd, keys)
        refused(run(authd, **target), 111, "heimgate-authd is running: stop the suite first")
        deep = os.path.join(authd.directory, "deep" * 30)
        os.symlink(os.path.join(authd.directory, "run"), deep)
        refused(run(authd, **target, HEIMGATE_RUN=deep), 111, "heimgate-authd is running: stop the suite first")
        authd.stop(signal.SIGTERM)
        refused(run(authd), 100, "has to name the database to copy to")
        refused(run(authd, "-x", **target), 100, "must be like sqlite:keys.db")
        refused(run(authd, target["HEIMGATE_AUTH_STORE"], **target), 100, "must be like sqlite:keys.db")
        refused(run(authd, "sqlite:/nonexistent/keys.db", **target), 111, "cannot use /nonexistent/keys.db")
        server.stop()
        refused(run(authd, **target), 111, "the database is lost")
        server.start()
        done = run(authd, **target)
        tap.is_((done.returncode, done.stderr), (0, "1000 of 1203 keys\n"), "the keys are copied")
        tap.is_(done.stdout, "moved 1203 keys; the database has each of them as it was\n", "as it says")
        done = run(authd, **target)
        wanted = "nothing was left to do: the database has each of 1203 keys as it was\n"
        tap.is_((done.returncode, done.stdout), (0, wanted), "and may be copied again")
        authd.env.update(target)
        authd.start()
        tap.is_(see_keys(authd, keys), before, "from PostgreSQL every key is granted what it was, in its generation")
        tap.is_(authd.key("rotate", keys[0].split("-")[2]).returncode, 0, "and may be changed")
        tap.is_(authd.create("active"), "", "names are taken as before")
        authd.stop(signal.SIGTERM)
        refused(run(authd, **target), 111, "they are others: nothing was copied")
        authd.start()
    help_text = run(authd, "--help")
    tap.ok(help_text.returncode == 0 and "usage: heimgate-migrate-keys" in help_text.stdout, "--help explains it")


main()
