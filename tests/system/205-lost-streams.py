#!/usr/bin/env python3
"""When proxyd dies in the middle of a stream, edge ends it in the dialect of its client."""

import json

import suite
import tap

SAID = [{"role": "user", "content": "x"}]
MODEL = "stream-100000x50"


def last_event(text):
    name, _, data = text.decode().rstrip("\n").split("\n\n")[-1].rpartition("data: ")
    return name.strip(), json.loads(data)


def check_chat(text):
    name, data = last_event(text)
    return name == "" and set(data) == {"error"} and data["error"]["code"] == "server_is_overloaded"


def check_response(text):
    name, data = last_event(text)
    return name == "event: response.failed" and data["response"]["status"] == "failed" and data["error"]["message"]


def check_message(text):
    name, data = last_event(text)
    return name == "event: error" and data["type"] == "error" and data["error"]["type"] == "overloaded_error"


def check_lines(text):
    lines = [json.loads(line) for line in text.decode().splitlines()]
    return set(lines[-1]) == {"error"} and text.endswith(b"\n")


STREAMS = (
    ("/v1/chat/completions", {"messages": SAID, "stream": True}, check_chat),
    ("/v1/responses", {"input": "x", "stream": True}, check_response),
    ("/v1/messages", {"messages": SAID, "stream": True, "max_tokens": 1000000}, check_message),
    ("/api/chat", {"messages": SAID}, check_lines),
)

with suite.Suite() as s:
    key = s.make_key()
    streams = []
    for path, members, _ in STREAMS:
        body = json.dumps({"model": MODEL, **members}).encode()
        streams.append(suite.Stream(s.port, path, body, suite.request_headers(key, body)))
        streams[-1].begun = streams[-1].response.readline()
    s.kill("proxyd")
    for (path, _, check), stream in zip(STREAMS, streams):
        rest, proper = stream.rest()
        tap.ok(proper and check(stream.begun + rest), "%s ends with an error that its clients know" % path) or tap.diag(
            rest
        )
