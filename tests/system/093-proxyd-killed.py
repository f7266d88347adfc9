#!/usr/bin/env python3
"""proxyd is killed in mid-traffic: open streams end with an error event, new requests get 503, slots come back."""

import time

import suite
import tap
import traffic

# The slots of a dead proxyd's streams are taken until their leases run out; here they must not get in the way.
MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama", "slots": 64}},
    "models": {"*": {"targets": [{"upstream": "mock"}]}},
}

with suite.Suite(models=MODELS) as s:
    key = s.make_key()
    load = traffic.Traffic(s, key).start()
    deaths = []
    for _ in range(2):
        load.await_more(3)
        stalled = s.stream(key, "fault-stall-mid")
        stalled.event()
        s.kill("proxyd")
        deaths.append(time.monotonic())
        text, proper = stalled.rest()
        tap.is_(traffic.judge_stream(text, proper), "error event", "an open stream ends with an error event")
        load.await_more(3, "status 503")
        s.start("proxyd")
    load.await_more(3)
    load.stop()
    traffic.check_outcomes(load, ("complete", "error event", "status 503", "status 502"))
    # A record that proxyd had not been told was on disk dies with it; all others are there.
    traffic.check_history(s, load, lambda result: any(result.began < death < result.ended + 1.0 for death in deaths))
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "release of all slots")
    tap.ok(True, "the slots of its streams come back")
