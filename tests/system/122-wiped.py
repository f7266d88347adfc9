#!/usr/bin/env python3
"""Credentials that were presented to edge are not found in its memory, however they came and whatever became of them."""

import re

import suite
import tap

REGION_MAX = 256 * 1024 * 1024  # a sanitizer's shadow is larger
CHAT = "/v1/chat/completions"


def canary(name):
    return "sk-hg-canary%s" % (name * 9)


def regions(pid):
    """What the process can write to."""
    with open("/proc/%d/maps" % pid, encoding="ascii") as file:
        for start, end in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", file.read(), re.MULTILINE):
            if int(end, 16) - int(start, 16) <= REGION_MAX:
                yield int(start, 16), int(end, 16)


def finds(pid, text):
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for start, end in regions(pid):
            memory.seek(start)
            if text in (memory.read(end - start) or b""):
                return True
    return False


def head(key, more="", path="/health"):
    return ("GET %s HTTP/1.1\r\nHost: x\r\n%sAuthorization: Bearer %s\r\n\r\n" % (path, more, key)).encode()


def answered(s, data):
    sock = s.raw(data)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += sock.recv(65536)
    return sock


def judged(s, key):
    """A good credential's kind of head, on a connection that goes on; in part of the one behind it, something to find."""
    return answered(s, head(key, path="/v1/models") + b"GET /found-by-the-search-" + b"0123456789" * 3)


def after_a_refusal(s, key):
    """The connection is to be closed, and what still comes is dropped."""
    sock = answered(s, b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" % CHAT.encode())
    sock.sendall(head(key, "X-Long: %s\r\n" % ("y" * 3000)))
    return sock


def too_long(s, key):
    return answered(s, head(key, "X-Long: %s\r\n" % ("y" * 17000)))


def moved(s, key):
    """Half of it came behind another request; a part of a third keeps the buffer."""
    long = "X-Long: %s\r\n" % ("y" * 3000)
    whole = head(key)
    sock = answered(s, ("GET /health HTTP/1.1\r\nHost: x\r\n%s\r\n" % long).encode() + whole[:-4])
    sock.sendall(whole[-4:] + b"GET /health HT")
    while b"HTTP/1.1" not in sock.recv(65536):
        pass
    return sock


def cut_short(s, key):
    sock = s.raw(head(key)[:-4])
    s.http("GET", "/health")
    sock.close()
    return sock


def turned_away(s, key):
    """There are as many connections as there may be."""
    others = [s.raw() for _ in range(8)]
    sock = s.raw(head(key))
    suite.read_until_closed(sock)
    for other in others:
        other.close()
    return sock


with suite.Suite(env={"HEIMGATE_CONNECTIONS_PER_ADDRESS": "8"}) as the_suite:
    pid = the_suite.running["edge"].pid
    try:
        finds(pid, b"x")
    except PermissionError:
        tap.diag("nobody but root may look into edge")
    else:
        for number, case in enumerate((judged, after_a_refusal, too_long, moved, cut_short, turned_away)):
            key = canary("QWXZJK"[number])
            with case(the_suite, key):
                suite.until(lambda: the_suite.http("GET", "/health").status == 200, "an answer of edge")
                found = finds(pid, key.encode()[6:])
                tap.ok(not found, "not found in memory: a credential, " + case.__name__.replace("_", " "))
                if case is judged:
                    tap.ok(finds(pid, b"found-by-the-search-0123456789"), "but what is there is")
