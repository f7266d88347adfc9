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
            ("fault-nul-head", "broke off"),
            ("fault-negative-length", "broke off"),
            ("fault-wrong-type", "type"),
            ("status-42", "broke off"),
            ("status-600", "status 600"),
            ("status-999", "status 999"),
            ("fault-many-hints", "broke off"),
        ):
            answer = s.http("POST", path, body(path, fault, stream), key)
            tap.is_(answer.status, 502, "%s: %s (stream: %s)" % (path, fault, stream))
            tap.has(message_of(answer), words, "says what it is")
            tap.is_(s.http("POST", path, body(path, "plain", stream), key).status, 200, "and spoils no other")


def check_half_answers(s, key, path):
    """What is too short, by whatever its head says."""
    for fault in ("fault-short-length", "fault-empty-200", "fault-cut", "fault-truncate"):
        answer = s.http("POST", path, body(path, fault, False), key)
        tap.is_((answer.status, message_of(answer)[-29:]), (502, "server broke off the connection."[-29:]), fault)
        tap.is_(s.http("POST", path, body(path, "plain", False), key).status, 200, "and spoils no other")


def check_bad_streams(s, key, path):
    for fault, words in (
        ("fault-bad-chunk", b"broke off"),
        ("fault-long-chunk", b"broke off"),
        ("fault-no-newline", b"before it was complete"),
        ("fault-no-newline+fault-no-length", b"before it was complete"),
    ):
        what = body(path, fault, True)
        text, proper = suite.Stream(s.port, path, what, suite.request_headers(key, what)).rest()
        tap.ok(proper and words in text.rstrip().split(b"\n")[-1], "%s: %s ends in an error" % (path, fault))
        tap.is_(s.http("POST", path, body(path, "plain", True), key).status, 200, "and spoils no other")


def check_odd_but_good(s, key, path):
    """Odd answers that can be understood are passed."""
    for fault in ("fault-long-head", "fault-early-hints", "fault-padding", "status-299"):
        answer = s.http("POST", path, body(path, fault, False), key)
        wanted = s.http("POST", path, body(path, "plain", False), key)
        tap.is_(answer.status // 100, 2, "%s: %s is passed" % (path, fault))
        ours = answer.body.replace(fault.encode(), b"plain")
        tap.ok(ours.lstrip() == wanted.body and len(answer.body) >= (fault == "fault-padding") << 24, "whole")
    answer = s.http("POST", path, body(path, "fault-padding+status-500", False), key)
    tap.ok(answer.status == 500 and len(answer.body) < 4096, "of an error of 16 MiB only the beginning is read")


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


LISTS = ("/v1/models", "/v1/models/m", "/api/tags", "/api/ps", "/api/version")


def check_lists(s, key):
    for path in LISTS:
        answer = s.http("GET", path.replace("s/m", "s/llama3.2:latest"), key=key)
        tap.is_(answer.status, 200, path)


def check_bad_lists(fault):
    """Lists are read by heimgate itself, and none of more than 4 MiB."""
    with suite.Suite(mock=("--always", fault)) as s:
        key = s.make_key()
        for path in LISTS:
            answer = s.http("GET", path, key=key)
            tap.is_(answer.status, 502, "%s: %s" % (path, fault))
            tap.ok(message_of(answer), "with a reason")
        tap.is_(s.http("GET", "/health").status, 200, "and all daemons live")


with suite.Suite() as the_suite:
    the_key = the_suite.make_key()
    for route in ROUTES:
        check_no_data(the_suite, the_key, route)
        check_half_answers(the_suite, the_key, route)
        check_bad_streams(the_suite, the_key, route)
        check_odd_but_good(the_suite, the_key, route)
        check_trailing(the_suite, the_key, route)
    check_no_stream(the_suite, the_key)
    check_lists(the_suite, the_key)
for words in ("padding", "page", "gzip", "truncate", "nul-head", "empty-200", "padding+status-999"):
    check_bad_lists("fault-" + words)
