#include "store_postgres_row.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/postgres.h"
#include "keytext.h"
#include "store_engine.h"

/*
 * One host after the other has the counter's row, so that keys become visible in the order of their generations and
 * whoever has seen one has seen all before it.  Each statement of the function sees what the hosts before have done.
 */
#define SAVE_FUNCTION \
	"CREATE FUNCTION save(given keys) RETURNS bigint LANGUAGE plpgsql AS $$" \
	"DECLARE based_on CONSTANT bigint := given.generation;" \
	"BEGIN" \
	" UPDATE counter SET generation = generation + 1 RETURNING generation INTO STRICT given.generation;" \
	" IF coalesce((SELECT generation FROM keys WHERE id = given.id), 0) <> based_on THEN" \
	"  RAISE '" STORE_CHANGED_ELSEWHERE "' USING ERRCODE = '" STORE_POSTGRES_REFUSED "';" \
	" ELSIF based_on = 0 AND EXISTS (SELECT FROM keys WHERE name = given.name AND revoked = 0" \
	"  AND (expires = 0 OR expires > given.changed)) THEN" \
	"  RAISE '" STORE_NAME_TAKEN "' USING ERRCODE = '" STORE_POSTGRES_REFUSED "';" \
	" ELSIF EXISTS (SELECT FROM keys WHERE id <> given.id" \
	"  AND (hash = given.hash OR former_until <> 0 AND former_hash = given.hash)) THEN" \
	"  RAISE '" STORE_SECRET_TAKEN "' USING ERRCODE = '" STORE_POSTGRES_REFUSED "';" \
	" END IF;" \
	" DELETE FROM keys WHERE id = given.id;" \
	" INSERT INTO keys VALUES (given.*);" \
	" NOTIFY " STORE_POSTGRES_CHANNEL ";" \
	" RETURN given.generation;" \
	"END $$"

const char *const store_postgres_migrations[STORE_POSTGRES_MIGRATIONS] = {
	"CREATE TABLE counter (generation bigint NOT NULL);"
	"INSERT INTO counter VALUES (0);"
	"CREATE TABLE keys ("
	" id text PRIMARY KEY, models text NOT NULL, name text NOT NULL, owner text NOT NULL,"
	" rpm bigint NOT NULL, tpm bigint NOT NULL, concurrency bigint NOT NULL, budget text NOT NULL,"
	" generation bigint NOT NULL UNIQUE, created bigint NOT NULL, changed bigint NOT NULL,"
	" expires bigint NOT NULL, revoked bigint NOT NULL, hash bytea NOT NULL UNIQUE,"
	" former_until bigint NOT NULL, former_generation bigint NOT NULL, former_hash bytea NOT NULL"
	");" SAVE_FUNCTION,
	"ALTER TABLE keys ADD local_only bigint NOT NULL DEFAULT 0, ADD images bigint NOT NULL DEFAULT 0,"
	" ADD image_kib bigint NOT NULL DEFAULT 0;",
};

/* --- a key to values --- */

static void put_text(struct store_postgres_values *values, const char *text)
{
	values->list[values->count++] = text;
}

static void put_number(struct store_postgres_values *values, char *text, uint64_t number)
{
	snprintf(text, sizeof(values->numbers[0]), "%" PRIu64, number);
	put_text(values, text);
}

/* As PostgreSQL writes bytes. */
static void put_hash(struct store_postgres_values *values, char *text, const uint8_t *hash)
{
	text[0] = '\\';
	text[1] = 'x';
	sodium_bin2hex(text + 2, sizeof(values->hashes[0]) - 2, hash, CREDENTIAL_HASH_SIZE);
	put_text(values, text);
}

void store_postgres_put(struct store_postgres_values *values, const struct key *key)
{
	char(*number)[sizeof(values->numbers[0])] = values->numbers;
	values->count = 0;
	put_text(values, key->id);
	put_text(values, key->models);
	put_text(values, key->name);
	put_text(values, key->owner);
	put_number(values, *number++, key->limits.rpm);
	put_number(values, *number++, key->limits.tpm);
	put_number(values, *number++, key->limits.concurrency);
	keytext_budget_format(values->budget, &key->limits);
	put_text(values, values->budget);
	put_number(values, *number++, key->generation);
	put_number(values, *number++, key->created);
	put_number(values, *number++, key->changed);
	put_number(values, *number++, key->expires);
	put_number(values, *number++, key->revoked);
	put_hash(values, values->hashes[0], key->hash);
	put_number(values, *number++, key->former.until);
	put_number(values, *number++, key->former.generation);
	put_hash(values, values->hashes[1], key->former.hash);
	put_number(values, *number++, key->scope.local_only);
	put_number(values, *number++, key->scope.images);
	put_number(values, *number++, key->scope.image_kib);
}

/* --- a row to a key: columns are read one after the other, as the fields of a frame are --- */

struct row {
	const PGresult *rows;
	int row, column; /* the next one */
	bool good;       /* all columns so far held what they may */
};

/* The next column's text; one with an end inside is none. */
static const char *take_value(struct row *row, size_t *length)
{
	const char *value = postgres_value(row->rows, row->row, row->column);
	*length = (size_t)PQgetlength(row->rows, row->row, row->column++);
	if (strlen(value) != *length)
		row->good = false;
	return value;
}

static void get_text(struct row *row, char *text, size_t size)
{
	size_t length;
	const char *value = take_value(row, &length);
	text[0] = '\0';
	if (length < size)
		memcpy(text, value, length + 1);
	else
		row->good = false;
}

static uint64_t get_number(struct row *row, uint64_t max)
{
	size_t length;
	uint64_t number = 0;
	if (keytext_number(take_value(row, &length), max, &number) != 0)
		row->good = false;
	return number;
}

static void get_budget(struct row *row, struct limits *limits)
{
	char text[KEYTEXT_BUDGET_SIZE];
	get_text(row, text, sizeof(text));
	if (*text != '\0' && keytext_budget(text, limits) != 0)
		row->good = false;
}

static void get_hash(struct row *row, uint8_t *hash)
{
	size_t length, size = 0;
	const char *text = take_value(row, &length);
	if (strncmp(text, "\\x", 2) != 0 ||
	    sodium_hex2bin(hash, CREDENTIAL_HASH_SIZE, text + 2, length - 2, NULL, &size, NULL) != 0 ||
	    size != CREDENTIAL_HASH_SIZE)
		row->good = false;
}

struct key *store_postgres_get(const PGresult *rows, int row)
{
	struct row in = {.rows = rows, .row = row, .good = true};
	char id[KEY_ID_MAX + 1], models[MODEL_LIST_MAX + 1];
	get_text(&in, id, sizeof(id));
	get_text(&in, models, sizeof(models));
	struct key *key = key_new(models);
	if (!key)
		return NULL;
	memcpy(key->id, id, sizeof(id));
	get_text(&in, key->name, sizeof(key->name));
	get_text(&in, key->owner, sizeof(key->owner));
	key->limits.rpm = (uint32_t)get_number(&in, UINT32_MAX);
	key->limits.tpm = (uint32_t)get_number(&in, UINT32_MAX);
	key->limits.concurrency = (uint32_t)get_number(&in, UINT32_MAX);
	get_budget(&in, &key->limits);
	key->generation = get_number(&in, INT64_MAX);
	key->created = get_number(&in, INT64_MAX);
	key->changed = get_number(&in, INT64_MAX);
	key->expires = get_number(&in, INT64_MAX);
	key->revoked = get_number(&in, INT64_MAX);
	get_hash(&in, key->hash);
	key->former.until = get_number(&in, INT64_MAX);
	key->former.generation = get_number(&in, INT64_MAX);
	get_hash(&in, key->former.hash);
	key->scope.local_only = get_number(&in, 1);
	key->scope.images = (uint32_t)get_number(&in, UINT32_MAX);
	key->scope.image_kib = (uint32_t)get_number(&in, UINT32_MAX);
	if (in.good && keytext_is_key(key))
		return key;
	free(key);
	return NULL;
}
