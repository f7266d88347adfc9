#!/usr/bin/env python3
"""What people do with a stack that holds data: stop and start it, upgrade it, back it up and restore it."""

import json
import os
import re
import sys

import images
import podman
import stack
import tap
import world
from mockserver import Mock
from process import until

PREVIOUS = "localhost/heimgate:0.0.9"
CURRENT = "podman-compose==1.6.0"  # newer than the distribution's
PLACE = os.path.join(podman.ROOT, "build", CURRENT)
OTHER_READER = os.path.join(PLACE, "bin", "podman-compose")


def prepare():
    """The images, and the newer podman-compose."""
    images.make_all()
    if not os.path.exists(OTHER_READER):
        podman.run(sys.executable, "-m", "venv", PLACE)
        podman.run(os.path.join(PLACE, "bin", "pip"), "install", "--quiet", CURRENT)


class Holdings:
    """Keys, a budget that is partly used, and history; whether they are still there."""

    def __init__(self, s):
        self.stack = s
        self.key = s.make_key(budget="100000/month", rpm=1000)
        self.revoked = s.make_key()
        s.tool("key", "revoke", s.key_id(self.revoked))
        self.answers = [s.chat(self.key, "m") for _ in range(5)]
        self.used = until(lambda: s.used(self.key) == 60 and 60, "settlement")
        until(lambda: len(s.records(kind="request")) >= 5, "records")

    def check(self, after):
        s = self.stack
        statuses = (s.chat(self.key, "m").status, s.chat(self.revoked, "m").status)
        tap.is_(statuses, (200, 401), after + ": keys are what they were")
        self.used += 12
        until(lambda: s.used(self.key) == self.used, "a budget that is used as far as it was and 12 more")
        tap.ok(True, "so are budgets")
        for answer in (self.answers[0], self.answers[-1]):
            shown = s.tool("audit", "show", answer.headers["x-request-id"])
            tap.has(shown, s.key_id(self.key), "history tells of a request from before")
        until(lambda: self.total() == self.used, "the sum of usage")
        tap.ok(True, "and sums up to the same")
        s.tool("audit", "verify")
        tap.ok(True, "its chain is whole")

    def total(self):
        """Tokens of the key by the database's account."""
        rows = json.loads(self.stack.tool("audit", "usage", "--json"))
        return sum(row["tokens_in"] + row["tokens_out"] for row in rows if row["label"] == self.stack.key_id(self.key))


def image_of(s):
    return {s.inspect(service)["Image"] for service in stack.OURS}


def check_upgrade(s):
    """From the older release: what was written under it is there under the new one."""
    s.up(IMAGE=PREVIOUS)
    old = image_of(s)
    holdings = Holdings(s)
    s.up()
    tap.ok(len(old) == 1 and len(image_of(s)) == 1 and image_of(s) != old, "all daemons run from the new image")
    holdings.check("upgraded")
    return holdings


def check_down_and_up(s, holdings):
    s.down()
    tap.is_(s.services(), set(), "down stops all of it")
    s.up()
    holdings.check("down and up again")


def wipe(s):
    """As on another machine: nothing is left but the image and the backup."""
    s.down()
    volumes = s.podman("volume", "ls", "--quiet", "--filter", "name=" + s.project).split()
    s.podman("volume", "rm", *volumes)


def check_restore(s, holdings):
    said = s.make("backup")
    place = re.search(r"BACKUP=(\S+)", said).group(1)
    late = s.make_key()
    wipe(s)
    s.make("restore", BACKUP=place, CONFIRM="yes")
    s.wait_serving()
    holdings.check("restored")
    tap.is_(s.chat(late, "m").status, 401, "what came after the backup is not there")


def check_other_reader(s):
    """The newest podman-compose reads the same files."""
    s.up(COMPOSE=OTHER_READER)
    tap.is_(s.services(), set(stack.ALL), CURRENT + " brings up all services")
    tap.is_(s.chat(s.make_key(), "m").status, 200, "and they serve")
    limits = {s.inspect(service)["HostConfig"]["PidsLimit"] for service in stack.ALL}
    tap.ok(0 < min(limits) and max(limits) <= 256, "with limits of processes")


env = world.enter(prepare)
mock = Mock("/run", "--address", "0.0.0.0", port=11434)
tree = stack.copy_tree("/run/tree")
prod = stack.Stack(tree, env, "heimgate", "", 8000)
holdings = check_upgrade(prod)
check_down_and_up(prod, holdings)
check_restore(prod, holdings)
prod.down()
check_other_reader(stack.Stack(tree, env, "heimgate-dev", "dev-", 8010))
