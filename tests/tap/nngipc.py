"""Speaks nng's IPC transport with nothing but the standard library: PAIR and REQ sockets of the
scalability protocols over a unix socket, and heimgate's frames inside their messages.

Transport: each side first sends 8 bytes, 00 'S' 'P' 00, its protocol's number as u16, 00 00.  Then each
message is a byte 01, a u64 length and the payload.  All numbers are in network order.
"""

import os
import socket
import struct
import time

PAIR, REQ, REP = 0x10, 0x30, 0x31
PEER_OF = {PAIR: PAIR, REQ: REP, REP: REQ}
HEADER = struct.Struct(">BBHIQ")  # version, flags, type, length of the body, id
VERSION = 1


class Closed(Exception):
    """The peer closed the connection."""


def until(deadline, attempt):
    """Calls attempt() until it returns something true; after `deadline` seconds the last OSError is raised."""
    end = time.monotonic() + deadline
    while True:
        try:
            result = attempt()
            if result:
                return result
        except OSError:
            if time.monotonic() > end:
                raise
        if time.monotonic() > end:
            raise TimeoutError("waited %.1f s in vain" % deadline)
        time.sleep(0.005)


def by_descriptor(path, use):
    """Calls use() with a short name for path, because a socket's path may have 107 bytes only."""
    directory = os.open(os.path.dirname(os.path.abspath(path)), os.O_PATH | os.O_DIRECTORY)
    try:
        return use("/proc/self/fd/%d/%s" % (directory, os.path.basename(path)))
    finally:
        os.close(directory)


class Pipe:
    """One connection.  Every wait ends after `timeout` seconds with TimeoutError."""

    def __init__(self, sock, protocol, timeout=10.0):
        self.sock = sock
        self.protocol = protocol
        self.request = 0x80000000
        self.pending = []  # frames of a message already received
        sock.settimeout(timeout)
        self.send_raw(b"\0SP\0" + struct.pack(">HH", protocol, 0))
        hello = self._exactly(8)
        if hello != b"\0SP\0" + struct.pack(">HH", PEER_OF[protocol], 0):
            raise ConnectionError("the peer speaks something else: %r" % hello)

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                more = self.sock.recv(size - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Closed()
            data += more
        return data

    def send(self, payload):
        """Sends one message of the protocol."""
        if self.protocol == REQ:
            self.request = 0x80000000 | (self.request + 1) & 0x7FFFFFFF
            payload = struct.pack(">I", self.request) + payload
        self.send_raw(b"\x01" + struct.pack(">Q", len(payload)) + payload)

    def send_raw(self, data):
        """Sends bytes as they are, whatever they mean."""
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed() from error

    def receive(self):
        """The next message's payload."""
        kind, length = struct.unpack(">BQ", self._exactly(9))
        assert kind == 1, "message of kind %d" % kind
        payload = self._exactly(length)
        if self.protocol != REQ:
            return payload
        assert struct.unpack(">I", payload[:4])[0] == self.request, "answer to another request"
        return payload[4:]

    def send_frame(self, kind, number, body=b"", flags=0):
        self.send(frame(kind, number, body, flags))

    def receive_frame(self):
        """The next frame as (type, id, body); a message may carry several."""
        if not self.pending:
            self.pending = frames(self.receive())
        return self.pending.pop(0)

    def settimeout(self, timeout):
        self.sock.settimeout(timeout)

    def close(self):
        self.sock.close()


def dial(path, protocol=PAIR, deadline=10.0):
    """Connects to a socket, waiting up to `deadline` seconds for it to be there."""

    def attempt():
        sock = socket.socket(socket.AF_UNIX)
        try:
            by_descriptor(path, sock.connect)
        except OSError:
            sock.close()
            raise
        return sock

    return Pipe(until(deadline, attempt), protocol)


class Listener:
    """The listening side of a link, for standing in for a daemon."""

    def __init__(self, path, protocol=PAIR, timeout=10.0):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path):
            os.unlink(path)
        self.protocol = protocol
        self.sock = socket.socket(socket.AF_UNIX)
        by_descriptor(path, self.sock.bind)
        self.sock.listen(8)
        self.sock.settimeout(timeout)

    def accept(self):
        return Pipe(self.sock.accept()[0], self.protocol)

    def close(self):
        self.sock.close()


def frame(kind, number, body=b"", flags=0, version=VERSION):
    return HEADER.pack(version, flags, kind, len(body), number) + body


def frames(message):
    """The frames of a message as (type, id, body)."""
    found = []
    while message:
        version, _flags, kind, length, number = HEADER.unpack_from(message)
        assert version == VERSION, "version %d" % version
        found.append((kind, number, message[HEADER.size : HEADER.size + length]))
        message = message[HEADER.size + length :]
    return found


def text(value):
    """A string field: u16 length and bytes."""
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(data)) + data


def blob(data):
    """A bytes field: u32 length and bytes."""
    return struct.pack(">I", len(data)) + data


def call(path, verb, arguments=b"{}"):
    """One call on a control socket: (done, JSON bytes)."""
    pipe = dial(path, REQ)
    try:
        pipe.send_frame(80, 1, text(verb) + blob(arguments))
        kind, _number, body = pipe.receive_frame()
        assert kind == 81, "type %d" % kind
        return body[0] == 1, body[5:]
    finally:
        pipe.close()
