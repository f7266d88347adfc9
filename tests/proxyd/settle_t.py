#!/usr/bin/env python3
"""What heimgate-proxyd makes of limiterd's refusals: nothing that a lease has used goes unsettled."""

import struct

from alone import Alone, read_settle

import tap
import wire


def refuse(s, kind, number, error):
    s.limiterd.pipe.send_frame(wire.FAULT, number, struct.pack(">HHH", error, kind, 0))


def unsettled(s, edge):
    """A chat's lease, and the number of the settlement that limiterd has not confirmed."""
    sealed = edge.chat("m").sealed
    s.settlement(sealed)
    return sealed, next(number for kind, number, body in s.limiterd.frames
                        if kind == wire.LIMIT_SETTLE and read_settle(body)["lease"] == sealed)


def told_again(s, sealed, mark):
    s.limiterd.wait(wire.LIMIT_SETTLE, mark, wanted=lambda body: read_settle(body)["lease"] == sealed)
    return True


def no_room(s, edge):
    sealed, number = unsettled(s, edge)
    mark = s.limiterd.mark()
    refuse(s, wire.LIMIT_SETTLE, number, wire.BUSY)
    tap.ok(told_again(s, sealed, mark), "a settlement for which limiterd had no room is sent again")


def keep_refused(s, edge):
    sealed, number = unsettled(s, edge)
    refuse(s, wire.LIMIT_KEEP, number, wire.BUSY)
    s.limiterd.settle_down()
    mark = s.limiterd.mark()
    s.limiterd.break_link()
    tap.ok(told_again(s, sealed, mark), "a refused KEEP of the same number takes no settlement away")


def refused_for_ever(s, edge):
    sealed, number = unsettled(s, edge)
    later, _ = unsettled(s, edge)
    refuse(s, wire.LIMIT_SETTLE, number, wire.BAD_SEAL)
    s.limiterd.settle_down()
    mark = s.limiterd.mark()
    s.limiterd.break_link()
    told_again(s, later, mark)
    told = [read_settle(body)["lease"] for body in s.limiterd.wait(wire.LIMIT_SETTLE, mark, 3)]
    tap.ok(sealed not in told, "one that would be refused for ever is given up")


with Alone() as the_one:
    the_edge = the_one.edge()
    the_one.limiterd.answering = False
    for check in (no_room, keep_refused, refused_for_ever):
        check(the_one, the_edge)
