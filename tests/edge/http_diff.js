// Gives byte streams to Node's HTTP server, each on a connection of its own, and says what Node made of them.
// Input and output are as in http_dump.c, except that "end" is "refused" or "close".
'use strict';
const http = require('http');
const net = require('net');

const CONNECTIONS = 32;

const hex = (text) => Buffer.from(text, 'latin1').toString('hex');
const outcomes = new Map(); // by the client's port

function outcomeOf(socket) {
	if (!outcomes.has(socket.remotePort))
		outcomes.set(socket.remotePort, { requests: [], end: 'close' });
	return outcomes.get(socket.remotePort);
}

function take(request, response) {
	const outcome = outcomeOf(request.socket);
	const seen = {
		method: hex(request.method), target: hex(request.url), headers: request.rawHeaders.map(hex), body: '', whole: false,
	};
	outcome.requests.push(seen);
	request.on('error', () => {});
	request.on('data', (bytes) => { seen.body += bytes.toString('hex'); });
	request.on('end', () => {
		seen.whole = true;
		response.end();
	});
}

const server = http.createServer({ insecureHTTPParser: false, keepAliveTimeout: 0 }, take);
server.on('checkExpectation', take);
server.httpAllowHalfOpen = true; // a client that has sent all still gets every answer
server.on('connection', outcomeOf);
server.on('clientError', (error, socket) => {
	outcomeOf(socket).end = 'refused';
	setImmediate(() => socket.destroy()); // the 'end' events of whole requests come first
});

function speak(port, bytes) {
	return new Promise((resolve) => {
		const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
			const name = socket.localPort;
			socket.resume();
			socket.on('error', () => {});
			socket.on('end', () => socket.end());
			socket.on('close', () => {
				const { requests, end } = outcomes.get(name);
				outcomes.delete(name);
				resolve({ requests: requests.filter((request) => request.whole), end });
			});
			socket.end(bytes);
		});
	});
}

async function work(port, lines, results) {
	for (let i = lines.next; i < lines.length; i = lines.next) {
		lines.next++;
		results[i] = await speak(port, Buffer.from(lines[i], 'hex'));
	}
}

server.listen(0, '127.0.0.1', async () => {
	const lines = require('fs').readFileSync(0, 'latin1').split('\n').slice(0, -1);
	const results = [];
	lines.next = 0;
	await Promise.all(Array.from({ length: CONNECTIONS }, () => work(server.address().port, lines, results)));
	process.stdout.write(results.map((result) => JSON.stringify(result) + '\n').join(''));
	server.close();
	server.closeAllConnections();
});
