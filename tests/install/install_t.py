#!/usr/bin/env python3
"""`make install` puts exactly what it says below a prefix, and `make uninstall` takes exactly that away again."""

import os
import re
import tempfile

import layout
import machine
import suite
import tap

NOT_INSTALLED = {"heimgate-seal", "heimgate-mockmodel", "heimgate-tables"}  # for containers, tests and documents
CONFIGURATION = ("/etc/heimgate/heimgate.env", "/etc/heimgate/models.json")


def expected(prefix):
    """Path and mode of each file, as docs/DEPLOY.md has them."""
    library = prefix + "/lib"
    units = ["heimgate-%s.service" % name for name in (*layout.SERVICES, "keys")]
    units += ["heimgate.target", "heimgate-.service.d/isolation.conf"]
    files = {library + "/systemd/system/" + unit for unit in units}
    files |= {library + "/sysusers.d/heimgate.conf", library + "/tmpfiles.d/heimgate.conf", *CONFIGURATION}
    for page in os.listdir(os.path.join(machine.ROOT, "docs", "man")):
        files.add("%s/share/man/man%s/%s" % (prefix, page.rsplit(".", 1)[1], page))
    programs = {name for name in os.listdir(suite.BIN) if name.startswith("heimgate")} - NOT_INSTALLED
    programs = {prefix + "/libexec/heimgate/" + name for name in programs} | {prefix + "/bin/heimgate"}
    return {path: 0o644 for path in files} | {path: 0o755 for path in programs}


def contents(tree, path):
    with open(tree + path, encoding="utf-8") as file:
        return file.read()


def edit(tree, path, text):
    with open(tree + path, "w", encoding="utf-8") as file:
        file.write(text)


def check_install(tree):
    done = machine.make("install", "DESTDIR=" + tree)
    tap.is_(machine.listing(tree), expected("/usr/local"), "make install installs exactly what it says")
    for command in ("systemd-sysusers", "systemd-tmpfiles --create", "systemctl enable --now heimgate.target"):
        tap.has(done.stdout, command, "and says that %s comes next" % command.split()[0])


def check_again(tree):
    edit(tree, "/etc/heimgate/heimgate.env", "HEIMGATE_PORT=9000\n")
    edit(tree, "/usr/local/lib/systemd/system/heimgate.target", "damaged\n")
    machine.make("install", "DESTDIR=" + tree)
    tap.is_(contents(tree, "/etc/heimgate/heimgate.env"), "HEIMGATE_PORT=9000\n", "again: an edited file is kept")
    tap.has(contents(tree, "/usr/local/lib/systemd/system/heimgate.target"), "[Install]", "a unit is put right")


def check_uninstall(tree):
    state = tree + "/var/lib/heimgate/authd"
    os.makedirs(state)
    edit(tree, "/var/lib/heimgate/authd/keys.db", "keys")
    edit(tree, "/usr/local/bin/other", "somebody else's")
    machine.make("uninstall", "DESTDIR=" + tree)
    left = {"/etc/heimgate/heimgate.env", "/var/lib/heimgate/authd/keys.db", "/usr/local/bin/other"}
    tap.is_(set(machine.listing(tree)), left, "uninstall leaves state, what was edited, and what is not ours")
    ours = [name for _, names, _ in os.walk(tree + "/usr") for name in names if "heimgate" in name]
    tap.is_(ours, [], "and no directory of ours")
    machine.make("uninstall", "DESTDIR=" + tree)
    tap.is_(set(machine.listing(tree)), left, "twice is as good as once")


def check_elsewhere(tree):
    done = machine.make("install", "DESTDIR=" + tree, "PREFIX=/opt/gate", "SYSCONFDIR=/opt/gate/etc")
    moved = {path.replace("/etc/", "/opt/gate/etc/", 1): mode for path, mode in expected("/opt/gate").items()}
    tap.is_(machine.listing(tree), moved, "another PREFIX and SYSCONFDIR are followed")
    text = "".join(contents(tree, path) for path, mode in moved.items() if mode == 0o644 and "/man/" not in path)
    text += contents(tree, "/opt/gate/bin/heimgate") + done.stdout
    tap.is_(re.findall(r"/usr/local\S*|(?<!gate)/etc/heimgate\S*", text), [], "and no file names the usual places")
    machine.make("uninstall", "DESTDIR=" + tree, "PREFIX=/opt/gate", "SYSCONFDIR=/opt/gate/etc")
    tap.is_(machine.listing(tree), {}, "uninstall leaves nothing")


for check in ((check_install, check_again, check_uninstall), (check_elsewhere,)):
    with tempfile.TemporaryDirectory(prefix="heimgate-install-") as temporary:
        for step in check:
            step(temporary)
