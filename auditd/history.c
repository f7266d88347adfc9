#include "history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/ctl.h"
#include "../proto/daemon/log.h"

enum {
	TAIL_DEFAULT = 20,
	TAIL_MAX = 100000,
	PAGE_RECORDS = 128, /* hardly ever fit */
	PAGE_USAGE = 1024,  /* never fit: whether there are more shows when the page is full */
	PAGE_END = 64       /* bytes kept free for what follows the rows */
};

/* A call that waits for the store. */
struct waiting {
	ipc_ctl_ticket ticket;
	uint64_t after; /* of audit.tail */
};

/* --- rows written one after the other, as many as fit --- */

struct page {
	struct wire_out *json;
	const char *separator; /* before the next row */
	bool cut;              /* a row did not fit */
};

static void put(struct wire_out *out, const char *text)
{
	wire_put_fixed(out, text, strlen(text));
}

static struct page page_begin(const char *name)
{
	struct wire_out *json = ipc_ctl_begin();
	json->size -= PAGE_END;
	put(json, "{\"");
	put(json, name);
	put(json, "\":[");
	return (struct page){.json = json, .separator = ""};
}

/* The row written since `length` is in if it fits; returns whether to go on. */
static bool page_row(struct page *page, size_t length)
{
	page->separator = ",";
	page->cut = page->json->error != WIRE_OK;
	if (page->cut) {
		page->json->length = length;
		page->json->error = WIRE_OK;
	}
	return !page->cut;
}

static void refuse(const struct waiting *waiting, const char *error)
{
	ipc_ctl_end(waiting->ticket, ctl_refuse(ipc_ctl_begin(), error));
}

/* Rows that ended early make half a page: the refusal takes its place. */
static void page_end(struct page *page, const struct store_rows *rows, const struct waiting *waiting, const char *rest)
{
	const char *failure = store_failure(rows);
	if (failure) {
		refuse(waiting, failure);
		return;
	}
	page->json->size += PAGE_END;
	put(page->json, rest);
	put(page->json, "}");
	ipc_ctl_end(waiting->ticket, true);
}

static bool put_record(struct page *page, const struct store_record *record)
{
	size_t length = page->json->length;
	put(page->json, page->separator);
	put(page->json, "{\"journal\":");
	record_json_text(page->json, record->journal);
	put(page->json, ",");
	record_json_members(page->json, &record->record, record->seq, NULL);
	put(page->json, "}");
	return page_row(page, length);
}

static bool put_usage(struct page *page, const struct store_usage *usage)
{
	size_t length = page->json->length;
	char numbers[160];
	snprintf(numbers, sizeof(numbers),
	         ",\"requests\":%" PRIu64 ",\"refusals\":%" PRIu64 ",\"tokens_in\":%" PRIu64 ",\"tokens_out\":%" PRIu64 "}",
	         usage->requests, usage->refusals, usage->tokens_in, usage->tokens_out);
	put(page->json, page->separator);
	put(page->json, "{\"label\":");
	record_json_text(page->json, usage->label);
	put(page->json, ",\"key_name\":");
	record_json_text(page->json, usage->key_name);
	put(page->json, numbers);
	return page_row(page, length);
}

/* --- what the store answered --- */

static void write_tail(struct waiting *waiting, struct store_rows *rows)
{
	char rest[PAGE_END];
	struct store_record record;
	struct page page = page_begin("records");
	while (store_next_record(rows, &record) && put_record(&page, &record))
		waiting->after = record.position;
	snprintf(rest, sizeof(rest), "],\"after\":%" PRIu64, waiting->after);
	page_end(&page, rows, waiting, rest);
}

static void write_show(struct waiting *waiting, struct store_rows *rows)
{
	struct store_record record;
	struct page page = page_begin("records");
	while (store_next_record(rows, &record) && put_record(&page, &record)) {
	}
	page_end(&page, rows, waiting, "]");
}

static void write_usage(struct waiting *waiting, struct store_rows *rows)
{
	struct store_usage usage;
	struct page page = page_begin("usage");
	while (store_next_usage(rows, &usage) && put_usage(&page, &usage)) {
	}
	page_end(&page, rows, waiting, page.cut ? "],\"more\":true" : "],\"more\":false");
}

static void answer(struct waiting *waiting, struct store_rows *rows, const char *error,
                   void (*write)(struct waiting *waiting, struct store_rows *rows))
{
	if (rows)
		write(waiting, rows);
	else
		refuse(waiting, error);
	free(waiting);
}

static void tail_answered(void *arg, struct store_rows *rows, const char *error)
{
	answer(arg, rows, error, write_tail);
}

static void show_answered(void *arg, struct store_rows *rows, const char *error)
{
	answer(arg, rows, error, write_show);
}

static void usage_answered(void *arg, struct store_rows *rows, const char *error)
{
	answer(arg, rows, error, write_usage);
}

static struct waiting *wait_for_store(uint64_t after)
{
	struct waiting *waiting = malloc(sizeof(*waiting));
	CHECK(waiting != NULL);
	*waiting = (struct waiting){ipc_ctl_later(), after};
	return waiting;
}

/* --- the calls: each asks the store, or refuses at once --- */

static bool tail(struct store *store, json_t *arguments, struct wire_out *json)
{
	json_error_t wrong;
	json_int_t after = -1, limit = TAIL_DEFAULT;
	if (json_unpack_ex(arguments, &wrong, JSON_STRICT, "{s?I, s?I}", "after", &after, "limit", &limit) < 0)
		return ctl_refuse(json, wrong.text);
	if (limit < 0 || limit > TAIL_MAX || after < -1)
		return ctl_refuse(json, "after or limit is out of range");
	uint64_t rows = limit < PAGE_RECORDS ? (uint64_t)limit : PAGE_RECORDS;
	if (after < 0)
		store_newest(store, (uint64_t)limit, rows, tail_answered, wait_for_store(0));
	else
		store_tail(store, (uint64_t)after, rows, tail_answered, wait_for_store((uint64_t)after));
	return true;
}

static bool show(struct store *store, json_t *arguments, struct wire_out *json)
{
	uint8_t request_id[REQUEST_ID_SIZE];
	json_error_t wrong;
	const char *text;
	if (json_unpack_ex(arguments, &wrong, JSON_STRICT, "{s:s}", "request_id", &text) < 0)
		return ctl_refuse(json, wrong.text);
	if (text[0] == '\0' || !record_json_request_read(text, request_id))
		return ctl_refuse(json, "a request id is req_ and 32 hex digits in lower case");
	store_show(store, request_id, PAGE_RECORDS, show_answered, wait_for_store(0));
	return true;
}

static const char *const by_names[] = {[STORE_BY_KEY] = "key", [STORE_BY_MODEL] = "model", [STORE_BY_DAY] = "day"};

static bool read_by(const char *text, enum store_by *by)
{
	for (size_t i = 0; i <= STORE_BY_LAST; i++)
		if (strcmp(text, by_names[i]) == 0) {
			*by = (enum store_by)i;
			return true;
		}
	return false;
}

/* The day a time stands in; beyond what can be printed there are no records. */
static uint64_t day_of(json_int_t ms)
{
	const uint64_t end = RECORD_TIME_MAX / RECORD_DAY_MS + 1;
	uint64_t day = (uint64_t)ms / RECORD_DAY_MS;
	return day < end ? day : end;
}

static bool usage(struct store *store, json_t *arguments, struct wire_out *json)
{
	json_error_t wrong;
	json_int_t since = 0, until = INT64_MAX, skip = 0;
	const char *text = "key";
	enum store_by by;
	if (json_unpack_ex(arguments, &wrong, JSON_STRICT, "{s?I, s?I, s?s, s?I}", "since", &since, "until", &until, "by",
	                   &text, "skip", &skip) < 0)
		return ctl_refuse(json, wrong.text);
	if (since < 0 || until < 0 || skip < 0)
		return ctl_refuse(json, "since, until or skip is out of range");
	if (!read_by(text, &by))
		return ctl_refuse(json, "by must be key, model or day");
	struct store_period period = {
		.since = day_of(since), .until = day_of(until), .skip = (uint64_t)skip, .limit = PAGE_USAGE};
	store_usage(store, by, &period, usage_answered, wait_for_store(0));
	return true;
}

static const struct verb {
	const char *name;
	bool (*ask)(struct store *store, json_t *arguments, struct wire_out *json);
} verbs[] = {{"audit.tail", tail}, {"audit.show", show}, {"audit.usage", usage}};

bool history_call(struct store *store, const struct ctl_call *call, struct wire_out *json)
{
	char error[JSON_ERROR_TEXT_LENGTH];
	const struct verb *verb = verbs, *end = verbs + sizeof(verbs) / sizeof(*verbs);
	while (verb < end && strcmp(verb->name, call->verb) != 0)
		verb++;
	if (verb == end)
		return ctl_refuse(json, "the verbs here are audit.tail, audit.show and audit.usage");
	json_t *arguments = ctl_arguments(call->json.data, call->json.length, error, sizeof(error));
	if (!arguments)
		return ctl_refuse(json, error);
	bool done = verb->ask(store, arguments, json);
	json_decref(arguments);
	return done;
}
