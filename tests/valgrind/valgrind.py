#!/usr/bin/env python3
"""Each daemon under valgrind while the suite does some of everything, with stores of its own and with real ones.

None may end with an error, with memory that nothing points to, or with a descriptor that it opened and did not close,
but for those of the event loop and of the way to the resolver, which it has for as long as it lives.

heimgate-resolver is started as it is: Valgrind 3.19 does not know pidfd_open(), without which it is of no use.
"""

import os
import re
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import process  # noqa: E402

process.PATIENCE = 120.0  # it is slow

import suite  # noqa: E402
import tap  # noqa: E402
from redisserver import Redis  # noqa: E402
from servers import Postgres  # noqa: E402

ERROR_EXIT = 99
LASTING = ("by 0x.*: loop_open ", "by 0x.*: resolver_open ")
MEMCHECK = (
    "valgrind",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite,indirect,possible",
    "--show-leak-kinds=definite,indirect,possible",
    "--track-fds=yes",
    "--error-exitcode=%d" % ERROR_EXIT,
)
MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama"}},
    "models": {"m": {"targets": [{"upstream": "mock"}]}, "*": {"targets": [{"upstream": "mock"}]}},
}


# --- judging ---


def left_open(log):
    """The descriptors open at the end, each as valgrind describes it."""
    for block in re.split(r"^==\d+== Open ", log, flags=re.M)[1:]:
        lines = []
        for line in block.splitlines():
            lines.append(re.sub(r"^==\d+== ?", "", line))
            if not lines[-1]:
                break
        text = "\n".join(lines)
        if "<inherited from parent>" not in text and not any(re.search(place, text) for place in LASTING):
            yield text


def faults(log):
    """What is wrong with a program, by what valgrind wrote about it."""
    summary = re.findall(r"^==\d+== ERROR SUMMARY: (\d+) errors", log, re.M)
    found = [*left_open(log), *re.findall(r"^==\d+== .*(?:unhandled|cannot continue|terminating).*", log, re.M)]
    return found if summary == ["0"] else found + ["errors in all: %s" % summary]


def judge_canaries(directory):
    """Whether this test is able to fail."""
    for fault, ends, complaints in (
        ("none", 0, False),
        ("memory", ERROR_EXIT, True),
        ("undefined", ERROR_EXIT, True),
        ("descriptor", 0, True),
    ):
        log = os.path.join(directory, "canary-" + fault)
        words = [*MEMCHECK, "--log-file=" + log, os.path.join(suite.BIN, "valgrind-canary"), fault]
        done = subprocess.run(words, check=False)
        with open(log, encoding="utf-8") as file:
            seen = done.returncode, bool(faults(file.read()))
        tap.is_(seen, (ends, complaints), "a program with such a fault is found: " + fault)


# --- the suite ---


def descriptor_limits():
    """What each daemon limits itself to; valgrind lets nobody change the limit that it began with."""
    with suite.Suite(models=MODELS) as s:
        return {name: int(limit_of(running)) for name, running in s.running.items()}


def limit_of(running):
    with open("/proc/%d/limits" % running.pid, encoding="ascii") as file:
        return re.search(r"^Max open files +(\d+)", file.read(), re.M)[1]


class Watched(suite.Suite):
    def __init__(self, limits, **options):
        super().__init__(models=MODELS, **options)
        self.limits_of = limits
        judge_canaries(self.directory)

    def start(self, name, wait=True, env=(), within=()):
        log = "--log-file=" + self.path(name)
        words = ("prlimit", "--nofile=%d:" % self.limits_of[name], *MEMCHECK, log)
        return super().start(name, wait, env, (*words, *within))

    def path(self, name):
        return os.path.join(self.directory, "valgrind-" + name)

    def judge(self):
        for name in suite.DAEMONS:
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                log = file.read()
            if not tap.is_(faults(log), [], "valgrind finds nothing wrong with " + name):
                tap.diag(log[-6000:])


# --- some of everything ---


def serve(s):
    key = s.make_key(rpm=1000, tpm=1000000, concurrency=8, budget="1000000/day")
    text, proper = s.stream(key, "stream-50").rest()
    tap.ok(proper and text.endswith(b"data: [DONE]\n\n"), "a stream")
    tap.is_(s.chat(key, "m").status, 200, "a chat")
    body = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}'
    tap.is_(s.http("POST", "/v1/messages", body, key).status, 200, "a message")
    tap.is_(s.http("POST", "/api/chat", b'{"model":"m","messages":[]}', key).status, 200, "a chat of Ollama's")
    tap.is_(s.http("GET", "/v1/models", key=key).status, 200, "models")
    tap.is_(s.http("GET", "/ready").status, 200, "readiness")
    statuses = suite.together(8, lambda i: s.chat(key, "slow-50ms").status)
    tap.is_(set(statuses), {200}, "eight at one time")
    left = s.stream(key, "stream-1000x50")
    left.event()
    mark = s.mock.mark()
    left.close()
    s.mock.wait(mark, event="peer-closed")
    tap.ok(True, "one who leaves in the middle")


def refuse(s):
    poor, narrow = s.make_key(rpm=1), s.make_key(models="other")
    s.chat(poor, "m")
    tap.is_(s.chat("sk-nobody", "m").status, 401, "an unknown key")
    tap.is_(s.chat(poor, "m").status, 429, "too many requests")
    tap.is_(s.chat(narrow, "m").status, 404, "a model that is not allowed")
    tap.is_(s.http("POST", "/v1/chat/completions", b'{"model":', poor).status, 400, "half a body")
    with s.raw(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") as sock:
        tap.has(suite.read_until_closed(sock), b" 400 ", "a request that is none")
    key = s.make_key()
    for model, statuses in (("fault-busy-503", (503,)), ("fault-rst-head", (502,)), ("fault-not-http", (502,))):
        tap.ok(s.chat(key, model).status in statuses, "a model server that fails: " + model)
    for model in ("fault-cut", "fault-error-mid"):
        tap.has(s.stream(key, model).rest()[0], b'data: {"error":{', "and in the middle: " + model)


def read_models_again(s):
    key = s.make_key()
    s.write_models({**MODELS, "models": {**MODELS["models"], "later": {"targets": [{"upstream": "mock", "model": "m"}]}}})
    for name in ("limiterd", "proxyd"):
        os.kill(s.running[name].pid, signal.SIGHUP)

    def has_alias():
        mark = s.mock.mark()
        return s.chat(key, "later").status == 200 and s.mock.count(mark, event="request", model="m") == 1

    tap.ok(suite.until(has_alias, "the alias"), "models.json is read again")


def manage(s):
    key = s.make_key()
    held = s.stream(key, "fault-stall-mid")
    held.event()
    s.tool("key", "rotate", s.key_id(key), "--grace", "1h")
    s.tool("key", "revoke", s.key_id(key))
    tap.has(held.rest()[0], b"invalid_api_key", "a key is rotated and revoked, and its stream ends")
    read_models_again(s)
    for words in (("key", "list"), ("limits",), ("models",), ("check",)):
        tap.is_(s.tool(*words).returncode, 0, "heimgate " + " ".join(words))
    suite.until(lambda: s.tool("audit", "tail").stdout.count(b"\n") > 5, "records in the store")
    for words in (("audit", "usage"), ("audit", "verify")):
        tap.is_(s.tool(*words).returncode, 0, "heimgate " + " ".join(words))


def watch(limits, env=()):
    with Watched(limits, env=env) as s:
        s.wait_serving()
        for each in (serve, refuse, manage):
            each(s)
        suite.until(lambda: s.http("GET", "/ready").status == 200, "readiness")
        s.stop()
        s.judge()


def stores():
    """Of other programs, asked for by name, so that there is a helper that looks it up."""
    redis, postgres = Redis(), Postgres()
    settings = {**redis.environment(), **postgres.environment(), "HEIMGATE_LIMIT_DEADLINE_MS": "5000"}
    return {name: text.replace("127.0.0.1", "localhost") for name, text in settings.items()}


found = descriptor_limits()
watch(found)
watch(found, stores())
