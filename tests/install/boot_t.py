#!/usr/bin/env python3
"""What `make install` installed, on a machine booted by the real systemd: it serves, and each daemon is confined."""

import json
import os
import re

import layout
import machine
import suite
import tap
from gate import MODEL_PORT, PORT, chat, prepare, wait_ready

FAR, METADATA = "192.0.2.1", "169.254.169.254"
NEXT = ("systemd-sysusers", "systemd-tmpfiles --create", "systemctl daemon-reload",
        "systemctl enable --now heimgate.target")


def check_start(m):
    for command in NEXT:
        m.run(*command.split())
    wait_ready()
    users = dict(re.findall(r"^(heimgate-\S+) +/usr/local/libexec/heimgate/(\S+)", m.run(
        "ps", "-eo", "user:32,args").stdout, re.M))
    tap.is_(users, {"heimgate-" + name: "heimgate-" + name for name in layout.SERVICES}, "each with a user of its own")
    tap.is_(m.run("systemctl", "--failed", "--plain", "--no-legend").stdout, "", "no unit has failed")
    daemons = suite.http_call(PORT, "GET", "/ready").json()["daemons"]
    lacking = [name for name, daemon in daemons.items()
               if not daemon["parts"]["sandbox"]["text"].startswith("seccomp+landlock")]
    tap.is_(lacking, [], "each is in a sandbox of its own making besides what its unit holds it to")


def check_chat(m):
    key = m.run("heimgate", "key", "create", "--name", "first").stdout.strip()
    tap.is_(chat(key).status, 200, "a chat with a key made by `heimgate key create` is answered")
    answer = chat(key, stream=True)
    tap.ok(answer.status == 200 and answer.body.endswith(b"data: [DONE]\n\n"), "and streamed")
    tap.is_(chat("sk-hg-unknown").status, 401, "one without is not")
    tap.has(m.run("heimgate", "limits").stdout, "ollama", "`heimgate limits` finds the running daemons")
    suite.until(lambda: "first" in m.run("heimgate", "audit", "tail").stdout, "`heimgate audit` to have the chat")
    tap.has(m.run("heimgate", "models").stdout, "ollama", "and `heimgate models`")
    tap.has(m.run("heimgate", "check").stdout, "http://127.0.0.1:%d" % MODEL_PORT, "and `heimgate check` the routes")
    return key


def check_people(m):
    m.run("useradd", "--groups", "heimgate-ctl-authd", "alice")
    m.run("useradd", "bob")

    def run_as(user, *tool):
        become = ("setpriv", "--reuid", user, "--regid", user, "--init-groups")
        return m.run(*become, "heimgate", *tool, check=False).returncode

    tap.is_(run_as("alice", "key", "list"), 0, "whoever is in the group of a control socket may use it")
    tap.is_(run_as("alice", "audit", "tail"), 111, "and no other one")
    tap.is_(run_as("bob", "key", "list"), 111, "and nobody else may")


def probe(m, name):
    """What can be done in the place of the daemon."""
    unit = m.read("/usr/local/lib/systemd/system/heimgate-%s.service" % name)
    command = "/usr/local/libexec/probe %d %s %s" % (MODEL_PORT, FAR, METADATA)
    unit = re.sub(r"ExecStart=.*", "ExecStart=%s\nStandardOutput=file:/run/probe-%s" % (command, name), unit)
    unit = unit.replace("Type=exec", "Type=oneshot").replace("Restart=always", "")
    m.write("/run/systemd/system/heimgate-probe-%s.service" % name, unit)
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "start", "heimgate-probe-%s.service" % name)
    return json.loads(m.read("/run/probe-" + name))


def check_confinement(m, name):
    found = probe(m, name)
    dials, listens = layout.dialed(name), layout.listened(name)
    keys = ["secrets/%s.key" % key for key in sorted(layout.KEYS.get(name, ()))]
    own = [name] if name in layout.KEEPERS else []
    tap.is_(set(found["links"]), dials | listens, "%s reaches its links" % name)
    tap.is_(set(found["present"]["run"]), dials | listens, "no other is there for it")
    there = [path for path in found["present"]["state"] if path.split("/")[0] not in own]
    tap.is_(there, (["secrets"] if keys else []) + keys, "nor any state but its own and its keys")
    writes = {"/run/heimgate/" + link for link in listens} | {"/var/lib/heimgate/" + path for path in own}
    tap.is_(set(found["writes"]), writes, "it writes nowhere else")
    tap.is_(found["reads"], ["/etc/heimgate/secrets/" + name], "and of what is secret reads its own")
    tap.is_(found["processes"], [], "it sees no other process")
    tap.is_(found["sends"], [FAR] if name == "proxyd" else [], "of hosts elsewhere it reaches what it must")
    network = ([], False) if name == "edge" else (["AF_INET", "AF_INET6"], True)
    tap.is_((found["sockets"], found["local"]), network, "by no other kind of socket; edge has no network at all")
    tap.is_([call for call, done in found["calls"].items() if done], [], "the kernel refuses it unusual calls")
    nothing = "0" * 16
    tap.is_(list(found["status"].values()), [nothing, nothing, nothing, "1", "2"], "and it has no capability")


def main_pid(m, name):
    return int(m.show("heimgate-%s.service" % name, "MainPID"))


def check_killed(m, key):
    for name in layout.SERVICES:
        before = main_pid(m, name)
        m.run("systemctl", "kill", "--signal=KILL", "heimgate-%s.service" % name)
        suite.until(lambda name=name, before=before: main_pid(m, name) not in (0, before), name + " to be back")
        wait_ready()
        tap.is_(chat(key).status, 200, "%s is killed and started again" % name)


def check_reload(m, key):
    routes = json.loads(m.read("/etc/heimgate/models.json"))
    routes["models"] = {"only": {"targets": [{"upstream": "ollama"}]}}
    m.write("/etc/heimgate/models.json", json.dumps(routes))
    m.run("systemctl", "reload", "heimgate-limiterd", "heimgate-proxyd")
    suite.until(lambda: chat(key, "any").status == 404, "the new routes to be followed")
    tap.is_(chat(key, "only").status, 200, "models.json is read again on reload")


def check_wider(m):
    os.makedirs(m.path("/etc/systemd/system/heimgate-door.service.d"))
    m.write("/etc/systemd/system/heimgate-door.service.d/override.conf", "[Service]\nIPAddressAllow=%s/32\n" % FAR)
    m.write("/etc/heimgate/heimgate.env", m.read("/etc/heimgate/heimgate.env") + "HEIMGATE_ADDRESS=%s\n" % FAR)
    m.run("systemctl", "daemon-reload")
    m.run("systemctl", "restart", "heimgate-door")
    health = "http://%s:%d/health" % (FAR, PORT)
    suite.until(lambda: m.run("curl", "-sf", health, check=False).returncode == 0, "an answer from " + FAR)
    tap.ok(True, "a drop-in and HEIMGATE_ADDRESS let others than this machine in")


def check_restart(m, key):
    secrets = [m.path("/var/lib/heimgate/secrets/%s.key" % name) for name in ("grant", "lease")]
    before = [open(path, "rb").read() for path in secrets]
    m.run("systemctl", "restart", "heimgate.target")
    wait_ready()
    tap.is_([open(path, "rb").read() for path in secrets], before, "a restart keeps the stamp keys")
    tap.is_((len(set(before)), {len(each) for each in before}), (2, {32}), "which are two, of 32 bytes")
    tap.is_(chat(key, "only").status, 200, "and the keys of clients")


# Whoever stops the target alone does not wait for the services that stop with it.
ALL_UNITS = ("heimgate.target", "heimgate-*.service")
STOP = "sudo systemctl stop heimgate.target 'heimgate-*.service'\n"


def type_block(m, beginning):
    """Runs the shell block of docs/OPERATIONS.md that begins so, as root."""
    with open(os.path.join(machine.ROOT, "docs", "OPERATIONS.md"), encoding="utf-8") as file:
        block = re.search(r"^```sh\n(%s.*?)^```" % re.escape(beginning), file.read(), re.M | re.S).group(1)
    m.run("sh", "-euc", "cd /root\n" + block.replace("sudo ", ""))


def check_new_stamp_keys(m, key):
    before = m.run("sh", "-c", "cat /var/lib/heimgate/secrets/* | sha256sum").stdout
    type_block(m, "sudo truncate")
    wait_ready()
    after = m.run("sh", "-c", "cat /var/lib/heimgate/secrets/* | sha256sum").stdout
    sizes = m.run("sh", "-c", "stat -c %s /var/lib/heimgate/secrets/*").stdout
    tap.ok(before != after and sizes == "32\n32\n", "the stamp keys are made anew as docs/OPERATIONS.md says")
    tap.is_(chat(key, "only").status, 200, "and honoured")


def check_backup(m, key):
    type_block(m, STOP + "sudo tar -c")
    m.run("systemctl", "stop", *ALL_UNITS)
    m.run("sh", "-c", "rm -r /var/lib/heimgate /etc/heimgate")
    type_block(m, STOP + "sudo tar -x")
    wait_ready()
    tap.is_(chat(key, "only").status, 200, "a backup made as docs/OPERATIONS.md says brings everything back")
    tap.is_(m.run("heimgate", "audit", "verify").returncode, 0, "with its whole history")


def check_mistake(m):
    environment = m.read("/etc/heimgate/heimgate.env")
    m.write("/etc/heimgate/heimgate.env", environment + "HEIMGATE_PROT=1\n")
    m.run("systemctl", "restart", "heimgate-edge")
    suite.until(lambda: m.show("heimgate-edge.service", "ActiveState") == "failed", "edge to fail")
    tap.is_(m.show("heimgate-edge.service", "ExecMainStatus"), "100", "a mistake in a setting is not tried again")
    tap.has(m.run("journalctl", "--no-pager", "-u", "heimgate-edge").stdout, "HEIMGATE_PROT", "and is in the journal")
    m.write("/etc/heimgate/heimgate.env", environment)
    m.run("systemctl", "restart", "heimgate-edge")
    wait_ready()


def check_stop(m):
    m.run("systemctl", "stop", *ALL_UNITS)
    results = [m.show("heimgate-%s.service" % name, "Result") for name in layout.SERVICES]
    tap.is_(results, ["success"] * 6, "all end well")
    tap.is_(m.run("pgrep", "-f", "libexec/heimgate", check=False).stdout, "", "and nothing is left running")


def plant_secrets(m):
    for name in layout.SERVICES:
        path = "/etc/heimgate/secrets/" + name
        m.run("install", "-m", "0640", "-g", "heimgate-" + name, "/dev/null", path)


reason = machine.refusal()
if reason:
    tap.skip_all(reason)
here = os.path.dirname(os.path.abspath(__file__))
with machine.Machine(extra={"usr/local/libexec/probe": os.path.join(here, "probe.py")}) as the_machine:
    mock = prepare(the_machine)
    for address in (FAR, METADATA):
        the_machine.run("ip", "address", "add", address + "/32", "dev", "lo")
    check_start(the_machine)
    first = check_chat(the_machine)
    check_people(the_machine)
    plant_secrets(the_machine)
    for daemon in layout.SERVICES:
        check_confinement(the_machine, daemon)
    check_killed(the_machine, first)
    check_reload(the_machine, first)
    check_restart(the_machine, first)
    check_new_stamp_keys(the_machine, first)
    check_backup(the_machine, first)
    check_mistake(the_machine)
    check_wider(the_machine)
    check_stop(the_machine)
    mock.end()
