#!/usr/bin/env python3
"""Routes through all daemons: shares, fallbacks, slots, drain, circuits, discovery, keys that stay in the house."""

import json
import signal
import tempfile

import suite
import tap

DEAD = "http://127.0.0.1:%d" % suite.free_port()


def upstream(base_url="MOCK", kind="ollama", **members):
    return {"base_url": base_url, "kind": kind, "health_interval_ms": 0, **members}


def to(upstream_name, model=None, **members):
    return {"upstream": upstream_name, **({"model": model} if model else {}), **members}


UPSTREAMS = {
    "near": upstream(local=True, slots=2, acquire_timeout_ms=0),
    "far": upstream("MOCK/v1", "openai"),
    "dead": upstream(DEAD),
    "weak": upstream(DEAD, open_after=2, open_ms=600000),
}
ROUTES = {
    "shared": {"targets": [to("near", "a", weight=3), to("far", "b")]},
    "hybrid": {"targets": [to("near", "fault-busy-503")], "fallbacks": [to("far", "cloud-model")]},
    "gone": {"targets": [to("dead")], "fallbacks": [to("near", "instead")]},
    "held": {"targets": [to("near", "stream-1000x20")]},
    "spill": {"targets": [to("near", "a"), to("far", "b")]},
    "draining": {"targets": [to("near", "stream-40x20"), to("far", "b")]},
    "weak": {"targets": [to("weak")], "fallbacks": [to("far", "instead")]},
    "mine": {"targets": [to("far", "cloud-model")], "fallbacks": [to("near", "home-model")]},
    "cloud": {"targets": [to("far", "cloud-model")]},
    "nick": {"alias": "hybrid"},
    "*": {"targets": [to("near")]},
}


def chat(s, key, model, **members):
    """Status, and who served it by the record."""
    answer = s.chat(key, model, **members)
    record = suite.until(lambda: s.records(request_id=answer.headers["x-request-id"]), "the record")[0]
    return answer.status, record["upstream"], record["served"]


def shares(s, key):
    served = [chat(s, key, "shared")[2] for _ in range(8)]
    tap.is_((served.count("a"), served.count("b")), (6, 2), "weights share the load")
    tap.is_(chat(s, key, "nick"), (200, "far", "cloud-model"), "an alias goes where its model goes")


def fallbacks(s, key):
    tap.is_(chat(s, key, "hybrid"), (200, "far", "cloud-model"), "a server that fails is replaced by the fallback")
    answer = s.chat(key, "hybrid", stream=True)
    tap.ok(answer.status == 200 and answer.body.endswith(b"data: [DONE]\n\n"), "for streams, too")
    tap.is_(chat(s, key, "gone"), (200, "near", "instead"), "one that is not there as well")
    sitters = [s.stream(key, "held") for _ in range(2)]
    for sitter in sitters:
        sitter.event()
    tap.is_([chat(s, key, "spill")[1] for _ in range(3)], ["far"] * 3, "where one has no slot free the other is asked")
    tap.is_(chat(s, key, "gone")[0], 502, "a fallback without a free slot is none")
    for sitter in sitters:
        sitter.close()
    suite.until(lambda: all(pool["in_use"] == 0 for pool in s.limits()["pools"]), "the slots")
    tap.ok(True, "no slot is lost in all this")


def local_keys(s, key):
    house = s.make_key(local_only=True)
    tap.is_(chat(s, house, "mine"), (200, "near", "home-model"), "a key that stays in the house")
    tap.is_(chat(s, house, "shared")[1], "near", "goes only to what is local")
    tap.is_(chat(s, house, "hybrid")[:2], (503, "near"), "whatever fallbacks a route has")
    answer = s.chat(house, "cloud")
    tap.is_((answer.status, answer.json()["error"]["code"]), (404, "model_not_found"), "and not at all to the rest")
    shown = {model["id"] for model in s.http("GET", "/v1/models", None, house).json()["data"]}
    tap.ok("mine" in shown and "cloud" not in shown, "of which it is not told")
    tap.ok("cloud" in {model["id"] for model in s.http("GET", "/v1/models", None, key).json()["data"]}, "as others are")


def circuits(s, key):
    for _ in range(4):
        tap.is_(chat(s, key, "weak"), (200, "far", "instead"), "a weak server is replaced")
    asked = s.log("proxyd").count('upstream="weak"')
    tap.is_(asked, 2, "and after two failures not asked any more")
    ready = s.http("GET", "/ready").json()
    tap.has(json.dumps(ready), "weak", "which /ready tells")


def reload(s):
    before = {name: s.log(name).count("event=reload") + s.log(name).count("event=models-") for name in ("proxyd", "limiterd")}
    for name in before:
        s.running[name].popen.send_signal(signal.SIGHUP)
    for name, count in before.items():
        suite.until(
            lambda name=name, count=count: s.log(name).count("event=reload") + s.log(name).count("event=models-") > count,
            "the reload of " + name,
        )


def drains(s, key):
    stream = s.stream(key, "draining")
    stream.event()
    drained = {"targets": [to("near", "stream-40x20", drain=True), to("far", "b")]}
    s.write_models({"upstreams": UPSTREAMS, "models": {**ROUTES, "draining": drained}})
    reload(s)
    tap.is_([chat(s, key, "draining")[1] for _ in range(4)], ["far"] * 4, "a target that drains gets nothing new")
    rest, whole = stream.rest()
    tap.ok(whole and rest.endswith(b"data: [DONE]\n\n"), "and ends what it has")
    s.write_models({"upstreams": UPSTREAMS, "models": {"a": {"alias": "b"}, "b": {"alias": "a"}}})
    reload(s)
    tap.has(s.log("proxyd"), "models.a.alias: leads in a circle", "a file that leads in a circle is refused")
    tap.is_(chat(s, key, "draining")[1], "far", "and the running configuration stays")


with suite.Suite(models={"upstreams": UPSTREAMS, "models": ROUTES}) as the_suite:
    the_key = the_suite.make_key()
    for check in (shares, fallbacks, local_keys, circuits, drains):
        check(the_suite, the_key)

# Servers that offer different models, and one name for all others.
with tempfile.TemporaryDirectory() as place:
    other = suite.Mock(place, "--models", "own,another", shape="vllm")
    discovering = {
        "upstreams": {"one": upstream(), "two": upstream(other.url + "/v1", "openai")},
        "models": {"*": {"targets": [to("one"), to("two")]}},
    }
    with suite.Suite(models=discovering) as the_suite:
        the_key = the_suite.make_key()
        listed = {model["id"] for model in the_suite.http("GET", "/v1/models", None, the_key).json()["data"]}
        tap.ok({"own", "llama3.2:latest"} <= listed, "the models of all servers are listed")
        suite.until(
            lambda: all(chat(the_suite, the_key, "own")[1] == "two" for _ in range(3)), "limiterd to know who offers it"
        )
        tap.is_([chat(the_suite, the_key, "own") for _ in range(4)], [(200, "two", "own")] * 4, "each goes to who offers it")
        tap.is_({chat(the_suite, the_key, "llama3.2")[1] for _ in range(4)}, {"one"}, "with or without its tag")
    other.end()
