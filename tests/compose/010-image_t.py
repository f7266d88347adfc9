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
# What lets an intruder settle in; none of them may be there under any name's end.
SHELLS = {
    "sh",
    "bash",
    "dash",
    "ash",
    "busybox",
    "perl",
    "python3",
    "apt",
    "apt-get",
    "dpkg",
    "curl",
    "wget",
    "su",
    "mount",
}


def inspect(env, name):
    return json.loads(podman.run("podman", "image", "inspect", name, env=env))[0]


def contents(env, name):
    """Path and stat of every file in the image."""
    place = podman.run("podman", "image", "mount", name, env=env).strip()
    try:
        for folder, _, files in os.walk(place):
            for path in (os.path.join(folder, file) for file in files):
                yield os.path.relpath(path, place), os.lstat(path)
    finally:
        podman.run("podman", "image", "unmount", name, env=env)


def check_contents(env, name):
    files = list(contents(env, name))
    names = {os.path.basename(path) for path, _ in files}
    tap.is_(names & SHELLS, set(), "there is no shell, no package manager, nothing to fetch things with")
    programs = {path for path, about in files if path.startswith("usr/bin/")}
    tap.ok(
        programs and all(os.path.basename(path).startswith("heimgate") for path in programs),
        "programs: heimgate's alone",
    )
    run = {path for path, about in files if stat.S_ISREG(about.st_mode) and about.st_mode & 0o111} - programs
    tap.is_({path for path in run if ".so" not in path}, set(), "what else may be run is libraries")
    tap.is_(
        [
            path
            for path, about in files
            if about.st_mode & 0o6000 or about.st_mode & 0o022 and not stat.S_ISLNK(about.st_mode)
        ],
        [],
        "nothing lends rights, nothing is for all to write",
    )


def check_same(env, name):
    """The same sources in another place, built later and from the first step on."""
    first = inspect(env, name)["RootFS"]["Layers"]
    with tempfile.TemporaryDirectory(prefix="heimgate-again-") as place:
        tree = stack.copy_tree(os.path.join(place, "tree"))
        podman.run("make", "image", "IMAGE=localhost/heimgate:again", env=env, cwd=tree)
    again = inspect(env, "localhost/heimgate:again")["RootFS"]["Layers"]
    podman.run("podman", "rmi", "localhost/heimgate:again", env=env)
    tap.is_(again, first, "built again, its layers have the same digests")
