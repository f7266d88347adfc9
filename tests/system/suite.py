"""A private suite for one test: the five daemons, a mock model server and their state in a temporary directory.

    import suite, tap
    with suite.Suite() as s:
        key = s.make_key()
        tap.is_(s.chat(key, "any-model").status, 200, "a chat is answered")

Leaving the block stops everything, and is itself a check: each daemon must end with 0 and must not have logged a
broken invariant or a sanitizer's report.  When a check failed, the logs are shown.

The programs come from HEIMGATE_BIN, or build/bin.  Nothing here waits for time to pass: until() polls for an event.
"""

import atexit
import base64
import contextlib
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "tap"))

import nngipc  # noqa: E402
import tap  # noqa: E402

BIN = os.path.abspath(os.environ.get("HEIMGATE_BIN") or os.path.join(ROOT, "build", "bin"))
DAEMONS = ("auditd", "limiterd", "proxyd", "authd", "edge")  # whoever is asked stands before whoever asks
PATIENCE = 30.0  # seconds until something that must happen counts as not happening
REPORTS = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|event=check-failed|frame-not-encoded")


def until(condition, what="it", patience=PATIENCE):
    """Polls until condition() is true, and returns what it returned."""
    end = time.monotonic() + patience
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise TimeoutError("%s did not happen within %g s" % (what, patience))
        time.sleep(0.005)


def together(count, work):
    """Calls work(i) in `count` threads at once: what they returned, in the order of i."""
    results = [None] * count

    def one(i):
        results[i] = work(i)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def free_port():
    """A TCP port nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def clean_environment(extra=()):
    """This process's environment without settings of heimgate's own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEIMGATE_")}
    environment.update(extra)
    return environment


class Process:
    """A program whose standard error goes to a file."""

    def __init__(self, name, argv, log, environment=(), stdout=subprocess.DEVNULL, pass_fds=()):
        self.name = name
        self.log = log
        with open(log, "ab") as stderr:
            self.popen = subprocess.Popen(
                argv, env=clean_environment(environment), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
                pass_fds=pass_fds)
        atexit.register(self.end, signal.SIGKILL)

    @property
    def pid(self):
        return self.popen.pid

    def end(self, with_signal=signal.SIGTERM):
        """Sends the signal, waits for the end and returns the exit code (negative: ended by that signal)."""
        if self.popen.poll() is None:
            self.popen.send_signal(with_signal)
        try:
            return self.popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            tap.diag("%s does not end; killing it" % self.name)
            self.popen.kill()
            return self.popen.wait()

    def logged(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def resident_kib(self):
        """Memory it occupies now."""
        with open("/proc/%d/statm" % self.pid, encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


class Mock(Process):
    """The mock model server; see tests/mockmodel/README.md."""

    def __init__(self, directory, *options, shape="ollama", port=0):
        argv = [os.path.join(BIN, "heimgate-mockmodel"), "--port", str(port), "--shape", shape, "--record",
                "--events", "-", *options]
        super().__init__("mockmodel", argv, os.path.join(directory, "mockmodel.log"), stdout=subprocess.PIPE)
        self._events = []
        self._changed = threading.Condition()
        first = self.popen.stdout.readline().decode()
        assert first.startswith("listening on "), "the mock model server said %r" % first
        self.url = first.split()[2]
        self.port = int(self.url.rsplit(":", 1)[1])
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        for line in self.popen.stdout:
            with self._changed:
                self._events.append(json.loads(line))
                self._changed.notify_all()

    def _catch_up(self):
        """Waits until all that has happened up to now has been read from the pipe."""
        last = json.loads(http_call(self.port, "GET", "/mock/events?after=%d" % (1 << 62)).body)["last"]
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._events) >= last, PATIENCE):
                raise TimeoutError("the mock's events stopped coming")

    def _find(self, since, wanted):
        return [event for event in self._events[since:]
                if all(event.get(name) == value for name, value in wanted.items())]

    def events(self, since=0, **wanted):
        """All events after the mark with these members."""
        self._catch_up()
        with self._changed:
            return self._find(since, wanted)

    def count(self, since=0, **wanted):
        return len(self.events(since, **wanted))

    def mark(self):
        """This place in the course of events, for the others."""
        self._catch_up()
        return len(self._events)

    def wait(self, since=0, patience=PATIENCE, **wanted):
        """The first event after the mark with these members: wait(mark, event="peer-closed")."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._find(since, wanted), patience):
                raise TimeoutError("the mock saw no %r; it saw %r" % (wanted, self._events[since:][-20:]))
            return self._find(since, wanted)[0]

    def requests(self):
        """The last requests: dictionaries with head and body as bytes, and what the events say of them."""
        found = json.loads(http_call(self.port, "GET", "/mock/requests").body)["requests"]
        for request in found:
            request["head"] = base64.b64decode(request["head"])
            request["body"] = base64.b64decode(request["body"])
        return [request for request in found if not request["path"].startswith("/mock/")]


class Response:
    """A whole answer."""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """The error object of OpenAI's envelope, or {}."""
        try:
            return self.json().get("error", {})
        except (ValueError, AttributeError):
            return {}

    @property
    def code(self):
        return self.error.get("code")

    def __repr__(self):
        return "<%d %r %r>" % (self.status, self.headers, self.body[:300])


def http_call(port, method, path, body=None, headers=(), timeout=PATIENCE):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return Response(response, response.read())
    finally:
        connection.close()


class Stream:
    """An answer being read event by event."""

    def __init__(self, port, path, body, headers, timeout=PATIENCE):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.connection.request("POST", path, body, headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.headers = {name.lower(): value for name, value in self.response.getheaders()}

    def event(self):
        """The next event with its blank line, as bytes; b"" at the end.  A cut connection raises."""
        lines = b""
        while True:
            line = self.response.readline()
            if not line and lines:
                raise http.client.IncompleteRead(lines)
            lines += line
            if line in (b"\n", b"\r\n", b""):
                return lines

    def rest(self):
        """(the bytes up to the end, whether the end was a proper one)."""
        try:
            return self.response.read(), True
        except http.client.IncompleteRead as error:
            return error.partial, False
        except ConnectionError:
            return b"", False

    def close(self):
        self.response.close()
        self.connection.close()


class Suite:
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
            models = {"upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama"}},
                      "models": {"*": {"targets": [{"upstream": "mock"}]}}}
        with open(self.models_path, "w", encoding="utf-8") as file:
            file.write(json.dumps(models).replace("MOCK", self.mock.url))

    def settings(self, extra=()):
        """The environment of a daemon or tool."""
        settings = {"HEIMGATE_STATE": self.state, "HEIMGATE_PORT": str(self.port)}
        if os.geteuid() == 0:
            settings["HEIMGATE_USER"] = "0:0"
        settings.update(self.env)
        settings.update(extra)
        return settings

    def start(self, name, wait=True, env=()):
        """Starts a daemon; `wait` until it says that it is ready."""
        ready, told = os.pipe()
        process = Process(name, [os.path.join(BIN, "heimgate-" + name)], os.path.join(self.directory, name + ".log"),
                          self.settings({**dict(env), "HEIMGATE_READY_FD": str(told)}), pass_fds=(told,))
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
        done = subprocess.run([os.path.join(BIN, "heimgate"), *arguments], input=stdin, capture_output=True,
                              env=clean_environment(self.settings(env)), timeout=PATIENCE, check=False)
        if check and done.returncode != 0:
            raise RuntimeError("heimgate %s ended with %d: %s" % (
                " ".join(arguments), done.returncode, done.stderr.decode(errors="replace")))
        return done

    def make_key(self, name=None, **options):
        """Creates a key and returns it: make_key(rpm=3, models="a,b", budget="100/day")."""
        self.keys += 1
        arguments = ["key", "create", "--name", name or "test-%d" % self.keys]
        for option, value in options.items():
            arguments += ["--" + option.replace("_", "-"), str(value)]
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

    # --- clients ---

    def http(self, method, path, body=None, key=None, headers=(), timeout=PATIENCE):
        return http_call(self.port, method, path, body, request_headers(key, body, headers), timeout)

    def chat(self, key, model, headers=(), timeout=PATIENCE, **members):
        """A chat that is not streamed."""
        return self.http("POST", "/v1/chat/completions", chat_body(model, **members), key, headers, timeout)

    def stream(self, key, model, headers=(), timeout=PATIENCE, **members):
        """A chat being streamed."""
        body = chat_body(model, stream=True, **members)
        return Stream(self.port, "/v1/chat/completions", body, request_headers(key, body, headers), timeout)

    def raw(self, data=b"", timeout=PATIENCE):
        """A TCP connection to edge on which data was sent."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(data)
        return sock


def chat_body(model, text="Hello there", **members):
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **members}).encode()


def request_headers(key, body=None, headers=()):
    found = {"Content-Type": "application/json"} if body is not None else {}
    if key:
        found["Authorization"] = "Bearer " + key
    found.update(headers)
    return found


def request_bytes(key, body, path="/v1/chat/completions", method="POST", headers=()):
    """A request as it stands on the wire."""
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: localhost"]
    found = request_headers(key, body, headers)
    if "Transfer-Encoding" not in found:
        found.setdefault("Content-Length", len(body))
    lines += ["%s: %s" % item for item in found.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_until_closed(sock):
    """Everything the peer sends until it closes; a reset ends it too."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while True:
            more = sock.recv(65536)
            if not more:
                break
            data += more
    return data
