"""What the protocol and the design say about the daemons, for whoever judges their units."""

import os
import re

import machine

DAEMONS = ("edge", "authd", "limiterd", "proxyd", "auditd")
SERVICES = ("door", *DAEMONS)
KEYS = {"authd": {"grant"}, "limiterd": {"grant", "lease"}, "proxyd": {"lease"}}  # who reads which stamp key
KEEPERS = ("authd", "auditd")                                                     # who keeps files


def read_links():
    """(dialer, listener) by the name of each link, from the protocol's table; and the door."""
    with open(os.path.join(machine.ROOT, "proto", "wire", "proto.h"), encoding="utf-8") as file:
        table = re.findall(r'X\(\w+, ([A-Z]+), ([A-Z]+), "([a-z-]+)"', file.read())
    links = {name: (dialer.lower(), listener.lower()) for dialer, listener, name in table}
    return {"edge-door": ("edge", "door"), **links}


def dialed(name):
    return {link for link, ends in read_links().items() if ends[0] == name}


def listened(name):
    return {link for link, ends in read_links().items() if ends[1] == name}
