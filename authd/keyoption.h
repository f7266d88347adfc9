/* The options of heimgate-key's commands: one table row each, from which they are read and explained. */
#ifndef AUTHD_KEYOPTION_H
#define AUTHD_KEYOPTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum keyoption_kind {
	KEYOPTION_FLAG_JSON,
	KEYOPTION_FLAG_STDIN,
	KEYOPTION_FLAG_TRUE, /* the member is true */
	KEYOPTION_TEXT,
	KEYOPTION_COUNT,  /* from 0 to 4294967295 */
	KEYOPTION_MODELS, /* a,b */
	KEYOPTION_BUDGET, /* N/month */
	KEYOPTION_EXPIRY, /* 30d, or a date */
	KEYOPTION_GRACE   /* 24h */
};

struct keyoption {
	const char *name; /* without the dashes; NULL ends a table */
	enum keyoption_kind kind;
	const char *member; /* of the call's arguments */
	const char *value;  /* what to show for the value; NULL: it takes none */
	const char *meaning;
};

/* What a command line said. */
struct keyoption_values {
	json_t *arguments;   /* of the call, checked as far as can be checked here */
	const char *operand; /* what is no option; NULL: nothing */
	bool json;
	bool secret_stdin;
	bool help;
};

/* Reads argv[0..count) by the table; arguments is the caller's to decref.  Ends the process with
 * EXIT_USAGE when the table knows no such option, a value is bad, or there is a second operand. */
struct keyoption_values keyoption_read(const struct keyoption *table, int count, char **argv);

/* One line per option. */
void keyoption_print(FILE *to, const struct keyoption *table);

#endif
