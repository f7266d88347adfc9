"""kill -9 of daemons picked at random, under traffic: after each, service is back, and no record is lost."""

import json
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402
import traffic  # noqa: E402

# What callers may meet: nothing is cut but by a dying edge, nothing is half said without an error event.
ALLOWED = ("complete", "cut", "error event", "status 502", "status 503")
# The slots of a dead proxyd's streams are taken until their leases run out; here they must not get in the way.
MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "slots": 256}},
    "models": {"*": {"targets": [{"upstream": "mock"}]}},
}


class Journal:
    """The records of a journal as they come."""

    def __init__(self, s):
        self.suite = s
        self.read = {}  # bytes of each segment
        self.ids, self.requests = [], {}

    def follow(self):
        for path in self.suite.journal_files():
            with open(path, "rb") as file:
                file.seek(self.read.get(path, 0))
                data = file.read()
            whole = data.rfind(b"\n") + 1
            self.read[path] = self.read.get(path, 0) + whole
            for line in data[:whole].splitlines():
                self._add(json.loads(line))
        return self

    def _add(self, record):
        self.ids.append((record["kind"], record["id"]))
        if record["kind"] == "request":
            self.requests[record["request_id"]] = self.requests.get(record["request_id"], 0) + 1

    def lacks(self, results):
        return [result for result in results if result.request_id not in self.requests]


class Kills:
    def __init__(self, s, load, seed):
        self.suite, self.load = s, load
        self.journal = Journal(s)
        self.dice = random.Random(seed)
        self.counts, self.slowest = {}, {}
        self.deaths = []  # of proxyd: (until when all answers were on record, when it was dead)

    def answers(self, before=float("inf")):
        return [each for each in list(self.load.results) if each.outcome == "complete" and each.ended < before]

    def wanted(self, before=float("inf")):
        """Answers that must be on record: all but those between a look at the journal and proxyd's death."""
        return [each for each in self.answers(before) if not self._died_with(each)]

    def _died_with(self, answer):
        return any(seen <= answer.ended and answer.began <= dead for seen, dead in self.deaths)

    def await_records(self, before=float("inf")):
        wanted = self.wanted(before)
        suite.until(lambda: not self.journal.follow().lacks(wanted), "the records of %d answers" % len(wanted))
        return len(wanted)

    def _kill(self, name):
        """What is not acknowledged dies with proxyd: before that, the records of all answers are waited for."""
        seen = time.monotonic()
        if name == "proxyd":
            self.await_records(seen)
        self.suite.kill(name)
        if name == "proxyd":
            self.deaths.append((seen, time.monotonic()))

    def kill_one(self):
        name = self.dice.choice(suite.DAEMONS)
        self._kill(name)
        began = time.monotonic()
        self.suite.start(name)
        self.load.await_more(1)
        self.counts[name] = self.counts.get(name, 0) + 1
        self.slowest[name] = max(self.slowest.get(name, 0), time.monotonic() - began)


def check(s, load, kills):
    traffic.check_outcomes(load, ALLOWED)
    wanted, all_answers = kills.await_records(), len(kills.answers())
    tap.ok(wanted > 0, "%d answers are on record, of %d; the others came as proxyd died" % (wanted, all_answers))
    ids = kills.journal.ids
    tap.is_(len(ids), len(set(ids)), "and each record is there once")
    tap.is_(max(kills.journal.requests.values()), 1, "and each request")
    tap.is_(s.tool("audit", "verify", check=False).returncode, 0, "heimgate audit verify finds the chain whole")
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "release of all slots")
    tap.is_([row["running"] for row in s.limits()["keys"]], [0], "no slot is lost, and nothing counts as running")


def run(rounds, seed=4711):
    """Rows of a table: (daemon, kills, slowest return to service in s), and how many answers there were."""
    with suite.Suite(models=MODELS) as s:
        load = traffic.Traffic(s, s.make_key(), clients=4).start()
        load.await_more(1)
        kills = Kills(s, load, seed)
        for _ in range(rounds):
            kills.kill_one()
        load.stop()
        s.wait_serving()
        check(s, load, kills)
        rows = [(name, kills.counts.get(name, 0), kills.slowest.get(name, 0.0)) for name in suite.DAEMONS]
        return rows, len(kills.answers()), len(kills.journal.ids)
