#!/usr/bin/env python3
"""What heimgate-proxyd finds out about upstreams that nobody asks for anything, and what it tells limiterd of them."""

import json
import signal
import struct

from alone import Alone, Reader
import nngipc
import suite
import tap
import wire

PORT = suite.free_port()
OFTEN = {"health_interval_ms": 1}
MODELS = {
    "upstreams": {
        "ollama": {"base_url": "MOCK", "kind": "ollama", **OFTEN},
        "openai": {"base_url": "MOCK/v1", "kind": "openai", **OFTEN},
        "own": {"base_url": "MOCK/v1", "kind": "openai", "health_path": "/v1/models/own", **OFTEN},
        "never": {"base_url": "MOCK/never/v1", "kind": "openai", "health_interval_ms": 0},
        "late": {"base_url": "http://127.0.0.1:%d" % PORT, "kind": "ollama", "open_after": 1, "open_ms": 1, **OFTEN},
    },
    "models": {
        "*": {"targets": [{"upstream": "ollama"}], "fallbacks": [{"upstream": "openai"}]},
        "late": {"targets": [{"upstream": "late"}]},
    },
}


def news(s, upstream, available, since=0):
    wanted = nngipc.text(upstream) + struct.pack(">B", available)
    s.limiterd.wait(wire.LIMIT_UPSTREAM, since, wanted=lambda body: body == wanted)


def asked(s, edge):
    for method, path in (("GET", "/v1/models"), ("GET", "/v1/models/own")):
        s.mock.wait(event="request", method=method, path=path)
        tap.ok(True, "%s is asked" % path)
    tap.is_(s.mock.count(event="request", method="POST"), 0, "nothing is generated")
    tap.is_(s.mock.count(event="request", path="/never/v1/models"), 0, "who is not to be asked is not")


def offers(s, edge):
    def names(body):
        reader = Reader(body)
        name = reader.text()
        return name, reader.take(reader.number(4)).decode().split("\n")
    ids = [model["id"] for model in json.loads(suite.http_call(s.mock.port, "GET", "/v1/models").body)["data"]]
    for upstream in ("ollama", "openai"):
        offer = s.limiterd.wait(wire.LIMIT_OFFER, wanted=lambda body, upstream=upstream: names(body)[0] == upstream)[0]
        tap.is_(names(offer), (upstream, ids), "limiterd hears what %s lists" % upstream)
    mark = s.limiterd.mark()
    s.limiterd.break_link()
    s.limiterd.wait(wire.LIMIT_OFFER, mark, count=2)
    tap.ok(True, "and again when it comes back")


def pools(s, edge):
    s.limiterd.pipe.send_frame(wire.LIMIT_POOL, 0, nngipc.text("nobody") + struct.pack(">III", 1, 2, 3))
    s.limiterd.pipe.send_frame(wire.LIMIT_POOL, 0, nngipc.text("own") + struct.pack(">III", 10, 7, 3))
    s.limiterd.settle_down()
    tap.ok(edge.health()["sandbox"][0], "what limiterd says of slots is taken in")


def comes_late(s, edge):
    news(s, "late", False)
    tap.ok(True, "a server that is not there is given no work, before anybody asked for it")
    tap.is_(edge.health()["late"][0], False, "its health says so")
    mark = s.limiterd.mark()
    server = suite.Mock(s.directory, port=PORT)
    news(s, "late", True, mark)
    suite.until(lambda: edge.health().get("late", (True, ""))[0], "its health")
    tap.ok(True, "until it comes")
    tap.ok("event=upstream-well upstream=\"late\"" in s.log("proxyd"), "which is logged")
    tap.is_(edge.chat("late", lease={"upstream": "late"}).status, 200, "and then works")
    server.end()


def reloads(s, edge):
    mark = s.mock.mark()
    s.write_models({"upstreams": {"new": {"base_url": "MOCK/new/v1", "kind": "openai", **OFTEN}},
                    "models": {"m": {"targets": [{"upstream": "new"}]}}})
    s.running["proxyd"].popen.send_signal(signal.SIGHUP)
    s.mock.wait(mark, event="request", path="/new/v1/models")
    tap.ok(True, "a new upstream is asked, too")


with Alone(models=MODELS) as the_one:
    the_edge = the_one.edge()
    for check in (asked, offers, pools, comes_late, reloads):
        check(the_one, the_edge)
