// OpenAI's official client.
import { asked, check, checkFaults, checkRefusals, checkTool, leave, load, said, setup } from "./driver.mjs";

const OpenAI = load("openai");
const client = clientFor(setup.key);
const once = clientFor(setup.key, { maxRetries: 0 });
const tools = [{ type: "function", function: setup.tool }];

function clientFor(apiKey, options = {}) {
	return new OpenAI({ baseURL: setup.url + "/v1", apiKey, ...options });
}

function describe(error) {
	return { name: error.constructor.name, status: error.status, code: error.code, type: error.type };
}

const ways = {
	async *"chat"(model, from = once, members = {}) {
		yield (await from.chat.completions.create({ model, messages: said, ...members })).choices[0].message.content;
	},
	async *"chat stream"(model, from = once, members = {}) {
		const stream = await from.chat.completions.create({ model, messages: said, stream: true, ...members });
		for await (const chunk of stream)
			yield chunk.choices[0]?.delta.content;
	},
	async *"chat helper stream"(model) {
		const stream = once.chat.completions.stream({ model, messages: said });
		for await (const chunk of stream)
			yield chunk.choices[0]?.delta.content;
	},
	async *"completion"(model) {
		yield (await once.completions.create({ model, prompt: "Hello" })).choices[0].text;
	},
	async *"completion stream"(model) {
		for await (const chunk of await once.completions.create({ model, prompt: "Hello", stream: true }))
			yield chunk.choices[0]?.text;
	},
	async *"response"(model) {
		yield (await once.responses.create({ model, input: "Hello" })).output_text;
	},
	async *"response stream"(model) {
		for await (const event of await once.responses.create({ model, input: "Hello", stream: true }))
			if (event.type === "response.output_text.delta")
				yield event.delta;
	},
	async *"embeddings"(model) {
		yield (await once.embeddings.create({ model, input: "Hello" })).data[0].embedding.length + " numbers";
	},
	async *"images"(model) {
		yield (await once.images.generate({ model, prompt: "Hello" })).data[0].b64_json.slice(0, 4);
	},
};

async function checkHeaders() {
	const { data, response } = await client.chat.completions.create({ model: "m", messages: said }).withResponse();
	check("usage is told", data.usage.total_tokens > 0);
	check("and a request id", /^req_[0-9a-f]{32}$/.test(response.headers.get("x-request-id")));
	for (const options of [undefined, { include_usage: true }]) {
		const chunks = [];
		const stream = await client.chat.completions.create(
			{ model: "m", messages: said, stream: true, stream_options: options });
		for await (const chunk of stream)
			chunks.push(chunk);
		check("usage in a stream is told to who asks", chunks.filter((chunk) => chunk.usage).length, options ? 1 : 0);
	}
}

async function checkTools() {
	for (const model of ["m", "far"]) {
		const body = { model, messages: asked, tools };
		const call = (await client.chat.completions.create(body)).choices[0].message.tool_calls[0].function;
		checkTool(model, call.name, call.arguments);
		const streamed = await client.chat.completions.stream(body).finalChatCompletion();
		const last = streamed.choices[0].message.tool_calls[0].function;
		checkTool(model + ", streamed", last.name, last.arguments);
	}
	const body = { model: "m", input: setup.asked, tools: [{ type: "function", strict: false, ...setup.tool }] };
	const item = (await client.responses.create(body)).output[0];
	checkTool("a response", item.name, item.arguments);
	const final = await client.responses.stream(body).finalResponse();
	checkTool("a response, streamed", final.output[0].name, final.output[0].arguments);
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
	check("the list of models", setup.models.every((id) => models.includes(id)));
	check("one model, with a slash in its name", (await client.models.retrieve("org/model-7b")).id, "org/model-7b");
}

const chat = (key, model, most) => ways.chat(model, clientFor(key), { max_tokens: most });
const stream = (key, model, most) => ways["chat stream"](model, clientFor(key), { max_tokens: most });

await checkHeaders();
await checkTools();
await checkRest();
await leave(stream);
await Promise.all([checkFaults(ways, describe), checkRefusals(chat, stream, describe)]);
