#!/usr/bin/env python3
"""Official clients for Python, with nothing but the address and the key changed."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import client_check  # noqa: E402
import faults  # noqa: E402

PLACE = os.path.join(client_check.BUILT, "python")
PIP = [os.path.join(PLACE, "bin", "pip"), "install", "--quiet", "-r"]

client_check.install(
    PLACE,
    "requirements.txt",
    ([sys.executable, "-m", "venv", PLACE], [*PIP, os.path.join(client_check.HERE, "requirements.txt")]),
)
client_check.check(faults.PYTHON, os.path.join(PLACE, "bin", "python"), PLACE)
