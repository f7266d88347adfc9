#!/usr/bin/env python3
"""Anthropic's messages: its headers, its errors, its streams."""

import json

import suite
import tap

PATH = "/v1/messages"
STREAMS = ("plain", "stream-200", "fault-crlf", "fault-one-byte", "fault-split-utf8", "size-40000", "fault-pings")
CUT = ("fault-truncate", "fault-cut", "fault-rst", "fault-cut+after-0")


def body(model, **members):
    said = [{"role": "user", "content": "one two three"}]
    return json.dumps({"model": model, "max_tokens": 1000, "messages": said, **members}).encode()


def direct(s, what):
    return suite.http_call(s.mock.port, "POST", PATH, what, {"Content-Type": "application/json"})


def is_anthropic(answer, status, kind):
    found = json.loads(answer.body)
    return (
        answer.status == status
        and found["type"] == "error"
        and set(found["error"]) == {"type", "message"}
        and found["error"]["type"] == kind
        and found["request_id"] == answer.headers["request-id"]
    )


def check_bytes(s, key):
    for model in STREAMS:
        wanted = direct(s, body(model, stream=True))
        got = s.http("POST", PATH, body(model, stream=True), key)
        tap.is_((got.status, got.body), (200, wanted.body), "stream %s" % model)
    tap.is_(s.http("POST", PATH, body("plain"), key).body, direct(s, body("plain")).body, "a whole message")


def check_headers(s, key):
    headers = {
        "anthropic-version": "2023-06-01",
        "Anthropic-Beta": "one-2025-01-01,two",
        "x-api-key": key,
        "X-Claude-Code-Session-Id": "s",
        "Cookie": "c=1",
    }
    answer = s.http("POST", PATH, body("m", metadata={"user_id": "u"}, thinking={"type": "enabled"}), None, headers)
    tap.is_(answer.status, 200, "the key may come as x-api-key")
    sent = s.mock.requests()[-1]
    head = sent["head"].decode().lower()
    tap.ok("\r\nanthropic-version: 2023-06-01\r\n" in head, "the version goes to the server")
    tap.ok("\r\nanthropic-beta: one-2025-01-01,two\r\n" in head, "and trials")
    tap.ok(not any(word in head for word in ("x-api-key", "cookie", "session", key)), "and nothing else")
    tap.is_(sent["body"], body("m", metadata={"user_id": "u"}, thinking={"type": "enabled"}), "nor is the body changed")
    tap.is_(answer.headers["request-id"], answer.headers["x-request-id"], "the request id has both names")
    tap.ok("openai-version" not in answer.headers, "and OpenAI is not spoken of")
    long = s.http("POST", PATH, body("m"), key, {"anthropic-beta": "b" * 3000})
    tap.ok(is_anthropic(long, 400, "invalid_request_error"), "headers that are too long are refused")


def check_errors(s, key):
    poor = s.make_key(models="other")
    slow = s.make_key(rpm=1)
    tap.ok(is_anthropic(s.http("POST", PATH, body("m")), 401, "authentication_error"), "no key")
    tap.ok(is_anthropic(s.http("POST", PATH, body("m"), "sk-wrong"), 401, "authentication_error"), "a wrong key")
    tap.ok(is_anthropic(s.http("POST", PATH, body("m"), poor), 404, "not_found_error"), "no such model for the key")
    s.http("POST", PATH, body("m"), slow)
    answer = s.http("POST", PATH, body("m"), slow)
    tap.ok(is_anthropic(answer, 429, "rate_limit_error") and int(answer.headers["retry-after"]) >= 1, "a limit")
    tap.ok(is_anthropic(s.http("POST", PATH, b"{", key), 400, "invalid_request_error"), "no JSON")
    tap.ok(is_anthropic(s.http("GET", PATH, key=key), 405, "invalid_request_error"), "another method")
    tap.ok(is_anthropic(s.http("POST", PATH + "/batches", b"{}", key), 404, "not_found_error"), "a path near by")
    tap.ok(is_anthropic(s.http("POST", PATH, body("fault-html-502"), key), 502, "api_error"), "markup is wrapped")
    tap.ok(is_anthropic(s.http("POST", PATH, body("fault-cut"), key), 502, "api_error"), "half an answer is none")
    answer = s.http("POST", PATH, body("fault-busy-503"), key)
    tap.is_((answer.status, answer.body), (503, direct(s, body("fault-busy-503")).body), "the server's own are passed")
    answer = s.http("POST", PATH + "/count_tokens", body("m"), key)
    tap.ok(is_anthropic(answer, 404, "not_found_error"), "Ollama counts no tokens, and says so")


def check_cut_streams(s, key):
    for model in CUT:
        what = body(model, stream=True)
        stream = suite.Stream(s.port, PATH, what, suite.request_headers(key, what))
        text, proper = stream.rest()
        name, data = text.decode().rstrip().split("\n\n")[-1].split("\n")
        error = json.loads(data.partition(": ")[2])
        tap.ok(
            proper and name == "event: error" and error["type"] == "error" and error["error"]["type"] == "api_error",
            "%s: ends with an error event" % model,
        ) or tap.diag(text)
    what = body("fault-error-mid", stream=True)
    tap.is_(s.http("POST", PATH, what, key).body, direct(s, what).body, "an error of the server's own is left alone")


def check_counted(s, key):
    for model, tokens, estimated, stream in (
        ("stream-20", (3, 20), False, True),
        ("stream-21", (3, 21), False, False),
        ("stream-22+fault-cut+after-7", (3, 7), True, True),
    ):
        s.http("POST", PATH, body(model, stream=stream), key)
        record = suite.until(lambda model=model: s.records(action="messages", model=model), "its record")[0]
        found = record["tokens_in"], record["tokens_out"], record["estimated"]
        tap.is_(found, (*tokens, estimated), "%s is counted" % model)


with suite.Suite() as the_suite:
    the_key = the_suite.make_key()
    check_bytes(the_suite, the_key)
    check_headers(the_suite, the_key)
    check_errors(the_suite, the_key)
    check_cut_streams(the_suite, the_key)
    check_counted(the_suite, the_key)

with suite.Suite(shape="vllm") as the_suite:
    the_key = the_suite.make_key(tpm=100000)
    before = the_suite.http("POST", PATH, body("m"), the_key).headers["x-ratelimit-remaining-tokens"]
    answer = the_suite.http("POST", PATH + "/count_tokens", body("m"), the_key)
    tap.is_((answer.status, answer.json()), (200, {"input_tokens": 3}), "others count tokens")
    records = suite.until(lambda: the_suite.records(action="messages.count_tokens"), "its record")
    tap.is_((records[0]["tokens_in"], records[0]["tokens_out"]), (0, 0), "which costs none")
