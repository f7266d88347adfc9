#!/usr/bin/env python3
"""heimgate-key against a real heimgate-authd: what it prints, refuses and leaves behind."""

import json
import os
import re
import signal
import subprocess

from alone import REVOKED, Authd, digest
import suite
import tap

KEY = re.compile(r"^sk-hg-([0-9A-Za-z]{10})-[0-9A-Za-z]{49}\n$")


def refused(authd, code, part, *arguments, stdin=b""):
    """The tool must end with this code, one line on stderr that has this part, and nothing on stdout."""
    done = authd.key(*arguments, stdin=stdin)
    shown = " ".join(argument[:40] for argument in arguments)
    good = done.returncode == code and part in done.stderr and done.stdout == "" and done.stderr.count("\n") == 1
    if not tap.ok(good, "%s: %s" % (ascii(shown), part)):
        tap.diag(done)


def create(authd):
    done = authd.key("create", "--name", "José's laptop", "--models", "llama3.1:8b,qwen/x", "--rpm=60",
                     "--tpm", "1000", "--concurrency", "2", "--budget", "5000/day", "--expires", "30d",
                     "--owner", "José", "--local-only", "--images", "1", "--image-kib", "2048")
    tap.is_(done.returncode, 0, "a key with all options is made")
    found = KEY.match(done.stdout)
    tap.ok(found, "the key stands alone on standard output")
    tap.has(done.stderr, "shown only now", "what it means is on standard error")
    key = json.loads(authd.key("show", found[1], "--json").stdout)
    wanted = {"id": found[1], "name": "José's laptop", "owner": "José", "state": "active",
              "models": ["llama3.1:8b", "qwen/x"], "rpm": 60, "tpm": 1000, "concurrency": 2, "budget": "5000/day",
              "local_only": True, "images": 1, "image_kib": 2048}
    tap.is_({name: key[name] for name in wanted}, wanted, "and it is what was asked for")
    tap.ok(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", key["expires"]), "with an expiry")
    return found[0].strip()


def create_refused(authd):
    refused(authd, 100, "--name is missing", "create")
    refused(authd, 100, "must be text", "create", "--name", "")
    refused(authd, 1, "spaces around it", "create", "--name", " x")
    refused(authd, 1, "control characters", "create", "--name", "a\x1b[31mb")
    refused(authd, 100, "in UTF-8", "create", "--name", b"\xff\xfe".decode("utf-8", "surrogateescape"))
    refused(authd, 1, "an active key of the name", "create", "--name", "José's laptop")
    refused(authd, 100, "no option --rate", "create", "--rate", "5")
    refused(authd, 100, "no option -x", "create", "-x")
    refused(authd, 100, "one word too many", "create", "x")
    refused(authd, 100, "followed by N", "create", "--name", "x", "--rpm")
    refused(authd, 100, "takes no value", "create", "--name", "x", "--secret-stdin=yes")
    refused(authd, 100, "takes no value", "create", "--name", "x", "--local-only=yes")
    refused(authd, 100, "from 0 (no limit)", "create", "--name", "x", "--images", "few")
    refused(authd, 100, "from 0 (no limit)", "create", "--name", "x", "--image-kib=4294967296")
    for value in ("", "-1", "1.5", "many", "4294967296", "0x10"):
        refused(authd, 100, "from 0 (no limit) to 4294967295", "create", "--name", "x", "--tpm", value)
    for value in ("5", "5/week", "/day", "-5/day"):
        refused(authd, 100, "like 1000000/month", "create", "--name", "x", "--budget", value)
    for value in ("soon", "30", "2030-02-30", "-1d"):
        refused(authd, 100, "like 30d", "create", "--name", "x", "--expires", value)
    refused(authd, 100, "in the past", "create", "--name", "x", "--expires", "2001-01-01")
    refused(authd, 100, "with commas between", "create", "--name", "x", "--models", "a,,b")
    refused(authd, 1, "leave models out", "create", "--name", "x", "--models", "*")
    models = ",".join("m%d" % number + "y" * 200 for number in range(40))
    refused(authd, 1, "too long", "create", "--name", "x", "--models", models)


def other_mistakes(authd):
    refused(authd, 100, "no command", "destroy")
    refused(authd, 100, "followed by the ID", "show")
    refused(authd, 100, "no key's ID", "revoke", "../../etc")
    refused(authd, 1, "no such key", "revoke", "AAAAAAAAAA")
    refused(authd, 1, "no such key", "rotate", "AAAAAAAAAA")
    refused(authd, 1, "no such key", "show", "AAAAAAAAAA")
    refused(authd, 100, "like 30m", "rotate", "AAAAAAAAAA", "--grace", "long")
    refused(authd, 100, "no option --json", "revoke", "AAAAAAAAAA", "--json")
    usage = authd.key()
    tap.is_((usage.returncode, usage.stdout), (100, ""), "no command at all is a mistake")
    tap.has(usage.stderr, "rotate", "which is answered with the commands")
    for command in ("create", "list", "show", "revoke", "rotate"):
        done = authd.key(command, "--help")
        tap.ok(done.returncode == 0 and command in done.stdout and not done.stderr, "%s --help" % command)
    with open("/dev/full", "wb") as full:
        done = authd.key("create", "--name", "unseen", stdout=full)
    tap.is_(done.returncode, 111, "a key that cannot be printed is an error")
    tap.has(done.stderr, "No space left", "and says why")


def secret_from_stdin(authd):
    edge = authd.edge()
    done = authd.key("create", "--name", "moved", "--secret-stdin", stdin=b"my old pass phrase\n")
    tap.ok(re.match(r"^[0-9A-Za-z]{10} moved\n$", done.stdout), "a secret is taken over; id and name are printed")
    tap.ok("phrase" not in done.stdout + done.stderr, "but not the secret")
    tap.is_(edge.ask("my old pass phrase")["key_name"], "moved", "it opens the key, spaces and all")
    done = authd.key("create", "--name", "no newline", "--secret-stdin", stdin=b"another secret")
    tap.is_(edge.ask("another secret")["key_name"], "no newline", "a line's end is not needed")
    for name, secret in (("shorter than 8", b"seven77\n"), ("shorter than 8", b"\n"), ("no secret", b""),
                         ("begins or ends", b" leading\n"), ("begins or ends", b"trailing \n"),
                         ("printable", b"a\tb\tc\td\te\n"), ("printable", b"windows line\r\n"),
                         ("printable", b"nul\0inside\n"), ("printable", "schlüssel".encode()),
                         ("more than one line", b"one line\ntwo lines\n"), ("longer than 1024", b"x" * 1025),
                         ("longer than 1024", b"x" * 100000), ("checksum is wrong", b"sk-hg-0000000000-mistyped\n")):
        refused(authd, 100, name, "create", "--name", "x", "--secret-stdin", stdin=secret)
    refused(authd, 1, "already", "create", "--name", "x", "--secret-stdin", stdin=b"another secret\n")
    key = b"sk-hg-AbCdEfGh12-000000000000000000000000000000000000000000z4FPHbP\n"
    done = authd.key("create", "--name", "from another gate", "--secret-stdin", stdin=key)
    tap.is_(done.stdout, "AbCdEfGh12 from another gate\n", "a heimgate key that moves in keeps its id")
    edge.close()


def lists(authd, key):
    listed = authd.key("list").stdout.splitlines()
    tap.is_(listed[0].split(), ["ID", "NAME", "STATE", "MODELS", "LIMITS", "EXPIRES", "CREATED"], "a table of keys")
    row = [line for line in listed if "laptop" in line][0]
    for part in (key.split("-")[2], "active", "llama3.1:8b,qwen/x", "60 rpm, 1000 tpm, 2 at once, 5000/day",
                 "1 image, 2048 KiB of images, local only"):
        tap.has(row, part, "with " + part)
    tap.is_(listed[0].index("STATE"), row.index("active"), "in columns, names in UTF-8 notwithstanding")
    shown = (authd.key("list"), authd.key("list", "--json"), authd.key("show", key.split("-")[2]))
    everything = "".join(done.stdout for done in shown)
    tap.ok(key.split("-")[3] not in everything and digest(key).hex() not in everything, "and nothing of any secret")


def many(authd):
    models = ["some/long/model/name:%d" % number for number in range(20)]
    for number in range(300):
        done, _key = authd.call("key.create", id="many%06d" % number, hash=digest("many %d" % number).hex(),
                                name="many %d" % number, models=models)
        if not done:
            tap.ok(False, "key %d of many is made" % number)
    keys = json.loads(authd.key("list", "--json").stdout)
    tap.is_(len([key for key in keys if key["id"].startswith("many")]), 300, "a list longer than one answer is whole")
    tap.is_(len({key["id"] for key in keys}), len(keys), "no key is in it twice")
    tap.is_([key["created"] for key in keys], sorted(key["created"] for key in keys), "oldest first")


def replayed(authd):
    arguments = {"id": "replay1234", "hash": digest("replayed one").hex(), "name": "replayed", "rpm": 5}
    first, second = authd.call("key.create", **arguments), authd.call("key.create", **arguments)
    tap.ok(first[0] and first == second, "a creation that is sent twice makes one key")
    arguments["hash"] = digest("other").hex()
    tap.is_(authd.call("key.create", **arguments)[0], False, "not with another secret")
    rotation = {"id": "replay1234", "hash": digest("rotated one").hex()}
    first, second = authd.call("key.rotate", **rotation), authd.call("key.rotate", **rotation)
    tap.ok(first[0] and first == second, "a rotation that is sent twice is one")
    tap.is_(authd.call("key.rotate", id="replay1234", hash=digest("replayed one").hex())[0], False, "none goes back")
    first, second = authd.call("key.revoke", id="replay1234"), authd.call("key.revoke", id="replay1234")
    tap.ok(first[0] and first == second, "a revocation that is sent twice is one")
    tap.is_(authd.call("key.rotate", id="replay1234", hash=digest("late one").hex())[0], False, "no rotation after it")


def rotated(authd):
    edge = authd.edge()
    old = authd.create("rotating")
    key_id = old.split("-")[2]
    done = authd.key("rotate", key_id, "--grace", "24h")
    found = KEY.match(done.stdout)
    tap.ok(found and found[1] == key_id, "a rotation prints a new key with the same id")
    tap.is_(edge.ask(done.stdout.strip())["key_id"], key_id, "which works")
    tap.is_(edge.ask(old)["key_id"], key_id, "and so does the old one")
    tap.has(authd.key("show", key_id).stdout, "the secret before the last rotation works until", "which is shown")
    brought = authd.key("rotate", key_id, "--secret-stdin", stdin=b"brought along\n")
    tap.is_(brought.stdout, "%s rotating\n" % key_id, "a secret can be brought along")
    tap.is_(edge.ask(done.stdout.strip()), (REVOKED, key_id), "without a grace the old one is over")
    tap.is_(edge.ask("brought along")["key_id"], key_id, "and the new one works")
    edge.close()


def killed(authd):
    key = authd.create("survivor", "--rpm", "7")
    before = authd.key("list", "--json").stdout
    for _ in range(3):
        authd.stop(signal.SIGKILL)
        refused(authd, 111, "cannot reach heimgate-authd", "list")
        authd.start()
    tap.is_(authd.key("list", "--json").stdout, before, "every key outlives kill -9")
    edge = authd.edge()
    tap.is_(edge.ask(key)["rpm"], 7, "and works")
    edge.close()


def name_of_a_revoked_key(authd):
    first = authd.create("phoenix")
    authd.key("revoke", first.split("-")[2])
    tap.ok(KEY.match(authd.create("phoenix") + "\n"), "the name of a revoked key can be used again")


def defaults():
    with Authd(HEIMGATE_DEFAULT_RPM="11", HEIMGATE_DEFAULT_TPM="12", HEIMGATE_DEFAULT_CONCURRENCY="13",
               HEIMGATE_DEFAULT_BUDGET="14/month") as authd:
        def limits(key):
            shown = json.loads(authd.key("show", key.split("-")[2], "--json").stdout)
            return [shown[name] for name in ("rpm", "tpm", "concurrency", "budget")]
        tap.is_(limits(authd.create("plain")), [11, 12, 13, "14/month"], "a key gets the defaults")
        mixed = authd.create("mixed", "--rpm", "5", "--budget", "6/day")
        tap.is_(limits(mixed), [5, 12, 13, "6/day"], "where nothing was said")
        none = authd.create("none", "--rpm", "0", "--tpm", "0", "--concurrency", "0", "--budget", "0")
        tap.is_(limits(none), [0, 0, 0, ""], "0 is no limit, and not the default")


def does_not_start(code, part, state="/nonexistent/heimgate", **env):
    if os.geteuid() == 0:
        env["HEIMGATE_USER"] = "0:0"
    env["HEIMGATE_STATE"] = state
    done = subprocess.run([os.path.join(suite.BIN, "heimgate-authd")], env=suite.clean_environment(env),
                          capture_output=True, timeout=suite.PATIENCE, check=False)
    lines = [line for line in done.stderr.decode().splitlines() if line.startswith("heimgate-authd: ")]
    if not tap.ok(done.returncode == code and len(lines) == 1 and part in lines[0], "authd does not start: %s" % part):
        tap.diag(done)


def start_up_errors(authd):
    does_not_start(111, "/nonexistent/heimgate")
    does_not_start(100, "HEIMGATE_DEFAULT_BUDGET", authd.directory, HEIMGATE_DEFAULT_BUDGET="lots")
    does_not_start(100, "HEIMGATE_AUTH_STORE: it must be like sqlite:keys.db", authd.directory,
                   HEIMGATE_AUTH_STORE="mysql://db/keys")
    does_not_start(100, "a password does not belong", authd.directory,
                   HEIMGATE_AUTH_STORE="postgresql://me:sesame@db/keys")
    does_not_start(111, "Not a directory", authd.directory, HEIMGATE_AUTH_STORE="sqlite:/dev/null/keys.db")
    does_not_start(111, "in use", authd.directory)
    authd.stop()
    grant_key = authd.path("secrets/grant.key")
    with open(grant_key, "rb") as file:
        good = file.read()
    os.chmod(grant_key, 0o644)
    does_not_start(111, "has mode 0644", authd.directory)
    os.chmod(grant_key, 0o640)
    for wrong in (good[:31], good + b"\n", b""):
        with open(grant_key, "wb") as file:
            file.write(wrong)
        does_not_start(111, "must be a file of 32 bytes", authd.directory)
    with open(grant_key, "wb") as file:
        file.write(good)
    authd.start()
    with open(grant_key, "rb") as file:
        tap.is_(file.read(), good, "a grant key that is there is kept")


def main():
    with Authd() as authd:
        tap.has(authd.key("list").stdout, "There is no key yet: heimgate key create", "a list of none says what to do")
        key = create(authd)
        create_refused(authd)
        other_mistakes(authd)
        secret_from_stdin(authd)
        lists(authd, key)
        many(authd)
        replayed(authd)
        rotated(authd)
        name_of_a_revoked_key(authd)
        killed(authd)
        start_up_errors(authd)
    defaults()


main()
