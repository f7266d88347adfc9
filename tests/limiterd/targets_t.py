#!/usr/bin/env python3
"""Where heimgate-limiterd sends requests: shares, news of upstreams, and leases that go on elsewhere."""

import signal
import struct
from collections import Counter

from alone import (BAD_SEAL, FAULT, MODELS, MOVE, MOVED, OFFER, SETTLE, SETTLED, TRUNCATED, Limiterd, move_body,
                   read_moved, seal)
import nngipc
import suite
import tap

HERE = {"base_url": "http://127.0.0.1:1", "kind": "openai", "acquire_timeout_ms": 30000}
UPSTREAMS = {"left": {**HERE, "slots": 1}, "right": {**HERE, "slots": 1},
             "many": {**HERE, "slots": 1000, "local": True}, "more": {**HERE, "slots": 1000, "local": False}}


def to(*names, **weights):
    return [{"upstream": name, **({"weight": weights[name]} if name in weights else {})} for name in names]


ROUTES = {"weighted": {"targets": to("many", "more", many=3)},
          "pair": {"targets": to("left"), "fallbacks": to("right", "many")},
          "only": {"targets": to("right")},
          "*": {"targets": to("many", "more")}}


def served(edge, limiterd, model, times=1, **grant):
    """How often each upstream is chosen."""
    return Counter(edge.ask(limiterd.grant("s", **grant), model=model)["upstream"] for _ in range(times))


def shares(limiterd):
    edge = limiterd.edge()
    tap.is_(served(edge, limiterd, "weighted", 100), {"many": 75, "more": 25}, "100 takes are shared by weight")
    leases = [edge.ask(limiterd.grant("s"), model="weighted") for _ in range(4)]
    tap.ok(all(lease["upstream"] == ("many", "more")[lease["target"]] for lease in leases),
           "a lease says which target that is")
    local = served(edge, limiterd, "weighted", 20, scope=(True, 0, 0))
    tap.is_(local, {"many": 20}, "what must stay in the house does")
    edge.close()


def availability(limiterd):
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    tap.is_(proxyd.tell("left"), (1, 0, 0), "how an upstream's slots stand is told")
    first = edge.ask(limiterd.grant("a"), model="pair")
    edge.send(limiterd.grant("b"), model="pair")
    suite.until(lambda: proxyd.tell("left") == (1, 1, 1), "one to wait")
    tap.ok(True, "what is in use, and who waits")
    proxyd.settle(first["sealed"], 1)
    proxyd.settle(edge.receive()[1]["sealed"], 1)
    tap.is_(proxyd.tell("nobody", False), (0, 0, 0), "of an unknown one there are none")
    proxyd.tell("left", False)
    tap.is_(served(edge, limiterd, "pair"), {"right": 1}, "an upstream that is not available is given no work")
    proxyd.tell("right", False)
    tap.is_(served(edge, limiterd, "pair", 3), {"many": 3}, "nor is a fallback")
    limiterd.reload(UPSTREAMS, {**ROUTES, "new": ROUTES["only"]})
    tap.is_(served(edge, limiterd, "pair", 3), {"many": 3}, "also after models.json was read again")
    proxyd.close()
    suite.until(lambda: not edge.health()["link-proxyd"][0], "proxyd to be gone")
    tap.is_(served(edge, limiterd, "pair"), {"left": 1}, "without proxyd all are available")
    edge.close()


def offers(limiterd):
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    tap.is_(served(edge, limiterd, "any", 10), {"many": 5, "more": 5}, "while no list is known all are asked")
    proxyd.offer("more", "x", "gemma", "any:latest")
    proxyd.tell("more")
    tap.is_(served(edge, limiterd, "any", 10), {"more": 10}, "then who lists the model")
    proxyd.offer("more", *("model-%d" % i for i in range(4000)))
    proxyd.offer("many", "any")
    proxyd.tell("more")
    tap.is_(served(edge, limiterd, "any", 10), {"many": 10}, "by the list that came last")
    proxyd.pipe.send_frame(OFFER, 9, nngipc.text("many") + nngipc.blob(b"x" * 49153))
    tap.is_(proxyd.pipe.receive_frame()[0], FAULT, "a list that is too long is refused")
    proxyd.offer("many", "any\0", "\n", "")
    proxyd.tell("many")
    tap.is_(served(edge, limiterd, "else", 10), {"many": 5, "more": 5}, "odd names are nobody's")
    proxyd.close()
    suite.until(lambda: not edge.health()["link-proxyd"][0], "proxyd to be gone")
    tap.is_(served(edge, limiterd, "any", 10), {"many": 5, "more": 5}, "without proxyd no list is known")
    edge.close()


def moves(limiterd):
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    lease = edge.ask(limiterd.grant("m", rpm=100), model="pair")
    moved = proxyd.move(lease["sealed"], 1, "right")
    tap.is_((moved["upstream"], moved["target"]), ("right", 1), "a lease goes on at another target")
    same = ("id", "request_id", "key_id", "models", "model", "tokens", "scope", "generation", "route")
    tap.is_([moved[name] for name in same], [lease[name] for name in same], "and is the same otherwise")
    tap.ok(moved["expires"] >= lease["expires"], "for as long as a fresh one")
    tap.is_(moved["sealed"], seal(b"L", moved["sealed"][:-32], limiterd.lease_key), "sealed anew")
    tap.is_((proxyd.tell("left"), proxyd.tell("right")), ((1, 0, 0), (1, 1, 0)), "its slot is exchanged")
    tap.is_(proxyd.move(lease["sealed"], 1, "right")["upstream"], "right", "a move may be said again")
    other = edge.ask(limiterd.grant("m"), model="pair")
    tap.is_(proxyd.move(other["sealed"], 1, "right"), None, "without a slot it stays where it is")
    tap.is_(proxyd.tell("left"), (1, 1, 0), "and keeps its slot")
    number = edge.send(limiterd.grant("n"), model="pair")
    suite.until(lambda: limiterd.pool("left")["waiting"] == 1, "one to wait")
    tap.is_(proxyd.move(other["sealed"], 2, "many")["upstream"], "many", "or goes where there is one")
    answered, waiter = edge.receive()
    tap.is_((answered, waiter["upstream"]), (number, "left"), "and who waited gets its slot")
    proxyd.keep(lease["sealed"])
    for done in (lease, other, waiter):
        tap.is_(proxyd.settle(done["sealed"], 5), SETTLED, "settled by what it was, too")
    tap.is_([proxyd.tell(name)[1] for name in ("left", "right")], [0, 0], "nothing is left in use")
    tap.is_(proxyd.move(moved["sealed"], 0, "left"), None, "what is settled is not moved")
    for pipe in (edge, proxyd):
        pipe.close()


def hostile(limiterd):
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    lease = edge.ask(limiterd.grant("h", models="pair"), model="pair")
    sealed = lease["sealed"]
    altered = sealed[:100] + bytes([sealed[100] ^ 1]) + sealed[101:]
    for forged, what in ((altered, "an altered lease"), (seal(b"L", sealed[:-32], bytes(32)), "a forged one"),
                         (seal(b"G", sealed[:-32], limiterd.lease_key), "one sealed as something else")):
        tap.is_(proxyd.move(forged, 1, "right"), BAD_SEAL, "%s is refused" % what)
    tap.is_(proxyd.move(b"", 1, "right"), TRUNCATED, "and so is none")
    wrong = ((0, "right"), (1, "left"), (3, "many"), (255, "right"), (1, "nobody"), (1, ""), (1, "more"))
    for target, upstream in wrong:
        tap.is_(proxyd.move(sealed, target, upstream), None, "target %d is not %s" % (target, upstream or "nothing"))
    proxyd.pipe.send_frame(MOVE, 1, move_body(sealed, 1, "right") + b"x")
    tap.is_(proxyd.pipe.receive_frame()[0], FAULT, "bytes left over are refused")
    edge.pipe.send_frame(MOVE, 1, move_body(sealed, 1, "right"))
    tap.ok("fault" in edge.receive()[1], "edge moves nothing")
    tap.is_([proxyd.tell(name)[1] for name in ("left", "right")], [1, 0], "and everything stays")
    local = edge.ask(limiterd.grant("h", scope=(True, 0, 0)), model="weighted")
    tap.is_(proxyd.move(local["sealed"], 1, "more"), None, "what must stay in the house does")
    listed = edge.ask(limiterd.grant("h"), route=MODELS, model="")
    tap.is_(proxyd.move(listed["sealed"], 0, "many"), None, "what has no slot takes none")
    limiterd.reload(UPSTREAMS, {"*": ROUTES["*"]})
    tap.is_(proxyd.move(sealed, 1, "right"), None, "a target that models.json has no more is none")
    limiterd.reload(UPSTREAMS, ROUTES)
    tap.is_(proxyd.move(sealed, 1, "right")["upstream"], "right", "until it has it again")
    for done in (lease, local, listed):
        proxyd.settle(done["sealed"], 1)
    for pipe in (edge, proxyd):
        pipe.close()


def races(limiterd):
    """Moves and settlements that cross, within one message and in both orders."""
    edge, proxyd = limiterd.edge(), limiterd.proxyd()
    for turn in range(40):
        lease = edge.ask(limiterd.grant("r"), model="pair")
        settle = nngipc.frame(SETTLE, 1000, nngipc.blob(lease["sealed"]) + struct.pack(">QB", 5, 1))
        there = nngipc.frame(MOVE, 1001, move_body(lease["sealed"], 1, "right"))
        back = nngipc.frame(MOVE, 1002, move_body(lease["sealed"], 0, "left"))
        proxyd.pipe.send(b"".join(((there, settle, back), (settle, there, back), (there, back, settle),
                                   (there, there, settle))[turn % 4]))
        answers = [proxyd.pipe.receive_frame() for _ in range(3)]
        settled = [kind for kind, _, _ in answers].index(SETTLED)
        assert all((read_moved(kind, body) is not None) == (place < settled)
                   for place, (kind, _, body) in enumerate(answers) if kind == MOVED)
    left_over = [limiterd.pool(name)["in_use"] for name in ("left", "right")]
    tap.is_(left_over, [0, 0], "moves that cross settlements leave nothing in use")
    tap.is_(limiterd.key("r")["running"], 0, "in no order")
    for pipe in (edge, proxyd):
        pipe.close()


def adoption(limiterd):
    edge = limiterd.edge()
    lease = edge.ask(limiterd.grant("k"), model="pair")
    limiterd.restart()
    proxyd = limiterd.proxyd()
    moved = proxyd.move(lease["sealed"], 1, "right")
    tap.is_(moved["upstream"], "right", "a lease of before a restart is adopted and moved")
    tap.is_([limiterd.pool(name)["in_use"] for name in ("left", "right")], [0, 1], "with its slot")
    tap.is_((limiterd.key("k")["running"], proxyd.settle(moved["sealed"], 5)), (1, SETTLED), "and is settled")
    tap.is_(limiterd.pool("right")["in_use"], 0, "once")
    edge.close()
    proxyd.close()


with Limiterd(UPSTREAMS, ROUTES) as alone:
    for check in (shares, availability, offers):
        check(alone)
        alone.stop(signal.SIGTERM)
        alone.start()
    for check in (moves, hostile, races, adoption):
        check(alone)
