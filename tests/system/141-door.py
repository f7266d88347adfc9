#!/usr/bin/env python3
"""edge without any network, behind a door that somebody else holds."""
import os
import re
import signal

import suite
import tap

NO_NETWORK = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--net"]
DOOR = {"HEIMGATE_DOOR": "door/link"}


def open_door(gate, port="0"):
    """Starts heimgate-door; the port it holds."""
    before = gate.log("door")
    gate.start("door", env={**DOOR, "HEIMGATE_PORT": port})
    return int(re.search(r"event=listening \S+ port=(\d+)", gate.log("door")[len(before):]).group(1))


def start_edge(gate, port):
    before = len(gate.log("edge"))
    gate.start("edge", wait=False, env=DOOR, within=NO_NETWORK)
    gate.port = port
    suite.until(lambda: "event=ready" in gate.log("edge")[before:], "edge's readiness")


def interfaces(pid):
    with open("/proc/%d/net/dev" % pid, encoding="ascii") as file:
        return [line.split(":")[0].strip() for line in file.readlines()[2:]]


def answers(gate, key):
    try:
        return gate.chat(key, "llama3.2").status == 200
    except OSError:
        return False


with suite.Suite(daemons=("authd", "limiterd", "proxyd", "auditd")) as gate:
    key = gate.make_key()
    port = open_door(gate)
    start_edge(gate, port)
    tap.is_(interfaces(gate.running["edge"].pid), ["lo"], "edge has no interface but its own loopback")
    gate.wait_serving()
    tap.is_(gate.chat(key, "llama3.2").status, 200, "and answers those who come to the door")
    record = suite.until(lambda: gate.records(kind="request"), "the record")[-1]
    tap.is_(record["client"], "127.0.0.1", "whose addresses it knows")

    stream = gate.stream(key, "stream-200x50")
    stream.event()
    gate.kill("door")
    suite.until(lambda: "event=door-closed" in gate.log("edge"), "edge's notice of the closed door")
    tap.ok(stream.rest()[0].endswith(b"data: [DONE]\n\n"), "a stream goes on to its end when the door is gone")
    tap.ok(not answers(gate, key), "nobody new comes in meanwhile")
    open_door(gate, str(port))
    suite.until(lambda: "event=door-opened" in gate.log("edge"), "edge's notice of the open door")
    tap.ok(answers(gate, key), "until it is opened again")

    gate.kill("edge")
    waiting = gate.raw(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    start_edge(gate, port)
    tap.ok(waiting.recv(100).startswith(b"HTTP/1.1 200"), "who came while edge was started anew is served")
    waiting.close()

    gate.kill("edge", signal.SIGTERM)
    gate.kill("door", signal.SIGTERM)
    gate.start("edge", wait=False, env={**DOOR, "HEIMGATE_READY_FD": "-1"})
    tap.is_(gate.running["edge"].popen.wait(120), 111, "without a door edge does not start")
    tap.ok("no listening socket comes from" in gate.log("edge"), "and says why")
    gate.running.pop("edge")
