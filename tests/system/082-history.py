#!/usr/bin/env python3
"""What history says: every request, refusal and change has one record, with the id that its client was told."""

import suite
import tap


def record_of(s, answer):
    """The record of an answer, as soon as it is on disk."""
    return suite.until(lambda: s.records(request_id=answer.headers["x-request-id"]), "the record of %r" % answer)[0]


def check_requests(s, key):
    answer = s.chat(key, "alias", text="one two three")
    record = record_of(s, answer)
    facts = {
        name: record[name] for name in ("kind", "action", "model", "served", "upstream", "status", "code", "client")
    }
    tap.is_(
        facts,
        {
            "kind": "request",
            "action": "chat.completions",
            "model": "alias",
            "served": "real",
            "upstream": "mock",
            "status": 200,
            "code": "",
            "client": "127.0.0.1",
        },
        "a chat: who asked for what and who answered",
    )
    tap.is_((record["tokens_in"], record["tokens_out"], record["estimated"]), (3, 10, False), "its tokens, as reported")
    tap.is_((record["key_id"], record["streamed"]), (s.key_id(key), False), "its key's id")
    tap.is_(record["bytes_out"], len(answer.body), "and its size")
    stream = s.stream(key, "m", text="one two")
    text, _ = stream.rest()
    record = suite.until(lambda: s.records(request_id=stream.headers["x-request-id"]), "the record")[0]
    tap.is_((record["tokens_in"], record["tokens_out"], record["estimated"]), (2, 10, False), "a stream, likewise")
    tap.is_((record["streamed"], record["bytes_out"]), (True, len(text)), "although its client never saw the usage")
    record = record_of(s, s.chat(key, "fault-no-usage"))
    tap.ok(record["estimated"] and record["tokens_out"] > 0, "a server that reports no usage: an estimate, called so")
    record = record_of(s, s.chat(key, "fault-busy-503"))
    tap.is_((record["kind"], record["status"]), ("request", 503), "a model server's refusal is a request's record")
    record = record_of(s, s.http("GET", "/v1/models", key=key))
    tap.is_((record["action"], record["tokens_in"], record["tokens_out"]), ("models", 0, 0), "a list of models")


def check_refusals(s):
    narrow, poor = s.make_key(models="a"), s.make_key(rpm=1)
    s.chat(poor, "m")
    gone = s.make_key()
    s.tool("key", "revoke", s.key_id(gone))
    for answer, status, code, key, name in (
        (s.chat(None, "m"), 401, "invalid_request_error", "", "no key"),
        (s.chat("sk-unknown", "m"), 401, "invalid_api_key", "", "an unknown key"),
        (s.chat(gone, "m"), 401, "invalid_api_key", s.key_id(gone), "a revoked key"),
        (s.chat(narrow, "b"), 404, "model_not_found", s.key_id(narrow), "a model that is not allowed"),
        (s.chat(poor, "m"), 429, "rate_limit_exceeded", s.key_id(poor), "a rate limit"),
    ):
        record = record_of(s, answer)
        tap.is_(
            (record["kind"], record["status"], record["code"], record["key_id"]),
            ("refusal", status, code, key),
            "a refusal: " + name,
        )
        tap.is_((record["upstream"], record["tokens_in"] + record["tokens_out"]), ("", 0), "which used nothing")


def check_changes(s):
    key = s.make_key(name="watched", rpm=5)
    s.tool("key", "rotate", s.key_id(key))
    s.tool("key", "revoke", s.key_id(key))
    suite.until(lambda: len(s.records(kind="admin", key_id=s.key_id(key))) == 3, "three records")
    actions = [record["action"] for record in s.records(kind="admin", key_id=s.key_id(key))]
    tap.is_(actions, ["key.create", "key.rotate", "key.revoke"], "an administrator's changes, in their order")


def check_reading(s):
    """What people are shown is what is on disk."""
    total = len(s.records())
    shown = s.tool("audit", "verify").stdout.decode()
    tap.ok(str(total) in shown, "audit verify counts %d records" % total)
    tail = s.tool("audit", "tail").stdout.decode()
    tap.ok(tail.count("\n") >= 5, "audit tail shows some of them")
    path = s.journal_files()[0]
    with open(path, "r+b") as file:
        file.seek(200)
        byte = file.read(1)
        file.seek(200)
        file.write(bytes([byte[0] ^ 1]))
    tap.is_(s.tool("audit", "verify", check=False).returncode, 1, "one altered bit is found")


MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama"}},
    "models": {"alias": {"targets": [{"upstream": "mock", "model": "real"}]}, "*": {"targets": [{"upstream": "mock"}]}},
}

with suite.Suite(models=MODELS) as the_suite:
    check_requests(the_suite, the_suite.make_key())
    check_refusals(the_suite)
    check_changes(the_suite)
    check_reading(the_suite)
