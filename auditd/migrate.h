/* heimgate-migrate-history: copies history from a file of SQLite's into PostgreSQL. */
#ifndef AUDITD_MIGRATE_H
#define AUDITD_MIGRATE_H

#include "store.h"

struct migrate {
	const char *journal; /* its id */
	const char *file;    /* of SQLite's */
	struct store *from, *to;
	struct store_cursor have;  /* how far the file followed the journal, */
	struct store_cursor found; /* and the database, when we came */
};

/* What became of the file's records in the database. */
struct migrate_counts {
	uint64_t there;  /* in it, */
	uint64_t absent; /* or not (any more) */
	uint64_t first;  /* line of those that are in it; 0: none */
};

/* Runs the loop until *answered, which a callback sets by migrate_answer(). */
void migrate_wait(const bool *answered);
void migrate_answer(bool *answered);

/* Looks at the records up to line `last`.  Ends the process when the database has another record for a line. */
struct migrate_counts migrate_compare(const struct migrate *migrate, uint64_t last);

/* Copies the records that the database did not get to, and says how far it is while that takes its time. */
void migrate_copy(const struct migrate *migrate);

/* Adds the usage of records that are not in the file any more, and of those before line `first`, which the
 * database does not have; unless that was done before.  Returns the number of rows. */
size_t migrate_usage(const struct migrate *migrate, uint64_t first);

#endif
