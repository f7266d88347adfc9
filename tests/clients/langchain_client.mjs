// LangChain's classes for OpenAI.
import { check, checkFaults, checkRefusals, checkTool, leave, load, setup } from "./driver.mjs";

const { ChatOpenAI, DallEAPIWrapper, OpenAI, OpenAIEmbeddings } = load("@langchain/openai");
const configuration = { baseURL: setup.url + "/v1" };
const once = { apiKey: setup.key, maxRetries: 0, configuration };
const tools = [{ type: "function", function: setup.tool }];

function describe(error) {
	return { name: error.constructor.name, status: error.status, code: error.code, type: error.type };
}

const ways = {
	async *"chat"(model, members = {}) {
		yield (await new ChatOpenAI({ ...once, model, ...members }).invoke("Hello")).text;
	},
	async *"chat stream"(model, members = {}) {
		for await (const chunk of await new ChatOpenAI({ ...once, model, ...members }).stream("Hello"))
			yield chunk.text;
	},
	async *"response"(model) {
		yield* ways.chat(model, { useResponsesApi: true });
	},
	async *"response stream"(model) {
		yield* ways["chat stream"](model, { useResponsesApi: true });
	},
	async *"completion"(model) {
		yield await new OpenAI({ ...once, model }).invoke("Hello");
	},
	async *"completion stream"(model) {
		for await (const piece of await new OpenAI({ ...once, model }).stream("Hello"))
			yield piece;
	},
	async *"embeddings"(model) {
		yield (await new OpenAIEmbeddings({ ...once, model }).embedQuery("Hello")).length + " numbers";
	},
};

async function checkTools() {
	for (const model of ["m", "far"]) {
		const from = new ChatOpenAI({ ...once, model }).bindTools(tools);
		const [call] = (await from.invoke(setup.asked)).tool_calls;
		checkTool(model, call.name, JSON.stringify(call.args));
		let whole;
		for await (const chunk of await from.stream(setup.asked))
			whole = whole ? whole.concat(chunk) : chunk;
		checkTool(model + ", streamed", whole.tool_calls[0].name, JSON.stringify(whole.tool_calls[0].args));
	}
}

async function checkRest() {
	const from = new ChatOpenAI({ ...once, model: "m" });
	const answer = await from.invoke("Hello");
	check("usage is told", answer.usage_metadata.output_tokens, 10);
	let whole;
	for await (const chunk of await from.stream("Hello"))
		whole = whole ? whole.concat(chunk) : chunk;
	check("and in a stream", whole.usage_metadata.output_tokens, 10);
	const painter = new DallEAPIWrapper(
		{ apiKey: setup.key, baseUrl: configuration.baseURL, model: "m", dallEResponseFormat: "b64_json" });
	check("an image", (await painter.invoke("Hello")).slice(0, 4), "iVBO");
}

// By itself it would try seven times, with ever longer pauses.
const chat = (apiKey, model, most) => ways.chat(model, { apiKey, maxTokens: most, maxRetries: 2 });
const stream = (apiKey, model, most) => ways["chat stream"](model, { apiKey, maxTokens: most, maxRetries: 2 });

await checkTools();
await checkRest();
await leave(stream);
await Promise.all([checkFaults(ways, describe), checkRefusals(chat, stream, describe)]);
