"""The installed gate as a client on the machine sees it; see machine.Machine.enter_network()."""

import suite

PORT, MODEL_PORT = 8000, 11434  # as they are installed


def chat(key, model="any", **members):
    body = suite.chat_body(model, **members)
    return suite.http_call(PORT, "POST", "/v1/chat/completions", body, suite.request_headers(key, body))


def _is_ready():
    try:
        return suite.http_call(PORT, "GET", "/ready").status == 200
    except OSError:
        return False


def wait_ready():
    suite.until(_is_ready, "readiness")


def prepare(m):
    """Before the first start.  A sanitizer looks for leaks by ptrace, which the units refuse."""
    m.enter_network()
    path = "/etc/heimgate/heimgate.env"
    m.write(path, m.read(path) + "ASAN_OPTIONS=detect_leaks=0\n")
    return suite.Mock(m.directory, port=MODEL_PORT)
