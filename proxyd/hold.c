#include "hold.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 2048 };

bool hold_put(struct hold *hold, const char *bytes, size_t length)
{
	size_t wanted = hold->length + length;
	if (length == 0)
		return true;
	if (wanted > HOLD_MAX)
		return false;
	if (wanted > hold->room) {
		size_t room = wanted < FIRST_ROOM ? FIRST_ROOM : HOLD_MAX;
		char *held = realloc(hold->bytes, room);
		if (!held)
			return false;
		hold->bytes = held;
		hold->room = room;
	}
	memcpy(hold->bytes + hold->length, bytes, length);
	hold->length = wanted;
	return true;
}

void hold_free(struct hold *hold)
{
	free(hold->bytes);
	*hold = (struct hold){0};
}
