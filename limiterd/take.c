#include "take.h"

#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

static struct takes spare = TAILQ_HEAD_INITIALIZER(spare);

struct take *take_new(void)
{
	struct take *take = TAILQ_FIRST(&spare);
	if (take)
		TAILQ_REMOVE(&spare, take, place);
	else
		take = malloc(sizeof(*take));
	CHECK(take);
	memset(take, 0, sizeof(*take));
	return take;
}

void take_free(struct take *take)
{
	TAILQ_INSERT_HEAD(&spare, take, place);
}

struct take *take_of(struct pool_waiter *waiter)
{
	return (struct take *)((char *)waiter - offsetof(struct take, waiter));
}
