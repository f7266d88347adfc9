/* The values of a question or a statement, as text, in their order. */
#ifndef AUDITD_STORE_VALUES_H
#define AUDITD_STORE_VALUES_H

#include <stdint.h>

enum { STORE_VALUES_MAX = 10, STORE_VALUES_NUMBER = 24 };

/* Zero-initialised it is empty.  Must stay where it is: numbers are in it. */
struct store_values {
	unsigned count;
	const char *texts[STORE_VALUES_MAX];
	char numbers[STORE_VALUES_MAX][STORE_VALUES_NUMBER];
};

void store_values_text(struct store_values *values, const char *text); /* borrowed */
void store_values_number(struct store_values *values, uint64_t number);

#endif
