"""A daemon in a temporary directory, judged by the kit."""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import suite  # noqa: E402
import tap  # noqa: E402
import conform  # noqa: E402
from document import ROOT  # noqa: E402,F401

ENV = {"HEIMGATE_LEASE_LIFE_MS": "1500"}  # what is taken back after its life, is so sooner


def models_of_kit():
    with open(os.path.join(HERE, "models.json"), encoding="utf-8") as file:
        return json.load(file)


def judge(daemon):
    tap.diag("--- %s ---" % suite.program(daemon))
    with suite.Suite(env=ENV, daemons=(), models=models_of_kit() if daemon == "limiterd" else None) as s:
        s.start(daemon, wait=False)
        conform.judge(daemon, s.run, os.path.join(s.state, "secrets"), conform.MODEL)
        tap.is_(s.running[daemon].popen.poll(), None, daemon + ": nothing of this has ended the program")
