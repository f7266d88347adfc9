#!/usr/bin/env python3
"""What strangers may try on edge's port: requests that are none, floods, and hurry or sloth."""

import re
import time

import suite
import tap

CHAT = "/v1/chat/completions"
GET = b"GET /health HTTP/1.1\r\nHost: x\r\n"

AMBIGUOUS = (
    (b"GET /health HTTP/1.1\nHost: x\n\n", "bare line feeds"),
    (b"GET /health HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "a folded header"),
    (b"GET /health HTTP/1.1\r\n\r\n", "no Host"),
    (GET + b"Host: y\r\n\r\n", "two Hosts"),
    (GET + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "a length beside chunks"),
    (GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "two lengths"),
    (GET + b"Content-Length: +1\r\n\r\na", "a signed length"),
    (GET + b"Content-Length: 1, 1\r\n\r\na", "a list of lengths"),
    (GET + b"Content-Length: 0x1\r\n\r\na", "a hexadecimal length"),
    (GET + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "another coding"),
    (GET + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "chunked twice"),
    (GET + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", "a vertical tab before chunked"),
    (GET + b"Name : value\r\n\r\n", "a blank before the colon"),
    (GET + b"N\x00me: value\r\n\r\n", "a NUL in a name"),
    (GET + b"Name: val\x00ue\r\n\r\n", "a NUL in a value"),
    (GET + b"Name: a\rb\r\n\r\n", "a bare carriage return"),
    (GET + b": empty\r\n\r\n", "no name"),
    (GET + b"nocolon\r\n\r\n", "no colon"),
    (b"GET  /health HTTP/1.1\r\nHost: x\r\n\r\n", "two blanks"),
    (b"GET /health\r\n\r\n", "HTTP/0.9"),
    (b"GET /health HTTP/1.2\r\nHost: x\r\n\r\n", "HTTP/1.2"),
    (b"GET /health HTTP/2.0\r\nHost: x\r\n\r\n", "HTTP/2.0"),
    (b"GET /health http/1.1\r\nHost: x\r\n\r\n", "http in small letters"),
    (b"G@T /health HTTP/1.1\r\nHost: x\r\n\r\n", "G@T"),
    (b"GET /he\x7falth HTTP/1.1\r\nHost: x\r\n\r\n", "a control character in the target"),
    (b"GET health HTTP/1.1\r\nHost: x\r\n\r\n", "a target without a slash"),
    (b"\x16\x03\x01\x02\x00\x01\x00", "TLS"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2's preface"),
)

SMUGGLED = (
    (
        b"4\r\nabcd\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ),
    (b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    (b"4\nabcd\n0\n\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", b"Transfer-Encoding: chunked\r\n"),
    (b"4;a=\nb\r\nabcd\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"),
    (b"-4\r\nabcd\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"),
    (b"fffffffffffffffff\r\nabcd\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"),
    (b"4\r\nabcdef0\r\n\r\n", b"Transfer-Encoding: chunked\r\n"),
)


def statuses(answer):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def status_of(answer):
    return (statuses(answer) or [None])[0]


def check_ambiguous(s, key):
    for data, name in AMBIGUOUS:
        with s.raw(data) as sock:
            answer = suite.read_until_closed(sock)
        tap.ok(statuses(answer) in ([400], [501], [505]), "refused and closed: " + name) or tap.diag(answer)
    for body, header in SMUGGLED:
        request = b"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n" % (
            CHAT.encode(),
            key.encode(),
            header,
        )
        with s.raw(request + body) as sock:
            answer = suite.read_until_closed(sock)
        tap.ok(statuses(answer) in ([400], [413]), "no way to smuggle: %r" % (header + body)[:60]) or tap.diag(answer)


def check_routes(s, key):
    for path in ("/", "/health", "/api/v1/health"):
        tap.is_(s.http("GET", path).status, 200, path)
    for path in (
        "/v1/foo",
        "/V1/models",
        "/v1/chat/completions/",
        "/v1//models",
        "/../etc/passwd",
        "/v1/%6dodels",
        "/v1/./models",
        "/admin",
        "/v1/files",
    ):
        answer = s.http("GET", path, key=key)
        tap.ok(
            answer.status == 404 and answer.error["message"].startswith("Invalid URL (GET /"), "no such path: " + path
        )
    for method, path in (
        ("GET", CHAT),
        ("PUT", CHAT),
        ("DELETE", "/v1/models"),
        ("POST", "/health"),
        ("TRACE", "/"),
        ("CONNECT", "/v1/models"),
        ("OPTIONS", CHAT),
    ):
        answer = s.http(method, path, key=key)
        tap.ok(
            answer.status in (405, 501, 400) and set(answer.error) == {"message", "type", "param", "code"},
            "%s %s" % (method, path),
        ) or tap.diag(answer)
    tap.is_(s.http("PUT", CHAT, b"{}", key).headers.get("allow"), "POST", "405 says what is allowed")


def check_floods(s):
    for data, name in (
        (b"".join(b"X-%d: y\r\n" % i for i in range(500)), "500 headers"),
        (b"X-Long: " + b"y" * 70000 + b"\r\n", "a header of 70 KB"),
    ):
        with s.raw() as sock:
            try:
                sock.sendall(GET + data + b"\r\n")
            except OSError:
                pass
            tap.is_(status_of(suite.read_until_closed(sock)), 431, name)
    with s.raw() as sock:
        try:
            sock.sendall(b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        except OSError:
            pass
        tap.ok(status_of(suite.read_until_closed(sock)) in (414, 431), "a path of 70 KB")


def check_slowness(s, key):
    """Each phase has its own patience: 300 ms here."""
    body = suite.chat_body("m")
    request = suite.request_bytes(key, body)
    cases = (
        (b"GET /health HTTP/1.1\r\nHos", "half a header", 408),
        (request[:-5], "half a body", 408),
        (b"", "nothing", None),
    )
    for data, name, status in cases:
        started = time.monotonic()
        with s.raw(data) as sock:
            answer = suite.read_until_closed(sock)
        took = time.monotonic() - started
        tap.ok(status_of(answer) == status and 0.2 < took < 5, "%s is waited for a while (%.2f s)" % (name, took))
    with s.raw(b"GET /health HTTP/1.1\r\n") as sock:
        started = time.monotonic()
        sock.settimeout(0.05)
        answer = None
        while answer is None and time.monotonic() - started < 10:
            try:
                sock.sendall(b"X: y\r\n")
                answer = sock.recv(4096)
            except TimeoutError:
                continue
            except OSError:
                answer = b""
        tap.ok(time.monotonic() - started < 5, "a header that trickles in is not waited for any longer")
    with s.raw(GET + b"\r\n") as sock:
        tap.has(sock.recv(4096), b"200 OK", "a kept connection")
        suite.read_until_closed(sock)
    tap.ok(True, "is closed once it has rested too long")


def check_per_address(s):
    held = [s.raw(b"GET") for _ in range(12)]
    refused = 0
    for sock in held[8:]:
        sock.settimeout(5)
        answer = suite.read_until_closed(sock)
        refused += answer == b"" or status_of(answer) in (429, 503)
    tap.is_(refused, 4, "of 12 connections from one address where 8 are allowed, 4 are turned away")
    for sock in held:
        sock.close()
    suite.until(lambda: s.http("GET", "/health").status == 200, "room again")
    tap.ok(True, "and there is room again once they are gone")


with suite.Suite() as the_suite:
    the_key = the_suite.make_key()
    check_ambiguous(the_suite, the_key)
    check_routes(the_suite, the_key)
    check_floods(the_suite)
    tap.is_(the_suite.chat(the_key, "m").status, 200, "and afterwards all is well")

QUICK = {name: "300" for name in ("HEIMGATE_HEADER_TIMEOUT_MS", "HEIMGATE_BODY_TIMEOUT_MS", "HEIMGATE_IDLE_TIMEOUT_MS")}
with suite.Suite(env=QUICK) as the_suite:
    the_key = the_suite.make_key()
    check_slowness(the_suite, the_key)

with suite.Suite(env={"HEIMGATE_CONNECTIONS_PER_ADDRESS": "8"}) as the_suite:
    check_per_address(the_suite)
