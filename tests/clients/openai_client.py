"""OpenAI's official client."""

import re

import openai
from driver import asked, check, check_faults, check_refusals, check_tool, leave, said, setup


def client_for(key, **options):
    return openai.OpenAI(base_url=setup["url"] + "/v1", api_key=key, **options)


class EventError(Exception):
    """An event of a response that tells of an error: this client raises none for it."""

    status_code = None

    def __init__(self, event):
        error = event.response.error if event.type == "response.failed" else event
        super().__init__(error.message)
        self.code = error.code
        self.type = event.type


def describe(error):
    members = {"status": "status_code", "code": "code", "type": "type"}
    return {"name": type(error).__name__, **{name: getattr(error, found, None) for name, found in members.items()}}


client = client_for(setup["key"])
once = client_for(setup["key"], max_retries=0)
TOOLS = [{"type": "function", "function": setup["tool"]}]


def chat(model, source=once, **members):
    yield source.chat.completions.create(model=model, messages=said, **members).choices[0].message.content


def chat_stream(model, source=once, **members):
    with source.chat.completions.create(model=model, messages=said, stream=True, **members) as stream:
        for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content


def chat_helper_stream(model):
    with once.chat.completions.stream(model=model, messages=said) as stream:
        for event in stream:
            if event.type == "content.delta":
                yield event.delta


def completion(model):
    yield once.completions.create(model=model, prompt="Hello").choices[0].text


def completion_stream(model):
    for chunk in once.completions.create(model=model, prompt="Hello", stream=True):
        if chunk.choices:
            yield chunk.choices[0].text


def response(model):
    yield once.responses.create(model=model, input="Hello").output_text


def response_stream(model):
    for event in once.responses.create(model=model, input="Hello", stream=True):
        if event.type == "response.output_text.delta":
            yield event.delta
        if event.type in ("error", "response.failed"):
            raise EventError(event)


def embeddings(model):
    yield "%d numbers" % len(once.embeddings.create(model=model, input="Hello").data[0].embedding)


def images(model):
    yield once.images.generate(model=model, prompt="Hello").data[0].b64_json[:4]


WAYS = {
    "chat": chat,
    "chat stream": chat_stream,
    "chat helper stream": chat_helper_stream,
    "completion": completion,
    "completion stream": completion_stream,
    "response": response,
    "response stream": response_stream,
    "embeddings": embeddings,
    "images": images,
}


def check_headers():
    answer = client.chat.completions.create(model="m", messages=said)
    check("usage is told", answer.usage.total_tokens > 0)
    check("and a request id", bool(re.fullmatch("req_[0-9a-f]{32}", answer._request_id)))
    for options, wanted in (({}, 0), ({"stream_options": {"include_usage": True}}, 1)):
        chunks = list(client.chat.completions.create(model="m", messages=said, stream=True, **options))
        check("usage in a stream is told to who asks", sum(1 for chunk in chunks if chunk.usage), wanted)
    with client.chat.completions.with_streaming_response.create(model="m", messages=said) as raw:
        check("a streaming response", raw.status_code, 200)


def error_of(call, **members):
    try:
        call(**members)
    except openai.APIError as error:
        return type(error).__name__
    return None


def check_mistakes():
    long_name = error_of(client.chat.completions.create, model="m" * 500, messages=said)
    check("a model's name that is too long", long_name, "BadRequestError")
    check("a path that is none", error_of(client.get, path="/nowhere", cast_to=object), "NotFoundError")


def check_tools():
    for model in ("m", "far"):
        body = {"model": model, "messages": asked, "tools": TOOLS}
        call = client.chat.completions.create(**body).choices[0].message.tool_calls[0].function
        check_tool(model, call.name, call.arguments)
        with client.chat.completions.stream(**body) as stream:
            last = stream.get_final_completion().choices[0].message.tool_calls[0].function
        check_tool(model + ", streamed", last.name, last.arguments)
    body = {"model": "m", "input": setup["asked"], "tools": [{"type": "function", "strict": False, **setup["tool"]}]}
    item = client.responses.create(**body).output[0]
    check_tool("a response", item.name, item.arguments)
    with client.responses.stream(**body) as stream:
        last = stream.get_final_response().output[0]
    check_tool("a response, streamed", last.name, last.arguments)


def check_rest():
    rows = client.embeddings.create(model="text-embed", input=["one", "two"]).data
    plain = client.embeddings.create(model="text-embed", input=["one", "two"], encoding_format="float").data
    check("embeddings (asked for in base64)", [len(row.embedding) for row in rows], [16, 16])
    check("are the same as floats", [row.embedding for row in rows], [row.embedding for row in plain])
    ids = [model.id for model in client.models.list()]
    check("the list of models", all(model in ids for model in setup["models"]))
    check("one model, with a slash in its name", client.models.retrieve("org/model-7b").id, "org/model-7b")


def retried_chat(key, model, most):
    return chat(model, client_for(key), max_tokens=most)


def retried_stream(key, model, most):
    return chat_stream(model, client_for(key), max_tokens=most)


check_headers()
check_mistakes()
check_tools()
check_rest()
leave(retried_stream)
check_refusals(retried_chat, retried_stream, describe)
check_faults(WAYS, describe)
