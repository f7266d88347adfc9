#!/usr/bin/env python3
"""limiterd is killed in mid-traffic: new requests get 503, open streams go on, what is under way is counted again."""

import suite
import tap
import traffic

with suite.Suite() as s:
    key = s.make_key()
    load = traffic.Traffic(s, key).start()
    for _ in range(2):
        load.await_more(3)
        s.kill("limiterd")
        load.await_more(3, "status 503")
        s.start("limiterd")
    load.await_more(3)
    load.stop()
    traffic.check_outcomes(load, ("complete", "status 503"))
    traffic.check_history(s, load)
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "release of all slots")
    tap.ok(True, "no slot is lost")

    long = [s.stream(key, "stream-400x100") for _ in range(3)]
    for stream in long:
        stream.event()
    s.restart("limiterd")
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 3, "the adoption of three streams")
    tap.ok(True, "streams that were open before are counted by the new limiterd")
    ends = [stream.rest() for stream in long]
    tap.ok(all(proper and text.endswith(b"data: [DONE]\n\n") for text, proper in ends), "and come to their end")
    suite.until(lambda: s.limits()["pools"][0]["in_use"] == 0, "their settlement")
    tap.ok(True, "and are settled")
