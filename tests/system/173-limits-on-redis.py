#!/usr/bin/env python3
"""What callers see of limits and slots is the same when Redis counts."""

import os
import runpy

import suite
from redisserver import Redis

HERE = os.path.dirname(os.path.abspath(__file__))
redis = Redis()


class OnRedis(suite.Suite):
    """A suite in which nobody but Redis decides."""

    def __init__(self, env=(), **options):
        settings = {**redis.environment(), "HEIMGATE_LIMIT_OUTAGE": "closed", "HEIMGATE_LIMIT_DEADLINE_MS": "2000"}
        super().__init__({**settings, **dict(env)}, **options)

    def __enter__(self):
        super().__enter__()
        self.wait_serving()
        return self


suite.Suite = OnRedis
for name in ("080-limits.py", "081-slots.py", "092-limiterd-killed.py", "093-proxyd-killed.py"):
    redis.cli("FLUSHALL")
    runpy.run_path(os.path.join(HERE, name))
