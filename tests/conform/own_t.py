#!/usr/bin/env python3
"""The kit judges heimgate's own daemons, or with names behind it only those."""

import sys

import judged
from conform import DAEMONS

for daemon in sys.argv[1:] or DAEMONS:
    judged.judge(daemon)
