// The AI SDK with its provider for what speaks OpenAI's API.
import { check, checkFaults, checkRefusals, checkTool, leave, load, setup } from "./driver.mjs";

const { createOpenAICompatible } = load("@ai-sdk/openai-compatible");
const { embedMany, experimental_generateImage: generateImage, generateText, jsonSchema, streamText, tool } = load("ai");
const gate = gateFor(setup.key);

globalThis.AI_SDK_LOG_WARNINGS = false;

function gateFor(apiKey) {
	return createOpenAICompatible({ name: "gate", baseURL: setup.url + "/v1", apiKey });
}

// After the last attempt, all errors are in one.
function describe(error) {
	const last = error.lastError ?? error;
	const told = last.data?.error ?? {};
	return { name: last.constructor.name, status: last.statusCode, code: told.code, type: told.type };
}

// What a stream tells of an error is passed on in its own words, which are no Error.
class ToldError extends Error {}

async function* piecesOf(model, members) {
	const left = new AbortController();
	const stream = streamText({ model, prompt: "Hello", abortSignal: left.signal, onError() {}, ...members });
	try {
		for await (const part of stream.fullStream) {
			if (part.type === "error")
				throw part.error instanceof Error ? part.error : new ToldError(part.error);
			if (part.type === "text-delta")
				yield part.text;
		}
	} finally {
		left.abort();
	}
}

const ways = {
	async *"chat"(model, from = gate, members = { maxRetries: 0 }) {
		yield (await generateText({ model: from(model), prompt: "Hello", ...members })).text;
	},
	async *"chat stream"(model, from = gate, members = { maxRetries: 0 }) {
		yield* piecesOf(from(model), members);
	},
	async *"completion"(model) {
		yield (await generateText({ model: gate.completionModel(model), prompt: "Hello", maxRetries: 0 })).text;
	},
	async *"completion stream"(model) {
		yield* piecesOf(gate.completionModel(model), { maxRetries: 0 });
	},
	async *"embeddings"(model) {
		const { embeddings } = await embedMany(
			{ model: gate.textEmbeddingModel(model), values: ["Hello"], maxRetries: 0 });
		yield embeddings[0].length + " numbers";
	},
	async *"images"(model) {
		const { image } = await generateImage({ model: gate.imageModel(model), prompt: "Hello", maxRetries: 0 });
		yield image.base64.slice(0, 4);
	},
};

async function checkTools() {
	const tools = { [setup.tool.name]: tool({ inputSchema: jsonSchema(setup.tool.parameters) }) };
	for (const model of ["m", "far"]) {
		const body = { model: gate(model), prompt: setup.asked, tools };
		const [call] = (await generateText(body)).toolCalls;
		checkTool(model, call.toolName, JSON.stringify(call.input));
		const [streamed] = await streamText(body).toolCalls;
		checkTool(model + ", streamed", streamed.toolName, JSON.stringify(streamed.input));
	}
}

async function checkUsage() {
	const stream = streamText({ model: gate("m"), prompt: "Hello" });
	await stream.consumeStream();
	check("why it ended", await stream.finishReason, "stop");
	const { usage } = await generateText({ model: gate("m"), prompt: "Hello" });
	check("usage is told", usage.outputTokens, 10);
}

const chat = (key, model, most) => ways.chat(model, gateFor(key), { maxOutputTokens: most });
const stream = (key, model, most) => ways["chat stream"](model, gateFor(key), { maxOutputTokens: most });

await checkTools();
await checkUsage();
await leave(stream);
await Promise.all([checkFaults(ways, describe), checkRefusals(chat, stream, describe)]);
