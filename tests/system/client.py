"""HTTP as the tests speak it: whole answers, streams event by event, and bare bytes."""

import contextlib
import http.client
import json
import socket

from process import PATIENCE


class Response:
    """A whole answer."""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """The error object of OpenAI's envelope, or {}."""
        try:
            return self.json().get("error", {})
        except (ValueError, AttributeError):
            return {}

    @property
    def code(self):
        return self.error.get("code")

    def __repr__(self):
        return "<%d %r %r>" % (self.status, self.headers, self.body[:300])


def http_call(port, method, path, body=None, headers=(), timeout=PATIENCE):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return Response(response, response.read())
    finally:
        connection.close()


class Stream:
    """An answer being read event by event."""

    def __init__(self, port, path, body, headers, timeout=PATIENCE):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.connection.request("POST", path, body, headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.headers = {name.lower(): value for name, value in self.response.getheaders()}

    def event(self):
        """The next event with its blank line, as bytes; b"" at the end.  A cut connection raises."""
        lines = b""
        while True:
            line = self.response.readline()
            if not line and lines:
                raise http.client.IncompleteRead(lines)
            lines += line
            if line in (b"\n", b"\r\n", b""):
                return lines

    def rest(self):
        """(the bytes up to the end, whether the end was a proper one)."""
        try:
            return self.response.read(), True
        except http.client.IncompleteRead as error:
            return error.partial, False
        except ConnectionError:
            return b"", False

    def close(self):
        self.response.close()
        self.connection.close()


def chat_body(model, text="Hello there", **members):
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **members}).encode()


def form_body(*parts, boundary="----mock7MA4YWxkTrZu0gW"):
    """A multipart form of (name, value) and (name, value, file name): the body and its headers."""
    body = b""
    for name, value, *file in parts:
        disposition = 'form-data; name="%s"' % name + "".join('; filename="%s"' % each for each in file)
        head = "--%s\r\nContent-Disposition: %s\r\n\r\n" % (boundary, disposition)
        body += head.encode() + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    return body + b"--%s--\r\n" % boundary.encode(), {"Content-Type": "multipart/form-data; boundary=" + boundary}


def request_headers(key, body=None, headers=()):
    found = {"Content-Type": "application/json"} if body is not None else {}
    if key:
        found["Authorization"] = "Bearer " + key
    found.update(headers)
    return found


def request_bytes(key, body, path="/v1/chat/completions", method="POST", headers=()):
    """A request as it stands on the wire."""
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: localhost"]
    found = request_headers(key, body, headers)
    if "Transfer-Encoding" not in found:
        found.setdefault("Content-Length", len(body))
    lines += ["%s: %s" % item for item in found.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_until_closed(sock):
    """Everything the peer sends until it closes; a reset ends it too."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while True:
            more = sock.recv(65536)
            if not more:
                break
            data += more
    return data


class Clients:
    """Clients of whoever listens on `port` of this machine."""

    port = 0

    def http(self, method, path, body=None, key=None, headers=(), timeout=PATIENCE):
        return http_call(self.port, method, path, body, request_headers(key, body, headers), timeout)

    def chat(self, key, model, headers=(), timeout=PATIENCE, **members):
        """A chat that is not streamed."""
        return self.http("POST", "/v1/chat/completions", chat_body(model, **members), key, headers, timeout)

    def stream(self, key, model, headers=(), timeout=PATIENCE, **members):
        """A chat being streamed."""
        body = chat_body(model, stream=True, **members)
        return Stream(self.port, "/v1/chat/completions", body, request_headers(key, body, headers), timeout)

    def raw(self, data=b"", timeout=PATIENCE):
        """A TCP connection to edge on which data was sent."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(data)
        return sock
