#!/usr/bin/env python3
"""Multipart forms: judged, leased by the model in one of their parts, and passed byte for byte."""

import suite
import tap

FORMS = ("/v1/audio/transcriptions", "/v1/audio/translations", "/v1/images/edits", "/v1/images/variations")
SOUND = bytes(range(256)) * 40 + b"\r\n--\r\n------mock7MA4YWxkTrZu0g\r\n"
MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK/v1", "kind": "openai"}},
    "models": {
        "whisper": {"targets": [{"upstream": "mock", "model": "org/whisper-large-v3-turbo"}]},
        "*": {"targets": [{"upstream": "mock"}]},
    },
}


def post(s, path, key, *parts, headers=()):
    body, wanted = suite.form_body(*parts)
    return s.http("POST", path, body, key, {**wanted, **dict(headers)})


def sound(model, *more):
    return (("file", SOUND, "a.wav"), ("model", model), *more)


def check_passed(s, key):
    for path in FORMS:
        body, headers = suite.form_body(*sound("m"))
        wanted = suite.http_call(s.mock.port, "POST", path, body, headers)
        got = s.http("POST", path, body, key, headers)
        tap.is_((got.status, got.body), (200, wanted.body), path)
        sent = s.mock.requests()[-1]
        tap.is_((sent["path"], sent["body"]), (path, body), "is asked for as it came")
        content_types = [line for line in sent["head"].split(b"\r\n") if line.lower().startswith(b"content-type")]
        tap.is_(len(content_types), 1, "with one Content-Type")
        tap.has(content_types[0].decode(), headers["Content-Type"], "the client's own")


def check_alias(s, key):
    body, headers = suite.form_body(*sound("whisper", ("prompt", "whisper")))
    tap.is_(s.http("POST", FORMS[0], body, key, headers).status, 200, "an alias in a form")
    wanted = body.replace(b'name="model"\r\n\r\nwhisper', b'name="model"\r\n\r\norg/whisper-large-v3-turbo')
    tap.is_(s.mock.requests()[-1]["body"], wanted, "is spliced in place")
    record = suite.until(lambda: s.records(model="whisper"), "its record")[0]
    found = record["action"], record["served"], record["tokens_in"], record["tokens_out"], record["estimated"]
    tap.is_(found, ("audio.transcriptions", "org/whisper-large-v3-turbo", 14, 10, False), "and in history")


def check_plain_text(s, key):
    answer = post(s, FORMS[0], key, *sound("texts", ("response_format", "text")))
    tap.is_((answer.status, answer.body), (200, b"The gate is open and the model is a mock. \n"), "text/plain passes")
    tap.has(answer.headers["content-type"], "text/plain", "as what it is")
    record = suite.until(lambda: s.records(model="texts"), "its record")[0]
    tap.is_((record["tokens_out"], record["estimated"]), (len(answer.body) // 4, True), "and is counted by its length")


def check_streams(s, key):
    answer = post(s, FORMS[0], key, *sound("stream-20", ("stream", "true")))
    tap.ok(answer.body.count(b"transcript.text.delta") == 20 and b'"error"' not in answer.body, "a stream of text")
    answer = post(s, FORMS[0], key, *sound("stream-20+fault-truncate", ("stream", "true")))
    tap.ok(
        answer.body.rstrip().split(b"\n\n")[-1].startswith(b'data: {"error":{'), "that is cut off ends with an error"
    )


def check_models(s):
    some = s.make_key(models="whisper")
    mark = s.mock.mark()
    answer = post(s, FORMS[0], some, *sound("other"))
    tap.is_((answer.status, answer.code), (404, "model_not_found"), "a model the key may not use")
    for name, parts in (
        ("no model", (("file", SOUND, "a.wav"),)),
        ("an empty one", sound("")),
        ("one with a line end", sound("whisper\nother")),
        ("two", (("model", "whisper"), ("model", "other"))),
        ("two that differ by case", (("model", "whisper"), ("Model", "other"))),
        ("one that is a file", (("model", "whisper", "model"),)),
        ("one too long", sound("x" * 257)),
    ):
        answer = post(s, FORMS[0], some, *parts)
        tap.ok(answer.status == 400 and answer.error["message"], "%s: refused" % name) or tap.diag(answer)
    tap.is_(s.mock.count(mark, event="request"), 0, "and no server hears of it")


def check_bad_forms(s, key):
    body, headers = suite.form_body(*sound("m"))
    for name, what, said, status in (
        ("JSON", b'{"model":"m"}', {"Content-Type": "application/json"}, 415),
        ("no boundary", body, {"Content-Type": "multipart/form-data"}, 415),
        ("another boundary", body, {"Content-Type": "multipart/form-data; boundary=x"}, 400),
        ("cut off", body[:-8], headers, 400),
        ("something behind it", body + b"more", headers, 400),
        ("compressed", body, {**headers, "Content-Encoding": "gzip"}, 415),
        ("nothing", b"", headers, 400),
    ):
        answer = s.http("POST", FORMS[0], what, key, said)
        tap.ok(answer.status == status and answer.error["message"], "%s: %d" % (name, status)) or tap.diag(answer)
    answer = s.http("POST", "/v1/chat/completions", body, key, headers)
    tap.is_(answer.status, 415, "and a form is no chat")


def check_large(s, key):
    """More than any window and any buffer."""
    body, headers = suite.form_body(("file", SOUND * 800, "a.wav"), ("model", "m"))
    tap.is_(s.http("POST", FORMS[0], body, key, headers).status, 200, "a form of %d MiB" % (len(body) >> 20))
    tap.is_(s.mock.events(event="request")[-1]["length"], len(body), "arrives whole")


with suite.Suite(models=MODELS, shape="openai") as the_suite:
    the_key = the_suite.make_key()
    check_passed(the_suite, the_key)
    check_alias(the_suite, the_key)
    check_plain_text(the_suite, the_key)
    check_streams(the_suite, the_key)
    check_models(the_suite)
    check_bad_forms(the_suite, the_key)
    check_large(the_suite, the_key)
