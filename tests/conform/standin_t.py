#!/usr/bin/env python3
"""The kit judges the limiterd in Python that is the example of docs/SWAPPING.md."""

import os

import judged

os.environ["HEIMGATE_LIMITERD"] = os.path.join(judged.ROOT, "docs", "swapping", "limiterd.py")
judged.judge("limiterd")
