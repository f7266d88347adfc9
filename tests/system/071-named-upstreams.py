#!/usr/bin/env python3
"""Model servers that have names: proxyd looks them up in threads, beside what it does otherwise."""

import suite
import tap

s = suite.Suite()
s.write_models(
    {
        "upstreams": {
            "named": {"base_url": s.mock.url.replace("127.0.0.1", "localhost"), "kind": "ollama", "slots": 64},
            "nowhere": {"base_url": "http://nowhere.invalid", "kind": "ollama"},
        },
        "models": {"lost": {"targets": [{"upstream": "nowhere"}]}, "*": {"targets": [{"upstream": "named"}]}},
    }
)
with s:
    key = s.make_key()
    tap.is_(s.chat(key, "m").status, 200, "a model server is found by its name")
    statuses = suite.together(16, lambda i: s.chat(key, "lost" if i % 4 == 0 else "slow-20ms").status)
    tap.is_(statuses, [502 if i % 4 == 0 else 200 for i in range(16)], "many at one time, and one that nobody knows")
    text, proper = s.stream(key, "stream-20").rest()
    tap.ok(proper and text.endswith(b"data: [DONE]\n\n"), "and a stream")
