#!/usr/bin/env python3
"""Starting wrongly: one clear line on standard error and the documented exit code, for every daemon."""

import json
import os
import signal
import socket
import subprocess

import suite
import tap

USAGE, ENVIRONMENT = 100, 111


def run(s, program, env=(), arguments=()):
    """Runs a program that is expected to give up: (exit code, standard error)."""
    done = subprocess.run(
        [os.path.join(suite.BIN, "heimgate-" + program), *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=suite.clean_environment(s.settings(env)),
        timeout=suite.PATIENCE,
        check=False,
    )
    return done.returncode, done.stderr.decode(errors="replace")


def gives_up(s, program, code, words, name, env=(), arguments=()):
    got, text = run(s, program, env, arguments)
    lines = [line for line in text.splitlines() if " info event=" not in line]
    good = got == code and len(lines) == 1 and lines[0].startswith("heimgate-%s: " % program)
    good = good and all(word in lines[0] for word in words)
    return tap.ok(good, "%s: %s" % (program, name)) or tap.diag("exit code %d, wanted %d\n%s" % (got, code, text))


def check_settings(s):
    for program in suite.DAEMONS:
        gives_up(s, program, USAGE, ["HEIMGATE_PROT"], "an unknown variable", {"HEIMGATE_PROT": "8010"})
        gives_up(s, program, USAGE, ["HEIMGATE_LOG_LEVEL", "loud"], "a bad log level", {"HEIMGATE_LOG_LEVEL": "loud"})
        gives_up(
            s,
            program,
            ENVIRONMENT,
            ["/proc/nowhere"],
            "a state directory that cannot be",
            {"HEIMGATE_STATE": "/proc/nowhere", "HEIMGATE_MODELS": s.models_path},
        )
    for program, name, value in (
        ("edge", "HEIMGATE_PORT", "70000"),
        ("edge", "HEIMGATE_PORT", "80x"),
        ("edge", "HEIMGATE_PORT", ""),
        ("edge", "HEIMGATE_ADDRESS", "localhost"),
        ("edge", "HEIMGATE_HEADER_MAX", "-1"),
        ("authd", "HEIMGATE_GRANT_LIFE_MS", "99999999"),
        ("authd", "HEIMGATE_DEFAULT_BUDGET", "5/fortnight"),
        ("authd", "HEIMGATE_AUTH_STORE", "mysql://x"),
        ("limiterd", "HEIMGATE_LIMIT_STORE", "redis://u:sesame@x"),
        ("proxyd", "HEIMGATE_AUDIT", "perhaps"),
        ("auditd", "HEIMGATE_SANDBOX", "perhaps"),
        ("auditd", "HEIMGATE_AUDIT_STORE", "csv:x"),
    ):
        gives_up(s, program, USAGE, [name], "%s=%s" % (name, value), {name: value})


def check_models(s):
    good = {
        "upstreams": {"a": {"base_url": "http://127.0.0.1:1", "kind": "ollama"}},
        "models": {"*": {"targets": [{"upstream": "a"}]}},
    }

    def changed(**upstream):
        return {**good, "upstreams": {"a": {**good["upstreams"]["a"], **upstream}}}

    for text, name in (
        ("", "an empty file"),
        ("{", "half a file"),
        ("[]", "a list"),
        (json.dumps({**good, "extra": 1}), "an unknown member"),
        (json.dumps(changed(slot=3)), "an unknown member of an upstream"),
        (json.dumps(changed(kind="cohere")), "an unknown kind"),
        (json.dumps(changed(base_url="ftp://x")), "a strange URL"),
        (json.dumps(changed(slots=0)), "no slots"),
        (json.dumps({**good, "models": {"*": {"targets": [{"upstream": "b"}]}}}), "an upstream that is not there"),
        (json.dumps(good).replace('"kind"', '"kind": "ollama", "kind"'), "a member twice"),
    ):
        path = os.path.join(s.directory, "bad.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        for program in ("limiterd", "proxyd"):
            gives_up(s, program, USAGE, ["bad.json"], "models.json with " + name, {"HEIMGATE_MODELS": path})
        tap.ok(
            s.tool("check", env={"HEIMGATE_MODELS": path}, check=False).returncode != 0,
            "and heimgate check says so, too",
        )
    for program in ("limiterd", "proxyd"):
        gives_up(s, program, USAGE, ["/nowhere.json"], "models.json missing", {"HEIMGATE_MODELS": "/nowhere.json"})
    with open(s.models_path, "w", encoding="utf-8") as file:
        json.dump(changed(api_key_file="/nowhere.key"), file)
    code, text = run(s, "proxyd")
    tap.ok(
        code in (USAGE, ENVIRONMENT) and "/nowhere.key" in text and text.count("\n") == 1,
        "proxyd: a credential's file missing",
    ) or tap.diag(text)


def check_places(s):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        gives_up(
            s,
            "edge",
            ENVIRONMENT,
            ["127.0.0.1", port, "HEIMGATE_PORT"],
            "a port that is taken",
            {"HEIMGATE_PORT": port},
        )
    if os.geteuid() == 0:
        gives_up(s, "edge", USAGE, ["HEIMGATE_USER"], "root without a user to become", {"HEIMGATE_USER": ""})
        gives_up(s, "edge", USAGE, ["HEIMGATE_USER"], "a user that is no number", {"HEIMGATE_USER": "nobody"})
    deep = os.path.join(s.directory, "deep" * 30)
    os.mkdir(deep)
    gives_up(
        s,
        "door",
        ENVIRONMENT,
        [deep, "too long"],
        "a socket's path that is too long",
        {"HEIMGATE_RUN": deep, "HEIMGATE_DOOR": "door/link"},
    )
    path = os.path.join(s.state, "secrets", "grant.key")
    for content, mode, name in (
        (b"short", 0o640, "a stamp key that is too short"),
        (b"k" * 32, 0o644, "one that all may read"),
    ):
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
        for program in ("authd", "limiterd"):
            gives_up(s, program, ENVIRONMENT, ["grant.key"], name)
    os.unlink(path)
    with open(os.path.join(s.state, "authd", "keys.db"), "wb") as file:
        file.write(b"this is no database" * 100)
    gives_up(s, "authd", ENVIRONMENT, ["key store"], "a database that is none")
    os.unlink(os.path.join(s.state, "authd", "keys.db"))


def check_answers(s):
    """-h, -V and -n answer and end well."""
    for program in suite.DAEMONS:
        for option, words in (
            ("-h", ["HEIMGATE_STATE", "heimgate-" + program]),
            ("-V", ["0."]),
            ("-n", ["HEIMGATE_STATE=" + s.state]),
        ):
            done = subprocess.run(
                [os.path.join(suite.BIN, "heimgate-" + program), option],
                capture_output=True,
                text=True,
                env=suite.clean_environment(s.settings()),
                timeout=suite.PATIENCE,
                check=False,
            )
            tap.ok(
                done.returncode == 0 and all(word in done.stdout for word in words) and not done.stderr,
                "%s %s" % (program, option),
            ) or tap.diag(done)
        code, _ = run(s, program, arguments=("--no-such-option",))
        tap.is_(code, USAGE, program + ": an unknown option")


def check_reload():
    """SIGHUP with a bad file: reported, and the running one stays."""
    with suite.Suite() as s:
        key = s.make_key()
        with open(s.models_path, encoding="utf-8") as file:
            good = file.read()
        with open(s.models_path, "w", encoding="utf-8") as file:
            file.write("{")
        for name in ("limiterd", "proxyd"):
            s.running[name].popen.send_signal(signal.SIGHUP)
            suite.until(lambda name=name: "models.json" in s.log(name), name + "'s report")
        tap.is_(s.chat(key, "m").status, 200, "a bad models.json is reported, and the running one stays")
        with open(s.models_path, "w", encoding="utf-8") as file:
            file.write(good.replace('"*"', '"only"'))
        for name in ("proxyd", "limiterd"):
            s.running[name].popen.send_signal(signal.SIGHUP)
        suite.until(lambda: s.chat(key, "m").status == 404, "the new models.json")
        tap.is_(s.chat(key, "only").status, 200, "a good one is followed")


the_suite = suite.Suite(daemons=())
check_settings(the_suite)
check_models(the_suite)
the_suite.write_models()
check_places(the_suite)
check_answers(the_suite)
the_suite.stop()
check_reload()
