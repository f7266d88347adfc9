#include "store_sqlite_row.h"

#include <stdlib.h>
#include <string.h>

#include "keytext.h"

/* Columns are written and read one after the other, as the fields of a frame are. */
struct row {
	sqlite3_stmt *statement;
	int column; /* the next one */
	bool good;  /* all columns so far held what they may */
};

static void put_text(struct row *row, const char *text)
{
	sqlite3_bind_text(row->statement, ++row->column, text, -1, SQLITE_TRANSIENT);
}

static void get_text(struct row *row, char *text, size_t size)
{
	const char *value = (const char *)sqlite3_column_text(row->statement, row->column);
	size_t length = (size_t)sqlite3_column_bytes(row->statement, row->column++);
	text[0] = '\0';
	if (value && length < size && strlen(value) == length)
		memcpy(text, value, length + 1);
	else
		row->good = false;
}

static void put_number(struct row *row, uint64_t number)
{
	sqlite3_bind_int64(row->statement, ++row->column, (int64_t)number);
}

static uint64_t get_number(struct row *row, uint64_t max)
{
	int64_t value = sqlite3_column_int64(row->statement, row->column++);
	if (value < 0 || (uint64_t)value > max)
		row->good = false;
	return (uint64_t)value;
}

static void put_budget(struct row *row, const struct limits *limits)
{
	char text[KEYTEXT_BUDGET_SIZE];
	keytext_budget_format(text, limits);
	put_text(row, text);
}

static void get_budget(struct row *row, struct limits *limits)
{
	char text[KEYTEXT_BUDGET_SIZE];
	get_text(row, text, sizeof(text));
	if (*text != '\0' && keytext_budget(text, limits) != 0)
		row->good = false;
}

static void put_hash(struct row *row, const uint8_t *hash)
{
	sqlite3_bind_blob(row->statement, ++row->column, hash, CREDENTIAL_HASH_SIZE, SQLITE_TRANSIENT);
}

static void get_hash(struct row *row, uint8_t *hash)
{
	if (sqlite3_column_bytes(row->statement, row->column) == CREDENTIAL_HASH_SIZE)
		memcpy(hash, sqlite3_column_blob(row->statement, row->column), CREDENTIAL_HASH_SIZE);
	else
		row->good = false;
	row->column++;
}

void store_sqlite_put(sqlite3_stmt *statement, const struct key *key, uint64_t generation)
{
	struct row into = {.statement = statement}, *row = &into;
	put_text(row, key->id);
	put_text(row, key->models);
	put_text(row, key->name);
	put_text(row, key->owner);
	put_number(row, key->limits.rpm);
	put_number(row, key->limits.tpm);
	put_number(row, key->limits.concurrency);
	put_budget(row, &key->limits);
	put_number(row, generation);
	put_number(row, key->created);
	put_number(row, key->changed);
	put_number(row, key->expires);
	put_number(row, key->revoked);
	put_hash(row, key->hash);
	put_number(row, key->former.until);
	put_number(row, key->former.generation);
	put_hash(row, key->former.hash);
}

struct key *store_sqlite_get(sqlite3_stmt *statement)
{
	struct row from = {.statement = statement, .good = true}, *row = &from;
	char id[KEY_ID_MAX + 1], models[MODEL_LIST_MAX + 1];
	get_text(row, id, sizeof(id));
	get_text(row, models, sizeof(models));
	struct key *key = key_new(models);
	if (!key)
		return NULL;
	memcpy(key->id, id, sizeof(id));
	get_text(row, key->name, sizeof(key->name));
	get_text(row, key->owner, sizeof(key->owner));
	key->limits.rpm = (uint32_t)get_number(row, UINT32_MAX);
	key->limits.tpm = (uint32_t)get_number(row, UINT32_MAX);
	key->limits.concurrency = (uint32_t)get_number(row, UINT32_MAX);
	get_budget(row, &key->limits);
	key->generation = get_number(row, INT64_MAX);
	key->created = get_number(row, INT64_MAX);
	key->changed = get_number(row, INT64_MAX);
	key->expires = get_number(row, INT64_MAX);
	key->revoked = get_number(row, INT64_MAX);
	get_hash(row, key->hash);
	key->former.until = get_number(row, INT64_MAX);
	key->former.generation = get_number(row, INT64_MAX);
	get_hash(row, key->former.hash);
	if (row->good)
		return key;
	free(key);
	return NULL;
}
