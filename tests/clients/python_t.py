#!/usr/bin/env python3
"""OpenAI's official Python client, with nothing but base_url and api_key changed."""

import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import client_check  # noqa: E402
from client_check import ECHO, TEXT, suite, tap  # noqa: E402

PLACE = os.path.join(client_check.BUILT, "python")

if sys.prefix != PLACE:
    client_check.install(
        PLACE,
        "requirements.txt",
        (
            [sys.executable, "-m", "venv", PLACE],
            [
                os.path.join(PLACE, "bin", "pip"),
                "install",
                "--quiet",
                "-r",
                os.path.join(client_check.HERE, "requirements.txt"),
            ],
        ),
    )
    python = os.path.join(PLACE, "bin", "python")
    os.execv(python, [python, os.path.abspath(__file__)])

import openai  # noqa: E402


def client_for(s, key, **options):
    return openai.OpenAI(base_url="http://127.0.0.1:%d/v1" % s.port, api_key=key, **options)


def ask(client, model="gpt-4o-mini", text="Hello", **members):
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], **members)


def check_chat(client):
    answer = ask(client, text=ECHO + TEXT)
    tap.is_(answer.choices[0].message.content, TEXT, "a chat")
    tap.ok(answer.usage.total_tokens > 0 and answer._request_id.startswith("req_"), "with usage and a request id")
    chunks = list(ask(client, text=ECHO + TEXT, stream=True))
    tap.is_("".join(chunk.choices[0].delta.content or "" for chunk in chunks), TEXT, "a stream")
    tap.is_([chunk.usage for chunk in chunks if chunk.usage], [], "without the usage, which was not asked for")
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    tap.ok(chunks[-1].usage.completion_tokens == 10 and chunks[-1].choices == [], "and with it when it is")
    for model in ("fault-split-utf8", "fault-one-byte", "fault-crlf", "fault-pings"):
        text = "".join(chunk.choices[0].delta.content or "" for chunk in ask(client, model, stream=True))
        tap.ok(text, "a stream in odd pieces: " + model)
    with client.chat.completions.with_streaming_response.create(
        model="m", messages=[{"role": "user", "content": "x"}]
    ) as raw:
        tap.is_(raw.status_code, 200, "a streaming response")
    tap.is_(client.completions.create(model="m", prompt=ECHO + "yes").choices[0].text, "yes", "a completion")


def check_embeddings_and_models(client):
    answer = client.embeddings.create(model="text-embed", input=["one", "two"])
    tap.is_([len(row.embedding) for row in answer.data], [16, 16], "embeddings (asked for in base64)")
    plain = client.embeddings.create(model="text-embed", input=["one", "two"], encoding_format="float")
    tap.is_([row.embedding for row in plain.data], [row.embedding for row in answer.data], "are the same as floats")
    tap.ok("gpt-4o-mini" in [model.id for model in client.models.list()], "the list of models")
    tap.is_(client.models.retrieve("org/model-7b").id, "org/model-7b", "one model, with a slash in its name")


def raises(kind, call, name):
    try:
        call()
    except kind as error:
        tap.ok(type(error) is kind, "%s is raised: %s" % (kind.__name__, name))
        return error
    tap.ok(False, "%s is raised: %s" % (kind.__name__, name))
    return None


def check_errors(s, client):
    once = client.with_options(max_retries=0)
    error = raises(openai.AuthenticationError, lambda: ask(client_for(s, "sk-wrong")), "a wrong key")
    tap.is_((error.code, error.type), ("invalid_api_key", "invalid_request_error"), "with code and type")
    error = raises(openai.NotFoundError, lambda: ask(client_for(s, s.make_key(models="a")), "b"), "a model not allowed")
    tap.is_((error.code, error.param), ("model_not_found", "model"), "with code and param")
    raises(openai.BadRequestError, lambda: ask(once, "m" * 500), "a bad name")
    raises(openai.NotFoundError, lambda: once.get("/nowhere", cast_to=object), "a bad path")
    raises(openai.InternalServerError, lambda: ask(once, "fault-html-502"), "a page of HTML")
    raises(openai.InternalServerError, lambda: ask(once, "fault-cut"), "a broken answer")
    error = raises(openai.InternalServerError, lambda: ask(once, "fault-busy-503"), "a busy model server")
    tap.has(error.message, "server busy, please try again.", "in its own words")
    poor = client_for(s, s.make_key(budget="5/day"))
    error = raises(openai.RateLimitError, lambda: ask(poor, max_tokens=100), "a budget that is used up")
    tap.is_((error.code, poor_attempts(s)), ("insufficient_quota", 1), "is not asked for again")


def poor_attempts(s):
    """Refusals for the budget in history: attempts that the client made."""
    return len(suite.until(lambda: s.records(kind="refusal", code="insufficient_quota"), "the records"))


def check_streams_that_fail(client):
    for model in (
        "fault-truncate",
        "fault-cut",
        "fault-rst",
        "fault-error-mid",
        "fault-error-mid-done",
        "fault-old-llama-error",
        "fault-junk-chunk-eof",
    ):
        raises(openai.APIError, lambda model=model: list(ask(client, model, stream=True)), "a stream with " + model)


def check_retries(s, client):
    key = s.make_key(rpm=1)
    limited = client_for(s, key, max_retries=2)
    ask(limited)
    error = raises(openai.RateLimitError, lambda: ask(limited.with_options(max_retries=0)), "a rate limit")
    tap.is_((error.code, error.type), ("rate_limit_exceeded", "requests"), "with code and type")
    before = len(s.records(kind="refusal", code="chat_concurrency_limit"))
    held = [s.stream(client.api_key, "fault-stall-mid") for _ in range(4)]
    for each in held:
        each.event()
    started = time.monotonic()
    raises(openai.RateLimitError, lambda: ask(client.with_options(max_retries=2)), "no slot")
    took = time.monotonic() - started
    count = suite.until(
        lambda: len(s.records(kind="refusal", code="chat_concurrency_limit")) - before >= 3
        and len(s.records(kind="refusal", code="chat_concurrency_limit")) - before,
        "three refusals",
    )
    tap.is_(count, 3, "after three attempts")
    tap.ok(took < 15, "paced by the hint (%.1f s)" % took)
    for each in held:
        each.close()
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "release")
    tap.ok(ask(client), "and afterwards all is well")


with suite.Suite(models=client_check.MODELS) as the_suite:
    the_client = client_for(the_suite, the_suite.make_key())
    check_chat(the_client)
    check_embeddings_and_models(the_client)
    check_errors(the_suite, the_client)
    check_streams_that_fail(the_client)
    check_retries(the_suite, the_client)
