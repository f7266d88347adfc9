"""A daemon that was taken over: its links, with all the rights that they give, in the hands of a program of another
kind.  The daemon is killed first, since a link lets nobody in beside it."""

import hashlib
import os
import re

import suite
import tap

import nngipc
import wire


class Taken:
    """The place of a daemon: `dials` are links to others, `listens` those at which others will come."""

    def __init__(self, s, daemon, dials, listens=()):
        self.suite = s
        self.daemon = daemon
        s.kill(daemon)
        # At once: whoever dials tries again and again.
        paths = [os.path.join(s.run, name, "link") for name in listens]
        self.listeners = [nngipc.Listener(path, timeout=suite.PATIENCE) for path in paths]
        self.links = {name: wire.Link(s, name) for name in dials}
        for name, listener in zip(listens, self.listeners):
            self.links[name] = wire.Link(s, name, listener.accept())

    def __getitem__(self, name):
        return self.links[name]

    def again(self, name):
        """Connects anew."""
        self.links[name].close()
        self.links[name] = suite.until(lambda: connected(self.suite, name), "a place on " + name)
        return self.links[name]

    def give_back(self):
        """The daemon is itself again."""
        for each in [*self.links.values(), *self.listeners]:
            each.close()
        self.suite.start(self.daemon)
        self.suite.wait_serving()


def connected(s, name):
    """A working link, or None: after the last peer went, its place takes a moment to be free."""
    try:
        link = wire.Link(s, name)
        return link if link.refusal(997) == wire.BAD_TYPE else None
    except nngipc.Closed:
        return None


def edge(s):
    return Taken(s, "edge", ("edge-authd", "edge-limiterd", "edge-proxyd", "edge-auditd"))


def proxyd(s):
    return Taken(s, "proxyd", ("proxyd-limiterd", "proxyd-auditd"), ("edge-proxyd", "authd-proxyd"))


def granted(taken, key):
    """What authd says of a credential: (type, body)."""
    return taken["edge-authd"].ask(wire.AUTH_ASK, hashlib.sha256(key.encode()).digest() + bytes(16))


def grant_of(taken, key):
    kind, body = granted(taken, key)
    assert kind == wire.AUTH_GRANT, (kind, body)
    return body


def take(taken, grant, **asked):
    """What limiterd says: the sealed lease, or the reason why not."""
    kind, body = taken["edge-limiterd"].ask(wire.LIMIT_TAKE, wire.take(grant, **asked))
    if kind == wire.LIMIT_LEASE:
        return wire.leased(body)
    assert kind in (wire.LIMIT_DENY, wire.FAULT), kind
    return body[0] if kind == wire.LIMIT_DENY else "refused"


def answer_to(link, number):
    """What becomes of a stream: its status and its answer, or the number of the refusal."""
    status, data = None, b""
    while True:
        kind, answered, body = link.receive()
        if answered != number:
            continue
        if kind == wire.FAULT:
            return "refused", int.from_bytes(body[:2], "big")
        if kind == wire.STREAM_HEAD:
            status = int.from_bytes(body[:2], "big")
        elif kind == wire.STREAM_DATA:
            data += body
        elif kind == wire.STREAM_TRAILER:
            return status, data


def send_open(link, lease, body, **members):
    return link.send(wire.STREAM_OPEN, wire.stream_open(lease, body, **members), flags=wire.FLAG_END)


def opened(taken, lease, body):
    link = taken["edge-proxyd"]
    return answer_to(link, send_open(link, lease, body))


def await_trace(s, daemon, pattern, name, attempt=lambda: None):
    """The log line that an attempt leaves.  What can be made to happen often is logged once a second: try again.  A
    limiterd of somebody else's has a log in words of its own."""
    if daemon == "limiterd" and "HEIMGATE_LIMITERD" in os.environ:
        attempt()
        return

    def traced():
        attempt()
        return re.search(pattern, s.log(daemon))

    found = suite.until(traced, "%r in the log of %s" % (pattern, daemon))
    tap.ok(found, "%s; trace: %s's log has %s" % (name, daemon, found.group()))


def key_of(s, key):
    """What limiterd counts of a key."""
    return next(row for row in s.limits()["keys"] if row["key"] == s.key_id(key))
