#!/usr/bin/env python3
"""Keys that may send only so many images, or so many KiB of them: at the limit a request passes, one over it costs
nothing."""

import base64
import json

import suite
import tap

MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK/v1", "kind": "openai"}},
    "models": {"*": {"targets": [{"upstream": "mock"}]}},
}
JSON = {"Content-Type": "application/json"}


def encoded(sizes):
    return [base64.b64encode(b"\xff" * size).decode() for size in sizes]


def data_urls(sizes):
    return ["data:image/png;base64," + each for each in encoded(sizes)]


def in_json(**members):
    return json.dumps({"model": "m", "max_tokens": 10, **members}).encode(), JSON


def said(parts):
    return [{"role": "user", "content": parts}]


def chat(sizes):
    return in_json(messages=said([{"type": "image_url", "image_url": {"url": url}} for url in data_urls(sizes)]))


def response(sizes):
    return in_json(input=said([{"type": "input_image", "image_url": url} for url in data_urls(sizes)]))


def message(sizes):
    sources = [{"type": "base64", "media_type": "image/png", "data": data} for data in encoded(sizes)]
    return in_json(messages=said([{"source": source, "type": "image"} for source in sources]))


def api_chat(sizes):
    return in_json(messages=[{"role": "user", "content": "x", "images": encoded([size])} for size in sizes])


def api_generate(sizes):
    return in_json(prompt="x", images=encoded(sizes))


def form(sizes):
    return suite.form_body(("model", "m"), *(("image[]", b"\xff" * size, "a.png") for size in sizes))


WAYS = (
    ("/v1/chat/completions", chat),
    ("/v1/responses", response),
    ("/v1/messages", message),
    ("/v1/messages/count_tokens", message),
    ("/v1/images/edits", form),
    ("/v1/images/variations", form),
)
OLLAMA_WAYS = (("/api/chat", api_chat), ("/api/generate", api_generate))


def send(s, key, path, made):
    body, headers = made
    return s.http("POST", path, body, key, headers)


def is_in_dialect(path, answer):
    """A refusal as the clients of that API read it."""
    found = json.loads(answer.body)
    if path.startswith("/api/"):
        return isinstance(found["error"], str) and "images" in found["error"]
    kind = {400: "invalid_request_error", 413: "request_too_large"}[answer.status]
    if path.startswith("/v1/messages"):
        return found["type"] == "error" and found["error"]["type"] == kind and "images" in found["error"]["message"]
    code = {400: "too_many_images", 413: "images_too_large"}[answer.status]
    is_ours = answer.error["type"] == "invalid_request_error" and "images" in answer.error["message"]
    return is_ours and answer.code == code


def counted(s, key):
    row = next(row for row in s.limits()["keys"] if row["key"] == s.key_id(key))
    return row["running"], row["requests"]["remaining"], row["tokens"]["remaining"], row["budget"]["used"]


def check_refused(s, key, path, made, status, code):
    asked, count = s.mock.mark(), len(s.records(code=code))
    answer = send(s, key, path, made)
    good = answer.status == status and is_in_dialect(path, answer)
    tap.ok(good, "%s: %d, in its own dialect" % (path, status)) or tap.diag(answer)
    tap.is_(s.mock.count(asked, event="request"), 0, "and no server hears of it")
    records = suite.until(lambda: (found := s.records(code=code)) and len(found) > count and found, "its record")
    found = [records[-1][name] for name in ("key_id", "status", "tokens_in", "tokens_out")]
    tap.is_(found, [s.key_id(key), status, 0, 0], "it is on record, without tokens")


def check_counts(s, path, make):
    key = s.make_key(images=2, rpm=1000, tpm=1000000, budget="1000000/day")
    tap.is_(send(s, key, path, make([5, 5])).status, 200, "%s: two images of two" % path)
    tap.is_(send(s, key, path, make([])).status, 200, "or none")
    suite.until(lambda: counted(s, key)[0] == 0, "settlement")
    before = counted(s, key)
    check_refused(s, key, path, make([5, 5, 5]), 400, "too_many_images")
    suite.until(lambda: counted(s, key)[0] == 0, "settlement")
    after = counted(s, key)
    is_free = after[1] >= before[1] and after[2] >= before[2] and after[3] == before[3]
    tap.ok(is_free, "and costs nothing: %r" % (after,))


def check_sizes(s, path, make):
    key = s.make_key(image_kib=100)
    tap.is_(send(s, key, path, make([102400])).status, 200, "%s: 100 KiB of 100" % path)
    tap.is_(send(s, key, path, make([51200, 51199, 1])).status, 200, "in three images")
    check_refused(s, key, path, make([102401]), 413, "images_too_large")
    check_refused(s, key, path, make([51200, 51200, 1]), 413, "images_too_large")


def check_ways(s, ways):
    free = s.make_key()
    for path, make in ways:
        check_counts(s, path, make)
        check_sizes(s, path, make)
        tap.is_(send(s, free, path, make([100000] * 10)).status, 200, "%s: a key without a rule sends any" % path)


def check_hidden(s):
    """What a lenient server may see all the same."""
    key = s.make_key(images=1)
    for name, body in (
        ("escapes", rb'{"model":"m","messages":[{"\u0069mages":["AAAA","AAAA"]}]}'),
        ("capitals", b'{"model":"m","messages":[{"Images":["AAAA","AAAA"]}]}'),
        ("repetition", b'{"model":"m","messages":[{"images":["AAAA"],"images":["AAAA"]}]}'),
        ("numbers", b'{"model":"m","messages":[{"images":[[1,2],[3]]}]}'),
        ("the other list", b'{"model":"m","messages":[{"images":["AAAA"]}],"messages":[{"images":["AAAA"]}]}'),
    ):
        answer = s.http("POST", "/api/chat", body, key)
        tap.ok(answer.status == 400 and b"more images" in answer.body, "%s: refused" % name) or tap.diag(answer)


def check_sounds(s):
    body, headers = suite.form_body(("model", "m"), ("file", b"\xff" * 5000, "a.wav"))
    answer = s.http("POST", "/v1/audio/transcriptions", body, s.make_key(images=1, image_kib=1), headers)
    tap.is_(answer.status, 200, "a sound is no image")


with suite.Suite() as the_suite:
    check_ways(the_suite, OLLAMA_WAYS)
    check_hidden(the_suite)

with suite.Suite(models=MODELS, shape="openai") as the_suite:
    check_ways(the_suite, WAYS)
    check_sounds(the_suite)
