#!/usr/bin/env python3
"""OpenAI's responses: byte for byte, counted, and always with an event that ends them."""

import json

import suite
import tap

PATH = "/v1/responses"
STREAMS = ("plain", "stream-200", "fault-crlf", "fault-one-byte", "fault-split-utf8", "size-40000", "fault-id-lines")
FAULTS = ("fault-truncate", "fault-cut", "fault-rst", "fault-error-mid", "fault-junk-chunk-eof", "fault-cut+after-0")


def body(model, **members):
    return json.dumps({"model": model, "input": "one two three", **members}).encode()


def direct(s, what):
    return suite.http_call(s.mock.port, "POST", PATH, what, {"Content-Type": "application/json"})


def events(text):
    """The data of each event, by its name."""
    found = [event.split("\n") for event in text.decode().replace("\r\n", "\n").split("\n\n") if event]
    return [(lines[0], json.loads(lines[-1].partition(": ")[2])) for lines in found]


def check_bytes(s, key):
    for model in STREAMS:
        wanted = direct(s, body(model, stream=True))
        got = s.http("POST", PATH, body(model, stream=True), key)
        tap.is_((got.status, got.body), (200, wanted.body), "stream %s" % model)
    got = s.http("POST", PATH, body("plain"), key)
    tap.is_(got.body, direct(s, body("plain")).body, "a whole response")
    sent = s.mock.requests()[-2]
    tap.is_((sent["path"], sent["body"]), (PATH, body("plain")), "asked for as the client did")


def check_counted(s, key, model, tokens, estimated, **members):
    s.http("POST", PATH, body(model, **members), key)
    record = suite.until(lambda: s.records(action="responses", model=model), "its record")[0]
    tap.is_(
        (record["tokens_in"], record["tokens_out"], record["estimated"]), (*tokens, estimated), "%s is counted" % model
    )


def check_faults(s, key):
    for model in FAULTS:
        what = body(model, stream=True)
        stream = suite.Stream(s.port, PATH, what, suite.request_headers(key, what))
        text, proper = stream.rest()
        last = events(text)[-1]
        tap.ok(
            proper and last[0] == "event: response.failed" and last[1]["type"] == "response.failed",
            "%s: ends with response.failed" % model,
        ) or tap.diag(text)
        tap.ok(last[1]["response"]["status"] == "failed" and last[1]["response"]["error"]["message"], "which says why")
        tap.ok(last[1]["error"]["message"], "also to clients that only look at an error of its own")
        tap.is_([data["sequence_number"] for _, data in events(text)], list(range(len(events(text)))), "in its place")
    answer = s.http("POST", PATH, body("fault-truncate"), key)
    tap.is_((answer.status, answer.code), (502, "upstream_error"), "half of a whole response is not passed")


with suite.Suite() as the_suite:
    the_key = the_suite.make_key()
    check_bytes(the_suite, the_key)
    check_counted(the_suite, the_key, "stream-20", (3, 20), False, stream=True)
    check_counted(the_suite, the_key, "stream-21", (3, 21), False)
    cut = "stream-22+fault-cut+after-7"
    check_counted(the_suite, the_key, cut, (len(body(cut, stream=True)) // 4, 7), True, stream=True)
    check_faults(the_suite, the_key)
