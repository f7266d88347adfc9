/* Text in columns for people, page by page: for their tools, not for daemons.  Control characters are not passed on to
 * the terminal. */
#ifndef DAEMON_TABLE_H
#define DAEMON_TABLE_H

#include <stdio.h>

enum {
	TABLE_COLUMNS_MAX = 10,
	TABLE_CELL_MAX = 40 /* characters of a cell, where a table does not say otherwise; longer ones are cut */
};

struct table {
	size_t columns;
	size_t cell_max; /* characters; 0: TABLE_CELL_MAX */
	const char *titles[TABLE_COLUMNS_MAX];
	size_t widths[TABLE_COLUMNS_MAX]; /* in characters; they only grow */
	char **cells;                     /* of the rows of this page, row by row */
	size_t count;                     /* of cells */
	size_t rows_printed;
};

/* Adds a cell; a row is full when all its columns are.  "" is shown as "-". */
void table_text(struct table *table, const char *text);
void table_number(struct table *table, long long number);

/* Prints the rows added since the last time, before the first one the titles. */
void table_print(struct table *table, FILE *to);

/* Prints text without its control characters. */
void table_put(FILE *to, const char *text);

#endif
