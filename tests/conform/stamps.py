"""Stamps made and read by the names of their fields, and what a stamp may not be."""

import itertools
import os
import time

import document

LIFE_MS = 25000
_keys = itertools.count(1)


def now_ms():
    return int(time.time() * 1000)


def fresh_key():
    """The id of a key that nobody has heard of."""
    return "kit%s%d" % (os.urandom(4).hex(), next(_keys))


def _made(fields, label, key, values, changes):
    for name, value in changes.items():
        values[name.replace("_", " ")] = value
    names = [field.name for field in fields[:-1]]
    assert set(values) == set(names), set(values) ^ set(names)
    return document.seal(label, document.encode(fields[:-1], [values[name] for name in names]), key)


def grant(key, life=LIFE_MS, label=b"G", **changes):
    """A sealed grant without limits; changes={"requests_per_minute": 3} for one that has some."""
    values = {field.name: 0 for field in document.GRANT[:-1]}
    values.update({"key id": fresh_key(), "key name": "the kit", "models": "", "generation": 1})
    return _made(document.GRANT, label, key, {**values, "expires": now_ms() + life}, changes)


def lease(key, life=LIFE_MS, label=b"L", **changes):
    values = {field.name: 0 for field in document.LEASE[:-1]}
    values.update({"lease id": os.urandom(16), "request id": os.urandom(16), "key id": fresh_key(), "models": ""})
    values.update({"key name": "the kit", "model": "", "upstream": "", "generation": 1, "tokens reserved": 10})
    return _made(document.LEASE, label, key, {**values, "expires": now_ms() + life}, changes)


def read_lease(sealed):
    return document.decode(document.LEASE, sealed)


def altered(stamp):
    """The stamp with one bit changed at many places, cut, lengthened and doubled."""
    for place in [*range(0, len(stamp), 5), len(stamp) - 1]:
        yield stamp[:place] + bytes([stamp[place] ^ 1]) + stamp[place + 1 :]
    for length in (0, 1, 31, 32, 33, len(stamp) - 33, len(stamp) - 1):
        yield stamp[:length]
    yield stamp + b"\0"
    yield stamp * 2


def forged(make, right, others=()):
    """(what it is, stamp) for those whose seal is not that of the right key; `others` are the keys of other stamps."""
    yield "sealed with no key of ours", make(os.urandom(32))
    for other in others:
        yield "sealed with the key of other stamps", make(other)
    yield "sealed under the label of other stamps", make(right, label=b"L" if make is grant else b"G")
    yield "sealed under no label", make(right, label=b"")


def untimely(make, right):
    yield "expired", make(right, life=-1)
    yield "to last longer than 30 s", make(right, life=31000)
