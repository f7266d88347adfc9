#!/usr/bin/env python3
"""`heimgate up`, the local runner: ready, a first key shown once, a curl line that works, a clean end."""

import os
import re
import signal
import subprocess
import tempfile

import suite
import tap

MANY_KEYS = 200  # of them 64 KiB of JSON


class Up:
    """A runner with its state in a directory of its own."""

    def __init__(self, state, port, upstream):
        self.env = {"HEIMGATE_STATE": state, "HEIMGATE_PORT": str(port), "HEIMGATE_UPSTREAM": upstream}
        self.port = port
        self.process = subprocess.Popen(
            [os.path.join(suite.BIN, "heimgate"), "up"],
            env=suite.clean_environment(self.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        self.said = ""

    def read(self, wanted):
        """Waits until it has said something that matches."""

        def more():
            self.said += (self.process.stdout.read() or b"").decode()
            return re.search(wanted, self.said) or self.process.poll() is not None

        suite.until(more, wanted)
        return re.search(wanted, self.said)

    def end(self):
        """Ctrl-C: the exit code, and what it said on standard error."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=suite.PATIENCE)
        return self.process.returncode, errors.decode()


def children_of(up, *columns):
    """These columns of ps, of each daemon."""
    found = subprocess.run(["ps", "-o", ",".join(columns), "--no-headers", "--ppid", str(up.process.pid)],
                           capture_output=True, text=True, check=False).stdout
    return [line.split(None, len(columns) - 1) for line in found.splitlines() if "heimgate-" in line]


def daemons_of(up):
    return sorted(args.split("/")[-1].split()[0] for _, args in children_of(up, "pid", "args"))


def check_first_start(state, mock):
    up = Up(state, suite.free_port(), mock.url)
    key = up.read(r"sk-hg-\S+").group()
    up.read(r"word by word")
    tap.is_(daemons_of(up), ["heimgate-" + name for name in sorted(suite.DAEMONS)], "five daemons are started")
    tap.ok(all(pid == session for pid, session, _ in children_of(up, "pid", "sess", "args")), "each in its own session")
    curl = re.search(r"curl http.*?\}'\n", up.said, re.S).group()
    answer = subprocess.run(["sh", "-c", curl.replace("curl ", "curl -s ", 1)], capture_output=True, check=False)
    tap.has(answer.stdout, b'"object":"chat.completion"', "the curl line that is shown can be pasted")
    answer = suite.http_call(
        up.port, "POST", "/v1/chat/completions", suite.chat_body("m", stream=True), {"Authorization": "Bearer " + key}
    )
    tap.ok(answer.body.endswith(b"data: [DONE]\n\n"), "and the key streams as well")
    code, errors = up.end()
    tap.ok(code == 0 and not suite.REPORTS.search(errors), "Ctrl-C ends it with 0") or tap.diag(errors)
    tap.is_(suite.until(lambda: not daemons_of(up)), True, "and all of its daemons")
    return key


def check_second_start(state, mock, key):
    up = Up(state, suite.free_port(), mock.url)
    up.read(r"Make another key")
    tap.ok("sk-hg-" not in up.said, "at the next start no key is shown")
    tap.is_(
        suite.http_call(up.port, "GET", "/v1/models", headers={"x-api-key": key}).status,
        200,
        "and the first one still works",
    )
    second = Up(tempfile.mkdtemp(dir=os.path.dirname(state)), up.port, mock.url)
    _, errors = second.process.communicate(timeout=suite.PATIENCE)
    lines = [line for line in errors.decode().splitlines() if line.startswith("heimgate-")]
    tap.ok(
        second.process.returncode == 111 and len(lines) == 1 and str(up.port) in lines[0],
        "a port that is taken: one clear line",
    ) or tap.diag(errors.decode())
    tap.is_(up.end()[0], 0, "the one that has it is not disturbed")


def check_many_keys(state, mock):
    up = Up(state, suite.free_port(), mock.url)
    up.read(r"Make another key")
    environment = suite.clean_environment(up.env)
    for number in range(MANY_KEYS):
        create = [os.path.join(suite.BIN, "heimgate-key"), "create", "--name", "key %d" % number]
        subprocess.run(create, env=environment, capture_output=True, check=True)
    up.end()
    up = Up(state, suite.free_port(), mock.url)
    tap.ok(up.read(r"Make another key"), "it starts with more keys than fit into a pipe")
    tap.is_(up.end()[0], 0, "and ends")


def check_without_a_model_server(directory):
    closed = "http://127.0.0.1:%d" % suite.free_port()
    up = Up(os.path.join(directory, "alone"), suite.free_port(), closed)
    key = up.read(r"sk-hg-\S+").group()
    answer = suite.http_call(
        up.port, "POST", "/v1/chat/completions", suite.chat_body("m"), {"Authorization": "Bearer " + key}
    )
    tap.is_(answer.status, 200, "without a model server the bundled mock answers")
    code, errors = up.end()
    tap.ok(code == 0 and closed in errors and "mock" in errors, "and it says so")


def check_killed(directory, mock):
    up = Up(os.path.join(directory, "killed"), suite.free_port(), mock.url)
    up.read(r"word by word")
    up.process.kill()
    try:
        up.process.communicate(timeout=suite.PATIENCE)  # until the last daemon has let go of its end
        ended = True
    except subprocess.TimeoutExpired:
        ended = False
    tap.ok(ended, "a runner that is killed takes its daemons with it")


def check_mistakes(directory):
    def one_line(state, upstream, word):
        up = Up(state, suite.free_port(), upstream)
        _, errors = up.process.communicate(timeout=suite.PATIENCE)
        text = errors.decode()
        return up.process.returncode == 100 and text.count("\n") == 1 and word in text

    state = os.path.join(directory, "mistaken")
    tap.ok(one_line(state, "127.0.0.1:11434", "HEIMGATE_UPSTREAM"), "an upstream that is no URL: one clear line")
    with open(os.path.join(state, "models.json"), "w", encoding="utf-8") as file:
        file.write("{")
    tap.ok(one_line(state, "http://127.0.0.1:1", "models.json"), "a broken models.json: one clear line")


def check_planted_link(directory, mock):
    state, elsewhere = os.path.join(directory, "planted"), os.path.join(directory, "elsewhere")
    os.mkdir(state)
    os.mkdir(elsewhere, 0o755)
    os.symlink(elsewhere, os.path.join(state, "authd"))
    up = Up(state, suite.free_port(), mock.url)
    _, errors = up.process.communicate(timeout=suite.PATIENCE)
    tap.ok(up.process.returncode == 111 and "authd" in errors.decode(), "a link where a daemon's directory should be")
    found = os.stat(elsewhere)
    tap.is_((found.st_uid, found.st_mode & 0o777), (0, 0o755), "gives nobody what it leads to")


with tempfile.TemporaryDirectory(prefix="heimgate-") as temporary:
    os.chmod(temporary, 0o755)
    model_server = suite.Mock(temporary)
    the_state = os.path.join(temporary, "var")
    first_key = check_first_start(the_state, model_server)
    check_second_start(the_state, model_server, first_key)
    check_many_keys(the_state, model_server)
    check_without_a_model_server(temporary)
    check_killed(temporary, model_server)
    check_mistakes(temporary)
    if os.geteuid() == 0:
        check_planted_link(temporary, model_server)
    model_server.end()
