#!/usr/bin/env python3
"""Where heimgate-proxyd goes with a request when a target fails: there again, elsewhere, or nowhere."""

import json
import signal
import struct

from alone import Alone, Reader
import nngipc
import suite
import tap
import wire

CHAT, EMBEDDINGS, MESSAGES, SHOW = 0, 2, 14, 20
MANY = 200  # long answers, which are more than a link holds
DEAD = "http://127.0.0.1:1"  # nobody listens there

UPSTREAMS = {
    "one": {"base_url": "MOCK", "kind": "ollama", "local": True, "open_after": 0, "health_interval_ms": 0},
    "two": {"base_url": "MOCK", "kind": "ollama", "open_after": 0, "health_interval_ms": 0},
    "cloud": {"base_url": "MOCK/v1", "kind": "openai", "open_after": 0, "health_interval_ms": 0},
    "dead": {"base_url": DEAD, "kind": "ollama", "open_after": 0, "health_interval_ms": 0},
    "slow": {"base_url": "MOCK", "kind": "ollama", "first_byte_timeout_ms": 60, "open_after": 0, "health_interval_ms": 0},
    "weak": {"base_url": "MOCK", "kind": "ollama", "open_after": 2, "open_ms": 600000, "health_interval_ms": 0},
    "shut": {"base_url": "MOCK", "kind": "ollama", "open_after": 1, "open_ms": 600000, "health_interval_ms": 0},
    "shaky": {"base_url": "MOCK", "kind": "ollama", "open_after": 1, "open_ms": 100, "health_interval_ms": 0},
}


def to(upstream, model=None, **members):
    return {"upstream": upstream, **({"model": model} if model else {}), **members}


def route(*targets, fallbacks=(), **members):
    return {"targets": list(targets), "fallbacks": list(fallbacks), **members}


GOOD = to("two", "good")
FAULTS = ("fault-close-head", "fault-rst-head", "fault-not-http", "fault-html-502", "fault-busy-503", "fault-empty-500",
          "fault-429", "fault-redirect", "fault-gzip", "fault-page")
HEADS = ("fault-redirect", "fault-gzip", "fault-page")  # given up as soon as the head is read
MODELS = {
    "upstreams": UPSTREAMS,
    "models": {
        **{"from-" + fault: route(to("one", fault), fallbacks=[GOOD]) for fault in FAULTS},
        "from-dead": route(to("dead"), fallbacks=[GOOD]),
        "from-slow": route(to("slow", "fault-stall-head"), fallbacks=[GOOD]),
        "from-404": route(to("one", "fault-404"), fallbacks=[GOOD]),
        "from-401": route(to("one", "fault-401"), fallbacks=[GOOD]),
        "from-cut": route(to("one", "stream-9+fault-cut"), fallbacks=[GOOD]),
        "only-429": route(to("one", "fault-busy-503"), fallbacks=[GOOD], fallback_on=["429"]),
        "all-fail": route(to("one", "fault-busy-503"), to("two", "fault-empty-500"), fallbacks=[to("cloud", "fault-html-502")]),
        "lost": route(to("one", "fault-busy-503"), fallbacks=[GOOD, to("one", "near")]),
        "sibling": route(to("one", "fault-busy-503"), to("one", "good"), fallbacks=[GOOD]),
        **{"sibling-" + fault: route(to("one", fault), to("one", "good")) for fault in HEADS},
        "again": route(to("one", "fault-busy-503"), retries=2),
        "too-late": route(to("one", "fault-429"), fallbacks=[GOOD], retries=1),
        "house": route(to("one", "fault-busy-503"), fallbacks=[to("cloud", "good"), to("one", "near")]),
        "away": route(to("cloud", "good")),
        "drained": route(to("one", "fault-busy-503"), fallbacks=[to("two", "good", drain=True), to("cloud", "last")]),
        "weak": route(to("weak", "fault-busy-503"), fallbacks=[GOOD]),
        "weak-alone": route(to("weak", "fine")),
        "shut": route(to("shut", "fault-busy-503"), retries=1),
        "shaky": route(to("shaky", "fine"), fallbacks=[GOOD]),
        "shaky-bad": route(to("shaky", "fault-busy-503")),
        "shaped": route(to("one", "plain", drop_params=["seed", "logit_bias"], set_params={"top_p": 0.5, "stop": ["x"]}),),
        "alias": {"alias": "alias-too"},
        "alias-too": {"alias": "shaped"},
        "long": route(to("one", "size-70000")),
        "dialects": route(to("cloud", "good"), fallbacks=[to("one", "native")]),
    },
}


class Limiterd:
    """Moves leases, unless there is no room at the upstream."""

    def __init__(self, key):
        self.key = key
        self.moves = []
        self.full = set()

    def move(self, number, body):
        reader = Reader(body)
        sealed = reader.take(reader.number(4))
        target, upstream = reader.number(1), reader.text()
        self.moves.append(upstream)
        if upstream in self.full:
            return wire.LIMIT_MOVED, number, nngipc.blob(b"")
        fields = sealed[:32]
        lease = Reader(sealed[32:])
        texts = [lease.text() for _ in range(5)]
        for text in texts[:4] + [upstream]:
            fields += nngipc.text(text)
        fields += struct.pack(">B", target) + lease.body[1:-32]
        return wire.LIMIT_MOVED, number, nngipc.blob(wire.seal(b"L", fields, self.key))


def chat(edge, model, upstream="one", stream=False, **lease):
    return edge.chat(model, stream=stream, lease={"upstream": upstream, **lease})


def served(s, answer):
    record = s.record(answer.sealed)
    return record["upstream"], record["served"]


def fallbacks(s, edge, limiterd):
    for fault in FAULTS:
        for stream in (False, True):
            limiterd.moves.clear()
            answer = chat(edge, "from-" + fault, stream=stream)
            tap.is_((answer.status, served(s, answer)), (200, ("two", "good")), "%s leads to the fallback" % fault)
            tap.is_(limiterd.moves, ["two"], "for which it gets a slot")
    answer = chat(edge, "from-dead", "dead")
    tap.is_((answer.status, served(s, answer)), (200, ("two", "good")), "so does a server that is not there")
    answer = chat(edge, "from-slow", "slow")
    tap.is_((answer.status, served(s, answer)), (200, ("two", "good")), "and one that is silent")
    mark = s.limiterd.mark()
    answer = chat(edge, "from-dead", "dead")
    settled = s.limiterd.wait(wire.LIMIT_SETTLE, mark)[0]
    tap.ok(nngipc.text("two") in settled and nngipc.text("dead") not in settled, "the lease that is settled is the new one")


def no_fallback(s, edge, limiterd):
    limiterd.moves.clear()
    tap.is_(chat(edge, "from-404").status, 404, "what others would answer, too, is told at once")
    tap.is_(chat(edge, "from-401").error["code"], "upstream_auth", "and a credential that is refused")
    answer = chat(edge, "only-429")
    tap.is_(answer.status, 503, "and what the route does not name")
    tap.has(answer.body.decode(), "maximum pending requests exceeded", "in the server's words")
    answer = chat(edge, "from-cut", stream=True)
    tap.ok(answer.status == 200 and b"upstream_error" in answer.body, "never when the answer has begun")
    tap.is_(limiterd.moves, [], "no slot was asked for")


def exhausted(s, edge, limiterd):
    limiterd.moves.clear()
    answer = chat(edge, "all-fail")
    tap.is_(limiterd.moves, ["two", "cloud"], "targets first, then fallbacks, each once")
    tap.is_((answer.status, served(s, answer)), (502, ("cloud", "fault-html-502")), "at last what the last one said")
    limiterd.full.add("two")
    answer = chat(edge, "from-fault-busy-503")
    tap.is_(answer.status, 503, "where there is no slot nobody goes")
    tap.has(answer.body.decode(), "maximum pending requests exceeded", "and the one that failed is heard")
    tap.is_(served(s, answer), ("one", "fault-busy-503"), "and recorded")
    limiterd.full.clear()
    limiterd.moves.clear()
    tap.is_(served(s, chat(edge, "sibling")), ("one", "good"), "another model of the same upstream")
    for fault in HEADS:
        tap.is_(served(s, chat(edge, "sibling-" + fault)), ("one", "good"), "and of one whose head is %s" % fault)
    tap.is_(limiterd.moves, [], "needs no other slot")


def retries(s, edge, limiterd):
    mark = s.mock.mark()
    answer = chat(edge, "again")
    tap.is_((answer.status, s.mock.count(mark, event="request")), (503, 3), "a target is asked again, as often as is said")
    mark = s.mock.mark()
    answer = chat(edge, "too-late", tokens=5)
    tap.is_(s.mock.count(mark, event="request"), 3, "a Retry-After is waited for")
    tap.is_(served(s, answer), ("two", "good"), "and then comes the fallback")


def scopes(s, edge, limiterd):
    local = (True, 0, 0)
    tap.is_(served(s, chat(edge, "house", scope=local)), ("one", "near"), "who may only go to what is local stays there")
    tap.is_(served(s, chat(edge, "house")), ("cloud", "good"), "others go where the route says")
    mark = s.mock.mark()
    answer = chat(edge, "away", "cloud", scope=local)
    tap.is_((answer.status, s.mock.count(mark, event="request")), (404, 0), "not even a lease leads them out")
    tap.is_(served(s, chat(edge, "drained")), ("cloud", "last"), "a target that drains is passed over")


def bodies(s, edge, limiterd):
    wanted = {"top_p": 0.5, "stop": ["x"], "model": "plain"}
    for model in ("shaped", "alias"):
        body = suite.chat_body(model, seed=1, logit_bias={}, temperature=0.7)
        tap.is_(edge.request(body, model=model, upstream="one").status, 200, "a body that is changed")
        sent = json.loads(s.mock.requests()[-1]["body"])
        tap.is_({name: sent.get(name) for name in wanted}, wanted, "has what is set")
        tap.ok("seed" not in sent and "logit_bias" not in sent and sent["temperature"] == 0.7, "and not what is dropped")
    twice = suite.chat_body("shaped", seed=1)[:-1] + b',"seed":2}'
    tap.is_(edge.request(twice, model="shaped", upstream="one").status, 400, "what is said twice cannot be dropped")
    body = suite.chat_body("from-fault-busy-503", user="x" * 100000)
    number = edge.open(body[:32768], length=len(body), end=False, model="from-fault-busy-503", upstream="one")
    for at in range(32768, len(body), 32768):
        piece = body[at:at + 32768]
        edge.send(wire.STREAM_BODY, piece, number, wire.FLAG_END if at + 32768 >= len(body) else 0)
    tap.is_(edge.finish(number).status, 200, "a long body goes twice")
    tap.is_(json.loads(s.mock.requests()[-1]["body"])["user"], "x" * 100000, "whole")


def dialects(s, edge, limiterd):
    answer = edge.request(b'{"name":"dialects"}', model="dialects", route=SHOW, upstream="")
    tap.is_(answer.status, 200, "what costs nothing goes to the first target that offers it")
    answer = edge.request(b'{"name":"sibling-fault-redirect"}', model="sibling-fault-redirect", route=SHOW, upstream="")
    tap.is_(answer.status, 200, "and at once to the next")
    answer = edge.request(suite.chat_body("dialects"), model="dialects", upstream="one", target=1)
    tap.is_(served(s, answer), ("one", "native"), "the leased target is the one that is asked")
    for target, upstream in ((0, "one"), (1, "cloud"), (2, "one"), (255, "one")):
        answer = edge.request(suite.chat_body("dialects"), model="dialects", upstream=upstream, target=target)
        tap.is_(answer.error["code"], "server_is_overloaded", "no other upstream than the target's")


def news(s, upstream, available, since=0):
    wanted = nngipc.text(upstream) + struct.pack(">B", available)
    s.limiterd.wait(wire.LIMIT_UPSTREAM, since, wanted=lambda body: body == wanted)


def circuits(s, edge, limiterd):
    mark = s.limiterd.mark()
    for _ in range(2):
        tap.is_(served(s, chat(edge, "weak", "weak")), ("two", "good"), "an upstream that fails is left for another")
    news(s, "weak", False, mark)
    tap.ok(True, "and after some times limiterd hears that it is given no work")
    seen = s.mock.mark()
    tap.is_(served(s, chat(edge, "weak", "weak")), ("two", "good"), "a lease for it goes on elsewhere")
    tap.is_(s.mock.count(seen, event="request"), 1, "without asking it")
    answer = chat(edge, "weak-alone", "weak")
    tap.is_((answer.status, answer.headers), (503, "retry-after: 1\r\n"), "where there is no other it is said so")
    tap.has(answer.error["message"], "left alone for a moment", "and why")
    tap.is_(edge.health()["weak"], (False, "answered with status 503"), "its health says the same")
    answer = chat(edge, "shut", "shut")
    tap.has(answer.body.decode(), "maximum pending requests exceeded", "what is not asked again is told as it answered")
    mark = s.limiterd.mark()
    tap.is_(chat(edge, "shaky-bad", "shaky").status, 503, "one failure opens another")
    news(s, "shaky", False, mark)
    news(s, "shaky", True, mark)
    tap.is_(served(s, chat(edge, "shaky", "shaky")), ("shaky", "fine"), "after its time one request decides")
    suite.until(lambda: edge.health().get("shaky", (True, ""))[0], "its health")
    tap.ok(True, "that it is well again")


def reloads(s, edge, limiterd):
    mark = s.limiterd.mark()
    s.running["proxyd"].popen.send_signal(signal.SIGHUP)
    news(s, "weak", False, mark)
    tap.is_(chat(edge, "weak-alone", "weak").status, 503, "a reload does not make an upstream well")


def outages(s, edge, limiterd):
    s.limiterd.answers.pop(wire.LIMIT_MOVE)
    mark = s.limiterd.mark()
    number = edge.open(suite.chat_body("from-dead"), model="from-dead", upstream="dead")
    s.limiterd.wait(wire.LIMIT_MOVE, mark)
    tap.is_(edge.finish(number).error["code"], "upstream_unreachable", "nobody waits for a limiterd that says nothing")
    number = edge.open(suite.chat_body("from-dead"), model="from-dead", upstream="dead")
    s.limiterd.wait(wire.LIMIT_MOVE, mark, count=2)
    gone = s.limiterd.mark()
    s.limiterd.break_link()
    answer = edge.finish(number)
    tap.is_(answer.error["code"], "upstream_unreachable", "when limiterd goes nobody waits for a slot")
    news(s, "weak", False, gone)
    gone = s.limiterd.mark()
    number = edge.open(suite.chat_body("lost"), model="lost", upstream="one")
    s.limiterd.wait(wire.LIMIT_MOVE, gone)
    s.limiterd.break_link()
    tap.is_(served(s, edge.finish(number)), ("one", "near"), "but goes on where none is needed")
    news(s, "weak", False, gone)
    number = edge.open(suite.chat_body("from-dead"), model="from-dead", upstream="dead")
    s.limiterd.wait(wire.LIMIT_MOVE, mark, count=4)
    edge.cancel(number)
    tap.ok(s.settlement(edge.leases[number]), "who leaves while waiting settles the lease that was had")
    s.limiterd.pipe.send_frame(wire.LIMIT_MOVED, number, nngipc.blob(edge.leases[number]))
    s.limiterd.pipe.send_frame(wire.LIMIT_MOVED, 999, nngipc.blob(b""))
    number = edge.open(suite.chat_body("from-dead"), model="from-dead", upstream="dead")
    s.limiterd.wait(wire.LIMIT_MOVE, mark, count=5)
    s.limiterd.pipe.send_frame(wire.LIMIT_MOVED, number, nngipc.blob(wire.lease(bytes(32), upstream="two", target=1)))
    tap.is_(edge.finish(number).error["code"], "upstream_unreachable", "a forged lease moves nothing")
    tap.is_(edge.request(suite.chat_body("shaped"), model="shaped", upstream="one").status, 200, "and all goes on")


def ends_while_waiting(s, edge, limiterd):
    """A stream that ends while it waits, and whose end cannot be told, because edge reads nothing."""
    s.limiterd.answers.pop(wire.LIMIT_MOVE)
    mark, seen = s.limiterd.mark(), s.mock.mark()
    number = edge.open(suite.chat_body("from-dead"), model="from-dead", upstream="dead", key_id="gone")
    s.limiterd.wait(wire.LIMIT_MOVE, mark)
    for _ in range(MANY):
        edge.open(suite.chat_body("long"), model="long", upstream="one")
    suite.until(lambda: s.mock.count(seen, event="request") == MANY, "all requests")
    s.limiterd.settle_down()
    s.revoke("gone", 2)
    tap.is_(s.settlement(edge.leases[number])["charged"], False, "a revoked key's stream is over while it waits")
    kind, _number, body = limiterd.move(number, s.limiterd.wait(wire.LIMIT_MOVE, mark)[0])
    seen = s.mock.mark()
    s.limiterd.pipe.send_frame(kind, number, body)
    s.limiterd.settle_down()
    edge.cancel(number)
    s.limiterd.settle_down()
    tap.is_(s.mock.count(seen, event="request"), 0, "and a slot that comes after all leads it nowhere")


def judge(checks, **options):
    with Alone(models=MODELS, **options) as the_one:
        limiterd = Limiterd(the_one.lease_key)
        the_one.limiterd.answers[wire.LIMIT_MOVE] = limiterd.move
        edge = the_one.edge()
        for check in checks:
            check(the_one, edge, limiterd)


judge((fallbacks, no_fallback, exhausted, retries, scopes, bodies, dialects, circuits, reloads, outages))
judge((ends_while_waiting,), env={"HEIMGATE_AUDIT": "best-effort"})  # else so many are not let in
