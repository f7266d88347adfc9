#include "store_values.h"

#include <inttypes.h>
#include <stdio.h>

#include "../proto/daemon/log.h"

void store_values_text(struct store_values *values, const char *text)
{
	CHECK(values->count < STORE_VALUES_MAX);
	values->texts[values->count++] = text;
}

void store_values_number(struct store_values *values, uint64_t number)
{
	CHECK(values->count < STORE_VALUES_MAX);
	char *text = values->numbers[values->count];
	snprintf(text, STORE_VALUES_NUMBER, "%" PRIu64, number);
	store_values_text(values, text);
}
