#!/usr/bin/env python3
"""The connection to PostgreSQL: made, kept up, asked in order, and given up when it does not answer."""
import os
import select
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tap"))
import tap  # noqa: E402
from servers import Postgres  # noqa: E402

DIALOG = os.path.join(os.environ.get("HEIMGATE_BIN", str(ROOT / "build" / "bin")), "postgres-dialog")
PATIENCE = 60


class Dialog:
    def __init__(self, url, password_file, migrations=2, *more):
        self.process = subprocess.Popen([DIALOG, url, password_file, str(migrations), *more], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def say(self, line):
        os.write(self.process.stdin.fileno(), line.encode() + b"\n")

    def hear(self):
        line = b""
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            more = os.read(self.process.stdout.fileno(), 1) if readable else b""
            if not more:
                return line.decode() + " (and no more)"
            line += more
        return line.decode().strip()

    def ask(self, line):
        self.say(line)
        return self.hear()

    def close(self):
        self.say("close")
        return self.process.wait(PATIENCE)


def check_queries(dialog):
    tap.is_(dialog.ask("put one"), "rows 1 1", "a prepared statement is run")
    tap.ok(dialog.ask("put one").startswith("error 23505 duplicate key"), "an error has its state and its reason")
    tap.is_(dialog.ask("run SELECT 1; SELECT 42"), "rows 1 42", "the last of several statements answers")
    tap.ok(dialog.ask("run BEGIN; SELECT 1/0; SELECT 2").startswith("error 22012"), "but the one that failed first")
    tap.is_(dialog.ask("run ROLLBACK"), "rows 0", "and the connection goes on")
    many = "".join("row %d\\n" % i for i in range(50000))
    tap.is_(dialog.ask("copy " + many), "rows 0", "half a megabyte is copied")
    tap.is_(dialog.ask("run SELECT count(*) FROM things"), "rows 1 50001", "and is there")
    tap.ok(dialog.ask("copy a\tb\\n").startswith("error 22P04"), "bad rows are an error")
    dialog.say("run SELECT 'first'")
    dialog.say("put second")
    tap.is_([dialog.hear(), dialog.hear().split()[0]], ["rows 1 first", "rows"], "answers come in the order of questions")
    tap.is_(dialog.ask("run NOTIFY heimgate_test"), "rows 0", "something is said on the channel")
    tap.is_(dialog.hear(), "notified", "and heard")


def check_outages(server, dialog):
    server.kill()
    tap.ok(dialog.hear().startswith("down "), "a database that dies is noticed without asking")
    tap.is_(dialog.ask("put three"), "error lost the database is down", "asked, it fails at once")
    server.start()
    tap.is_(dialog.hear(), "up", "when it is back so is the connection")
    tap.ok(dialog.ask("put four").startswith("rows 1"), "set up as before")
    server.pause()
    dialog.say("put five")
    tap.is_(dialog.hear(), "error lost the database does not answer", "one that is silent fails within the deadline")
    tap.is_(dialog.hear(), "down the database does not answer", "and is given up")
    server.resume()
    tap.is_(dialog.hear(), "up", "until it answers again")
    tap.ok(dialog.ask("run SELECT pg_sleep(60)").startswith("error 57014"), "the server gives up what takes too long")
    tap.ok(dialog.ask("put six").startswith("rows 1"), "and the connection stays")


def check_unasked(server, url, dialog):
    tap.is_(dialog.ask("run COPY things TO STDOUT"), "error lost the database sends what was not asked for",
            "a server that begins to copy to us is left")
    tap.is_([dialog.hear(), dialog.hear()], ["down the database sends what was not asked for", "up"], "and asked anew")
    deaf = Dialog(url, server.password("auth"), 2, "deaf")
    tap.is_(deaf.hear(), "up", "whoever listens to no channel")
    tap.is_(deaf.ask("run LISTEN other; NOTIFY other"), "rows 0", "may be told something all the same")
    tap.is_(deaf.ask("run SELECT 'still here'"), "rows 1 still here", "and goes on")
    tap.is_(deaf.close(), 0, "to a good end")


def check_refusals(server, url):
    def first_word_of(*arguments):
        dialog = Dialog(*arguments)
        heard = dialog.hear()
        dialog.close()
        return heard

    password = server.password("auth")
    tap.is_(first_word_of(url.replace("127.0.0.1", "localhost"), password), "up", "a host's name is resolved")
    tap.is_(first_word_of(url.replace("127.0.0.1:%d" % server.port, "%2F" + server.directory[1:].replace("/", "%2F") +
                                      ":%d" % server.port), password), "up", "a directory has a unix socket")
    tap.is_(first_word_of(url.replace("127.0.0.1", "nowhere.invalid"), password),
            "down the database's host nowhere.invalid has no address", "a host without an address is named")
    tap.is_(first_word_of(url, password, 1), "down cannot set up the schema heimgate_auth: its tables were made by a "
            "newer version of this program", "tables of a newer version are not touched")
    wrong = first_word_of(url, server.password_file("another-password"))
    tap.ok("password authentication failed" in wrong and "another-password" not in wrong, "a wrong password is no secret "
           "told")
    tap.ok(first_word_of(url, "/nonexistent").endswith("cannot read the password in /nonexistent"),
           "a password that cannot be read is named")
    for bad in ("mysql://x", "postgresql://u:sesame@h/d", "postgresql://h1,h2/d", "postgresql://u@h/d?hostaddr=1.2.3.4",
                "postgresql://u@h:port/d", "postgresql://%zz"):
        dialog = Dialog(bad, password)
        tap.is_(dialog.process.wait(PATIENCE), 100, "%s is refused" % bad)
        tap.ok(b"sesame" not in dialog.process.stderr.read(), "without repeating a password")


def check_two_at_once(server, url):
    server.sql("DROP SCHEMA heimgate_auth CASCADE; CREATE SCHEMA heimgate_auth AUTHORIZATION heimgate_authd")
    both = [Dialog(url, server.password("auth")) for _ in range(4)]
    tap.is_([dialog.hear() for dialog in both], ["up"] * 4, "four may set up the tables at one time")
    tap.is_(server.sql("SELECT version FROM heimgate_auth.migrations ORDER BY 1"), [["1"], ["2"]], "which is done once")
    for dialog in both:
        dialog.close()


def main():
    server = Postgres()
    url = server.url("auth")
    dialog = Dialog(url, server.password("auth"))
    tap.is_(dialog.hear(), "up", "the tables are made and the statements prepared")
    check_queries(dialog)
    check_outages(server, dialog)
    check_unasked(server, url, dialog)
    check_refusals(server, url)
    check_two_at_once(server, url)
    tap.is_(dialog.close(), 0, "it ends well, with nothing leaked")
    tap.is_(dialog.process.stderr.read().decode(), "", "and without a complaint")


main()
