"""heimgate-auditd alone in a temporary directory, and stand-ins for the daemons that speak to it."""

import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402
import nngipc  # noqa: E402

FAULT, HEALTH_ASK, HEALTH = 1, 2, 3
AUDIT_RECORD, AUDIT_ACK, USAGE_ASK, USAGE_TOTAL = 64, 65, 66, 67
BAD_VERSION, BAD_TYPE, BAD_SENDER, BAD_LENGTH, TRUNCATED, TRAILING, TOO_LONG, BAD_VALUE = range(1, 9)
REQUEST, REFUSAL, ADMIN = range(3)
SENDERS = {"edge-auditd": REFUSAL, "proxyd-auditd": REQUEST, "authd-auditd": ADMIN}
DAY_MS = 86400 * 1000


def now_ms():
    return int(time.time() * 1000)


def record(kind=REQUEST, number=None, when=None, key_id="k7Qm2xA9bC", key_name="scripts", action="chat.completions",
           model="gpt-4o-mini", status=200, code="", tokens=(26, 282), request_id=None, detail=""):
    """The body of an AUDIT_RECORD; `number` makes its id."""
    name = os.urandom(16) if number is None else hashlib.sha256(b"%d" % number).digest()[:16]
    body = name + struct.pack(">BQ", kind, now_ms() if when is None else when) + (request_id or bytes(16))
    for text in (key_id, key_name, "127.0.0.1", action, model, "llama3.1:8b", "ollama"):
        body += nngipc.text(text)
    body += struct.pack(">H", status) + nngipc.text(code) + struct.pack(">QQ", *tokens)
    return body + struct.pack(">BBQQII", 0, 1, 412, 10240, 48, 4883) + nngipc.text(detail)


def record_id(body):
    return body[:16].hex()


class Auditd:
    def __init__(self, **env):
        self.directory = tempfile.mkdtemp(prefix="heimgate-auditd-")
        self.env = {"HEIMGATE_STATE": self.directory, "HEIMGATE_USER": "0:0" if os.geteuid() == 0 else "", **env}
        self.journal = self.path("auditd/journal")
        self.store = self.path("auditd/audit.db")
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        if self.process:
            tap.is_(self.stop(signal.SIGTERM), 0, "auditd ends with 0")
        log = self.log()
        tap.ok(not suite.REPORTS.search(log), "auditd reports no broken invariant")
        if kind or tap.failures():
            tap.diag(log[-8000:])
        shutil.rmtree(self.directory, ignore_errors=True)
        return False

    def start(self):
        self.process = suite.Process("auditd", [os.path.join(suite.BIN, "heimgate-auditd")], self.path("auditd.log"), self.env)
        suite.until(lambda: self.process.popen.poll() is not None or self.reachable(), "auditd's control socket")

    def reachable(self):
        try:
            nngipc.dial(self.link("ctl-auditd"), nngipc.REQ, deadline=0).close()
            return True
        except (OSError, nngipc.Closed):
            return False

    def stop(self, with_signal=signal.SIGKILL):
        process, self.process = self.process, None
        return process.end(with_signal)

    def restart(self, with_signal=signal.SIGKILL):
        self.stop(with_signal)
        self.start()

    def log(self):
        with open(self.path("auditd.log"), encoding="utf-8") as file:
            return file.read()

    def path(self, name):
        return os.path.join(self.directory, name)

    def link(self, name):
        return os.path.join(self.directory, "run", name, "link")

    def dial(self, name):
        """A daemon's end of its link to auditd: dial("edge-auditd")."""

        def attempt():
            try:
                return nngipc.dial(self.link(name))
            except nngipc.Closed:  # the former peer's end is not noticed yet, and there may be one only
                return None

        return suite.until(attempt, name)

    # --- what is on disk ---

    def segments(self):
        return sorted(name for name in os.listdir(self.journal) if name.endswith(".jsonl"))

    def lines(self):
        """All whole lines of the journal, as bytes."""
        data = b"".join(open(os.path.join(self.journal, name), "rb").read() for name in self.segments())
        return data.split(b"\n")[:-1]

    def journal_id(self):
        with open(os.path.join(self.journal, "id"), encoding="ascii") as file:
            return file.read().strip()

    def records(self):
        return [json.loads(line) for line in self.lines()]

    def ids(self):
        return [line["id"] for line in self.records()]

    # --- people ---

    def audit(self, *arguments, **env):
        """Runs the audit tool: the finished process, with text in stdout and stderr."""
        done = subprocess.run([os.path.join(suite.BIN, "heimgate-audit"), *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, env=suite.clean_environment({**self.env, **env}),
                              timeout=suite.PATIENCE, check=False)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def call(self, verb, arguments):
        done, text = nngipc.call(self.link("ctl-auditd"), verb, json.dumps(arguments).encode())
        return done, json.loads(text)

    def wait_for_store(self):
        """Until the newest record in the store is the last one in the journal."""
        wanted = [(self.journal_id(), line["seq"]) for line in self.records()[-1:]]

        def newest():
            return [(line["journal"], line["seq"]) for line in self.call("audit.tail", {"limit": 1})[1].get("records", ())]

        suite.until(lambda: newest() == wanted, "the store")

    def is_sound(self, name):
        done = self.audit("verify")
        if not tap.is_(done.returncode, 0, name):
            tap.diag(done.stdout + done.stderr)


def fault_of(body):
    """(error, type of the refused frame) of a FAULT."""
    return struct.unpack_from(">HH", body)


def health(pipe):
    """Parts by name: (well, text)."""
    pipe.send_frame(HEALTH_ASK, 7)
    kind, number, body = pipe.receive_frame()
    assert (kind, number) == (HEALTH, 7), (kind, number)
    parts, at = {}, 1
    for _ in range(body[0]):
        name, at = _text(body, at)
        well = body[at] == 1
        text, at = _text(body, at + 1)
        parts[name] = (well, text)
    return parts


def _text(body, at):
    length = struct.unpack_from(">H", body, at)[0]
    return body[at + 2 : at + 2 + length].decode(), at + 2 + length


def ask_usage(pipe, key_id, since, number=3):
    pipe.send_frame(USAGE_ASK, number, nngipc.text(key_id) + struct.pack(">Q", since))
    kind, got, body = pipe.receive_frame()
    assert (kind, got) == (USAGE_TOTAL, number), (kind, got, body)
    return struct.unpack(">QQ", body)


class Sender(threading.Thread):
    """Keeps a window of records under way, and sends again what was not acknowledged when the link was lost."""

    def __init__(self, auditd, link, seed):
        super().__init__()
        self.auditd, self.link, self.kind = auditd, link, SENDERS[link]
        self.next = seed * 1000000
        self.waiting = {}
        self.acked = []
        self.stopping = False
        self.moved = threading.Event()  # something was acknowledged

    def make(self):
        self.next += 1
        self.waiting[self.next] = record(self.kind, number=self.next)

    def connection(self):
        pipe = self.auditd.dial(self.link)
        pipe.send(b"".join(nngipc.frame(AUDIT_RECORD, number, body) for number, body in self.waiting.items()))
        while self.waiting or not self.stopping:
            while len(self.waiting) < 50 and not self.stopping:
                self.make()
                pipe.send_frame(AUDIT_RECORD, self.next, self.waiting[self.next])
            kind, number, _ = pipe.receive_frame()
            assert kind == AUDIT_ACK, kind
            body = self.waiting.pop(number, None)
            if body:
                self.acked.append(record_id(body))
                self.moved.set()
        pipe.close()

    def run(self):
        while self.waiting or not self.stopping:
            try:
                self.connection()
            except nngipc.Closed:
                pass
