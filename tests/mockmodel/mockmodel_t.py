#!/usr/bin/env python3
"""The mock model server: its shapes, its faults, and what it says it saw."""

import base64
import gzip
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import suite  # noqa: E402
import tap  # noqa: E402

CHAT = "/v1/chat/completions"
ECHO = "Reply with exactly this text and nothing else: Hi there"


def call(mock, path, **members):
    return suite.http_call(mock.port, "POST", path, json.dumps(members).encode())


def chat(mock, model, **members):
    members.setdefault("messages", [{"role": "user", "content": "one two three"}])
    return call(mock, CHAT, model=model, **members)


def events(mock, model, **members):
    """A streamed chat's events as text, and whether it ended properly."""
    body = json.dumps({"model": model, "stream": True, "messages": [], **members}).encode()
    text, proper = suite.Stream(mock.port, CHAT, body, {}).rest()
    return [event for event in text.decode().replace("\r\n", "\n").split("\n\n") if event], proper


def chunks(found):
    return [json.loads(event[6:]) for event in found if event.startswith("data: {")]


def check_ollama(mock):
    answer = chat(mock, "llama3.2", messages=[{"role": "user", "content": ECHO}])
    tap.is_(
        answer.body,
        b'{"id":"chatcmpl-417","object":"chat.completion","created":1700000000,"model":"llama3.2",'
        b'"system_fingerprint":"fp_ollama","choices":[{"index":0,"message":{"role":"assistant","content":"Hi there"},'
        b'"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}\n',
        "ollama: a chat's bytes",
    )
    found, proper = events(
        mock, "m", messages=[{"role": "user", "content": ECHO}], stream_options={"include_usage": True}
    )
    head = (
        'data: {"id":"chatcmpl-417","object":"chat.completion.chunk","created":1700000000,"model":"m",'
        '"system_fingerprint":"fp_ollama","choices":'
    )
    tap.is_(
        found,
        [
            head + '[{"index":0,"delta":{"role":"assistant","content":"Hi "},"finish_reason":null}]}',
            head + '[{"index":0,"delta":{"content":"there"},"finish_reason":null}]}',
            head + '[{"index":0,"delta":{},"finish_reason":"stop"}]}',
            head + '[],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}',
            "data: [DONE]",
        ],
        "ollama: a stream's events",
    )
    tap.ok(proper, "ollama: a stream ends properly")
    tap.is_(
        chat(mock, "m", messages=[{"role": "user", "content": ECHO + " <&>"}]).body.count(b"\\u003c\\u0026\\u003e"),
        1,
        "ollama: strings as Go escapes them",
    )
    tap.is_(len(events(mock, "m")[0]), 12, "no usage event unless it is asked for")
    tap.is_(chat(mock, "m", max_tokens=3).json()["choices"][0]["finish_reason"], "length", "max_tokens is obeyed")


def check_native(mock):
    said = [{"role": "user", "content": "Hello"}]
    lines = [json.loads(line) for line in call(mock, "/api/chat", model="m", messages=said).body.splitlines()]
    tap.is_(
        (len(lines), lines[0]["done"], lines[-1]["done"], lines[-1]["eval_count"]),
        (11, False, True, 10),
        "ollama: /api/chat streams lines",
    )
    tap.is_(call(mock, "/api/generate", model="m", keep_alive=-1).json()["done_reason"], "load", "ollama: warm-up")
    tap.is_(call(mock, "/api/generate", model="m", keep_alive=0).json()["done_reason"], "unload", "ollama: unloading")
    get = lambda path: suite.http_call(mock.port, "GET", path)  # noqa: E731
    tap.is_(get("/").body, b"Ollama is running", "ollama: /")
    tap.ok("version" in get("/api/version").json(), "ollama: /api/version")
    tap.is_(
        [m["model"] for m in get("/api/tags").json()["models"]],
        [m["name"] for m in get("/api/tags").json()["models"]],
        "ollama: /api/tags has name and model",
    )


def named_events(mock, path, **members):
    """The names and data of a stream's events."""
    body = json.dumps({"model": "m", "stream": True, **members}).encode()
    text = suite.Stream(mock.port, path, body, {}).rest()[0].decode()
    found = [event.split("\n") for event in text.split("\n\n") if event]
    return [(head.partition(": ")[2], json.loads(data.partition(": ")[2])) for head, data in found]


def check_dialogs(mock):
    found = named_events(mock, "/v1/responses", input=ECHO)
    tap.is_(
        [name for name, _ in found],
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ],
        "a response's events",
    )
    tap.ok(all(name == data["type"] for name, data in found), "which say their names twice")
    tap.is_([data["sequence_number"] for _, data in found], list(range(10)), "and are numbered")
    tap.is_(
        found[-1][1]["response"], call(mock, "/v1/responses", model="m", input=ECHO).json(), "the last is the whole"
    )
    found = named_events(mock, "/v1/messages", messages=[{"role": "user", "content": ECHO}], max_tokens=1)
    tap.is_(
        [name for name, _ in found],
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ],
        "a message's events",
    )
    tap.is_(found[-2][1]["delta"]["stop_reason"], "max_tokens", "and why it stopped")
    tap.is_(call(mock, "/v1/messages/count_tokens", model="m").status, 404, "ollama counts no tokens")


TOOL = {"name": "look", "description": "Looks around", "parameters": {"type": "object"}}
WANTED = {"at": "the gate", "<": 1}
ASKED = [{"role": "user", "content": "Reply with exactly this text and nothing else: " + json.dumps(WANTED)}]


def check_calls(mock, shape, pieces, headers=()):
    """A tool is called, whole and in a stream; pieces: into how many the arguments are cut."""

    def post(path, **members):
        body = json.dumps({"model": "m", "messages": ASKED, **members}).encode()
        return suite.http_call(mock.port, "POST", path, body, headers)

    tools = [{"type": "function", "function": TOOL}]
    choice = post(CHAT, tools=tools).json()["choices"][0]
    call_made = choice["message"]["tool_calls"][0]["function"]
    tap.is_((call_made["name"], json.loads(call_made["arguments"])), ("look", WANTED), shape + ": a tool is called")
    tap.is_(choice["finish_reason"], "tool_calls", shape + ": which is why it stopped")
    told = post(CHAT, tools=tools, stream=True).body.decode().split("\n\n")
    choices = [chunk["choices"][0] for chunk in chunks(told)]
    calls = [each["function"] for c in choices for each in c["delta"].get("tool_calls", ())]
    tap.is_([each["name"] for each in calls if "name" in each], ["look"], shape + ": and in a stream")
    parts = [each["arguments"] for each in calls if each.get("arguments")]
    tap.is_((json.loads("".join(parts)), len(parts)), (WANTED, pieces), shape + ": with its arguments")
    tap.is_(choices[-1]["finish_reason"], "tool_calls", shape + ": and why it ended")
    found = [*ASKED, {"role": "tool", "tool_call_id": "c", "content": "open"}]
    tap.is_(post(CHAT, tools=tools, messages=found).json()["choices"][0]["finish_reason"], "stop", shape + ": once")


def check_calls_in_dialogs(mock):
    tools = [{"type": "function", **TOOL}]
    item = call(mock, "/v1/responses", model="m", input=ASKED, tools=tools).json()["output"][0]
    tap.is_((item["type"], json.loads(item["arguments"])), ("function_call", WANTED), "a response calls a tool")
    found = [data for _, data in named_events(mock, "/v1/responses", input=ASKED, tools=tools)]
    tap.is_(json.loads("".join(data.get("delta", "") for data in found)), WANTED, "and in a stream")
    tap.is_(found[-1]["response"]["output"][0], item, "which ends with the whole")
    message = {"messages": ASKED, "max_tokens": 100, "tools": [TOOL]}
    answer = call(mock, "/v1/messages", model="m", **message).json()
    use = answer["content"][0]
    tap.is_((answer["stop_reason"], use["name"], use["input"]), ("tool_use", "look", WANTED), "a message uses one")
    found = [data.get("delta", {}) for _, data in named_events(mock, "/v1/messages", **message)]
    tap.is_(json.loads("".join(delta.get("partial_json", "") for delta in found)), WANTED, "and in a stream")
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use["id"], "content": "open"}]}
    message["messages"] = [*ASKED, result]
    tap.is_(call(mock, "/v1/messages", model="m", **message).json()["stop_reason"], "end_turn", "but once")
    native = {"model": "m", "messages": ASKED, "tools": [{"type": "function", "function": TOOL}]}
    wanted = [{"function": {"name": "look", "arguments": WANTED}}]
    whole = call(mock, "/api/chat", **native, stream=False).json()
    tap.is_(whole["message"]["tool_calls"], wanted, "ollama: /api/chat calls one")
    lines = [json.loads(line) for line in call(mock, "/api/chat", **native).body.splitlines()]
    tap.is_((lines[0]["message"]["tool_calls"], lines[-1]["done"]), (wanted, True), "ollama: and in a stream")


def check_lists(mock):
    ids = [m["id"] for m in suite.http_call(mock.port, "GET", "/v1/models").json()["data"]]
    tap.is_(ids, ["llama3.2:latest", "org/model-7b", "text-embed"], "models are listed")
    tap.is_(suite.http_call(mock.port, "GET", "/v1/models/org%2Fmodel-7b").json()["id"], "org/model-7b", "one is told")
    tap.is_(suite.http_call(mock.port, "GET", "/v1/models/none").status, 404, "and one is not there")
    numbers = call(mock, "/v1/embeddings", model="dimensions-4", input=["a", "b"]).json()["data"]
    coded = call(mock, "/v1/embeddings", model="dimensions-4", input=["a", "b"], encoding_format="base64").json()[
        "data"
    ]
    tap.is_(
        [list(struct.unpack("<4f", base64.b64decode(row["embedding"]))) for row in coded],
        [row["embedding"] for row in numbers],
        "embeddings say the same in both encodings",
    )


def check_other_shapes(directory):
    firsts = {
        "vllm": {"role": "assistant", "content": ""},
        "llamacpp": {"role": "assistant", "content": None},
        "openai": {"role": "assistant", "content": "", "refusal": None},
    }
    busy = {"vllm": 503, "llamacpp": 503, "openai": "server_is_overloaded"}
    for shape, first in firsts.items():
        mock = suite.Mock(directory, "--models", "", "--api-key", "secret", shape=shape)
        tap.is_(chat(mock, "m").status, 401, shape + ": a key is asked for")
        key = {"Authorization": "Bearer secret"}
        body = json.dumps({"model": "m", "stream": True, "messages": []}).encode()
        found = suite.Stream(mock.port, CHAT, body, key).rest()[0].decode().split("\n\n")
        tap.is_(chunks(found)[0]["choices"][0]["delta"], first, shape + ": the first delta")
        text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks(found))
        tap.is_(text, "The gate is open and the model is a mock. ", shape + ": the words")
        check_calls(mock, shape, 5, key)
        refused = suite.http_call(mock.port, "POST", CHAT, b'{"model":"fault-busy-503"}', key)
        tap.is_((refused.status, refused.code), (503, busy[shape]), shape + ": a refusal")
        tap.is_(suite.http_call(mock.port, "GET", "/v1/models", headers=key).json()["data"], [], shape + ": no models")
        mock.end()


def check_answers_gone_wrong(mock):
    for model, status, body in (
        ("fault-html-502", 502, b"<html>"),
        ("fault-empty-500", 500, b""),
        ("fault-text-404", 404, b"404 page"),
        ("fault-string-error", 401, b'{"error":"Unauthorized"}'),
        ("fault-flat-error", 400, b'{"object":"error"'),
        ("fault-busy-503", 503, b'{"error":{"message":"server busy, please try again.  maximum'),
        ("fault-404", 404, b'{"error":{"message":"model \'fault-404\' not found","type":"not_found_error"'),
        ("fault-429", 429, b'{"error":'),
        ("fault-401", 401, b'{"error":'),
        ("fault-context-400", 400, b'{"error":'),
        ("fault-redirect", 302, b""),
        ("fault-misspelt", 500, b"no such fault"),
    ):
        answer = chat(mock, model)
        tap.ok(answer.status == status and answer.body.startswith(body), model)
    tap.is_(chat(mock, "fault-429").headers["retry-after"], "7", "fault-429 says when to come back")
    tap.is_(
        suite.http_call(mock.port, "POST", CHAT, b"{}", {"X-Mock-Fault": "fault-html-502"}).status,
        502,
        "the header says it as well as the model",
    )
    tap.is_(suite.http_call(mock.port, "POST", CHAT, b"{").status, 400, "a body that is no JSON")
    for model, kind in (
        ("fault-close-head", http.client.RemoteDisconnected),
        ("fault-rst-head", ConnectionResetError),
        ("fault-not-http", http.client.BadStatusLine),
        ("fault-huge-head", http.client.HTTPException),
        ("fault-cut", http.client.IncompleteRead),
    ):
        try:
            tap.is_(chat(mock, model).status, None, model)
        except kind:
            tap.ok(True, model)
    tap.ok(gzip.decompress(chat(mock, "fault-gzip").body).startswith(b'{"id"'), "fault-gzip")
    tap.is_(chat(mock, "fault-no-usage").json()["usage"], None, "fault-no-usage")
    tap.ok(len(chat(mock, "fault-truncate").body) < len(chat(mock, "fault-no-usage").body), "fault-truncate")
    tap.is_(len(chat(mock, "size-1024").json()["choices"][0]["message"]["content"]), 1024, "size-N")


def check_streams_gone_wrong(mock):
    for model, count, proper, last in (
        ("fault-truncate", 2, True, "data: {"),
        ("fault-cut", 2, False, "data: {"),
        ("fault-error-mid", 3, True, 'data: {"error":{'),
        ("fault-error-mid-done", 4, True, "data: [DONE]"),
        ("fault-old-llama-error", 4, True, "data: [DONE]"),
        ("fault-junk-chunk-eof", 3, True, "data: {"),
        ("fault-cut+after-5", 5, False, "data: {"),
        ("stream-7", 9, True, "data: [DONE]"),
        ("stream-3+fault-no-length", 5, True, "data: [DONE]"),
    ):
        found, ended = events(mock, model)
        tap.ok(len(found) == count and ended == proper and found[-1].startswith(last), "stream: " + model)
    tap.is_(events(mock, "fault-old-llama-error")[0][2][:9], 'error: {"', "the line that clients overlook")
    tap.is_(chunks(events(mock, "fault-junk-chunk-eof")[0])[-1]["model"], "", "the junk chunk")
    body = json.dumps({"model": "fault-crlf+fault-id-lines+fault-pings", "stream": True}).encode()
    text = suite.http_call(mock.port, "POST", CHAT, body).body
    tap.ok(text.startswith(b":\r\n\r\nid: 1\r\ndata: {"), "CRLF, id lines and pings")
    plain = [c["choices"][0]["delta"] for c in chunks(events(mock, "fault-split-utf8")[0])]
    tap.ok(any("日本語" in (d.get("content") or "") for d in plain), "fault-split-utf8 is still UTF-8 in the end")
    tap.is_(len(events(mock, "fault-one-byte")[0]), 12, "fault-one-byte")


def check_time(mock):
    started = time.monotonic()
    chat(mock, "slow-100ms")
    tap.ok(time.monotonic() - started >= 0.095, "slow-Nms")
    started = time.monotonic()
    found, _ = events(mock, "stream-5x50")
    tap.ok(time.monotonic() - started >= 0.075 and len(found) == 7, "stream-NxR keeps its pace")


def check_bytes_gone_wrong(mock):
    """What no HTTP library would read without complaint."""
    for model, wanted in (
        ("fault-nul-head", b"\r\nX-Nul: a\0b\r\n"),
        ("fault-negative-length", b"\r\nContent-Length: -5\r\n"),
        ("fault-wrong-type", b"\r\nContent-Type: image/png\r\n"),
        ("fault-long-head", b"\r\nX-Padding: " + b"p" * 100000 + b"\r\n"),
        ("fault-short-length", b"\r\nContent-Length: "),
        ("fault-empty-200", b"\r\nContent-Length: 0\r\n"),
        ("status-999", b"HTTP/1.1 999 Unknown\r\n"),
        ("fault-many-hints", b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" * 10000),
        ("fault-padding", b"\r\n\r\n" + b" " * (16 << 20) + b"{"),
        ("fault-long-chunk+stream-9", b"\r\nffffffffffffffffffff\r\n"),
        ("fault-no-newline+stream-9", b"x" * (16 << 20) + b"\r\n0\r\n\r\n"),
    ):
        body = json.dumps({"model": model, "stream": "stream-" in model}).encode()
        with socket.create_connection(("127.0.0.1", mock.port)) as sock:
            sock.sendall(suite.request_bytes(None, body, headers={"Connection": "close"}))
            data = b""
            while wanted not in data and (more := sock.recv(1 << 20)):
                data += more
        tap.ok(wanted in data, model)


def check_always(directory):
    mock = suite.Mock(directory, "--always", "status-418")
    answer = suite.http_call(mock.port, "GET", "/v1/models")
    tap.ok(answer.status == 418 and answer.json()["data"], "--always is for every request")
    mock.end()


def check_held(mock):
    def go():
        return suite.http_call(mock.port, "GET", "/mock/go").json()["held"]

    tap.is_(go(), 0, "nobody is held")
    body = json.dumps({"model": "fault-held+stream-3", "stream": True}).encode()
    stream = suite.Stream(mock.port, CHAT, body, {})
    for count in range(3):
        tap.has(stream.event(), b'"content"', "a held stream says word %d" % (count + 1))
        tap.is_(go(), 1, "and waits until it is told to go on")
    tap.ok(stream.rest()[0].endswith(b"data: [DONE]\n\n"), "up to its end")
    stream = suite.Stream(mock.port, CHAT, body, {})
    stream.event()
    mark = mock.mark()
    stream.close()
    mock.wait(mark, event="peer-closed")
    tap.is_(go(), 0, "whoever has hung up is held no longer")


def check_connections(mock):
    mark = mock.mark()
    with socket.create_connection(("127.0.0.1", mock.port)) as sock:
        body = b'{"model":"fault-stall-head"}'
        sock.sendall(b"POST %s HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (CHAT.encode(), len(body)) + body)
        request = mock.wait(mark, event="request", model="fault-stall-head")
        closing = time.monotonic() * 1000
    gone = mock.wait(mark, event="peer-closed", request=request["request"])
    tap.is_(gone["phase"], "answering", "it notices who hung up on it, and when")
    tap.ok(abs(gone["at"] - closing) < 1000, "by the clock that Python calls monotonic")
    with socket.create_connection(("127.0.0.1", mock.port)) as sock:
        request = (
            b'POST %s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"m\r\n9\r\nodel":"x"\r\n1\r\n}\r\n0\r\n\r\n'
        )
        sock.sendall(request % CHAT.encode() * 2)
        answers = b""
        while answers.count(b'"model":"x"') < 2:
            answers += sock.recv(65536)
    tap.ok(True, "chunked bodies, and two requests at once on one connection")
    seen = mock.requests()[-1]
    tap.is_((seen["body"], seen["length"]), (b'{"model":"x"}', 13), "what was asked can be looked up")


def check_readme():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "README.md"), encoding="utf-8") as file:
        readme = file.read()
    table = subprocess.run(
        [os.path.join(suite.BIN, "heimgate-mockmodel"), "--markdown"], capture_output=True, text=True, check=True
    ).stdout
    tap.has(readme, table, "the README's table is the program's")


with tempfile.TemporaryDirectory() as temporary:
    ollama = suite.Mock(temporary)
    check_ollama(ollama)
    check_native(ollama)
    check_dialogs(ollama)
    check_calls(ollama, "ollama", 1)
    check_calls_in_dialogs(ollama)
    check_lists(ollama)
    check_answers_gone_wrong(ollama)
    check_streams_gone_wrong(ollama)
    check_time(ollama)
    check_bytes_gone_wrong(ollama)
    check_held(ollama)
    check_connections(ollama)
    tap.is_(ollama.end(), 0, "it ends with 0")
    check_always(temporary)
    check_other_shapes(temporary)
    check_readme()
