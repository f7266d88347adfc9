#!/usr/bin/env python3
"""What an attacker who took over a container's process could reach: `probe.py PID HOST:PORT...` prints an object.

Run as root on the machine, it steps into the process's namespaces, becomes its user without capabilities, and tries.
An image without a shell or any other program is looked into all the same.

tcp:       what became of a connection to each HOST:PORT: "open", the name of an error, or "nothing" (no answer)
sockets:   each unix socket in sight, likewise
writable:  directories below which it may make files
readable:  files in /run/secrets that it may read
"""

import ctypes
import encodings.idna  # noqa: F401  # what is needed later cannot be loaded from in there
import errno
import json
import os
import re
import select
import socket
import stat
import sys
import time

ANSWER_WITHIN = 1.5  # seconds; all of these hosts are on this machine
NOT_WALKED = ("/proc", "/sys")


def become(pid):
    """Enters the namespaces and takes the identity of the process."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        status = dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))
    libc = ctypes.CDLL(None, use_errno=True)
    spaces = [os.open("/proc/%d/ns/%s" % (pid, name), os.O_RDONLY) for name in ("net", "ipc", "mnt")]
    for space in spaces:
        if libc.setns(space, 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    os.chdir("/")
    os.setgroups([int(group) for group in status["Groups"].split()])
    os.setresgid(*[int(status["Gid"].split()[0])] * 3)
    os.setresuid(*[int(status["Uid"].split()[0])] * 3)


def outcome(code):
    return errno.errorcode[code] if code else "open"


def try_tcp(targets):
    """All at once: how each connection came out."""
    found, waiting = {}, {}
    for target in targets:
        host, port = target.rsplit(":", 1)
        try:
            address = socket.getaddrinfo(host, int(port), socket.AF_INET, socket.SOCK_STREAM)[0][4]
        except socket.gaierror:
            found[target] = "unknown name"
            continue
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            waiting[sock] = target
        else:
            found[target] = outcome(code)
    end = time.monotonic() + ANSWER_WITHIN
    while waiting and time.monotonic() < end:
        for sock in select.select([], list(waiting), [], max(0.0, end - time.monotonic()))[1]:
            found[waiting.pop(sock)] = outcome(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    found.update({target: "nothing" for target in waiting.values()})
    return found


def try_socket(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        return outcome(sock.connect_ex(path))


def walk():
    """Every directory in sight, and what is in it."""
    for place, folders, files in os.walk("/"):
        if place in NOT_WALKED:
            folders.clear()
            continue
        yield place, files


def look_around():
    sockets, writable = {}, []
    for place, files in walk():
        if os.access(place, os.W_OK):
            writable.append(place)
        for path in (os.path.join(place, name) for name in files):
            if stat.S_ISSOCK(os.lstat(path).st_mode):
                sockets[path] = try_socket(path)
    secrets = os.listdir("/run/secrets") if os.path.isdir("/run/secrets") else []
    readable = [name for name in secrets if os.access(os.path.join("/run/secrets", name), os.R_OK)]
    return {"sockets": sockets, "writable": sorted(writable), "readable": sorted(readable)}


if __name__ == "__main__":
    become(int(sys.argv[1]))
    print(json.dumps({"tcp": try_tcp(sys.argv[2:]), **look_around()}))
