// What the drivers of all Node clients share.  A driver prints one JSON object a line, which client_check.py judges:
//   {name, got, wanted}          a check
//   {way, model, text, error}    what became of asking for a model in one way
//   {refusal, text, error}       what became of a call that the gate refuses at first
//   {tool, from, name, given}    the call of a tool
// An error is what the driver's own describe() makes of it; null: none.
import { createRequire } from "node:module";

export const setup = JSON.parse(process.argv[2]);
export const load = createRequire(setup.place + "/");
export const said = [{ role: "user", content: "Hello" }];
export const asked = [{ role: "user", content: setup.asked }];

function print(line) {
	console.log(JSON.stringify(line));
}

export function check(name, got, wanted = true) {
	print({ name, got, wanted });
}

export function checkTool(from, name, given) {
	print({ tool: "called", from, name, given });
}

async function become(pieces, describe) {
	let text = "";
	try {
		for await (const piece of pieces)
			text += piece ?? "";
		return { text, error: null };
	} catch (error) {
		return { text, error: describe(error) };
	}
}

// ways: of each name a generator of the pieces of text that asking for a model gives.
export async function checkFaults(ways, describe) {
	await Promise.all(Object.entries(ways).map(async ([way, ask]) => {
		const one = async (model) => print({ way, model, ...await become(ask(model), describe) });
		const slow = setup.slow.map(one);
		for (const model of setup.quick)
			await one(model);
		await Promise.all(slow);
	}));
}

// chat, stream: generators as above, of (key, model, most tokens), that retry as the client does by itself.
export async function checkRefusals(chat, stream, describe) {
	const refused = async (refusal, key, model = "m") =>
		print({ refusal, ...await become(chat(key, model, 100), describe) });
	const paced = async () => {
		const held = stream(setup.keys.paced, "stream-100000x20", setup.most);
		await held.next();
		print({ refusal: "paced", ...await become(chat(setup.keys.paced, "m", setup.more), describe) });
		await held.return();
	};
	await Promise.all([
		refused("wrong", "sk-wrong"), refused("revoked", setup.keys.revoked), refused("narrow", setup.keys.narrow),
		refused("poor", setup.keys.poor), refused("full", setup.keys.full, "full"),
		refused("busy", setup.keys.busy, "fault-busy-503"), paced(),
	]);
}

// A stream that is left after its first piece.
export async function leave(stream) {
	const left = stream(setup.key, setup.left, 100000);
	await left.next();
	await left.return();
}
