#!/usr/bin/env python3
"""The suite of stores of keys, run on a real PostgreSQL."""

import os
import subprocess

from alone import suite, tap
from servers import Postgres

STORE_T = os.path.join(os.path.dirname(suite.BIN), "tests", "authd", "store_t")


def main():
    server = Postgres()
    environment = {
        "HEIMGATE_TEST_STORE": server.url("auth"),
        "HEIMGATE_TEST_PASSWORD_FILE": server.password("auth"),
    }
    done = subprocess.run([STORE_T], env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    tap.is_(done.returncode, 0, "what every store does, PostgreSQL does") or tap.diag(done.stdout + done.stderr)
    tap.has(done.stdout, "of two keys of one name at one time", "for several hosts at one time")


main()
