#include "stores.h"

#include <postgresql/libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/daemon/keyfile.h"
#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"
#include "../../proto/daemon/resolver.h"

enum { RETENTION = 3650 };

static const char *setting(const char *name, const char *otherwise)
{
	const char *value = getenv(name);
	return value ? value : otherwise;
}

static const char *url(void)
{
	return setting("HEIMGATE_TEST_STORE", "sqlite:audit.db");
}

static const char *password_file(void)
{
	return setting("HEIMGATE_TEST_PASSWORD_FILE", "");
}

bool stores_are_shared(void)
{
	return store_is_remote(url());
}

void stores_prepare(void)
{
	loop_open();
	if (stores_are_shared())
		resolver_open();
}

/* --- PostgreSQL, asked directly --- */

static PGconn *connect_directly(void)
{
	char password[256] = "";
	const char *const names[] = {"dbname", "password", "options", NULL};
	const char *values[] = {url(), password, "-c search_path=heimgate_audit", NULL};
	CHECK(*password_file() == '\0' || keyfile_read(password_file(), password, sizeof(password)) >= 0);
	PGconn *connection = PQconnectdbParams(names, values, 1);
	CHECK(PQstatus(connection) == CONNECTION_OK);
	return connection;
}

const char *stores_sql(const char *sql)
{
	static char text[1024];
	PGconn *connection = connect_directly();
	PGresult *result = PQexec(connection, sql);
	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
		fprintf(stderr, "# %s: %s\n", sql, PQresultErrorMessage(result));
	snprintf(text, sizeof(text), "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	PQfinish(connection);
	return text;
}

void stores_empty(void)
{
	if (stores_are_shared() && *stores_sql("SELECT to_regclass('records')"))
		stores_sql("TRUNCATE records, usage, journals; UPDATE last_position SET position = 0");
}

/* --- waiting --- */

void stores_answer(bool *answered)
{
	*answered = true;
	loop_stop();
}

void stores_wait(const bool *answered)
{
	while (!*answered)
		loop_run();
}

static void must_be_well(const char *error)
{
	if (error)
		fprintf(stderr, "# %s\n", error);
	CHECK(error == NULL);
}

struct store *stores_open(const char *directory, const char *journal)
{
	char error[STORE_ERROR_SIZE] = "";
	const struct store_conf conf = {.url = url(),
	                                .password_file = password_file(),
	                                .directory = directory,
	                                .journal = journal,
	                                .retention = RETENTION};
	struct store *store = store_open(&conf, error);
	if (!store)
		must_be_well(error);
	return store;
}

struct begin {
	bool answered;
	struct store_cursor cursor;
};

static void began(void *arg, const struct store_cursor *cursor, const char *error)
{
	struct begin *begin = arg;
	must_be_well(error);
	begin->cursor = *cursor;
	stores_answer(&begin->answered);
}

struct store_cursor stores_begin(struct store *store)
{
	struct begin begin = {.answered = false};
	store_begin(store, began, &begin);
	stores_wait(&begin.answered);
	return begin.cursor;
}

struct store_cursor stores_begin_anew(struct store *store, const struct store_cursor *here)
{
	struct begin begin = {.answered = false};
	store_begin_anew(store, here, began, &begin);
	stores_wait(&begin.answered);
	return begin.cursor;
}

static void done(void *arg, const char *error)
{
	must_be_well(error);
	stores_answer(arg);
}

void stores_commit(struct store *store, const struct store_cursor *cursor)
{
	bool answered = false;
	store_commit(store, cursor, done, &answered);
	stores_wait(&answered);
}

struct expiry {
	bool answered, more;
};

static void expired(void *arg, bool more, const char *error)
{
	struct expiry *expiry = arg;
	must_be_well(error);
	expiry->more = more;
	stores_answer(&expiry->answered);
}

bool stores_expire(struct store *store, uint64_t today, uint64_t oldest)
{
	struct expiry expiry = {.answered = false};
	store_expire(store, today, oldest, expired, &expiry);
	stores_wait(&expiry.answered);
	return expiry.more;
}

/* --- asking --- */

struct total {
	bool answered;
	struct usage_total total;
};

static void take_total(void *arg, struct store_rows *rows, const char *error)
{
	struct total *total = arg;
	must_be_well(error);
	CHECK(store_next_total(rows, &total->total));
	stores_answer(&total->answered);
}

struct usage_total stores_total(struct store *store, const char *key_id, uint64_t since)
{
	struct total total = {.answered = false};
	store_total(store, key_id, since, take_total, &total);
	stores_wait(&total.answered);
	return total.total;
}

static struct stores_rows taken;

static void take_records(void *arg, struct store_rows *rows, const char *error)
{
	struct store_record record;
	must_be_well(error);
	while (store_next_record(rows, &record)) {
		CHECK(taken.count < STORES_ROWS_MAX);
		struct stores_row *row = &taken.rows[taken.count++];
		row->position = record.position;
		row->seq = record.seq;
		snprintf(row->journal, sizeof(row->journal), "%s", record.journal);
		taken.last = record.record;
	}
	must_be_well(store_failure(rows));
	stores_answer(arg);
}

const struct stores_rows *stores_tail(struct store *store, uint64_t after, uint64_t limit)
{
	bool answered = false;
	taken.count = 0;
	store_tail(store, after, limit, take_records, &answered);
	stores_wait(&answered);
	return &taken;
}

const struct stores_rows *stores_newest(struct store *store, uint64_t count, uint64_t limit)
{
	bool answered = false;
	taken.count = 0;
	store_newest(store, count, limit, take_records, &answered);
	stores_wait(&answered);
	return &taken;
}

const struct stores_rows *stores_show(struct store *store, const uint8_t *request_id)
{
	bool answered = false;
	taken.count = 0;
	store_show(store, request_id, STORES_ROWS_MAX, take_records, &answered);
	stores_wait(&answered);
	return &taken;
}

static char usage_text[4096];

static void take_usage(void *arg, struct store_rows *rows, const char *error)
{
	struct store_usage usage;
	size_t length = 0;
	must_be_well(error);
	usage_text[0] = '\0';
	while (store_next_usage(rows, &usage))
		length += (size_t)snprintf(usage_text + length, sizeof(usage_text) - length, "%s/%s %u+%u %u>%u\n", usage.label,
		                           usage.key_name, (unsigned)usage.requests, (unsigned)usage.refusals,
		                           (unsigned)usage.tokens_in, (unsigned)usage.tokens_out);
	must_be_well(store_failure(rows));
	stores_answer(arg);
}

const char *stores_usage(struct store *store, enum store_by by, const struct store_period *period)
{
	bool answered = false;
	store_usage(store, by, period, take_usage, &answered);
	stores_wait(&answered);
	return usage_text;
}
