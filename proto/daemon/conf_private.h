/* What the files of conf.h know of each other: conf_read.c has the tables and judges values by them, conf.c has to do
 * with the process and with people. */
#ifndef DAEMON_CONF_PRIVATE_H
#define DAEMON_CONF_PRIVATE_H

#include "conf.h"

enum conf_type { TYPE_TEXT, TYPE_INT, TYPE_FILE };

struct conf_row {
	enum conf_type type;
	size_t offset;    /* of the field in the program's struct */
	const char *name; /* of the environment variable */
	const char *fallback;
	int64_t minimum, maximum;
	const char *meaning;
};

struct conf_table {
	const char *name, *purpose; /* of the program */
	const struct conf_row *rows;
	size_t count;
};

extern const struct conf_table conf_tables[CONF_PROGRAMS];

/* The shared settings stand first in every table. */
#define CONF_COUNT_ROW(...) +1
enum { CONF_SHARED_ROWS = 0 SETTINGS_SHARED(CONF_COUNT_ROW) };

/* The shared fields stand first in every struct, in the same order. */
struct conf_shared {
	SETTINGS_SHARED(CONF_FIELD)
};

#endif
