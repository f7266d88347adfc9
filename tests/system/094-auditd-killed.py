#!/usr/bin/env python3
"""auditd is killed in mid-traffic: nobody notices until the window of records is full, and nothing is lost."""

import suite
import tap
import traffic

WINDOW = 8192
LOCAL = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama"}},
    "models": {"m": {"targets": [{"upstream": "mock"}]}},
}


def ask_many(s, key, count):
    """So many quick requests in a row on each of four connections: how many were answered with 200 and with 503."""
    request = suite.request_bytes(key, b"", path="/v1/models", method="GET")

    def one(_):
        with s.raw() as sock:
            answers = b""
            for _ in range(count // 4 // 64):
                sock.sendall(request * 64)
                got = b""
                while got.count(b"HTTP/1.1 ") < 64 or not got.endswith(b"}"):
                    got += sock.recv(1 << 20)
                answers += got
            return answers.count(b"HTTP/1.1 200"), answers.count(b"HTTP/1.1 503")

    return [sum(each) for each in zip(*suite.together(4, one))]


def check_traffic():
    with suite.Suite() as s:
        key = s.make_key()
        load = traffic.Traffic(s, key).start()
        for _ in range(3):
            load.await_more(3)
            s.kill("auditd")
            load.await_more(3)
            s.start("auditd")
        load.await_more(3)
        load.stop()
        traffic.check_outcomes(load, ("complete",))
        traffic.check_history(s, load)


def check_required():
    with suite.Suite(models=LOCAL) as s:
        key = s.make_key()
        before = s.http("GET", "/v1/models", key=key).status
        tap.is_(before, 200, "a request is recorded")
        s.kill("auditd")
        good, busy = ask_many(s, key, 8704)
        tap.ok(
            good + busy == 8704 and good <= WINDOW + 8 and good >= WINDOW - 8,
            "without auditd %d requests pass, then 503" % good,
        )
        answer = s.http("GET", "/v1/models", key=key)
        tap.is_((answer.status, answer.code), (503, "audit_unavailable"), "which says why")
        s.start("auditd")
        suite.until(lambda: s.http("GET", "/v1/models", key=key).status == 200, "service")
        suite.until(lambda: len(s.records(kind="request", status=200)) >= good + 2, "what was kept")
        records = s.records(kind="request", status=200)
        tap.is_(len({record["id"] for record in records}), len(records), "auditd is back, and nothing is there twice")
        tap.ok(len(records) >= good + 1, "and nothing is missing (%d)" % len(records))
        tap.is_(s.tool("audit", "verify", check=False).returncode, 0, "the chain is whole")


def check_best_effort():
    with suite.Suite(models=LOCAL, env={"HEIMGATE_AUDIT": "best-effort"}) as s:
        key = s.make_key()
        s.kill("auditd")
        tap.is_(ask_many(s, key, 8704), [8704, 0], "best-effort: all requests pass")
        s.start("auditd")
        suite.until(lambda: len(s.records(kind="request")) >= WINDOW - 8, "what was kept")
        tap.ok("record" in s.log("proxyd"), "and the loss is told in the log")


check_traffic()
check_required()
check_best_effort()
