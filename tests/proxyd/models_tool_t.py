#!/usr/bin/env python3
"""heimgate models: what proxyd knows of its upstreams, and which model goes where."""

import json
import os
import signal
import struct
import subprocess

from alone import Alone

import nngipc
import suite
import tap
import wire

MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "slots": 7, "local": True},
                  "gone": {"base_url": "http://127.0.0.1:1/v1", "kind": "openai", "open_after": 2, "open_ms": 3600000,
                           "health_interval_ms": 0}},
    "models": {"m": {"targets": [{"upstream": "mock", "weight": 3}, {"upstream": "gone", "model": "other", "drain": True}],
                     "fallbacks": [{"upstream": "gone"}]},
               "lost": {"targets": [{"upstream": "gone"}]},
               "n": {"alias": "m"}}}
MOVED = {"upstreams": {"another": {"base_url": "MOCK", "kind": "ollama"}, "mock": {"base_url": "MOCK", "kind": "ollama"}},
         "models": {"*": {"targets": [{"upstream": "mock"}]}}}


def tool(s, *arguments, **env):
    program = os.path.join(suite.BIN, "heimgate-models")
    return subprocess.run([program, *arguments], env=suite.clean_environment(s.settings(env)), capture_output=True,
                          timeout=suite.PATIENCE, check=False, text=True)


def show(s):
    return json.loads(tool(s, "--json").stdout)


def upstream(s, name):
    return next(each for each in show(s)["upstreams"] if each["name"] == name)


def rows(text):
    return [line.split() for line in text.splitlines()]


def check_shown(s):
    done = tool(s)
    tap.is_(done.returncode, 0, "heimgate models prints")
    shown = rows(done.stdout)
    tap.is_(shown[:3], [["UPSTREAM", "KIND", "LOCAL", "STATE", "SLOTS", "IN", "USE", "WAITING", "UNDER", "WAY", "HERE"],
                        ["mock", "ollama", "yes", "well", "7", "0", "0", "0"],
                        ["gone", "openai", "no", "well", "10", "0", "0", "0"]], "the upstreams")
    tap.is_(shown[4:], [["MODEL", "GOES", "TO", "AS", "HOW"],
                        ["lost", "gone", "-", "weight", "1"],
                        ["m", "mock", "-", "weight", "3"],
                        ["gone", "other", "drains"],
                        ["gone", "-", "fallback"],
                        ["n", "-", "m", "alias"]], "and the models")
    tap.is_(tool(s, "show").stdout, done.stdout, "with or without the verb")


def check_requests(s, edge):
    number = edge.open(suite.chat_body("fault-stall-mid", stream=True), model="fault-stall-mid")
    edge.next(number)
    tap.is_(upstream(s, "mock")["requests"], 1, "a request under way")
    s.write_models(MOVED)
    s.running["proxyd"].popen.send_signal(signal.SIGHUP)
    suite.until(lambda: show(s)["upstreams"][0]["name"] == "another", "the new file")
    tap.is_([each["requests"] for each in show(s)["upstreams"]], [0, 1], "is counted where it is, also after a reload")
    edge.cancel(number)
    suite.until(lambda: upstream(s, "mock")["requests"] == 0, "its end")


def check_trouble(s, edge):
    edge.chat("lost", lease={"upstream": "gone"})
    tap.is_(upstream(s, "gone")["state"], "failing", "an upstream that is not there is failing")
    tap.has(tool(s).stdout, "\ngone is failing: ", "and the reason is told")
    edge.chat("lost", lease={"upstream": "gone"})
    tap.is_(upstream(s, "gone")["state"], "open", "as often as open_after says, it is open")


def check_slots(s):
    pool = struct.pack(">III", 9, 5, 2)
    s.limiterd.wait(wire.LIMIT_UPSTREAM)
    s.limiterd.pipe.send_frame(wire.LIMIT_POOL, 0, nngipc.text("mock") + pool)
    s.limiterd.settle_down()
    shown = upstream(s, "mock")
    tap.is_((shown["slots"], shown["in_use"], shown["waiting"]), (9, 5, 2), "slots are what limiterd says of them")


def check_refusals(s):
    for verb, arguments, reason in (("models.show", b'{"x": 1}', b"unknown member"), ("key.list", b"{}", b"only verb"),
                                    ("models.show", b"[", b"bad JSON")):
        done, text = nngipc.call(s.link_path("ctl-proxyd"), verb, arguments)
        tap.ok(not done and reason in text, "%s %s is refused" % (verb, arguments.decode()))
    tap.is_(tool(s, "--nonsense").returncode, 100, "nonsense is a mistake")
    tap.is_(tool(s, HEIMGATE_RUN="/nowhere").returncode, 111, "nobody answers where nobody is")
    tap.has(tool(s, "--help").stdout, "heimgate-models [show] [--json]", "help")


with Alone(models={**MODELS, "models": {**MODELS["models"], "*": {"targets": [{"upstream": "mock"}]}}}) as whole:
    the_edge = whole.edge()
    check_trouble(whole, the_edge)
    check_slots(whole)
    check_requests(whole, the_edge)
with Alone(models=MODELS) as plain:
    check_shown(plain)
    check_refusals(plain)
