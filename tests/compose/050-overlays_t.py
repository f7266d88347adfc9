#!/usr/bin/env python3
"""What may stand beside the production stack: TLS in front of it, a tunnel to it, and a vector store for others."""

import http.client
import os
import ssl

import images
import stack
import tap
import world
from client import chat_body, request_headers
from mockserver import Mock
from process import until

CADDY_ROOT = "/state/caddy/pki/authorities/local/root.crt"


def secure_stream(s, key):
    """A stream of which only half ever comes, asked for over TLS with a verified certificate."""
    root = s.in_volume("caddy", CADDY_ROOT)
    until(lambda: os.path.exists(root), "Caddy's certificate")
    context = ssl.create_default_context(cafile=root)
    connection = http.client.HTTPSConnection("localhost", 443, context=context, timeout=30)
    body = chat_body("fault-stall-mid", stream=True)
    connection.request("POST", "/v1/chat/completions", body, request_headers(key, body))
    return connection.getresponse()


def check_tls(s, key):
    response = secure_stream(s, key)
    tap.is_((response.status, response.headers["content-type"]), (200, "text/event-stream"), "a stream through Caddy")
    tap.ok(response.readline().startswith(b"data: {"), "comes as it is made: the model is silent before its end")
    response.close()


def check_tunnel(s):
    said = until(lambda: "edge says" in s.log("cloudflared") and s.log("cloudflared"), "the tunnel's word")
    tap.has(said, "token of 12 bytes, edge says HTTP/1.1 200 OK", "the tunnel has its token and reaches edge")
    with open("/proc/%d/environ" % s.pid("cloudflared"), "rb") as file:
        tap.ok(b"secret-token" not in file.read(), "which is not in its environment")
    reached = s.probe("cloudflared", "door:8000", "postgres:5432", "redis:6379")["tcp"]
    tap.is_({name for name, outcome in reached.items() if outcome == "open"}, {"door:8000"}, "and nothing else of ours")


def check_vector(s):
    until(lambda: "listening" in s.log("qdrant"), "the vector store")
    address = next(iter(s.addresses("qdrant").values()))
    tap.is_(s.published("qdrant"), [], "no port of the vector store is published")
    for service in stack.OURS:
        outcome = s.probe(service, address + ":6333")["tcp"][address + ":6333"]
        tap.ok(outcome != "open", "%s does not reach it (%s)" % (service, outcome))
    network = next(iter(s.addresses("qdrant")))
    ask = "use IO::Socket::INET; my $s = IO::Socket::INET->new('qdrant:6333') or die; print scalar(<$s>)"
    told = s.podman("run", "--rm", "--network", network, images.BASE, "perl", "-e", ask)
    tap.has(told, "200 OK", "whoever is attached to its network does")


env = world.enter(images.make_all)
mock = Mock("/run", "--address", "0.0.0.0", port=11434)
prod = stack.Stack(stack.copy_tree("/run/tree"), env, "heimgate", "", 8000)
os.makedirs(prod.secrets)
with open(os.path.join(prod.secrets, "tunnel.token"), "w", encoding="ascii") as token:
    token.write("secret-token")
prod.up(WITH="tls tunnel vector")
check_tls(prod, prod.make_key())
check_tunnel(prod)
check_vector(prod)
