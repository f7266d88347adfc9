#!/usr/bin/env python3
"""Turns the commands of `make -Bn` on stdin into compile_commands.json on stdout."""
import json
import os
import re
import sys

entries = []
for line in sys.stdin:
    words = line.split()
    if " -c " not in line or not words or not re.fullmatch(r"\S*(cc|gcc|clang)", words[0]):
        continue
    entries.append({"directory": os.getcwd(), "file": words[-1], "command": line.strip()})
json.dump(entries, sys.stdout, indent=1)
