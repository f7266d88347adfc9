"""Clients that never stop, for looking at what becomes of them when a daemon is killed."""

import http.client
import json
import threading
import time

import suite
import tap

TOO_LONG = 15.0  # seconds after which an answer counts as hanging


class Result:
    def __init__(self, kind, outcome, began, request_id=None):
        self.kind = kind
        self.outcome = outcome
        self.began = began
        self.ended = time.monotonic()
        self.request_id = request_id

    def __repr__(self):
        return "<%s %s %.3f-%.3f>" % (self.kind, self.outcome, self.began, self.ended)


def judge_stream(text, proper):
    if not proper:
        return "cut"
    last = text.rstrip(b"\n").rsplit(b"\n\n", 1)[-1]
    if last == b"data: [DONE]":
        return "complete"
    return "error event" if last.startswith(b'data: {"error":{') else "silently truncated"


def judge_refusal(status, headers, body):
    """A refusal must be in the envelope, and a 503 must say when to come back."""
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}, body
    assert status != 503 or int(headers["retry-after"]) >= 1, headers
    return "status %d" % status


class Traffic:
    """Chats and streams by several clients at once, from start() to stop()."""

    def __init__(self, s, key, clients=6):
        self.suite = s
        self.key = key
        self.results = []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(i,), daemon=True) for i in range(clients)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def _work(self, number):
        while not self.ending.is_set():
            result = self._one("stream" if number % 2 else "whole")
            self.results.append(result)
            if result.outcome != "complete":
                self.ending.wait(0.01)

    def _one(self, kind):
        began = time.monotonic()
        try:
            stream = self.suite.stream if kind == "stream" else None
            outcome, request_id = self._stream(stream) if stream else self._whole()
            return Result(kind, outcome, began, request_id)
        except TimeoutError:
            return Result(kind, "hung", began)
        except (ConnectionError, http.client.HTTPException):
            return Result(kind, "cut", began)

    def _stream(self, stream):
        with_stream = stream(self.key, "stream-10x100", timeout=TOO_LONG)
        text, proper = with_stream.rest()
        with_stream.close()
        if with_stream.status != 200:
            return judge_refusal(with_stream.status, with_stream.headers, text), None
        return judge_stream(text, proper), with_stream.headers["x-request-id"]

    def _whole(self):
        answer = self.suite.chat(self.key, "whole", timeout=TOO_LONG)
        if answer.status != 200:
            return judge_refusal(answer.status, answer.headers, answer.body), None
        assert answer.json()["choices"], answer
        return "complete", answer.headers["x-request-id"]

    def count(self, outcome, kind=None, since=0.0):
        return sum(r.outcome == outcome and kind in (None, r.kind) and r.began >= since for r in self.results)

    def await_more(self, count, outcome="complete"):
        """Waits until so many more requests that began after now have come out like this, of both kinds."""
        now = time.monotonic()
        suite.until(
            lambda: all(self.count(outcome, kind, now) >= count for kind in ("whole", "stream")),
            "%d more %r" % (count, outcome),
        )


def check_outcomes(traffic, allowed):
    """Nothing but these may have happened to anybody."""
    found = {}
    for result in traffic.results:
        found[result.outcome] = found.get(result.outcome, 0) + 1
    tap.diag("outcomes: %s" % found)
    tap.is_(sorted(set(found) - set(allowed)), [], "nobody met anything but: " + ", ".join(allowed))
    slowest = max(result.ended - result.began for result in traffic.results)
    tap.ok(slowest < TOO_LONG, "and nothing hung (the slowest took %.2f s)" % slowest)


def check_history(s, traffic, excused=lambda result: False):
    """Every request that was answered stands in history once, and the chain of its records is whole."""
    complete = [r for r in traffic.results if r.outcome == "complete"]
    wanted = {r.request_id for r in complete if not excused(r)}
    suite.until(
        lambda: wanted <= {record["request_id"] for record in s.records(kind="request")} or None,
        "the recording of %d requests" % len(wanted),
    )
    records = s.records()
    ids = [record["id"] for record in records]
    tap.is_(len(ids), len(set(ids)), "no record stands in history twice")
    requests = [record["request_id"] for record in records if record["kind"] == "request"]
    tap.is_(len(requests), len(set(requests)), "no request has two records")
    tap.ok(wanted and wanted <= set(requests), "and none of %d that were answered is missing" % len(wanted))
    verified = s.tool("audit", "verify", check=False)
    tap.is_(verified.returncode, 0, "heimgate audit verify finds the chain whole") or tap.diag(verified)
