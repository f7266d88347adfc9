"""What the checks of all official clients share: where they are installed, the suite they speak to, and the judgement.

Each client has a driver, which does all it can with the client and prints what came of it (driver.mjs says how).
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402
from faults import BROKEN, DATA, FAULTS, FINE, REFUSALS  # noqa: E402

BUILT = os.path.join(os.path.dirname(suite.BIN), "clients")
PLAIN = "The gate is open and the model is a mock. "
WIDE = "Grüße an 日本語 und 🙂 für alle. Grüße an 日本語 "
ENDLESS = "stream-100000x20"

# Stalls end soon, and no other answer takes nearly as long.
ENV = {"HEIMGATE_FIRST_BYTE_TIMEOUT_MS": "3000", "HEIMGATE_UPSTREAM_IDLE_TIMEOUT_MS": "3000"}

# "far" is another model server, which cuts the arguments of tools into pieces; "full" has one slot.
MODELS = {
    "upstreams": {
        "mock": {"base_url": "MOCK", "kind": "ollama", "slots": 500, "acquire_timeout_ms": 5000},
        "small": {"base_url": "MOCK", "kind": "ollama", "slots": 1, "acquire_timeout_ms": 50},
        "far": {"base_url": "FAR/v1", "kind": "openai"},
    },
    "models": {
        "full": {"targets": [{"upstream": "small", "model": ENDLESS}]},
        "far": {"targets": [{"upstream": "far"}]},
        "*": {"targets": [{"upstream": "mock"}]},
    },
}

TOOL = {
    "name": "look_up",
    "description": "Looks up what is there",
    "parameters": {
        "type": "object",
        "properties": {"place": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["place", "days"],
        "additionalProperties": False,
    },
}
ARGUMENTS = {"place": "the gate, 日本", "days": 3}


def install(place, wanted, commands):
    """Installs what the file `wanted` lists into the directory `place`, unless this very version is there."""
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


def run_with(name, requirements, script):
    """Goes on with the script in an environment of that name, where the packages of the file `requirements` are."""
    place = os.path.join(BUILT, name)
    if sys.prefix == place:
        return
    pip = [os.path.join(place, "bin", "pip"), "install", "--quiet", "-r", requirements]
    install(place, requirements, ([sys.executable, "-m", "venv", place], pip))
    python = os.path.join(place, "bin", "python")
    os.execv(python, [python, os.path.abspath(script)])


def make_keys(s):
    """A key of its own for each refusal, so that attempts can be counted.

    Of the tokens a minute, a held stream takes nearly all, and a few seconds bring the rest of what is asked for.
    """
    keys = {
        "revoked": s.make_key(),
        "narrow": s.make_key(models="other"),
        "poor": s.make_key(budget="5/day"),
        "full": s.make_key(),
        "busy": s.make_key(),
        "paced": s.make_key(tpm=18000),
    }
    s.tool("key", "revoke", s.key_id(keys["revoked"]))
    return keys


def run_driver(s, key, keys, program, place, client):
    slow = [model for model in FAULTS if "stall" in model]
    setup = {
        "place": place,
        "url": "http://127.0.0.1:%d" % s.port,
        "key": key,
        "keys": keys,
        "models": ["full", "llama3.2:latest", "text-embed"],
        "tool": TOOL,
        "asked": "Reply with exactly this text and nothing else: " + json.dumps(ARGUMENTS),
        "quick": [model for model in FAULTS if model not in slow],
        "slow": slow,
        "left": "%s+left-by-%s" % (ENDLESS, client.driver),
        "most": 16384,
        "more": 2500,
    }
    return subprocess.run(
        [program, os.path.join(HERE, client.driver), json.dumps(setup)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def whole_text(way, model):
    return DATA.get(way) or (WIDE if "split-utf8" in model else PLAIN)


def end_of(line):
    """How it ended: FINE, [class, status or BROKEN], or what is wrong with the text."""
    whole = whole_text(line["way"], line["model"])
    error = line["error"]
    if error is None:
        return FINE if line["text"] == whole else "short: %r" % line["text"]
    if (error.get("status") or 0) > 0:
        return [error["name"], error["status"]] if error.get("type", True) else "no type: %r" % error
    is_beginning = whole.startswith(line["text"]) and line["text"] != whole
    return [error["name"], BROKEN] if is_beginning else "%s after %r" % (error["name"], line["text"])


def judge_faults(client, lines):
    ends = {model: {} for model in FAULTS}
    for line in lines:
        ends[line["model"]][line["way"]] = end_of(line)
    ways = {line["way"] for line in lines}
    for model, got in ends.items():
        wanted = {way: client.wanted_end(way, model) for way in ways}
        tap.is_(got, wanted, "%s: %s" % (client.driver, model))


def judge_refusals(client, lines):
    tap.is_({line["refusal"] for line in lines}, set(REFUSALS), client.driver + ": all is refused")
    for line in lines:
        name = "%s: %s" % (client.driver, line["refusal"])
        error = line["error"]
        if error and client.dialect == "ollama":
            tap.ok(error.pop("message") not in ("", "[object Object]"), name + ": in words")
        tap.is_(error, client.wanted_error(line["refusal"]), name)


def judge_attempts(s, client, keys):
    for refusal, key in keys.items():
        wanted = client.retried[refusal]

        def refused(key=key):
            return [record for record in s.records(key_id=s.key_id(key)) if 400 <= record["status"] != 499]

        suite.until(lambda refused=refused, wanted=wanted: len(refused()) >= wanted, "%s's attempts" % client.driver)
        tap.is_(len(refused()), wanted, "%s: %s: tried as often as makes sense" % (client.driver, refusal))


def judge(s, client, done):
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        if "tool" in line:
            call = (line["name"], json.loads(line["given"]))
            tap.is_(call, (TOOL["name"], ARGUMENTS), "%s: a tool is called: %s" % (client.driver, line["from"]))
        elif "wanted" in line:
            tap.is_(line["got"], line["wanted"], "%s: %s" % (client.driver, line["name"]))
    judge_faults(client, [line for line in lines if "way" in line])
    judge_refusals(client, [line for line in lines if "refusal" in line])
    tap.is_(done.returncode, 0, client.driver + ": comes to its end") or tap.diag(done.stderr)
    left = s.mock.wait(event="request", model="%s+left-by-%s" % (ENDLESS, client.driver))["request"]
    s.mock.wait(event="peer-closed", request=left)
    tap.ok(True, client.driver + ": leaving a stream ends it at the model server")


def check(clients, program, place):
    """Runs the drivers side by side against one suite."""
    with tempfile.TemporaryDirectory() as directory:
        far = suite.Mock(directory, shape="vllm")
        models = json.loads(json.dumps(MODELS).replace("FAR", far.url))
        with suite.Suite(env=ENV, models=models) as s:
            key = s.make_key()
            sitter = s.stream(key, "full")
            sitter.event()
            keys = [make_keys(s) for _ in clients]
            done = suite.together(len(clients), lambda i: run_driver(s, key, keys[i], program, place, clients[i]))
            for client, its_keys, what in zip(clients, keys, done):
                judge(s, client, what)
                judge_attempts(s, client, its_keys)
            sitter.close()
        far.end()
