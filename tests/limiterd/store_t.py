#!/usr/bin/env python3
"""One suite for every place where limits can be counted: this process, and a real Redis."""

import datetime
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tap"))
import tap  # noqa: E402
from redisserver import Redis  # noqa: E402

SUITE = os.path.join(os.environ.get("HEIMGATE_BIN", str(ROOT / "build" / "bin")), "store-suite")


def run_suite(name, store, password_file=""):
    done = subprocess.run([SUITE, store, password_file], capture_output=True, text=True, timeout=120, check=False)
    for line in done.stdout.splitlines():
        state, _, text = line.partition(" - ")
        if text:
            tap.ok(state.startswith("ok"), "%s: %s" % (name, text))
        elif line.startswith("#"):
            tap.diag(line)
    tap.is_((done.returncode, done.stderr if done.returncode else ""), (0, ""), "%s: the suite ends well" % name)


def check_bounds(redis):
    """Nothing stays for ever but the installation, and the index of keys, which is pruned."""
    names = redis.cli("KEYS", "*").split()
    tap.ok(names and all(name.startswith("{heimgate}:") for name in names), "all keys of Redis carry the tag")
    lasting = sorted(name for name in names if redis.cli("PTTL", name).strip() == "-1")
    tap.is_(lasting, ["{heimgate}:installation", "{heimgate}:keys"], "and an end, but for two")


def check_calendar(redis):
    """Lua's months are the calendar's: every day of 400 years and a few more."""
    with open(ROOT / "limiterd" / "bucket.lua", encoding="utf-8") as bucket, \
            open(ROOT / "limiterd" / "budget.lua", encoding="utf-8") as budget:
        script = bucket.read() + budget.read()
    script += ("local first = {} for day = 0, ARGV[1] - 1 do first[day + 1] = month_of(day) end "
               "return table.concat(first, ' ')")
    days = 146097 + 800
    found = [int(word) for word in redis.cli("EVAL", script, "0", str(days)).split()]
    epoch = datetime.date(1970, 1, 1)
    wanted = [((epoch + datetime.timedelta(day)).replace(day=1) - epoch).days for day in range(days)]
    tap.ok(found == wanted, "the months of %d days begin where they should" % days)


run_suite("memory", "memory:")
server = Redis("unixsocket redis.socket")
run_suite("redis", server.url(), server.password_file(Redis.PASSWORD))
check_bounds(server)
check_calendar(server)
server.cli("FLUSHALL")
run_suite("socket", "unix:" + os.path.join(server.directory, "redis.socket"), server.password_file(Redis.PASSWORD))
