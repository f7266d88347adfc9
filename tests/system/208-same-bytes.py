#!/usr/bin/env python3
"""The same requests to the mock model server and through all daemons to it: nothing differs but what is documented."""

import functools
import itertools
import json
import re
import socket

import suite
import tap

# --- what heimgate changes, and is documented to (docs/API.md) ---

# Headers that an answer has here and not at the server's, in the dialect of the path.
ADDED = {
    "": {"date", "x-request-id"},
    "openai": {"openai-processing-ms", "openai-version"},
    "anthropic": {"request-id"},
    "stream": {"x-accel-buffering"},
}
# Headers of the server's that are its connection's business; a body of unknown length is chunked.
HOPS = {"connection", "content-length", "transfer-encoding"}
# Members that are spliced into a body: the names of models, and that usage be told.
TARGETS = {b'"alias"': b'"org/model \\"7b\\""', b"\r\n\r\nalias\r\n": b'\r\n\r\norg/model "7b"\r\n'}
USAGE = (
    (b'"stream_options":{}', b'"stream_options":{"include_usage":true}'),
    (b'"stream_options" : null', b'"stream_options" : {"include_usage":true}'),
    (b'"include_usage": false', b'"include_usage": true'),
    (b'"stream_options": {"include_obfuscation"', b'"stream_options": {"include_usage":true,"include_obfuscation"'),
)
USAGE_BY_ITSELF = (b"{", b'{"stream_options":{"include_usage":true},')
# The event that is taken out again; where the server sends one, it is the only one without choices.
USAGE_EVENT = re.compile(rb'(id: \d+\r?\n)?data: \{[^\r\n]*"choices":\[\][^\r\n]*\r?\n\r?\n')
# Statuses of the server's that become others, because they are about the gate and not about its client.
STATUSES = {401: 502, 403: 502, 429: 503}
# What other events have while usage is asked for (OpenAI).
NO_USAGE_YET = b',"usage":null'
# With these the event that is taken out leaves a gap: a number, or a comment of its own.
NUMBERED = re.compile(b"fault-id-lines|fault-pings")
# What a stream of responses gets that its server ended with an error event, which leaves its clients waiting.
FAILED = re.compile(rb'event: response\.failed\ndata: [^\n]+\n\n')
# What a server sees of a request's headers; the rest of the client's does not get there.
SEEN = {"accept": "*/*", "accept-encoding": "identity", "content-type": "application/json"}
PASSED = re.compile("anthropic-")

# --- the requests ---

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
# As clients send them; most stays here.
HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "OpenAI/Python 1.0",
    "Cookie": "session=1",
    "X-Forwarded-For": "192.0.2.7",
    "X-Stainless-Retry-Count": "0",
    "OpenAI-Organization": "org",
    "anthropic-version": "2023-06-01",
    "Anthropic-Beta": "x-2025-01-01,y-2025-02-02",
}
TEXT = "Grüße, 日本語, 🙂, \\u00e9\\ud83d\\ude42 and \\\\ \\\" \\n"
TOOLS = '"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"tool_choice":"auto"'
SAID = '"messages":[{"role":"user","content":"%s"}]' % TEXT
UNKNOWN = '"unknown":{"a":[1e5,-0.0,true,null,""],"\\u0061b":{}},"Zzz":9007199254740993'
PARTS = '"messages":[{"role":"user","content":[{"type":"text","text":"one two"},{"type":"image_url","image_url":{}}]}]'
LARGE = '"messages":[{"role":"user","content":"%s"}]' % ("wörds " * 300000)
FAULTS = "early-hints split-utf8 one-byte crlf id-lines pings no-usage no-length error-mid".split()
STREAMED = ("plain", "alias", "stream-300", "size-40000", "stream-3+size-20000", *("fault-" + word for word in FAULTS))


def json_requests(path, said, streams=STREAMED):
    """A route that answers whole and in pieces."""
    yield path, '{"model":"plain",%s}' % said
    yield path, '\r\n\t{ "model" :\n"alias" ,\t%s , %s } \n \n' % (said, UNKNOWN)
    yield path, '{%s,"stream":false,"model":"pl\\u0061in"}' % said
    for model in ("fault-404", "fault-context-400", "fault-busy-503", "fault-429", "fault-401", "fault-text-404"):
        yield path, '{"model":"%s",%s}' % (model, said)
    for model in streams:
        yield path, '{"model":"%s",%s,"stream":true}' % (model, said)


def chats():
    yield from json_requests(CHAT, SAID)
    for options in (
        '"stream_options":{"include_usage":true}',
        '"stream_options":{}',
        '"stream_options" : null',
        '"stream_options": {"include_usage": false}',
        '"stream_options": {"include_obfuscation":false}',
        '"max_completion_tokens":3',
    ):
        for model in ("plain", "alias"):
            yield CHAT, '{"model":"%s",%s,"stream":true,%s}' % (model, SAID, options)
            yield CHAT, '{"stream":true,%s,%s, "model":"%s"}' % (SAID, options, model)
    yield CHAT, '{"model":"plain",%s,%s}' % (PARTS, TOOLS)
    yield CHAT, '{"model":"alias",%s,"stream":true,%s}' % (LARGE, TOOLS)
    yield CHAT + "?beta=true", '{"model":"plain",%s}' % SAID


def others():
    yield from json_requests("/v1/completions", '"prompt":"%s"' % TEXT)
    yield from json_requests("/v1/responses", '"input":"%s"' % TEXT)
    yield "/v1/responses", '{"model":"alias","input":[{"role":"user","content":"one two"}],"stream":true,"store":false}'
    yield from json_requests(MESSAGES, SAID + ',"max_tokens":5')
    yield MESSAGES + "/count_tokens", '{"model":"alias",%s,"system":"x"}' % SAID
    for more in ("", ',"encoding_format":"base64"', ',"encoding_format":"float","dimensions":3'):
        yield "/v1/embeddings", '{"model":"alias","input":["one two","%s"]%s}' % (TEXT, more)
    yield "/v1/images/generations", '{"model":"alias","prompt":"%s","n":2,%s}' % (TEXT, UNKNOWN)
    yield "/v1/audio/speech", '{"model":"alias","input":"%s","voice":"v"}' % TEXT
    yield "/v1/moderations", '{"model":"alias","input":"%s"}' % TEXT
    yield "/v1/rerank", '{"model":"alias","query":"one","documents":["two","%s"]}' % TEXT


def native():
    """Ollama's own routes stream unless told not to."""
    for path, said in (("/api/chat", SAID), ("/api/generate", '"prompt":"%s"' % TEXT)):
        yield path, '{"model":"alias",%s,"stream":false,%s}' % (said, UNKNOWN)
        yield path, '{"model":"alias","keep_alive":-1}'
        for model in (name for name in STREAMED if name not in ("fault-pings", "fault-id-lines")):
            yield path, '{ "model":"%s",%s,"options":{"num_predict":7}}' % (model, said)
    yield "/api/embed", '{"model":"alias","input":["one","%s"],"truncate":true}' % TEXT
    yield "/api/embeddings", '{"model":"alias","prompt":"%s"}' % TEXT
    yield "/api/show", '{"name":"alias","verbose":true}'
    yield "/api/show", '{"model":"fault-404"}'


def forms():
    """(path, parts) of forms."""
    sound = ("file", bytes(range(256)) * 512, "a b.wav")
    for path in ("/v1/audio/transcriptions", "/v1/audio/translations", "/v1/images/edits", "/v1/images/variations"):
        yield path, (sound, ("model", "alias"), ("prompt", TEXT), ("unknown[]", "1"), ("unknown[]", "2"))
        yield path, (("model", "fault-404"), sound)
    for form in (("response_format", "text"), ("response_format", "json"), ("stream", "true")):
        yield "/v1/audio/transcriptions", (("model", "stream-30"), form, sound)


def with_usage(body):
    for old, new in USAGE:
        if old in body:
            return body.replace(old, new)
    return body.replace(*USAGE_BY_ITSELF, 1)


class Request:
    """A request as its client means it, and what the server is to get of it."""

    def __init__(self, path, body, headers=()):
        self.path = path
        self.body = body
        self.headers = {**HEADERS, "Content-Type": "application/json", **dict(headers)}
        self.sent = body
        for alias, target in TARGETS.items():
            self.sent = self.sent.replace(alias, target)
        is_stream = path.startswith((CHAT, "/v1/completions")) and b'"stream":true' in body
        self.strips = is_stream and b'"include_usage":true' not in body
        self.unasked = self.sent
        if self.strips:
            self.sent = with_usage(self.sent)
        self.is_gapless = self.strips and not NUMBERED.search(body)

    @property
    def dialect(self):
        if self.path.startswith("/api/"):
            return "ollama"
        return "anthropic" if self.path.startswith(MESSAGES) else "openai"

    def __str__(self):
        return "%s %s" % (self.path, " ".join(self.body[:60].decode(errors="replace").split()))


def requests(shape):
    for path, text in itertools.chain(chats(), others(), native() if shape == "ollama" else ()):
        yield Request(path, text.encode())
    for path, parts in forms():
        body, headers = suite.form_body(*parts)
        yield Request(path, body, headers)


# --- answers as they stand on the wire ---


class Answer:
    """Status, headers, and the chunks of the body, or the body as one.  `next_chunk` is called after each chunk."""

    def __init__(self, port, path, body, headers, next_chunk=lambda: None):
        names = {**headers, "Connection": "close"}
        with socket.create_connection(("127.0.0.1", port), suite.PATIENCE) as sock:
            sock.sendall(suite.request_bytes(None, body, path, headers=names))
            with sock.makefile("rb") as file:
                self.read_head(file)
                while self.status < 200:
                    self.read_head(file)
                is_chunked = self.headers.get("transfer-encoding") == "chunked"
                self.chunks = list(chunks_of(file, next_chunk)) if is_chunked else [file.read()]
        self.body = b"".join(self.chunks)
        self.whole = int(self.headers.get("content-length", len(self.body))) == len(self.body)

    def read_head(self, file):
        self.status = int(file.readline().split()[1])
        lines = list(iter(lambda: file.readline().decode().rstrip("\r\n"), ""))
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    @property
    def is_stream(self):
        return self.headers.get("content-type") in ("text/event-stream", "application/x-ndjson")


def chunks_of(file, next_chunk):
    while size := int(file.readline(), 16):
        yield file.read(size)
        assert file.readline() == b"\r\n"
        next_chunk()
    assert file.read() == b"\r\n"


def is_native(dialect, body):
    try:
        error = json.loads(body)["error"]
    except (ValueError, TypeError, KeyError):
        return False
    return isinstance(error, str if dialect == "ollama" else dict)


# --- comparing ---


def wrapped_text(request, body):
    """What an error of heimgate's says."""
    error = json.loads(body)["error"]
    return error if request.dialect == "ollama" else error["message"]


def check_body(request, got, wanted):
    if wanted.status >= 400 and (wanted.status in (401, 403) or not is_native(request.dialect, wanted.body)):
        text = wrapped_text(request, got.body)
        same = wanted.status == 401 or text.encode() in wanted.body
        return tap.ok(same, "%s: an error that is put into the form of its dialect" % request)
    body = USAGE_EVENT.sub(b"", wanted.body) if request.strips else wanted.body
    more = got.body[len(body) :] if body.count(b"event: error") else b""
    body += more if FAILED.fullmatch(more) else b""
    return tap.ok(got.body == body, "%s: the same bytes" % request) or tap.diag("%r\n%r" % (got.body, body))


def check_unasked(s, request, got):
    """A client that asks for no usage gets what it would get without heimgate."""
    wanted = Answer(s.mock.port, request.path, request.unasked, request.headers)
    tap.is_(got.body.replace(NO_USAGE_YET, b""), wanted.body, "%s: as if nothing had been spliced" % request)


def check_answer(request, got, wanted):
    status = STATUSES.get(wanted.status, wanted.status)
    tap.is_((got.status, got.whole), (status, True), "%s: %d" % (request, status))
    check_body(request, got, wanted)
    added = ADDED[""] | ADDED.get(request.dialect, set()) | (ADDED["stream"] if got.is_stream else set())
    ours = {name: value for name, value in got.headers.items() if name not in HOPS}
    theirs = {name: value for name, value in wanted.headers.items() if name not in HOPS}
    if wanted.status >= 400:
        theirs["content-type"] = "application/json"
    tap.is_(set(ours) - set(theirs), added, "no header more than is documented")
    tap.is_({name: ours.get(name) for name in theirs}, theirs, "and none of the server's is lost")


def check_sent(s, request):
    """What the server got."""
    seen = s.mock.requests()[-1]
    line, *lines = seen["head"].decode().rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
    path = request.path.partition("?")[0]
    tap.is_(line, "POST %s HTTP/1.1" % path, "the server is asked on the same path")
    wanted = dict(SEEN)
    wanted["host"] = "127.0.0.1:%d" % s.mock.port
    wanted["content-length"] = str(len(request.sent))
    if "multipart" in request.headers["Content-Type"]:
        wanted["content-type"] = request.headers["Content-Type"]
    if request.dialect == "anthropic":
        wanted.update({name.lower(): value for name, value in HEADERS.items() if PASSED.match(name.lower())})
    tap.has(headers.pop("user-agent", ""), "heimgate/", "by heimgate")
    tap.is_(headers, wanted, "with these headers")
    kept = seen["body"]
    same = (seen["length"], kept) == (len(request.sent), request.sent[: len(kept)])
    tap.ok(same, "and the body is the client's but for the spliced members") or tap.diag(
        "%r\n%r" % (kept[:1000], request.sent[:1000])
    )


def check_events(s, key, path, said):
    """A server that says each word only when the one before has arrived: each is passed at once, and as one chunk."""
    request = Request(path, b'{"model":"fault-held+stream-9",%s,"stream":true}' % said)
    go = functools.partial(suite.http_call, s.mock.port, "GET", "/mock/go")
    wanted = Answer(s.mock.port, path, request.sent, request.headers, go).chunks
    if request.strips:
        wanted = [chunk for chunk in wanted if not USAGE_EVENT.fullmatch(chunk)]
    got = Answer(s.port, path, request.body, {**request.headers, **key}, go).chunks
    tap.ok(got == wanted and len(got) > 9, "%s: the same chunks, one by one" % request) or tap.diag(
        "%r\n%r" % (got, wanted)
    )


STREAMS = (
    (CHAT, SAID),
    (CHAT, SAID + ',"stream_options":{"include_usage":true}'),
    ("/v1/completions", '"prompt":"x"'),
    ("/v1/responses", '"input":"x"'),
    (MESSAGES, SAID + ',"max_tokens":99'),
)
NATIVE_STREAMS = (("/api/chat", SAID), ("/api/generate", '"prompt":"x"'))


def check(shape):
    is_ollama = shape == "ollama"
    upstream = {"base_url": "MOCK" if is_ollama else "MOCK/v1", "kind": "ollama" if is_ollama else "openai"}
    models = {
        "upstreams": {"mock": upstream},
        "models": {
            "alias": {"targets": [{"upstream": "mock", "model": 'org/model "7b"'}]},
            "*": {"targets": [{"upstream": "mock"}]},
        },
    }
    with suite.Suite(models=models, shape=shape) as s:
        tap.diag("--- %s ---" % shape)
        key = {"Authorization": "Bearer " + s.make_key()}
        for request in requests(shape):
            wanted = Answer(s.mock.port, request.path, request.sent, request.headers)
            got = Answer(s.port, request.path, request.body, {**request.headers, **key})
            check_answer(request, got, wanted)
            check_sent(s, request)
            if request.is_gapless:
                check_unasked(s, request, got)
        for path, said in STREAMS + (NATIVE_STREAMS if is_ollama else ()):
            check_events(s, key, path, said.encode())


for each in ("ollama", "vllm", "llamacpp", "openai"):
    check(each)
