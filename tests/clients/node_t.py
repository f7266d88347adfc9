#!/usr/bin/env python3
"""OpenAI's official Node client, with nothing but baseURL and apiKey changed: runs node_client.mjs and judges it."""

import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import client_check  # noqa: E402
from client_check import suite, tap  # noqa: E402

PLACE = os.path.join(client_check.BUILT, "node")
NPM = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--no-update-notifier", "--silent"]

# The model "full" has one slot, and somebody sits in it.
MODELS = {
    "upstreams": {
        **client_check.MODELS["upstreams"],
        "small": {"base_url": "MOCK", "kind": "ollama", "slots": 1, "acquire_timeout_ms": 50},
    },
    "models": {
        **client_check.MODELS["models"],
        "full": {"targets": [{"upstream": "small", "model": "fault-stall-mid"}]},
    },
}


def refusals(s, code):
    return len(s.records(kind="refusal", code=code))


os.makedirs(PLACE, exist_ok=True)
shutil.copy(os.path.join(client_check.HERE, "package.json"), PLACE)
client_check.install(PLACE, "package.json", [NPM])

with suite.Suite(models=MODELS) as the_suite:
    key = the_suite.make_key()
    sitter = the_suite.stream(key, "full")
    sitter.event()
    setup = {
        "place": PLACE,
        "url": "http://127.0.0.1:%d" % the_suite.port,
        "key": key,
        "echo": client_check.ECHO,
        "text": client_check.TEXT,
        "narrow": the_suite.make_key(models="a"),
        "poor": the_suite.make_key(budget="5/day"),
    }
    mark = the_suite.mock.mark()
    node = subprocess.run(
        ["node", os.path.join(client_check.HERE, "node_client.mjs"), json.dumps(setup)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    for line in node.stdout.splitlines():
        checked = json.loads(line)
        tap.is_(checked["got"], checked["wanted"], checked["name"])
    tap.is_(node.returncode, 0, "it comes to its end") or tap.diag(node.stderr)
    left = the_suite.mock.wait(mark, event="request", model="stream-1000x20+left")["request"]
    the_suite.mock.wait(mark, event="peer-closed", request=left)
    tap.ok(True, "leaving a stream ends it at the model server")
    suite.until(
        lambda: refusals(the_suite, "chat_concurrency_limit") >= 3 and refusals(the_suite, "insufficient_quota"),
        "the recording of refusals",
    )
    tap.is_(refusals(the_suite, "chat_concurrency_limit"), 3, "a call without a slot was tried three times")
    tap.is_(refusals(the_suite, "insufficient_quota"), 1, "one without budget once")
    sitter.close()
