#!/usr/bin/env python3
"""Planted secrets are looked for in everything that the suite writes, says or shows: none may turn up anywhere."""

import base64
import os
import subprocess
import urllib.parse

import suite
import tap

UPSTREAM_KEY = "canary-upstream-kXq7w2Vb9"
TAKEN_OVER = "canary taken over Zt4mQ8rL1"
PROMPT = "canary-prompt-Hj3nD6sP0"
WRONG = "sk-hg-0123456789-canarywrongKeyT5bN2vC8xM1zL4kJ7hG0fD3sA6pOiUyTrE"


def spellings(secret):
    """As it is, and as something might have encoded it."""
    raw = secret.encode()
    found = {raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), urllib.parse.quote(secret).encode()}
    return found | {base64.b64encode(b":" + raw)[4:-4], base64.b64encode(b"x:" + raw)[4:-4]}


def processes(s):
    """Command lines and environments, as `ps` and /proc show them."""
    shown = subprocess.run(["ps", "auxwwe"], capture_output=True, check=False).stdout
    shown = b"".join(line for line in shown.splitlines() if b"heimgate-mockmodel" not in line)
    for process in s.running.values():
        for name in ("cmdline", "environ"):
            try:
                with open("/proc/%d/%s" % (process.pid, name), "rb") as file:
                    shown += file.read()
            except PermissionError:
                pass
    return shown


def files(s, but):
    for directory, _, names in os.walk(s.directory):
        for name in names:
            path = os.path.join(directory, name)
            if os.path.isfile(path) and path not in but:
                with open(path, "rb") as file:
                    yield path, file.read()


def outputs(s):
    for arguments in (
        ("key", "list"),
        ("key", "list", "--json"),
        ("audit", "tail"),
        ("audit", "tail", "--json"),
        ("audit", "usage"),
        ("limits", "show"),
        ("limits", "show", "--json"),
        ("check",),
    ):
        done = s.tool(*arguments, check=False)
        yield "heimgate " + " ".join(arguments), done.stdout + done.stderr


def use(s, key):
    """Everything that might make a daemon say more than it should.  Returns what clients were answered."""
    answers = []
    for model in ("m", "fault-401", "fault-html-502", "fault-busy-503", "fault-cut", "fault-rst-head"):
        for stream in (False, True):
            answers.append(s.chat(key, model, text=PROMPT, stream=stream))
    basic = base64.b64encode(b"someone:" + TAKEN_OVER.encode()).decode()
    for headers in (
        {"Authorization": "Bearer " + WRONG},
        {"x-api-key": WRONG},
        {"api-key": TAKEN_OVER},
        {"Authorization": "Basic " + basic},
        {"Authorization": WRONG},
        {"Authorization": "Bearer " + key + "x"},
        {"X-Odd": key, "Authorization": "Bearer " + key},
    ):
        answers.append(s.chat(None, "m", headers, text=PROMPT))
    for body in (b'{"model":"%s"' % PROMPT.encode(), b'{"model":"m","messages":"%s\xff"}' % PROMPT.encode()):
        answers.append(s.http("POST", "/v1/chat/completions", body, key))
    for data in (
        b"GET /%s HTTP/1.1\r\nAuthorization: Bearer %s\r\n\r\n" % (key.encode(), key.encode()),
        b"GET /?key=%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % (key.encode(), key.encode()),
        b"Authorization: Bearer %s\r\n\r\n" % key.encode(),
    ):
        with s.raw(data) as sock:
            sock.settimeout(1)
            try:
                sock.recv(65536)
            except TimeoutError:
                pass
    return answers


with suite.Suite(env={"HEIMGATE_LOG_LEVEL": "debug"}, mock=("--api-key", UPSTREAM_KEY)) as s:
    credential = os.path.join(s.directory, "upstream.key")
    with open(credential, "w", encoding="ascii") as file:
        file.write(UPSTREAM_KEY + "\n")
    s.write_models(
        {
            "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "api_key_file": credential}},
            "models": {"*": {"targets": [{"upstream": "mock"}]}},
        }
    )
    for name in ("limiterd", "proxyd"):
        s.restart(name)
    key = s.make_key()
    s.tool("key", "create", "--name", "taken-over", "--secret-stdin", stdin=TAKEN_OVER.encode() + b"\n")
    tap.is_(s.chat(key, "m").status, 200, "the upstream's credential is used")
    answers = use(s, key)
    rotated = s.tool("key", "rotate", s.key_id(key)).stdout.decode().strip()
    tap.is_(s.chat(rotated, "m").status, 200, "and a rotated key")
    s.tool("key", "revoke", s.key_id(key))
    seals = []
    for name in ("grant.key", "lease.key"):
        with open(os.path.join(s.state, "secrets", name), "rb") as file:
            seals.append(file.read())

    places = dict(
        files(
            s,
            but=(
                credential,
                os.path.join(s.directory, "mockmodel.log"),
                os.path.join(s.state, "secrets", "grant.key"),
                os.path.join(s.state, "secrets", "lease.key"),
            ),
        )
    )
    places.update(outputs(s))
    places["ps"] = processes(s)
    places["answers to clients"] = b"".join(
        repr(answer).encode() + answer.body.replace(PROMPT.encode(), b"") for answer in answers
    )
    tap.ok(
        any(PROMPT.encode() in request["body"] for request in s.mock.requests()),
        "the prompts did reach the model server",
    )
    tap.ok(len(places) > 15, "%d places are looked at" % len(places))
    for secret, what in (
        (key, "a key"),
        (rotated, "a rotated key"),
        (key.rsplit("-", 1)[1], "a key's secret part"),
        (TAKEN_OVER, "a secret taken over"),
        (UPSTREAM_KEY, "the upstream's credential"),
        (WRONG, "a wrong key"),
        (PROMPT, "a prompt"),
    ):
        found = [place for place, text in places.items() if any(spelling in text for spelling in spellings(secret))]
        tap.is_(found, [], what + " is nowhere")
    found = [
        place for place, text in places.items() if any(seal in text or seal.hex().encode() in text for seal in seals)
    ]
    tap.is_(found, [], "the stamp keys are nowhere but in their files")
    modes = {
        name: os.stat(os.path.join(s.state, "secrets", name)).st_mode & 0o777 for name in ("grant.key", "lease.key")
    }
    tap.ok(
        all(mode & 0o037 == 0 for mode in modes.values()),
        "which others cannot read: %s" % {n: oct(m) for n, m in modes.items()},
    )
    with open(os.path.join(s.state, "authd", "keys.db"), "rb") as file:
        tap.ok(file.read(6) == b"SQLite" and os.stat(file.name).st_mode & 0o007 == 0, "nor the database of keys")
