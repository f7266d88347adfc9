#!/usr/bin/env python3
"""Answers that no server should give: a clear error in the client's dialect, and nothing of one request in another."""

import json

import suite
import tap

SAID = [{"role": "user", "content": "x"}]
ROUTES = {
    "/v1/chat/completions": {"messages": SAID},
    "/v1/responses": {"input": "x"},
    "/v1/messages": {"messages": SAID, "max_tokens": 100},
    "/api/chat": {"messages": SAID},
}


def body(path, model, stream):
    return json.dumps({"model": model, "stream": stream, **ROUTES[path]}).encode()


def message_of(answer):
    """What an error says, in whatever dialect."""
    error = json.loads(answer.body)["error"]
    return error if isinstance(error, str) else error["message"]


def check_no_data(s, key, path):
    for stream in (False, True):
        for fault, words in (
            ("fault-page", "web page"),
            ("fault-gzip", "compressed"),
            ("fault-redirect", "redirect"),
            ("fault-not-http", "broke off"),
            ("fault-huge-head", "broke off"),
        ):
            answer = s.http("POST", path, body(path, fault, stream), key)
            tap.is_(answer.status, 502, "%s: %s (stream: %s)" % (path, fault, stream))
            tap.has(message_of(answer), words, "says what it is")


def check_bad_chunk(s, key, path):
    what = body(path, "fault-bad-chunk", True)
    text, proper = suite.Stream(s.port, path, what, suite.request_headers(key, what)).rest()
    tap.ok(
        proper and b"broke off" in text.rstrip().split(b"\n")[-1], "%s: a chunk that is none ends in an error" % path
    )


def check_trailing(s, key, path):
    """What a server sends behind its answer is not taken for the answer to the next request."""
    for stream in (False, True):
        wanted = s.http("POST", path, body(path, "plain", stream), key).body
        for _ in range(3):
            answer = s.http("POST", path, body(path, "fault-trailing", stream), key)
            ours = answer.body.replace(b"fault-trailing", b"plain")
            tap.is_((answer.status, ours), (200, wanted), "%s: what comes behind the answer is dropped" % path)
            tap.is_(s.http("POST", path, body(path, "plain", stream), key).body, wanted, "and spoils no other")


def check_no_stream(s, key):
    """An object where events are waited for, in which clients would find nothing; of lines it is one."""
    routes = {**ROUTES, "/v1/completions": {"prompt": "x"}}
    for path, members in routes.items():
        what = json.dumps({"model": "fault-json-for-stream", "stream": True, **members}).encode()
        answer = s.http("POST", path, what, key)
        if path == "/api/chat":
            tap.ok(answer.status == 200 and answer.json()["done"], "%s: one line is a stream" % path)
        else:
            tap.is_(answer.status, 502, "%s: an object is no stream" % path)
            tap.has(message_of(answer), "although a stream was asked for", "says what it is")
    what = json.dumps({"model": "m", "prompt": "x", "stream": True}).encode()
    tap.is_(s.http("POST", "/v1/images/generations", what, key).status, 200, "images may come whole all the same")


def check_lists(s, key):
    for path in ("/v1/models", "/api/tags", "/api/ps", "/api/version"):
        tap.is_(s.http("GET", path, key=key).status, 200, path)


with suite.Suite() as the_suite:
    the_key = the_suite.make_key()
    for route in ROUTES:
        check_no_data(the_suite, the_key, route)
        check_bad_chunk(the_suite, the_key, route)
        check_trailing(the_suite, the_key, route)
    check_no_stream(the_suite, the_key)
    check_lists(the_suite, the_key)
