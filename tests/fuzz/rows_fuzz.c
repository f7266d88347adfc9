/*
 * Keys as authd gets them from where they are kept.  The first byte chooses:
 * a row of PostgreSQL or of SQLite, columns with tabs between, or a snapshot,
 * whose seal is made here.  What is taken for a key comes back from each of
 * the three as it is.
 */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../../authd/keystore.h"
#include "../../authd/snapshot_bytes.h"
#include "../../authd/store_postgres_row.h"
#include "../../authd/store_sqlite_row.h"
#include "../../proto/daemon/postgres.h"
#include "fuzz.h"

enum { COLUMNS = STORE_POSTGRES_COLUMN_COUNT, SEAL_SIZE = 32, HEAD_SIZE = 16 + 8 + 4 };

static const uint8_t seal_key[STAMP_KEY_SIZE] = "a key that only this harness has";

struct column {
	const char *bytes;
	size_t length;
};

/* In place of postgres_query.c. */
const char *postgres_value(const PGresult *rows, int row, int column)
{
	assert(row < PQntuples(rows) && column < PQnfields(rows));
	return PQgetvalue(rows, row, column);
}

/* --- PostgreSQL: "\N" is NULL, as in its own dumps --- */

static void set_value(PGresult *result, int place, const struct column *column)
{
	bool is_null = column->length == 2 && memcmp(column->bytes, "\\N", 2) == 0;
	char *copy = malloc(column->length + 1);
	assert(copy);
	memcpy(copy, column->bytes, column->length);
	assert(PQsetvalue(result, 0, place, is_null ? NULL : copy, is_null ? -1 : (int)column->length));
	free(copy);
}

static PGresult *make_result(const struct column *columns)
{
	PGresAttDesc names[COLUMNS] = {{0}};
	char name[] = "column";
	for (size_t i = 0; i < COLUMNS; i++)
		names[i].name = name;
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	assert(result && PQsetResultAttrs(result, COLUMNS, names));
	for (int i = 0; i < COLUMNS; i++)
		set_value(result, i, &columns[i]);
	return result;
}

static struct key *get_postgres(const struct column *columns)
{
	PGresult *result = make_result(columns);
	struct key *key = store_postgres_get(result, 0);
	for (size_t i = 0; i < COLUMNS && key; i++)
		assert(columns[i].length == 0 || memchr(columns[i].bytes, '\0', columns[i].length) == NULL);
	PQclear(result);
	return key;
}

static struct key *through_postgres(const struct key *key)
{
	struct store_postgres_values values;
	struct column columns[COLUMNS];
	store_postgres_put(&values, key);
	assert(values.count == COLUMNS);
	for (size_t i = 0; i < COLUMNS; i++)
		columns[i] = (struct column){values.list[i], strlen(values.list[i])};
	return get_postgres(columns);
}

/* --- SQLite: a column that begins with # is a number, with % a blob, with \N nothing --- */

static sqlite3_stmt *prepared(void)
{
	static sqlite3 *database;
	static sqlite3_stmt *statement;
	if (!statement) {
		assert(sqlite3_open(":memory:", &database) == SQLITE_OK);
		assert(sqlite3_prepare_v2(database, "SELECT " STORE_SQLITE_PARAMETERS, -1, &statement, NULL) == SQLITE_OK);
	}
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return statement;
}

static struct key *get_sqlite(sqlite3_stmt *statement)
{
	assert(sqlite3_step(statement) == SQLITE_ROW);
	return store_sqlite_get(statement);
}

static void bind(sqlite3_stmt *statement, int place, const struct column *column)
{
	char digits[24] = "";
	const char kind = *(column->length > 0 ? column->bytes : "");
	if (kind == '#') {
		memcpy(digits, column->bytes + 1,
		       column->length - 1 < sizeof(digits) ? column->length - 1 : sizeof(digits) - 1);
		sqlite3_bind_int64(statement, place, strtoll(digits, NULL, 10));
	} else if (kind == '%') {
		sqlite3_bind_blob(statement, place, column->bytes + 1, (int)column->length - 1, SQLITE_TRANSIENT);
	} else if (kind != '\\') {
		sqlite3_bind_text(statement, place, column->bytes, (int)column->length, SQLITE_TRANSIENT);
	}
}

static struct key *get_sqlite_row(const struct column *columns)
{
	sqlite3_stmt *statement = prepared();
	for (int i = 0; i < COLUMNS; i++)
		bind(statement, i + 1, &columns[i]);
	return get_sqlite(statement);
}

static struct key *through_sqlite(const struct key *key)
{
	sqlite3_stmt *statement = prepared();
	store_sqlite_put(statement, key, key->generation);
	return get_sqlite(statement);
}

/* --- snapshots --- */

static struct keystore *read_snapshot(const uint8_t *bytes, size_t length)
{
	uint64_t known;
	struct keystore *keys = keystore_new();
	const char *fault = snapshot_bytes_read(bytes, length, seal_key, keys, &known);
	assert(!fault || (*fault != '\0' && keystore_count(keys) == 0));
	return keys;
}

static struct keystore *through_snapshot(const struct keystore *keys)
{
	struct wire_out out;
	size_t size = snapshot_bytes_max(keys);
	uint8_t *bytes = malloc(size);
	assert(bytes);
	wire_out_init(&out, bytes, size);
	snapshot_bytes_write(&out, keys, 1, seal_key);
	assert(out.error == WIRE_OK);
	struct keystore *again = read_snapshot(bytes, out.length);
	free(bytes);
	return again;
}

static void judge_snapshot(const uint8_t *data, size_t size)
{
	uint8_t *sealed = malloc(size + SEAL_SIZE);
	assert(sealed);
	memcpy(sealed, data, size);
	crypto_generichash(sealed + size, SEAL_SIZE, sealed, size, seal_key, sizeof(seal_key));
	struct keystore *keys = read_snapshot(sealed, size + SEAL_SIZE), *again = through_snapshot(keys);
	assert(keystore_count(keys) <= size && keystore_count(again) == keystore_count(keys));
	for (size_t i = 0; i < keystore_count(keys); i++)
		assert(key_equal(keystore_at(keys, i), keystore_at(again, i)));
	keystore_free(keys);
	keystore_free(again);
	free(sealed);
}

/* --- */

static void judge_row(const struct key *key)
{
	struct keystore *keys = keystore_new();
	struct key *postgres = through_postgres(key), *sqlite = through_sqlite(key);
	assert(postgres && key_equal(key, postgres));
	assert(sqlite && key_equal(key, sqlite));
	assert(keystore_reserve(keys) == 0);
	keystore_put(keys, sqlite);
	struct keystore *again = through_snapshot(keys);
	assert(keystore_count(again) == 1 && key_equal(keystore_at(again, 0), key));
	keystore_free(again);
	keystore_free(keys);
	free(postgres);
}

static void split(const char *text, size_t length, struct column *columns)
{
	const char *end = text + length;
	for (size_t i = 0; i < COLUMNS; i++) {
		const char *tab = i < COLUMNS - 1 ? memchr(text, '\t', (size_t)(end - text)) : NULL;
		const char *stop = tab ? tab : end;
		columns[i] = (struct column){text, (size_t)(stop - text)};
		text = tab ? tab + 1 : end;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct column columns[COLUMNS];
	if (size == 0)
		return 0;
	if (data[0] == 'S') {
		judge_snapshot(data + 1, size - 1);
		return 0;
	}
	split((const char *)data + 1, size - 1, columns);
	struct key *key = data[0] == 'P' ? get_postgres(columns) : get_sqlite_row(columns);
	if (key)
		judge_row(key);
	free(key);
	return 0;
}
