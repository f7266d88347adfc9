#!/usr/bin/env python3
"""The other kinds of model servers: the same fidelity, and the credential that is the gateway's own."""

import json
import os

import suite
import tap

CHAT = "/v1/chat/completions"


def models(directory):
    path = os.path.join(directory, "upstream.key")
    with open(path, "w", encoding="ascii") as file:
        file.write("sk-upstream\n")
    return {
        "upstreams": {"mock": {"base_url": "MOCK/v1", "kind": "openai", "api_key_file": path}},
        "models": {"*": {"targets": [{"upstream": "mock"}]}},
    }


def check(shape):
    s = suite.Suite(mock=("--api-key", "sk-upstream"), shape=shape)
    s.write_models(models(s.directory))
    with s:
        key = s.make_key()
        headers = {"Authorization": "Bearer sk-upstream"}
        for members in ({}, {"stream": True, "stream_options": {"include_usage": True}}):
            for model in ("plain", "fault-split-utf8", "fault-no-usage"):
                body = suite.chat_body(model, **members)
                wanted = suite.http_call(s.mock.port, "POST", CHAT, body, headers)
                got = s.http("POST", CHAT, body, key)
                tap.is_(
                    (got.status, got.body),
                    (200, wanted.body),
                    "%s: %s %s" % (shape, model, "stream" if members else ""),
                )
        body = suite.chat_body("plain", stream=True)
        events = s.http("POST", CHAT, body, key).body.split(b"\n\n")
        tap.ok(not any(b'"choices":[]' in event for event in events), shape + ": no usage event unless asked for")
        tap.is_(events[-2], b"data: [DONE]", shape + ": and the end is there")
        seen = s.mock.requests()[-1]
        tap.has(seen["head"], b"Authorization: Bearer sk-upstream", shape + ": the gateway's credential goes upstream")
        tap.is_(seen["path"], CHAT, shape + ": to the path of its base_url")
        answer = s.http("POST", "/v1/embeddings", b'{"model":"m","input":"x"}', key).json()
        tap.is_(len(answer["data"][0]["embedding"]), 16, shape + ": embeddings")
        tap.is_(
            [m["id"] for m in s.http("GET", "/v1/models", key=key).json()["data"]],
            ["llama3.2:latest", "org/model-7b", "text-embed"],
            shape + ": models",
        )
        for model, status in (("fault-busy-503", 503), ("fault-404", 404), ("fault-context-400", 400)):
            wanted = suite.http_call(s.mock.port, "POST", CHAT, suite.chat_body(model), headers)
            got = s.chat(key, model)
            tap.is_((got.status, got.body), (status, wanted.body), "%s: %s as it was said" % (shape, model))
        got = s.chat(key, "fault-401")
        tap.is_((got.status, got.code), (502, "upstream_auth"), shape + ": a credential refused is the gateway's fault")
        tap.ok(b"sk-upstream" not in json.dumps(got.headers).encode() + got.body, shape + ": and is not shown")


for each in ("vllm", "llamacpp", "openai"):
    check(each)
