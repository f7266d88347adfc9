#!/usr/bin/env python3
"""System tests hold with the limiterd in Python in place of heimgate's own; `make test-swap` runs all that can."""

import os
import subprocess

import judged
import tap

LIMITERD = os.path.join(judged.ROOT, "docs", "swapping", "limiterd.py")
TESTS = (
    "010-chat",
    "080-limits",
    "081-slots",
    "082-history",
    "092-limiterd-killed",
    "100-stamps",
    "110-frames",
    "210-routes",
)

for name in TESTS:
    test = os.path.join(judged.ROOT, "tests", "system", name + ".py")
    done = subprocess.run([test], env={**os.environ, "HEIMGATE_LIMITERD": LIMITERD}, capture_output=True, check=False)
    if not tap.ok(done.returncode == 0, name):
        tap.diag(done.stdout.decode(errors="replace")[-8000:])
