"""The mock model server as a test sees it: what it was asked, and what happened to its connections."""

import base64
import json
import os
import subprocess
import threading

from client import http_call
from process import BIN, PATIENCE, Process


class Mock(Process):
    """The mock model server; see tests/mockmodel/README.md."""

    def __init__(self, directory, *options, shape="ollama", port=0):
        argv = [
            os.path.join(BIN, "heimgate-mockmodel"),
            "--port",
            str(port),
            "--shape",
            shape,
            "--record",
            "--events",
            "-",
            *options,
        ]
        super().__init__("mockmodel", argv, os.path.join(directory, "mockmodel.log"), stdout=subprocess.PIPE)
        self._events = []
        self._changed = threading.Condition()
        first = self.popen.stdout.readline().decode()
        assert first.startswith("listening on "), "the mock model server said %r" % first
        self.url = first.split()[2]
        self.port = int(self.url.rsplit(":", 1)[1])
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        for line in self.popen.stdout:
            with self._changed:
                self._events.append(json.loads(line))
                self._changed.notify_all()

    def _catch_up(self):
        """Waits until all that has happened up to now has been read from the pipe."""
        last = json.loads(http_call(self.port, "GET", "/mock/events?after=%d" % (1 << 62)).body)["last"]
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._events) >= last, PATIENCE):
                raise TimeoutError("the mock's events stopped coming")

    def _find(self, since, wanted):
        return [
            event for event in self._events[since:] if all(event.get(name) == value for name, value in wanted.items())
        ]

    def events(self, since=0, **wanted):
        """All events after the mark with these members."""
        self._catch_up()
        with self._changed:
            return self._find(since, wanted)

    def count(self, since=0, **wanted):
        return len(self.events(since, **wanted))

    def mark(self):
        """This place in the course of events, for the others."""
        self._catch_up()
        return len(self._events)

    def wait(self, since=0, patience=PATIENCE, **wanted):
        """The first event after the mark with these members: wait(mark, event="peer-closed")."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._find(since, wanted), patience):
                raise TimeoutError("the mock saw no %r; it saw %r" % (wanted, self._events[since:][-20:]))
            return self._find(since, wanted)[0]

    def requests(self):
        """The last requests: dictionaries with head and body as bytes, and what the events say of them."""
        found = json.loads(http_call(self.port, "GET", "/mock/requests").body)["requests"]
        for request in found:
            request["head"] = base64.b64decode(request["head"])
            request["body"] = base64.b64decode(request["body"])
        return [request for request in found if not request["path"].startswith("/mock/")]
