#include "ready.h"

#include <stdlib.h>

#include "../proto/daemon/sandbox.h"
#include "exchange.h"
#include "readiness.h"

enum { READY_MS = 1000 }; /* for all daemons to answer */

static void answer(struct exchange *exchange)
{
	bool all_well;
	char *text = readiness_text(exchange->readiness, sandbox_name(), &all_well);
	exchange_answer(exchange, all_well ? 200 : 503, "application/json", text ? text : "{}");
	free(text);
}

void ready_ask(struct exchange *exchange)
{
	struct readiness *readiness = calloc(1, sizeof(*readiness));
	exchange->readiness = readiness;
	if (!readiness) {
		exchange_fail(exchange);
		return;
	}
	for (unsigned hop = 0; hop < HOP_COUNT; hop++)
		if (ipc_send_empty(links_to(hop), MSG_HEALTH_ASK, exchange->id) == 0)
			readiness->hops[hop].answer = READINESS_AWAITED;
	exchange_wait(exchange, EXCHANGE_READY, READY_MS);
	if (readiness_awaited(readiness) == 0)
		answer(exchange);
}

void ready_told(struct exchange *exchange, enum hop hop, const struct health *health)
{
	exchange->readiness->hops[hop].answer = READINESS_THERE;
	exchange->readiness->hops[hop].health = *health;
	if (readiness_awaited(exchange->readiness) == 0)
		answer(exchange);
}

void ready_expired(struct exchange *exchange)
{
	answer(exchange);
}

void ready_free(struct exchange *exchange)
{
	free(exchange->readiness);
	exchange->readiness = NULL;
}
