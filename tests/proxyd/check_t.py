#!/usr/bin/env python3
"""heimgate check: what models.json means, and where a model goes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402

TIMERS = """  a connection may take as long as HEIMGATE_CONNECT_TIMEOUT_MS says
  the first byte may take as long as HEIMGATE_FIRST_BYTE_TIMEOUT_MS says
  silence in an answer may last as long as HEIMGATE_UPSTREAM_IDLE_TIMEOUT_MS says
"""
MODELS = {
    "upstreams": {
        "ollama": {"base_url": "http://127.0.0.1:11434", "kind": "ollama", "slots": 4, "acquire_timeout_ms": 99, "warm": ["q:9b"]},
        "openai": {"base_url": "https://api.openai.com/v1", "kind": "openai", "api_key_file": "/nowhere/key"}},
    "models": {"mini": {"targets": [{"upstream": "ollama", "model": "llama3.1:8b"}]},
               "gpt-4o": {"targets": [{"upstream": "openai"}]}}}
ANY = {"*": {"targets": [{"upstream": "ollama"}]}}

ALL = """upstream ollama
  kind ollama, at http://127.0.0.1:11434
  not local: closed to keys made with --local-only
  4 requests at one time; a caller waits 99 ms for a slot
""" + TIMERS + """  asked for its version after 10000 ms of silence
  no work for 5000 ms after 5 failures in a row, and for longer when it fails again
  loads q:9b at start
upstream openai
  kind openai, at https://api.openai.com/v1
  not local: closed to keys made with --local-only
  10 requests at one time; a caller waits 250 ms for a slot
  sends as a bearer token the credential from /nowhere/key, which is not there for you; whether it is for proxyd was not checked
""" + TIMERS + """  asked for its models after 10000 ms of silence
  no work for 5000 ms after 5 failures in a row, and for longer when it fails again
any other model
  goes to ollama as it is
model gpt-4o
  goes to openai
model mini
  goes to ollama as llama3.1:8b
"""

# Every member that there is.
FULL = {
    "upstreams": {
        "gpu": {"base_url": "http://10.0.0.5:8000/v1/", "kind": "openai", "local": True, "connect_timeout_ms": 500,
                "first_byte_timeout_ms": 60000, "idle_timeout_ms": 7000, "health_path": "/health",
                "health_interval_ms": 2000, "open_after": 3, "open_ms": 800},
        "old": {"base_url": "http://10.0.0.6:8000/v1", "kind": "openai", "local": True},
        "house": {"base_url": "http://127.0.0.1:11434", "kind": "ollama", "local": True},
        "claude": {"base_url": "https://api.anthropic.com/v1", "kind": "anthropic", "api_key_file": "KEY"},
        "azure": {"base_url": "https://name.openai.azure.com/openai/v1", "kind": "azure", "api_key_file": "KEY",
                  "ca_file": "KEY", "proxy": "http://proxy:3128", "headers": {"X-Team": "secret"},
                  "health_interval_ms": 0, "open_after": 0}},
    "models": {
        "chat": {"targets": [{"upstream": "gpu", "weight": 3, "drop_params": ["keep_alive"], "set_params": {"top_p": 0.5}},
                             {"upstream": "house", "model": "llama3.1:8b"},
                             {"upstream": "old", "drain": True}],
                 "fallbacks": [{"upstream": "azure", "model": "gpt-4o-eu"}], "fallback_on": ["connect", "5xx"], "retries": 2},
        "gpt-4o": {"alias": "default"},
        "default": {"alias": "chat"},
        "stray": {"alias": "qwen3"},
        "claude": {"targets": [{"upstream": "claude"}]},
        "plain": {"targets": [{"upstream": "gpu", "weight": 1000}, {"upstream": "house"}], "fallback_on": []},
        "once": {"targets": [{"upstream": "gpu"}, {"upstream": "gpu", "model": "b"}], "fallback_on": ["timeout", "429"]},
        "*": {"targets": [{"upstream": "house"}, {"upstream": "gpu"}]}}}

CHAT = """  75 % goes to gpu as chat; in JSON bodies drops "keep_alive", sets "top_p":0.5
  25 % goes to house as llama3.1:8b
  drains, and is given nothing new: old as chat
  else to azure as gpt-4o-eu
  retries of a target that fails: 2, after 100 ms and more, or a Retry-After of up to 10 s
  else to another of those that share the load, before any other
  else is for: not reached or given no work, 5xx; never after the first byte
"""
STEPS = """model gpt-4o
  is another name for default
  is another name for chat
"""
CHAT_DIALECTS = """  OpenAI's API, such as /v1/chat/completions: gpu, house, azure
    with a --local-only key: gpu, house
  Anthropic's API, /v1/messages: gpu, house, azure
    with a --local-only key: gpu, house
  Ollama's own API, such as /api/chat: house
"""
CLAUDE = """model claude
  goes to claude
  OpenAI's API, such as /v1/chat/completions: 404, nothing here has it
  Anthropic's API, /v1/messages: claude
    with a --local-only key: 404, nothing here is local
  Ollama's own API, such as /api/chat: 404, nothing here has it
"""
STRAY = """model stray
  is another name for qwen3
  is not in the file: "*" is for it
  only where the name is listed:
  50 % goes to house as qwen3
  50 % goes to gpu as qwen3
"""
PLAIN = """  100 % goes to gpu
  less than 1 % goes to house
  nothing else is tried when it fails
"""
ONCE = """  50 % goes to gpu
  50 % goes to gpu as b
  else to another of those that share the load, before any other
  else is for: no first byte in time, 429; never after the first byte
  OpenAI's API, such as /v1/chat/completions: gpu
"""


def check(*arguments, program=os.path.join(suite.BIN, "heimgate-check"), user=None, **env):
    """(exit code, standard output, standard error) of heimgate-check."""
    done = subprocess.run([program, *arguments], env=suite.clean_environment(env), user=user,
                          capture_output=True, text=True, timeout=suite.PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr


def write(directory, name, value):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(value if isinstance(value, str) else json.dumps(value))
    return path


def has(text, wanted, name):
    if not tap.ok(wanted in text, name):
        tap.diag(text)


def check_files(place):
    some = write(place, "some.json", MODELS)
    every = write(place, "models.json", {**MODELS, "models": {**MODELS["models"], **ANY}})
    tap.is_(check(every), (0, ALL, ""), "everything in the file")
    tap.is_(check(HEIMGATE_STATE=place), (0, ALL, ""), "of the state directory, when none is named")
    tap.is_(check(HEIMGATE_STATE="/nowhere", HEIMGATE_MODELS=every), (0, ALL, ""), "or of HEIMGATE_MODELS")
    has(check(every, "mini")[1], "model mini\n  goes to ollama as llama3.1:8b\n  OpenAI's", "one model")
    has(check(every, "else")[1], 'model else\n  is not in the file: "*" is for it\n  goes to ollama\n', "one that only * knows")
    tap.is_(check(some, "else")[:2], (1, "model else\n  goes nowhere: callers receive 404\n"), "one that nobody knows")
    tap.is_(check(every, "a", "b")[0], 100, "too much of it")


def check_full(place):
    key = write(place, "key", "sk-canary\n")
    path = write(place, "full.json", json.dumps(FULL).replace("KEY", key))
    said = check(path)[1]
    for line in ("kind openai, at http://10.0.0.5:8000/v1", "local: open to keys made with --local-only",
                 "a connection may take 500 ms", "the first byte may take 60000 ms", "silence in an answer may last 7000 ms",
                 "asked for /health after 2000 ms of silence",
                 "no work for 800 ms after 3 failures in a row, and for longer when it fails again",
                 "sends as x-api-key the credential from %s, which you can read" % key,
                 "sends as api-key the credential from %s, which you can read" % key,
                 "certified by %s, which you can read" % key, "reached through the proxy http://proxy:3128",
                 "sends the header X-Team", "never asked how it is", "given work however often it fails"):
        has(said, "\n  %s\n" % line, line)
    tap.ok("secret" not in said and "canary" not in said, "no header's value and no credential is shown")
    has(said, "model default\n  is another name for chat\n", "an alias")
    has(said, "model chat\n" + CHAT.replace(" as chat", ""), "several targets, and fallbacks")
    has(said, "any other model\n  only where the name is listed:\n  50 % goes to house as it is\n", "discovery")
    tap.is_(check(path, "gpt-4o")[1], STEPS + CHAT + CHAT_DIALECTS, "one model, by way of its aliases")
    tap.is_(check(path, "claude")[1], CLAUDE, "one of Anthropic's")
    has(check(path, "stray")[1], STRAY, "an alias of what only * knows")
    has(check(path, "plain")[1], PLAIN, "no fallback for any reason, and a small share")
    has(check(path, "once")[1], ONCE, "an upstream that is there twice")


def check_unreadable(place):
    key = write(place, "locked", "sk-canary\n")
    path = write(place, "locked.json", json.dumps(FULL).replace("KEY", key))
    program = shutil.copy(os.path.join(suite.BIN, "heimgate-check"), place)
    for name, mode in ((place, 0o755), (path, 0o644), (program, 0o755), (key, 0)):
        os.chmod(name, mode)
    said = check(path, program=program, user=65534 if os.geteuid() == 0 else None)[1]
    has(said, "which you cannot read; whether proxyd can was not checked", "a credential of somebody else's")


def check_mistakes(place):
    bad = write(place, "bad.json", {**MODELS, "more": 1})
    code, said, error = check(bad)
    tap.ok(code == 100 and not said and bad in error and "more: unknown member" in error, "a member that is none") or tap.diag(error)
    code, _, error = check(write(place, "broken.json", '{\n"upstreams": {,}}'))
    tap.ok(code == 100 and "broken.json: line 2" in error, "a file that is not JSON: which line") or tap.diag(error)
    tap.is_(check(os.path.join(place, "none.json"))[0], 100, "a file that is not there")
    tap.is_(check("-x")[0], 100, "an option that is none")
    tap.ok(check("-h")[1].startswith("usage: heimgate check"), "help")


with tempfile.TemporaryDirectory() as temporary:
    for judge in (check_files, check_full, check_unreadable, check_mistakes):
        judge(temporary)
