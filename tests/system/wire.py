"""heimgate's messages and stamps in Python, written from the protocol: the tests' own edge, limiterd, or forger."""

import hashlib
import os
import struct
import time

import suite  # finds nngipc

import nngipc

FAULT, HEALTH_ASK, HEALTH = 1, 2, 3
AUTH_ASK, AUTH_GRANT, AUTH_DENY, AUTH_REVOKE = 16, 17, 19, 20
LIMIT_TAKE, LIMIT_LEASE, LIMIT_DENY, LIMIT_CANCEL, LIMIT_KEEP, LIMIT_SETTLE, LIMIT_SETTLED = 32, 33, 35, 36, 38, 40, 41
LIMIT_UPSTREAM, LIMIT_POOL, LIMIT_OFFER, LIMIT_MOVE, LIMIT_MOVED = 42, 43, 44, 46, 47
STREAM_OPEN, STREAM_HEAD, STREAM_BODY, STREAM_DATA, STREAM_CANCEL, STREAM_TRAILER, STREAM_CREDIT = (
    48,
    49,
    50,
    51,
    52,
    53,
    54,
)
AUDIT_RECORD, AUDIT_ACK, USAGE_ASK, USAGE_TOTAL, CTL_CALL, CTL_RESULT = 64, 65, 66, 67, 80, 81

BAD_VERSION, BAD_TYPE, BAD_SENDER, BAD_LENGTH, TRUNCATED, TRAILING, TOO_LONG, BAD_VALUE = range(1, 9)
BAD_SEAL, EXPIRED, REPLAYED, UNKNOWN_ID, BUSY = range(9, 14)

DENY_MODEL, DENY_GRANT = 5, 6  # enum limit_reason
REQUEST, REFUSAL, ADMIN = range(3)  # enum audit_kind
DENY_REQUESTS, DENY_TOKENS, DENY_CONCURRENCY, DENY_BUDGET, DENY_SLOTS = range(5)
FLAG_END = 1
CHAT = 0  # enum wire_route


def now_ms():
    return int(time.time() * 1000)


def seal(label, fields, key):
    return fields + hashlib.blake2b(label + fields, key=key, digest_size=32).digest()


def grant(
    key,
    key_id="forged0000",
    name="forger",
    models="",
    generation=1,
    expires=None,
    rpm=0,
    tpm=0,
    concurrency=0,
    budget=0,
    period=0,
    scope=(False, 0, 0),
):
    """A sealed grant; expires in ms from now."""
    at = now_ms() + (4000 if expires is None else expires)
    fields = nngipc.text(key_id) + nngipc.text(name) + nngipc.text(models)
    fields += struct.pack(">QQIIIQB", generation, at, rpm, tpm, concurrency, budget, period)
    fields += struct.pack(">BII", *scope)
    return seal(b"G", fields, key)


def lease(
    key,
    lease_id=None,
    key_id="forged0000",
    name="forger",
    models="",
    model="m",
    upstream="mock",
    route=CHAT,
    generation=1,
    expires=None,
    tokens=10,
    target=0,
    scope=(False, 0, 0),
):
    """A sealed lease."""
    at = now_ms() + (5000 if expires is None else expires)
    fields = (lease_id or os.urandom(16)) + os.urandom(16)
    for text in (key_id, name, models, model, upstream):
        fields += nngipc.text(text)
    fields += struct.pack(">BB", target, route) + struct.pack(">BII", *scope)
    return seal(b"L", fields + struct.pack(">QQQ", generation, at, tokens), key)


def take(sealed_grant, model="m", route=CHAT, tokens=10):
    return (
        nngipc.blob(sealed_grant)
        + os.urandom(16)
        + struct.pack(">B", route)
        + nngipc.text(model)
        + struct.pack(">Q", tokens)
    )


def leased(body):
    """The sealed lease in a LIMIT_LEASE."""
    return body[48:]


def settle(sealed_lease, tokens, charged=True):
    return nngipc.blob(sealed_lease) + struct.pack(">QB", tokens, charged)


def stream_open(sealed_lease, body, length=None, client="127.0.0.1", passed=b""):
    return (
        nngipc.blob(sealed_lease)
        + nngipc.text(client)
        + nngipc.blob(passed)
        + struct.pack(">Q", len(body) if length is None else length)
        + nngipc.blob(body)
    )


def record(kind, number=None, key_id="forged0000", tokens=(1, 1), model="m", status=200, detail="", **texts):
    """The body of an AUDIT_RECORD; `number` is its id, `texts` are others of its strings."""
    fields = (number or os.urandom(16)) + struct.pack(">BQ", kind, now_ms()) + os.urandom(16)
    named = {"client": "127.0.0.1", "action": "chat.completions", "served": model, "upstream": "mock", **texts}
    for text in (key_id, named.get("key_name", "forger"), named["client"], named["action"], model):
        fields += nngipc.text(text)
    fields += nngipc.text(named["served"]) + nngipc.text(named["upstream"])
    fields += struct.pack(">H", status) + nngipc.text(named.get("code", "")) + struct.pack(">QQ", *tokens)
    return fields + struct.pack(">BBQQII", 0, 0, 1, 1, 1, 1) + nngipc.text(detail)


def secret(s, name):
    """One of the stamp keys."""
    with open(os.path.join(s.state, "secrets", name), "rb") as file:
        return file.read()


class Link:
    """One end of a link: sends frames and collects what comes back."""

    def __init__(self, s, link, pipe=None):
        self.pipe = pipe or nngipc.dial(os.path.join(s.run, link, "link"))
        self.pipe.settimeout(suite.PATIENCE)
        self.last = 0

    def send(self, kind, body=b"", number=None, flags=0):
        """Sends a frame and returns its id."""
        if number is None:
            self.last += 1
            number = self.last
        self.pipe.send_frame(kind, number, body, flags)
        return number

    def receive(self, *kinds):
        """The next frame of these types (all: any but revocations): (type, id, body)."""
        while True:
            frame = self.pipe.receive_frame()
            if frame[0] in kinds or (not kinds and frame[0] != AUTH_REVOKE):
                return frame

    def ask(self, kind, body=b"", flags=0):
        """Sends a frame and returns (type, body) of the answer with its id."""
        number = self.send(kind, body, flags=flags)
        while True:
            got, answered, answer = self.receive()
            if answered == number:
                return got, answer

    def refusal(self, kind, body=b"", flags=0):
        """The error number with which a frame is refused; None when it is answered otherwise."""
        got, answer = self.ask(kind, body, flags)
        return struct.unpack(">H", answer[:2])[0] if got == FAULT else None

    def close(self):
        self.pipe.close()
