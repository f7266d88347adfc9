#!/usr/bin/env python3
"""Shows the frames between one daemon and all others, one line each, while it passes them on.

    tests/conform/frames.py DAEMON RUN OWN

A link has two ends and no place for a third, so this program stands in the middle: RUN is the run directory of the
others, OWN another one with which DAEMON was started.  Fields are named as in docs/PROTOCOL.md, from which they are
read.  Stamps are shown by their length and the key that they are about; hashes of credentials, and what clients and
models say, by their length alone.
"""

import argparse
import os
import socket
import sys
import threading

import document
import party
from party import nngipc

SHOWN_MAX = 60  # bytes of a field that is no text
PRIVATE = {"SHA-256 of the credential", "header lines", "its first bytes", "bytes", "JSON object"}
STAMPS = {"a sealed grant": document.GRANT, "sealed grant": document.GRANT, "sealed lease": document.LEASE}
STAMPS["a sealed lease"] = document.LEASE
printing = threading.Lock()


def stamp(name, sealed):
    try:
        about = document.decode(STAMPS[name], sealed)
    except document.Malformed as error:
        return "<%d bytes: %s>" % (len(sealed), error)
    return "<%d bytes, of key %s>" % (len(sealed), about["key id"])


def shown(name, value):
    if name in STAMPS and value:
        return stamp(name, value)
    if name in PRIVATE and isinstance(value, (bytes, str)):
        return "<%d bytes>" % len(value)
    if isinstance(value, bytes):
        return value[:SHOWN_MAX].hex() + ("..." if len(value) > SHOWN_MAX else "")
    return repr(value) if isinstance(value, str) else str(value)


def fields_of(message, body):
    if message.name == "HEALTH":
        return "; ".join(
            "%s %s %r" % (name, "well" if well else "not well", text)
            for name, (well, text) in document.health(body).items()
        )
    values = document.decode(message.fields, body)
    return "; ".join("%s %s" % (name, shown(name, value)) for name, value in values.items())


def describe(kind, number, body):
    message = document.BY_NUMBER.get(kind)
    if not message:
        return "number %d id %d, %d bytes" % (kind, number, len(body))
    try:
        return "%s id %d, %d bytes: %s" % (message.name, number, len(body), fields_of(message, body))
    except (document.Malformed, IndexError) as error:
        return "%s id %d, %d bytes, which are malformed: %s" % (message.name, number, len(body), error)


def lines(payload):
    """What to print of a message: a line for each frame, also where they are not what they should be."""
    while len(payload) >= 16:
        version, _flags, kind, length, number = nngipc.HEADER.unpack_from(payload)
        body, payload = payload[16 : 16 + length], payload[16 + length :]
        wrong = "" if version == nngipc.VERSION else "version %d: " % version
        yield wrong + describe(kind, number, body) + ("" if len(body) == length else ", cut short")
    if payload:
        yield "%d bytes that are no frame" % len(payload)


def pass_on(source, target, who):
    try:
        while True:
            payload = source.receive()
            with printing:
                for line in lines(payload):
                    print(who, line, flush=True)
            target.send(payload)
    except (nngipc.Closed, OSError):
        pass
    for pipe in (source, target):
        try:
            pipe.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def relay(name, listener, where):
    """Peers of a link, one after the other."""
    link = document.LINKS[name]
    while True:
        dialer = listener.accept()
        try:
            target = nngipc.dial(where, deadline=party.PATIENCE)
        except (nngipc.Closed, OSError):
            dialer.close()
            continue
        for pipe in (dialer, target):
            pipe.settimeout(None)
        back = threading.Thread(target=pass_on, args=(target, dialer, "%s -> %s" % (link.listener, link.dialer)))
        back.start()
        pass_on(dialer, target, "%s -> %s" % (link.dialer, link.listener))
        back.join()
        dialer.close()
        target.close()


def main():
    parser = argparse.ArgumentParser(description="Shows the frames between one daemon and all others.")
    parser.add_argument("daemon", choices=("authd", "limiterd", "proxyd", "auditd", "edge"))
    parser.add_argument("run", help="the run directory of the others")
    parser.add_argument("own", help="the run directory of this daemon alone")
    options = parser.parse_args()
    run, own = os.path.abspath(options.run), os.path.abspath(options.own)
    for name, link in document.LINKS.items():
        if options.daemon not in link or name.startswith("ctl-"):
            continue
        here, there = (run, own) if link.listener == options.daemon else (own, run)
        listener = nngipc.Listener(party.path(here, name), timeout=None)
        threading.Thread(target=relay, args=(name, listener, party.path(there, name)), daemon=True).start()
    print("passing on the frames of %s; Ctrl-C ends it" % options.daemon, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
