/* The streams under way, by the id that edge gave them. */
#ifndef PROXYD_STREAMS_H
#define PROXYD_STREAMS_H

#include <stddef.h>
#include <stdint.h>

struct stream;

enum { STREAMS_CHAINS = 1024 };

/* Zero-initialised it is empty. */
struct streams {
	size_t count;
	uint64_t body_bytes; /* of request bodies held by all of them */
	struct stream *chains[STREAMS_CHAINS];
};

struct stream *streams_find(struct streams *streams, uint64_t id);
void streams_add(struct streams *streams, struct stream *stream);
void streams_remove(struct streams *streams, struct stream *stream);

/* Calls for each; the call may remove the stream it was made for, and no other. */
void streams_each(struct streams *streams, void (*call)(struct stream *stream, const void *arg), const void *arg);

#endif
