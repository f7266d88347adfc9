/* What the files of the sandbox know of each other. */
#ifndef DAEMON_SANDBOX_PRIVATE_H
#define DAEMON_SANDBOX_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, "word", "meaning") */
#define SANDBOX_PROMISES(X) \
	X(BASE, "base", "memory, clocks, signals to itself, the descriptors already open") \
	X(IPC, "ipc", "dial unix sockets; take peers on those that already listen") \
	X(ACCEPT, "accept", "take connections on a socket that already listens") \
	X(CONNECT, "connect", "connect to TCP addresses") \
	X(DNS, "dns", "ask the system's resolver for names: its files, UDP") \
	X(THREAD, "thread", "start threads") \
	X(PROC, "proc", "fork itself, and end its children") \
	X(RPATH, "rpath", "read files") \
	X(WPATH, "wpath", "write, make and remove files") \
	X(SANITIZER, "sanitizer", "what the sanitizers' runtime needs; promised by sanitized builds, and by no other")

enum sandbox_promise {
#define X(name, word, meaning) PROMISE_##name,
	SANDBOX_PROMISES(X)
#undef X
		PROMISE_COUNT
};

/* Every bit of the argument that the mask has is as in the value.  A mask of 0 asks nothing. */
struct sandbox_match {
	unsigned argument;
	uint64_t mask, value;
};

enum { SANDBOX_MATCHES = 3 };

struct sandbox_rule {
	enum sandbox_promise promise;
	const char *call;
	const char *when; /* in words; NULL: always */
	struct sandbox_match match[SANDBOX_MATCHES];
	int refusal; /* answered with this errno; 0: allowed */
	bool self;   /* the first argument must be our own process */
};

extern const struct sandbox_rule sandbox_rules[];
extern const size_t sandbox_rule_count;

const char *sandbox_word(enum sandbox_promise promise);
const char *sandbox_meaning(enum sandbox_promise promise);

/* The set of promises in the text, a bit each; 0 when a word is unknown. */
unsigned sandbox_parse(const char *text);

struct sandbox_place {
	char *path;
	bool write;
};

/* Both return NULL when done, else why not. */
const char *sandbox_filter_calls(unsigned promises);
const char *sandbox_filter_paths(unsigned promises, const struct sandbox_place *places, size_t count);

#endif
