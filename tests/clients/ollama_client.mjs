// Ollama's official client, which speaks its native API.
import { asked, check, checkFaults, checkRefusals, checkTool, leave, load, said, setup } from "./driver.mjs";

const { Ollama } = load("ollama");
const client = clientFor(setup.key);
const tools = [{ type: "function", function: setup.tool }];

function clientFor(key) {
	return new Ollama({ host: setup.url, headers: { Authorization: "Bearer " + key } });
}

function describe(error) {
	return { name: error.name, status: error.status_code, message: error.message };
}

const ways = {
	async *"chat"(model, from = client, options = {}) {
		yield (await from.chat({ model, messages: said, options })).message.content;
	},
	async *"chat stream"(model, from = client, options = {}) {
		const stream = await from.chat({ model, messages: said, stream: true, options });
		try {
			for await (const part of stream)
				yield part.message.content;
		} finally {
			stream.abort();
		}
	},
	async *"generate"(model) {
		yield (await client.generate({ model, prompt: "Hello" })).response;
	},
	async *"generate stream"(model) {
		for await (const part of await client.generate({ model, prompt: "Hello", stream: true }))
			yield part.response;
	},
	async *"embeddings"(model) {
		yield (await client.embed({ model, input: "Hello" })).embeddings[0].length + " numbers";
	},
};

async function checkRest() {
	const body = { model: "m", messages: asked, tools };
	const call = (await client.chat(body)).message.tool_calls[0].function;
	checkTool("a chat", call.name, JSON.stringify(call.arguments));
	for await (const part of await client.chat({ ...body, stream: true }))
		for (const { function: streamed } of part.message.tool_calls ?? [])
			checkTool("a chat, streamed", streamed.name, JSON.stringify(streamed.arguments));
	const names = (await client.list()).models.map((model) => model.name);
	check("the list of models", setup.models.every((id) => names.includes(id)));
	check("those that are loaded", (await client.ps()).models.length > 0);
	check("what a model is", (await client.show({ model: "m" })).capabilities, ["completion", "tools"]);
	check("the version", (await client.version()).version, "0.12.6");
	const old = await client.embeddings({ model: "text-embed", prompt: "Hello" });
	check("embeddings as they were", old.embedding.length, 16);
	const pulled = await client.pull({ model: "m" }).catch(describe);
	check("models are not managed", [pulled.name, pulled.status], ["ResponseError", 403]);
}

const chat = (key, model, most) => ways.chat(model, clientFor(key), { num_predict: most });
const stream = (key, model, most) => ways["chat stream"](model, clientFor(key), { num_predict: most });

await checkRest();
await leave(stream);
await Promise.all([checkFaults(ways, describe), checkRefusals(chat, stream, describe)]);
