"""The parties around the daemon that is judged: the kit takes the place of all of them."""

import contextlib
import itertools
import os
import socket
import struct
import sys
import threading
import time

import document

sys.path.insert(0, os.path.join(document.ROOT, "tests", "tap"))

import nngipc  # noqa: E402

PATIENCE = 15.0  # seconds until what must happen counts as not happening
NOBODY_KNOWS = 999  # a message number that is in no table
FAULT = document.MESSAGES["FAULT"]


def number_of(name):
    return document.MESSAGES[name].number


def path(run, link):
    return os.path.join(run, link, "link")


class Party:
    """One end of a link.  A thread takes down what comes, as (message number, id, body).

    answers: name of a message -> name of the empty message with which it is answered at once
    """

    def __init__(self, name, connect, answers=()):
        self.name = name
        self.connect = connect
        self.answers = {number_of(asked): number_of(answer) for asked, answer in dict(answers).items()}
        self.changed = threading.Condition()
        self.numbers = itertools.count(1)
        self.pipe = self.thread = None
        self.come_up()

    def come_up(self):
        """Takes the place on the link: again, when it was given up."""
        self.frames, self.ended = [], False
        nngipc.until(PATIENCE, self._is_taken)
        return self

    def _is_taken(self):
        """The daemon may not have noticed yet that the peer of before is gone."""
        try:
            self.pipe = self.connect()
            self.pipe.send_frame(NOBODY_KNOWS, 0)
            self._take_one()
        except (nngipc.Closed, ConnectionError):
            return False
        self.pipe.settimeout(None)
        self.thread = threading.Thread(target=self._take_down, daemon=True)
        self.thread.start()
        return True

    def _take_down(self):
        try:
            while True:
                self._take_one()
        except (nngipc.Closed, OSError):
            pass
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def _take_one(self):
        kind, number, body = self.pipe.receive_frame()
        if kind in self.answers:
            self.pipe.send_frame(self.answers[kind], number)
        with self.changed:
            self.frames.append((kind, number, body))
            self.changed.notify_all()

    def close(self):
        """Gives the place up."""
        with contextlib.suppress(OSError):
            self.pipe.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.pipe.close()

    # --- saying ---

    def send(self, name, *values, number=None, flags=0):
        """Sends a message with these fields and returns its id."""
        return self.send_body(name, document.encode(document.MESSAGES[name].fields, values), number, flags)

    def send_body(self, name, body=b"", number=None, flags=0):
        number = next(self.numbers) if number is None else number
        self.pipe.send_frame(number_of(name), number, body, flags)
        return number

    # --- hearing ---

    def mark(self):
        """This place in what was heard."""
        with self.changed:
            return len(self.frames)

    def wait(self, wanted, what, since=0):
        """The first frame after the mark for which wanted(message number, id, body) holds."""
        end = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for frame in self.frames[since:]:
                    since += 1
                    if wanted(*frame):
                        return frame
                if self.ended:
                    raise ConnectionError("%s was closed, and %s had not come" % (self.name, what))
                if not self.changed.wait(end - time.monotonic()):
                    raise TimeoutError("%s: %s did not come" % (self.name, what))

    def heard(self, name, since=0):
        """The frames of this message after the mark, as (id, body)."""
        with self.changed:
            return [(number, body) for kind, number, body in self.frames[since:] if kind == number_of(name)]

    def hear(self, name, since=0, wanted=lambda body: True):
        """The body of the first message of this name after the mark."""
        return self.wait(lambda kind, _number, body: kind == number_of(name) and wanted(body), name, since)[2]

    def answer(self, number, since=0):
        """What came under this id: the name of the message, and its fields by name, or its body when it has none."""
        kind, _number, body = self.wait(lambda _kind, got, _body: got == number, "an answer to %d" % number, since)
        message = document.BY_NUMBER[kind]
        bare = not message.fields or message.fields[0].kind == "bare"
        return message.name, body if bare else document.decode(message.fields, body)

    def ask(self, name, *values, flags=0):
        return self.answer(self.send(name, *values, flags=flags))

    def fault(self, frame, number, since=None):
        """Sends the bytes of a message; the name of the error with which the frame of this id is refused."""
        since = self.mark() if since is None else since
        self.pipe.send(frame)
        kind, _number, body = self.wait(lambda _kind, got, _body: got == number, "a FAULT for %d" % number, since)
        if kind != FAULT.number:
            return document.BY_NUMBER[kind].name
        return document.error_name(document.decode(FAULT.fields, body)["error"])

    def fault_of(self, name, *values):
        """The name of the error with which this message is refused, or of the message that answers it."""
        answer, fields = self.ask(name, *values)
        return document.error_name(fields["error"]) if answer == "FAULT" else answer

    def catch_up(self):
        """Until the daemon has handled all that it was sent here, and what it said before that is here."""
        number = next(self.numbers)
        self.fault(nngipc.frame(NOBODY_KNOWS, number), number)
        return self


class Parties:
    """All links of a daemon, with the kit at their other ends; opened when they are first asked for."""

    def __init__(self, daemon, run):
        self.daemon, self.run = daemon, run
        self.open = {}
        self.listeners = {
            name: nngipc.Listener(path(run, name), timeout=PATIENCE)
            for name, link in document.LINKS.items()
            if link.dialer == daemon
        }

    def names(self):
        """Those that carry frames between daemons."""
        return [name for name, link in document.LINKS.items() if self.daemon in link and not name.startswith("ctl-")]

    def peer(self, name):
        """Who is at the other end of the daemon's link."""
        link = document.LINKS[name]
        return link.dialer if link.listener == self.daemon else link.listener

    def link(self, name, answers=()):
        if name not in self.open:
            self.open[name] = Party(name, lambda: self.connect(name), answers)
        return self.open[name]

    def connect(self, name):
        if name in self.listeners:
            return self.listeners[name].accept()
        return nngipc.dial(path(self.run, name), deadline=PATIENCE)

    def give_up(self, name):
        self.open.pop(name).close()

    def call(self, verb, arguments=b"{}"):
        """A tool's call: whether it was done, and the JSON."""
        return nngipc.call(path(self.run, "ctl-" + self.daemon), verb, arguments)


def header(kind, length, number, version=1, flags=0):
    return struct.pack(">BBHIQ", version, flags, kind, length, number)
