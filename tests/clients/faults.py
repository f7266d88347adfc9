"""What model servers do wrong and what the gate refuses, and what each client must make of it.

A model's name says what its server does (tests/mockmodel/README.md); a client either has all of the text or raises.
"""

FINE = "fine"  # all of the text, and no error
BROKEN = "broken"  # an error after the answer began

# Model: how a whole answer ends, and how a stream.  A number is the status of an error.
FAULTS = {
    "plain": (FINE, FINE),
    "fault-truncate": (502, BROKEN),
    "fault-cut": (502, BROKEN),
    "fault-cut+after-0": (502, BROKEN),
    "fault-rst": (502, BROKEN),
    "fault-cut+fault-split-utf8+after-5": (502, BROKEN),
    "fault-truncate+fault-no-length": (502, BROKEN),
    "fault-error-mid": (500, BROKEN),
    "fault-error-mid-done": (500, BROKEN),
    "fault-old-llama-error": (500, BROKEN),
    "fault-junk-chunk-eof": (500, BROKEN),
    "fault-bad-chunk": (FINE, BROKEN),
    "fault-json-for-stream": (FINE, 502),
    "fault-stall-mid": (504, BROKEN),
    "fault-stall-head": (504, 504),
    "fault-close-head": (502, 502),
    "fault-rst-head": (502, 502),
    "fault-not-http": (502, 502),
    "fault-huge-head": (502, 502),
    "fault-gzip": (502, 502),
    "fault-page": (502, 502),
    "fault-html-502": (502, 502),
    "fault-redirect": (502, 502),
    "fault-busy-503": (503, 503),
    "fault-empty-500": (500, 500),
    "fault-string-error": (502, 502),
    "fault-401": (502, 502),
    "fault-429": (503, 503),
    "fault-flat-error": (400, 400),
    "fault-context-400": (400, 400),
    "fault-404": (404, 404),
    "fault-text-404": (404, 404),
    "fault-split-utf8": (FINE, FINE),
    "fault-one-byte": (FINE, FINE),
    "fault-crlf": (FINE, FINE),
    "fault-id-lines": (FINE, FINE),
    "fault-pings": (FINE, FINE),
    "fault-no-usage": (FINE, FINE),
    "fault-early-hints": (FINE, FINE),
    "fault-no-length": (FINE, FINE),
    "fault-trailing": (FINE, FINE),
}

# Ways of asking that are answered with no words: what stands for the whole, and the faults that they cannot have.
DATA = {"embeddings": "16 numbers", "images": "iVBO"}
OF_WORDS = {"fault-error-mid", "fault-error-mid-done", "fault-old-llama-error", "fault-junk-chunk-eof"}

# Refusal: its status, OpenAI's code and type, and Anthropic's type.
REFUSALS = {
    "wrong": (401, "invalid_api_key", "invalid_request_error", "authentication_error"),
    "revoked": (401, "invalid_api_key", "invalid_request_error", "authentication_error"),
    "narrow": (404, "model_not_found", "invalid_request_error", "not_found_error"),
    "poor": (429, "insufficient_quota", "insufficient_quota", "rate_limit_error"),
    "full": (429, "chat_concurrency_limit", "requests", "rate_limit_error"),
    "busy": (503, None, "api_error", "overloaded_error"),
    "paced": (429, "rate_limit_exceeded", "tokens", "rate_limit_error"),
}

# How often each is refused before the client gives up, or, when it keeps the pace it is told, comes through.
RETRIED = {"wrong": 1, "revoked": 1, "narrow": 1, "poor": 1, "full": 3, "busy": 3, "paced": 1}
NEVER_RETRIED = dict.fromkeys(REFUSALS, 1)

_OPENAI = {
    400: "BadRequestError",
    401: "AuthenticationError",
    404: "NotFoundError",
    429: "RateLimitError",
    **dict.fromkeys((500, 502, 503, 504), "InternalServerError"),
    BROKEN: "APIError",
}
_ALL = (400, 401, 404, 429, 500, 502, 503, 504)


class Client:
    """A client as these tables see it.

    raises:  the classes of its errors
    dialect: "openai", "anthropic" or "ollama"
    retried: how often it is refused
    odd:     what is different in (way, model) from what `raises` and FAULTS say
    """

    def __init__(self, driver, raises, dialect="openai", retried=None, odd=()):
        self.driver = driver
        self.raises = raises
        self.dialect = dialect
        self.retried = RETRIED if retried is None else retried
        self.odd = dict(odd)

    def wanted_end(self, way, model):
        """How asking for the model in this way ends: FINE or [class, status or BROKEN]."""
        whole, stream = FAULTS[model]
        end = stream if "stream" in way else whole
        if way in DATA and model in OF_WORDS:
            end = FINE
        return self.odd.get((way, model), end if end == FINE else [self.raises[end], end])

    def wanted_error(self, refusal):
        """What the client says at last of a refusal; None: it comes through."""
        status, code, kind, anthropic = REFUSALS[refusal]
        if refusal == "paced" and self.retried is not NEVER_RETRIED:
            return None
        told = {"openai": {"code": code, "type": kind}, "anthropic": {"type": anthropic}, "ollama": {}}
        return {"name": self.raises[status], "status": status, **told[self.dialect]}


# An `error:` line after `event: error` leaves an event without data, which these take for bad JSON.
def _empty_event(name):
    return {("response stream", "fault-old-llama-error"): [name, BROKEN]}


# One object is a stream of one line.
_ONE_LINE = {(way, "fault-json-for-stream"): FINE for way in ("chat stream", "generate stream")}

NODE = (
    Client("openai_client.mjs", _OPENAI, odd=_empty_event("SyntaxError")),
    Client(
        "anthropic_client.mjs",
        {**_OPENAI, 503: "ServiceUnavailableError", 504: "GatewayTimeoutError"},
        dialect="anthropic",
    ),
    Client(
        "ollama_client.mjs",
        {**dict.fromkeys(_ALL, "ResponseError"), BROKEN: "Error"},
        dialect="ollama",
        retried=NEVER_RETRIED,
        odd=_ONE_LINE,
    ),
    # It knows nothing of x-should-retry, and takes a budget that is used up for a limit.
    Client(
        "ai_client.mjs",
        {**dict.fromkeys(_ALL, "APICallError"), BROKEN: "ToldError"},
        retried={**RETRIED, "poor": 3},
    ),
    Client("langchain_client.mjs", _OPENAI, odd=_empty_event("SyntaxError")),
)

# Of a response, an event that tells of an error is an event like others.
_EVENTS = {("response stream", model): ["EventError", BROKEN] for model in ("fault-error-mid", "fault-error-mid-done")}

PYTHON = (
    Client("openai_client.py", _OPENAI, odd={**_empty_event("JSONDecodeError"), **_EVENTS}),
    Client(
        "ollama_client.py",
        dict.fromkeys((*_ALL, BROKEN), "ResponseError"),
        dialect="ollama",
        retried=NEVER_RETRIED,
        odd=_ONE_LINE,
    ),
)
