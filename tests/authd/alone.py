"""heimgate-authd alone in a temporary directory, its key tool, and stand-ins for the daemons around it."""

import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402
import nngipc  # noqa: E402

AUTH_ASK, AUTH_GRANT, AUTH_DENY, AUTH_REVOKE = 16, 17, 19, 20
FAULT, HEALTH_ASK, HEALTH, AUDIT_RECORD, AUDIT_ACK = 1, 2, 3, 64, 65
UNKNOWN, REVOKED, EXPIRED = 0, 1, 2


class Authd:
    def __init__(self, **env):
        self.directory = tempfile.mkdtemp(prefix="heimgate-authd-")
        self.env = {"HEIMGATE_STATE": self.directory, "HEIMGATE_USER": "0:0" if os.geteuid() == 0 else "", **env}
        self.database = os.path.join(self.directory, "authd", "keys.db")
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        if self.process:
            tap.is_(self.stop(signal.SIGTERM), 0, "authd ends with 0")
        log = self.log()
        tap.ok(not suite.REPORTS.search(log), "authd reports no broken invariant")
        if kind or tap.failures():
            tap.diag(log)
        shutil.rmtree(self.directory, ignore_errors=True)
        return False

    def start(self):
        program = os.path.join(suite.BIN, "heimgate-authd")
        self.process = suite.Process("authd", [program], self.path("authd.log"), self.env)
        suite.until(lambda: self.process.popen.poll() is not None or self.reachable(), "authd's control socket")

    def reachable(self):
        try:
            nngipc.dial(self.link("ctl-authd"), nngipc.REQ, deadline=0).close()
            return True
        except (OSError, nngipc.Closed):
            return False

    def stop(self, with_signal=signal.SIGKILL):
        process, self.process = self.process, None
        return process.end(with_signal)

    def restart(self):
        self.stop()
        self.start()

    def log(self):
        with open(self.path("authd.log"), encoding="utf-8") as file:
            return file.read()

    def path(self, name):
        return os.path.join(self.directory, name)

    def link(self, name):
        return os.path.join(self.directory, "run", name, "link")

    # --- people ---

    def key(self, *arguments, stdin=b"", stdout=subprocess.PIPE):
        """Runs the key tool: the finished process, with text in stdout and stderr."""
        done = subprocess.run([os.path.join(suite.BIN, "heimgate-key"), *arguments], input=stdin, stdout=stdout,
                              stderr=subprocess.PIPE, env=suite.clean_environment(self.env), timeout=suite.PATIENCE,
                              check=False)
        done.stdout = (done.stdout or b"").decode()
        done.stderr = done.stderr.decode()
        return done

    def create(self, name, *arguments):
        return self.key("create", "--name", name, *arguments).stdout.strip()

    def call(self, verb, **arguments):
        """A call on the control socket: (done, result)."""
        done, answer = nngipc.call(self.link("ctl-authd"), verb, json.dumps(arguments).encode())
        return done, json.loads(answer)

    # --- daemons ---

    def edge(self):
        """A stand-in for edge.  A link takes one peer, so the one before must be noticed to be gone first."""
        return suite.until(lambda: self.try_edge(), "a free place for edge")

    def try_edge(self):
        try:
            return Edge(nngipc.dial(self.link("edge-authd")))
        except nngipc.Closed:
            return None

    def listen(self, name):
        return nngipc.Listener(self.link(name), timeout=suite.PATIENCE)


def accept(listener):
    """The daemon's connection; those of an authd that was killed may come first."""
    while True:
        try:
            return listener.accept()
        except (OSError, nngipc.Closed) as error:
            if isinstance(error, TimeoutError):
                raise


class Edge:
    """Its `told` is a list of the revocations that have come in, as (key id, generation)."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.number = 0
        self.told = []
        self.health()

    def ask(self, secret):
        """The answer to AUTH_ASK: a grant as a dictionary, or (reason, key id)."""
        kind, body = self.question(AUTH_ASK, digest(secret) + os.urandom(16))
        if kind == AUTH_GRANT:
            return read_grant(body)
        assert kind == AUTH_DENY, "an answer of type %d" % kind
        return body[0], body[3:].decode()

    def question(self, kind, body=b""):
        self.number += 1
        self.pipe.send_frame(kind, self.number, body)
        while True:
            kind, number, body = self.pipe.receive_frame()
            if kind != AUTH_REVOKE:
                assert number == self.number, "an answer to another question"
                return kind, body
            self.told.append(read_revocation(body))

    def wait_told(self):
        """The next revocation."""
        while not self.told:
            kind, _number, body = self.pipe.receive_frame()
            assert kind == AUTH_REVOKE, "a frame of type %d in place of a revocation" % kind
            self.told.append(read_revocation(body))
        return self.told.pop(0)

    def health(self):
        """{part: (well, text)}"""
        _kind, body = self.question(HEALTH_ASK)
        parts, fields = {}, Fields(body[1:])
        for _ in range(body[0]):
            name = fields.text()
            parts[name] = (fields.number(1) == 1, fields.text())
        return parts

    def close(self):
        self.pipe.close()


class Fields:
    """Reads the fields of a body one after the other."""

    def __init__(self, body):
        self.body = body

    def fixed(self, size):
        found, self.body = self.body[:size], self.body[size:]
        return found

    def number(self, size):
        return int.from_bytes(self.fixed(size), "big")

    def text(self):
        return self.fixed(self.number(2)).decode()


def digest(secret):
    return hashlib.sha256(secret if isinstance(secret, bytes) else secret.encode()).digest()


def read_grant(body):
    fields = Fields(body)
    grant = {name: fields.text() for name in ("key_id", "key_name", "models")}
    for name, size in (("generation", 8), ("expires", 8), ("rpm", 4), ("tpm", 4), ("concurrency", 4), ("budget", 8),
                       ("period", 1), ("local_only", 1), ("images", 4), ("image_kib", 4)):
        grant[name] = fields.number(size)
    grant["fields"], grant["seal"] = body[:-32], fields.body
    return grant


def read_revocation(body):
    fields = Fields(body)
    return fields.text(), fields.number(8)


def read_record(pipe):
    """The next AUDIT_RECORD as (frame id, dictionary)."""
    kind, number, body = pipe.receive_frame()
    assert kind == AUDIT_RECORD, "a frame of type %d in place of a record" % kind
    fields = Fields(body)
    record = {"id": fields.fixed(16), "kind": fields.number(1), "time": fields.number(8), "request": fields.fixed(16)}
    for name in ("key_id", "key_name", "client", "action"):
        record[name] = fields.text()
    length = struct.unpack_from(">H", body, body.rfind(b"{") - 2)[0]
    record["detail"] = json.loads(body[-length:])
    return number, record


def now_ms():
    return int(time.time() * 1000)
