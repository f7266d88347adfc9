#!/usr/bin/env python3
"""Images, speech, moderations, rerank; and that nothing is forwarded that is not in the table of routes."""

import json
import os
import subprocess

import suite
import tap

ROUTES = (
    ("/v1/images/generations", {"prompt": "a gate", "n": 2}, (2, 544, False)),
    ("/v1/audio/speech", {"input": "one two", "voice": "v"}, (None, 0, True)),
    ("/v1/moderations", {"input": "one two"}, (None, 0, True)),
    ("/v1/rerank", {"query": "one", "documents": ["two three", "four"]}, (4, 0, False)),
)
DIALECTS = {
    "/api/": lambda found: isinstance(found["error"], str),
    "/v1/messages": lambda found: found["type"] == "error",
}
UNKNOWN = (
    ("POST", "/v1/files"),
    ("POST", "/v1/chat/completions/"),
    ("POST", "/v1//chat/completions"),
    ("POST", "/v1/chat%2Fcompletions"),
    ("POST", "/v2/chat/completions"),
    ("POST", "/chat/completions"),
    ("GET", "/metrics"),
    ("GET", "/v1/../health"),
    ("POST", "/v1/messages/batches"),
    ("POST", "/api/chat/"),
    ("POST", "/api//chat"),
    ("POST", "/api/generate/../pull"),
    ("POST", "/rerank"),
)


def is_told(answer, path):
    """Whether an error is in the dialect of its path."""
    found = json.loads(answer.body)
    for start, test in DIALECTS.items():
        if path.startswith(start):
            return test(found)
    return set(found["error"]) == {"message", "type", "param", "code"}


def table():
    """(method, path) of every route that needs a key, as the documents are given them."""
    program = os.path.join(suite.BIN, "heimgate-tables")
    rows = subprocess.run([program, "routes"], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    cells = [row.split(" | ") for row in rows]
    return [(row[1].split(",")[0], row[2].strip("`").replace("{id}", "x")) for row in cells]


def check_routes(s, key):
    for path, members, tokens in ROUTES:
        body = json.dumps({"model": "m", **members}).encode()
        wanted = suite.http_call(s.mock.port, "POST", path, body, {"Content-Type": "application/json"})
        got = s.http("POST", path, body, key)
        tap.is_((got.status, got.headers["content-type"]), (200, wanted.headers["content-type"]), path)
        tap.is_(got.body, wanted.body, "byte for byte")
        label = path[4:].replace("/", ".")
        record = suite.until(lambda label=label: s.records(action=label), "its record")[0]
        wanted_in = len(body) // 4 if tokens[0] is None else tokens[0]
        found = record["tokens_in"], record["tokens_out"], record["estimated"]
        tap.is_(found, (wanted_in, *tokens[1:]), "and is counted")


def check_uncounted_images(s, key):
    """The bytes of a picture are no tokens."""
    body = json.dumps({"model": "fault-no-usage", "prompt": "a gate", "n": 10}).encode()
    s.http("POST", ROUTES[0][0], body, key)
    record = suite.until(lambda: s.records(model="fault-no-usage"), "its record")[0]
    tap.ok(record["estimated"] and 0 < record["tokens_out"] <= record["bytes_out"] // 4, "a server that does not count")


def check_sizes(s, key):
    for path in ("/v1/audio/speech", "/api/show"):
        body = json.dumps({"model": "m", "input": "x" * 300 * 1024}).encode()
        answer = s.http("POST", path, body, key)
        tap.ok(answer.status == 413 and is_told(answer, path), "%s takes no large body" % path)


def check_strangers(s):
    mark = s.mock.mark()
    for method, path in table():
        answer = s.http(method, path, b"{}" if method == "POST" else None)
        tap.ok(answer.status == 401 and is_told(answer, path), "%s %s needs a key" % (method, path)) or tap.diag(answer)
    tap.is_(s.mock.count(mark, event="request"), 0, "and nothing is forwarded without one")


def check_unknown(s, key):
    mark = s.mock.mark()
    for method, path in UNKNOWN:
        answer = s.http(method, path, b'{"model":"m"}' if method == "POST" else None, key)
        tap.ok(answer.status == 404 and is_told(answer, path), "%s %s is not known" % (method, path)) or tap.diag(
            answer
        )
    for method, path in table():
        answer = s.http("PATCH", path, b"{}", key)
        tap.ok(answer.status == 405 and is_told(answer, path), "PATCH %s" % path)
        tap.has(answer.headers["allow"], method, "which says how")
    tap.is_(s.mock.count(mark, event="request"), 0, "and nothing is forwarded that is not known")


def check_encoded(s, key):
    mark = s.mock.mark()
    for method, path in table():
        for encoding in ("gzip", "zstd", "x-unknown"):
            if method == "POST":
                answer = s.http(method, path, b"\x1f\x8b", key, {"Content-Encoding": encoding})
                tap.ok(answer.status == 415 and is_told(answer, path), "%s in %s is refused" % (path, encoding))
    tap.is_(s.mock.count(mark, event="request"), 0, "and nothing is forwarded that was not looked at")


with suite.Suite(shape="vllm") as the_suite:
    the_key = the_suite.make_key()
    check_routes(the_suite, the_key)
    check_uncounted_images(the_suite, the_key)
    check_sizes(the_suite, the_key)
    check_strangers(the_suite)
    check_unknown(the_suite, the_key)
    check_encoded(the_suite, the_key)
