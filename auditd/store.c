#include "store.h"

#include <stdio.h>
#include <string.h>

#include "../proto/daemon/postgres.h"
#include "store_engine.h"

enum { MONTH_DAYS = 31 }; /* usage is kept at least so long: budgets of a month begin with it */

_Static_assert((int)STORE_ERROR_SIZE >= (int)POSTGRES_ERROR_SIZE, "errors of PostgreSQL have room");

static bool is_sqlite(const char *url)
{
	return strncmp(url, "sqlite:", 7) == 0;
}

bool store_judge(const char *url, char *error)
{
	if (strncmp(url, "postgres", 8) == 0)
		return postgres_url_judge(url, error);
	if (is_sqlite(url) && url[7] != '\0')
		return true;
	snprintf(error, STORE_ERROR_SIZE,
	         "no store of this kind: it must be sqlite:FILE or postgresql://USER@HOST/DATABASE");
	return false;
}

bool store_is_remote(const char *url)
{
	return !is_sqlite(url);
}

struct store *store_open(const struct store_conf *conf, char *error)
{
	struct store *store = is_sqlite(conf->url) ? store_sqlite_open(conf, error) : store_postgres_open(conf);
	if (store)
		store->retention = conf->retention;
	return store;
}

void store_close(struct store *store)
{
	if (store)
		store->engine->close(store);
}

/* --- filling and forgetting --- */

void store_begin(struct store *store, store_began *began, void *arg)
{
	store->engine->begin(store, began, arg);
}

void store_begin_anew(struct store *store, const struct store_cursor *here, store_began *began, void *arg)
{
	store->engine->begin_anew(store, here, began, arg);
}

bool store_add(struct store *store, uint64_t seq, const struct audit_record *record)
{
	return store->engine->add(store, seq, record);
}

void store_commit(struct store *store, const struct store_cursor *cursor, store_done *done, void *arg)
{
	store->engine->commit(store, cursor, done, arg);
}

static uint64_t days_before(uint64_t day, uint64_t days)
{
	return day > days ? day - days : 0;
}

void store_expire(struct store *store, uint64_t today, uint64_t oldest, store_expired *expired, void *arg)
{
	uint64_t usage_days = store->retention > MONTH_DAYS ? store->retention : MONTH_DAYS;
	struct store_expiry expiry = {.today = today,
	                              .records_day = days_before(today, store->retention),
	                              .seq = oldest,
	                              .usage_day = days_before(today, usage_days)};
	store->engine->expire(store, &expiry, expired, arg);
}

/* --- asking --- */

void store_tail(struct store *store, uint64_t after, uint64_t limit, store_answer *answer, void *arg)
{
	struct store_values values = {.count = 0};
	store_values_number(&values, after);
	store_values_number(&values, limit);
	store->engine->ask(store, STORE_TAIL, &values, answer, arg);
}

void store_newest(struct store *store, uint64_t count, uint64_t limit, store_answer *answer, void *arg)
{
	struct store_values values = {.count = 0};
	store_values_number(&values, count);
	store_values_number(&values, limit);
	store->engine->ask(store, STORE_NEWEST, &values, answer, arg);
}

void store_lines(struct store *store, const char *journal, uint64_t seq, uint64_t limit, store_answer *answer,
                 void *arg)
{
	struct store_values values = {.count = 0};
	store_values_text(&values, journal);
	store_values_number(&values, seq);
	store_values_number(&values, limit);
	store->engine->ask(store, STORE_LINES, &values, answer, arg);
}

void store_show(struct store *store, const uint8_t *request_id, uint64_t limit, store_answer *answer, void *arg)
{
	struct store_values values = {.count = 0};
	char text[RECORD_REQUEST_TEXT + 1];
	record_json_request(request_id, text);
	store_values_text(&values, text);
	store_values_number(&values, limit);
	store->engine->ask(store, STORE_SHOW, &values, answer, arg);
}

/* Whole days come from their sums, the rest of the first one from its records. */
void store_total(struct store *store, const char *key_id, uint64_t since, store_answer *answer, void *arg)
{
	struct store_values values = {.count = 0};
	uint64_t first_day = since / RECORD_DAY_MS + (since % RECORD_DAY_MS != 0);
	store_values_text(&values, key_id);
	store_values_number(&values, since);
	store_values_number(&values, first_day);
	store_values_number(&values, first_day * RECORD_DAY_MS);
	store->engine->ask(store, STORE_TOTAL, &values, answer, arg);
}

void store_usage(struct store *store, enum store_by by, const struct store_period *period, store_answer *answer,
                 void *arg)
{
	static const enum store_question questions[STORE_BY_LAST + 1] = {
		[STORE_BY_KEY] = STORE_USAGE_KEY, [STORE_BY_MODEL] = STORE_USAGE_MODEL, [STORE_BY_DAY] = STORE_USAGE_DAY};
	struct store_values values = {.count = 0};
	store_values_number(&values, period->since);
	store_values_number(&values, period->until);
	store_values_number(&values, period->skip);
	store_values_number(&values, period->limit);
	store->engine->ask(store, questions[by], &values, answer, arg);
}
