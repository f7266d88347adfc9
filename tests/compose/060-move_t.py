#!/usr/bin/env python3
"""From `make run` into the production stack, by the commands of docs/OPERATIONS.md: keys, history and sums come along."""

import json
import os
import re
import signal
import subprocess

import images
import podman
import stack
import tap
import world
from client import chat_body, http_call, request_headers
from mockserver import Mock
from process import BIN, clean_environment, until

PORT, IMAGE = 8099, "localhost/heimgate:0.1.0"


def commands():
    with open(os.path.join(podman.ROOT, "docs", "OPERATIONS.md"), encoding="utf-8") as file:
        return re.search(r"^```sh\n(podman stop .*?)^```", file.read(), re.M | re.S).group(1)


def chat(port, key):
    body = chat_body("m")
    return http_call(port, "POST", "/v1/chat/completions", body, request_headers(key, body)).status


def run_embedded(tree):
    """A suite with files of its own; the key that was made with it, after three chats that are history."""
    settings = {
        "HEIMGATE_STATE": tree + "/var",
        "HEIMGATE_PORT": str(PORT),
        "HEIMGATE_UPSTREAM": "http://127.0.0.1:11434",
    }
    environment = clean_environment(settings)
    up = subprocess.Popen([BIN + "/heimgate", "up"], env=environment, stdout=subprocess.PIPE, text=True)
    key = next(found.group() for found in (re.search(r"sk-hg-[\w-]+", line) for line in up.stdout) if found)
    tap.is_([chat(PORT, key) for _ in range(3)], [200] * 3, "three chats with a suite of `make run`")

    def rows():
        return podman.run(BIN + "/heimgate", "audit", "tail", "--json", env=environment).count("\n")

    until(lambda: rows() == 4, "history of a key and three chats")
    up.send_signal(signal.SIGINT)
    up.communicate()
    return key


env = world.enter(images.make_all)
mock = Mock("/run", "--address", "0.0.0.0", port=11434)
prod = stack.Stack(stack.copy_tree("/run/tree"), env, "heimgate", "", 8000)
moved = run_embedded(prod.tree)
prod.up(IMAGE=IMAGE)
podman.run("sh", "-euc", commands(), env=env, cwd=prod.tree)
prod.wait_serving()
tap.is_(chat(8000, moved), 200, "the key works in the stack")
until(lambda: prod.tool("audit", "tail", "--json").count(prod.key_id(moved)) == 5, "history of all of it")
usage = [row for row in json.loads(prod.tool("audit", "usage", "--json")) if row["label"] == prod.key_id(moved)]
tap.is_([row["requests"] for row in usage], [4], "and sums of usage")
