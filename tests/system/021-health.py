#!/usr/bin/env python3
"""Health: alive is alive, and ready means every daemon and store, each by its name."""

import ctypes

import suite
import tap

HOPS = ("authd", "limiterd", "proxyd", "auditd")


def sandbox():
    """What every daemon can have on this kernel, which says in the same way on all machines whether it has Landlock."""
    create_ruleset, ask_version = 444, 1
    version = ctypes.CDLL(None).syscall(create_ruleset, None, 0, ask_version)
    return "seccomp+landlock" if version > 0 else "seccomp, no landlock"


def filters(pid):
    """How the kernel judges the system calls of a process; 2: by a filter."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return dict(line.strip().split(":\t", 1) for line in file if ":\t" in line)["Seccomp"]


def unwell(answer):
    """The names of what is not well: daemons, and daemon/part."""
    found = set()
    for name, daemon in answer.json()["daemons"].items():
        parts = {"%s/%s" % (name, part) for part, state in daemon["parts"].items() if not state["well"]}
        found |= parts | ({name} if not daemon["well"] else set())
    return found


with suite.Suite() as s:
    suite.until(lambda: s.http("GET", "/ready").status == 200, "readiness")
    ready = s.http("GET", "/ready")
    tap.is_((ready.json()["ready"], unwell(ready)), (True, set()), "all is well, and a stranger may know")
    tap.is_(set(ready.json()["daemons"]), {"edge", *HOPS}, "the five daemons by name")
    parts = {name: set(daemon["parts"]) for name, daemon in ready.json()["daemons"].items()}
    tap.ok("store" in parts["authd"] and {"journal", "store"} <= parts["auditd"], "and their stores")
    tap.ok(all("sandbox" in each for each in parts.values()), "and what kind of sandbox each is in")
    for name, daemon in ready.json()["daemons"].items():
        tap.has(daemon["parts"]["sandbox"]["text"], sandbox(), "%s says that all the kernel has holds it" % name)
        tap.is_(filters(s.running[name].pid), "2", "and the kernel that it filters its system calls")
    tap.ok(str(s.mock.port).encode() not in ready.body, "but not where model servers are")
    for name in HOPS:
        s.kill(name)
        suite.until(lambda name=name: name in unwell(s.http("GET", "/ready")), name + " to be missed")
        down = s.http("GET", "/ready")
        tap.is_((down.status, down.json()["ready"]), (503, False), "without %s nothing is ready" % name)
        tap.is_([s.http("GET", path).status for path in ("/health", "/api/v1/health", "/")], [200] * 3, "but alive")
        s.start(name)
        s.wait_serving()
        tap.is_(unwell(s.http("GET", "/ready")), set(), "%s is back, and all is well" % name)
    mark = s.mock.mark()
    for _ in range(20):
        s.http("GET", "/ready")
    asked = [event for event in s.mock.events(mark, event="request") if event["method"] != "GET"]
    tap.is_(asked, [], "asking for health generates no token")
