"""nng's IPC transport and heimgate's frames, in Python's standard library: what a daemon needs before it has any rules.

Written from docs/PROTOCOL.md alone.  One thread; whoever has something to do in time has due() and tick().
"""

import hashlib
import hmac
import os
import selectors
import signal
import socket
import stat
import struct
import sys
import time

VERSION = 1
HEADER = struct.Struct(">BBHIQ")  # version, flags, number, length of the body, id
MESSAGE_MAX = 262144
PAIR, REQ, REP = 0x10, 0x30, 0x31
BAD_VERSION, BAD_TYPE, BAD_SENDER, BAD_LENGTH, TRUNCATED, TRAILING, TOO_LONG, BAD_VALUE, BAD_SEAL, EXPIRED = range(
    1, 11
)
REPLAYED, UNKNOWN_ID, BUSY = range(11, 14)
FAULT, HEALTH_ASK, HEALTH, CTL_CALL, CTL_RESULT = 1, 2, 3, 80, 81

# Every message number, and the largest body that it may have.
LARGEST = {1: 512, 2: 0, 3: 2048, 16: 256, 17: 8192, 19: 256, 20: 256, 32: 12288, 33: 12288, 35: 1024, 36: 0, 38: 8192}
LARGEST.update({40: 8192, 41: 0, 42: 128, 43: 128, 44: 49408, 46: 8192, 47: 8192, 48: 49152, 49: 8192, 50: 32768})
LARGEST.update({51: 32768, 52: 0, 53: 256, 54: 4, 64: 4096, 65: 0, 66: 128, 67: 64, 80: 65536, 81: 65536})


def now():
    """Milliseconds of a clock that nobody sets."""
    return time.monotonic_ns() // 1000000


def wall():
    """Milliseconds since the epoch."""
    return time.time_ns() // 1000000


def log(level, event, **members):
    words = " ".join("%s=%s" % (name, str(value).replace("\n", " ")) for name, value in members.items())
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    program = os.path.basename(sys.argv[0]).removesuffix(".py")
    print("%s %s %s event=%s %s" % (when, program, level, event, words), file=sys.stderr, flush=True)


# --- fields ---


class Refused(Exception):
    """A frame that is answered with FAULT."""

    def __init__(self, error):
        super().__init__(error)
        self.error = error


class Reader:
    """Takes fields off a body, in order."""

    def __init__(self, body):
        self.body, self.at = body, 0

    def fixed(self, size):
        if size > len(self.body) - self.at:
            raise Refused(TRUNCATED)
        self.at += size
        return self.body[self.at - size : self.at]

    def number(self, size, last=None):
        value = int.from_bytes(self.fixed(size), "big")
        if last is not None and value > last:
            raise Refused(BAD_VALUE)
        return value

    def bool(self):
        return self.number(1, 1) == 1

    def _counted(self, size, largest):
        length = self.number(size)
        if length > largest:
            raise Refused(TOO_LONG)
        return self.fixed(length)

    def str(self, largest):
        data = self._counted(2, largest)
        if b"\0" in data:
            raise Refused(BAD_VALUE)
        return data.decode(errors="surrogateescape")  # whatever bytes they are, they go on as they came

    def bytes(self, largest):
        return self._counted(4, largest)

    def end(self):
        if self.at < len(self.body):
            raise Refused(TRAILING)


def put_str(text):
    data = text.encode(errors="surrogateescape")
    return struct.pack(">H", len(data)) + data


def put_bytes(data):
    return struct.pack(">I", len(data)) + data


# --- stamps ---


def seal(label, fields, key):
    return fields + hashlib.blake2b(label + fields, key=key, digest_size=32).digest()


def unseal(label, stamp, key):
    """A reader of the fields in front of a good seal."""
    if len(stamp) < 32:
        raise Refused(TRUNCATED)
    if not hmac.compare_digest(seal(label, stamp[:-32], key), stamp):
        raise Refused(BAD_SEAL)
    return Reader(stamp[:-32])


def is_in_time(expires):
    return wall() < expires <= wall() + 30000


def stamp_key(state, name):
    """One of the keys of stamps, which whoever comes first makes."""
    directory = os.path.join(state, "secrets")
    path, draft = os.path.join(directory, name), os.path.join(directory, "%s.%d" % (name, os.getpid()))
    os.makedirs(directory, 0o750, exist_ok=True)
    if not os.path.exists(path):
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as file:
            file.write(os.urandom(32))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        os.unlink(draft)
    with open(path, "rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o037:
            raise SystemExit("%s may be read by others" % path)
        return file.read()


# --- the transport ---


class Connection:
    """One connection of a socket: messages in, messages out."""

    def __init__(self, loop, sock, own, peer, owner):
        self.loop, self.sock, self.owner = loop, sock, owner
        self.greeting = b"\0SP\0" + struct.pack(">HH", peer, 0)
        self.coming, self.going = b"", b"\0SP\0" + struct.pack(">HH", own, 0)
        self.is_open = False  # the peer has greeted us
        sock.setblocking(False)
        loop.watch(sock, self.ready, True)

    def close(self):
        if self.sock:
            self.loop.unwatch(self.sock)
            self.sock.close()
            self.sock = None
            self.owner.closed(self)

    def ready(self, events):
        if events & selectors.EVENT_WRITE:
            self.write()
        if self.sock and events & selectors.EVENT_READ:
            self.read()

    def read(self):
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.coming += data
        if not data or not self.take_greeting() or not self.take_messages():
            self.close()

    def take_greeting(self):
        """False when the peer speaks something else."""
        if self.is_open or len(self.coming) < len(self.greeting):
            return True
        self.is_open = self.coming.startswith(self.greeting)
        self.coming = self.coming[len(self.greeting) :]
        if self.is_open:
            self.owner.opened(self)
        return self.is_open

    def take_messages(self):
        """False when the peer breaks the rules."""
        while self.is_open and len(self.coming) >= 9:
            kind, length = struct.unpack_from(">BQ", self.coming)
            if kind != 1 or length > MESSAGE_MAX:
                return False
            if len(self.coming) < 9 + length:
                break
            message, self.coming = self.coming[9 : 9 + length], self.coming[9 + length :]
            self.owner.heard(self, message)
        return True

    def send(self, message):
        self.going += struct.pack(">BQ", 1, len(message)) + message

    def write(self):
        if not self.sock:
            return
        try:
            self.going = self.going[self.sock.send(self.going) :] if self.going else b""
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        self.loop.watch(self.sock, self.ready, bool(self.going))


class Place:
    """A socket in the run directory, named as the link is."""

    def __init__(self, loop, run, name):
        self.loop, self.name = loop, name
        self.path = os.path.join(name, "link")
        loop.parts.append(self)
        os.makedirs(run, 0o755, exist_ok=True)
        os.chdir(run)  # a socket's path may have 107 bytes only

    def listen(self):
        os.makedirs(self.name, 0o750, exist_ok=True)
        if os.path.exists(self.path) and dial(self.path) is None:
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o660)
        self.listener.listen(8)
        self.listener.setblocking(False)
        self.loop.watch(self.listener, self.knock)

    def knock(self, _events):
        try:
            sock, _address = self.listener.accept()
        except OSError:
            return
        self.came(sock)

    def due(self):
        return None

    def tick(self):
        pass


def dial(path):
    """A socket that is connected, or None."""
    sock = socket.socket(socket.AF_UNIX)
    if sock.connect_ex(path) == 0:
        return sock
    sock.close()
    return None


class Link(Place):
    """One end of a PAIR link.  Frames that were sent travel together when their batch is over.

    takes: message number -> handler(id, body), which may raise Refused
    """

    REDIAL_MS = 20

    def __init__(self, loop, run, name, takes, dials=False, up=None, down=None):
        super().__init__(loop, run, name)
        self.takes, self.dials, self.up, self.down = {FAULT: None, **takes}, dials, up, down
        self.connection, self.frames, self.redial = None, [], now()
        if not dials:
            self.listen()

    @property
    def is_up(self):
        return self.connection is not None and self.connection.is_open

    def came(self, sock):
        if self.connection:
            sock.close()  # there is one peer, and nobody else
        else:
            self.connection = Connection(self.loop, sock, PAIR, PAIR, self)

    def due(self):
        return self.redial if self.dials and not self.connection else None

    def tick(self):
        if self.due() is not None and self.due() <= now():
            self.redial = now() + self.REDIAL_MS
            sock = dial(self.path)
            if sock:
                self.connection = Connection(self.loop, sock, PAIR, PAIR, self)

    def opened(self, _connection):
        if self.up:
            self.up()

    def closed(self, _connection):
        self.connection, self.frames = None, []
        if self.down:
            self.down()

    # --- frames ---

    def heard(self, _connection, message):
        while message and self.connection:
            if len(message) < HEADER.size:
                number = int.from_bytes(message[2:4], "big") if len(message) > 3 else 0
                self.refuse(number, 0, TRUNCATED)
                return
            version, _flags, number, length, name = HEADER.unpack_from(message)
            body, message = message[HEADER.size : HEADER.size + length], message[HEADER.size + length :]
            if version != VERSION or len(body) < length:
                self.refuse(number, name, BAD_VERSION if version != VERSION else TRUNCATED)
                return
            self.dispatch(number, name, body)

    def dispatch(self, number, name, body):
        try:
            if number not in LARGEST:
                raise Refused(BAD_TYPE)
            if len(body) > LARGEST[number]:
                raise Refused(BAD_LENGTH)
            if number not in self.takes:
                raise Refused(BAD_SENDER)
            if number != FAULT:
                self.takes[number](name, body)
        except Refused as refused:
            self.refuse(number, name, refused.error)

    def refuse(self, number, name, error):
        if number != FAULT:
            log("warn", "frame-refused", link=self.name, number=number, error=error)
            self.send(FAULT, name, struct.pack(">HH", error, number) + put_str("refused: error %d" % error))

    def send(self, number, name, body=b""):
        """False when there is nobody to send it to."""
        if not self.is_up:
            return False
        self.frames.append(HEADER.pack(VERSION, 0, number, len(body), name) + body)
        return True

    def flush(self):
        message = b""
        for frame in self.frames:
            if len(message) + len(frame) > MESSAGE_MAX:
                self.connection.send(message)
                message = b""
            message += frame
        if message:
            self.connection.send(message)
            self.connection.write()
        self.frames = []


class Control(Place):
    """The socket for people's tools.  call(verb, arguments as bytes) returns (done, JSON as bytes)."""

    def __init__(self, loop, run, name, call):
        super().__init__(loop, run, name)
        self.call, self.callers = call, set()
        self.listen()

    def came(self, sock):
        if len(self.callers) < 8:
            self.callers.add(Connection(self.loop, sock, REP, REQ, self))
        else:
            sock.close()

    def opened(self, connection):
        pass

    def closed(self, connection):
        self.callers.discard(connection)

    def heard(self, connection, message):
        """In front of the frame stands the way back: numbers of four bytes up to one whose first bit is set."""
        end = 4
        while end <= len(message) and not message[end - 4] & 0x80:
            end += 4
        if end > len(message):
            return
        name, (done, answer) = self.answer(message[end:])
        body = bytes([done]) + put_bytes(answer)
        connection.send(message[:end] + HEADER.pack(VERSION, 0, CTL_RESULT, len(body), name) + body)

    def answer(self, frame):
        if len(frame) < HEADER.size:
            return 0, (False, b'{"error": "the frame is cut short"}')
        version, _flags, number, length, name = HEADER.unpack_from(frame)
        if version != VERSION or number != CTL_CALL or length != len(frame) - HEADER.size:
            return name, (False, b'{"error": "this is no call"}')
        try:
            fields = Reader(frame[HEADER.size :])
            verb, arguments = fields.str(32), fields.bytes(61440)
            fields.end()
        except Refused as refused:
            return name, (False, b'{"error": "this call is refused: error %d"}' % refused.error)
        return name, self.call(verb, arguments)

    def flush(self):
        for connection in list(self.callers):
            connection.write()


class Loop:
    """Waits for sockets, signals and time."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.parts, self.stopping = [], False
        self.handlers, self.came = {}, set()  # of signals
        self.woken, waking = socket.socketpair()
        for end in (self.woken, waking):
            end.setblocking(False)
        self.waking = waking
        signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
        self.watch(self.woken, lambda _events: self.woken.recv(64))
        self.on_signal(signal.SIGTERM, self.stop)
        self.on_signal(signal.SIGINT, self.stop)

    def on_signal(self, which, handler):
        """The handler is called by the loop, between other work."""
        self.handlers[which] = handler
        signal.signal(which, lambda number, _frame: self.came.add(number))

    def stop(self):
        self.stopping = True

    def watch(self, sock, ready, writes=False):
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writes else 0)
        known = self.selector.get_map().get(sock)
        if not known:
            self.selector.register(sock, events, ready)
        elif known.events != events:
            self.selector.modify(sock, events, ready)

    def unwatch(self, sock):
        self.selector.unregister(sock)

    def wait(self):
        dues = [due for due in (part.due() for part in self.parts) if due is not None]
        for key, events in self.selector.select(max(0, min(dues) - now()) / 1000 if dues else None):
            if self.selector.get_map().get(key.fileobj):  # it may have been closed meanwhile
                key.data(events)

    def run(self):
        while not self.stopping:
            for part in self.parts:
                part.tick()
            for part in self.parts:
                part.flush()
            self.wait()
            while self.came:
                self.handlers[self.came.pop()]()
        for part in self.parts:
            part.flush()


def tell_ready(descriptor):
    if descriptor >= 0:
        os.write(descriptor, b"\n")
        os.close(descriptor)
    log("info", "ready")
