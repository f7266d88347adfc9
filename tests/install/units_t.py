#!/usr/bin/env python3
"""The systemd units: accepted by systemd, rated by it, and each given the links of its daemon and no other."""

import os
import re
import subprocess
import tempfile

import layout
import machine
import tap

EXPOSURE_MAX = 2.0  # of 10, as systemd-analyze has it


def read_unit(units, name):
    """The words of each setting of a unit."""
    found = {}
    with open(os.path.join(units, name), encoding="utf-8") as file:
        for key, value in re.findall(r"^(\w+)=(.*)$", file.read(), re.M):
            found.setdefault(key, []).extend(value.split())
    return found


def analyze(units, *arguments):
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": units + ":", "LC_ALL": "C.UTF-8"}
    return subprocess.run(["systemd-analyze", *arguments], cwd=units, env=environment, capture_output=True, text=True,
                          check=False)


def check_accepted(units, names):
    done = analyze(units, "verify", "--man=no", *names)
    tap.is_((done.returncode, done.stderr), (0, ""), "systemd finds nothing wrong with the units")


def check_rated(units, services):
    for service in services:
        done = analyze(units, "security", "--offline=yes", "./" + service)
        rating = float((re.findall(r"Overall exposure level.*: ([\d.]+)", done.stdout) or ["10"])[0])
        tap.ok(rating <= EXPOSURE_MAX, "%s: an exposure of %g is not over %g" % (service, rating, EXPOSURE_MAX))


def check_links(units):
    for name in layout.SERVICES:
        unit = read_unit(units, "heimgate-%s.service" % name)
        dials, listens, keys = layout.dialed(name), layout.listened(name), layout.KEYS.get(name, set())
        tap.is_(unit["User"], ["heimgate-" + name], "%s has a user of its own" % name)
        groups = {"heimgate-" + link for link in dials} | {"heimgate-%s-key" % key for key in keys}
        tap.is_(set(unit.get("SupplementaryGroups", [])), groups, "and the groups of what it dials and reads")
        writable = {"/run/heimgate/" + link for link in listens}
        writable |= {"/var/lib/heimgate/" + name} if name in layout.KEEPERS else set()
        tap.is_(set(unit.get("BindPaths", [])), writable, "it can write where it listens, and what is its own")
        readable = {"/run/heimgate/" + link for link in dials} | {
            "/var/lib/heimgate/secrets/%s.key" % key for key in keys}
        tap.is_(set(unit.get("BindReadOnlyPaths", [])), readable, "and reach what it dials and reads")


def check_directories(tree, links):
    with open(tree + "/usr/local/lib/tmpfiles.d/heimgate.conf", encoding="utf-8") as file:
        made = dict(re.findall(r"^d /run/heimgate/(\S+)\s+02750 (\S+\s+\S+)", file.read(), re.M))
    wanted = {link: ["heimgate-" + ends[1], "heimgate-" + link] for link, ends in links.items()}
    tap.is_({link: owners.split() for link, owners in made.items()}, wanted, "each link has its directory")
    with open(tree + "/usr/local/lib/sysusers.d/heimgate.conf", encoding="utf-8") as file:
        users = re.findall(r"^([ug]) (\S+)", file.read(), re.M)
    names = {("u", "heimgate-" + name) for name in layout.SERVICES} | {("g", "heimgate-" + link) for link in links}
    tap.is_(set(users), names | {("g", "heimgate-grant-key"), ("g", "heimgate-lease-key")}, "users and groups are made")


with tempfile.TemporaryDirectory(prefix="heimgate-units-") as temporary:
    os.chmod(temporary, 0o755)
    machine.make("install", "DESTDIR=" + temporary)
    directory = temporary + "/usr/local/lib/systemd/system"
    # systemd looks for the programs where the units say they are: in the tree, for this once.
    for path in machine.listing(directory):
        with open(directory + path, encoding="utf-8") as unit_file:
            text = unit_file.read().replace("=/usr/local/", "=%s/usr/local/" % temporary)
        with open(directory + path, "w", encoding="utf-8") as unit_file:
            unit_file.write(text)
    all_units = sorted(name for name in os.listdir(directory) if os.path.isfile(os.path.join(directory, name)))
    tap.is_(len(all_units), 8, "five daemons, the door, the keys and the target")
    check_accepted(directory, all_units)
    check_rated(directory, [name for name in all_units if name.endswith(".service")])
    check_links(directory)
    check_directories(temporary, layout.read_links())
