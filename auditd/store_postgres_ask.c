#include <stdlib.h>

#include "../proto/daemon/log.h"
#include "store_postgres.h"

/* One under way. */
struct question {
	struct store_postgres *store;
	store_answer *answer;
	void *arg;
};

struct postgres_rows {
	struct store_rows rows;
	const PGresult *result;
	int row;
};

static bool next(struct store_rows *rows)
{
	struct postgres_rows *own = (struct postgres_rows *)rows;
	return ++own->row < PQntuples(own->result);
}

static const char *text(const struct store_rows *rows, int column)
{
	const struct postgres_rows *own = (const struct postgres_rows *)rows;
	return postgres_value(own->result, own->row, column);
}

static void answered(void *arg, const PGresult *result, const char *error, const char *sqlstate)
{
	struct question *question = arg;
	struct postgres_rows rows = {.rows = {.next = next, .text = text}, .result = result, .row = -1};
	(void)sqlstate;
	if (result)
		question->answer(question->arg, &rows.rows, NULL);
	else
		question->answer(question->arg, NULL, store_postgres_failure(question->store, "read", error));
	free(question);
}

void store_postgres_ask(struct store *base, enum store_question question, const struct store_values *values,
                        store_answer *answer, void *arg)
{
	struct store_postgres *store = (struct store_postgres *)base;
	struct question *asked = malloc(sizeof(*asked));
	CHECK(asked != NULL);
	*asked = (struct question){store, answer, arg};
	postgres_ask(store->postgres, store_postgres_statements[question].name, values->count, values->texts, answered,
	             asked);
}
