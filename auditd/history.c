#include "history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../proto/daemon/ctl.h"

enum {
	TAIL_DEFAULT = 20,
	TAIL_MAX = 100000,
	PAGE_END = 64 /* bytes kept free for what follows the rows */
};

/* Rows written one after the other, as many as fit. */
struct page {
	struct wire_out *json;
	const char *separator; /* before the next row */
	bool cut;              /* a row did not fit */
};

static void put(struct wire_out *out, const char *text)
{
	wire_put_fixed(out, text, strlen(text));
}

static struct page page_begin(struct wire_out *json, const char *name)
{
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

static bool page_end(struct page *page, const char *rest)
{
	page->json->size += PAGE_END;
	put(page->json, rest);
	put(page->json, "}");
	return true;
}

static bool put_record(void *arg, uint64_t seq, const struct audit_record *record)
{
	struct page *page = arg;
	size_t length = page->json->length;
	put(page->json, page->separator);
	record_json_write(page->json, record, seq, NULL);
	return page_row(page, length);
}

static bool put_usage(void *arg, const struct store_usage *usage)
{
	struct page *page = arg;
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

/* A store that failed half way leaves half a page: the refusal takes its place. */
static bool refuse(struct wire_out *json, size_t size, const char *error)
{
	wire_out_init(json, json->data, size);
	return ctl_refuse(json, error);
}

static bool tail(const struct history *history, json_t *arguments, struct wire_out *json)
{
	char error[STORE_ERROR_SIZE], rest[PAGE_END];
	json_error_t wrong;
	json_int_t after = -1, limit = TAIL_DEFAULT;
	size_t size = json->size;
	if (json_unpack_ex(arguments, &wrong, JSON_STRICT, "{s?I, s?I}", "after", &after, "limit", &limit) < 0)
		return ctl_refuse(json, wrong.text);
	if (limit < 0 || limit > TAIL_MAX || after < -1)
		return ctl_refuse(json, "after or limit is out of range");
	uint64_t from = (uint64_t)after;
	if (after < 0)
		from = history->last > (uint64_t)limit ? history->last - (uint64_t)limit : 0;
	struct page page = page_begin(json, "records");
	if (store_tail(history->store, from, (uint64_t)limit, put_record, &page, error) < 0)
		return refuse(json, size, error);
	snprintf(rest, sizeof(rest), "],\"last\":%" PRIu64, history->last);
	return page_end(&page, rest);
}

static bool show(const struct history *history, json_t *arguments, struct wire_out *json)
{
	char error[STORE_ERROR_SIZE];
	uint8_t request_id[REQUEST_ID_SIZE];
	json_error_t wrong;
	const char *text;
	size_t size = json->size;
	if (json_unpack_ex(arguments, &wrong, JSON_STRICT, "{s:s}", "request_id", &text) < 0)
		return ctl_refuse(json, wrong.text);
	if (text[0] == '\0' || !record_json_request_read(text, request_id))
		return ctl_refuse(json, "a request id is req_ and 32 hex digits in lower case");
	struct page page = page_begin(json, "records");
	if (store_show(history->store, request_id, put_record, &page, error) < 0)
		return refuse(json, size, error);
	return page_end(&page, "]");
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

static bool usage(const struct history *history, json_t *arguments, struct wire_out *json)
{
	char error[STORE_ERROR_SIZE];
	json_error_t wrong;
	json_int_t since = 0, until = (json_int_t)RECORD_TIME_MAX, skip = 0;
	const char *text = "key";
	enum store_by by;
	size_t size = json->size;
	if (json_unpack_ex(arguments, &wrong, JSON_STRICT, "{s?I, s?I, s?s, s?I}", "since", &since, "until", &until, "by",
	                   &text, "skip", &skip) < 0)
		return ctl_refuse(json, wrong.text);
	if (since < 0 || until < 0 || skip < 0)
		return ctl_refuse(json, "since, until or skip is out of range");
	if (!read_by(text, &by))
		return ctl_refuse(json, "by must be key, model or day");
	struct store_period period = {(uint64_t)since / RECORD_DAY_MS, (uint64_t)until / RECORD_DAY_MS, (uint64_t)skip};
	struct page page = page_begin(json, "usage");
	if (store_usage(history->store, by, &period, put_usage, &page, error) < 0)
		return refuse(json, size, error);
	return page_end(&page, page.cut ? "],\"more\":true" : "],\"more\":false");
}

static const struct verb {
	const char *name;
	bool (*answer)(const struct history *history, json_t *arguments, struct wire_out *json);
} verbs[] = {{"audit.tail", tail}, {"audit.show", show}, {"audit.usage", usage}};

bool history_call(const struct history *history, const struct ctl_call *call, struct wire_out *json)
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
	bool done = verb->answer(history, arguments, json);
	json_decref(arguments);
	return done;
}
