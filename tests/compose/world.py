"""A machine inside the machine: network, mounts and processes of the tests' own, gone when the script ends however it
ends.

    import world
    env = world.enter(images.make_all)  # the script starts over inside

Published ports, bridges and firewall rules are seen nowhere else.  Behind its default route there is not the internet
but one host, OUTSIDE: see outside.py.  /run is empty memory, and podman keeps everything below it; so is /dev/shm, where
its locks are.
"""

import atexit
import os
import signal
import subprocess
import sys
import threading

import podman
from process import until

MARK = "HEIMGATE_TEST_WORLD"
INIT = "/usr/libexec/podman/catatonit"  # the first process in there has to reap what podman leaves behind
GATEWAY, OUTSIDE = "198.51.100.1", "198.51.100.2"  # addresses of documentation (RFC 5737): nobody's
PLACE = "/run/podman"
FURNISH = """
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
mkdir /run/lock
echo nameserver {outside} >/run/resolv.conf
mount --bind /run/resolv.conf /etc/resolv.conf
ip link set lo up
ip netns add outside
ip link add outside type veth peer name eth0 netns outside
ip address add {gateway}/24 dev outside
ip link set outside up
ip route add default via {outside}
ip -n outside address add {outside}/24 dev eth0
ip -n outside link set lo up
ip -n outside link set eth0 up
""".format(gateway=GATEWAY, outside=OUTSIDE)


def enter(prepare):
    """Returns inside, with the environment for podman.  prepare() is called outside, where the real network is."""
    if MARK not in os.environ:
        prepare()
        os._exit(_start_over())
    del os.environ[MARK]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("the test was stopped"))
    threading.Thread(target=_leave_with_the_outer, daemon=True).start()
    podman.run("sh", "-euc", FURNISH)
    env = podman.environment(PLACE, borrow=True)
    atexit.register(_remove_containers, env)
    return env


def _remove_containers(env):
    """Their control groups would stay.  The first try may meet containers that are just being restarted."""
    command = ("podman", "rm", "--all", "--force", "--time", "0")
    for _ in range(3):
        if subprocess.run(command, env=env, capture_output=True, check=False).returncode == 0:
            break


def start_outside():
    """The host that stands for the internet, once it answers."""
    argv = ("ip", "netns", "exec", "outside", sys.executable, os.path.join(podman.HERE, "outside.py"), OUTSIDE)
    log = os.path.join(PLACE, "outside.log")
    with open(log, "wb") as file:
        atexit.register(subprocess.Popen(argv, stdout=file).kill)
    until(lambda: os.path.getsize(log), "the outside")


def _start_over():
    """Runs the script inside.  It leaves when its standard input ends, and so with us."""
    argv = (*podman.NAMESPACES, INIT, "--", sys.executable, *sys.argv)
    inside = subprocess.Popen(argv, stdin=subprocess.PIPE, env={**os.environ, MARK: "1"})
    signal.signal(signal.SIGTERM, lambda *_: inside.stdin.close())
    return inside.wait()


def _leave_with_the_outer():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
