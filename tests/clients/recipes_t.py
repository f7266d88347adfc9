#!/usr/bin/env python3
"""The recipes of docs/CLIENTS.md: those for curl and for the clients that are installed here are run, the others read.

A recipe prints what was answered.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import client_check  # noqa: E402
from client_check import suite, tap  # noqa: E402

DOCUMENT = os.path.join(client_check.HERE, "..", "..", "docs", "CLIENTS.md")
# A place of its own: what other checks install may be half there while this one runs.
PLACE = os.path.join(client_check.BUILT, "recipes")
PYTHON = os.path.join(PLACE, "bin", "python")
NPM = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--no-update-notifier", "--silent"]
REPLY = "The gate is open"


def read_document():
    with open(DOCUMENT, encoding="utf-8") as file:
        return file.read()


def recipes(text):
    """(heading, language, text) of each."""
    heading = ""
    for title, language, block in re.findall(r"^## ([^\n]*)$|^```(\w+)\n(.*?)^```$", text, re.M | re.S):
        heading = title or heading
        if language:
            yield heading, language, block


def install():
    os.makedirs(PLACE, exist_ok=True)
    wanted = [shutil.copy(os.path.join(client_check.HERE, name), PLACE) for name in ("requirements.txt", "package.json")]
    client_check.install(PLACE, "requirements.txt", (
        [sys.executable, "-m", "venv", PLACE],
        [os.path.join(PLACE, "bin", "pip"), "install", "--quiet", "-r", wanted[0]]))
    modules = os.path.join(PLACE, "node")
    os.makedirs(modules, exist_ok=True)
    shutil.copy(wanted[1], modules)
    client_check.install(modules, "package.json", [NPM])
    with open(wanted[0], encoding="utf-8") as file:
        packages = set(re.findall(r"^([\w-]+)==", file.read(), re.M))
    with open(wanted[1], encoding="utf-8") as file:
        return packages, set(json.load(file)["dependencies"])


def run(command, text, cwd=PLACE):
    """(status, output) of a program that is given the recipe on standard input."""
    done = subprocess.run(command, input=text, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=suite.PATIENCE, check=False)
    return done.returncode, done.stdout


def answers(command, text, heading, **options):
    status, said = run(command, text, **options)
    if not tap.ok(status == 0 and REPLY in said, "%s: it is answered" % heading):
        tap.diag(said)


def check_shell(heading, text, _installed):
    if "curl" in text:
        count = text.count("curl ")
        status, said = run(["bash", "-e"], text.replace("curl ", "curl --silent --fail "))
        if not tap.ok(status == 0 and said.count(REPLY) == count, "%s: it is answered" % heading):
            tap.diag(said)
    else:
        tap.is_(run(["bash", "-n"], text)[0], 0, "%s: it is shell" % heading)


def check_python(heading, text, installed):
    wanted = set(re.findall(r"^from (\w+)", text, re.M))
    if wanted <= installed[0]:
        answers([PYTHON, "-"], text, heading)
    else:
        tap.ok(compile(text, heading, "exec"), "%s: it is Python" % heading)


def check_node(heading, text, installed):
    modules = os.path.join(PLACE, "node")
    wanted = set(re.findall(r'from "([^"]+)"', text))
    if wanted <= installed[1]:
        answers(["node", "--input-type=module"], text, heading, cwd=modules)
    else:
        path = os.path.join(modules, "recipe.mjs")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        tap.is_(run(["node", "--check", path], "")[0], 0, "%s: it is JavaScript" % heading)


def check_toml(heading, text, _installed):
    tap.ok(tomllib.loads(text), "%s: it is TOML" % heading)


CHECKS = {"sh": check_shell, "python": check_python, "js": check_node, "toml": check_toml}


with suite.Suite() as the_suite:
    there = install()
    document = read_document()
    found = list(recipes(document.replace("http://gate:8000", "http://127.0.0.1:%d" % the_suite.port).replace(
        "sk-hg-...", the_suite.make_key())))
    for title, language, block in found:
        if language in CHECKS:
            CHECKS[language](title, block, there)
    tap.ok(len(found) > 10, "there are recipes")
