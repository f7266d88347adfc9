// Anthropic's official client.
import { asked, check, checkFaults, checkRefusals, checkTool, leave, load, said, setup } from "./driver.mjs";

const Anthropic = load("@anthropic-ai/sdk");
const client = clientFor(setup.key);
const once = clientFor(setup.key, { maxRetries: 0 });
const tools = [{ name: setup.tool.name, description: setup.tool.description, input_schema: setup.tool.parameters }];

function clientFor(apiKey, options = {}) {
	return new Anthropic({ baseURL: setup.url, apiKey, ...options });
}

function describe(error) {
	return { name: error.constructor.name, status: error.status, type: error.type };
}

const ways = {
	async *"message"(model, from = once, most = 1000) {
		yield (await from.messages.create({ model, messages: said, max_tokens: most })).content[0].text;
	},
	async *"message stream"(model, from = once, most = 1000) {
		for await (const event of await from.messages.create({ model, messages: said, max_tokens: most, stream: true }))
			if (event.type === "content_block_delta")
				yield event.delta.text;
	},
	async *"message helper stream"(model) {
		for await (const event of once.messages.stream({ model, messages: said, max_tokens: 1000 }))
			if (event.type === "content_block_delta")
				yield event.delta.text;
	},
};

async function checkRest() {
	const body = { model: "m", messages: asked, max_tokens: 1000, tools };
	const use = (await client.messages.create(body)).content[0];
	checkTool("a message", use.name, JSON.stringify(use.input));
	const final = await client.messages.stream(body).finalMessage();
	checkTool("a message, streamed", final.content[0].name, JSON.stringify(final.content[0].input));
	check("which says why it ended", final.stop_reason, "tool_use");
	const bearer = new Anthropic({ baseURL: setup.url, apiKey: null, authToken: setup.key });
	const message = await bearer.messages.create({ model: "m", messages: said, max_tokens: 1000 });
	check("usage is told", message.usage.output_tokens, 10);
	check("and a request id", /^req_[0-9a-f]{32}$/.test(message._request_id));
	const models = [];
	for await (const model of client.models.list())
		models.push(model.id);
	check("the list of models", setup.models.every((id) => models.includes(id)));
	check("one model", (await client.models.retrieve("org/model-7b")).id, "org/model-7b");
	const counted = await client.messages.countTokens({ model: "m", messages: said }).catch(describe);
	check("tokens cannot be counted", counted, { name: "NotFoundError", status: 404, type: "not_found_error" });
}

const chat = (key, model, most) => ways.message(model, clientFor(key), most);
const stream = (key, model, most) => ways["message stream"](model, clientFor(key), most);

await checkRest();
await leave(stream);
await Promise.all([checkFaults(ways, describe), checkRefusals(chat, stream, describe)]);
