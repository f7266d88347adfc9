#!/usr/bin/env python3
"""What docs/DEPLOY.md and the Compose stack tell nginx and Caddy: streams flow, clients that leave are noticed."""

import os
import re
import socket
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


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except ConnectionRefusedError:
        return False


def post(port, key, body):
    return suite.http_call(port, "POST", "/v1/chat/completions", body, suite.request_headers(key, body))


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


def check_answers(s, port, key, name):
    answer = post(port, key, suite.chat_body("stream-50", stream=True))
    tap.ok(answer.status == 200 and answer.body.endswith(b"data: [DONE]\n\n"), "%s: a stream ends as it should" % name)
    tap.is_(post(port, "sk-hg-wrong", suite.chat_body("m")).code, "invalid_api_key", "errors are edge's own")
    tap.is_(post(port, key, suite.chat_body("m", "x" * (16 << 20))).status, 200, "a large body passes")


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
        for check in (check_stream, check_answers, check_not_twice):
            check(s, port, key, name)
        process.end()
        if tap.failures():
            tap.diag(process.logged()[-4000:])


with suite.Suite() as the_suite:
    the_key = the_suite.make_key()
    check_proxy(the_suite, the_key, "nginx", nginx)
    check_proxy(the_suite, the_key, "caddy", caddy)
    check_proxy(the_suite, the_key, "stack", stack)
