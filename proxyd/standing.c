#include "standing.h"

#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"

struct standing *standing_new(void)
{
	struct standing *standing = calloc(1, sizeof(*standing));
	CHECK(standing != NULL);
	standing->holders = 1;
	circuit_init(&standing->circuit, loop_now());
	return standing;
}

struct standing *standing_hold(struct standing *standing)
{
	standing->holders++;
	return standing;
}

void standing_drop(struct standing *standing)
{
	if (--standing->holders > 0)
		return;
	free(standing->offer);
	free(standing);
}

void standing_set_offer(struct standing *standing, const char *names, size_t length)
{
	free(standing->offer);
	standing->offer = strndup(names, length);
	CHECK(standing->offer != NULL);
}
