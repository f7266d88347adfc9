// OpenAI's official Node client against a gate: prints one JSON object per check, {name, got, wanted}.
// node_t.py installs the client, starts the gate and judges the checks.
import { createRequire } from "node:module";

const setup = JSON.parse(process.argv[2]);
const OpenAI = createRequire(setup.place + "/")("openai");

const client = clientFor(setup.key);
const once = clientFor(setup.key, { maxRetries: 0 });

function clientFor(apiKey, options = {}) {
	return new OpenAI({ baseURL: setup.url + "/v1", apiKey, ...options });
}

function check(name, got, wanted) {
	console.log(JSON.stringify({ name, got, wanted }));
}

function ask(from, model, members = {}, text = "Hello") {
	return from.chat.completions.create({ model, messages: [{ role: "user", content: text }], ...members });
}

async function streamed(from, model, members = {}, text = "Hello") {
	const chunks = [];
	for await (const chunk of await ask(from, model, { stream: true, ...members }, text))
		chunks.push(chunk);
	return chunks;
}

function textOf(chunks) {
	return chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
}

// The class, status, code and type of the error that a call ends with.
async function errorOf(promise) {
	try {
		await promise;
		return { name: "none" };
	} catch (error) {
		return { name: error.constructor.name, status: error.status, code: error.code, type: error.type };
	}
}

async function checkChat() {
	const { data, response } = await ask(client, "gpt-4o-mini", {}, setup.echo + setup.text).withResponse();
	check("a chat", data.choices[0].message.content, setup.text);
	check("with usage", data.usage.total_tokens > 0, true);
	check("and a request id", /^req_[0-9a-f]{32}$/.test(response.headers.get("x-request-id")), true);
	check("a stream", textOf(await streamed(client, "m", {}, setup.echo + setup.text)), setup.text);
	const counted = await streamed(client, "m", { stream_options: { include_usage: true } });
	check("with its usage", counted.at(-1).usage.completion_tokens, 10);
	const plain = await streamed(client, "m");
	check("or without", plain.filter((chunk) => chunk.usage).length, 0);
	for (const model of ["fault-split-utf8", "fault-one-byte", "fault-crlf", "fault-pings"])
		check("a stream in odd pieces: " + model, textOf(await streamed(client, model)) !== "", true);
	const completion = await client.completions.create({ model: "m", prompt: setup.echo + "yes" });
	check("a completion", completion.choices[0].text, "yes");
}

async function checkRest() {
	const input = ["one", "two"];
	const coded = await client.embeddings.create({ model: "text-embed", input });
	const plain = await client.embeddings.create({ model: "text-embed", input, encoding_format: "float" });
	check("embeddings (asked for in base64)", coded.data.map((row) => row.embedding.length), [16, 16]);
	check("are the same as floats", coded.data.map((row) => row.embedding), plain.data.map((row) => row.embedding));
	const models = [];
	for await (const model of client.models.list())
		models.push(model.id);
	check("the list of models", models.includes("gpt-4o-mini") && models.includes("text-embed"), true);
	check("one model, with a slash in its name", (await client.models.retrieve("org/model-7b")).id, "org/model-7b");
}

async function checkErrors() {
	check("a wrong key", await errorOf(ask(clientFor("sk-wrong"), "m")),
		{ name: "AuthenticationError", status: 401, code: "invalid_api_key", type: "invalid_request_error" });
	check("a model that is not allowed", await errorOf(ask(clientFor(setup.narrow), "b")),
		{ name: "NotFoundError", status: 404, code: "model_not_found", type: "invalid_request_error" });
	check("a budget that is used up", await errorOf(ask(clientFor(setup.poor), "m", { max_tokens: 100 })),
		{ name: "RateLimitError", status: 429, code: "insufficient_quota", type: "insufficient_quota" });
	check("no slot, after all attempts", await errorOf(ask(clientFor(setup.key, { maxRetries: 2 }), "full")),
		{ name: "RateLimitError", status: 429, code: "chat_concurrency_limit", type: "requests" });
	check("a page of HTML", (await errorOf(ask(once, "fault-html-502"))).name, "InternalServerError");
	check("a broken answer", (await errorOf(ask(once, "fault-cut"))).name, "InternalServerError");
	check("a busy model server", (await errorOf(ask(once, "fault-busy-503"))).status, 503);
}

async function checkStreamsThatFail() {
	for (const model of ["fault-truncate", "fault-cut", "fault-rst", "fault-error-mid", "fault-error-mid-done",
		"fault-old-llama-error", "fault-junk-chunk-eof"])
		check("a stream with " + model, (await errorOf(streamed(client, model))).name, "APIError");
}

async function checkLeaving() {
	const stream = await ask(client, "stream-1000x20+left", { stream: true });
	for await (const chunk of stream)
		if (chunk.choices[0].delta.content)
			break;
	check("a stream can be left", stream.controller.signal.aborted, true);
}

await checkChat();
await checkRest();
await checkErrors();
await checkStreamsThatFail();
await checkLeaving();
