#!/usr/bin/env python3
"""What docs/DEPLOY.md and the Compose stack tell nginx and Caddy: streams flow, clients that leave are noticed."""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
import suite  # noqa: E402
import tap  # noqa: E402

NGINX = """
daemon off;
error_log {directory}/error.log;
pid {directory}/pid;
events {{}}
http {{
	client_body_temp_path {directory}/body;
	proxy_temp_path {directory}/proxy;
	fastcgi_temp_path {directory}/fastcgi;
	uwsgi_temp_path {directory}/uwsgi;
	scgi_temp_path {directory}/scgi;
	{block}
}}
"""
CADDY = """
{{
	admin off
	auto_https off
}}
{block}
"""


STRANGER = "192.0.2.7"
FORGED = {"X-Forwarded-For": STRANGER, "X-Real-IP": STRANGER, "Forwarded": "for=" + STRANGER}
SAID = [{"role": "user", "content": "x"}]
STREAMS = (
    ("/v1/chat/completions", {"messages": SAID}),
    ("/v1/responses", {"input": "x"}),
    ("/v1/messages", {"messages": SAID, "max_tokens": 99}),
    ("/api/chat", {"messages": SAID}),
)
WORDS = (b'"The "', b'"gate "', b'"is "', b'"open "', b'"and "', b'"the "')  # that the mock begins with
LOGS = {"nginx": "heimgate.log", "caddy": "log"}  # the stack's Caddy keeps none
END_OF = {
    "/v1/chat/completions": b"data: [DONE]\n\n",
    "/v1/responses": b"event: response.completed\n",
    "/v1/messages": b"event: message_stop\n",
    "/api/chat": b'"done":true',
}


def block(language):
    """The block of that language in the document."""
    with open(os.path.join(ROOT, "docs", "DEPLOY.md"), encoding="utf-8") as file:
        return re.search(r"^```%s\n(.*?)^```$" % language, file.read(), re.M | re.S).group(1)


def nginx(directory, port, gate):
    """The document's settings without TLS, which is not what is tried here."""
    text = re.sub(r"\n\s*ssl_.*", "", block("nginx")).replace("listen 443 ssl", "listen 127.0.0.1:%d" % port)
    text = text.replace("127.0.0.1:8000", "127.0.0.1:%d" % gate).replace("/var/log/nginx", directory)
    return ["nginx", "-c", write(directory, "nginx.conf", NGINX.format(directory=directory, block=text))]


def caddy(directory, port, gate):
    text = block("caddyfile").replace("gate.example.com", "http://127.0.0.1:%d" % port)
    path = write(directory, "Caddyfile", CADDY.format(block=text.replace("127.0.0.1:8000", "127.0.0.1:%d" % gate)))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", path]


def stack(directory, port, gate):
    """The Caddy of the Compose stack."""
    with open(os.path.join(ROOT, "compose", "Caddyfile"), encoding="utf-8") as file:
        text = file.read().replace("{$SITE_ADDRESS:localhost}", "http://:%d" % port)
    text = text.replace("door:8000", "127.0.0.1:%d" % gate)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", write(directory, "Caddyfile", text)]


def write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def read(directory, name):
    with open(os.path.join(directory, name), encoding="utf-8") as file:
        return file.read()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except ConnectionRefusedError:
        return False


def in_chunks(body):
    """The body as http.client sends it in chunks.

    Caddy 2.6 looks for more behind a body of known length, and breaks off an answer that has begun before it looked.
    With chunks the end is part of the body, so that nothing answers before Caddy has seen it.
    """
    return iter([body])


def post(port, key, body):
    return suite.http_call(port, "POST", "/v1/chat/completions", in_chunks(body), suite.request_headers(key, body))


def check_stream(s, port, key, name):
    """Two words come, and then nothing: what has arrived is not held back."""
    mark = s.mock.mark()
    body = suite.chat_body("fault-stall-mid", stream=True)
    stream = suite.Stream(port, "/v1/chat/completions", body, suite.request_headers(key, body))
    tap.has(stream.event(), b"data: ", "%s: an event arrives while the model still works" % name)
    tap.ok(re.match(r"req_[0-9a-f]{32}$", stream.headers["x-request-id"]), "with the id of the request")
    asked = s.mock.wait(mark, event="request", model="fault-stall-mid")
    stream.close()
    s.mock.wait(mark, event="peer-closed", request=asked["request"])
    tap.ok(True, "%s: when the client leaves, the model is stopped" % name)


def next_of(stream, path):
    """The next event, or line."""
    found = stream.response.readline() if path.startswith("/api/") else stream.event()
    assert found, "the stream of %s ended early" % path
    return found


def check_word_by_word(s, port, key, name):
    """The server says a word only when the one before has reached the client."""
    for path, members in STREAMS:
        body = json.dumps({"model": "fault-held+stream-6", "stream": True, **members}).encode()
        stream = suite.Stream(port, path, in_chunks(body), suite.request_headers(key, body))
        for word in WORDS:
            while word not in next_of(stream, path):
                pass
            held = suite.http_call(s.mock.port, "GET", "/mock/go").json()["held"]
            tap.is_(held, 1, "%s: %s of %s has come before more is said" % (name, word.decode(), path))
        rest, proper = stream.rest()
        tap.ok(proper and END_OF[path] in rest, "and the end")
        stream.close()


def chat_bytes(key, model, headers=()):
    """A chat as it stands on the wire, for the host that the proxies serve."""
    body = suite.chat_body(model)
    in_one_chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    data = suite.request_bytes(key, in_one_chunk, headers={**dict(headers), "Transfer-Encoding": "chunked"})
    return data.replace(b"Host: localhost", b"Host: 127.0.0.1")


def request_from(address, port, key, headers):
    """Asks from one of this machine's own addresses; returns the id of the request."""
    data = chat_bytes(key, "m", {**headers, "Connection": "close"})
    with socket.create_connection(("127.0.0.1", port), suite.PATIENCE, (address, 0)) as sock:
        sock.sendall(data)
        answer = suite.read_until_closed(sock).decode()
    return re.search(r"x-request-id: (req_\w+)", answer, re.I).group(1)


def line_with(request, log):
    """The line of a log that has the id of the request, once it is there and whole."""
    return suite.until(lambda: next((line for line in log().split("\n")[:-1] if request in line), ""), "the log")


def check_history(s, request, client, name):
    record = suite.until(lambda: s.records(kind="request", request_id=request), "the record")[0]
    tap.is_(record["client"], client, "%s: history names %s" % (name, client))
    line = line_with(request, lambda: s.log("edge"))
    tap.has(line, "client=%s " % client, "as does edge's log")


def check_addresses(s, port, key, name):
    """edge names who connects to it, whatever headers say; the proxy's log names the client."""
    request = request_from("127.0.0.2", port, key, FORGED)
    check_history(s, request, "127.0.0.1", name)
    check_history(s, request_from("127.0.0.3", s.port, key, FORGED), "127.0.0.3", "a stranger to edge itself")
    tap.ok(STRANGER not in s.log("edge") and STRANGER not in json.dumps(s.records()), "and a stranger is not believed")
    return request


def logged_by(name, log, request):
    """The client's address in the proxy's own log, next to the id of the request."""
    line = line_with(request, log)
    if name == "nginx":
        return line.split()[0]
    found = json.loads(line)["request"]
    return found.get("client_ip", found["remote_ip"])  # newer ones also say whom they believe the client to be


def check_leaving(s, port, key, name):
    """Also before there is an answer, and also by breaking off."""
    for reset in (False, True):
        mark = s.mock.mark()
        sock = socket.create_connection(("127.0.0.1", port), suite.PATIENCE)
        sock.sendall(chat_bytes(key, "fault-stall-head"))
        asked = s.mock.wait(mark, event="request", model="fault-stall-head")
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        s.mock.wait(mark, event="peer-closed", request=asked["request"])
        tap.ok(True, "%s: who %s before the answer stops the model" % (name, "breaks off" if reset else "leaves"))
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "the slots")
    tap.ok(True, "and all slots are free again")


def check_answers(s, port, key, name):
    answer = post(port, key, suite.chat_body("stream-50", stream=True))
    tap.ok(answer.status == 200 and answer.body.endswith(b"data: [DONE]\n\n"), "%s: a stream ends as it should" % name)
    tap.is_(post(port, "sk-hg-wrong", suite.chat_body("m")).code, "invalid_api_key", "errors are edge's own")
    body = suite.chat_body("m", "x" * (16 << 20))
    answer = suite.http_call(port, "POST", "/v1/chat/completions", body, suite.request_headers(key, body))
    tap.is_(answer.status, 200, "a large body passes")


def check_not_twice(s, port, key, name):
    model = "fault-close-head+" + name
    tap.is_(post(port, key, suite.chat_body(model)).status, 502, "%s: a failure is passed on" % name)
    post(port, key, suite.chat_body("after-" + name))
    suite.until(lambda: "after-" + name in s.log("edge"), "the log to have come so far")
    tap.is_(s.log("edge").count(model), 1, "and the request not sent to edge again")


def check_proxy(s, key, name, command):
    with tempfile.TemporaryDirectory(prefix="heimgate-%s-" % name) as directory:
        port = suite.free_port()
        environment = {"HOME": directory, "XDG_CONFIG_HOME": directory, "XDG_DATA_HOME": directory}
        process = suite.Process(name, command(directory, port, s.port), directory + "/log", environment)
        suite.until(lambda: listens(port) or process.popen.poll() is not None, name + " to listen")
        assert process.popen.poll() is None, process.logged()
        for check in (check_stream, check_word_by_word, check_leaving, check_answers, check_not_twice):
            check(s, port, key, name)
        request = check_addresses(s, port, key, name)
        if name in LOGS:
            client = logged_by(name, lambda: read(directory, LOGS[name]), request)
            tap.is_(client, "127.0.0.2", "%s's log has the client's address, and joins the two" % name)
        process.end()
        if tap.failures():
            tap.diag(process.logged()[-4000:])


with suite.Suite() as the_suite:
    the_key = the_suite.make_key()
    check_proxy(the_suite, the_key, "nginx", nginx)
    check_proxy(the_suite, the_key, "caddy", caddy)
    check_proxy(the_suite, the_key, "stack", stack)
