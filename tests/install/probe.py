#!/usr/bin/python3 -I
"""What a process can see and do where it is started, as JSON: run in the place of a daemon, as its unit runs that.

Arguments: the port of a server on 127.0.0.1, and addresses to which a datagram is to be sent.
"""

import glob
import json
import os
import socket
import subprocess
import sys

WRITABLE = ("/etc", "/usr", "/var", "/var/lib", "/var/lib/heimgate", "/run", "/run/heimgate", "/root", "/home", "/srv")
SECRETS = ["/etc/heimgate/secrets/" + name for name in ("door", "edge", "authd", "limiterd", "proxyd", "auditd")]
READABLE = ("/etc/shadow", "/root", "/dev/kmsg", "/proc/sys", "/proc/1/environ", "/etc/heimgate/secrets", *SECRETS)


def works(action, *arguments):
    try:
        action(*arguments)
    except OSError:
        return False
    return True


def runs(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def connect(path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)


def send(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"?", (address, 9))


def create(directory):
    path = os.path.join(directory, "probe")
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    os.unlink(path)


def look(path):
    if os.path.isdir(path):
        os.listdir(path)
    else:
        os.close(os.open(path, os.O_RDONLY))


def below(directory):
    return sorted(os.path.relpath(path, directory) for path in glob.glob(directory + "/**", recursive=True)[1:])


def status():
    with open("/proc/self/status", encoding="ascii") as file:
        return dict(line.strip().split(":\t", 1) for line in file if ":\t" in line)


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


links = sorted(glob.glob("/run/heimgate/*/link"))
own_directories = sorted(glob.glob("/run/heimgate/*")) + sorted(glob.glob("/var/lib/heimgate/*"))
me = status()
print(json.dumps({
    "links": [path.split("/")[3] for path in links if works(connect, path)],
    "present": {"run": sorted(os.listdir("/run/heimgate")), "state": below("/var/lib/heimgate")},
    "writes": [path for path in (*WRITABLE, *own_directories) if works(create, path)],
    "reads": [path for path in READABLE if works(look, path)],
    "sends": [address for address in sys.argv[2:] if works(send, address)],
    "local": works(socket.create_connection, ("127.0.0.1", int(sys.argv[1])), 5),
    "sockets": [name for name in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK")
                if works(lambda name=name: socket.socket(getattr(socket, name), socket.SOCK_DGRAM).close())],
    "calls": {"chown": works(os.chown, "/tmp", os.getuid(), os.getgid()),
              "affinity": works(os.sched_setaffinity, 0, os.sched_getaffinity(0)),
              "priority": works(os.setpriority, os.PRIO_PROCESS, 0, 0),
              "namespace": runs("unshare", "--user", "true"),
              "mount": runs("mount", "-t", "tmpfs", "none", "/tmp")},
    "processes": processes(),
    "status": {name: me[name] for name in ("CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")},
}))
