#!/usr/bin/env python3
"""Ollama's native API: lines, lists, loading, its errors, and what is managed by nobody."""

import json

import suite
import tap

STREAMS = ("plain", "stream-200", "fault-one-byte", "fault-split-utf8", "size-40000", "size-100000", "stream-5x50")
CUT = ("fault-truncate", "fault-cut", "fault-rst", "fault-cut+after-0", "fault-truncate+fault-split-utf8+after-3")
MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama"}, "cloud": {"base_url": "MOCK/v1", "kind": "openai"}},
    "models": {
        "mini": {"targets": [{"upstream": "mock", "model": "llama3.2"}]},
        "far": {"targets": [{"upstream": "cloud"}]},
        "*": {"targets": [{"upstream": "mock"}]},
    },
}
MANAGED = (
    ("POST", "/api/pull"),
    ("POST", "/api/push"),
    ("POST", "/api/create"),
    ("POST", "/api/copy"),
    ("DELETE", "/api/delete"),
    ("HEAD", "/api/blobs/sha256:00"),
    ("POST", "/api/blobs/sha256:00"),
    ("POST", "/api/me"),
    ("POST", "/api/signout"),
    ("GET", "/api/experimental/x"),
)


def chat(model, **members):
    return json.dumps({"model": model, "messages": [{"role": "user", "content": "one two"}], **members}).encode()


def generate(model, **members):
    return json.dumps({"model": model, "prompt": "one two", **members}).encode()


def direct(s, path, what):
    return suite.http_call(s.mock.port, "POST", path, what, {"Content-Type": "application/json"})


def is_ollama(answer, status):
    found = json.loads(answer.body)
    return answer.status == status and set(found) == {"error"} and isinstance(found["error"], str) and found["error"]


def check_bytes(s, key):
    for path, make in (("/api/chat", chat), ("/api/generate", generate)):
        for model in STREAMS:
            got, wanted = s.http("POST", path, make(model), key), direct(s, path, make(model))
            tap.is_((got.status, got.body), (200, wanted.body), "%s %s" % (path, model))
            tap.is_(got.headers["content-type"], "application/x-ndjson", "as lines")
        got = s.http("POST", path, make("plain", stream=False), key)
        tap.is_(got.body, direct(s, path, make("plain", stream=False)).body, "%s, not streamed" % path)
    for path, member in (("/api/embed", "input"), ("/api/embeddings", "prompt")):
        what = json.dumps({"model": "m", member: "x"}).encode()
        tap.is_(s.http("POST", path, what, key).body, direct(s, path, what).body, path)


def check_lines_come_at_once(s, key):
    what = chat("stream-50x20")
    stream = suite.Stream(s.port, "/api/chat", what, suite.request_headers(key, what))
    tap.ok(not json.loads(stream.response.readline())["done"], "a line comes while others are still to be written")
    tap.is_(stream.headers.get("x-accel-buffering"), "no", "and nobody is to keep it back")
    stream.close()
    s.mock.wait(event="peer-closed")
    tap.ok(True, "a client that goes takes the request with it")


def check_loading(s, key):
    for path, what in (("/api/generate", {}), ("/api/chat", {"messages": []})):
        for keep_alive, reason in ((-1, "load"), (0, "unload")):
            body = json.dumps({"model": "warmed", "keep_alive": keep_alive, **what}).encode()
            answer = s.http("POST", path, body, key)
            tap.is_((answer.status, answer.json()["done_reason"]), (200, reason), "%s: %s" % (path, reason))
    suite.until(lambda: len(s.records(model="warmed")) == 4, "the records")
    tap.is_({record["tokens_in"] + record["tokens_out"] for record in s.records(model="warmed")}, {0}, "at no cost")


def check_lists(s, key):
    some = s.make_key(models="mini,org/model-7b")
    names = lambda answer: [entry["name"] for entry in answer.json()["models"]]  # noqa: E731
    answer = s.http("GET", "/api/tags", key=key)
    listed = {"mini", "llama3.2:latest", "org/model-7b", "text-embed"}
    tap.is_(
        (answer.status, set(names(answer))), (200, listed), "/api/tags has the server's names and ours, not the cloud's"
    )
    ours = answer.json()["models"][0]
    tap.ok(ours["model"] == ours["name"] == "mini" and ours["size"] == 2019393189, "an alias looks like its model")
    tap.is_(set(names(s.http("GET", "/api/tags", key=some))), {"mini", "org/model-7b"}, "a key sees what it may use")
    head = s.http("HEAD", "/api/tags", key=key)
    tap.is_((head.status, head.body), (200, b""), "HEAD /api/tags")
    tap.is_(head.headers["content-length"], str(len(answer.body)), "tells how long the list is")
    tap.is_(names(s.http("GET", "/api/ps", key=some)), ["org/model-7b"], "/api/ps")
    tap.is_(s.http("GET", "/api/version", key=key).json(), {"version": "0.12.6"}, "/api/version is the server's")
    for path in ("/api/tags", "/api/ps", "/api/version"):
        tap.ok(is_ollama(s.http("GET", path), 401), "%s needs a key" % path)
    for method in ("GET", "HEAD"):
        answer = s.http(method, "/")
        tap.is_((answer.status, answer.body), (200, b"Ollama is running" if method == "GET" else b""), method + " /")


def check_show(s, key):
    some = s.make_key(models="mini")
    for member in ("model", "name"):
        answer = s.http("POST", "/api/show", json.dumps({member: "mini"}).encode(), some)
        sent = json.loads(s.mock.requests()[-1]["body"])
        tap.is_(
            (answer.status, sent), (200, {member: "llama3.2"}), "/api/show by %s, and the alias is spliced" % member
        )
        answer = s.http("POST", "/api/show", json.dumps({member: "text-embed"}).encode(), some)
        tap.ok(is_ollama(answer, 404), "another model is not shown to that key")
    both = s.http("POST", "/api/show", b'{"model":"mini","name":"text-embed"}', some)
    tap.ok(is_ollama(both, 400), "two names that differ are refused")
    both = s.http("POST", "/api/show", b'{"model":"mini","name":"mini"}', some)
    tap.is_(both.status, 200, "two that do not are one")


def check_errors(s, key):
    tap.ok(is_ollama(s.http("POST", "/api/chat", chat("m")), 401), "no key")
    tap.ok(is_ollama(s.http("POST", "/api/chat", b"[", key), 400), "no JSON")
    tap.ok(is_ollama(s.http("GET", "/api/chat", key=key), 405), "another method")
    tap.ok(is_ollama(s.http("POST", "/api/nothing", b"{}", key), 404), "another path")
    tap.ok(is_ollama(s.http("POST", "/api/chat", chat("far"), key), 404), "a model whose server is no Ollama")
    tap.ok(is_ollama(s.http("POST", "/api/chat", chat("fault-html-502"), key), 502), "markup is wrapped")
    tap.ok(is_ollama(s.http("POST", "/api/chat", chat("fault-cut", stream=False), key), 502), "half an answer is none")
    for fault, status in (("fault-404", 404), ("fault-busy-503", 503), ("fault-429", 503)):
        answer = s.http("POST", "/api/chat", chat(fault), key)
        tap.is_((answer.status, answer.body), (status, direct(s, "/api/chat", chat(fault)).body), fault + " is passed")


def check_cut_streams(s, key):
    for model in CUT:
        what = chat(model)
        stream = suite.Stream(s.port, "/api/chat", what, suite.request_headers(key, what))
        text, proper = stream.rest()
        lines = [json.loads(line) for line in text.decode().splitlines()]
        tap.ok(proper and set(lines[-1]) == {"error"} and text.endswith(b"\n"), "%s: ends with an error" % model)
        tap.ok(not any(line.get("done") for line in lines), "and is not done")
    what = chat("fault-error-mid")
    tap.is_(
        s.http("POST", "/api/chat", what, key).body, direct(s, "/api/chat", what).body, "the server's own is left alone"
    )


def check_counted(s, key):
    cut = "stream-22+fault-cut+after-7"
    for model, tokens, estimated, members in (
        ("stream-20", (2, 20), False, {}),
        ("stream-21", (2, 21), False, {"stream": False}),
        (cut, (len(chat(cut)) // 4, 7), True, {}),
    ):
        s.http("POST", "/api/chat", chat(model, **members), key)
        record = suite.until(lambda model=model: s.records(action="api.chat", model=model), "its record")[0]
        found = record["tokens_in"], record["tokens_out"], record["estimated"]
        tap.is_(found, (*tokens, estimated), "%s is counted" % model)


def check_managed(s, key):
    mark = s.mock.mark()
    for method, path in MANAGED:
        answer = s.http(method, path, b"{}" if method == "POST" else None, key)
        tap.ok(
            answer.status == 403 and (method == "HEAD" or is_ollama(answer, 403)), "%s %s is refused" % (method, path)
        )
        tap.is_(s.http(method, path).status, 401, "and to strangers even less is said")
    tap.is_(s.mock.count(mark, event="request"), 0, "and no server hears of it")
    refused = suite.until(lambda: s.records(action="api.pull", status=403), "the record of a refusal")
    tap.is_((refused[0]["key_id"], refused[0]["code"]), (s.key_id(key), "model_management_refused"), "history does")


with suite.Suite(models=MODELS) as the_suite:
    the_key = the_suite.make_key()
    check_bytes(the_suite, the_key)
    check_lines_come_at_once(the_suite, the_key)
    check_loading(the_suite, the_key)
    check_lists(the_suite, the_key)
    check_show(the_suite, the_key)
    check_errors(the_suite, the_key)
    check_cut_streams(the_suite, the_key)
    check_counted(the_suite, the_key)
    check_managed(the_suite, the_key)

CLOUD = {"upstreams": {"cloud": MODELS["upstreams"]["cloud"]}, "models": {"*": {"targets": [{"upstream": "cloud"}]}}}
with suite.Suite(models=CLOUD, shape="openai") as the_suite:
    the_key = the_suite.make_key()
    for list_path in ("/api/tags", "/api/ps"):
        tap.is_(
            the_suite.http("GET", list_path, key=the_key).json(),
            {"models": []},
            "without an Ollama %s is empty" % list_path,
        )
    tap.ok(is_ollama(the_suite.http("GET", "/api/version", key=the_key), 404), "and there is no version")

ONE = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "slots": 1, "acquire_timeout_ms": 0}},
    "models": {"*": {"targets": [{"upstream": "mock"}]}},
}
with suite.Suite(models=ONE) as the_suite:
    the_key = the_suite.make_key()
    held = suite.Stream(the_suite.port, "/api/chat", chat("fault-stall-mid"), suite.request_headers(the_key, b""))
    held.response.readline()
    full = the_suite.http("POST", "/api/chat", chat("m"), the_key)
    tap.ok(is_ollama(full, 429) and "retry-after" in full.headers, "with its one slot taken, a chat has to wait")
    tap.is_(the_suite.http("POST", "/api/show", b'{"model":"m"}', the_key).status, 200, "but a model can be shown")
    tap.is_(the_suite.http("GET", "/api/tags", key=the_key).status, 200, "and listed")
    held.close()
    suite.until(lambda: the_suite.http("POST", "/api/chat", chat("m"), the_key).status == 200, "the slot")
    tap.ok(True, "until the client that holds it goes")
