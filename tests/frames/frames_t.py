#!/usr/bin/env python3
"""heimgate frames on the links of a running gate: all goes on as ever, each frame is shown, and no secret."""

import os
import pty
import select
import signal
import stat
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import nngipc  # noqa: E402
import tap  # noqa: E402
from process import BIN  # noqa: E402


ENDLESS = 32 * 1024 * 1024


class Frames(suite.Process):
    """The program, and all that it has printed."""

    def __init__(self, s, *links):
        self.out = os.path.join(s.directory, "frames.out")
        with open(self.out, "wb") as out:
            super().__init__("frames", [os.path.join(BIN, "heimgate"), "frames", *links], self.out + ".log",
                             s.settings(), stdout=out)

    def text(self):
        with open(self.out, encoding="utf-8") as file:
            return file.read()

    def shows(self, text, times=1):
        tap.ok(suite.until(lambda: self.text().count(text) >= times, "the line " + text), "it shows: " + text)

    def kill_all(self):
        """Without a chance for any of its processes to put things in order."""
        with open("/proc/%d/task/%d/children" % (self.pid, self.pid), encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        return self.end(signal.SIGKILL)


def path(s, link):
    return os.path.join(s.run, link, "link")


def names_in(s, link):
    return sorted(os.listdir(os.path.dirname(path(s, link))))


def dial(s, link):
    """Dials as a daemon does: again, when a listener does not know yet that its last peer is gone."""
    for _ in range(100):
        try:
            return nngipc.dial(path(s, link))
        except nngipc.Closed:
            pass
    raise TimeoutError("nobody greets on " + link)


def chat(s, key, name):
    tap.is_(s.chat(key, "m").status, 200, name)


def running_gate():
    links = ("edge-limiterd", "proxyd-limiterd", "limiterd-auditd")
    with suite.Suite() as s:
        key = s.make_key(budget="1000000/day")
        before = [os.stat(path(s, link)).st_ino for link in links]
        frames = Frames(s, "limiterd")
        frames.shows("joined past this program", len(links))
        chat(s, key, "who was joined before goes on")
        tap.ok("LIMIT_TAKE" not in frames.text(), "unseen")
        tap.is_(stat.S_IMODE(os.stat(path(s, links[0])).st_mode), 0o660, "its socket is for the link's ends alone")

        s.restart("edge", signal.SIGTERM)
        s.restart("proxyd", signal.SIGTERM)
        chat(s, key, "a chat goes through")
        frames.shows("edge-limiterd: up")
        frames.shows("edge -> limiterd LIMIT_TAKE id ")
        frames.shows("limiterd -> edge LIMIT_LEASE id ")
        frames.shows("proxyd -> limiterd LIMIT_SETTLE id ")
        frames.shows("limiterd -> proxyd LIMIT_SETTLED id ")
        frames.shows("bytes, of key %s>" % s.key_id(key))

        s.kill("limiterd")
        frames.shows("edge-limiterd: down")
        frames.shows("waiting for limiterd", 2)
        s.start("limiterd")
        s.wait_serving()
        chat(s, key, "a chat goes through when limiterd has come again")
        frames.shows("limiterd -> auditd USAGE_ASK id ")
        frames.shows("auditd -> limiterd USAGE_TOTAL id ")

        tap.is_(frames.end(signal.SIGINT), 0, "Ctrl-C ends it with 0")
        tap.is_([names_in(s, link) for link in links], [["link"]] * 3, "there is one socket on each link again")
        tap.is_(os.stat(path(s, links[2])).st_ino, before[2], "the very one of the listener")
        s.wait_serving()
        chat(s, key, "and the ends find each other again")
        judge_secrets(s, key, frames.text())


def judge_secrets(s, key, text):
    for name in ("grant", "lease"):
        with open(os.path.join(s.state, "secrets", name + ".key"), "rb") as file:
            tap.ok(file.read().hex() not in text, "it shows no key of a " + name)
    tap.ok(key.split("-")[-1] not in text, "and no secret of a client's")
    tap.ok(max(map(len, text.split())) < 130, "and nothing as long as a stamp")
    tap.ok("malformed" not in text, "every frame is as the document says")


def one_listener():
    """auditd runs, and the test is limiterd."""
    with suite.Suite(daemons=("auditd",)) as s:
        frames = Frames(s, "limiterd-auditd")
        frames.shows("in the place of auditd")
        pipe = dial(s, "limiterd-auditd")
        strange_frames(frames, pipe)
        second = s.tool("frames", "limiterd-auditd", check=False)
        tap.is_((second.returncode, second.stderr),
                (111, b"heimgate-frames: another heimgate-frames is on this link\n"), "two of them are one too many")
        frames.kill_all()
        tap.is_(names_in(s, "limiterd-auditd"), ["link", "link.aside"], "killed, it leaves things as they were")
        frames = Frames(s, "limiterd-auditd")
        frames.shows("in the place of auditd")
        tap.is_(frames.end(), 0, "another one ends well")
        tap.is_(names_in(s, "limiterd-auditd"), ["link"], "and has put them in order")
        ask = dial(s, "limiterd-auditd")
        ask.send_frame(66, 1, b"\0\1k" + bytes(8))
        tap.is_(ask.receive_frame()[:2], (67, 1), "auditd is there")


def strange_frames(frames, pipe):
    asked = nngipc.frame(66, 5, b"\0\1k" + bytes(8))
    for strange, shown in (
        (nngipc.frame(66, 2, b"\0"), "USAGE_ASK id 2, 1 bytes, malformed at key id: the frame or a field ends too early"),
        (nngipc.frame(999, 3, b"what"), "number 999 id 3, 4 bytes, malformed: unknown message type"),
        (nngipc.frame(65, 4), "AUDIT_ACK id 4, 0 bytes, malformed: this party may not send this message here"),
        (b"\1\0", "limiterd -> auditd 2 bytes, malformed: the frame or a field ends too early"),
    ):
        pipe.send(strange)
        tap.is_(pipe.receive_frame()[0], 1, "a strange frame is answered with FAULT")
        frames.shows(shown)
    pipe.send(asked + asked)
    tap.is_([pipe.receive_frame()[:2] for _ in range(2)], [(67, 5)] * 2, "what follows is answered")
    pipe.send_raw(b"\2" + bytes(8))
    frames.shows("limiterd-auditd: down")


def both_ends(s, listener):
    """The listener's connection and the dialer's, through the program."""
    return suite.together(2, lambda i: nngipc.dial(path(s, "proxyd-limiterd")) if i else listener.accept())


def send_until_held(sock, data):
    """How many bytes the socket takes of endless data before it takes no more."""
    sent = 0
    sock.setblocking(False)
    while sent < ENDLESS and select.select([], [sock], [], 0.5)[1]:
        sent += sock.send(data[sent % len(data) :])
    return sent


def slow_listener():
    """The test is both ends.  A listener that reads nothing holds up the dialer; nothing is lost."""
    message = nngipc.frame(38, 1, bytes(8000))
    message = b"\1" + len(message).to_bytes(8, "big") + message
    with suite.Suite(daemons=()) as s:
        listener = nngipc.Listener(path(s, "proxyd-limiterd"))
        frames = Frames(s, "proxyd-limiterd")
        listener.accept().close()
        far, near = both_ends(s, listener)
        sent = send_until_held(near.sock, message * 100)
        tap.ok(sent < ENDLESS, "who sends more than the other end reads is held up")
        for _ in range(sent // len(message)):
            if far.receive() != message[9:]:
                tap.ok(False, "what was sent comes as it was")
        frames.shows("LIMIT_KEEP id 1, 8000 bytes: a sealed lease <8000 bytes, no stamp: ", sent // len(message))
        tap.is_(frames.end(), 0, "and it ends well")


def pass_many(far, near, count):
    frame = nngipc.frame(41, 1)
    for _ in range(count):
        far.send(frame)
        if near.receive() != frame:
            tap.ok(False, "what was sent comes as it was")


def stuck_terminal():
    """A terminal that takes nothing holds up nobody, nor does whoever would stop the program."""
    for ending in (signal.SIGTSTP, signal.SIGQUIT, signal.SIGTERM):
        with suite.Suite(daemons=()) as s:
            listener = nngipc.Listener(path(s, "proxyd-limiterd"))
            terminal, its_end = pty.openpty()
            frames = suite.Process("frames", [os.path.join(BIN, "heimgate"), "frames", "proxyd-limiterd"],
                                   os.path.join(s.directory, "frames.log"), s.settings(), stdout=its_end)
            listener.accept().close()
            far, near = both_ends(s, listener)
            pass_many(far, near, 2000)
            tap.is_(frames.end(ending), 0, "all frames have come to the other end, and %s ends it" % ending.name)
            tap.is_(names_in(s, "proxyd-limiterd"), ["link"], "with the socket in its place")
            os.close(terminal)
            os.close(its_end)


def nobody_reads_it():
    """Lines that nobody takes hold up nobody: they are counted."""
    frame, count = nngipc.frame(41, 1), 20000
    with suite.Suite(daemons=()) as s:
        listener = nngipc.Listener(path(s, "proxyd-limiterd"))
        frames = suite.Process("frames", [os.path.join(BIN, "heimgate"), "frames", "proxyd-limiterd"],
                               os.path.join(s.directory, "frames.log"), s.settings(), stdout=subprocess.PIPE)
        listener.accept().close()
        far, near = both_ends(s, listener)
        pass_many(far, near, count)
        frames.popen.stdout.readline()
        while b" frames were not shown: " not in frames.popen.stdout.readline():
            far.send(frame)
            near.receive()
        tap.ok(True, "every frame has come, and it is said that some were not shown")
        frames.popen.stdout.close()
        far.send(frame)
        tap.is_(frames.popen.wait(suite.PATIENCE), 0, "it ends when nobody can read it any more")


def invocations():
    with suite.Suite(daemons=()) as s:
        told = s.tool("frames", "--help").stdout
        tap.ok(b"limiterd-auditd" in told and b"ctl-" not in told, "--help lists the links between daemons")
        tap.is_(s.tool("frames", check=False).returncode, 100, "without a link it is a mistake")
        tap.is_(s.tool("frames", "ctl-authd", check=False).returncode, 100, "and so is another's name")
        tap.is_(s.tool("frames", "edge-authd", check=False).returncode, 111, "without a gate there is nothing to do")


running_gate()
one_listener()
slow_listener()
stuck_terminal()
nobody_reads_it()
invocations()
