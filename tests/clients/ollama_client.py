"""Ollama's official client, which speaks its native API."""

import json

import ollama
from driver import asked, check, check_faults, check_refusals, check_tool, leave, said, setup


def client_for(key):
    return ollama.Client(host=setup["url"], headers={"Authorization": "Bearer " + key})


def describe(error):
    return {"name": type(error).__name__, "status": getattr(error, "status_code", None), "message": str(error)}


client = client_for(setup["key"])
TOOLS = [{"type": "function", "function": setup["tool"]}]


def chat(model, source=client, **options):
    yield source.chat(model=model, messages=said, options=options).message.content


def chat_stream(model, source=client, **options):
    for part in source.chat(model=model, messages=said, stream=True, options=options):
        yield part.message.content


def generate(model):
    yield client.generate(model=model, prompt="Hello").response


def generate_stream(model):
    for part in client.generate(model=model, prompt="Hello", stream=True):
        yield part.response


def embeddings(model):
    yield "%d numbers" % len(client.embed(model=model, input="Hello").embeddings[0])


WAYS = {
    "chat": chat,
    "chat stream": chat_stream,
    "generate": generate,
    "generate stream": generate_stream,
    "embeddings": embeddings,
}


def check_rest():
    call = client.chat(model="m", messages=asked, tools=TOOLS).message.tool_calls[0].function
    check_tool("a chat", call.name, json.dumps(call.arguments))
    for part in client.chat(model="m", messages=asked, tools=TOOLS, stream=True):
        for streamed in part.message.tool_calls or ():
            check_tool("a chat, streamed", streamed.function.name, json.dumps(streamed.function.arguments))
    names = [model.model for model in client.list().models]
    check("the list of models", all(model in names for model in setup["models"]))
    check("those that are loaded", len(client.ps().models) > 0)
    check("what a model is", client.show("m").capabilities, ["completion", "tools"])
    check("embeddings as they were", len(client.embeddings(model="text-embed", prompt="Hello").embedding), 16)
    try:
        client.pull("m")
        check("models are not managed", "pulled", 403)
    except ollama.ResponseError as error:
        check("models are not managed", error.status_code, 403)


def retried_chat(key, model, most):
    return chat(model, client_for(key), num_predict=most)


def retried_stream(key, model, most):
    return chat_stream(model, client_for(key), num_predict=most)


check_rest()
leave(retried_stream)
check_refusals(retried_chat, retried_stream, describe)
check_faults(WAYS, describe)
