#!/usr/bin/env python3
"""Strangers cannot fill the disk with refusals: beyond a rate they are counted, and the count is on record."""
import json
import socket

import suite
import tap

WRONG = 2000


def send_all(sock, key):
    request = suite.request_bytes(key, b"", path="/v1/models", method="GET")
    sock.sendall(request * WRONG)


def statuses(sock):
    data, count = b"", 0
    while count < WRONG:
        more = sock.recv(1 << 20)
        if not more:
            break
        data += more
        count = data.count(b"HTTP/1.1 401 ")
    return count


def flood(gate, key):
    with socket.create_connection(("127.0.0.1", gate.port), suite.PATIENCE) as sock:
        send_all(sock, key)
        return statuses(sock)


def accounted(records):
    """Refusals on record, and those a record says were left out before it."""
    refused = [record for record in records if record["status"] == 401]
    return len(refused) + sum(json.loads(record["detail"] or "{}").get("left_out", 0) for record in refused)


with suite.Suite() as gate:
    wrong = "sk-hg-0000000000-" + "x" * 49
    answered = flood(gate, wrong)
    tap.is_(answered, WRONG, "every request with a wrong key is answered with 401")
    suite.until(lambda: gate.chat(wrong, "any").status == 401 and accounted(gate.records()) >= WRONG,
                "an account of all refusals")
    one_by_one = [record for record in gate.records() if record["status"] == 401]
    tap.ok(len(one_by_one) < WRONG / 2, "most of them are not recorded one by one, but all are accounted for")
    revoked = gate.make_key()
    gate.tool("key", "revoke", gate.key_id(revoked))
    tap.is_(flood(gate, revoked), WRONG, "and with a revoked one")
    suite.until(lambda: gate.chat(revoked, "any").status == 401 and accounted(gate.records()) >= 2 * WRONG,
                "an account of those, too")
    one_by_one = [record for record in gate.records() if record["key_id"] == gate.key_id(revoked)]
    tap.ok(0 < len(one_by_one) < WRONG / 2, "which are not recorded one by one either")
