/* Keys as rows of the SQLite table. */
#ifndef AUTHD_STORE_SQLITE_ROW_H
#define AUTHD_STORE_SQLITE_ROW_H

#include <sqlite3.h>

#include "key.h"

/* In the order in which the functions below write and read them. */
#define STORE_SQLITE_COLUMNS \
	"id, models, name, owner, rpm, tpm, concurrency, budget, generation, created, changed, expires, revoked, hash," \
	" former_until, former_generation, former_hash, local_only, images, image_kib"
#define STORE_SQLITE_PARAMETERS "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"

/* Binds the statement's first parameters; the generation is the one given. */
void store_sqlite_put(sqlite3_stmt *statement, const struct key *key, uint64_t generation);

/* The key in the statement's row, the caller's to free; NULL when no key can be like that, or there is no memory. */
struct key *store_sqlite_get(sqlite3_stmt *statement);

#endif
