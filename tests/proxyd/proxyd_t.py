#!/usr/bin/env python3
"""What heimgate-proxyd says on its links: streams, settlements, records, revocations, health."""

import json
import signal
import struct

from alone import ABORTED, CHUNK_MAX, COMPLETE, CUT, EMBEDDINGS, MODEL, MODELS, WINDOW, Alone, Answer, read_settle
import suite
import tap
import wire


def chats(s, edge):
    answer = edge.chat("m")
    tap.is_((answer.status, answer.trailer["end"], answer.trailer["code"]), (200, COMPLETE, ""), "a chat is answered")
    usage = json.loads(answer.body)["usage"]
    used = usage["prompt_tokens"], usage["completion_tokens"]
    tap.is_((answer.trailer["tokens_in"], answer.trailer["tokens_out"]), used, "the trailer has its tokens")
    tap.is_(answer.length, len(answer.body), "and the head its length")
    settle = s.settlement(answer.sealed)
    tap.is_((settle["tokens"], settle["charged"]), (sum(used), True), "the lease is settled with them")
    record = s.record(answer.sealed)
    tap.is_([record[name] for name in ("kind", "key_id", "client", "action", "model", "served", "upstream", "status", "code",
                                       "tokens_in", "tokens_out", "estimated", "streamed", "bytes_out")],
            [0, "forged0000", "127.0.0.1", "chat.completions", "m", "m", "mock", 200, "", *used, 0, 0, len(answer.body)],
            "and recorded with all that is known")
    answer = edge.chat("m", stream=True)
    tap.ok(answer.streaming and answer.body.endswith(b"data: [DONE]\n\n") and b"usage" not in answer.body,
           "a stream has no usage that was not asked for")
    tap.is_((answer.trailer["tokens_in"], answer.trailer["tokens_out"]), used, "and its tokens are known all the same")
    answer = edge.request(b'{"model":"m","input":"a b c"}', model="m", route=EMBEDDINGS)
    tap.is_((answer.status, answer.trailer["tokens_out"]), (200, 0), "embeddings have no tokens out")


def leases(s, edge):
    body = suite.chat_body("m")
    sealed = wire.lease(s.lease_key)
    tap.is_(edge.request(body, sealed=sealed).status, 200, "a fresh lease")
    tap.is_(edge.request(body, sealed=sealed).fault, wire.REPLAYED, "is good once")
    altered = bytearray(wire.lease(s.lease_key))
    altered[60] ^= 1
    tap.is_(edge.request(body, sealed=bytes(altered)).fault, wire.BAD_SEAL, "an altered one is refused")
    tap.is_(edge.request(body, sealed=wire.lease(bytes(32))).fault, wire.BAD_SEAL, "and a forged one")
    tap.is_(edge.request(body, expires=-1).fault, wire.EXPIRED, "and one out of its time")
    tap.is_(edge.request(body, expires=60000).fault, wire.EXPIRED, "and one that lives longer than leases do")
    answer = edge.request(body, model="other")
    tap.is_((answer.status, answer.error["code"]), (400, "model_mismatch"), "the body must name the model that was leased")
    settle = s.settlement(answer.sealed)
    tap.is_((settle["tokens"], settle["charged"]), (0, False), "what was not asked of an upstream is not charged")
    tap.is_(s.record(answer.sealed)["code"], "model_mismatch", "but recorded")
    answer = edge.request(suite.chat_body(""), model="")
    tap.is_((answer.status, answer.trailer["end"]), (200, COMPLETE), "an answer for a model without a name is no list of models")
    answer = edge.request(body, upstream="elsewhere")
    tap.is_((answer.status, answer.headers), (503, "retry-after: 1\r\n"), "the slot must be of the upstream it goes to")
    for text in (b"{", b"[]", b'{"model":7}', b'{"model":"m","model":"m"}', b'{"model":"m"}x'):
        tap.is_(edge.request(text).status, 400, "a body like %s" % text.decode())


def bodies(s, edge):
    body = suite.chat_body("m", user="x" * 300000)
    number = edge.open(body[:CHUNK_MAX], length=len(body), end=False)
    sent, credit = CHUNK_MAX, WINDOW - CHUNK_MAX
    while sent < len(body):
        while credit < CHUNK_MAX:
            credit += struct.unpack(">I", edge.next(number, wire.STREAM_CREDIT)[1])[0]
        piece = body[sent:sent + CHUNK_MAX]
        sent, credit = sent + len(piece), credit - len(piece)
        edge.send(wire.STREAM_BODY, piece, number, wire.FLAG_END if sent == len(body) else 0)
    tap.is_(edge.finish(number).status, 200, "a large body comes in pieces, against credit")
    tap.is_(s.mock.requests()[-1]["body"], body, "and goes on as it came")
    tap.is_(edge.request(body[:100], length=50).fault, wire.BAD_VALUE, "a body longer than was said")
    tap.is_(edge.request(body[:100], length=200).fault, wire.BAD_VALUE, "and one that ends too early")
    tap.is_(edge.request(length=1 << 40, end=False).status, 413, "and one that is larger than is allowed")


def slow_client(s, edge):
    number = edge.open(suite.chat_body("fault-huge", stream=True), model="fault-huge")
    answer = Answer()
    while len(answer.body) < WINDOW:
        answer.take(*edge.next(number))
    before = s.running["proxyd"].resident_kib()
    tap.is_(edge.health()["sandbox"][0], True, "while a client takes nothing, others are served")
    tap.is_(len(answer.body), WINDOW, "and no more than the window is sent")
    tap.ok(s.running["proxyd"].resident_kib() < before + 1024, "nor kept")
    edge.credit(number, len(answer.body))
    answer = edge.finish(number, answer)
    tap.ok(answer.trailer["end"] == COMPLETE and len(answer.body) > 16 << 20, "then the rest comes (%d bytes)" % len(answer.body))


def deaf_edge(s):
    """More answers than are kept for an edge that reads nothing; then it reads."""
    edge, model, answers, seen = s.edge(), "size-15000", {}, set()
    for _ in range(30):
        mark = s.limiterd.mark()
        answers.update((edge.open(suite.chat_body(model), model=model), Answer()) for _ in range(50))
        s.limiterd.wait(wire.LIMIT_SETTLE, mark, 50)
    mark = s.limiterd.mark()
    answers[edge.open(length=1 << 40, end=False)] = Answer()  # which is refused
    s.limiterd.wait(wire.LIMIT_SETTLE, mark)
    while not all(answer.trailer for answer in answers.values()):
        kind, number, body = edge.receive()
        answer = answers[number]
        headless = kind == wire.STREAM_DATA and answer.status is None
        if answer.take(kind, body):
            whole = answer.status == 200 and len(answer.body) == answer.length
            seen.add(("whole" if whole else "lacking", answer.trailer["end"]))
        if headless:
            seen.add("data without a head")
    tap.is_(seen, {("whole", COMPLETE), ("lacking", ABORTED)}, "an answer that finds no room on the link is not told as a whole one")
    edge.close()


def cancelled(s, edge):
    mark = s.mock.mark()
    number = edge.open(suite.chat_body("stream-1000x100", stream=True), model="stream-1000x100")
    for _ in range(10):
        edge.next(number, wire.STREAM_DATA)
    edge.cancel(number)
    s.mock.wait(mark, event="peer-closed")
    sealed = edge.leases[number]
    record = s.record(sealed)
    tap.is_((record["status"], record["estimated"]), (499, 1), "a cancelled stream is recorded as what was seen of it")
    tap.is_(s.settlement(sealed)["tokens"], record["tokens_in"] + record["tokens_out"], "and settled likewise")
    edge.send(wire.STREAM_CREDIT, struct.pack(">I", 5), number)
    edge.cancel(number)
    edge.send(wire.STREAM_BODY, b"x", number)
    tap.is_(edge.chat("m").status, 200, "what was still on its way to it does no harm")


def revoked(s, edge):
    body = suite.chat_body("stream-1000x100", stream=True)
    numbers = [edge.open(body, model="stream-1000x100", key_id=key, generation=generation)
               for key, generation in (("gone", 1), ("gone", 2), ("other", 1))]
    for number in numbers:
        edge.next(number, wire.STREAM_DATA)
    mark = s.mock.mark()
    authd = s.revoke("gone", 2)
    answer = edge.finish(numbers[0])
    last = answer.body.split(b"\n\n")[-2]
    tap.is_(answer.trailer["end"], CUT, "a revoked key's stream is ended")
    tap.is_(json.loads(last[6:])["error"]["code"], "invalid_api_key", "with an event that says so")
    s.mock.wait(mark, event="peer-closed")
    answer = edge.chat("m", lease={"key_id": "gone", "generation": 1})
    tap.is_((answer.status, answer.error["code"]), (401, "invalid_api_key"), "its leases are void")
    tap.is_(edge.chat("m", lease={"key_id": "gone", "generation": 2}).status, 200, "those of the next generation are not")
    for number in numbers[1:]:
        edge.next(number, wire.STREAM_DATA)
        edge.cancel(number)
    tap.ok(True, "and other streams go on")
    number = edge.open(suite.chat_body("fault-stall-head"), model="fault-stall-head", key_id="late")
    s.mock.wait(mark, event="request", model="fault-stall-head")
    authd.close()
    s.revoke("late", 2).close()
    tap.is_(edge.finish(number).status, 401, "an answer that has not begun becomes 401")


def settles(s, edge):
    s.limiterd.answering = False
    leased = [edge.chat("m").sealed for _ in range(3)]
    for sealed in leased:
        s.settlement(sealed)
    mark = s.limiterd.mark()
    s.limiterd.answering = True
    s.limiterd.break_link()
    again = s.limiterd.wait(wire.LIMIT_SETTLE, mark, 3, lambda body: read_settle(body)["lease"] in leased)
    tap.is_([read_settle(body)["lease"] for body in again], leased, "what limiterd has not settled is sent again when the link is back")
    s.limiterd.settle_down()
    mark = s.limiterd.mark()
    s.limiterd.break_link()
    sealed = edge.chat("m").sealed
    s.settlement(sealed)
    told = {read_settle(body)["lease"] for body in s.limiterd.wait(wire.LIMIT_SETTLE, mark)}
    tap.ok(sealed in told and not told.intersection(leased), "what it has settled is not")


def keeps(s, edge):
    number = edge.open(suite.chat_body("stream-1000x10", stream=True), model="stream-1000x10")
    s.limiterd.wait(wire.LIMIT_KEEP, count=2, wanted=lambda body: body == edge.leases[number])
    tap.ok(True, "the lease of a long stream is kept, each second")
    edge.cancel(number)
    number = edge.open(suite.chat_body("fault-stall-head"), model="fault-stall-head")
    edge.health()  # now it is open
    s.limiterd.break_link()
    s.limiterd.wait(wire.LIMIT_KEEP, wanted=lambda body: body == edge.leases[number])
    tap.ok(True, "and that of any stream when the link is back")
    edge.cancel(number)


def ends_of_answers(s, edge):
    answer = edge.chat("fault-cut+after-300+stream-600+size-200")
    tap.is_((answer.status, answer.trailer["end"]), (200, ABORTED), "a long answer that is cut cannot be ended well")
    tap.ok(len(answer.body) < answer.length, "and lacks what was announced")
    answer = edge.chat("fault-cut")
    tap.is_((answer.status, answer.error["code"]), (502, "upstream_error"), "a short one becomes an error")
    answer = edge.chat("fault-cut", stream=True)
    tap.is_((answer.status, answer.trailer["end"], answer.trailer["code"]), (200, CUT, "upstream_error"), "a stream gets an event")
    tap.is_((s.record(answer.sealed)["status"], s.record(answer.sealed)["code"]), (200, "upstream_error"), "and its record says so")
    tap.ok(s.settlement(answer.sealed)["charged"], "and what came is charged")
    answer = edge.chat("fault-404")
    tap.is_(answer.trailer["code"], "upstream_error", "an upstream's error")
    tap.is_((s.settlement(answer.sealed)["tokens"], s.record(answer.sealed)["status"]), (0, 404), "costs no tokens")


def edge_gone(s):
    edge = s.edge()
    mark = s.mock.mark()
    numbers = [edge.open(suite.chat_body("fault-stall-head"), model="fault-stall-head") for _ in range(3)]
    suite.until(lambda: s.mock.count(mark, event="request") == 3, "three requests")
    edge.close()
    suite.until(lambda: s.mock.count(mark, event="peer-closed") == 3, "the end of all three")
    tap.is_({s.record(edge.leases[number])["status"] for number in numbers}, {499}, "when edge is gone, its clients are")
    tap.ok(all(s.settlement(edge.leases[number])["charged"] for number in numbers), "and their slots are given back")


def garbage(s, edge):
    tap.is_(edge.refusal(wire.STREAM_OPEN, b""), wire.TRUNCATED, "an empty OPEN")
    tap.is_(edge.refusal(wire.STREAM_CREDIT, b"123"), wire.TRUNCATED, "a CREDIT with less in it")
    tap.is_(edge.refusal(wire.STREAM_TRAILER, bytes(20)), wire.BAD_SENDER, "a message that is not edge's to send")
    number = edge.open(suite.chat_body("fault-stall-head"), model="fault-stall-head")
    sealed = wire.lease(s.lease_key)
    edge.send(wire.STREAM_OPEN, wire.stream_open(sealed, b"{}"), number, wire.FLAG_END)
    tap.is_(struct.unpack(">H", edge.next(number, wire.FAULT)[1][:2])[0], wire.BAD_VALUE, "an id that is in use")
    edge.cancel(number)
    tap.is_(edge.chat("m").status, 200, "and all goes on")


def ids(answer):
    return [model["id"] for model in json.loads(answer.body)["data"]]


MODELS_FILE = {"upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "warm": ["big"]},
                             "cloud": {"base_url": "MOCK/v1", "kind": "openai", "api_key_file": "SECRET"},
                             "closed": {"base_url": "http://127.0.0.1:1", "kind": "openai"}},
               "models": {"small": {"targets": [{"upstream": "mock", "model": "the \"small\" one"}]},
                          "paid": {"targets": [{"upstream": "cloud", "model": "gpt"}]},
                          "dead": {"targets": [{"upstream": "closed"}]},
                          "*": {"targets": [{"upstream": "mock"}]}}}


def routes(s, edge):
    tap.is_(s.mock.wait(event="request", path="/api/generate")["model"], "big", "models are loaded at start")
    tap.is_(json.loads(s.mock.requests()[0]["body"]), {"model": "big", "keep_alive": -1}, "and kept")
    edge.chat("small", seed=1)
    seen = s.mock.requests()[-1]
    tap.is_(seen["body"], suite.chat_body("small", stream=False, seed=1).replace(b'"small"', b'"the \\"small\\" one"', 1),
            "an alias is spliced in, and nothing else changes")
    tap.ok(b"authorization" not in seen["head"].lower(), "an upstream without a credential gets none")
    edge.chat("paid", lease={"upstream": "cloud"})
    seen = s.mock.requests()[-1]
    head = seen["head"].lower()
    tap.is_((seen["path"], json.loads(seen["body"])["model"]), ("/v1/chat/completions", "gpt"), "a base_url that ends with /v1")
    tap.ok(b"\r\nauthorization: bearer sk-canary\r\n" in head, "gets its credential from a file")
    tap.ok(b"\r\naccept-encoding: identity\r\n" in head, "identity is asked for")
    edge.chat("small", stream=True)
    seen = s.mock.requests()[-1]
    tap.is_(json.loads(seen["body"])["stream_options"], {"include_usage": True}, "the usage is asked for in a stream")
    answer = edge.chat("dead", lease={"upstream": "closed"})
    tap.is_((answer.status, answer.error["code"]), (502, "upstream_unreachable"), "an upstream that refuses")
    tap.ok(not s.settlement(answer.sealed)["charged"], "charges nothing")
    health = edge.health()
    tap.ok(not health["closed"][0] and health["mock"][0] and health["cloud"][0], "and is not well")
    tap.ok("127.0.0.1" not in str(health), "which does not tell where it is")


def catalogue(s, edge):
    listed = ids(edge.request(route=MODELS, model="", upstream=""))
    tap.is_(listed[:3], ["dead", "paid", "small"], "configured names stand in the list of models")
    tap.ok(len(listed) > 3 and "*" not in listed, "and those of the upstream of *")
    tap.is_(ids(edge.request(route=MODELS, model="", upstream="", models="paid\n" + listed[-1])), ["paid", listed[-1]],
            "a key sees those it may use")
    one = edge.request(route=MODEL, model=listed[-1], upstream="")
    tap.is_(json.loads(one.body)["id"], listed[-1], "one can be asked for")
    one = edge.request(route=MODEL, model="no-such", upstream="")
    tap.is_((one.status, one.error["code"], one.error["param"]), (404, "model_not_found", "model"), "or is not there")
    answer = edge.request(route=MODEL, model="paid", upstream="")
    tap.is_(answer.status, 200, "a configured one needs no upstream")
    settle, record = s.settlement(answer.sealed), s.record(answer.sealed)
    tap.is_((settle["tokens"], settle["charged"], record["action"]), (0, True, "models.retrieve"), "a list costs no tokens")


def reload(s, edge):
    number = edge.open(suite.chat_body("stream-60x20", stream=True), model="stream-60x20")
    proxyd = s.running["proxyd"]
    with open(s.models_path, "w", encoding="utf-8") as file:
        file.write("{}")
    proxyd.popen.send_signal(signal.SIGHUP)
    suite.until(lambda: "event=reload-refused" in s.log("proxyd"), "the refusal")
    tap.is_(edge.chat("paid", lease={"upstream": "cloud"}).status, 200, "a bad models.json is refused and the running one stays")
    tap.is_(edge.health()["models"], (True, "the last reload was refused"), "which is told")
    s.write_models({"upstreams": {"new": {"base_url": "MOCK", "kind": "openai"}},
                    "models": {"m": {"targets": [{"upstream": "new"}]}}})
    proxyd.popen.send_signal(signal.SIGHUP)
    suite.until(lambda: "event=reloaded" in s.log("proxyd"), "the reload")
    tap.is_(edge.finish(number).trailer["end"], COMPLETE, "a stream goes on with the one it began with")
    tap.is_(edge.chat("m", lease={"upstream": "new"}).status, 200, "new ones use the new one")
    tap.is_(edge.chat("paid", lease={"upstream": "cloud"}).status, 404, "and what it does not name is gone")
    tap.is_(ids(edge.request(route=MODELS, model="", upstream="")), ["m"], "without * the list is what is configured")


def audit_required():
    models = {"upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama"}}, "models": {"m": {"targets": [{"upstream": "mock"}]}}}
    with Alone(models=models) as s:
        edge = s.edge()
        s.auditd.answering = False
        statuses = [edge.request(route=MODELS, model="", upstream="").status for _ in range(8192)]
        tap.is_(set(statuses), {200}, "while auditd does not answer, records wait")
        answer = edge.request(route=MODELS, model="", upstream="")
        tap.is_((answer.status, answer.error["code"]), (503, "audit_unavailable"), "until there is no room for one more")
        tap.ok(not s.settlement(answer.sealed)["charged"], "which charges nothing")
        s.auditd.answering = True
        s.auditd.break_link()
        suite.until(lambda: edge.request(route=MODELS, model="", upstream="").status == 200, "service")
        tap.ok(True, "and again when it does")
    with Alone(models=models, env={"HEIMGATE_AUDIT": "best-effort"}) as s:
        edge = s.edge()
        s.auditd.answering = False
        statuses = [edge.request(route=MODELS, model="", upstream="").status for _ in range(4200)]
        tap.is_(set(statuses), {200}, "best-effort loses records instead")


def bounds():
    env = {"HEIMGATE_STREAMS": "3", "HEIMGATE_BODY_MAX": "4096", "HEIMGATE_BODY_TOTAL": "6000"}
    with Alone(env=env) as s:
        edge = s.edge()
        stalled = suite.chat_body("fault-stall-head", user="x" * 2000)
        numbers = [edge.open(stalled, model="fault-stall-head") for _ in range(2)]
        answer = edge.chat("m", user="x" * 2500)
        tap.is_((answer.status, answer.error["code"]), (503, "server_is_overloaded"), "bodies have a bound together")
        numbers.append(edge.open(suite.chat_body("fault-stall-head"), model="fault-stall-head"))
        tap.is_(edge.chat("m").status, 503, "and so have streams")
        edge.cancel(numbers[0])
        tap.is_(edge.chat("m").status, 200, "the end of one makes room")
        for number in numbers[1:]:
            edge.cancel(number)
        leased = [edge.chat("m").status for _ in range(300)]
        tap.is_(set(leased), {200}, "and nothing is left behind")


with Alone() as the_one:
    the_edge = the_one.edge()
    for check in (chats, leases, bodies, slow_client, cancelled, revoked, settles, keeps, ends_of_answers, garbage):
        check(the_one, the_edge)
    the_edge.close()
    edge_gone(the_one)
    again = the_one.edge()
    tap.is_(again.chat("m").status, 200, "edge comes back")

with Alone(env={"HEIMGATE_STREAMS": "2048"}) as the_one:
    deaf_edge(the_one)

with Alone(models=MODELS_FILE) as the_one:
    the_edge = the_one.edge()
    for check in (routes, catalogue, reload):
        check(the_one, the_edge)

audit_required()
bounds()
