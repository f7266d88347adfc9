#!/usr/bin/env python3
"""edge is killed in mid-traffic: connections end, model servers are told, and a new edge serves at once."""

import suite
import tap
import traffic

with suite.Suite() as s:
    key = s.make_key()
    load = traffic.Traffic(s, key).start()
    for _ in range(2):
        load.await_more(3)
        mark = s.mock.mark()
        stalled = s.stream(key, "fault-stall-mid")
        stalled.event()
        request = s.mock.wait(mark, event="request", model="fault-stall-mid")["request"]
        s.kill("edge")
        tap.is_(stalled.rest()[1], False, "an open stream is cut")
        s.mock.wait(mark, event="peer-closed", request=request)
        tap.ok(True, "and its upstream connection closed")
        s.start("edge")
    load.await_more(3)
    load.stop()
    # 503: a new edge takes connections before it has reached the others.
    traffic.check_outcomes(load, ("complete", "cut", "status 503"))
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "release of all slots")
    tap.ok(True, "no slot is lost")
    traffic.check_history(s, load)
