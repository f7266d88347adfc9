#!/usr/bin/env python3
"""Who gets in: unknown, missing, revoked, expired and restricted keys, and every way to present one."""

import base64
import threading
import time

import suite
import tap

ENVELOPE = {"message", "type", "param", "code"}


def is_refused(answer, status, code, name):
    tap.is_((answer.status, answer.code, set(answer.error)), (status, code, ENVELOPE), name)
    tap.ok(
        answer.headers["content-type"].startswith("application/json") and "x-request-id" in answer.headers,
        "in the envelope, with a request id",
    )


def check_presenting(s):
    key = s.make_key()
    basic = base64.b64encode(b":" + key.encode()).decode()
    named = base64.b64encode(b"someone:" + key.encode()).decode()
    for header, value in (
        ("Authorization", "Bearer " + key),
        ("authorization", "bearer " + key),
        ("x-api-key", key),
        ("api-key", key),
        ("Authorization", "Basic " + basic),
        ("Authorization", "Basic " + named),
    ):
        tap.is_(s.chat(None, "m", {header: value}).status, 200, "%s: %s" % (header, value.split()[0][:6]))
    for header, value in (
        ("Authorization", key),
        ("Authorization", "Bearer"),
        ("Authorization", "Basic !!!"),
        ("Authorization", "Digest " + key),
        ("X-Key", key),
        ("Cookie", "key=" + key),
    ):
        tap.ok(s.chat(None, "m", {header: value}).status in (400, 401), "%s: %s is none" % (header, value[:9]))
    twice = {"Authorization": "Bearer " + key, "x-api-key": "sk-other"}
    tap.ok(s.chat(None, "m", twice).status in (400, 401), "two different keys at once are refused")


def check_unknown(s):
    answer = s.chat(None, "m")
    is_refused(answer, 401, None, "no key")
    tap.has(answer.error["message"], "You didn't provide an API key", "in OpenAI's words")
    wrong = "sk-hg-0123456789-" + "A" * 49
    answer = s.chat(wrong, "m")
    is_refused(answer, 401, "invalid_api_key", "an unknown key")
    tap.ok(wrong not in answer.body.decode(), "is not shown again")
    key = s.make_key()
    for changed in (key[:-1] + ("a" if key[-1] != "a" else "b"), key + "x", key[:-1], key.upper(), key[:16]):
        tap.is_(s.chat(changed, "m").status, 401, "nor does a key that differs a little get in")
    tap.is_(s.chat("' OR 1=1 --", "m").status, 401, "nor SQL")
    tap.ok(s.chat("x" * 5000, "m").status in (400, 401), "nor 5000 letters")


def check_models(s):
    key = s.make_key(models="good,org/x:1")
    tap.is_(s.chat(key, "good").status, 200, "a key with a list of models: one of them")
    tap.is_(s.chat(key, "org/x:1").status, 200, "another one")
    for model in ("goo", "good2", "GOOD", "good ", "*", "good\norg/x:1"):
        answer = s.chat(key, model)
        is_refused(answer, 404, "model_not_found", "none of them: %r" % model)
    tap.is_(s.http("POST", "/v1/embeddings", b'{"model":"bad","input":"x"}', key).status, 404, "on no route")


def check_revoking(s):
    key, other = s.make_key(), s.make_key()
    streams = [s.stream(key, "stream-1000x20"), s.stream(key, "stream-1000x20"), s.stream(key, "fault-stall-mid")]
    bystander = s.stream(other, "stream-60x20")
    for stream in streams + [bystander]:
        stream.event()
    waiting = []
    blocked = threading.Thread(target=lambda: waiting.append(s.chat(key, "fault-stall-head")))
    mark = s.mock.mark()
    blocked.start()
    s.mock.wait(mark, event="request", model="fault-stall-head")
    mark = s.mock.mark()
    s.tool("key", "revoke", s.key_id(key))
    started = time.monotonic()
    ends = [stream.rest() for stream in streams]
    blocked.join()
    took = time.monotonic() - started
    tap.ok(took < 1.0, "open streams of a revoked key end in under a second (%.3f s)" % took)
    tap.ok(
        all(b'data: {"error":{' in text and b"invalid_api_key" in text for text, _ in ends), "each with an error event"
    )
    tap.is_((waiting[0].status, waiting[0].code), (401, "invalid_api_key"), "one that had no answer yet gets a 401")
    suite.until(lambda: s.mock.count(mark, event="peer-closed") == 4, "the closing of four upstream connections")
    tap.ok(True, "and the model server is told to stop")
    is_refused(s.chat(key, "m"), 401, "invalid_api_key", "afterwards the key is refused")
    text, proper = bystander.rest()
    tap.ok(proper and text.endswith(b"data: [DONE]\n\n"), "streams of other keys go on")


def check_expiring(s):
    key = s.make_key(expires="2s")
    tap.is_(s.chat(key, "m").status, 200, "a key that expires in 2 s works")
    answer = suite.until(lambda: (a := s.chat(key, "m")).status != 200 and a, "expiry")
    is_refused(answer, 401, "invalid_api_key", "until then")


def check_rotating(s):
    key = s.make_key()
    new = s.tool("key", "rotate", s.key_id(key)).stdout.decode().strip()
    suite.until(lambda: s.chat(key, "m").status == 401, "the end of the old secret")
    tap.ok(True, "a rotated key's old secret is refused")
    tap.is_(s.chat(new, "m").status, 200, "and its new one works")
    graceful = s.tool("key", "rotate", s.key_id(key), "--grace", "1h").stdout.decode().strip()
    tap.is_([s.chat(each, "m").status for each in (new, graceful)], [200, 200], "with grace, both do")
    s.tool("key", "revoke", s.key_id(key))
    suite.until(lambda: [s.chat(each, "m").status for each in (new, graceful)] == [401, 401], "revocation")
    tap.ok(True, "and neither once it is revoked")


def check_taking_over(s):
    secret = "a secret with spaces, from elsewhere"
    s.tool("key", "create", "--name", "moved", "--secret-stdin", stdin=secret.encode() + b"\n")
    tap.is_(s.chat(secret, "m").status, 200, "a secret taken over works, spaces and all")
    tap.is_(s.chat(secret + " ", "m").status, 200, "white space around it is HTTP's, not its own")
    tap.is_(s.chat(secret.replace(" ", ""), "m").status, 401, "white space inside it is its own")


def check_listing(s):
    key = s.make_key(name="for-listing", rpm=7)
    listing = s.tool("key", "list").stdout.decode()
    tap.has(listing, s.key_id(key), "key list names it")
    tap.ok(key not in listing and key.rsplit("-", 1)[1][:20] not in listing, "and does not show its secret")
    shown = s.tool("key", "show", s.key_id(key)).stdout.decode()
    tap.ok("for-listing" in shown and "7" in shown and key not in shown, "nor does key show")
    tap.is_(s.tool("key", "revoke", "nosuchkey0", check=False).returncode, 1, "revoking an unknown key is refused")
    tap.is_(s.tool("key", "create", "--name", "for-listing", check=False).returncode, 1, "a name is used only once")


with suite.Suite() as the_suite:
    check_presenting(the_suite)
    check_unknown(the_suite)
    check_models(the_suite)
    check_revoking(the_suite)
    check_expiring(the_suite)
    check_rotating(the_suite)
    check_taking_over(the_suite)
    check_listing(the_suite)
