#!/usr/bin/env python3
"""The kit judges heimgate's own daemons, or with a name behind it that one alone."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402
import conform  # noqa: E402

ENV = {"HEIMGATE_LEASE_LIFE_MS": "1500"}  # what is taken back after its life, is so sooner


def models_of_kit():
    with open(os.path.join(HERE, "models.json"), encoding="utf-8") as file:
        return json.load(file)


def judge(daemon):
    tap.diag("--- %s ---" % daemon)
    with suite.Suite(env=ENV, daemons=(), models=models_of_kit() if daemon == "limiterd" else None) as s:
        s.start(daemon, wait=False)
        conform.judge(daemon, s.run, os.path.join(s.state, "secrets"), "stream-1000+size-300")
        tap.is_(s.running[daemon].popen.poll(), None, daemon + ": nothing of this has ended the program")


for name in sys.argv[1:] or conform.DAEMONS:
    judge(name)
