#!/usr/bin/env python3
"""What an attacker who took over a container's process could reach: `probe.py PID [--reuse] HOST:PORT...`.

Run as root on the machine, it steps into the process's namespaces, becomes its user without capabilities, and tries.
An image without a shell or any other program is looked into all the same.  What it prints is an object:

tcp:       what became of a connection to each HOST:PORT: "open", the name of an error, or "nothing" (no answer)
reused:    the same with a connection that the process holds, which may belong to another network; it is lost by that
sockets:   each unix socket in sight, likewise
writable:  directories below which it may make files
readable:  files in /run/secrets that it may read
"""

import argparse
import contextlib
import ctypes
import encodings.idna  # noqa: F401  # what is needed later cannot be loaded from in there
import errno
import json
import os
import re
import socket
import stat
from concurrent.futures import ThreadPoolExecutor

ANSWER_WITHIN = 1.5  # seconds; all of these hosts are on this machine
NOT_WALKED = ("/proc", "/sys")
LIBC = ctypes.CDLL(None, use_errno=True)
SYS_PIDFD_GETFD = 438  # on every architecture
NOWHERE = bytes(16)  # a sockaddr of AF_UNSPEC


def become(pid):
    """Enters the namespaces and takes the identity of the process."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        status = dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))
    spaces = [os.open("/proc/%d/ns/%s" % (pid, name), os.O_RDONLY) for name in ("net", "ipc", "mnt")]
    for space in spaces:
        if LIBC.setns(space, 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    os.chdir("/")
    os.setgroups([int(group) for group in status["Groups"].split()])
    os.setresgid(*[int(status["Gid"].split()[0])] * 3)
    os.setresuid(*[int(status["Uid"].split()[0])] * 3)


def take_connection(pid):
    """A copy of a TCP connection that the process holds; None: there is none."""
    process = os.pidfd_open(pid)
    for name in os.listdir("/proc/%d/fd" % pid):
        fd = LIBC.syscall(SYS_PIDFD_GETFD, process, int(name), 0)
        if fd < 0 or not stat.S_ISSOCK(os.fstat(fd).st_mode):
            continue
        sock = socket.socket(fileno=fd)
        with contextlib.suppress(OSError):
            if sock.family == socket.AF_INET and sock.getpeername():
                return sock
    return None


def connect(sock, target):
    host, port = target.rsplit(":", 1)
    sock.settimeout(ANSWER_WITHIN)
    try:
        sock.connect((socket.gethostbyname(host), int(port)))
    except socket.gaierror:
        return "unknown name"
    except TimeoutError:
        return "nothing"
    except OSError as error:
        return errno.errorcode[error.errno]
    return "open"


def try_tcp(targets):
    with ThreadPoolExecutor(len(targets) + 1) as pool:
        return dict(zip(targets, pool.map(lambda target: connect(socket.socket(), target), targets)))


def try_reused(sock, targets):
    """A connected socket can be disconnected, and then connects anew in the network that it was made in."""
    found = {}
    for target in targets if sock else ():
        LIBC.connect(sock.fileno(), NOWHERE, len(NOWHERE))
        found[target] = connect(sock, target)
    return found


def try_socket(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        code = sock.connect_ex(path)
        return errno.errorcode[code] if code else "open"


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
    options = argparse.ArgumentParser()
    options.add_argument("--reuse", action="store_true")
    options.add_argument("pid", type=int)
    options.add_argument("targets", nargs="*")
    given = options.parse_intermixed_args()
    connection = take_connection(given.pid) if given.reuse else None
    become(given.pid)
    print(json.dumps({"tcp": try_tcp(given.targets), "reused": try_reused(connection, given.targets), **look_around()}))
