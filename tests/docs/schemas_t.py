#!/usr/bin/env python3
"""Whatever heimgate says by itself has the form that tests/data/*.json prescribes; every documented error occurs."""

import copy
import http.client
import itertools
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "clients"))
import client_check  # noqa: E402
from client_check import suite, tap  # noqa: E402

client_check.run_with("schemas", os.path.join(ROOT, "tests", "docs", "requirements.txt"), __file__)

import jsonschema  # noqa: E402
import referencing  # noqa: E402

DATA = os.path.join(ROOT, "tests", "data")
SAID = [{"role": "user", "content": "x"}]
CHAT, MESSAGES, NATIVE = "/v1/chat/completions", "/v1/messages", "/api/chat"
DIALECTS = {CHAT: "error-openai", MESSAGES: "error-anthropic", NATIVE: "error-ollama"}
NOWHERE = {CHAT: "/v1/nowhere", MESSAGES: "/v1/messages/nowhere", NATIVE: "/api/nowhere"}
MODELS = {
    "upstreams": {
        "mock": {"base_url": "MOCK", "kind": "ollama", "slots": 64},
        "single": {"base_url": "MOCK", "kind": "ollama", "slots": 1, "acquire_timeout_ms": 0},
        "cloud": {"base_url": "MOCK/v1", "kind": "openai"},
        "closed": {"base_url": "http://127.0.0.1:%d" % suite.free_port(), "kind": "ollama"},
    },
    "models": {
        "alias": {"targets": [{"upstream": "mock", "model": "llama3.2:latest"}]},
        "fault-stall-mid": {"targets": [{"upstream": "single"}]},
        "far": {"targets": [{"upstream": "cloud"}]},
        "closed": {"targets": [{"upstream": "closed"}]},
        "*": {"targets": [{"upstream": "mock"}]},
    },
}
ENV = {
    "HEIMGATE_BODY_MAX": "65536",
    "HEIMGATE_BODY_TIMEOUT_MS": "500",
    "HEIMGATE_FIRST_BYTE_TIMEOUT_MS": "1000",
}

# Documented errors that no request leads to: a body is judged before its lease is asked for, and edge sees to it that
# both name one model; thousands of requests must pass unrecorded first (tests/system/094-auditd-killed.py).
UNPROVOKED = {(400, "model_mismatch"), (503, "audit_unavailable")}


def schemas():
    found = {}
    for name in os.listdir(DATA):
        with open(os.path.join(DATA, name), encoding="utf-8") as file:
            found[name] = json.load(file)
    return found


SCHEMAS = schemas()
REGISTRY = referencing.Registry().with_resources(
    (name, referencing.Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)


def faults(name, document):
    """What is wrong with the document."""
    validator = jsonschema.Draft202012Validator(SCHEMAS[name + ".json"], registry=REGISTRY)
    return [error.message for error in validator.iter_errors(document)]


def check(name, text, what):
    """Whether the text is JSON of that form; returns the document."""
    document = json.loads(text)
    found = faults(name, document)
    tap.ok(not found, "%s is of the form %s" % (what, name)) or tap.diag("%s\n%r" % ("\n".join(found), text))
    return document


# --- the errors in docs/API.md ---


def documented():
    """(status, code) of each row, code None where there is none."""
    with open(os.path.join(ROOT, "docs", "API.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| (\d[\d, ]*) \| [^|]* \| ([^|]*)\|$", file.read(), re.M)
    return [
        (int(status), code)
        for statuses, codes in rows
        for status in statuses.split(",")
        for code in re.findall(r"`(\w+)`", codes) or [None]
    ]


class Asker:
    """Asks on one path, which stands for its dialect."""

    def __init__(self, s, key, path):
        self.s, self.key, self.path = s, key, path

    def body(self, model="m", **members):
        return json.dumps({"model": model, "messages": SAID, "max_tokens": 9, "stream": False, **members}).encode()

    def post(self, body, headers=(), key=None):
        return self.s.http("POST", self.path, body, key or self.key, headers)

    def model(self, name, key=None):
        return self.post(self.body(name), key=key)

    def limited(self, count, **limits):
        """The answer to the last of `count` requests of a key with limits."""
        key = self.s.make_key(**limits)
        return [self.model("m", key) for _ in range(count)][-1]

    def illustrated(self, pictures, **rules):
        """The answer to a request with images, of a key with rules about them."""
        return self.post(self.body(images=pictures), key=self.s.make_key(**rules))

    def bare(self, head, body=b""):
        """The answer to bytes on a connection that edge then closes."""
        data = b"%s\r\nHost: x\r\nAuthorization: Bearer %s\r\nConnection: close\r\n" % (head, self.key.encode())
        with self.s.raw(data + b"\r\n" + body) as sock:
            response = http.client.HTTPResponse(sock)
            response.begin()
            return suite.Response(response, response.read())

    def post_line(self, headers=b"", version=b"1.1"):
        return b"POST %s HTTP/%s%s" % (self.path.encode(), version, headers)

    def without_slot(self):
        body = self.body("fault-stall-mid", stream=True)
        held = suite.Stream(self.s.port, self.path, body, suite.request_headers(self.key, body))
        held.response.readline()
        answer = self.model("fault-stall-mid")
        held.close()
        suite.until(lambda: all(pool["in_use"] == 0 for pool in self.s.limits()["pools"]), "the slot")
        return answer

    def managed(self):
        return self.s.http(*{CHAT: ("DELETE", "/v1/models/m"), NATIVE: ("POST", "/api/pull")}[self.path], key=self.key)

    def without_limiterd(self):
        self.s.kill("limiterd")
        answer = self.model("m")
        self.s.start("limiterd")
        suite.until(lambda: self.model("m").status == 200, "service")
        return answer


EVERY = tuple(DIALECTS)
# How to come by each, and on which paths that is possible.  What is no HTTP has no path yet, and gets OpenAI's dialect.
PROVOKED = {
    (400, None): (EVERY, lambda a: a.post(b"[")),
    (400, "missing_required_parameter"): (EVERY, lambda a: a.post(b"{}")),
    (400, "invalid_type"): (EVERY, lambda a: a.model(7)),
    (400, "invalid_value"): (EVERY, lambda a: a.model("")),
    (400, "too_many_images"): (EVERY, lambda a: a.illustrated(["AAAA"] * 2, images=1)),
    (401, None): (EVERY, lambda a: a.s.http("POST", a.path, a.body())),
    (401, "invalid_api_key"): (EVERY, lambda a: a.model("m", "sk-hg-\"wrong\"")),
    (403, "model_management_refused"): ((CHAT, NATIVE), Asker.managed),
    (404, None): (EVERY, lambda a: a.s.http("POST", NOWHERE[a.path], b"{}", a.key)),
    (404, "model_not_found"): (EVERY, lambda a: a.model("b", a.s.make_key(models="a"))),
    (404, "not_offered"): ((NATIVE,), lambda a: a.model("far")),
    (405, "method_not_supported"): (EVERY, lambda a: a.s.http("PATCH", a.path, key=a.key)),
    (408, None): (EVERY, lambda a: a.bare(a.post_line(b"\r\nContent-Length: 99"), b"{")),
    (413, "request_too_large"): (EVERY, lambda a: a.post(b" " * 65537)),
    (413, "images_too_large"): (EVERY, lambda a: a.illustrated(["A" * 2000], image_kib=1)),
    (414, None): ((CHAT,), lambda a: a.bare(b"GET /%s HTTP/1.1" % (b"x" * 70000))),
    (415, "unsupported_media_type"): (EVERY, lambda a: a.post(a.body(), {"Content-Type": "text/plain"})),
    (415, "unsupported_content_encoding"): (EVERY, lambda a: a.post(a.body(), {"Content-Encoding": "gzip"})),
    (417, None): ((CHAT,), lambda a: a.bare(a.post_line(b"\r\nExpect: more"))),
    (429, "rate_limit_exceeded"): (EVERY, lambda a: a.limited(2, rpm=1)),
    (429, "insufficient_quota"): (EVERY, lambda a: a.limited(1, budget="1/day")),
    (429, "chat_concurrency_limit"): (EVERY, Asker.without_slot),
    (431, None): ((CHAT,), lambda a: a.bare(a.post_line(b"\r\nX: y" * 1000))),
    (501, None): ((CHAT,), lambda a: a.bare(a.post_line(b"\r\nTransfer-Encoding: gzip"))),
    (502, "upstream_unreachable"): (EVERY, lambda a: a.model("closed")),
    (502, "upstream_error"): (EVERY, lambda a: a.model("fault-page")),
    (502, "upstream_auth"): (EVERY, lambda a: a.model("fault-401")),
    (503, "server_is_overloaded"): (EVERY, Asker.without_limiterd),
    (504, "upstream_timeout"): (EVERY, lambda a: a.model("fault-stall-head")),
    (505, None): ((CHAT,), lambda a: a.bare(a.post_line(version=b"2.0"))),
}


def codes_of(schema):
    """Every code that a schema knows."""
    if isinstance(schema, list):
        return set().union(*map(codes_of, schema))
    found = set(schema["code"].get("enum", ())) if isinstance(schema, dict) and "code" in schema else set()
    return found.union(*map(codes_of, schema.values())) if isinstance(schema, dict) else set()


def check_table():
    rows = documented()
    tap.ok(len(rows) == len(set(rows)) > 20, "docs/API.md has a table of errors")
    tap.is_(set(rows), set(PROVOKED) | UNPROVOKED, "and this test knows what leads to each")
    tap.is_({code for _, code in rows}, codes_of(SCHEMAS["error-openai.json"]), "and the schema the same codes")


def check_errors(s, key):
    for (status, code), (paths, provoke) in PROVOKED.items():
        for path in paths:
            answer, what = provoke(Asker(s, key, path)), "%d %s on %s" % (status, code, path)
            tap.is_((answer.status, answer.headers["content-type"]), (status, "application/json"), what)
            document = check(DIALECTS[path], answer.body, what)
            if path == CHAT:
                tap.is_(document["error"]["code"], code, "with its code")
            if path == MESSAGES:
                tap.is_(document["request_id"], answer.headers["request-id"], "with the request's id")


# What a model server may say that its client is told in other words.
WORDED_ANEW = "html-502 page empty-500 empty-200 string-error flat-error text-404 redirect gzip wrong-type not-http cut"


def check_servers_errors(s, key):
    for path, fault in itertools.product(EVERY, WORDED_ANEW.split()):
        answer = Asker(s, key, path).model("fault-" + fault)
        tap.ok(answer.status >= 400, "fault-%s on %s" % (fault, path))
        check(DIALECTS[path], answer.body, "what is told of it")


def check_crowd():
    """A connection too many has no request yet."""
    with suite.Suite(env={"HEIMGATE_CONNECTIONS_PER_ADDRESS": "1"}) as s, s.raw(b"GET /health HTTP/1.1\r\n") as one:
        text = suite.read_until_closed(s.raw())
        tap.has(text.decode(), "HTTP/1.1 503 ", "a connection too many is turned away")
        check("error-openai", text.partition(b"\r\n\r\n")[2], "what it is told")
        one.close()


# --- errors within streams ---

CUT = "fault-cut+after-3"
TRUNCATED = ("fault-truncate", "fault-truncate+fault-crlf", "fault-no-newline")
BROKEN = (CUT, "fault-rst+after-0", "fault-bad-chunk", *TRUNCATED)
STREAMS = (
    (CHAT, "error-openai", {"messages": SAID, "stream": True}),
    ("/v1/completions", "error-openai", {"prompt": "x", "stream": True}),
    ("/v1/responses", "response-failed", {"input": "x", "stream": True}),
    (MESSAGES, "error-anthropic", {"messages": SAID, "stream": True, "max_tokens": 9}),
    (NATIVE, "error-ollama", {"messages": SAID}),
    ("/api/generate", "error-ollama", {"prompt": "x"}),
)
EVENTS = {"response-failed": "event: response.failed\n", "error-anthropic": "event: error\n"}


def check_last(schema, text, what):
    """The last event of a stream, or its last line."""
    if schema == "error-ollama":
        tap.ok(text.endswith(b"\n"), "%s ends with a line" % what)
        return check(schema, text.rstrip(b"\n").split(b"\n")[-1], what)
    tap.ok(text.endswith(b"\n\n"), "%s ends with an event" % what)
    last = text.decode().replace("\r\n", "\n")[:-2].rpartition("\n\n")[2]
    name, _, data = last.rpartition("data: ")
    tap.is_(name, EVENTS.get(schema, ""), "of the right name")
    return check(schema, data, what)


def check_streams(s, key):
    for (path, schema, members), model in itertools.product(STREAMS, BROKEN):
        body = json.dumps({"model": model, **members}).encode()
        check_last(schema, s.http("POST", path, body, key).body, "%s on %s" % (model, path))
    body, headers = suite.form_body(("file", b"x", "a.wav"), ("model", CUT), ("stream", "true"))
    path = "/v1/audio/transcriptions"
    check_last("error-openai", s.http("POST", path, body, key, headers).body, "a cut stream of " + path)


def check_ended(s, key, end, what):
    """Streams that are under way when end() is called."""
    begun = []
    for path, schema, members in STREAMS:
        body = json.dumps({"model": "fault-held", **members}).encode()
        stream = suite.Stream(s.port, path, body, suite.request_headers(key, body))
        begun.append((path, schema, stream, stream.response.readline()))
    end()
    for path, schema, stream, first in begun:
        check_last(schema, first + stream.rest()[0], "%s %s" % (what, path))


def check_ended_streams(s, key):
    check_ended(s, key, lambda: s.kill("proxyd"), "when proxyd is gone, edge's last word on")
    s.start("proxyd")
    s.wait_serving()
    gone = s.make_key("gone")
    check_ended(s, gone, lambda: s.tool("key", "revoke", s.key_id(gone)), "when the key is revoked, the last word on")


# --- lists and signs of life ---


def check_lists(s, key):
    names = [entry["id"] for entry in check("models", s.http("GET", "/v1/models", key=key).body, "/v1/models")["data"]]
    tap.ok({"alias", "llama3.2:latest"} <= set(names), "which has names of ours and of the server's")
    for name in ("alias", "org%2Fmodel-7b"):
        check("model", s.http("GET", "/v1/models/" + name, key=key).body, "/v1/models/" + name)
    for path in ("/api/tags", "/api/ps"):
        found = check(path[5:], s.http("GET", path, key=key).body, path)
        tap.ok(found["models"], "which is not empty")
    nothing = s.make_key(models="no-such-model")
    for path in ("/v1/models", "/api/tags", "/api/ps"):
        check(path.rpartition("/")[2], s.http("GET", path, key=nothing).body, "an empty " + path)


def check_life(s):
    for path in ("/health", "/api/v1/health"):
        check("health", s.http("GET", path).body, path)
    tap.is_(check("ready", s.http("GET", "/ready").body, "/ready")["ready"], True, "all are well")
    s.kill("auditd")
    answer = suite.until(lambda: (a := s.http("GET", "/ready")).status == 503 and a, "auditd to be missed")
    tap.is_(check("ready", answer.body, "/ready without auditd")["ready"], False, "which says so")
    s.start("auditd")
    s.wait_serving()


# --- the schemas themselves ---


def places(document, at=()):
    """The path of every value in a document, itself included."""
    yield at
    inside = document.items() if isinstance(document, dict) else enumerate(document) if type(document) is list else ()
    for name, value in inside:
        yield from places(value, (*at, name))


def changed(document, at, change):
    """A copy of the document with the value at that place changed: change(holder, name)."""
    holder = whole = [copy.deepcopy(document)]
    for name in (steps := (0, *at))[:-1]:
        holder = holder[name]
    change(holder, steps[-1])
    return whole[0]


def retype(holder, name):
    holder[name] = 1.5 if isinstance(holder[name], (dict, list, str, type(None))) else "text"


def add(holder, name):
    holder[name]["stranger"] = 1


def remove(holder, name):
    del holder[name]


def wrong_documents(document):
    """A document with one thing wrong, once for each thing."""
    for at in places(document):
        yield changed(document, at, retype)
        value = document
        for name in at:
            value = value[name]
        if isinstance(value, dict):
            yield changed(document, at, add)
        if at and isinstance(at[-1], str):
            yield changed(document, at, remove)


def openai(kind, param, code):
    return {"error": {"message": "x", "type": kind, "param": param, "code": code}}


ID = "req_" + "0" * 32
CLOSED = (
    ("error-openai", openai("server_error", None, "upstream_error")),
    ("error-openai", openai("invalid_request_error", "model", "model_not_found")),
    ("error-anthropic", {"type": "error", "error": {"type": "api_error", "message": "x"}, "request_id": ID}),
    ("error-ollama", {"error": "x"}),
    ("health", {"status": "ok"}),
)
# A model server's own members may be in these, so that none of them is one too many.
ENTRY = {"name": "m", "model": "m", "size": 1, "digest": "", "details": {}}
REFUSED = (
    ("error-openai", openai("server_error", None, 502)),
    ("error-openai", openai("server_error", None, "invalid_api_key")),
    ("error-openai", openai("invalid_request_error", None, "missing_required_parameter")),
    ("error-openai", openai("requests", None, "upstream_error")),
    ("error-openai", {"error": "x"}),
    ("error-openai", {"message": "x", "type": "server_error", "param": None, "code": None}),
    ("error-anthropic", {"type": "error", "error": {"type": "server_error", "message": "x"}, "request_id": ID}),
    ("error-ollama", {"error": {"message": "x"}}),
    ("error-ollama", {"error": ""}),
    ("models", {"object": "list", "data": None}),
    ("models", {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "x"}]}),
    ("model", {"id": "m", "object": "model", "created": "2026-01-01", "owned_by": "x"}),
    ("tags", {"models": None}),
    ("tags", {"models": [{**ENTRY, "modified_at": "2026-01-01T00:00:00Z"}]}),
    ("ps", {"models": [ENTRY]}),
)


def check_schemas(s, key):
    body = json.dumps({"model": CUT, "input": "x", "stream": True}).encode()
    failed = json.loads(s.http("POST", "/v1/responses", body, key).body.decode().rpartition("data: ")[2])
    ready = s.http("GET", "/ready").json()
    ready["daemons"] = {name: {**daemon, "parts": {}} for name, daemon in ready["daemons"].items()}
    for name, document in (*CLOSED, ("response-failed", failed), ("ready", ready)):
        passing = [wrong for wrong in wrong_documents(document) if not faults(name, wrong)]
        tap.is_((faults(name, document), passing), ([], []), "%s takes this and nothing close to it" % name)
    for name, document in REFUSED:
        tap.ok(faults(name, document), "%s does not take %s" % (name, json.dumps(document)))


check_table()
with suite.Suite(env=ENV, models=MODELS) as the_suite:
    the_key = the_suite.make_key()
    check_schemas(the_suite, the_key)
    check_life(the_suite)
    check_lists(the_suite, the_key)
    check_streams(the_suite, the_key)
    check_ended_streams(the_suite, the_key)
    check_servers_errors(the_suite, the_key)
    check_errors(the_suite, the_key)
check_crowd()
