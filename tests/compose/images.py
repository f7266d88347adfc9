#!/usr/bin/env python3
"""Stand-ins for the images of other people's that the Containerfile and the Compose files name.

No registry is asked: each is made from Debian's packages, under the very name of the original, and behaves as the
original does in what is used of it.  debian, postgres, redis and caddy run the real programs; cloudflared and qdrant,
which Debian does not have, are only something that listens or connects in their place.

They are kept between runs, and looked at again when any file of the tree has changed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile

import podman

BASE = "docker.io/library/debian:12-slim"
BUILT = {
    "postgres": "docker.io/library/postgres:15-bookworm",
    "redis": "docker.io/library/redis:7-bookworm",
    "caddy": "docker.io/library/caddy:2",
    "cloudflared": "docker.io/cloudflare/cloudflared:2025.8.1",
    "qdrant": "docker.io/qdrant/qdrant:v1.15.4",
}
OURS = ("STACK=prod", "STACK=dev", "VERSION=0.0.9")  # the last is an older release
STAMP = os.path.join(podman.KEPT, "made-from")
# As in the original: no service is started by its installation, and no downloaded package is kept.
BASE_FILES = {
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
    "etc/apt/apt.conf.d/docker-clean": 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };\n'
    'Acquire::Languages "none";\n',
    "etc/dpkg/dpkg.cfg.d/docker": "path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\n"
    "path-exclude /usr/share/locale/*\n",
}
EMPTIED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt/archives", "var/lib/apt/lists")


def recipe():
    return hashlib.sha256(repr((BASE_FILES, EMPTIED)).encode()).hexdigest()


def make_tree(tree):
    podman.run("debootstrap", "--variant=minbase", "bookworm", tree)
    for place in EMPTIED:
        shutil.rmtree(os.path.join(tree, place))
        os.mkdir(os.path.join(tree, place))
    for path, text in BASE_FILES.items():
        with open(os.path.join(tree, path), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(os.path.join(tree, path), 0o755 if text.startswith("#!") else 0o644)


def import_tree(tree, env):
    with subprocess.Popen(["tar", "-C", tree, "-c", "."], stdout=subprocess.PIPE) as tar:
        change = ("--change", "LABEL recipe=" + recipe(), "--change", 'CMD ["bash"]')
        podman.run("podman", "import", *change, "-", BASE, env=env, stdin=tar.stdout)
        tar.stdout.close()
    assert tar.returncode == 0, "tar could not read the tree"


def make_base(env):
    found = podman.run(
        "podman", "images", "--quiet", "--filter", "label=recipe=" + recipe(), "--filter", "reference=" + BASE, env=env
    )
    if found:
        return
    with tempfile.TemporaryDirectory(prefix="heimgate-base-") as place:
        tree = os.path.join(place, "tree")
        make_tree(tree)
        import_tree(tree, env)


def digest():
    """Of everything that an image may be made from."""
    return podman.run("sh", "-euc", "git ls-files -coz --exclude-standard | xargs -0 sha256sum", cwd=podman.ROOT)


def is_made():
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read() == digest()
    except FileNotFoundError:
        return False


def make_images(env):
    """Podman's own cache knows what has to be done anew."""
    made_from = digest()
    make_base(env)
    for folder, name in BUILT.items():
        podman.run("podman", "build", "--layers", "-t", name, os.path.join(podman.HERE, "images", folder), env=env)
    for words in OURS:
        podman.run("make", "image", words, env=env, cwd=podman.ROOT)
    with open(STAMP, "w", encoding="utf-8") as file:
        file.write(made_from)


def make_all():
    """Makes what is missing, a minute or two the first time, and heimgate's own image with `make image`.

    Returns the environment of the store they are in.  Where podman cannot run, the script ends.  As long as the caller
    lives nobody changes the store: who writes to it and who borrows from it can come to wait for each other.
    """
    podman.require()
    env = podman.environment(podman.KEPT)
    lock = os.open(os.path.join(podman.KEPT, "lock"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_SH)
    if not is_made():
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_made():
            make_images(env)
        fcntl.flock(lock, fcntl.LOCK_SH)
    return env


if __name__ == "__main__":
    print(podman.run("podman", "images", env=make_all()), end="")
