"""A machine inside the machine: network, mounts and processes of the tests' own, gone when the script ends however it
ends.

    import world
    world.enter()  # the script starts over inside

Published ports, bridges and firewall rules are seen nowhere else.  Behind its default route there is not the internet
but one host, OUTSIDE, which answers on every TCP port that listen_outside() opened.  /run is empty memory; podman keeps
everything below it.
"""

import atexit
import os
import signal
import subprocess
import sys
import threading

import podman
import tap

MARK = "HEIMGATE_TEST_WORLD"
INIT = "/usr/libexec/podman/catatonit"  # the first process in there has to reap what podman leaves behind
UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
GATEWAY, OUTSIDE = "203.0.113.1", "203.0.113.2"  # addresses of documentation (RFC 5737): nobody's
PLACE = "/run/podman"
FURNISH = """
mount -t tmpfs tmpfs /run
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


def enter():
    """Returns inside, with the environment for podman."""
    if MARK not in os.environ:
        os._exit(_start_over())
    del os.environ[MARK]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("the test was stopped"))
    threading.Thread(target=_leave_with_the_outer, daemon=True).start()
    podman.run("sh", "-euc", FURNISH)
    env = podman.environment(PLACE, borrow=True)
    atexit.register(podman.run, "podman", "rm", "--all", "--force", "--time", "0", env=env)  # their control groups
    return env


def _start_over():
    """Runs the script inside.  It leaves when its standard input ends, and so with us."""
    argv = (*UNSHARE, INIT, "--", sys.executable, *sys.argv)
    inside = subprocess.Popen(argv, stdin=subprocess.PIPE, env={**os.environ, MARK: "1"})
    signal.signal(signal.SIGTERM, lambda *_: inside.stdin.close())
    return inside.wait()


def _leave_with_the_outer():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def require():
    """Ends the script where podman cannot run: that is a failure for CI, and said clearly elsewhere."""
    lacks = _lacks()
    if not lacks:
        return
    if os.environ.get("CI") == "true":
        tap.ok(False, "podman can run: " + lacks)
    else:
        print("1..0 # SKIP podman cannot run: " + lacks)
    sys.stdout.flush()
    os._exit(os.environ.get("CI") == "true")


def _lacks():
    if os.geteuid() != 0:
        return "this is not root"
    if not os.access("/sys/fs/cgroup", os.W_OK) or not os.listdir("/sys/fs/cgroup"):
        return "there are no control groups to write to"
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    return tried.stderr.strip()
