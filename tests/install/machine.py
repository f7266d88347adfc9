"""The installed tree, and a machine that boots with it: the real systemd, over files that are thrown away.

    with machine.Machine(extra={"usr/local/bin/x": "/path/of/x"}) as m:
        m.run("systemctl", "start", "heimgate.target")
        m.enter_network()       # from now on this process's sockets are in there
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.dirname(suite.BIN)
CLONE_NEWNET = 0x40000000
APART = ("--mount", "--pid", "--ipc", "--uts", "--net", "--cgroup", "--fork", "--kill-child=KILL")
BEYOND = "-sys_module,-sys_boot,-sys_time,-sys_rawio,-syslog"


def make(target, *variables):
    """Runs `make TARGET` with the programs that are being tested: the finished process."""
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    return subprocess.run(
        ["make", "--no-print-directory", "-C", ROOT, "BUILD=" + BUILD, target, *variables],
        env=environment, capture_output=True, text=True, check=False,
    )


def listing(tree):
    """Path and mode of each file below the directory."""
    found = {}
    for directory, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(directory, name)
            found["/" + os.path.relpath(path, tree)] = os.stat(path).st_mode & 0o7777
    return found


def _control_groups():
    """Where this machine has its control groups of version 2, or None."""
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        found = [line.split()[1] for line in mounts if line.split()[2] == "cgroup2"]
    return next((path for path in found if os.access(path, os.W_OK)), None)


def refusal():
    """Why no machine can be booted here; "" when one can."""
    if os.geteuid() != 0:
        return "only root can boot a machine of its own"
    if not _control_groups():
        return "there are no control groups of version 2"
    tried = subprocess.run(["unshare", *APART, "mount", "-t", "proc", "proc", "/proc"], capture_output=True, text=True,
                           check=False)
    return "" if tried.returncode == 0 else "namespaces cannot be made: " + tried.stderr.strip()


class Machine:
    """Boots with what `make install` installed and with `extra`: files by their path there, copied from here."""

    def __init__(self, extra=()):
        self.directory = tempfile.mkdtemp(prefix="heimgate-machine-")
        os.chmod(self.directory, 0o755)
        self.tree = os.path.join(self.directory, "installed")
        os.mkdir(os.path.join(self.directory, "machine"))
        self.group = os.path.join(_control_groups() or "", os.path.basename(self.directory))
        done = make("install", "DESTDIR=" + self.tree)
        assert done.returncode == 0, done.stderr
        for path, source in dict(extra).items():
            os.makedirs(os.path.dirname(os.path.join(self.tree, path)), exist_ok=True)
            shutil.copy(source, os.path.join(self.tree, path))

    def __enter__(self):
        os.mkdir(self.group)
        enter = 'echo $$ >"$1/cgroup.procs" && exec setpriv --pdeathsig KILL --bounding-set %s unshare %s "$2" "$3"' % (
            BEYOND, " ".join(APART))
        self.log = open(os.path.join(self.directory, "console"), "wb")
        self.boot = subprocess.Popen(
            ["sh", "-c", enter, "boot", self.group, os.path.join(HERE, "boot.sh"), self.directory],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )
        try:
            self.pid = suite.until(self._find_init, "systemd to be there")
            suite.until(self._is_up, "the machine to be up")
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def _find_init(self):
        with open("/proc/%d/task/%d/children" % (self.boot.pid, self.boot.pid), encoding="ascii") as children:
            return int((children.read().split() or [0])[0])

    def _is_up(self):
        assert self.boot.poll() is None, "the machine does not boot"
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def __exit__(self, kind, value, trace):
        if kind or tap.failures():
            tap.diag(self.run("journalctl", "--no-pager", "-n", "60", check=False).stdout)
            tap.diag(self.console())
        self.boot.kill()
        self.boot.wait()
        self.log.close()
        suite.until(self._remove_group, "all its processes to end")
        shutil.rmtree(self.directory)
        return False

    def _remove_group(self):
        for directory, _, _ in os.walk(self.group, topdown=False):
            try:
                os.rmdir(directory)
            except OSError:
                return False
        return True

    def console(self):
        with open(os.path.join(self.directory, "console"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def run(self, *command, stdin=None, check=True):
        """Runs a command in the machine as root: the finished process, with text in stdout and stderr."""
        done = subprocess.run(
            ["nsenter", "--target", str(self.pid), "--all", "--", *command],
            env={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            input=stdin, capture_output=True, text=True, timeout=suite.PATIENCE, check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError("%s ended with %d: %s" % (" ".join(command), done.returncode, done.stderr))
        return done

    def path(self, path):
        """A file of the machine, as this process can reach it."""
        return "/proc/%d/root%s" % (self.pid, path)

    def read(self, path):
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def write(self, path, text):
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)

    def enter_network(self):
        """Puts this thread, and those it starts, into the machine's network."""
        with open("/proc/%d/ns/net" % self.pid, "rb") as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "cannot enter the machine's network")

    def show(self, unit, name):
        """A property of a unit, as text."""
        return self.run("systemctl", "show", "--value", "--property", name, unit).stdout.strip()
