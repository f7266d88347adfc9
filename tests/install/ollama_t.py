#!/usr/bin/env python3
"""How Ollama runs behind heimgate: the same settings on both systems, and in reach of containers but not of the LAN."""

import json
import os
import plistlib
import re
import tempfile

import machine
import suite
import tap

WANTED = {
    "OLLAMA_KEEP_ALIVE": "-1", "OLLAMA_MAX_LOADED_MODELS": "1", "OLLAMA_CONTEXT_LENGTH": "4096",
    "OLLAMA_FLASH_ATTENTION": "1", "OLLAMA_KV_CACHE_TYPE": "q8_0", "OLLAMA_NUM_PARALLEL": "10",
    "OLLAMA_MAX_QUEUE": "10",
}
DROP_IN = "/etc/systemd/system/ollama.service.d/heimgate.conf"
AGENT = "/Users/me/Library/LaunchAgents/heimgate.ollama.plist"
# As Ollama's own installer writes it, in what matters here.
UNIT = "[Service]\nExecStart=/usr/local/bin/ollama serve\nUser=nobody\nRestart=always\nRestartSec=3\n"
# A stand-in that listens where Ollama would, and answers with its environment.
OLLAMA = """#!/usr/bin/python3
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({k: v for k, v in os.environ.items() if k.startswith("OLLAMA_")}).encode())
host, port = os.environ["OLLAMA_HOST"].split(":")
http.server.HTTPServer((host, int(port)), Handler).serve_forever()
"""


def install(system, tree):
    return machine.make("ollama-install", "SYSTEM=" + system, "DESTDIR=" + tree, "HOME=/Users/me")


def check_agent(tree):
    done = install("Darwin", tree)
    tap.is_(machine.listing(tree), {AGENT: 0o644}, "on a Mac a LaunchAgent is installed")
    tap.has(done.stdout, "launchctl bootstrap gui/$(id -u) " + AGENT, "and how to use it is said")
    with open(tree + AGENT, "rb") as file:
        agent = plistlib.load(file)
    environment = agent["EnvironmentVariables"]
    tap.is_({name: environment.get(name) for name in WANTED}, WANTED, "with the settings of the profile")
    tap.is_(environment["OLLAMA_HOST"], "127.0.0.1:11434", "on the loopback, which is what containers reach")
    tap.is_((agent["ProgramArguments"][-2:], agent["KeepAlive"], agent["RunAtLoad"]), (["ollama", "serve"], True, True),
            "it keeps Ollama running")
    machine.make("ollama-uninstall", "SYSTEM=Darwin", "DESTDIR=" + tree, "HOME=/Users/me")
    tap.is_(machine.listing(tree), {}, "and it is removed again")


def check_drop_in(tree):
    done = install("Linux", tree)
    tap.is_(machine.listing(tree), {DROP_IN: 0o644}, "on Linux a drop-in is installed")
    tap.has(done.stdout, "systemctl restart ollama", "and how to use it is said")
    with open(tree + DROP_IN, encoding="utf-8") as file:
        environment = dict(re.findall(r"^Environment=(\w+)=(\S+)$", file.read(), re.M))
    tap.is_({name: environment.get(name) for name in WANTED}, WANTED, "with the same settings")
    machine.make("ollama-uninstall", "SYSTEM=Linux", "DESTDIR=" + tree)
    tap.is_(machine.listing(tree), {}, "and it is removed again")
    tap.ok(install("Plan9", tree).returncode != 0, "other systems have none")


def neighbour(m, name, interface, network):
    """Another host, beyond an interface of the machine."""
    m.run("ip", "netns", "add", name)
    m.run("ip", "link", "add", interface, "type", "veth", "peer", "name", "eth0", "netns", name)
    m.run("ip", "address", "add", network + ".1/24", "dev", interface)
    m.run("ip", "link", "set", interface, "up")
    m.run("ip", "-netns", name, "address", "add", network + ".2/24", "dev", "eth0")
    m.run("ip", "-netns", name, "link", "set", "eth0", "up")


def ask(m, address, *before):
    """What the stand-in answers, or None when it cannot be reached."""
    answer = m.run(*before, "curl", "-sS", "--max-time", "20", "http://%s:11434/" % address, check=False)
    return json.loads(answer.stdout) if answer.returncode == 0 else None


def check_reach(m):
    neighbour(m, "container", "podman1", "10.89.0")
    neighbour(m, "lan", "eth0", "192.0.2")
    m.run("systemctl", "start", "ollama")
    environment = suite.until(lambda: ask(m, "127.0.0.1"), "Ollama to listen")
    tap.is_({name: environment.get(name) for name in WANTED}, WANTED, "Ollama runs with the settings of the profile")
    tap.ok(ask(m, "10.89.0.1", "ip", "netns", "exec", "container"), "a container reaches it")
    tap.ok(ask(m, "192.0.2.1"), "so does this machine by any of its addresses, as rootless containers do")
    tap.is_(ask(m, "192.0.2.1", "ip", "netns", "exec", "lan"), None, "another host does not")
    m.run("systemctl", "kill", "--signal=KILL", "ollama")
    suite.until(lambda: ask(m, "127.0.0.1"), "Ollama to be back")
    tap.is_(ask(m, "192.0.2.1", "ip", "netns", "exec", "lan"), None, "nor after a crash")
    m.run("systemctl", "stop", "ollama")
    tap.is_(m.run("nft", "list", "tables").stdout, "", "when it stops, the firewall is as it was")


def write(directory, name, text, mode):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


for check in (check_agent, check_drop_in):
    with tempfile.TemporaryDirectory(prefix="heimgate-ollama-") as temporary:
        check(temporary)
reason = machine.refusal()
if reason:
    tap.diag("not tried with a real systemd: " + reason)
else:
    with tempfile.TemporaryDirectory(prefix="heimgate-ollama-") as temporary:
        the_machine = machine.Machine(extra={
            "usr/local/bin/ollama": write(temporary, "ollama", OLLAMA, 0o755),
            "usr/local/lib/systemd/system/ollama.service": write(temporary, "ollama.service", UNIT, 0o644)})
        install("Linux", the_machine.tree)
        with the_machine:
            check_reach(the_machine)
