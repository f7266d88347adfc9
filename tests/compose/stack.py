"""The Compose stacks, brought up with the documented commands from a copy of the tree."""

import atexit
import json
import os
import re
import sys

import client
import podman
import tap
from process import until

DAEMONS = ("edge", "authd", "limiterd", "proxyd", "auditd")
OURS = ("door",) + DAEMONS
ALL = OURS + ("postgres", "redis")


def copy_tree(place):
    """What somebody has who cloned the repository."""
    os.makedirs(place)
    listed = "git ls-files -co -z --exclude-standard | tar --null -T - -c | tar -x -C " + place
    podman.run("sh", "-euc", listed, cwd=podman.ROOT)
    return place


class Stack(client.Clients):
    """prefix: of its make targets; project: its name for podman-compose."""

    def __init__(self, tree, env, project, prefix, port):
        self.tree = tree
        self.env = env
        self.project = project
        self.prefix = prefix
        self.port = port
        self.secrets = os.path.join(tree, "compose", "secrets", "dev" if prefix else "prod")
        self.keys = 0
        atexit.register(self.show_logs)

    # --- as a person has it ---

    def make(self, target, **variables):
        """`make TARGET` in the tree: what it said."""
        words = ["%s=%s" % variable for variable in variables.items()]
        return podman.run("make", "--no-print-directory", target, *words, env=self.env, cwd=self.tree)

    def up(self, **variables):
        said = self.make(self.prefix + "up", **variables)
        self.wait_serving()
        return said

    def down(self):
        return self.make(self.prefix + "down")

    def wait_serving(self):
        def ready():
            try:
                return self.http("GET", "/ready", timeout=2).status == 200
            except OSError:
                return False

        until(ready, "readiness of " + self.project)

    def unwell(self):
        """What /ready says is not well: names of daemons, and of parts as "authd/store"."""
        answer = self.http("GET", "/ready")
        found = set()
        for name, daemon in answer.json()["daemons"].items():
            found |= set() if daemon["well"] else {name}
            found |= {"%s/%s" % (name, part) for part, state in daemon["parts"].items() if not state["well"]}
        return found

    # --- people's tools ---

    def tool(self, name, *arguments, check=True):
        """`heimgate NAME ...` in the container of the daemon it speaks to: what it said."""
        service = {"key": "authd", "limits": "limiterd", "audit": "auditd"}[name]
        command = ("podman", "exec", self.name(service), "heimgate", name, *arguments)
        return podman.run(*command, env=self.env, check=check)

    def make_key(self, **options):
        self.keys += 1
        words = ["--name", "test-%d" % self.keys]
        for option, value in options.items():
            words += ["--" + option, str(value)]
        return re.search(r"sk-hg-\S+", self.tool("key", "create", *words)).group()

    @staticmethod
    def key_id(key):
        return key.split("-")[2]

    def limits(self):
        """What limiterd counts now."""
        return json.loads(self.tool("limits", "show", "--json"))

    def used(self, key):
        """Of its budget."""
        rows = [row for row in self.limits()["keys"] if row["key"] == self.key_id(key)]
        return rows[0]["budget"]["used"] if rows else None

    def records(self, **wanted):
        """The records of the journal with these members, oldest first."""
        found = []
        for name in sorted(os.listdir(self.journal())):
            if name.endswith(".jsonl"):
                with open(os.path.join(self.journal(), name), "rb") as file:
                    found += [json.loads(line) for line in file.read().split(b"\n")[:-1]]
        return [record for record in found if all(record[name] == value for name, value in wanted.items())]

    def journal(self):
        """The directory of the journal, in its volume."""
        return self.in_volume("auditd", "/var/lib/heimgate/auditd/journal")

    def in_volume(self, service, path):
        """Where on the machine a path of a container is that lies in one of its volumes."""
        for mount in self.inspect(service)["Mounts"]:
            if path.startswith(mount["Destination"] + "/"):
                return mount["Source"] + path[len(mount["Destination"]) :]
        raise ValueError("%s of %s is in no volume" % (path, service))

    # --- containers ---

    def podman(self, *arguments):
        return podman.run("podman", *arguments, env=self.env)

    def name(self, service):
        """The name of its container."""
        return "%s-%s" % (self.project, service)

    def inspect(self, service):
        return json.loads(self.podman("inspect", self.name(service)))[0]

    def mounts(self):
        """Of all its containers."""
        return [mount for service in ALL for mount in self.inspect(service)["Mounts"]]

    def pid(self, service):
        """Of its first process; 0 while it does not run."""
        return self.inspect(service)["State"]["Pid"]

    def services(self):
        """Whose containers run."""
        label = "label=com.docker.compose.project=" + self.project
        listed = json.loads(self.podman("ps", "--filter", label, "--format", "json"))
        return {each["Labels"]["com.docker.compose.service"] for each in listed}

    def published(self, service):
        """Its ports on the machine, as (address, port)."""
        bindings = self.inspect(service)["HostConfig"]["PortBindings"] or {}
        return [(each["HostIp"], int(each["HostPort"])) for ports in bindings.values() for each in ports or ()]

    def addresses(self, service):
        """In each network it is in."""
        networks = self.inspect(service)["NetworkSettings"].get("Networks") or {}
        return {name: network["IPAddress"] for name, network in networks.items()}

    def log(self, service):
        return self.podman("logs", self.name(service))

    def show_logs(self):
        """What the containers said last, when a check failed."""
        for service in sorted(self.services()) if tap.failures() else ():
            tap.diag("--- %s ---" % self.name(service))
            tap.diag("\n".join(self.log(service).splitlines()[-40:]))

    def crash(self, service):
        """Kills its process; returns when podman has started another."""
        pid = self.pid(service)
        os.kill(pid, 9)
        until(lambda: self.pid(service) not in (0, pid), "restart of " + service)

    def stop(self, service):
        self.podman("stop", "--time", "5", self.name(service))

    def start(self, service):
        self.podman("start", self.name(service))

    def probe(self, service, *targets):
        """What somebody could reach who took this container over: see probe.py."""
        probe = os.path.join(podman.HERE, "probe.py")
        return json.loads(podman.run(sys.executable, probe, str(self.pid(service)), *targets))
