/* The tables of keys in PostgreSQL, and keys as their rows: for the store, and for the tool that moves keys into it. */
#ifndef AUTHD_STORE_POSTGRES_ROW_H
#define AUTHD_STORE_POSTGRES_ROW_H

#include <postgresql/libpq-fe.h>

#include "key.h"
#include "keytext.h"

#define STORE_POSTGRES_SCHEMA "heimgate_auth"
#define STORE_POSTGRES_CHANNEL "heimgate_keys"
#define STORE_POSTGRES_REFUSED "HG001" /* the SQLSTATE of save()'s refusals */

/* In the order in which the functions below write and read them, which is the table's. */
#define STORE_POSTGRES_COLUMNS \
	"id, models, name, owner, rpm, tpm, concurrency, budget, generation, created, changed, expires, revoked, hash," \
	" former_until, former_generation, former_hash, local_only, images, image_kib"
#define STORE_POSTGRES_PARAMETERS "$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20"

enum { STORE_POSTGRES_COLUMN_COUNT = 20, STORE_POSTGRES_GENERATION = 8 /* its place */ };

/* Each brings the tables from one version to the next; never changed once released. */
enum { STORE_POSTGRES_MIGRATIONS = 2 };
extern const char *const store_postgres_migrations[STORE_POSTGRES_MIGRATIONS];

/* A key as the parameters of a statement. */
struct store_postgres_values {
	const char *list[STORE_POSTGRES_COLUMN_COUNT]; /* into this struct and the key */
	unsigned count;
	char numbers[14][21], hashes[2][2 + 2 * CREDENTIAL_HASH_SIZE + 1], budget[KEYTEXT_BUDGET_SIZE];
};

void store_postgres_put(struct store_postgres_values *values, const struct key *key);

/* The key in a row, the caller's to free; NULL when no key can be like that, or there is no memory. */
struct key *store_postgres_get(const PGresult *rows, int row);

#endif
