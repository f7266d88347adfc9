"""A suite whose wall clocks the test sets: those of all, or of one daemon against the others.

    with clocks.Suite() as s:
        s.set_clocks(3600)             # all of them an hour ahead of noon on the 15th
        s.set_clocks(-10, "authd")     # one of them

They begin at noon on the 15th of this month, so that steps cross the ends of days and months where the test says.
"""

import atexit
import datetime
import os
import shutil
import struct
import tempfile

import suite

HOUR, DAY = 3600, 86400
PRELOADED = os.path.join(suite.BIN, "test-clock.so")
NOBODY = "tools"  # whose clock the people's tools have


def until_noon():
    """Milliseconds from now to noon on the 15th of this month, UTC."""
    now = datetime.datetime.now(datetime.timezone.utc)
    noon = now.replace(day=15, hour=12, minute=0, second=0, microsecond=0)
    return round((noon - now).total_seconds() * 1000)


class Clocks:
    """A file for each program, which the preloaded library adds to the true time."""

    def __init__(self, *others):
        self.directory = tempfile.mkdtemp(prefix="heimgate-clocks-")
        atexit.register(shutil.rmtree, self.directory, ignore_errors=True)
        os.chmod(self.directory, 0o755)
        self.names = (*suite.DAEMONS, NOBODY, *others)
        self.base = until_noon()
        for name in self.names:
            with open(self.path(name), "wb") as file:
                file.write(bytes(8))
        self.set(0)

    def path(self, name):
        return os.path.join(self.directory, name)

    def set(self, seconds, *names):
        """So many seconds from where the clocks would be if nobody had set them."""
        for name in names or self.names:
            with open(self.path(name), "r+b", buffering=0) as file:
                file.write(struct.pack("=q", self.base + round(seconds * 1000)))

    def environment(self, name):
        """For the program of this name."""
        options = [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]
        return {
            "LD_PRELOAD": PRELOADED,
            "CLOCK_FILE": self.path(name),
            "ASAN_OPTIONS": ":".join(option for option in options if option),
        }


class Suite(suite.Suite):
    """With clocks of its own, or with those of other servers too."""

    def __init__(self, *arguments, clocks=None, **options):
        super().__init__(*arguments, **options)
        self.clocks = clocks or Clocks()
        self.set_clocks = self.clocks.set

    def start(self, name, wait=True, env=(), within=()):
        return super().start(name, wait, {**self.clocks.environment(name), **dict(env)}, within)

    def tool(self, *arguments, stdin=b"", env=(), check=True):
        return super().tool(*arguments, stdin=stdin, env={**self.clocks.environment(NOBODY), **dict(env)}, check=check)
