"""What PROTOCOL.md says of auditd."""

import os

import document
import framing
import stamps
from document import rule

import tap

REQUEST, REFUSAL, ADMIN = range(3)
KINDS = {"edge-auditd": REFUSAL, "proxyd-auditd": REQUEST, "authd-auditd": ADMIN}


def record(kind, **changes):
    """The values of a record, in order."""
    message = document.MESSAGES["AUDIT_RECORD"]
    values = document.decode(message.fields, document.vector(message.name)[1])
    values.update({"record id": os.urandom(16), "kind": kind, "time": stamps.now_ms()})
    values.update({name.replace("_", " "): value for name, value in changes.items()})
    return list(values.values())


def judge(parties, _secrets, _model):
    links = {name: parties.link(name) for name in KINDS}
    limiterd = parties.link("limiterd-auditd")
    framing.judge_health(parties, links["edge-auditd"])
    kinds(links)
    twice(links["proxyd-auditd"], limiterd)
    batches(links["proxyd-auditd"], limiterd)
    periods(links["proxyd-auditd"], limiterd)


def kinds(links):
    words = rule(
        "edge records refusals, proxyd requests and authd administration; another kind from any of them is BAD_SENDER"
    )
    for name, link in links.items():
        got = [link.fault_of("AUDIT_RECORD", *record(kind)) for kind in (REQUEST, REFUSAL, ADMIN)]
        wanted = ["AUDIT_ACK" if kind == KINDS[name] else "BAD_SENDER" for kind in (REQUEST, REFUSAL, ADMIN)]
        tap.is_(got, wanted, "%s: %s" % (name, words))


def usage(limiterd, key, since=0):
    name, total = limiterd.ask("USAGE_ASK", key, since)
    assert name == "USAGE_TOTAL", name
    return total["tokens"], total["requests"]


def twice(proxyd, limiterd):
    key = stamps.fresh_key()
    values = record(REQUEST, key_id=key, tokens_in=20, tokens_out=300)
    tap.is_(usage(limiterd, key), (0, 0), "of a key without records nothing was used")
    got = [proxyd.fault_of("AUDIT_RECORD", *values) for _ in range(2)]
    proxyd.close()
    proxyd.come_up()
    got.append(proxyd.fault_of("AUDIT_RECORD", *values))
    tap.is_(got, ["AUDIT_ACK"] * 3, "a record is acknowledged as often as it is sent, over connections")
    tap.is_(usage(limiterd, key), (320, 1), rule("The record id makes that idempotent") + ": it counts once")


def batches(proxyd, limiterd):
    key = stamps.fresh_key()
    message = document.MESSAGES["AUDIT_RECORD"]
    numbers = [(1 << 50) + 7919 * i % 1000 for i in range(1000)]
    since = proxyd.mark()
    for start in range(0, 1000, 250):
        proxyd.pipe.send(
            b"".join(
                framing.nngipc.frame(
                    message.number,
                    number,
                    document.encode(message.fields, record(REQUEST, key_id=key, tokens_in=1, tokens_out=2)),
                )
                for number in numbers[start : start + 250]
            )
        )
    proxyd.wait(lambda *_: len(proxyd.heard("AUDIT_ACK", since)) >= 1000, "a thousand acknowledgements", since)
    got = [number for number, _body in proxyd.heard("AUDIT_ACK", since)]
    words = rule("the record with this id is on disk")
    tap.is_(sorted(got), sorted(numbers), "AUDIT_ACK, %s: a thousand at once, each answered once" % words)
    tap.is_(usage(limiterd, key), (3000, 1000), "and what is on disk is in the next answer about its key")


def periods(proxyd, limiterd):
    key = stamps.fresh_key()
    now = stamps.now_ms()
    for age, tokens in ((2000, 1), (1000, 10), (0, 100)):
        proxyd.ask("AUDIT_RECORD", *record(REQUEST, key_id=key, time=now - age, tokens_in=tokens, tokens_out=0))
    got = [usage(limiterd, key, now - age) for age in (5000, 1000, 999, -1)]
    words = rule("the number of the requests that are on disk with that time or a later one")
    tap.is_(got, [(111, 3), (110, 2), (100, 1), (0, 0)], "USAGE_TOTAL is the tokens, in and out, and " + words)
