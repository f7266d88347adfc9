"""heimgate-proxyd alone between a mock model server and stand-ins for the daemons around it."""

import json
import os
import socket
import struct
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402
import wire  # noqa: E402
import nngipc  # noqa: E402

CHAT, COMPLETIONS, EMBEDDINGS, MODELS, MODEL = range(5)
COMPLETE, CUT, ABORTED = range(3)
CHUNK_MAX = 32 * 1024
WINDOW = 64 * 1024


class Reader:
    """Takes fields off a body, in order."""

    def __init__(self, body):
        self.body = body

    def take(self, size):
        taken, self.body = self.body[:size], self.body[size:]
        return taken

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def text(self):
        return self.take(self.number(2)).decode()


class Peer:
    """A daemon to which proxyd dials: takes frames down and, while it is `answering`, answers them."""

    def __init__(self, path, answers):
        self.listener = nngipc.Listener(path, timeout=suite.PATIENCE)
        self.answers = answers  # type of a frame -> type of the answer, or what makes type and body of it
        self.answering = True
        self.frames = []
        self.changed = threading.Condition()
        self.pipe = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            while True:
                self.pipe = self.listener.accept()
                self.pipe.settimeout(None)
                self._take_frames()
        except OSError:
            pass  # the listener was closed

    def _take_frames(self):
        try:
            while True:
                kind, number, body = self.pipe.receive_frame()
                if self.answering and kind in self.answers:
                    answer = self.answers[kind]
                    self.pipe.send_frame(*((answer, number) if isinstance(answer, int) else answer(number, body)))
                with self.changed:
                    self.frames.append((kind, number, body))
                    self.changed.notify_all()
        except (nngipc.Closed, OSError):
            pass

    def settle_down(self):
        """Waits until proxyd has taken in all that it was answered: what it may not be sent, it refuses in order."""
        mark = self.mark()
        self.pipe.send_frame(wire.HEALTH_ASK, 0)
        self.wait(wire.FAULT, mark)

    def break_link(self):
        """Drops the connection; proxyd dials again."""
        self.pipe.sock.shutdown(socket.SHUT_RDWR)

    def mark(self):
        """A place in what it was told."""
        with self.changed:
            return len(self.frames)

    def wait(self, kind, since=0, count=1, wanted=lambda body: True):
        """The bodies of the first `count` frames of a type after the mark."""
        def found():
            return [body for got, _number, body in self.frames[since:] if got == kind and wanted(body)]
        with self.changed:
            if not self.changed.wait_for(lambda: len(found()) >= count, suite.PATIENCE):
                raise TimeoutError("%d frames of type %s did not come; %d did" % (count, kind, len(found())))
            return found()[:count]


def read_settle(body):
    reader = Reader(body)
    sealed = reader.take(reader.number(4))
    return {"lease": sealed, "tokens": reader.number(8), "charged": reader.number(1) == 1}


def read_record(body):
    reader = Reader(body)
    record = {"id": reader.take(16), "kind": reader.number(1), "time": reader.number(8), "request_id": reader.take(16)}
    for name in ("key_id", "key_name", "client", "action", "model", "served", "upstream"):
        record[name] = reader.text()
    record["status"] = reader.number(2)
    record["code"] = reader.text()
    for name, size in (("tokens_in", 8), ("tokens_out", 8), ("estimated", 1), ("streamed", 1), ("bytes_in", 8),
                       ("bytes_out", 8), ("first_byte_ms", 4), ("total_ms", 4)):
        record[name] = reader.number(size)
    return record


class Answer:
    """What came back for one stream."""

    def __init__(self, sealed=None):
        self.sealed = sealed  # the lease it was for
        self.fault = self.status = self.trailer = None
        self.headers = self.content_type = ""
        self.body = bytearray()

    def take(self, kind, body):
        """Takes a frame in; true when it was the last one."""
        reader = Reader(body)
        if kind == wire.FAULT:
            self.fault = reader.number(2)
        elif kind == wire.STREAM_HEAD:
            self.status, self.streaming = reader.number(2), reader.number(1)
            self.content_type, self.headers = reader.text(), reader.text()
            self.length = reader.number(8) if reader.number(1) else None
        elif kind == wire.STREAM_DATA:
            self.body += body
        elif kind == wire.STREAM_TRAILER:
            self.trailer = {"end": reader.number(1), "tokens_in": reader.number(8), "tokens_out": reader.number(8),
                            "upstream_us": reader.number(4), "code": reader.text()}
        return kind in (wire.FAULT, wire.STREAM_TRAILER)

    @property
    def error(self):
        return json.loads(self.body)["error"]


class Edge(wire.Link):
    """Edge's end of its link."""

    def __init__(self, alone):
        super().__init__(alone, "edge-proxyd")
        self.key = alone.lease_key
        self.leases = {}  # of each stream

    def open(self, body=b"", sealed=None, length=None, end=True, passed=b"", **lease):
        """Opens a stream and returns its id."""
        if sealed is None:
            sealed = wire.lease(self.key, **lease)
        number = self.send(wire.STREAM_OPEN, wire.stream_open(sealed, body, length, passed=passed), flags=wire.FLAG_END if end else 0)
        self.leases[number] = sealed
        return number

    def next(self, number, kind=None):
        """The next frame for the stream (of this type)."""
        while True:
            got, answered, body = self.receive()
            if answered == number and kind in (None, got):
                return got, body

    def credit(self, number, size):
        self.send(wire.STREAM_CREDIT, struct.pack(">I", size), number)

    def finish(self, number, answer=None):
        """Takes the rest of an answer, with credit for all of it."""
        answer = answer or Answer(self.leases[number])
        while True:
            kind, body = self.next(number)
            if answer.take(kind, body):
                return answer
            if kind == wire.STREAM_DATA:
                self.credit(number, len(body))

    def request(self, body=b"", **options):
        return self.finish(self.open(body, **options))

    def chat(self, model="m", stream=False, lease=(), **members):
        """One chat, answered."""
        body = suite.chat_body(model, stream=stream, **members)
        return self.request(body, **{"model": model, **dict(lease)})

    def cancel(self, number):
        self.send(wire.STREAM_CANCEL, number=number)

    def health(self):
        kind, body = self.ask(wire.HEALTH_ASK)
        assert kind == wire.HEALTH
        reader = Reader(body)
        parts = {}
        for _ in range(reader.number(1)):
            name = reader.text()
            parts[name] = (reader.number(1) == 1, reader.text())
        return parts


class Alone(suite.Suite):
    def __init__(self, **options):
        super().__init__(daemons=("proxyd",), **options)
        os.makedirs(self.run)
        self.limiterd = Peer(self.link_path("proxyd-limiterd"), {wire.LIMIT_SETTLE: wire.LIMIT_SETTLED})
        self.auditd = Peer(self.link_path("proxyd-auditd"), {wire.AUDIT_RECORD: wire.AUDIT_ACK})

    def __enter__(self):
        super().__enter__()
        self.lease_key = wire.secret(self, "lease.key")
        return self

    def write_models(self, models=None):
        """As a suite does; "SECRET" in a file's name stands for one with a credential."""
        secret = os.path.join(self.state, "secrets", "credential")
        with open(secret, "w", encoding="ascii") as file:
            file.write("sk-canary\n")
        super().write_models(models and json.loads(json.dumps(models).replace("SECRET", secret)))

    def link_path(self, name):
        return os.path.join(self.run, name, "link")

    @staticmethod
    def _when_free(dial):
        """What dial() returns, once proxyd has noticed that the last peer of that link is gone."""
        def attempt():
            try:
                return dial()
            except nngipc.Closed:
                return None
        return suite.until(attempt, "the link")

    def edge(self):
        return self._when_free(lambda: Edge(self))

    def revoke(self, key_id, generation):
        authd = self._when_free(lambda: wire.Link(self, "authd-proxyd"))
        authd.send(wire.AUTH_REVOKE, nngipc.text(key_id) + struct.pack(">Q", generation))
        return authd

    def settlement(self, sealed):
        """How a lease was settled."""
        return read_settle(self.limiterd.wait(wire.LIMIT_SETTLE, wanted=lambda body: read_settle(body)["lease"] == sealed)[0])

    def record(self, sealed):
        """The record of the request that had this lease, found by its request id."""
        return read_record(self.auditd.wait(wire.AUDIT_RECORD, wanted=lambda body: body[25:41] == sealed[16:32])[0])
