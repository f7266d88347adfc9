#!/usr/bin/env python3
"""How heimgate-proxyd reaches upstreams of each kind: paths, credentials, headers, certificates, proxies, patience."""

import os
import signal
import socket
import ssl
import subprocess
import tempfile
import threading

from alone import MODELS as LIST
from alone import Alone
import suite
import tap

CHAT, RESPONSES, MESSAGES, API_CHAT = 0, 5, 14, 16
KINDS = {
    "ollama": ("MOCK", "/v1/chat/completions", "authorization: bearer sk-canary"),
    "openai": ("MOCK/v1", "/v1/chat/completions", "authorization: bearer sk-canary"),
    "gemini": ("MOCK/v1beta/openai", "/v1beta/openai/chat/completions", "authorization: bearer sk-canary"),
    "azure": ("MOCK/openai/v1", "/openai/v1/chat/completions", "api-key: sk-canary"),
    "anthropic": ("MOCK/v1", "/v1/messages", "x-api-key: sk-canary"),
}


class Relay:
    """Takes connections and passes them on to the mock; what it is first told may be taken by somebody else."""

    def __init__(self, mock_port, context=None, take=lambda connection: b""):
        self.context, self.take, self.mock_port = context, take, mock_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.taken = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _address = self.listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            first = self.take(connection)
            self.taken.append(first)
            with socket.create_connection(("127.0.0.1", self.mock_port)) as mock:
                mock.sendall(first)
                threading.Thread(target=self._pass, args=(mock, connection), daemon=True).start()
                self._pass(connection, mock)
        except (OSError, ssl.SSLError):
            connection.close()

    @staticmethod
    def _pass(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def make_certificates(place):
    """An authority of our own, and a certificate of its for 127.0.0.1."""
    def run(*words):
        subprocess.run(["openssl", *words], cwd=place, check=True, capture_output=True)
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=House", "-days", "2")
    run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "req.pem", "-subj", "/CN=server")
    with open(os.path.join(place, "ext"), "w", encoding="ascii") as file:
        file.write("subjectAltName=IP:127.0.0.1\n")
    run("x509", "-req", "-in", "req.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "cert.pem",
        "-days", "2", "-extfile", "ext")


def upstream(kind, base_url, **members):
    return {"base_url": base_url, "kind": kind, "health_interval_ms": 0, **members}


def models(**upstreams):
    routes = {"m-" + name: {"targets": [{"upstream": name, "model": "m"}]} for name in upstreams}
    return {"upstreams": upstreams, "models": routes}


def head_of(request):
    return request["head"].decode().lower()


def chat(edge, name, route=CHAT, **lease):
    body = suite.chat_body("m-" + name, max_tokens=5)
    return edge.request(body, model="m-" + name, upstream=name, route=route, **lease)


def kinds(s, edge):
    for kind, (_base, path, credential) in KINDS.items():
        route = MESSAGES if kind == "anthropic" else CHAT
        answer = chat(edge, kind, route, passed=b"anthropic-version: 2023-01-01\r\n" if route == MESSAGES else b"")
        request = s.mock.requests()[-1]
        tap.is_((answer.status, request["path"]), (200, path), "kind %s is asked where it answers" % kind)
        tap.ok("\r\n%s\r\n" % credential in head_of(request), "with its credential as it wants it")
        tap.is_(head_of(request).count("sk-canary"), 1, "said once")
        tap.ok("\r\nx-team: lab\r\n" in head_of(request), "and the headers of models.json")
    tap.is_(head_of(request).count("anthropic-version:"), 1, "a client's own version is the only one")
    tap.is_(chat(edge, "anthropic", CHAT).error["code"], "not_offered", "what a kind has not is not asked for")
    tap.is_(chat(edge, "azure", API_CHAT).status, 404, "in no dialect")


def own_requests(s, edge):
    s.write_models({"upstreams": {"claude": upstream("anthropic", "MOCK/v1")}, "models": {"*": {"targets": [{"upstream": "claude"}]}}})
    reload(s)
    tap.is_(edge.request(route=LIST, model="", upstream="").status, 200, "Anthropic is asked for its models")
    tap.ok("\r\nanthropic-version: 2023-06-01\r\n" in head_of(s.mock.requests()[-1]), "in a version of its API")
    for fault in ("fault-redirect", "fault-gzip", "fault-page", "fault-empty-500"):
        bad = upstream("openai", "MOCK/v1", headers={"X-Mock-Fault": fault})
        s.write_models({"upstreams": {"bad": bad, "good": upstream("openai", "MOCK/v1")},
                        "models": {"*": {"targets": [{"upstream": "bad"}, {"upstream": "good"}]}}})
        reload(s)
        mark = s.mock.mark()
        answer = edge.request(route=LIST, model="", upstream="")
        tap.is_((answer.status, s.mock.count(mark, event="request")), (200, 2), "after %s another's list is told" % fault)


def reload(s):
    before = s.log("proxyd").count("event=reload")
    s.running["proxyd"].popen.send_signal(signal.SIGHUP)
    suite.until(lambda: s.log("proxyd").count("event=reload") > before, "the reload")


def certificates(s, edge):
    with tempfile.TemporaryDirectory(dir=s.state) as place:
        make_certificates(place)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(place, "cert.pem"), os.path.join(place, "key.pem"))
        url = "https://127.0.0.1:%d/v1" % Relay(s.mock.port, context).port
        bad = os.path.join(place, "bad.pem")
        with open(bad, "w", encoding="ascii") as file:
            file.write("no certificate\n")
        s.write_models(models(stranger=upstream("openai", url), house=upstream("openai", url, ca_file=os.path.join(place, "ca.pem"))))
        reload(s)
        tap.is_(chat(edge, "house").status, 200, "an authority of one's own is believed where it is named")
        answer = chat(edge, "stranger")
        tap.is_((answer.status, answer.error["code"]), (502, "upstream_unreachable"), "and nowhere else")
        tap.is_(chat(edge, "house").status, 200, "each time")
        for path, reason in ((bad, "holds no certificate"), (os.path.join(place, "none.pem"), "No such file")):
            s.write_models(models(house=upstream("openai", url, ca_file=path)))
            reload(s)
            tap.has(s.log("proxyd").splitlines()[-1], "%s: %s" % (path, reason), "a file that is no authority is refused")
        with tempfile.NamedTemporaryFile() as elsewhere:
            s.write_models(models(house=upstream("openai", url, ca_file=elsewhere.name)))
            reload(s)
            tap.has(s.log("proxyd").splitlines()[-1], "advice=", "nor is one read in a directory not named at the start")
        tap.is_(chat(edge, "house").status, 200, "and the running configuration stays")


def proxies(s, edge):
    def take_connect(connection):
        asked = connection.recv(65536)
        if asked.startswith(b"CONNECT "):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            return b""
        return asked
    relay = Relay(s.mock.port, take=take_connect)
    proxy = "http://127.0.0.1:%d" % relay.port
    s.write_models(models(far=upstream("openai", "http://models.invalid/v1", proxy=proxy), near=upstream("openai", "MOCK/v1")))
    reload(s)
    tap.is_(chat(edge, "far").status, 200, "an upstream behind a proxy is reached through it")
    tap.ok(relay.taken[0].startswith(b"POST http://models.invalid/v1/chat/completions "), "which resolves its name")
    tap.is_(chat(edge, "near").status, 200, "others are not")
    tap.is_(len(relay.taken), 1, "sent there")


def patience(s, edge):
    impatient = {"first_byte_timeout_ms": 50, "idle_timeout_ms": 50}
    s.write_models({
        "upstreams": {"quick": upstream("ollama", "MOCK", **impatient), "calm": upstream("ollama", "MOCK")},
        "models": {name + "-" + fault: {"targets": [{"upstream": name, "model": fault}]}
                   for name in ("quick", "calm") for fault in ("fault-stall-head", "fault-stall-mid", "slow-200ms")},
    })
    reload(s)
    for fault, status in (("fault-stall-head", 504), ("slow-200ms", 504)):
        answer = edge.chat("quick-" + fault, lease={"upstream": "quick"})
        tap.is_(answer.status, status, "an upstream has a patience of its own: " + fault)
    answer = edge.chat("quick-fault-stall-mid", stream=True, lease={"upstream": "quick"})
    tap.has(answer.body.decode(), "fell silent", "also within a stream")
    tap.is_(edge.chat("calm-slow-200ms", lease={"upstream": "calm"}).status, 200, "others have that of all")


MEMBERS = {"api_key_file": "SECRET", "headers": {"X-Team": "lab"}}
with Alone(models=models(**{kind: upstream(kind, base, **MEMBERS) for kind, (base, _path, _line) in KINDS.items()})) as the_one:
    the_edge = the_one.edge()
    for check in (kinds, own_requests, certificates, proxies, patience):
        check(the_one, the_edge)
