#!/usr/bin/env python3
"""Lists of models: what is configured, what the upstream has, and only what the key may use."""

import suite
import tap

MODELS = {
    "upstreams": {"mock": {"base_url": "MOCK", "kind": "ollama"}},
    "models": {
        "gpt-4o-mini": {"targets": [{"upstream": "mock", "model": "llama3.1:8b"}]},
        "*": {"targets": [{"upstream": "mock"}]},
    },
}
NO_STAR = {"upstreams": MODELS["upstreams"], "models": {"only": {"targets": [{"upstream": "mock"}]}}}
LISTED = {"gpt-4o-mini", "llama3.2:latest", "org/model-7b", "text-embed"}


def ids(answer):
    return {model["id"] for model in answer.json()["data"]}


with suite.Suite(models=MODELS) as s:
    everything, some = s.make_key(), s.make_key(models="org/model-7b,gpt-4o-mini,never-heard-of")
    answer = s.http("GET", "/v1/models", key=everything)
    tap.is_((answer.status, ids(answer)), (200, LISTED), "the configured names and the upstream's")
    tap.is_(answer.json()["object"], "list", "as a list")
    tap.ok(
        all(
            set(m) == {"id", "object", "created", "owned_by"}
            and m["object"] == "model"
            and isinstance(m["created"], int)
            for m in answer.json()["data"]
        ),
        "of models as OpenAI describes them",
    )
    tap.is_(ids(s.http("GET", "/v1/models", key=some)), {"org/model-7b", "gpt-4o-mini"}, "a key sees what it may use")
    for path in ("org%2Fmodel-7b", "org/model-7b", "llama3.2:latest", "llama3.2%3Alatest", "gpt-4o-mini"):
        answer = s.http("GET", "/v1/models/" + path, key=everything)
        tap.is_((answer.status, answer.json().get("id")), (200, path.replace("%2F", "/").replace("%3A", ":")), path)
    for key, path in ((some, "text-embed"), (everything, "never-heard-of"), (everything, "a%00b"), (everything, "%zz")):
        answer = s.http("GET", "/v1/models/" + path, key=key)
        tap.ok(
            answer.status in (400, 404) and set(answer.error) == {"message", "type", "param", "code"},
            "%s: no such model for this key" % path,
        )
    answer = s.http("DELETE", "/v1/models/gpt-4o-mini", key=everything)
    tap.is_((answer.status, answer.code), (403, "model_management_refused"), "a model cannot be deleted")
    answer = s.http("PUT", "/v1/models/gpt-4o-mini", key=everything)
    tap.is_((answer.status, answer.headers.get("allow")), (405, "GET, DELETE"), "nor changed")
    tap.is_(s.http("GET", "/v1/models").status, 401, "without a key there is no list")
    answer = s.http("GET", "/v1/models?limit=5", key=everything)
    tap.is_(ids(answer), LISTED, "a query does not hurt")

with suite.Suite(models=NO_STAR) as s:
    key = s.make_key()
    tap.is_(ids(s.http("GET", "/v1/models", key=key)), {"only"}, "without a * route the configured names are all")
    answer = s.chat(key, "other")
    tap.is_((answer.status, answer.code), (404, "model_not_found"), "and others do not exist")
    tap.is_(s.chat(key, "only").status, 200, "while those answer")

with suite.Suite(mock=("--models", "")) as s:
    answer = s.http("GET", "/v1/models", key=s.make_key())
    tap.is_(
        (answer.status, answer.json()), (200, {"object": "list", "data": []}), "Ollama's null becomes an empty list"
    )
