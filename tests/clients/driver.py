"""What the drivers of all Python clients share; driver.mjs says what they print."""

import concurrent.futures
import json
import sys

setup = json.loads(sys.argv[1])
said = [{"role": "user", "content": "Hello"}]
asked = [{"role": "user", "content": setup["asked"]}]


def put(**members):
    sys.stdout.write(json.dumps(members) + "\n")  # at once: threads do not mix
    sys.stdout.flush()


def check(name, got, wanted=True):
    put(name=name, got=got, wanted=wanted)


def check_tool(source, name, given):
    put(tool="called", **{"from": source}, name=name, given=given)


def become(pieces, describe):
    text = ""
    try:
        for piece in pieces:
            text += piece or ""
    except Exception as error:  # whatever a client raises is what is to be told
        return {"text": text, "error": describe(error)}
    return {"text": text, "error": None}


def together(calls):
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as threads:
        for done in [threads.submit(*call) for call in calls]:
            done.result()


def check_faults(ways, describe):
    """ways: of each name a generator of the pieces of text that asking for a model gives."""

    def one(way, model):
        put(way=way, model=model, **become(ways[way](model), describe))

    def quick(way):
        for model in setup["quick"]:
            one(way, model)

    together([(one, way, model) for way in ways for model in setup["slow"]] + [(quick, way) for way in ways])


def check_refusals(chat, stream, describe):
    """chat, stream: generators as above, of (key, model, most tokens), that retry as the client does by itself."""
    keys = setup["keys"]

    def refused(refusal, key, model="m", most=100):
        put(refusal=refusal, **become(chat(key, model, most), describe))

    def paced():
        held = stream(keys["paced"], "stream-100000x20", setup["most"])
        next(held)
        refused("paced", keys["paced"], "m", setup["more"])
        held.close()

    together(
        [
            (refused, "wrong", "sk-wrong"),
            (refused, "revoked", keys["revoked"]),
            (refused, "narrow", keys["narrow"]),
            (refused, "poor", keys["poor"]),
            (refused, "full", keys["full"], "full"),
            (refused, "busy", keys["busy"], "fault-busy-503"),
            (paced,),
        ]
    )


def leave(stream):
    """A stream that is left after its first piece."""
    left = stream(setup["key"], setup["left"], 100000)
    next(left)
    left.close()
