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
	struct row out = {.statement = statement};
	put_text(&out, key->id);
	put_text(&out, key->models);
	put_text(&out, key->name);
	put_text(&out, key->owner);
	put_number(&out, key->limits.rpm);
	put_number(&out, key->limits.tpm);
	put_number(&out, key->limits.concurrency);
	put_budget(&out, &key->limits);
	put_number(&out, generation);
	put_number(&out, key->created);
	put_number(&out, key->changed);
	put_number(&out, key->expires);
	put_number(&out, key->revoked);
	put_hash(&out, key->hash);
	put_number(&out, key->former.until);
	put_number(&out, key->former.generation);
	put_hash(&out, key->former.hash);
	put_number(&out, key->scope.local_only);
	put_number(&out, key->scope.images);
	put_number(&out, key->scope.image_kib);
}

struct key *store_sqlite_get(sqlite3_stmt *statement)
{
	struct row in = {.statement = statement, .good = true};
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
