#include "streams.h"

#include "stream.h"

static struct stream **chain_of(struct streams *streams, uint64_t id)
{
	return &streams->chains[id % STREAMS_CHAINS];
}

struct stream *streams_find(struct streams *streams, uint64_t id)
{
	struct stream *stream = *chain_of(streams, id);
	while (stream && stream->reply.id != id)
		stream = stream->next;
	return stream;
}

void streams_add(struct streams *streams, struct stream *stream)
{
	struct stream **chain = chain_of(streams, stream->reply.id);
	stream->next = *chain;
	*chain = stream;
	streams->count++;
}

void streams_remove(struct streams *streams, struct stream *stream)
{
	struct stream **link = chain_of(streams, stream->reply.id);
	while (*link != stream)
		link = &(*link)->next;
	*link = stream->next;
	streams->count--;
}

void streams_each(struct streams *streams, void (*call)(struct stream *stream, const void *arg), const void *arg)
{
	for (size_t i = 0; i < STREAMS_CHAINS; i++) {
		for (struct stream *stream = streams->chains[i], *next; stream; stream = next) {
			next = stream->next;
			call(stream, arg);
		}
	}
}
