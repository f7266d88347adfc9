#!/usr/bin/env python3
"""heimgate's image: small, nothing in it but the programs and what they need, and the same from the same sources."""

import json
import os
import tarfile
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
    """Path and mode of everything in the image's only layer."""
    with tempfile.TemporaryDirectory(prefix="heimgate-image-") as place:
        podman.run("podman", "save", "--quiet", "--output", place + "/image", IMAGE, env=env)
        with tarfile.open(place + "/image") as image:
            layers = json.load(image.extractfile("manifest.json"))[0]["Layers"]
            assert len(layers) == 1, layers
            with tarfile.open(fileobj=image.extractfile(layers[0])) as layer:
                return {entry.name: entry for entry in layer}


def check_contents(env):
    entries = contents(env)
    files = {path for path, entry in entries.items() if entry.isfile()}
    names = {os.path.basename(path) for path in entries}
    tap.is_(names & UNWANTED, set(), "no shell, no package manager, nothing to fetch things with")
    programs = {path for path in files if path.startswith("usr/bin/")}
    foreign = {path for path in programs if not os.path.basename(path).startswith("heimgate")}
    tap.ok(programs and not foreign, "its %d programs are heimgate's alone" % len(programs)) or tap.diag(foreign)
    runnable = {path for path in files - programs if entries[path].mode & 0o111 and ".so" not in path}
    tap.is_(runnable, set(), "nothing else can be run but libraries")
    lent = {path for path in files if entries[path].mode & 0o6022}
    tap.is_(lent, set(), "no file lends rights or is others' to write")


def build(tree, place):
    """The layers of an image that is made in `place` with nothing taken from a cache."""
    env = {**podman.environment(place, borrow=True), "BUILDAH_LAYERS": "false"}
    epoch = podman.run("git", "log", "-1", "--format=%ct", cwd=podman.ROOT).strip()
    words = ("OWN_IMAGE=localhost/heimgate:again", "SOURCE_DATE_EPOCH=" + epoch)
    podman.run("make", "image", *words, env=env, cwd=tree)
    return inspect(env, "localhost/heimgate:again")["RootFS"]["Layers"]


def check_same():
    with tempfile.TemporaryDirectory(prefix="heimgate-again-") as place:
        elsewhere = stack.copy_tree(place + "/tree")
        layers = [build(tree, place + "/" + name) for tree, name in ((podman.ROOT, "here"), (elsewhere, "elsewhere"))]
    tap.is_(layers[0], layers[1], "built twice in two places, its layers have the same digests")


environment = images.make_all()
size = inspect(environment, IMAGE)["Size"]
tap.ok(size <= LARGEST, "the image has %.1f MiB" % (size / (1 << 20)))
check_contents(environment)
check_same()
