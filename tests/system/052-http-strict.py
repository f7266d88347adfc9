#!/usr/bin/env python3
"""Where one request ends and the next begins on edge's port, as told byte by byte on raw sockets."""

import base64
import json
import re
import socket

import suite
import tap

CHAT = b"/v1/chat/completions"
HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = suite.chat_body("m")


class Client:
    """A connection that sends bytes and reads answers."""

    def __init__(self, s, data=b""):
        self.sock = s.raw(data)
        self.bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError("closed after %r" % self.bytes)
        self.bytes += data

    def _take(self, count):
        while len(self.bytes) < count:
            self._more()
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def _take_line(self):
        while b"\r\n" not in self.bytes:
            self._more()
        return self._take(self.bytes.index(b"\r\n") + 2)[:-2]

    def _take_chunks(self):
        body = b""
        while True:
            size = int(self._take_line(), 16)
            body += self._take(size)
            self._take_line()
            if size == 0:
                return body

    def answer(self, head_only=False):
        """(status, headers, body) of the next answer."""
        status = int(re.match(rb"HTTP/1\.1 (\d{3}) ", self._take_line()).group(1))
        headers = {}
        for line in iter(self._take_line, b""):
            name, value = line.decode().split(": ", 1)
            headers[name.lower()] = value
        if head_only or status == 100:
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, self._take_chunks()
        return status, headers, self._take(int(headers["content-length"]))

    def is_closed(self):
        """Whether nothing follows but the end."""
        return self.bytes == b"" and suite.read_until_closed(self.sock) == b""


def post(key, headers=b"", body=BODY, path=CHAT):
    """A POST whose headers say how its body is framed."""
    return b"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n%s" % (path, key.encode(), headers, body)


def chunked(body, size):
    """The body in chunks with all that may stand around them."""
    text = b""
    for i in range(0, len(body), size):
        part = body[i:i + size]
        text += b'%X;name=value;quoted="a;\\"b"\r\n%s\r\n' % (len(part), part)
    return text + b"000;last\r\nX-Trailer: dropped\r\n\r\n"


def is_error(status, headers, body):
    """Whether an answer is an error as OpenAI's clients expect them."""
    error = json.loads(body)["error"]
    return (set(error) == {"message", "type", "param", "code"} and headers["content-type"] == "application/json"
            and re.fullmatch("req_[0-9a-f]{32}", headers["x-request-id"]) and 400 <= status < 600)


def check_bytewise(s, key):
    for framing, body in ((b"Transfer-Encoding: chunked\r\n", chunked(BODY, 7)), (b"Content-Length: %d\r\n" % len(BODY), BODY)):
        before = len(s.mock.requests())
        with Client(s) as client:
            for byte in post(key, framing, body) + HEALTH:
                client.send(bytes([byte]))
            tap.is_(client.answer()[0], 200, "a chat that comes a byte at a time: " + framing.decode().strip())
            tap.is_(client.answer()[0], 200, "and the request behind it")
        requests = s.mock.requests()[before:]
        tap.is_(len(requests), 1, "reached the model server once")
        request = requests[-1]
        tap.is_(request["body"], BODY, "with the very same body")
        tap.ok(b"railer" not in request["head"] and b"dropped" not in request["head"], "and no trailer")


def check_splits(s, key):
    request = post(key, b"Transfer-Encoding: chunked\r\nContent-Type: text/plain\r\n", chunked(b"{}", 1)) \
        .replace(b"POST " + CHAT, b"GET /v1/models")
    with Client(s) as client:
        statuses = set()
        for i in range(1, len(request)):
            client.send(request[:i])
            client.send(request[i:])
            statuses.add(client.answer()[0])
        tap.is_(statuses, {200}, "a request cut in two anywhere, again and again on one connection")


def check_pipeline(s, key):
    bearer = b"Authorization: Bearer %s\r\n" % key.encode()
    requests = (
        (HEALTH, 200), (HEALTH.replace(b"GET", b"HEAD"), 200), (HEALTH.replace(b"/health", b"/v1/foo"), 404),
        (post(key, b"Content-Length: %d\r\n" % len(BODY)), 200), (HEALTH.replace(b"GET", b"DELETE"), 405),
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\n" + bearer + b"\r\n", 200),
        (b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", 401), (post(key, b"Content-Length: 1\r\n", b"{"), 400),
        (post(key, b"Transfer-Encoding: chunked\r\n", chunked(BODY, 50)), 200), (b"\r\n" + HEALTH, 200),
        (HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), 200), (HEALTH, None),
    )
    with Client(s, b"".join(request for request, _ in requests)) as client:
        ids = set()
        for request, wanted in requests[:-1]:
            status, headers, _ = client.answer(head_only=request.startswith(b"HEAD"))
            ids.add(headers["x-request-id"])
            tap.is_(status, wanted, "in a pipeline: %r" % request[:40])
        tap.is_(len(ids), len(requests) - 1, "each has an id of its own")
        tap.is_(headers.get("connection"), "close", "the one that asked for it is told that it is the last")
        tap.ok(client.is_closed(), "and what stands behind it is not answered")


def check_unread_bodies(s, key):
    """A refusal that comes before the body was read must not leave it to be taken for a request."""
    inner = HEALTH * 3
    length = b"Content-Length: %d\r\n" % len(inner)
    keyless = post("x", length, inner).replace(b"Authorization: Bearer x\r\n", b"")
    cases = (
        (keyless, 401, "no key"), (post("wrong", length, inner), 401, "a wrong key"),
        (post(key, length, inner, b"/v1/foo"), 404, "no such path"), (post(key, length, inner, b"/health"), 405, "a wrong method"),
        (post(key, length + b"Content-Type: text/plain\r\n", inner), 415, "no JSON"),
        (post(key, length + b"Content-Encoding: gzip\r\n", inner), 415, "a compressed body"),
        (post(key, b"Content-Length: 999999999999\r\n", inner), 413, "a body too large"),
        (post(key, b"Transfer-Encoding: chunked\r\n", b"FFFFFFFFFFFFFFF\r\n" + inner), 413, "a chunk too large"),
        (post(key, b"Transfer-Encoding: chunked\r\n", b"2\r\n{}0\r\n\r\n" + inner), 400, "a chunk without end"),
        (post(key, length + length, inner), 400, "two lengths"), (post(key, b"Expect: tea\r\n" + length, inner), 417, "an odd Expect"),
        (post(key, b"api-key: other\r\n" + length, inner), 400, "two keys"),
    )
    for request, wanted, name in cases:
        with Client(s, request) as client:
            status, headers, body = client.answer()
            tap.ok(status == wanted and is_error(status, headers, body), "%s is a proper %d" % (name, wanted)) or \
                tap.diag("%d %r %r" % (status, headers, body))
            tap.is_(headers.get("connection"), "close", name + ": it says that it closes")
            tap.ok(client.is_closed(), name + ": and nothing in the body is answered")


def check_versions(s):
    for data, wanted in ((HEALTH.replace(b"1.1", b"1.0"), 505), (HEALTH.replace(b"/health", b"/" + b"a" * 8200), 414),
                         (HEALTH.replace(b"\r\n\r\n", b"\r\nX: %s\r\n\r\n" % (b"y" * 17000)), 431),
                         (HEALTH.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: gzip\r\n\r\n"), 501),
                         (HEALTH.replace(b"/health", b"http://x/health"), 400), (HEALTH.replace(b"/health", b"/health#x"), 400),
                         (HEALTH.replace(b"/health", b"/health?%zz"), 400)):
        with Client(s, data) as client:
            status, headers, body = client.answer()
            tap.ok(status == wanted and is_error(status, headers, body), "%d: %r" % (wanted, data[:40])) or \
                tap.diag("%d %r %r" % (status, headers, body))


def check_expect(s, key):
    expect = b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(BODY)
    with Client(s, post(key, expect, b"")) as client:
        tap.is_(client.answer()[0], 100, "a client that waits for 100 is told to go on")
        client.send(BODY)
        tap.is_(client.answer()[0], 200, "and is answered")
        client.send(HEALTH)
        tap.is_(client.answer()[0], 200, "and may go on using the connection")
    with Client(s, post("wrong", expect, b"")) as client:
        tap.is_(client.answer()[0], 401, "without a key it is not told to")
        tap.ok(client.is_closed(), "and the connection ends, for nobody knows whether the body will come")


def check_credentials(s, key):
    basic = b"Authorization: Basic " + base64.b64encode(b"user:" + key.encode())
    bearer = b"Authorization: Bearer " + key.encode()
    bare = key.encode()
    cases = (
        (bearer, 200), (b"authorization: bearer   " + bare, 200), (basic, 200), (b"X-API-Key: " + bare, 200), (b"api-key:" + bare, 200),
        (bearer + b"\r\napi-key: " + bare, 200), (basic + b"\r\nx-api-key: " + bare, 200), (b"X: y", 401),
        (b"Authorization: " + bare, 401), (b"Authorization: Bearer " + bare[:-1], 401), (b"Authorization: Bearer", 401),
        (bearer + b"\r\napi-key: other", 400), (bearer + b"\r\n" + bearer + b"x", 400), (b"Authorization: Basic " + bare, 400),
    )
    for lines, wanted in cases:
        with Client(s, b"GET /v1/models HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n\r\n") as client:
            status, _, body = client.answer()
            tap.is_(status, wanted, repr(lines.replace(bare, b"KEY")))
            tap.ok(bare[12:-5] not in body, "and the key is not told to anybody")


def check_model_ids(s, key):
    for target, wanted in ((b"a%2Fb", (200, 404)), (b"a/b:c", (200, 404)), (b"a%00b", (400,)), (b"a%0d%0ab", (400,)), (b"a%2", (400,)),
                           (b"m" * 257, (400,))):
        request = b"GET /v1/models/%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % (target, key.encode())
        with Client(s, request) as client:
            status, _, body = client.answer()
            tap.ok(status in wanted, "/v1/models/%s" % target[:20].decode()) or tap.diag("%d %r" % (status, body))


def check_body_of_get(s):
    """A body where none is expected is not taken for a request either."""
    inner = b"GET /v1/foo HTTP/1.1\r\nHost: x\r\n\r\n"
    with Client(s, HEALTH.replace(b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % len(inner)) + inner) as client:
        status, headers, _ = client.answer()
        tap.is_(status, 200, "GET /health with a body")
        if headers.get("connection") != "close":
            client.send(HEALTH)
            tap.is_(client.answer()[0], 200, "and the request behind it")
            client.sock.shutdown(socket.SHUT_WR)
        tap.ok(client.is_closed(), "and nothing else is answered")


with suite.Suite() as the_suite:
    the_key = the_suite.make_key()
    check_bytewise(the_suite, the_key)
    check_splits(the_suite, the_key)
    check_pipeline(the_suite, the_key)
    check_unread_bodies(the_suite, the_key)
    check_versions(the_suite)
    check_expect(the_suite, the_key)
    check_credentials(the_suite, the_key)
    check_model_ids(the_suite, the_key)
    check_body_of_get(the_suite)
    tap.is_(the_suite.chat(the_key, "m").status, 200, "and afterwards all is well")
