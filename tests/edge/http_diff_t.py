#!/usr/bin/env python3
"""Holds edge's HTTP parsers against Node's: what Node refuses is never accepted, and what both accept is split alike."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tap"))
import tap  # noqa: E402

SEED = 20260801
MUTANTS = 1500

SEEDS = [
    b"GET / HTTP/1.1\r\nHost: gate\r\n\r\n",
    b"HEAD /health?x=1 HTTP/1.1\r\nHost: gate:8010\r\nConnection: close\r\n\r\n",
    b"POST /v1/completions HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /a HTTP/1.1\r\nHost: gate\r\nContent-Length: 0\r\nX-Empty:\r\nX-Tab: a\tb \r\n\r\n",
    b"POST /b HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
    b"PUT /c HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    b'A;name=value;other="quoted \\" text"\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n',
    b"POST /d HTTP/1.1\r\nHost: gate\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"DELETE /v1/models/a%2Fb HTTP/1.1\r\nHost: gate\r\nConnection: keep-alive, Upgrade\r\nAccept: */*\r\n\r\n",
]

HEADERS = [
    b"Host: other", b"Content-Length: 5", b"Content-Length: 6", b"Content-Length: +5", b"Content-Length: 0x5",
    b"Content-Length: 5, 5", b"Content-Length: 5 ", b"Content-Length:", b"Content-Length: -1", b"Content-Length: 1e1",
    b"Content-Length : 5", b"Content_Length: 5", b"content-length: 05", b"Content-Length: 18446744073709551621",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding:\tchunked", b"Transfer-Encoding: Chunked",
    b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity", b"Transfer-Encoding:\x0bchunked", b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding:",
    b"Transfer-Encoding: chunked;x", b"X: a\nTransfer-Encoding: chunked", b"X: a\rTransfer-Encoding: chunked", b" X: folded",
    b"\tX: folded", b"X", b": x", b"X: \x00", b"X: \x7f", b"X: \xe9", b"X\xe9: x", b"X Y: z", b"Connection: close",
    b"Connection: close, close", b"Connection: x;y", b"Connection: keep-alive", b"Expect: 100-continue", b"Expect: nothing",
    b"Keep-Alive: timeout=5",
]

CHUNKS = [
    b"5\r\nhello\r\n", b"05\r\nhello\r\n", b"5 \r\nhello\r\n", b" 5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"+5\r\nhello\r\n",
    b"5;\r\nhello\r\n", b"5;a\r\nhello\r\n", b"5;a=\r\nhello\r\n", b'5;a="\r\nhello\r\n', b"5;a\nhello\r\n", b"5\nhello\r\n",
    b"5\r\nhello\n", b"5\r\nhello", b"6\r\nhello\r\n", b"4\r\nhello\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\nX\r\n\r\n",
    b"0\r\nContent-Length: 9\r\n\r\n", b"0\n\r\n", b"0\r\n\n", b"FFFFFFFFFFFFFFFF\r\n", b"10000000000000000\r\n", b"-5\r\nhello\r\n",
    b"5\r\r\nhello\r\n", b"\r\n", b"5 ;a\r\nhello\r\n", b"5; a\r\nhello\r\n", b"00000000000000000005\r\nhello\r\n",
]

BYTES = [bytes([byte]) for byte in b"\r\n\t :;,=\"\\%#?*/0159afxX+-_\x00\x0b\x0c\x1f\x7f\x80\xa0\xff"]


def insert(dice, stream, what):
    place = dice.randrange(len(stream) + 1)
    return stream[:place] + what + stream[place:]


def change_byte(dice, stream):
    place = dice.randrange(len(stream))
    return stream[:place] + dice.choice(BYTES) + stream[place + 1:]


def insert_byte(dice, stream):
    return insert(dice, stream, dice.choice(BYTES))


def drop_byte(dice, stream):
    place = dice.randrange(len(stream))
    return stream[:place] + stream[place + 1:]


def flip_bit(dice, stream):
    place = dice.randrange(len(stream))
    return stream[:place] + bytes([stream[place] ^ 1 << dice.randrange(8)]) + stream[place + 1:]


def insert_header(dice, stream):
    lines = stream.split(b"\r\n")
    lines.insert(dice.randrange(1, len(lines) + 1), dice.choice(HEADERS))
    return b"\r\n".join(lines)


def repeat_line(dice, stream):
    lines = stream.split(b"\r\n")
    place = dice.randrange(len(lines))
    return b"\r\n".join(lines[:place] + [lines[place]] + lines[place:])


def drop_line(dice, stream):
    lines = stream.split(b"\r\n")
    del lines[dice.randrange(len(lines))]
    return b"\r\n".join(lines) or b"\r\n"


def rewrite_line_end(dice, stream):
    parts = stream.split(b"\r\n")
    place = dice.randrange(1, len(parts)) if len(parts) > 1 else 0
    return b"\r\n".join(parts[:place]) + dice.choice([b"\n", b"\r", b"\r\r\n", b"\n\r\n", b""]) + b"\r\n".join(parts[place:])


def insert_chunk(dice, stream):
    head, gap, body = stream.partition(b"\r\n\r\n")
    return head + gap + dice.choice(CHUNKS) + body


def cut(dice, stream):
    return stream[:dice.randrange(1, len(stream) + 1)]


CHANGES = [change_byte, insert_byte, drop_byte, flip_bit, insert_header, insert_header, repeat_line, drop_line,
           rewrite_line_end, insert_chunk, cut]


def mutants():
    """Deterministic streams of one to three requests, the first of which was changed in up to three ways."""
    dice = random.Random(SEED)
    for seed in SEEDS:
        yield seed
    for _ in range(MUTANTS):
        stream = dice.choice(SEEDS)
        for _ in range(dice.choice([1, 1, 1, 2, 3])):
            stream = dice.choice(CHANGES)(dice, stream)
        yield stream + b"".join(dice.choices(SEEDS, k=dice.randrange(3)))


def crossed():
    """Every odd header in front of every body, and every odd chunk."""
    for header in HEADERS:
        for body in (b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n"):
            yield b"POST /x HTTP/1.1\r\nHost: gate\r\n" + header + b"\r\n\r\n" + body + SEEDS[0]
            yield b"POST /x HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n" + header + b"\r\n\r\n" + body + SEEDS[0]
    for chunk in CHUNKS:
        yield (b"POST /x HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + chunk
               + b"0\r\n\r\n" + SEEDS[2])


def ask(command, streams):
    """One answer per stream."""
    text = "".join(stream.hex() + "\n" for stream in streams)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True,
                          timeout=60)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(streams)
    return answers


def same(ours, theirs):
    return all(ours[member] == theirs[member] for member in ("method", "target", "headers", "body"))


def judge(ours, theirs, known):
    """None, or what is wrong with our answer when Node's is theirs."""
    for place, request in enumerate(ours["requests"]):
        if bytes.fromhex(request["method"]).decode() not in known:
            return None
        if place >= len(theirs["requests"]):
            return "accepted what Node refuses"
        if not same(request, theirs["requests"][place]):
            return "understood differently"
    if ours["end"] == "more" and len(theirs["requests"]) > len(ours["requests"]):
        return "waiting for more where Node is done"
    return None


def main():
    tool = os.path.join(os.environ.get("HEIMGATE_BIN", "build/bin"), "http-dump")
    known = json.loads(subprocess.run(["node", "-p", "JSON.stringify(require('http').METHODS)"], capture_output=True,
                                      text=True, check=True).stdout)
    streams = list(mutants()) + list(crossed())
    ours, theirs = ask([tool], streams), ask(["node", str(HERE / "http_diff.js")], streams)
    wrong = [(judge(*pair, known), stream, pair) for stream, pair in zip(streams, zip(ours, theirs))]
    wrong = [row for row in wrong if row[0]]
    for reason, stream, pair in wrong[:10]:
        tap.diag(f"{reason}: {stream!r}\n  ours: {pair[0]}\n  Node: {pair[1]}")
    tap.ok(not wrong, f"{len(streams)} streams: nothing is accepted that Node refuses, nothing is split differently")
    whole = sum(bool(answer["requests"]) for answer in ours)
    refused = sum(answer["end"].isdigit() for answer in ours)
    tap.ok(whole > 300 and refused > 300, f"and the streams are worth the comparison: {whole} begin well, {refused} are refused")
    lost = sum(len(a["requests"]) < len(b["requests"]) for a, b in zip(ours, theirs))
    tap.diag(f"stricter than Node in {lost}")


main()
