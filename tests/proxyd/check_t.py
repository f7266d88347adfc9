#!/usr/bin/env python3
"""heimgate check: what models.json means, and where a model goes."""

import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402

MODELS = {
    "upstreams": {
        "ollama": {"base_url": "http://127.0.0.1:11434", "kind": "ollama", "slots": 4, "acquire_timeout_ms": 99, "warm": ["q:9b"]},
        "openai": {"base_url": "https://api.openai.com/v1", "kind": "openai", "api_key_file": "/run/secrets/key"}},
    "models": {"mini": {"targets": [{"upstream": "ollama", "model": "llama3.1:8b"}]},
               "gpt-4o": {"targets": [{"upstream": "openai"}]}}}
ANY = {"*": {"targets": [{"upstream": "ollama"}]}}

ALL = """upstream ollama
  kind ollama, at http://127.0.0.1:11434
  4 requests at one time; a caller waits 99 ms for a slot
  loads q:9b at start
upstream openai
  kind openai, at https://api.openai.com/v1
  10 requests at one time; a caller waits 250 ms for a slot
  credential from /run/secrets/key
model *: any other name goes to ollama as it is
model gpt-4o goes to openai
model mini goes to ollama as llama3.1:8b
"""


def check(*arguments, **env):
    """(exit code, standard output, standard error) of heimgate-check."""
    done = subprocess.run([os.path.join(suite.BIN, "heimgate-check"), *arguments], env=suite.clean_environment(env),
                          capture_output=True, text=True, timeout=suite.PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr


def write(directory, name, value):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(value if isinstance(value, str) else json.dumps(value))
    return path


with tempfile.TemporaryDirectory() as place:
    some = write(place, "some.json", MODELS)
    every = write(place, "models.json", {**MODELS, "models": {**MODELS["models"], **ANY}})
    tap.is_(check(every), (0, ALL, ""), "everything in the file")
    tap.is_(check(HEIMGATE_STATE=place), (0, ALL, ""), "of the state directory, when none is named")
    tap.is_(check(HEIMGATE_STATE="/nowhere", HEIMGATE_MODELS=every), (0, ALL, ""), "or of HEIMGATE_MODELS")
    tap.is_(check(every, "mini")[:2], (0, "model mini goes to ollama as llama3.1:8b\n"), "one model")
    tap.is_(check(every, "else")[:2], (0, "model else goes to ollama\n"), "one that only * knows")
    tap.is_(check(some, "else")[:2], (1, "model else goes nowhere: callers receive 404\n"), "one that nobody knows")
    bad = write(place, "bad.json", {**MODELS, "more": 1})
    code, said, error = check(bad)
    tap.ok(code == 100 and not said and bad in error and "more: unknown member" in error, "a member that is none") or tap.diag(error)
    code, _, error = check(write(place, "broken.json", '{\n"upstreams": {,}}'))
    tap.ok(code == 100 and "broken.json: line 2" in error, "a file that is not JSON: which line") or tap.diag(error)
    tap.is_(check(os.path.join(place, "none.json"))[0], 100, "a file that is not there")
    tap.is_(check("-x")[0], 100, "an option that is none")
    tap.is_(check(every, "a", "b")[0], 100, "too much of it")
    tap.ok(check("-h")[1].startswith("usage: heimgate check"), "help")
