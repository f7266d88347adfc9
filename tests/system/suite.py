"""A private suite for one test: the five daemons, a mock model server and their state in a temporary directory.

    import suite, tap
    with suite.Suite() as s:
        key = s.make_key()
        tap.is_(s.chat(key, "any-model").status, 200, "a chat is answered")

Leaving the block stops everything, and is itself a check: each daemon must end with 0 and must not have logged a
broken invariant or a sanitizer's report.  When a check failed, the logs are shown.

The programs come from HEIMGATE_BIN, or build/bin; HEIMGATE_LIMITERD=path and its like put another program in the place
of a daemon.  Nothing here waits for time to pass: until() polls for an event.
"""

import atexit
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile

# Tests find all of this here.
from process import BIN, PATIENCE, REPORTS, Process, clean_environment, free_port, together, until  # noqa: F401
from client import Clients, Response, Stream, chat_body, form_body, http_call  # noqa: F401
from client import read_until_closed, request_bytes, request_headers  # noqa: F401
from mockserver import Mock

import nngipc
import tap

DAEMONS = ("auditd", "limiterd", "proxyd", "authd", "edge")  # whoever is asked stands before whoever asks


def program(name):
    """The program of a daemon: heimgate's own, or what HEIMGATE_LIMITERD and its like name in its place."""
    swapped = os.environ.get("HEIMGATE_" + name.upper())
    return os.path.abspath(swapped) if swapped else os.path.join(BIN, "heimgate-" + name)


class Suite(Clients):
    """The daemons named, and a mock model server.

    env:     settings for all daemons, such as {"HEIMGATE_BODY_MAX": "4096"}
    models:  models.json as an object; "MOCK" in a base_url stands for the mock's address.  None: everything to the mock
    mock:    options for the mock model server
    daemons: which to start
    """

    def __init__(self, env=(), models=None, mock=(), shape="ollama", daemons=DAEMONS):
        self.env = dict(env)
        self.wanted = [name for name in DAEMONS if name in daemons]
        self.directory = tempfile.mkdtemp(prefix="heimgate-")
        atexit.register(shutil.rmtree, self.directory, ignore_errors=True)
        os.chmod(self.directory, 0o755)
        self.state = os.path.join(self.directory, "state")
        self.run = os.path.join(self.state, "run")
        self.models_path = os.path.join(self.state, "models.json")
        for name in ("authd", "auditd", "secrets"):
            os.makedirs(os.path.join(self.state, name), mode=0o750)
        self.port = 0  # edge picks one, and keeps it over restarts
        self.running = {}
        self.stopped = False
        self.keys = 0
        self.mock = Mock(self.directory, *mock, shape=shape)
        self.write_models(models)

    # --- life ---

    def __enter__(self):
        for name in self.wanted:
            self.start(name, wait=False)
        for name in self.wanted:
            self.wait_ready(name)
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        if kind or tap.failures():
            self.show_logs()
        return False

    def write_models(self, models=None):
        if models is None:
            models = {
                "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama"}},
                "models": {"*": {"targets": [{"upstream": "mock"}]}},
            }
        models = json.loads(json.dumps(models).replace("MOCK", self.mock.url))
        for upstream in models["upstreams"].values():
            upstream.setdefault("open_after", 0)  # many tests ask for one failure after the other
        with open(self.models_path, "w", encoding="utf-8") as file:
            json.dump(models, file)

    def settings(self, extra=()):
        """The environment of a daemon or tool."""
        settings = {"HEIMGATE_STATE": self.state, "HEIMGATE_PORT": str(self.port)}
        if os.geteuid() == 0:
            settings["HEIMGATE_USER"] = "0:0"
        settings.update(self.env)
        settings.update(extra)
        return settings

    def start(self, name, wait=True, env=(), within=()):
        """Starts a daemon, with the words `within` in front; `wait` until it says that it is ready."""
        ready, told = os.pipe()
        process = Process(
            name,
            [*within, program(name)],
            os.path.join(self.directory, name + ".log"),
            self.settings({**dict(env), "HEIMGATE_READY_FD": str(told)}),
            pass_fds=(told,),
        )
        os.close(told)
        process.ready = ready
        self.running[name] = process
        if wait:
            self.wait_ready(name)
        return process

    def wait_ready(self, name):
        process = self.running[name]
        readable, _, _ = select.select([process.ready], [], [], PATIENCE)
        word = os.read(process.ready, 1) if readable else b""
        os.close(process.ready)
        if word != b"\n":
            self.show_logs()
            raise RuntimeError("%s did not become ready" % name)
        if name == "edge":
            self.port = int(re.findall(r"event=listening \S+ port=(\d+)", self.log("edge"))[-1])

    def kill(self, name, with_signal=signal.SIGKILL):
        """Ends a daemon and waits until it is dead; returns its exit code."""
        return self.running.pop(name).end(with_signal)

    def restart(self, name, with_signal=signal.SIGKILL):
        self.kill(name, with_signal)
        self.start(name)
        self.wait_serving()

    def wait_serving(self):
        """Until all links are up again: a daemon's readiness covers only the links that it dials itself."""
        if "edge" in self.running:
            until(lambda: self.http("GET", "/ready").status == 200, "readiness of all")

    def stop(self):
        """Ends what runs, clients' side first.  Each daemon must end well."""
        if self.stopped:
            return
        self.stopped = True
        for name in reversed(DAEMONS):
            if name in self.running:
                tap.is_(self.kill(name, signal.SIGTERM), 0, "%s ends with 0" % name)
        self.mock.end()
        for name in DAEMONS:
            reports = [line for line in self.log(name).splitlines() if REPORTS.search(line)]
            if reports:
                tap.ok(False, "%s reports no broken invariant" % name)
                tap.diag(self.log(name)[-8000:])

    def log(self, name):
        """Everything a daemon has logged so far, over restarts."""
        try:
            with open(os.path.join(self.directory, name + ".log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def show_logs(self):
        for name in DAEMONS + ("mockmodel",):
            lines = self.log(name).splitlines()[-40:]
            if lines:
                tap.diag("--- %s ---" % name)
                tap.diag("\n".join(lines))

    # --- people's tools ---

    def tool(self, *arguments, stdin=b"", env=(), check=True):
        """Runs `heimgate ARGUMENTS`: the finished process, with bytes in stdout and stderr."""
        done = subprocess.run(
            [os.path.join(BIN, "heimgate"), *arguments],
            input=stdin,
            capture_output=True,
            env=clean_environment(self.settings(env)),
            timeout=PATIENCE,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(
                "heimgate %s ended with %d: %s"
                % (" ".join(arguments), done.returncode, done.stderr.decode(errors="replace"))
            )
        return done

    def make_key(self, name=None, **options):
        """Creates a key and returns it: make_key(rpm=3, models="a,b", budget="100/day", local_only=True)."""
        self.keys += 1
        arguments = ["key", "create", "--name", name or "test-%d" % self.keys]
        for option, value in options.items():
            arguments += ["--" + option.replace("_", "-")] + ([] if value is True else [str(value)])
        return re.search(rb"sk-hg-\S+", self.tool(*arguments).stdout).group().decode()

    @staticmethod
    def key_id(key):
        return key.split("-")[2]

    def limits(self):
        """What limiterd counts now."""
        done, text = nngipc.call(os.path.join(self.run, "ctl-limiterd", "link"), "limits.show")
        assert done, text
        return json.loads(text)

    def records(self, **wanted):
        """The records of history with these members, oldest first."""
        found = []
        for path in self.journal_files():
            with open(path, "rb") as file:
                lines = file.read().split(b"\n")[:-1]
            found += [json.loads(line) for line in lines]
        return [record for record in found if all(record[name] == value for name, value in wanted.items())]

    def journal_files(self):
        journal = os.path.join(self.state, "auditd", "journal")
        return [os.path.join(journal, name) for name in sorted(os.listdir(journal)) if name.endswith(".jsonl")]
