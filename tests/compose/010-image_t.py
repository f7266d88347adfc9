#!/usr/bin/env python3
"""heimgate's image: small, nothing in it but the programs and what they need, and the same from the same sources."""

import json
import os
import stat
import tempfile

import images
import podman
import stack
import tap

LARGEST = 30 << 20  # bytes
IMAGE = "localhost/heimgate:dev"
# What would let an intruder settle in.
UNWANTED = {"sh", "bash", "dash", "busybox", "perl", "python3", "apt", "apt-get", "dpkg", "curl", "wget", "su", "mount"}


def inspect(env, name):
    return json.loads(podman.run("podman", "image", "inspect", name, env=env))[0]


def contents(env):
    """Path and mode of everything in the image."""
    place = podman.run("podman", "image", "mount", IMAGE, env=env).strip()
    try:
        for folder, folders, files in os.walk(place):
            for path in (os.path.join(folder, name) for name in folders + files):
                yield os.path.relpath(path, place), os.lstat(path).st_mode
    finally:
        podman.run("podman", "image", "unmount", IMAGE, env=env)


def check_contents(env):
    modes = dict(contents(env))
    files = {path for path, mode in modes.items() if stat.S_ISREG(mode)}
    names = {os.path.basename(path) for path in modes}
    tap.is_(names & UNWANTED, set(), "no shell, no package manager, nothing to fetch things with")
    programs = {path for path in files if path.startswith("usr/bin/")}
    foreign = {path for path in programs if not os.path.basename(path).startswith("heimgate")}
    tap.ok(programs and not foreign, "its %d programs are heimgate's alone" % len(programs)) or tap.diag(foreign)
    runnable = {path for path in files - programs if modes[path] & 0o111 and ".so" not in path}
    tap.is_(runnable, set(), "nothing else can be run but libraries")
    tap.is_({path for path in files if modes[path] & 0o6022}, set(), "no file lends rights or is others' to write")


def build_again(env, name, tree):
    """The layers of an image that is made with nothing taken from a cache."""
    epoch = podman.run("git", "log", "-1", "--format=%ct", cwd=podman.ROOT).strip()
    words = ("OWN_IMAGE=" + name, "SOURCE_DATE_EPOCH=" + epoch)
    podman.run("make", "image", *words, env={**env, "BUILDAH_LAYERS": "false"}, cwd=tree)
    layers = inspect(env, name)["RootFS"]["Layers"]
    podman.run("podman", "rmi", name, env=env)
    return layers


def check_same(env):
    with tempfile.TemporaryDirectory(prefix="heimgate-again-") as place:
        elsewhere = build_again(env, "localhost/heimgate:elsewhere", stack.copy_tree(os.path.join(place, "tree")))
    again = build_again(env, "localhost/heimgate:again", podman.ROOT)
    tap.is_(again, elsewhere, "built twice in two places, its layers have the same digests")


environment = images.make_all()
size = inspect(environment, IMAGE)["Size"]
tap.ok(size <= LARGEST, "the image has %.1f MiB" % (size / (1 << 20)))
check_contents(environment)
check_same(environment)
