#!/usr/bin/env python3
"""The internet, as one host of the tests': every name is its address, and its port 80 takes connections.

It prints each name that it was asked for and the address of each connection, one a line.
"""

import socket
import socketserver
import sys
import threading

ADDRESS = sys.argv[1]


class Resolver(socketserver.BaseRequestHandler):
    """Answers a query for an address (RFC 1035, section 4)."""

    def handle(self):
        query, sock = self.request
        name, place = [], 12
        while query[place]:
            name.append(query[place + 1 : place + 1 + query[place]].decode("latin-1"))
            place += 1 + query[place]
        question = query[12 : place + 5]
        print("name", ".".join(name), flush=True)
        found = question[-4:-2] == b"\0\1"
        head = query[:2] + b"\x81\x80" + b"\0\1" + (b"\0\1" if found else b"\0\0") + b"\0\0\0\0"
        answer = b"\xc0\x0c" + b"\0\1\0\1" + b"\0\0\0\1" + b"\0\4" + socket.inet_aton(ADDRESS)
        sock.sendto(head + question + (answer if found else b""), self.client_address)


class Web(socketserver.BaseRequestHandler):
    def handle(self):
        print("connection", self.client_address[0], flush=True)


with socketserver.UDPServer((ADDRESS, 53), Resolver) as resolver, socketserver.TCPServer((ADDRESS, 80), Web) as web:
    threading.Thread(target=resolver.serve_forever, daemon=True).start()
    print("ready", flush=True)
    web.serve_forever()
