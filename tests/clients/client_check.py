"""What the checks of all official clients share: where they are installed, and the suite they speak to."""

import hashlib
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402

BUILT = os.path.join(os.path.dirname(suite.BIN), "clients")


def install(place, wanted, commands):
    """Installs a client into the directory `place` unless this very version is there."""
    with open(os.path.join(HERE, wanted), "rb") as file:
        version = hashlib.sha256(file.read()).hexdigest()
    stamp = os.path.join(place, "installed")
    if os.path.exists(stamp):
        with open(stamp, encoding="ascii") as file:
            if file.read() == version:
                return
    os.makedirs(place, exist_ok=True)
    for command in commands:
        done = subprocess.run(
            command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode != 0:
            tap.ok(False, "installed: " + " ".join(command))
            tap.diag(done.stdout)
            sys.exit(1)
    with open(stamp, "w", encoding="ascii") as file:
        file.write(version)


# A limit for each of the client's error classes, and a model server that fails on request.
MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "slots": 4, "acquire_timeout_ms": 50}},
    "models": {
        "gpt-4o-mini": {"targets": [{"upstream": "mock", "model": "llama3.2:latest"}]},
        "*": {"targets": [{"upstream": "mock"}]},
    },
}

ECHO = "Reply with exactly this text and nothing else: "
TEXT = "Grüße, 日本語 and 🙂 "
