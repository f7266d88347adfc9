#!/usr/bin/env python3
"""authd is killed and started again while PostgreSQL is down: it serves the keys that it knew last, if nobody altered
them."""

import os
import re

import suite
import tap
from servers import Postgres


def parts(s):
    return s.http("GET", "/ready").json()["daemons"]["authd"]["parts"]


def store_text(s):
    return parts(s)["store"].get("text", "")


def wait_snapshot(s, keys):
    """Until every key that was made is in the snapshot: its id stands there as it is."""
    path = os.path.join(s.state, "authd", "snapshot")

    def is_written():
        with open(path, "rb") as file:
            text = file.read()
        return all(s.key_id(key).encode() in text for key in keys)

    suite.until(lambda: os.path.exists(path) and is_written(), "a snapshot with all keys")
    return path


def is_unavailable(answer, name):
    tap.is_((answer.status, answer.code), (503, "server_is_overloaded"), name)
    tap.ok(int(answer.headers.get("retry-after", 0)) >= 1, "and is told to come back")


def check_served(s, keys):
    s.restart_authd()
    tap.is_([s.chat(key, "m").status for key in keys], [200] * len(keys), "known keys work")
    tap.ok(re.search(r"database unreachable since 20.*; serving keys known at 20", store_text(s)), "/ready says so")
    tap.has(s.log("authd"), "event=serving-snapshot keys=3", "and the log")
    listed = s.tool("key", "list").stdout.decode()
    tap.ok(all(s.key_id(key) in listed for key in keys), "keys are listed")
    refused = s.tool("key", "create", "--name", "late", check=False)
    tap.ok(refused.returncode == 1 and b"database unreachable" in refused.stderr, "none can be made")


def check_altered(s, path, keys):
    with open(path, "rb") as file:
        good = file.read()
    place = good.index(s.key_id(keys[0]).encode())
    with open(path, "wb") as file:
        file.write(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
    s.restart_authd()
    is_unavailable(s.chat(keys[0], "m"), "with one byte of it altered no key is refused as unknown: 503")
    is_unavailable(s.chat(keys[1], "m"), "and no other one")
    tap.has(s.log("authd"), "event=snapshot-not-used", "the log says that it is not used")
    tap.has(store_text(s), "no keys are known yet", "and so does /ready")
    listed = s.tool("key", "list", check=False)
    tap.ok(listed.returncode == 1 and b"not known yet" in listed.stderr, "keys are not listed as if there were none")
    with open(path, "wb") as file:
        file.write(good)


class Host(suite.Suite):
    def restart_authd(self):
        """Without waiting for all to be well, for it is not.  edge forgets what it was granted."""
        for name in ("edge", "authd"):
            self.kill(name)
        for name in ("authd", "edge"):
            self.start(name)
        suite.until(lambda: "store" in parts(self), "edge's link to authd")


server = Postgres()
with Host(env=server.environment("auth")) as the_suite:
    good_keys = [the_suite.make_key(), the_suite.make_key(models="m")]
    revoked = the_suite.make_key()
    the_suite.tool("key", "revoke", the_suite.key_id(revoked))
    snapshot = wait_snapshot(the_suite, [*good_keys, revoked])
    mode = os.stat(snapshot).st_mode & 0o777
    tap.is_((mode, os.stat(snapshot + ".key").st_mode & 0o777), (0o600, 0o600), "the snapshot is authd's alone")
    server.kill()
    check_served(the_suite, good_keys)
    tap.is_(the_suite.chat(revoked, "m").status, 401, "revoked ones do not")
    is_unavailable(the_suite.chat("sk-hg-0123456789-" + "A" * 49, "m"), "one that is not in it may be newer: 503")
    check_altered(the_suite, snapshot, good_keys)
    check_served(the_suite, good_keys)
    server.start()
    the_suite.wait_serving()
    new = the_suite.make_key(name="late")
    tap.is_([the_suite.chat(key, "m").status for key in (*good_keys, new)], [200] * 3, "the database is back: keys work")
    tap.is_(the_suite.chat(revoked, "m").status, 401, "and revoked ones do not")
