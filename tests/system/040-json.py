#!/usr/bin/env python3
"""Bodies that are not what they should be: each a 400 in OpenAI's envelope, and none reaches the model server."""

import json

import suite
import tap

CHAT = "/v1/chat/completions"
DEEP = b'{"model":"m","messages":%s}'

BROKEN = (
    (b"", "an empty body"),
    (b" \r\n", "white space"),
    (b"{", "a lone brace"),
    (b"[]", "an array"),
    (b'"m"', "a string"),
    (b'{"model":"m"', "a missing brace"),
    (b'{"model":"m"}}', "one brace too many"),
    (b'{"model":"m"}{}', "two objects"),
    (b'{"model":"m",}', "a trailing comma"),
    (b"{'model':'m'}", "single quotes"),
    (b'{model:"m"}', "a bare name"),
    (b'{"model":"m","a":01}', "a leading zero"),
    (b'{"model":"m","a":+1}', "a plus"),
    (b'{"model":"m","a":.5}', "no digit"),
    (b'{"model":"m","a":NaN}', "NaN"),
    (b'{"model":"m","a":1e}', "half an exponent"),
    (b'{"model":"m","a":tru}', "tru"),
    (b'{"model":"m" /* c */}', "a comment"),
    (b'{"model":"m","a":"\t"}', "a raw tab"),
    (b'{"model":"m","a":"\x00"}', "NUL"),
    (b'{"model":"m","a":"\\x41"}', "an unknown escape"),
    (b'{"model":"m","a":"\\u12g4"}', "a bad escape"),
    (b'{"model":"m","a":"\xff"}', "a byte that is no UTF-8"),
    (b'{"model":"m","a":"\xc0\xaf"}', "overlong UTF-8"),
    (b'{"model":"m","a":"\xed\xa0\x80"}', "a surrogate in UTF-8"),
    (b'{"model":"m","a":"\xf5\x80\x80\x80"}', "beyond Unicode"),
    (b'{"model":"m","a":"\\ud800"}', "a lone surrogate"),
    (b'{"model":"m","a":"\xe2\x82"}', "half a character"),
    (b'\xef\xbb\xbf{"model":"m"}', "a byte order mark"),
    ('{"model":"m"}'.encode("utf-16"), "UTF-16"),
    (DEEP % (b"[" * 100 + b"]" * 100), "100 levels"),
    (DEEP % (b'{"a":' * 5000 + b"1" + b"}" * 5000), "5000 levels"),
    (b"[" * 300000, "300000 open brackets"),
    (b'{"model":"a","model":"b"}', "model twice"),
    (b'{"model":"a","model":"a"}', "the same model twice"),
    (b'{"model":"a","\\u006dodel":"b"}', "model twice, once escaped"),
    (b'{"model":"a","Model":"b"}', "model and Model"),
    (b'{"model":"a","stream":true,"stream":false}', "stream twice"),
)

BAD_MODELS = (
    (b"{}", "no model"),
    (b'{"model":null}', "null"),
    (b'{"model":5}', "a number"),
    (b'{"model":["m"]}', "a list"),
    (b'{"model":{"m":1}}', "an object"),
    (b'{"model":""}', "an empty name"),
    (b'{"model":"a\\u0000b"}', "a NUL inside"),
    (b'{"model":"' + b"m" * 300 + b'"}', "a name of 300 bytes"),
    (b'{"Model":"m"}', "Model alone"),
)


def is_bad(answer, name, status=400):
    tap.ok(
        answer.status == status
        and set(answer.error) == {"message", "type", "param", "code"}
        and answer.error["type"] == "invalid_request_error",
        name,
    ) or tap.diag(answer)


def check_bodies(s, key):
    mark = s.mock.mark()
    for body, name in BROKEN:
        is_bad(s.http("POST", CHAT, body, key), name)
    for body, name in BAD_MODELS:
        answer = s.http("POST", CHAT, body, key)
        is_bad(answer, "model: " + name)
    tap.is_(s.http("POST", CHAT, b"{}", key).error["param"], "model", "the parameter is named")
    tap.is_(s.mock.count(mark, event="request"), 0, "none of this reached the model server")


def check_strange_but_right(s, key):
    for body, name in (
        (b'\n\t {"messages":[] , "model" : "m"}\n', "white space everywhere"),
        (b'{"\\u006dodel":"m"}', "an escaped name"),
        (b'{"model":"\\u006d"}', "an escaped value"),
        (b'{"model":"m","a":"\\ud83d\\ude00"}', "a surrogate pair"),
        ('{"model":"m","a":"\u00e4\u65e5\U0001f642"}'.encode(), "text of all lengths"),
        (b'{"model":"m","x":{"model":1,"model":2}}', "a name twice, deeper down"),
        (b'{"model":"m","messages":[{"model":"x"},{"model":"y"}]}', "the name in messages"),
        (DEEP % (b"[" * 60 + b"]" * 60), "60 levels"),
        (b'{"model":"m","a":-0.5e+10}', "a number with everything"),
    ):
        tap.is_(s.http("POST", CHAT, body, key).status, 200, name)


def check_sizes(s, key):
    limit = 65536
    exact = suite.chat_body("m", text="x" * (limit - len(suite.chat_body("m", text=""))))
    tap.is_((len(exact), s.http("POST", CHAT, exact, key).status), (limit, 200), "a body as large as is allowed")
    mark = s.mock.mark()
    is_bad(s.http("POST", CHAT, exact + b" ", key), "one byte more", 413)
    with s.raw(suite.request_bytes(key, b"", headers={"Content-Length": "999999999999"})) as sock:
        tap.has(suite.read_until_closed(sock), b"HTTP/1.1 413", "an absurd length is refused before it is sent")
    opening, more = b'a\r\n{"model":"\r\n', b"1000\r\n" + b"x" * 4096 + b"\r\n"
    with s.raw(suite.request_bytes(key, b"", headers={"Transfer-Encoding": "chunked"}) + opening + more * 17) as sock:
        tap.has(suite.read_until_closed(sock), b"HTTP/1.1 413", "and so is a chunked body once it is too large")
    with s.raw(suite.request_bytes(key, b"", headers={"Content-Length": "100"}) + b'{"model":"m"') as sock:
        sock.shutdown(1)
        suite.read_until_closed(sock)
    tap.is_(s.mock.count(mark, event="request"), 0, "a body cut short reaches nobody")


def check_media(s, key):
    body = suite.chat_body("m")
    for kind in ("application/json", "application/json; charset=utf-8", "APPLICATION/JSON"):
        tap.is_(s.http("POST", CHAT, body, key, {"Content-Type": kind}).status, 200, kind)
    is_bad(s.http("POST", CHAT, body, key, {"Content-Encoding": "zstd"}), "a compressed body", 415)
    is_bad(s.http("POST", CHAT, body, key, {"Content-Encoding": "gzip"}), "in whatever way", 415)
    is_bad(s.http("POST", CHAT, b"a=b", key, {"Content-Type": "multipart/form-data; boundary=x"}), "a form", 415)
    tap.is_(s.http("POST", "/v1/embeddings", b'{"model":"m","model":"n"}', key).status, 400, "the same on other routes")
    tap.is_(s.http("POST", "/v1/completions", json.dumps({"model": "m"})[:-1].encode(), key).status, 400, "and on this")


with suite.Suite(env={"HEIMGATE_BODY_MAX": "65536"}) as the_suite:
    the_key = the_suite.make_key()
    check_strange_but_right(the_suite, the_key)
    check_sizes(the_suite, the_key)
    check_media(the_suite, the_key)

with suite.Suite() as the_suite:
    the_key = the_suite.make_key()
    check_bodies(the_suite, the_key)
    tap.is_(the_suite.chat(the_key, "m").status, 200, "and afterwards all is well")
