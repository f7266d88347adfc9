#include "news.h"

#include <string.h>

#include "../proto/daemon/loop.h"
#include "proxyd.h"

static void tell(struct proxyd *proxyd, size_t index, bool available)
{
	struct standing *standing = proxyd->routes->upstreams[index].standing;
	struct limit_upstream news = {.available = available};
	struct wire_out *out = ipc_begin(proxyd->limiterd, MSG_LIMIT_UPSTREAM, 0, index);
	if (!out)
		return;
	memcpy(news.name, proxyd->routes->models->upstreams[index].name, sizeof(news.name));
	limit_upstream_encode(out, &news);
	ipc_end(proxyd->limiterd);
	standing->told_closed = !available;
}

static bool is_available(const struct proxyd *proxyd, size_t index)
{
	return circuit_is_available(&proxyd->routes->upstreams[index].standing->circuit, loop_now());
}

void news_tell_all(struct proxyd *proxyd)
{
	for (size_t i = 0; i < proxyd->routes->models->upstream_count; i++)
		tell(proxyd, i, is_available(proxyd, i));
}

void news_tell_changes(struct proxyd *proxyd)
{
	for (size_t i = 0; i < proxyd->routes->models->upstream_count; i++) {
		bool available = is_available(proxyd, i);
		if (available == proxyd->routes->upstreams[i].standing->told_closed)
			tell(proxyd, i, available);
	}
}

void news_tell_offer(struct proxyd *proxyd, size_t upstream)
{
	const char *names = proxyd->routes->upstreams[upstream].standing->offer;
	struct limit_offer offer = {.models = {(const uint8_t *)names, names ? strlen(names) : 0}};
	struct wire_out *out = names ? ipc_begin(proxyd->limiterd, MSG_LIMIT_OFFER, 0, upstream) : NULL;
	if (!out)
		return;
	memcpy(offer.name, proxyd->routes->models->upstreams[upstream].name, sizeof(offer.name));
	limit_offer_encode(out, &offer);
	ipc_end(proxyd->limiterd);
}

void news_tell_offers(struct proxyd *proxyd)
{
	for (size_t i = 0; i < proxyd->routes->models->upstream_count; i++)
		news_tell_offer(proxyd, i);
}

enum wire_error news_pool(struct proxyd *proxyd, const struct wire_frame *frame)
{
	struct limit_pool pool;
	struct wire_in in;
	wire_in_init(&in, frame->body, frame->length);
	enum wire_error error = limit_pool_decode(&in, &pool);
	long index = error == WIRE_OK ? models_upstream(proxyd->routes->models, pool.name) : -1;
	if (index >= 0)
		proxyd->routes->upstreams[index].standing->pool = pool;
	return error;
}
