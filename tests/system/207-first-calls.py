#!/usr/bin/env python3
"""What well-known clients ask for before anything else."""

import json

import suite
import tap

with suite.Suite() as s:
    key = s.make_key()
    bearer = {"Authorization": "Bearer " + key}

    def get(path, headers=(), method="GET"):
        return suite.http_call(s.port, method, path, None, dict(headers))

    def post(path, members, headers=()):
        body = json.dumps(members).encode()
        return suite.http_call(s.port, "POST", path, body, {"Content-Type": "application/json", **dict(headers)})

    # Open WebUI: OpenAI mode, then Ollama mode.
    forwarded = {**bearer, "X-OpenWebUI-User-Name": "x", "X-OpenWebUI-User-Id": "7"}
    answer = get("/v1/models", forwarded)
    tap.ok(answer.status == 200 and answer.json()["data"][0]["id"], "Open WebUI lists models")
    tap.ok(get("/api/version", bearer).json()["version"], "and verifies an Ollama")
    entries = get("/api/tags", bearer).json()["models"]
    tap.ok(all(entry["name"] and entry["model"] for entry in entries), "whose models have both names")
    tap.ok("models" in get("/api/ps", bearer).json(), "and are loaded or not")

    # Continue.
    answer = post("/api/show", {"name": "llama3.2:latest"}, bearer)
    tap.ok(answer.status == 200 and "model_info" in answer.json(), "Continue asks what a model is, by name")
    answer = post(
        "/api/chat", {"model": "m", "messages": [{"role": "user", "content": "x"}], "keep_alive": 1800}, bearer
    )
    tap.is_(answer.status, 200, "and keeps it for half an hour")
    tap.is_(json.loads(s.mock.requests()[-1]["body"])["keep_alive"], 1800, "of which the server hears")

    # n8n.
    answer = get("/")
    tap.is_((answer.status, answer.body), (200, b"Ollama is running"), "n8n tests an Ollama")
    tap.is_(get("/v1/models", bearer).status, 200, "and an OpenAI")

    # Ollama's own command.
    tap.is_(get("/", method="HEAD").status, 200, "ollama feels the pulse")

    # Codex: with a provider that has a key, over responses.
    said = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}]
    answer = post("/v1/responses", {"model": "m", "input": said, "stream": True, "store": False, "include": []}, bearer)
    tap.ok(b"event: response.completed\n" in answer.body, "Codex gets a response that is completed")

    # Claude Code.
    claude = {"x-api-key": key, "anthropic-version": "2023-06-01", "anthropic-beta": "x-2025-01-01"}
    answer = get("/v1/models?limit=1000", claude)
    tap.ok(isinstance(answer.json()["data"], list), "Claude Code discovers models")
    message = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "x"}]}
    answer = post("/v1/messages?beta=true", {**message, "stream": True}, claude)
    tap.ok(b"event: message_stop\n" in answer.body, "writes a message")
    answer = post("/v1/messages/count_tokens?beta=true", message, claude)
    tap.is_((answer.status, answer.json()["type"]), (404, "error"), "and learns that Ollama counts no tokens")

    # The AI SDK and LangChain begin with a chat.
    answer = post(
        "/v1/chat/completions", {**message, "stream": True, "stream_options": {"include_usage": True}}, bearer
    )
    tap.ok(answer.body.endswith(b"data: [DONE]\n\n"), "others begin with a chat")
