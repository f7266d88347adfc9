#!/usr/bin/env python3
"""heimgate-audit: what it prints, what it refuses, and how it ends."""

import csv
import datetime
import io
import json
import os
import re
import select
import shutil
import subprocess

import alone
import suite
import tap
from alone import ADMIN, AUDIT_ACK, AUDIT_RECORD, REFUSAL
from servers import Postgres

REQUEST_ID = bytes(range(16))


def fill(auditd):
    """Three requests of two keys, a refusal, and a change by an administrator."""
    proxyd, edge, authd = (auditd.dial(name + "-auditd") for name in ("proxyd", "edge", "authd"))
    sent = [
        (proxyd, alone.record(request_id=REQUEST_ID)),
        (proxyd, alone.record(tokens=(1, 2))),
        (proxyd, alone.record(key_id="zzzzzzzzzz", key_name="t\u00e9am, \"B\"", model="odd\"\x1b[2J", tokens=(100, 900))),
        (edge, alone.record(REFUSAL, key_id="", key_name="", model="junk\x1b[31m", status=404, code="model_not_found",
                            tokens=(0, 0), request_id=REQUEST_ID)),
        (authd, alone.record(ADMIN, action="key.create", model="", status=0, tokens=(0, 0), detail='{"rpm":3}')),
    ]
    for number, (pipe, body) in enumerate(sent, 1):
        pipe.send_frame(AUDIT_RECORD, number, body)
        assert pipe.receive_frame()[0] == AUDIT_ACK
    auditd.wait_for_store()


def columns(text):
    return [re.split(r" {2,}", line.rstrip()) for line in text.splitlines()]


def test_tail(auditd):
    done = auditd.audit("tail")
    rows = columns(done.stdout)
    tap.is_((done.returncode, done.stderr), (0, ""), "tail ends with 0")
    tap.is_(rows[0], ["TIME", "KEY", "ACTION", "MODEL", "STATUS", "IN", "OUT", "MS", "REQUEST"], "titles")
    tap.is_(len(rows), 6, "and a row for each record")
    tap.is_(rows[1][1:], ["scripts", "chat.completions", "gpt-4o-mini", "200", "26", "282", "4883",
                          "req_" + REQUEST_ID.hex()], "a request's row")
    tap.is_(rows[4][1:5], ["-", "chat.completions", "junk?[31m", "404 model_not_found"],
            "a refusal's row, without what could steer a terminal")
    starts = [line.index(cell) for line, cell in zip(done.stdout.splitlines(), (row[2] for row in rows))]
    tap.is_(len(set(starts)), 1, "columns stand in line")
    tap.is_(len(columns(auditd.audit("tail", "-n", "2").stdout)), 3, "-n says how many")
    lines = [json.loads(line) for line in auditd.audit("tail", "--json").stdout.splitlines()]
    tap.is_([line["seq"] for line in lines], [1, 2, 3, 4, 5], "--json is a record a line, in order")
    wanted = auditd.records()
    for line in wanted:
        del line["prev"]
        line["journal"] = auditd.journal_id()
    tap.is_(lines, wanted, "with every member as in the journal, whose id is said")


def test_follow(auditd):
    command = [os.path.join(suite.BIN, "heimgate-audit"), "tail", "-f", "-n", "1", "--json"]
    with subprocess.Popen(command, env=suite.clean_environment(auditd.env), stdout=subprocess.PIPE) as following:
        tap.is_(json.loads(following.stdout.readline())["seq"], 5, "tail -f begins with the newest")
        pipe = auditd.dial("proxyd-auditd")
        for number in (1, 2):
            pipe.send_frame(AUDIT_RECORD, number, alone.record(key_id="later"))
            readable, _, _ = select.select([following.stdout], [], [], suite.PATIENCE)
            tap.is_(json.loads(following.stdout.readline())["seq"] if readable else None, 5 + number,
                    "and shows record %d when it comes" % (5 + number))
        following.terminate()


def test_many(auditd):
    pipe = auditd.dial("proxyd-auditd")
    for number in range(500):
        pipe.send_frame(AUDIT_RECORD, number, alone.record(key_id="many", model="m" * 256, detail="\x01" * 512))
    for _ in range(500):
        pipe.receive_frame()
    auditd.wait_for_store()
    lines = auditd.audit("tail", "-n", "450", "--json").stdout.splitlines()
    seqs = [json.loads(line)["seq"] for line in lines]
    last = len(auditd.lines())
    tap.is_(seqs, list(range(last - 449, last + 1)), "more records than one answer holds are fetched in several")


def test_show(auditd):
    done = auditd.audit("show", "req_" + REQUEST_ID.hex())
    tap.is_(done.returncode, 0, "show ends with 0")
    tap.has(done.stdout, "model         gpt-4o-mini\n", "and prints what is known")
    tap.ok("detail" not in done.stdout.split("\n\n")[0], "but not what does not apply")
    tap.is_(len(done.stdout.split("\n\n")), 2, "of each record of the request")
    lines = auditd.audit("show", "--json", "req_" + REQUEST_ID.hex()).stdout.splitlines()
    tap.is_([json.loads(line)["status"] for line in lines], [200, 404], "--json is a record a line")
    done = auditd.audit("show", "req_" + "f" * 32)
    tap.is_((done.returncode, done.stdout), (1, ""), "a request that is not there ends it with 1")
    done = auditd.audit("show", "req_xyz")
    tap.is_((done.returncode, done.stderr), (1, "heimgate-audit: a request id is req_ and 32 hex digits in lower case\n"),
            "what is no request id is refused")


def test_usage(auditd):
    rows = columns(auditd.audit("usage").stdout)
    tap.is_(rows, [["KEY", "NAME", "REQUESTS", "REFUSALS", "TOKENS IN", "TOKENS OUT"],
                   ["zzzzzzzzzz", "t\u00e9am, \"B\"", "1", "0", "100", "900"],
                   ["k7Qm2xA9bC", "scripts", "2", "0", "27", "284"],
                   ["-", "-", "0", "1", "0", "0"]], "usage by key, the largest first")
    rows = columns(auditd.audit("usage", "--by", "model").stdout)
    tap.is_([row[0] for row in rows], ["MODEL", "odd\"?[2J", "gpt-4o-mini", "-"], "by model, junk names together")
    rows = list(csv.reader(io.StringIO(auditd.audit("usage", "--by", "model", "--csv").stdout)))
    tap.is_([row[0] for row in rows], ["model", "odd\"?[2J", "gpt-4o-mini", ""], "--csv does not steer a terminal either")
    rows = columns(auditd.audit("usage", "--by=day").stdout)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    tap.is_(rows[1:], [[str(today), "3", "1", "127", "1184"]], "by day")
    text = auditd.audit("usage", "--csv").stdout
    rows = list(csv.reader(io.StringIO(text)))
    tap.is_(rows[:2], [["key", "name", "requests", "refusals", "tokens_in", "tokens_out"],
                       ["zzzzzzzzzz", "t\u00e9am, \"B\"", "1", "0", "100", "900"]], "--csv can be read back")
    rows = json.loads(auditd.audit("usage", "--json").stdout)
    tap.is_(rows[1], {"label": "k7Qm2xA9bC", "key_name": "scripts", "requests": 2, "refusals": 0, "tokens_in": 27,
                      "tokens_out": 284}, "so can --json")
    yesterday, tomorrow = today - datetime.timedelta(1), today + datetime.timedelta(1)
    tap.is_(auditd.audit("usage", "--until", str(yesterday)).stdout, "", "--until ends with that day")
    tap.is_(len(columns(auditd.audit("usage", "--until", str(today)).stdout)), 4, "which counts")
    tap.is_(auditd.audit("usage", "--since", str(tomorrow)).stdout, "", "--since begins with that day")
    tap.is_(len(columns(auditd.audit("usage", "--since", str(today)).stdout)), 4, "which counts")
    tap.is_(len(columns(auditd.audit("usage", "--since", "1d").stdout)), 4, "or so many days ago")


def test_many_keys(auditd):
    pipe = auditd.dial("proxyd-auditd")
    for number in range(1200):
        pipe.send_frame(AUDIT_RECORD, number, alone.record(key_id="key%05d" % number, key_name="x" * 64))
        pipe.receive_frame()
    auditd.wait_for_store()
    rows = json.loads(auditd.audit("usage", "--json").stdout)
    tap.is_(sum(row["label"].startswith("key") for row in rows), 1200, "more rows than one answer holds are fetched in several")


def test_verify(auditd):
    done = auditd.audit("verify")
    tap.is_(done.returncode, 0, "verify ends with 0")
    head = subprocess.run("tail -n 1 %s/%s | sha256sum" % (auditd.journal, auditd.segments()[-1]), shell=True,
                          capture_output=True, check=True).stdout.split()[0].decode()
    tap.has(done.stdout, "records     %d\n" % len(auditd.lines()), "says how many records there are")
    tap.has(done.stdout, "chain head  %s\n" % head, "and the chain's head, which sha256sum gives as well")
    copy = auditd.path("copy")
    shutil.copytree(auditd.journal, copy)
    tap.is_(auditd.audit("verify", copy).returncode, 0, "a copy can be verified")
    tap.is_(subprocess.run([os.path.join(suite.BIN, "heimgate-audit"), "verify", "copy"], cwd=auditd.directory,
                           env={"PATH": os.environ["PATH"]}, capture_output=True, check=False).returncode, 0,
            "with no setting and no daemon")
    path = os.path.join(copy, "0000000001.jsonl")
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(data.replace(b'"status":404', b'"status":200'))
    done = auditd.audit("verify", copy)
    tap.is_(done.returncode, 1, "one that was altered ends it with 1")
    tap.has(done.stdout, "0000000001.jsonl:5: prev is not the hash of the line before", "and it says where")
    tap.has(done.stdout, "DAMAGED     in 1 places", "and how often")
    with open(path, "wb") as file:
        file.write(b"".join(b"noise\n" for _ in range(100)))
    done = auditd.audit("verify", copy)
    tap.ok(done.returncode == 1 and len(done.stdout.splitlines()) < 30, "noise is not repeated without end")
    done = auditd.audit("verify", "/nonexistent")
    tap.is_((done.returncode, done.stderr),
            (111, "heimgate-audit: cannot read the journal in /nonexistent: No such file or directory\n"),
            "a journal that is not there ends it with 111")


def test_bad_arguments(auditd):
    cases = [[], ["nothing"], ["tail", "--nothing"], ["tail", "-n"], ["tail", "-n", "0"], ["tail", "-n", "x"],
             ["tail", "-n", "-5"], ["tail", "extra"], ["show"], ["show", "a", "b"], ["usage", "--since", "yesterday"],
             ["usage", "--since", "d"], ["usage", "--since", "2026-13-01"], ["usage", "--until", "30d"],
             ["usage", "--by", "client"], ["usage", "--by"], ["verify", "a", "b"], ["verify", "-x"]]
    for arguments in cases:
        done = auditd.audit(*arguments)
        tap.is_((done.returncode, done.stdout), (100, ""), "ends with 100: audit " + " ".join(arguments))
    done = auditd.audit("tail", "--nothing")
    tap.is_(done.stderr, "heimgate-audit: there is no option \"--nothing\"; heimgate-audit tail --help tells what there is\n",
            "and says what is wrong")
    for command in ([], ["tail"], ["show"], ["usage"], ["verify"]):
        done = auditd.audit(*command, "--help")
        tap.ok(done.returncode == 0 and done.stdout.startswith("heimgate-audit"), "--help: audit " + " ".join(command))


def test_verbs(auditd):
    cases = {
        "an unknown verb": ("audit.erase", {}),
        "an unknown member": ("audit.tail", {"lines": 3}),
        "a limit of another type": ("audit.tail", {"limit": "3"}),
        "a negative limit": ("audit.tail", {"limit": -1}),
        "a limit beyond bounds": ("audit.tail", {"limit": 1 << 40}),
        "no request id": ("audit.show", {}),
        "an empty request id": ("audit.show", {"request_id": ""}),
        "usage by what is not there": ("audit.usage", {"by": "x' OR 1=1 --"}),
        "a negative time": ("audit.usage", {"since": -1}),
        "an array": ("audit.tail", [1]),
    }
    for what, (verb, arguments) in cases.items():
        done, answer = auditd.call(verb, arguments)
        tap.ok(not done and list(answer) == ["error"], "refused: %s (%s)" % (what, answer.get("error")))


def test_no_daemon(auditd):
    done = auditd.audit("tail", HEIMGATE_RUN=auditd.path("nowhere"))
    tap.is_((done.returncode, done.stdout), (111, ""), "without a daemon tail ends with 111")
    tap.has(done.stderr, "is it running?", "and says why")
    done = auditd.audit("tail", HEIMGATE_NO_SUCH="1")
    tap.is_(done.returncode, 100, "an unknown setting ends it with 100")


def test_all(**settings):
    with alone.Auditd(**settings) as one:
        fill(one)
        test_tail(one)
        test_show(one)
        test_usage(one)
        test_verify(one)
        test_follow(one)
        test_many(one)
        test_many_keys(one)
        test_bad_arguments(one)
        test_verbs(one)
        test_no_daemon(one)


test_all()
test_all(**Postgres().environment())
