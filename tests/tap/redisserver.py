"""Real Redis servers, private to a test: one with a password, or a cluster of three."""

import os
import re
import subprocess

from servers import Server, free_port, until


class Redis(Server):
    """
    A Redis as the documents say it should be: with a password, in a file.  It keeps what it holds only over an
    orderly stop().
    """

    PASSWORD = "redis-password"

    def __init__(self, *options):
        super().__init__("redis")
        self.config = os.path.join(self.directory, "redis.conf")
        with open(self.config, "w", encoding="ascii") as file:
            file.write("bind 127.0.0.1\nport %d\ndir %s\nsave 3600 1000000\nrequirepass %s\n%s\n"
                       % (self.port, self.directory, self.PASSWORD, "\n".join(options)))
        self.start()

    def start(self):
        self.start_process(["redis-server", self.config])

    def restart_empty(self):
        """As after a crash of a machine without persistence."""
        self.kill()
        self.start()

    def answers(self):
        return self.cli("PING", check=False).strip() == "PONG"

    def cli(self, *words, check=True):
        """What redis-cli prints."""
        done = subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, check=False,
                              env={**os.environ, "REDISCLI_AUTH": self.PASSWORD})
        if check and done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def calls(self, command="evalsha"):
        """How often a command was run since forget_calls()."""
        found = re.search(r"^cmdstat_%s:calls=(\d+)" % re.escape(command), self.cli("INFO", "commandstats"), re.M)
        return int(found[1]) if found else 0

    def forget_calls(self):
        self.cli("CONFIG", "RESETSTAT")

    def url(self):
        return "redis://127.0.0.1:%d" % self.port

    def environment(self):
        """The settings of a limiterd that counts here."""
        return {"HEIMGATE_LIMIT_STORE": self.url(),
                "HEIMGATE_LIMIT_STORE_PASSWORD_FILE": self.password_file(self.PASSWORD)}


class RedisCluster:
    """Three masters that share the slots."""

    def __init__(self):
        self.nodes = [Redis("cluster-enabled yes", "cluster-port %d" % free_port(), "cluster-node-timeout 2000",
                            "masterauth " + Redis.PASSWORD) for _ in range(3)]
        places = ["127.0.0.1:%d" % node.port for node in self.nodes]
        self.nodes[0].cli("--cluster", "create", *places, "--cluster-yes")
        until(lambda: all("cluster_state:ok" in node.cli("CLUSTER", "INFO") for node in self.nodes), "a whole cluster")

    def owner_of(self, key):
        """The node that has the key's slot."""
        slot = int(self.nodes[0].cli("CLUSTER", "KEYSLOT", key))
        for line in self.nodes[0].cli("CLUSTER", "NODES").splitlines():
            words = line.split()
            for span in words[8:]:
                first, _, last = span.partition("-")
                if int(first) <= slot <= int(last or first):
                    port = int(re.search(r":(\d+)@", words[1])[1])
                    return next(node for node in self.nodes if node.port == port)
        raise LookupError(key)
