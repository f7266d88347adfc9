#!/usr/bin/env python3
"""A model server that fails proper errors, and no stream cut short that passes as whole."""

import json
import socket
import time

import suite
import tap

CHAT = "/v1/chat/completions"
ENVELOPE = {"message", "type", "param", "code"}

# What a client is told where the server's own words cannot be passed on.
WRAPPED = (
    ("fault-html-502", 502),
    ("fault-empty-500", 500),
    ("fault-text-404", 404),
    ("fault-flat-error", 400),
    ("fault-redirect", 502),
    ("fault-close-head", 502),
    ("fault-rst-head", 502),
    ("fault-not-http", 502),
    ("fault-huge-head", 502),
    ("fault-string-error", 502),
    ("fault-401", 502),
    ("fault-gzip", 502),
)
# {"error":{...}} goes to the client as it is; a 429 is only ever the caller's own limit.
PASSED = (("fault-busy-503", 503), ("fault-404", 404), ("fault-context-400", 400), ("fault-429", 503))


def direct(s, body):
    return suite.http_call(s.mock.port, "POST", CHAT, body, {"Content-Type": "application/json"})


def events(text):
    return [event for event in text.replace(b"\r\n", b"\n").split(b"\n\n") if event.strip()]


def error_of(event):
    """The error in an event, or None."""
    lines = [line for line in event.split(b"\n") if line.startswith(b'data: {"error"')]
    return json.loads(lines[0][6:])["error"] if lines else None


def check_before_the_answer(s, key):
    for stream in (False, True):
        for model, status in WRAPPED:
            body = suite.chat_body(model, stream=stream)
            answer = s.http("POST", CHAT, body, key)
            tap.ok(
                answer.status == status and set(answer.error) == ENVELOPE and answer.error["message"],
                "%s%s: %d in the envelope" % (model, " (stream)" if stream else "", status),
            ) or tap.diag(answer)
            tap.ok(
                "location" not in answer.headers and str(s.mock.port).encode() not in answer.body,
                "which does not tell where the server is",
            )
        for model, status in PASSED:
            body = suite.chat_body(model, stream=stream)
            answer = s.http("POST", CHAT, body, key)
            tap.is_((answer.status, answer.body), (status, direct(s, body).body), model + ": as it was said")
    tap.is_(s.chat(key, "fault-429").headers.get("retry-after"), "7", "with its Retry-After")


def check_within_a_stream(s, key):
    for model in (
        "fault-truncate",
        "fault-cut",
        "fault-rst",
        "fault-junk-chunk-eof",
        "fault-truncate+fault-split-utf8+after-3",
        "fault-cut+fault-split-utf8+after-5+fault-crlf",
        "fault-truncate+fault-no-length",
        "fault-cut+after-0",
    ):
        body = suite.chat_body(model, stream=True, stream_options={"include_usage": True})
        stream = suite.Stream(s.port, CHAT, body, suite.request_headers(key, body))
        text, proper = stream.rest()
        found = events(text)
        text.decode("utf-8")
        error = error_of(found[-1]) or {}
        tap.ok(
            stream.status == 200 and proper and set(error) == ENVELOPE and b"[DONE]" not in text,
            "%s: ends with an error event" % model,
        ) or tap.diag(text)
        if "rst" not in model:
            tap.ok(text.startswith(direct_part(s, body)), "after all that the server had said")


def direct_part(s, body):
    """What the server says before it fails."""
    text, _ = suite.Stream(s.mock.port, CHAT, body, {}).rest()
    return text


def check_errors_of_the_server(s, key):
    for model in ("fault-error-mid", "fault-error-mid-done"):
        body = suite.chat_body(model, stream=True)
        got = s.http("POST", CHAT, body, key)
        tap.is_(
            got.body,
            direct(s, body).body,
            model + ": the server's own error event is passed as it is, and no other added",
        )
    body = suite.chat_body("fault-old-llama-error", stream=True)
    found = events(s.http("POST", CHAT, body, key).body)
    tap.ok(any(error_of(event) for event in found), "an error line that clients overlook gets an event that they see")


def check_whole_answers(s, key):
    for model in ("fault-truncate", "fault-cut", "fault-rst"):
        answer = s.chat(key, model)
        tap.is_(
            (answer.status, answer.code),
            (502, "upstream_error"),
            model + ": half of a short answer is not passed at all",
        )
        with s.raw(suite.request_bytes(key, suite.chat_body(model + "+size-3000000"))) as sock:
            answer = suite.read_until_closed(sock)
        head, _, body = answer.partition(b"\r\n\r\n")
        whole = b"content-length: %d" % len(body) in head.lower() or body.endswith(b"0\r\n\r\n")
        tap.ok(not whole, model + ": half of a long one is cut off so that it shows")
        pieces = [s.chat(key, model + "+fault-split-utf8").status for _ in range(5)]
        tap.is_(pieces, [502] * 5, model + ": whatever the pieces in which it came")
    tap.is_(s.chat(key, "fault-error-mid").status, 500, "a failure that was told in time is passed")


def check_huge_answers(s, key):
    body = suite.chat_body("fault-huge", stream=True)
    tap.is_(len(s.http("POST", CHAT, body, key).body), len(direct(s, body).body), "an event of 16 MiB passes")


def check_timers():
    env = {
        "HEIMGATE_CONNECT_TIMEOUT_MS": "300",
        "HEIMGATE_FIRST_BYTE_TIMEOUT_MS": "400",
        "HEIMGATE_UPSTREAM_IDLE_TIMEOUT_MS": "1000",
        "HEIMGATE_TOTAL_TIMEOUT_MS": "2500",
    }
    with suite.Suite(env=env) as s:
        key = s.make_key()
        for model, name in (("fault-stall-head", "no first byte"), ("slow-60000ms", "a late first byte")):
            mark = s.mock.mark()
            started = time.monotonic()
            answer = s.chat(key, model)
            took = time.monotonic() - started
            tap.is_((answer.status, answer.code), (504, "upstream_timeout"), name)
            tap.ok(0.3 < took < 10, "after its own time (%.2f s)" % took)
            s.mock.wait(mark, event="peer-closed")
        for model, name in (("fault-stall-mid", "silence within a stream"), ("stream-1000x20", "a stream without end")):
            mark = s.mock.mark()
            started = time.monotonic()
            stream = s.stream(key, model)
            text, proper = stream.rest()
            took = time.monotonic() - started
            error = error_of(events(text)[-1])
            tap.ok(proper and error and error["code"] == "upstream_timeout", name + " ends with an error event")
            tap.ok(took < 10, "after its own time (%.2f s)" % took)
            s.mock.wait(mark, event="peer-closed")
        stream = s.stream(key, "stream-15x10")
        tap.ok(stream.rest()[0].endswith(b"data: [DONE]\n\n"), "a slow stream that keeps talking is left alone")


def check_refusing_and_hanging():
    """A port that refuses, and one that takes connections and says nothing."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fill = [socket.socket() for _ in range(4)]
        for each in fill:
            each.setblocking(False)
            each.connect_ex(deaf.getsockname())
        models = {
            "upstreams": {
                "closed": {"base_url": "http://127.0.0.1:%d" % suite.free_port(), "kind": "ollama"},
                "deaf": {"base_url": "http://127.0.0.1:%d" % deaf.getsockname()[1], "kind": "ollama"},
                "nowhere": {"base_url": "http://no-such-host.invalid", "kind": "ollama"},
                "mock": {"base_url": "MOCK", "kind": "ollama"},
            },
            "models": {
                "closed": {"targets": [{"upstream": "closed"}]},
                "deaf": {"targets": [{"upstream": "deaf"}]},
                "nowhere": {"targets": [{"upstream": "nowhere"}]},
                "good": {"targets": [{"upstream": "mock"}]},
            },
        }
        with suite.Suite(env={"HEIMGATE_CONNECT_TIMEOUT_MS": "500"}, models=models) as s:
            key = s.make_key()
            names = ("closed", "deaf", "nowhere", "good")
            answers = dict(zip(names, suite.together(4, lambda i: s.chat(key, names[i]))))
            tap.is_(
                (answers["closed"].status, answers["closed"].code), (502, "upstream_unreachable"), "a port that refuses"
            )
            tap.is_(
                (answers["deaf"].status, answers["deaf"].code), (504, "upstream_timeout"), "a port that does not accept"
            )
            tap.is_(
                (answers["nowhere"].status, answers["nowhere"].code),
                (502, "upstream_unreachable"),
                "a name nobody knows",
            )
            tap.is_(answers["good"].status, 200, "the others are not affected")
            tap.is_(s.http("GET", "/v1/models", key=key).status, 200, "nor is the list of what is configured")
        for each in fill:
            each.close()


def check_recovery(s, key):
    port = s.mock.port
    s.mock.end()
    answer = s.chat(key, "m")
    tap.is_((answer.status, answer.code), (502, "upstream_unreachable"), "a model server that went away")
    s.mock = suite.Mock(s.directory, port=port)
    tap.is_(s.chat(key, "m").status, 200, "is used again as soon as it is back")
    mark = s.mock.mark()
    tap.is_([s.chat(key, "m").status for _ in range(5)], [200] * 5, "requests one after the other")
    connections = {event["connection"] for event in s.mock.events(mark, event="request")}
    tap.is_(len(connections), 1, "share one connection to it")


with suite.Suite() as the_suite:
    the_key = the_suite.make_key()
    check_before_the_answer(the_suite, the_key)
    check_within_a_stream(the_suite, the_key)
    check_errors_of_the_server(the_suite, the_key)
    check_whole_answers(the_suite, the_key)
    check_huge_answers(the_suite, the_key)
    check_recovery(the_suite, the_key)
check_timers()
check_refusing_and_hanging()
