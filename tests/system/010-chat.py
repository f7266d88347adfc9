#!/usr/bin/env python3
"""Answers reach the client byte for byte, streamed or not, in whatever pieces they come."""

import json
import socket

import suite
import tap

CHAT = "/v1/chat/completions"

# What must pass untouched when the client asks for the usage itself.
STREAMS = (
    "plain",
    "stream-200",
    "stream-5x50",
    "fault-crlf",
    "fault-pings",
    "fault-id-lines",
    "fault-one-byte",
    "fault-split-utf8",
    "fault-crlf+fault-pings+fault-split-utf8+stream-40",
    "fault-no-length",
    "size-40000",
    "stream-30+size-3000",
    "fault-no-usage",
)
WHOLES = ("plain", "size-100000", "fault-one-byte", "fault-no-length", "fault-no-usage", "fault-huge")


def direct(s, path, body):
    """The upstream's own answer."""
    return suite.http_call(s.mock.port, "POST", path, body, {"Content-Type": "application/json"})


def check_streams(s, key, shape):
    for model in STREAMS:
        body = suite.chat_body(model, stream=True, stream_options={"include_usage": True})
        wanted = direct(s, CHAT, body)
        got = s.http("POST", CHAT, body, key)
        tap.is_((got.status, got.body), (200, wanted.body), "%s: stream %s" % (shape, model))
        tap.is_(got.headers["content-type"], wanted.headers["content-type"], "and its media type")


def check_usage_is_stripped(s, key, shape):
    """A client that did not ask for the usage does not get it, although the gateway asks for it."""
    for model in ("plain", "fault-crlf", "fault-split-utf8+stream-20", "fault-one-byte"):
        body = suite.chat_body(model, stream=True)
        tap.is_(
            s.http("POST", CHAT, body, key).body.replace(b',"usage":null', b""),
            direct(s, CHAT, body).body,
            "%s: stream %s without the usage" % (shape, model),
        )
        sent = json.loads(s.mock.requests()[-2]["body"])
        tap.is_(sent["stream_options"], {"include_usage": True}, "which the gateway asked for")


def check_wholes(s, key, shape):
    for model in WHOLES:
        body = suite.chat_body(model)
        wanted, got = direct(s, CHAT, body), s.http("POST", CHAT, body, key)
        tap.ok(got.status == 200 and got.body == wanted.body, "%s: whole %s" % (shape, model))
    tap.is_(
        s.chat(key, "fault-early-hints").json()["model"],
        "fault-early-hints",
        "early hints are not taken for the answer",
    )
    for path, members in (
        ("/v1/completions", {"prompt": "Say it"}),
        ("/v1/completions", {"prompt": "x", "stream": True, "stream_options": {"include_usage": True}}),
        ("/v1/embeddings", {"input": ["a", "b"]}),
        ("/v1/embeddings", {"input": "a", "encoding_format": "base64", "dimensions": 300}),
    ):
        body = json.dumps({"model": "m", **members}).encode()
        tap.is_(s.http("POST", path, body, key).body, direct(s, path, body).body, "%s: %s" % (shape, path))


def check_what_goes_upstream(s, key):
    body = (
        b' {"model" :"m" , "options":{"num_ctx":4096,"x":[1e300,-0.0]},"think":"\\u00e4\\ud83d\\ude42 \xc3\xa4",\n'
        b'"keep_alive":-1,"messages":[],"tools":[],"z":{"model":"other"}}\r\n'
    )
    s.http("POST", CHAT, body, key, {"X-Secret-Header": "kept here", "Cookie": "a=b", "OpenAI-Organization": "org"})
    seen = s.mock.requests()[-1]
    tap.is_(seen["body"], body, "a body goes upstream byte for byte, unknown members included")
    head = seen["head"].lower()
    tap.ok(key.encode() not in seen["head"] and b"authorization" not in head, "the client's key does not")
    tap.ok(b"cookie" not in head and b"x-secret" not in head, "nor do its other headers")
    tap.ok(b"accept-encoding" not in head or b"accept-encoding: identity" in head, "compression is not asked for")
    large = suite.chat_body("m", text="word " * 200000)
    tap.is_(s.http("POST", CHAT, large, key).status, 200, "a body of 1 MB is answered")
    tap.ok(s.mock.requests()[-1]["length"] == len(large), "and arrives whole")
    body = b'{"stream":true,"stream_options":{"x":1,"include_usage":false},"model":"m"}'
    s.http("POST", CHAT, body, key)
    tap.is_(
        json.loads(s.mock.requests()[-1]["body"]),
        {"stream": True, "stream_options": {"x": 1, "include_usage": True}, "model": "m"},
        "include_usage is changed in place",
    )


def check_aliases(key, s):
    answer = s.chat(key, "gpt-4o-mini")
    tap.is_(
        json.loads(s.mock.requests()[-1]["body"])["model"], "llama3.1:8b", "an alias goes upstream by its real name"
    )
    tap.is_(answer.status, 200, "and is answered")


def check_headers(s, key):
    got = s.chat(key, "m")
    tap.ok(len(got.headers["x-request-id"]) == 36 and got.headers["x-request-id"].startswith("req_"), "x-request-id")
    tap.is_(got.headers["openai-version"], "2020-10-01", "openai-version")
    tap.ok(got.headers["openai-processing-ms"].isdigit(), "openai-processing-ms")
    tap.ok("server" not in got.headers or "mock" not in got.headers["server"], "nothing tells which server is behind")
    stream = s.stream(key, "m")
    tap.is_(stream.headers.get("x-accel-buffering"), "no", "proxies are told not to buffer a stream")
    tap.is_(stream.headers.get("cache-control"), "no-cache", "nor to cache it")
    stream.rest()
    ids = {s.http("GET", "/v1/models", key=key).headers["x-request-id"] for _ in range(5)}
    tap.is_(len(ids), 5, "each request has an id of its own")
    given = s.chat(key, "m", {"X-Request-Id": "req_mine"})
    tap.ok(given.headers["x-request-id"] != "req_mine", "which the client cannot choose")
    line = next(line for line in s.log("edge").splitlines() if got.headers["x-request-id"] in line)
    tap.has(line, "status=200", "and which stands in edge's log line")


def answers_on(sock, count):
    """Reads that many answers with a Content-Length from one connection: [(status line, body)]."""
    file = sock.makefile("rb")
    found = []
    for _ in range(count):
        status, length = file.readline().decode().strip(), 0
        while (line := file.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        found.append((status, file.read(length)))
    return found


def check_connections(s, key):
    body = suite.chat_body("m")
    wanted = direct(s, CHAT, body).body
    request = suite.request_bytes(key, body)
    with s.raw(request * 3) as sock:
        tap.is_(answers_on(sock, 3), [("HTTP/1.1 200 OK", wanted)] * 3, "three requests in one write")
        sock.sendall(request)
        tap.is_(answers_on(sock, 1), [("HTTP/1.1 200 OK", wanted)], "and a fourth on the same connection")
    with s.raw() as sock:
        for byte in request[:-10]:
            sock.sendall(bytes([byte]))
        sock.sendall(request[-10:])
        tap.is_(answers_on(sock, 1), [("HTTP/1.1 200 OK", wanted)], "a request byte by byte")
    chunked = suite.request_bytes(key, b"", headers={"Transfer-Encoding": "chunked"})
    pieces = (
        b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 7]), body[i : i + 7]) for i in range(0, len(body), 7))
        + b"0\r\n\r\n"
    )
    with s.raw(chunked + pieces) as sock:
        tap.is_(answers_on(sock, 1), [("HTTP/1.1 200 OK", wanted)], "a chunked body")
        tap.is_(s.mock.requests()[-1]["body"], body, "which arrives as it was meant")
    expecting = suite.request_bytes(key, body, headers={"Expect": "100-continue"})
    with s.raw(expecting[: -len(body)]) as sock:
        tap.is_(
            sock.recv(4096), b"HTTP/1.1 100 Continue\r\n\r\n", "Expect: 100-continue is answered before the body comes"
        )
        sock.sendall(body)
        tap.is_(answers_on(sock, 1), [("HTTP/1.1 200 OK", wanted)], "and then the request")
    with s.raw(suite.request_bytes("sk-wrong", body, headers={"Expect": "100-continue"})[: -len(body)]) as sock:
        tap.has(sock.recv(4096), b"HTTP/1.1 401", "a refusal spares the client its body")
    with s.raw(suite.request_bytes(key, body).replace(b"HTTP/1.1", b"HTTP/1.0")) as sock:
        tap.has(suite.read_until_closed(sock), b"505 HTTP Version Not Supported", "HTTP/1.0 is turned away in words")
    with s.raw(suite.request_bytes(key, b"", path="/v1/models", method="HEAD")) as sock:
        sock.shutdown(socket.SHUT_WR)
        tap.ok(suite.read_until_closed(sock).startswith(b"HTTP/1.1 "), "a half-closed connection does no harm")


MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama"}},
    "models": {
        "gpt-4o-mini": {"targets": [{"upstream": "mock", "model": "llama3.1:8b"}]},
        "*": {"targets": [{"upstream": "mock"}]},
    },
}

with suite.Suite(models=MODELS) as ollama:
    the_key = ollama.make_key()
    check_streams(ollama, the_key, "ollama")
    check_usage_is_stripped(ollama, the_key, "ollama")
    check_wholes(ollama, the_key, "ollama")
    check_what_goes_upstream(ollama, the_key)
    check_aliases(the_key, ollama)
    check_headers(ollama, the_key)
    check_connections(ollama, the_key)
