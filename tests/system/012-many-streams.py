#!/usr/bin/env python3
"""Many streams at one time: each client gets its own, whole and unchanged."""

import suite
import tap

CLIENTS = 120
MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "slots": CLIENTS, "acquire_timeout_ms": 10000}},
    "models": {"*": {"targets": [{"upstream": "mock"}]}},
}


def body_of(number):
    """A request whose answer no other client gets: its model's name is in every event."""
    return suite.chat_body("client-%d+stream-40x50" % number, stream=True, stream_options={"include_usage": True})


with suite.Suite(models=MODELS) as s:
    key = s.make_key()
    got = suite.together(CLIENTS, lambda i: s.http("POST", "/v1/chat/completions", body_of(i), key))
    wanted = suite.together(CLIENTS, lambda i: suite.http_call(s.mock.port, "POST", "/v1/chat/completions", body_of(i)))
    tap.is_([answer.status for answer in got], [200] * CLIENTS, "%d streams at one time" % CLIENTS)
    tap.ok(all(mine.body == theirs.body for mine, theirs in zip(got, wanted)), "each as the model server sent it")
    tap.is_(s.limits()["pools"][0]["waiting"], 0, "nobody is left waiting")
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "release of all slots")
    tap.is_(
        len(suite.until(lambda: len(r := s.records(kind="request")) == CLIENTS and r)),
        CLIENTS,
        "and each is in history",
    )
