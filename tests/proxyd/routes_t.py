#!/usr/bin/env python3
"""What heimgate-proxyd takes from an edge that must not be believed: routes, headers, forms."""

from alone import Alone

import suite
import tap
import wire

CHAT, TRANSCRIPTIONS, MESSAGES, SHOW, VERSION, ROOT, PULL = 0, 10, 14, 20, 23, 24, 29
FORM, HEADERS = suite.form_body(("model", "m"), ("file", b"RIFF", "a.wav"))
TYPE = b"Content-Type: %s\r\n" % HEADERS["Content-Type"].encode()
MESSAGE = b'{"model":"m","messages":[]}'


def leased_routes(s, edge):
    for route in (ROOT, PULL, 200):
        answer = edge.request(b"{}", route=route, model="", upstream="")
        tap.is_(answer.fault, wire.BAD_VALUE, "no lease is for route %d" % route)
    tap.is_(edge.request(route=VERSION, model="", upstream="").status, 200, "while this one needs no slot")
    answer = edge.request(b'{"name":"m"}', route=SHOW, upstream="")
    tap.is_(answer.status, 200, "nor does this one, which names a model")
    settle = s.settlement(answer.sealed)
    tap.is_((settle["tokens"], settle["charged"]), (0, True), "and it costs no tokens")
    answer = edge.request(suite.chat_body("m"), upstream="")
    tap.is_((answer.status, answer.error["code"]), (503, "server_is_overloaded"), "a chat without a slot is not let in")


def headers(s, edge):
    version = b"anthropic-version: 2023-06-01\r\n"
    answer = edge.request(MESSAGE, route=MESSAGES, passed=version)
    tap.is_(answer.status, 200, "a header of Anthropic's clients")
    tap.has(s.mock.requests()[-1]["head"].lower().decode(), version.decode(), "goes to the server")
    for lines in (b"Authorization: Bearer x\r\n", b"Host: x\r\n", TYPE, version + b"x", b"anthropic-x: \x00\r\n",
                  b"anthropic-x: y\nHost: z\r\n", b"\r\n"):
        tap.is_(edge.request(MESSAGE, route=MESSAGES, passed=lines).fault, wire.BAD_VALUE, "%r does not" % lines)
    tap.is_(edge.request(suite.chat_body("m"), route=CHAT, passed=version).fault, wire.BAD_VALUE, "nor any to a chat")


def forms(s, edge):
    answer = edge.request(FORM, route=TRANSCRIPTIONS, passed=TYPE)
    tap.is_(answer.status, 200, "a form")
    tap.is_(s.mock.requests()[-1]["body"], FORM, "goes to the server as it is")
    answer = edge.request(FORM, route=TRANSCRIPTIONS, passed=TYPE, model="other")
    tap.is_((answer.status, answer.error["code"]), (400, "model_mismatch"), "one of another model than leased does not")
    for name, body, lines in (("without a boundary", FORM, b""), ("cut off", FORM[:-6], TYPE), ("JSON", MESSAGE, TYPE),
                              ("with two models", suite.form_body(("model", "m"), ("model", "n"))[0], TYPE)):
        tap.is_(edge.request(body, route=TRANSCRIPTIONS, passed=lines).status, 400, "nor one " + name)


with Alone() as the_one:
    the_edge = the_one.edge()
    for check in (leased_routes, headers, forms):
        check(the_one, the_edge)
