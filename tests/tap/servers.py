"""Real servers, private to a test: each in a directory of its own, on a free loopback port."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATIENCE = 60.0


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("%s did not happen within %g s" % (what, PATIENCE))
        time.sleep(0.01)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def children_of(pid):
    """A process and all below it."""
    found = [pid]
    for each in found:
        try:
            with open("/proc/%d/task/%d/children" % (each, each), encoding="ascii") as file:
                found += [int(word) for word in file.read().split()]
        except FileNotFoundError:
            pass
    return found


class Server:
    """What the servers have in common: a directory, a port, a process that can be killed, paused and started."""

    def __init__(self, name):
        self.directory = tempfile.mkdtemp(prefix="heimgate-%s-" % name)
        os.chmod(self.directory, 0o755)
        self.port = free_port()
        self.process = None
        atexit.register(self.clean_up)

    def clean_up(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def start_process(self, argv, as_user=None):
        with open(os.path.join(self.directory, "log"), "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=as_user,
                                            group=as_user, extra_groups=[] if as_user else None, cwd="/")
        until(self.answers, "an answer of %s" % argv[0])

    def signal(self, number):
        for pid in children_of(self.process.pid):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def pause(self):
        """It stays there, and answers nobody."""
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait()

    def stop(self):
        """Ends it in order."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE)

    def password_file(self, password):
        path = os.path.join(self.directory, password)
        if not os.path.exists(path):
            with open(path, "w", encoding="ascii") as file:
                file.write(password + "\n")
        return path


class Postgres(Server):
    """
    A PostgreSQL as the documents say it should be: a database heimgate with two roles, each of which owns a
    schema of its own and can do nothing in the other's.
    """

    ROLES = {"auth": "heimgate_authd", "audit": "heimgate_auditd"}

    def __init__(self, options=("fsync=off", "max_connections=50")):
        super().__init__("postgres")
        self.user = "postgres" if os.geteuid() == 0 else None
        self.options = options
        self.data = os.path.join(self.directory, "data")
        superuser = self.password_file("superuser-password")
        if self.user:
            shutil.chown(self.directory, self.user)
        subprocess.run([self.program("initdb"), "-D", self.data, "-U", "postgres", "-A", "scram-sha-256",
                        "--pwfile", superuser, "-E", "UTF8", "--no-sync"],
                       user=self.user, check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.start()
        self.sql("CREATE DATABASE heimgate", database="postgres")
        self.sql("REVOKE ALL ON DATABASE heimgate FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC")
        for name, role in self.ROLES.items():
            self.sql("CREATE ROLE {r} LOGIN PASSWORD '{r}-password'; GRANT CONNECT ON DATABASE heimgate TO {r};"
                     "CREATE SCHEMA heimgate_{n} AUTHORIZATION {r}".format(r=role, n=name))

    @staticmethod
    def program(name):
        base = "/usr/lib/postgresql"
        newest = max(os.listdir(base), key=int)
        return os.path.join(base, newest, "bin", name)

    def start(self):
        words = [self.program("postgres"), "-D", self.data, "-k", self.directory, "-p", str(self.port), "-h", "127.0.0.1"]
        words += ["-c", "dynamic_shared_memory_type=mmap"]  # in its directory, and gone with that when it is killed
        for option in self.options:
            words += ["-c", option]
        self.start_process(words, self.user)

    def answers(self):
        return subprocess.run([self.program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                              check=False).returncode == 0

    def url(self, name):
        """Of the store "auth" or "audit"."""
        return "postgresql://%s@127.0.0.1:%d/heimgate" % (self.ROLES[name], self.port)

    def password(self, name):
        """A file with the password of the role of "auth" or "audit"."""
        return self.password_file(self.ROLES[name] + "-password")

    def environment(self, *names):
        """The settings of daemons that keep these of their stores here; by default both."""
        settings = {}
        for name in names or self.ROLES:
            settings["HEIMGATE_%s_STORE" % name.upper()] = self.url(name)
            settings["HEIMGATE_%s_STORE_PASSWORD_FILE" % name.upper()] = self.password(name)
        return settings

    def sql(self, text, database="heimgate", user="postgres", password="superuser-password"):
        """Runs it and returns the rows, a list of lists of text."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                               "-p", str(self.port), "-U", user, "-c", text, database],
                              env={**os.environ, "PGPASSWORD": password}, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return [line.split("\t") for line in done.stdout.splitlines() if line]
