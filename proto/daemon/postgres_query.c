#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "postgres_private.h"

/* With `statement` a prepared one is asked, else `sql` is run; with `data` it is fed that. */
struct postgres_query {
	STAILQ_ENTRY(postgres_query) next;
	char *statement, *sql;
	char **values;
	unsigned count;
	char *data;
	size_t length;
	PGresult *result; /* the first that failed, or else the last one */
	postgres_answer *answer;
	void *arg;
};

static void free_query(struct postgres_query *query)
{
	for (unsigned i = 0; i < query->count; i++)
		free(query->values[i]);
	free(query->values);
	free(query->statement);
	free(query->sql);
	free(query->data);
	PQclear(query->result);
	free(query);
}

static char *copy(const char *text)
{
	char *copied = text ? strdup(text) : NULL;
	CHECK(copied || !text);
	return copied;
}

/* --- sending --- */

static void flush(struct postgres *postgres)
{
	int left = PQflush(postgres->connection);
	if (left < 0)
		postgres_lost(postgres, PQerrorMessage(postgres->connection));
	else
		postgres_watch_for_room(postgres, left > 0);
}

static void send_first(struct postgres *postgres)
{
	const struct postgres_query *query = STAILQ_FIRST(&postgres->queue);
	if (!query) {
		loop_timer_clear(&postgres->deadline);
		return;
	}
	int sent = query->statement ? PQsendQueryPrepared(postgres->connection, query->statement, (int)query->count,
	                                                  (const char *const *)query->values, NULL, NULL, 0)
	                            : PQsendQuery(postgres->connection, query->sql);
	if (!sent) {
		postgres_lost(postgres, PQerrorMessage(postgres->connection));
		return;
	}
	postgres_expect(postgres);
	flush(postgres);
}

static void enqueue(struct postgres *postgres, struct postgres_query *query)
{
	bool idle = STAILQ_EMPTY(&postgres->queue);
	STAILQ_INSERT_TAIL(&postgres->queue, query, next);
	postgres->queue_length++;
	if (idle)
		send_first(postgres);
}

/* Room for one more query; NULL: it was answered already, with a failure. */
static struct postgres_query *new_query(struct postgres *postgres, postgres_answer *answer, void *arg)
{
	const char *fault = NULL;
	if (postgres->stage != POSTGRES_UP)
		fault = "the database is down";
	else if (postgres->queue_length >= POSTGRES_QUEUE_MAX)
		fault = "the database is too slow: too many queries wait for it";
	if (fault) {
		answer(arg, NULL, fault, "");
		return NULL;
	}
	struct postgres_query *query = calloc(1, sizeof(*query));
	CHECK(query);
	query->answer = answer;
	query->arg = arg;
	return query;
}

void postgres_ask(struct postgres *postgres, const char *statement, unsigned count, const char *const *values,
                  postgres_answer *answer, void *arg)
{
	struct postgres_query *query = new_query(postgres, answer, arg);
	if (!query)
		return;
	query->statement = copy(statement);
	query->values = calloc(count + 1, sizeof(char *));
	CHECK(query->values);
	for (query->count = 0; query->count < count; query->count++)
		query->values[query->count] = copy(values[query->count]);
	enqueue(postgres, query);
}

void postgres_run(struct postgres *postgres, const char *sql, postgres_answer *answer, void *arg)
{
	struct postgres_query *query = new_query(postgres, answer, arg);
	if (!query)
		return;
	query->sql = copy(sql);
	enqueue(postgres, query);
}

void postgres_copy(struct postgres *postgres, const char *sql, const char *data, size_t length, postgres_answer *answer,
                   void *arg)
{
	struct postgres_query *query = new_query(postgres, answer, arg);
	if (!query)
		return;
	query->sql = copy(sql);
	query->data = malloc(length + 1);
	CHECK(query->data);
	memcpy(query->data, data, length);
	query->length = length;
	enqueue(postgres, query);
}

void postgres_push(struct postgres *postgres, const char *sql, postgres_answer *answer)
{
	struct postgres_query *query = calloc(1, sizeof(*query));
	CHECK(query);
	query->sql = copy(sql);
	query->answer = answer;
	query->arg = postgres;
	enqueue(postgres, query);
}

/* --- answers --- */

static bool is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
}

const char *postgres_value(const PGresult *rows, int row, int column)
{
	bool there = row < PQntuples(rows) && column < PQnfields(rows);
	return there ? PQgetvalue(rows, row, column) : "";
}

static struct postgres_query *take_first(struct postgres *postgres)
{
	struct postgres_query *query = STAILQ_FIRST(&postgres->queue);
	STAILQ_REMOVE_HEAD(&postgres->queue, next);
	postgres->queue_length--;
	return query;
}

static void answer(struct postgres_query *query)
{
	char error[POSTGRES_ERROR_SIZE] = "";
	if (is_good(query->result)) {
		query->answer(query->arg, query->result, error, "");
	} else {
		const char *message = PQresultErrorField(query->result, PG_DIAG_MESSAGE_PRIMARY);
		const char *state = PQresultErrorField(query->result, PG_DIAG_SQLSTATE);
		postgres_one_line(error, message ? message : PQresultErrorMessage(query->result));
		query->answer(query->arg, NULL, error, state ? state : "");
	}
	free_query(query);
}

void postgres_fail_all(struct postgres *postgres, const char *error)
{
	while (!STAILQ_EMPTY(&postgres->queue)) {
		struct postgres_query *query = take_first(postgres);
		query->answer(query->arg, NULL, error, "");
		free_query(query);
	}
}

/* libpq keeps what the socket does not take yet. */
static void feed(struct postgres *postgres, const struct postgres_query *query)
{
	if (PQputCopyData(postgres->connection, query->data ? query->data : "", (int)query->length) != 1 ||
	    PQputCopyEnd(postgres->connection, query->data ? NULL : "there is nothing to copy") != 1)
		postgres_lost(postgres, PQerrorMessage(postgres->connection));
	else
		flush(postgres);
}

/* An error that is not the server's is libpq's own, which may have closed the socket without a word. */
static bool is_lost(const struct postgres *postgres, const struct postgres_query *query)
{
	return PQstatus(postgres->connection) == CONNECTION_BAD ||
	       (!is_good(query->result) && !PQresultErrorField(query->result, PG_DIAG_SQLSTATE));
}

/* A result, one of perhaps several, or NULL: the first query is done. */
static void take_result(struct postgres *postgres, PGresult *result)
{
	struct postgres_query *query = STAILQ_FIRST(&postgres->queue);
	ExecStatusType status = PQresultStatus(result);
	if (!result) {
		query = take_first(postgres);
		bool lost = is_lost(postgres, query);
		if (!lost)
			send_first(postgres); /* before the answer, whose taker may ask more */
		answer(query);
		if (lost)
			postgres_reconnect(postgres, "the connection to the database broke");
		return;
	}
	if (status == PGRES_COPY_IN) {
		PQclear(result);
		feed(postgres, query);
		return;
	}
	/* libpq would hand over this same result for ever, until somebody takes what is copied. */
	if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
		PQclear(result);
		postgres_lost(postgres, "the database sends what was not asked for");
		return;
	}
	if (query->result && !is_good(query->result)) {
		PQclear(result);
		return;
	}
	PQclear(query->result);
	query->result = result;
}

static void take_notices(struct postgres *postgres)
{
	bool notified = false;
	for (PGnotify *notice; (notice = PQnotifies(postgres->connection)) != NULL; notified = true)
		PQfreemem(notice);
	if (notified && postgres->plan->notified && postgres->stage == POSTGRES_UP)
		postgres->plan->notified(postgres->arg);
}

void postgres_work(struct postgres *postgres)
{
	if (!PQconsumeInput(postgres->connection)) {
		postgres_lost(postgres, PQerrorMessage(postgres->connection));
		return;
	}
	flush(postgres);
	while (postgres->connection && !STAILQ_EMPTY(&postgres->queue) && !PQisBusy(postgres->connection))
		take_result(postgres, PQgetResult(postgres->connection));
	if (postgres->connection)
		take_notices(postgres);
}
