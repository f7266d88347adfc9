/* auditd as calls reach it: its store answers each question with the rows that it was given, again and again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../auditd/history.h"
#include "../../auditd/store_engine.h"
#include "calls.h"

enum { COLUMNS_MAX = 32, ROWS_MAX = 9 /* the longest fill a page */, PAGE_MAX = 1024, CALL_MAX = 100000 };

/* Engines give text, which has no end inside. */
static struct {
	struct store_rows rows;
	char *text, *columns[COLUMNS_MAX];
	unsigned count, next, left;
} given;

static bool next_row(struct store_rows *rows)
{
	if (given.left == 0 && given.count == 1 && *given.text != '\0')
		rows->failure = given.columns[0];
	return given.left > 0 && given.left-- > 0;
}

static const char *text(const struct store_rows *rows, int column)
{
	assert(rows == &given.rows && column >= 0 && column < COLUMNS_MAX);
	return (unsigned)column < given.count ? given.columns[column] : "";
}

void calls_history_rows(const char *columns, size_t length)
{
	free(given.text);
	given.text = strndup(columns, length);
	assert(given.text);
	given.count = 0;
	for (char *rest = given.text; rest && given.count < COLUMNS_MAX;)
		given.columns[given.count++] = strsep(&rest, "\t");
}

static void reply(store_answer *answer, void *arg, uint64_t limit)
{
	assert(limit <= PAGE_MAX);
	given.rows = (struct store_rows){.next = next_row, .text = text};
	given.left = limit < ROWS_MAX ? (unsigned)limit : ROWS_MAX;
	if (given.count == 2)
		answer(arg, NULL, "the store is away");
	else
		answer(arg, &given.rows, NULL);
}

/* --- in place of store.c --- */

void store_tail(struct store *store, uint64_t after, uint64_t limit, store_answer *answer, void *arg)
{
	(void)store;
	assert(after <= INT64_MAX);
	reply(answer, arg, limit);
}

void store_newest(struct store *store, uint64_t count, uint64_t limit, store_answer *answer, void *arg)
{
	(void)store;
	assert(count <= CALL_MAX && limit <= count);
	reply(answer, arg, limit);
}

void store_show(struct store *store, const uint8_t *request_id, uint64_t limit, store_answer *answer, void *arg)
{
	(void)store;
	assert(request_id);
	reply(answer, arg, limit);
}

void store_usage(struct store *store, enum store_by by, const struct store_period *period, store_answer *answer,
                 void *arg)
{
	const uint64_t last_day = RECORD_TIME_MAX / RECORD_DAY_MS;
	(void)store;
	assert(by <= STORE_BY_LAST && period->since <= last_day + 1 && period->until <= last_day + 1);
	assert(period->skip <= INT64_MAX);
	reply(answer, arg, period->limit);
}

/* --- */

bool calls_history(const struct ctl_call *call, struct wire_out *json)
{
	return history_call(NULL, call, json);
}
