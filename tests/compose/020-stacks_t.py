#!/usr/bin/env python3
"""Both Compose stacks at once on one machine: they serve, share nothing, and no container reaches what it must not."""

import glob
import os
import re

import images
import stack
import tap
import world
from mockserver import Mock

ECHO = "Reply with exactly this text and nothing else: "
MOCK_PORT = 11434  # where Ollama would listen
LINKS = {
    "door": {"door"},
    "edge": {"door", "edge-authd", "edge-limiterd", "edge-proxyd", "edge-auditd"},
    "authd": {"edge-authd", "authd-auditd", "authd-proxyd", "ctl-authd"},
    "limiterd": {"edge-limiterd", "proxyd-limiterd", "limiterd-auditd", "ctl-limiterd"},
    "proxyd": {"edge-proxyd", "proxyd-limiterd", "proxyd-auditd", "authd-proxyd", "ctl-proxyd"},
    "auditd": {"edge-auditd", "proxyd-auditd", "authd-auditd", "limiterd-auditd", "ctl-auditd"},
    "postgres": set(),
    "redis": set(),
}
PORTS = {"door": 8000, "postgres": 5432, "redis": 6379}
REACHED = {
    "door": (),
    "edge": (),
    "authd": ("postgres of PROJECT",),
    "limiterd": ("redis of PROJECT",),
    "proxyd": ("the internet", "the internet by name"),
    "auditd": ("postgres of PROJECT",),
    "postgres": (),
    "redis": (),
}
SCRATCH = ("/dev/shm", "/dev/mqueue", "/tmp", "/var/tmp")  # empty memory that podman gives to every container
KEPT = {
    "door": (),
    "edge": (),
    "authd": ("/var/lib/heimgate/authd",),
    "limiterd": (),
    "proxyd": (),
    "auditd": ("/var/lib/heimgate/auditd",),
    "postgres": ("/var/lib/postgresql/data", "/run/postgresql"),
    "redis": ("/data",),
}
SECRETS = {
    "door": set(),
    "edge": set(),
    "authd": {"grant.key", "postgres"},
    "limiterd": {"grant.key", "lease.key", "redis"},
    "proxyd": {"lease.key"},
    "auditd": {"postgres"},
    "postgres": {"superuser", "authd", "auditd"},
    "redis": {"users.acl"},
}


# --- they serve ---


def check_chat(s, key):
    answer = s.chat(key, "llama3.2", text=ECHO + s.project)
    tap.is_(answer.json()["choices"][0]["message"]["content"], s.project, "%s answers a chat" % s.project)
    stream = s.stream(key, "stream-20x200")
    first = stream.event()
    text, proper = stream.rest()
    tap.ok(first.startswith(b"data: {") and proper and text.endswith(b"data: [DONE]\n\n"), "and streams another")


def check_apart(one, other):
    key, foreign = one.make_key(), other.make_key()
    check_chat(one, key)
    check_chat(other, foreign)
    tap.is_([one.chat(foreign, "m").status, other.chat(key, "m").status], [401, 401], "neither knows the other's keys")
    shared = {mount["Source"] for mount in one.mounts()} & {mount["Source"] for mount in other.mounts()}
    tap.is_({path for path in shared if "volumes" in path or "secret" in path}, set(), "no volume or secret is shared")
    networks = [{name for service in stack.ALL for name in s.addresses(service)} for s in (one, other)]
    tap.is_(networks[0] & networks[1], set(), "and no network")


# --- each with the rights it needs ---


def status_of(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.M))


def secrets_of(s):
    """The contents of all files with secrets, as bytes."""
    paths = [path for path in glob.glob(os.path.join(s.secrets, "*")) if os.path.isfile(path)]
    return [open(path, "rb").read().strip() for path in paths]


def check_process(s, service):
    about, status = s.inspect(service), status_of(s.pid(service))
    tap.ok(status["Uid"].split()[0] != "0", "%s does not run as root" % service)
    rights = (status["CapEff"], status["CapPrm"], status["CapBnd"], status["NoNewPrivs"])
    tap.is_(rights, ("0" * 16,) * 3 + ("1",), "without capabilities or a way to get some")
    host = about["HostConfig"]
    tap.ok(host["ReadonlyRootfs"] and not host["Privileged"], "on a root that cannot be written to")
    tap.ok(0 < host["Memory"] <= 1 << 30 and 0 < host["PidsLimit"] <= 4096, "with limits of memory and processes")
    wanted = [("127.0.0.1", s.port)] if service == "door" else []
    tap.is_(s.published(service), wanted, "and no published port but the door's")
    with open("/proc/%d/environ" % s.pid(service), "rb") as file:
        environment = file.read() + repr(about["Config"]["Cmd"]).encode()
    secrets = secrets_of(s)
    leaked = [secret for secret in secrets if secret in environment]
    tap.ok(len(secrets) >= 6 and not leaked, "none of %d secrets is in its environment or command" % len(secrets))
    if service in ("authd", "limiterd", "proxyd"):
        tap.ok(status["VmLck"] != "0 kB", "what it holds of them is locked in memory: " + status["VmLck"])


def check_stores(s):
    for store in ("postgres", "redis"):
        s.podman("healthcheck", "run", s.name(store))
        tap.ok(True, "the health check of %s finds it well" % store)


def check_targets(s):
    tap.has(s.make("ps"), "heimgate-edge", "make ps shows containers")
    tap.has(s.make("logs"), "event=ready", "make logs shows what they said")


def check_users(s):
    users = {service: status_of(s.pid(service))["Uid"].split()[0] for service in stack.OURS}
    tap.is_(len(set(users.values())), len(users), "each daemon has a user of its own: %s" % users)


# --- and reaching only what it must ---


def targets_of(stacks):
    """HOST:PORT of whatever listens anywhere, and what it is."""
    found = {"%s:80" % world.OUTSIDE: "the internet", "www.example.com:80": "the internet by name"}
    for s in stacks:
        for service, port in PORTS.items():
            for address in s.addresses(service).values():
                found["%s:%d" % (address, port)] = "%s of %s" % (service, s.project)
    return found


def check_reach(s, service, targets):
    """What is in reach over the network: a store, and for proxyd alone the world."""
    tcp = s.probe(service, *targets)["tcp"]
    itself = "%s of %s" % (service, s.project)
    reached = {what for target, what in targets.items() if tcp[target] == "open" and what != itself}
    wanted = {what.replace("PROJECT", s.project) for what in REACHED[service]}
    tap.is_(reached, wanted, "%s reaches %s" % (itself, " and ".join(sorted(wanted)) or "nothing"))


def check_reuse(s, key, targets):
    """edge accepts connections of the door's network, and a connection can be turned elsewhere."""
    stream = s.stream(key, "fault-stall-mid")
    stream.event()
    reused = s.probe("edge", "--reuse", *targets)["reused"]
    reached = {targets[target] for target, outcome in reused.items() if outcome == "open"}
    tap.ok(reused, "a client's connection can be taken from edge")
    tap.is_(reached - {"door of " + s.project}, set(), "but leads nowhere else")
    stream.close()


def check_sight(s, service):
    """What is in sight: the sockets of its links, nothing to write but its own."""
    found = s.probe(service)
    links = {path.split("/")[-2] for path in found["sockets"] if path.endswith("/link")}
    others = [path for path in found["sockets"] if not path.endswith("/link")]
    tap.is_(links, LINKS[service], "%s sees the sockets of its own links" % service)
    tap.is_([path for path in others if not path.startswith("/run/postgresql/")], [], "and no other socket")
    own = SCRATCH + KEPT[service] + tuple("/run/heimgate/" + link for link in LINKS[service])
    strange = [path for path in found["writable"] if not path.startswith(own)]
    tap.is_(strange, [], "may write where its links, its state and its scratch are")
    tap.is_(set(found["readable"]), SECRETS[service], "and reads these secrets: %s" % sorted(SECRETS[service]))


env = world.enter(images.make_all)
tree = stack.copy_tree("/run/tree")
outside = world.start_outside()
mock = Mock("/run", "--address", "0.0.0.0", port=MOCK_PORT)
prod = stack.Stack(tree, env, "heimgate", "", 8000)
dev = stack.Stack(tree, env, "heimgate-dev", "dev-", 8010)
for each in (prod, dev):
    each.up()
check_apart(prod, dev)
check_users(prod)
check_stores(prod)
check_targets(prod)
hosts = targets_of((prod, dev))
for name in stack.ALL:
    check_process(prod, name)
    check_sight(prod, name)
    for each in (prod, dev):
        check_reach(each, name, hosts)
check_reuse(prod, prod.make_key(), hosts)
for each in (prod, dev):
    each.down()
tap.is_(prod.services() | dev.services(), set(), "down leaves nothing running")
