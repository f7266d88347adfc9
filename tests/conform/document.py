"""docs/PROTOCOL.md as a program reads it: links, messages, fields, stamps and errors, out of its own tables.

document.LINKS["edge-authd"]           -> Link(dialer="edge", listener="authd")
document.MESSAGES["LIMIT_TAKE"]        -> Message(number=32, senders, receivers, largest, fields)
document.encode(fields, values), document.decode(fields, body)
document.rule("A receiver refuses ...") -> the same words, once it is sure that they stand there
"""

import collections
import hashlib
import os
import re
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VECTORS = os.path.join(ROOT, "tests", "proto", "vectors")

with open(os.path.join(ROOT, "docs", "PROTOCOL.md"), encoding="utf-8") as _file:
    TEXT = _file.read()
_WORDS = re.sub(r"\s+", " ", TEXT)

Link = collections.namedtuple("Link", "dialer listener")
Message = collections.namedtuple("Message", "name number senders receivers largest fields")
Field = collections.namedtuple("Field", "kind size name last")  # last: the largest value that has a meaning, or None
NUMBERS = {"u8": 1, "bool": 1, "u16": 2, "u32": 4, "u64": 8}


class Malformed(Exception):
    """A body that is not what the document says."""


def rule(words):
    """The words, which must stand in the document."""
    if words not in _WORDS:
        raise AssertionError("docs/PROTOCOL.md does not say: " + words)
    return words


def _table(name):
    rows = TEXT.split("<!-- table %s begins -->" % name)[1].split("<!-- table %s ends -->" % name)[0]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in rows.strip().split("\n")[2:]]


def _sentence(begin):
    """The list of fields that follows these words, up to the end of its sentence."""
    start = _WORDS.index(begin) + len(begin)
    return _WORDS[start : re.compile(r"\.(?= |$)").search(_WORDS, start).start()]


def _last(kind, name, notes):
    meanings = [int(number) for number in re.findall(r"(?:^|, )(\d+) \w", notes)]
    if kind == "bool":
        return 1
    if name == "route":
        return 254  # a route that is in no table
    return max(meanings) if len(meanings) > 1 else None


def _field(text):
    found = re.match(
        r"(u8|u16|u32|u64|bool|str|bytes|fixed|level|scope|seal)\b(?:\((\d+)\))? ?([^(]*)(?:\((.*)\))?$", text
    )
    if not found:
        raise AssertionError("docs/PROTOCOL.md has a field that cannot be read: " + text)
    kind, size, name, notes = found.groups()
    if kind == "level":
        return [field._replace(name=name + " " + field.name) for field in _fields(_sentence("A *level* is "))]
    if kind == "scope":
        return _fields(_sentence("A *scope* is: "))
    if kind == "seal":
        return [Field("fixed", 32, "seal", None)]
    return [
        Field(
            kind, int(size or NUMBERS.get(kind, 0)), name.strip().split(",")[0], _last(kind, name.strip(), notes or "")
        )
    ]


def _fields(text):
    if text.endswith(", bare"):
        return [Field("bare", 0, text[: -len(", bare")], None)]
    parts = re.split(r"; (?![^(]*\))(?![^{]*})", text) if text else []
    if any("×" in part for part in parts):
        return None  # a list: see health()
    return [field for part in parts for field in _field(part)]


def _bodies():
    rows = re.findall(r"^\| ((?:[A-Z_]+(?:, )?)+) \| (.*?) ?\|$", TEXT[TEXT.index("### Bodies") :], re.M)
    return {name: _fields(fields.strip()) for names, fields in rows for name in names.split(", ")}


def _messages():
    bodies = _bodies()
    found = {}
    for number, name, senders, receivers, largest, _meaning in _table("messages"):
        parties = set(senders.split(", ")), set(receivers.split(", "))
        found[name] = Message(name, int(number), *parties, int(largest), bodies[name])
    return found


LINKS = {row[0]: Link(row[1], row[2]) for row in _table("links")}
MESSAGES = _messages()
ERRORS = {row[1]: int(row[0]) for row in _table("errors")}
GRANT = _fields(_sentence("A grant is: "))
LEASE = _fields(_sentence("A lease is: "))
BY_NUMBER = {message.number: message for message in MESSAGES.values()}


def error_name(number):
    return next((name for name, value in ERRORS.items() if value == number), str(number))


# --- fields ---


def encode_field(field, value):
    if field.kind in NUMBERS:
        return int(value).to_bytes(field.size, "big")
    data = value.encode() if isinstance(value, str) else value
    if field.kind == "str":
        return struct.pack(">H", len(data)) + data
    if field.kind == "bytes":
        return struct.pack(">I", len(data)) + data
    return data


def encode(fields, values):
    if len(fields) != len(values):
        raise AssertionError("%d values for %d fields" % (len(values), len(fields)))
    return b"".join(encode_field(*pair) for pair in zip(fields, values))


def _take(body, size):
    if len(body) < size:
        raise Malformed("%d bytes are missing" % (size - len(body)))
    return body[:size], body[size:]


def _decode_field(field, body):
    if field.kind == "bare":
        return body, b""
    if field.kind in NUMBERS:
        data, body = _take(body, field.size)
        value = int.from_bytes(data, "big")
        if field.last is not None and value > field.last:
            raise Malformed("%s is %d" % (field.name, value))
        return value, body
    if field.kind == "fixed":
        return _take(body, field.size)
    data, body = _take(body, 2 if field.kind == "str" else 4)
    length = int.from_bytes(data, "big")
    if length > field.size:
        raise Malformed("%s has %d bytes, over %d" % (field.name, length, field.size))
    data, body = _take(body, length)
    return (data.decode(errors="surrogateescape") if field.kind == "str" else data), body


def decode(fields, body):
    """The values by the names of their fields; Malformed when the body is not made so."""
    values = {}
    for field in fields:
        values[field.name], body = _decode_field(field, body)
    if body:
        raise Malformed("%d bytes are left over" % len(body))
    return values


def health(body):
    """The parts in a HEALTH, by their names: (well, text)."""
    part = [Field("str", 32, "name", None), Field("bool", 1, "well", 1), Field("str", 128, "text", None)]
    parts = {}
    count, rest = body[0], body[1:]
    for _ in range(count):
        values = {}
        for field in part:
            values[field.name], rest = _decode_field(field, rest)
        parts[values["name"]] = values["well"] == 1, values["text"]
    if rest or count > 8:
        raise Malformed("%d parts, and %d bytes left over" % (count, len(rest)))
    return parts


def vector(name):
    """The golden frame of a message: its flags and its body."""
    with open(os.path.join(VECTORS, name + ".hex"), encoding="ascii") as file:
        frame = bytes.fromhex(file.read())
    return frame[1], frame[16:]


# --- stamps ---


def seal(label, fields, key):
    return fields + hashlib.blake2b(label + fields, key=key, digest_size=32).digest()


def is_sealed(label, stamp, key):
    return seal(label, stamp[:-32], key) == stamp
