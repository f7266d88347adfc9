#!/usr/bin/env python3
"""Judges a program that claims to be one of heimgate's daemons, from docs/PROTOCOL.md and the golden vectors alone.

    tests/conform/conform.py DAEMON ipc:///RUN/DIRECTORY [--secrets DIRECTORY] [--model NAME]

The program runs already, alone, and the kit takes the places of all daemons around it.  docs/SWAPPING.md says how to
start it.
"""

import argparse
import importlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tap"))

import framing  # noqa: E402
import party  # noqa: E402
import tap  # noqa: E402

DAEMONS = ("authd", "limiterd", "proxyd", "auditd")
MODEL = "stream-1000+size-300"  # as the mock model server is told what to answer


class Secrets:
    """The keys of stamps, read when they are needed: a daemon may be the one that makes them."""

    def __init__(self, directory):
        self.directory = directory

    def key(self, name):
        with open(os.path.join(self.directory, name + ".key"), "rb") as file:
            return file.read()


def judge(daemon, run, secrets, model):
    parties = party.Parties(daemon, run)
    importlib.import_module("rules_" + daemon).judge(parties, Secrets(secrets), model)
    framing.judge_calls(parties)
    framing.judge(parties)


def main():
    parser = argparse.ArgumentParser(description="Judges a program that claims to be one of heimgate's daemons.")
    parser.add_argument("daemon", choices=DAEMONS)
    parser.add_argument("address", help="its run directory, with or without ipc:// in front")
    parser.add_argument(
        "--secrets", help="the directory of grant.key and lease.key; default: secrets beside the run directory"
    )
    parser.add_argument("--model", default=MODEL, help="for proxyd: a model whose streamed answer has over 200 KiB")
    options = parser.parse_args()
    run = os.path.abspath(options.address.removeprefix("ipc://"))
    secrets = options.secrets or os.path.join(os.path.dirname(run), "secrets")
    judge(options.daemon, run, secrets, options.model)


if __name__ == "__main__":
    main()
