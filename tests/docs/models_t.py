#!/usr/bin/env python3
"""docs/MODELS.md: every example in it is a good models.json, and every range in its tables is the one that is kept."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tap"))
import tap  # noqa: E402

CHECK = Path(os.environ.get("HEIMGATE_BIN", ROOT / "build" / "bin")) / "heimgate-check"
TEXT = (ROOT / "docs" / "MODELS.md").read_text()
PAGE = (ROOT / "docs" / "man" / "models.json.5").read_text()

TARGET = {"upstream": "u"}
VALUES = {  # of what is no number
    "kind": "openai", "base_url": "http://u/v1", "local": True, "api_key_file": "/k", "ca_file": "/c", "headers": {"X-A": "b"},
    "proxy": "http://p:3128", "health_path": "/health", "warm": ["m"], "targets": [TARGET], "fallbacks": [TARGET],
    "fallback_on": ["connect"], "upstream": "u", "model": "m", "drain": False, "drop_params": ["seed"],
    "set_params": {"seed": 1}, "alias": "m"}


def check(document, *arguments):
    """(status, output) of heimgate check for a document."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(document)
        file.flush()
        done = subprocess.run([str(CHECK), file.name, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def rows(name):
    """The rows of one table, as lists of cells."""
    table = TEXT[TEXT.index("<!-- table %s begins" % name):TEXT.index("<!-- table %s ends" % name)]
    return [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("| `")]


def document(object_name, member, value):
    """A models.json in which this member is set."""
    upstream = {"kind": "ollama" if member == "warm" else "openai", "base_url": "http://u"}
    target, model = dict(TARGET), {"targets": [TARGET, TARGET]}
    {"upstream": upstream, "model": model, "target": target}.get(object_name, {})[member] = value
    if object_name == "target":
        model["targets"] = [target, TARGET]
    models = {"m": model, **({"a": {"alias": value}} if object_name == "alias" else {})}
    return json.dumps({"upstreams": {"u": upstream}, "models": models})


def check_example(text, where):
    status, said = check(text)
    if not tap.ok(status == 0, "it is good: %s" % where):
        tap.diag(said)
    for model in json.loads(text)["models"]:
        tap.is_(check(text, model)[0], 0, "and %s goes somewhere" % model)


def check_examples():
    blocks = re.findall(r"^## ([^\n]+)(?:(?!\n## ).)*?^```json\n(.*?)^```", TEXT, re.M | re.S)
    tap.ok(len(blocks) == len(re.findall("^```json", TEXT, re.M)) > 9, "there is one under each of their headings")
    for title, text in blocks:
        check_example(text, title)
    check_example(re.search(r"^\.Bd -literal\n(.*?)^\.Ed", PAGE, re.M | re.S)[1], "the one of models.json(5)")


def check_ranges(object_name):
    for name, value, *_ in rows("models-" + object_name):
        name = name.strip(" `")
        limits = re.fullmatch(r"(\d+) to (\d+)", value)
        if not limits:
            tap.is_(check(document(object_name, name, VALUES[name]))[0], 0, "%s may be set" % name)
            continue
        lowest, highest = int(limits[1]), int(limits[2])
        wanted = {lowest: 0, highest: 0, lowest - 1: 100, highest + 1: 100}
        tap.is_({number: check(document(object_name, name, number))[0] for number in wanted}, wanted,
                "%s is from %d to %d" % (name, lowest, highest))


def check_members():
    for object_name in ("upstream", "model", "alias", "target"):
        tap.ok(rows("models-" + object_name), "there is a table of members: " + object_name)
        check_ranges(object_name)


check_examples()
check_members()
