"""podman with configuration and storage of the tests' own, so that they never touch the machine's.

Images are made and kept in one store below build/.  Containers, volumes and networks live in another, which is thrown
away after each run and borrows the images of the first.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", "tap"), os.path.join(ROOT, "tests", "system")]

import tap  # noqa: E402

NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
KEPT = os.path.join(ROOT, "build", "podman")

# cgroupfs and runc also work where systemd or an all-new hierarchy of control groups is missing; a container may not
# raise its limits everywhere.
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=4096:8192", "nproc=8192:8192"]
[network]
network_config_dir = "{place}/networks"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{place}/tmp"
"""
STORAGE_CONF = """\
[storage]
driver = "overlay"
graphroot = "{place}/store"
runroot = "{place}/run"
[storage.options]
additionalimagestores = [{borrowed}]
"""


def require():
    """Ends the script where podman cannot run: that is a failure for CI, and said clearly elsewhere."""
    lacks = _lacks()
    if not lacks:
        return
    if os.environ.get("CI") == "true":
        tap.ok(False, "podman can run: " + lacks)
        sys.exit(1)
    print("1..0 # SKIP podman cannot run here: " + lacks, flush=True)
    os._exit(0)


def _lacks():
    if os.geteuid() != 0:
        return "it takes root"
    if not os.access("/sys/fs/cgroup", os.W_OK):
        return "there are no control groups to write to"
    tried = subprocess.run([*NAMESPACES, "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip()


def environment(place, borrow=False):
    """Writes a configuration for a podman that keeps everything in `place`; the environment in which it holds."""
    os.makedirs(os.path.join(place, "networks"), exist_ok=True)
    borrowed = '"%s/store"' % KEPT if borrow else ""
    for name, text in (("containers.conf", CONTAINERS_CONF), ("storage.conf", STORAGE_CONF)):
        draft = os.path.join(place, "%s.%d" % (name, os.getpid()))
        with open(draft, "w", encoding="utf-8") as file:
            file.write(text.format(place=place, borrowed=borrowed))
        os.rename(draft, os.path.join(place, name))
    return {
        **os.environ,
        "CONTAINERS_CONF": os.path.join(place, "containers.conf"),
        "CONTAINERS_STORAGE_CONF": os.path.join(place, "storage.conf"),
        "BUILDAH_ISOLATION": "chroot",  # builds use the machine's network and need no bridge of their own
    }


def run(*command, env=None, check=True, **options):
    """Runs a command: its output as text.  What it said is part of the error when it fails."""
    done = subprocess.run(
        command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options
    )
    if check and done.returncode != 0:
        raise RuntimeError("%s ended with %d:\n%s" % (" ".join(command), done.returncode, done.stdout[-4000:]))
    return done.stdout
