#!/usr/bin/env python3
"""Official clients for Node, with nothing but the address and the key changed."""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import client_check  # noqa: E402
import faults  # noqa: E402

PLACE = os.path.join(client_check.BUILT, "node")
NPM = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--no-update-notifier", "--silent"]

os.makedirs(PLACE, exist_ok=True)
shutil.copy(os.path.join(client_check.HERE, "package.json"), PLACE)
client_check.install(PLACE, "package.json", [NPM])
client_check.check(faults.NODE, "node", PLACE)
