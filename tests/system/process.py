"""Programs under test, and waiting for them."""

import atexit
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "tap"))

import tap  # noqa: E402

BIN = os.path.abspath(os.environ.get("HEIMGATE_BIN") or os.path.join(ROOT, "build", "bin"))
PATIENCE = 30.0  # seconds until something that must happen counts as not happening
REPORTS = re.compile(
    r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|event=check-failed|frame-not-encoded"
)


def until(condition, what="it", patience=PATIENCE):
    """Polls until condition() is true, and returns what it returned."""
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise TimeoutError("%s did not happen within %g s" % (what, patience))
        time.sleep(0.005)


def together(count, work):
    """Calls work(i) in `count` threads at once: what they returned, in the order of i."""
    results = [None] * count

    def one(i):
        results[i] = work(i)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def free_port():
    """A TCP port nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def clean_environment(extra=()):
    """This process's environment without settings of heimgate's own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEIMGATE_")}
    environment.update(extra)
    return environment


class Process:
    """A program whose standard error goes to a file."""

    def __init__(self, name, argv, log, environment=(), stdout=subprocess.DEVNULL, pass_fds=()):
        self.name = name
        self.log = log
        with open(log, "ab") as stderr:
            self.popen = subprocess.Popen(
                argv,
                env=clean_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=pass_fds,
            )
        atexit.register(self.end, signal.SIGKILL)

    @property
    def pid(self):
        return self.popen.pid

    def end(self, with_signal=signal.SIGTERM):
        """Sends the signal, waits for the end and returns the exit code (negative: ended by that signal)."""
        if self.popen.poll() is None:
            self.popen.send_signal(with_signal)
        try:
            return self.popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            tap.diag("%s does not end; killing it" % self.name)
            self.popen.kill()
            return self.popen.wait()

    def logged(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def resident_kib(self):
        """Memory it occupies now."""
        with open("/proc/%d/statm" % self.pid, encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024

    def peak_kib(self):
        """The most that it has occupied."""
        with open("/proc/%d/status" % self.pid, encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
