#!/usr/bin/env python3
"""The limiterd in Python that is the example of docs/SWAPPING.md: its tables are those of the documents, and the kit
judges it."""

import os
import re
import sys

import document
import judged
import tap

SWAPPING = os.path.join(judged.ROOT, "docs", "swapping")
sys.path.insert(0, SWAPPING)
sys.dont_write_bytecode = True

import link  # noqa: E402
import rules  # noqa: E402


def routes():
    """Rows of API.md that have a number: {number: (dialect, where the model is named, tokens of)}."""
    with open(os.path.join(judged.ROOT, "docs", "API.md"), encoding="utf-8") as file:
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in file if re.match(r"\| \d", line)]
    return {int(row[0]): (row[4], row[6], row[7]) for row in rows if len(row) == 10}


largest = {message.number: message.largest for message in document.MESSAGES.values()}
tap.is_(link.LARGEST, largest, "link.py knows the messages of PROTOCOL.md, and how large they may be")
known = routes()
tap.is_(rules.COSTING, {number for number, row in known.items() if row[2]}, "rules.py knows which routes cost tokens")
tap.is_(rules.NAMELESS, {number for number, row in known.items() if not row[1]}, "and which name no model")
tap.is_(rules.OLLAMAS, {number for number, row in known.items() if row[0] == "Ollama"}, "and which are Ollama's")
tap.is_(rules.ANTHROPICS, {number for number, row in known.items() if row[0] == "Anthropic"}, "and Anthropic's")
tap.is_(rules.LAST_ROUTE, max(known), "and how many there are")
os.environ["HEIMGATE_LIMITERD"] = os.path.join(SWAPPING, "limiterd.py")
judged.judge("limiterd")
