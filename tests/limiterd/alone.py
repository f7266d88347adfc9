"""heimgate-limiterd alone in a temporary directory, with stand-ins for the daemons around it."""

import hashlib
import json
import os
import select
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

FAULT, HEALTH_ASK, HEALTH = 1, 2, 3
TAKE, LEASE, DENY, CANCEL, KEEP, SETTLE, SETTLED = 32, 33, 35, 36, 38, 40, 41
UPSTREAM, POOL, OFFER, MOVE, MOVED = 42, 43, 44, 46, 47
USAGE_ASK, USAGE_TOTAL = 66, 67
CHAT, MODELS, MODEL = 0, 3, 4
REASONS = ("requests", "tokens", "concurrency", "budget", "slots", "model", "grant", "unavailable")
DAY = 1
TRUNCATED, BAD_SEAL, REPLAYED = 5, 9, 11

UPSTREAMS = {"one": {"base_url": "http://127.0.0.1:1", "kind": "ollama", "slots": 1, "acquire_timeout_ms": 30000},
             "many": {"base_url": "http://127.0.0.1:1", "kind": "openai", "slots": 1000}}
ROUTES = {"single": {"targets": [{"upstream": "one"}]}, "*": {"targets": [{"upstream": "many"}]}}


def now_ms():
    return int(time.time() * 1000)


def seal(label, fields, key):
    return fields + hashlib.blake2b(label + fields, key=key, digest_size=32).digest()


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

    def level(self):
        return {"limit": self.number(8), "remaining": self.number(8), "reset_ms": self.number(4)}


def read_lease(sealed):
    reader = Reader(sealed)
    lease = {"id": reader.take(16), "request_id": reader.take(16)}
    for name in ("key_id", "key_name", "models", "model", "upstream"):
        lease[name] = reader.text()
    lease.update(target=reader.number(1), route=reader.number(1))
    lease["scope"] = (bool(reader.number(1)), reader.number(4), reader.number(4))
    lease.update(generation=reader.number(8), expires=reader.number(8), tokens=reader.number(8))
    return lease


def read_answer(kind, body):
    reader = Reader(body)
    if kind == FAULT:
        return {"fault": reader.number(2), "type": reader.number(2)}
    if kind == DENY:
        answer = {"denied": REASONS[reader.number(1)], "retry_after_ms": reader.number(4)}
        answer.update(limit=reader.number(8), used=reader.number(8), requested=reader.number(8))
        answer.update(request_level=reader.level(), token_level=reader.level())
        return answer
    assert kind == LEASE, "a frame of type %d" % kind
    answer = {"request_level": reader.level(), "token_level": reader.level(), "waited_ms": reader.number(4)}
    answer["sealed"] = reader.take(reader.number(4))
    answer.update(read_lease(answer["sealed"]))
    return answer


def move_body(sealed, target, upstream):
    return nngipc.blob(sealed) + bytes([target]) + nngipc.text(upstream)


def read_moved(kind, body):
    reader = Reader(body)
    if kind == FAULT:
        return reader.number(2)
    sealed = reader.take(reader.number(4))
    return {"sealed": sealed, **read_lease(sealed)} if sealed else None


class Edge:
    """Edge's end of its link."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.last = 0

    def send(self, grant, model="any", tokens=10, route=CHAT):
        """Sends a TAKE and returns its id."""
        self.last += 1
        body = nngipc.blob(grant) + bytes(16) + bytes([route]) + nngipc.text(model) + struct.pack(">Q", tokens)
        self.pipe.send_frame(TAKE, self.last, body)
        return self.last

    def receive(self):
        """The next answer and the id it is for."""
        kind, number, body = self.pipe.receive_frame()
        return number, read_answer(kind, body)

    def ask(self, grant, **what):
        number = self.send(grant, **what)
        answered, answer = self.receive()
        assert answered == number, "the answer is to another question"
        return answer

    def cancel(self, number):
        self.pipe.send_frame(CANCEL, number)

    def await_store(self, well=True):
        """Until Redis decides, or does not; what health says then."""
        return suite.until(lambda: (store := self.health()["store"])[0] == well and (store[1] or True), "the store")

    def health(self):
        self.pipe.send_frame(HEALTH_ASK, 1)
        kind, _number, body = self.pipe.receive_frame()
        assert kind == HEALTH
        reader = Reader(body)
        parts = {}
        for _ in range(reader.number(1)):
            name = reader.text()
            parts[name] = (reader.number(1) == 1, reader.text())
        return parts

    def close(self):
        self.pipe.close()


class Proxyd:
    """Proxyd's end of its link."""

    def __init__(self, pipe):
        self.pipe = pipe
        self.last = 0

    def keep(self, sealed):
        self.pipe.send_frame(KEEP, 0, sealed)

    def settle(self, sealed, tokens, charged=True):
        """The type of the answer: SETTLED or FAULT."""
        number = self.send_settle(sealed, tokens, charged)
        kind, answered, _body = self.pipe.receive_frame()
        assert answered == number
        return kind

    def send_settle(self, sealed, tokens, charged=True):
        self.last += 1
        self.pipe.send_frame(SETTLE, self.last, nngipc.blob(sealed) + struct.pack(">QB", tokens, charged))
        return self.last

    def tell(self, upstream, available=True):
        """Says whether an upstream may be given work: how its slots stand, as (slots, in use, waiting)."""
        self.last += 1
        self.pipe.send_frame(UPSTREAM, self.last, nngipc.text(upstream) + bytes([available]))
        kind, answered, body = self.pipe.receive_frame()
        reader = Reader(body)
        assert (kind, answered, reader.text()) == (POOL, self.last, upstream)
        return tuple(reader.number(4) for _ in range(3))

    def offer(self, upstream, *names):
        """Says which models an upstream lists.  There is no answer; what is asked next comes after it."""
        self.pipe.send_frame(OFFER, 0, nngipc.text(upstream) + nngipc.blob("\n".join(names).encode()))

    def move(self, sealed, target, upstream):
        """The lease as it is then, None when it stays where it is, or the number of the fault."""
        number = self.send_move(sealed, target, upstream)
        kind, answered, body = self.pipe.receive_frame()
        assert answered == number and kind in (MOVED, FAULT)
        return read_moved(kind, body)

    def send_move(self, sealed, target, upstream):
        self.last += 1
        self.pipe.send_frame(MOVE, self.last, move_body(sealed, target, upstream))
        return self.last

    def hears_nothing(self):
        return not select.select([self.pipe.sock], [], [], 0.2)[0]

    def close(self):
        self.pipe.close()


class Limiterd:
    def __init__(self, upstreams=None, routes=None, **env):
        self.directory = tempfile.mkdtemp(prefix="heimgate-limiterd-")
        self.env = {"HEIMGATE_STATE": self.directory, "HEIMGATE_USER": "0:0" if os.geteuid() == 0 else "", **env}
        self.process = None
        self.write_models(upstreams or UPSTREAMS, routes or ROUTES)
        os.makedirs(self.path("run"))
        self.auditd = nngipc.Listener(self.link("limiterd-auditd"))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        if self.process:
            tap.is_(self.stop(signal.SIGTERM), 0, "limiterd ends with 0")
        tap.ok(not suite.REPORTS.search(self.log()), "limiterd reports no broken invariant")
        if kind or tap.failures():
            tap.diag(self.log())
        shutil.rmtree(self.directory, ignore_errors=True)
        return False

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def link(self, name):
        return self.path("run", name, "link")

    def log(self):
        with open(self.path("limiterd.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def write_models(self, upstreams, models):
        with open(self.path("models.new"), "w", encoding="utf-8") as file:
            json.dump({"upstreams": upstreams, "models": models}, file)
        os.rename(self.path("models.new"), self.path("models.json"))

    def reload(self, upstreams, models):
        loaded = self.log().count("event=models-loaded")
        self.write_models(upstreams, models)
        self.process.popen.send_signal(signal.SIGHUP)
        suite.until(lambda: self.log().count("event=models-loaded") > loaded, "a reload")

    def start(self):
        program = os.path.join(suite.BIN, "heimgate-limiterd")
        self.process = suite.Process("limiterd", [program], self.path("limiterd.log"), self.env)
        nngipc.dial(self.link("ctl-limiterd"), nngipc.REQ, deadline=suite.PATIENCE).close()
        with open(self.path("secrets", "grant.key"), "rb") as file:
            self.grant_key = file.read()
        with open(self.path("secrets", "lease.key"), "rb") as file:
            self.lease_key = file.read()

    def stop(self, with_signal=signal.SIGKILL):
        process, self.process = self.process, None
        return process.end(with_signal)

    def restart(self):
        self.stop()
        self.start()

    def accept_auditd(self):
        """Auditd's end of its link.  Connections of a limiterd that was killed meanwhile are dead already."""
        while True:
            try:
                return self.auditd.accept()
            except (OSError, nngipc.Closed) as error:
                if isinstance(error, TimeoutError):
                    raise

    def edge(self):
        return Edge(nngipc.dial(self.link("edge-limiterd")))

    def proxyd(self):
        return Proxyd(nngipc.dial(self.link("proxyd-limiterd")))

    def grant(self, key_id="key", models="", rpm=0, tpm=0, concurrency=0, budget=0, period=0, life=5000, generation=1, scope=(False, 0, 0)):
        """A sealed grant."""
        fields = nngipc.text(key_id) + nngipc.text("name of " + key_id) + nngipc.text(models)
        fields += struct.pack(">QQIIIQB", generation, now_ms() + life, rpm, tpm, concurrency, budget, period)
        fields += struct.pack(">BII", *scope)
        return seal(b"G", fields, self.grant_key)

    def show(self):
        done, text = nngipc.call(self.link("ctl-limiterd"), "limits.show")
        assert done, text
        return json.loads(text)

    def await_outage(self, number):
        """Until Redis was lost that often."""
        suite.until(lambda: self.log().count("event=redis-lost") >= number, "an outage")

    def pool(self, name):
        return next(pool for pool in self.show()["pools"] if pool["name"] == name)

    def key(self, key_id):
        return next(key for key in self.show()["keys"] if key["key"] == key_id)

    def tool(self, *arguments):
        program = os.path.join(suite.BIN, "heimgate-limits")
        return subprocess.run([program, *arguments], env=suite.clean_environment(self.env), capture_output=True,
                              timeout=suite.PATIENCE, check=False, text=True)
