#include "events.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"

enum { KEPT_EVENTS = 4096, KEPT_REQUESTS = 64, KEPT_BODY = 1024 * 1024 };

static FILE *file;
static json_t *events, *requests; /* NULL: not kept */
static json_int_t last_number;

static double milliseconds(void)
{
	return (double)loop_micros() / 1000.0;
}

void events_open(const struct options *options)
{
	if (strcmp(options->events, "-") == 0)
		file = stdout;
	else if (*options->events && !(file = fopen(options->events, "we")))
		fatal("cannot write %s", options->events);
	if (!options->record)
		return;
	events = json_array();
	requests = json_array();
}

static bool wanted(void)
{
	return file || events;
}

static void keep(json_t *list, json_t *object, size_t most)
{
	if (json_array_size(list) >= most)
		json_array_remove(list, 0);
	json_array_append(list, object);
}

static void publish(json_t *event)
{
	json_object_set_new(event, "number", json_integer(++last_number));
	if (events)
		keep(events, event, KEPT_EVENTS);
	if (file) {
		json_dumpf(event, file, JSON_COMPACT);
		fputc('\n', file);
		fflush(file);
	}
	json_decref(event);
}

void events_note(const char *event, uint64_t connection, uint64_t request, const char *phase)
{
	if (wanted())
		publish(json_pack("{s:s, s:f, s:I, s:I, s:s}", "event", event, "at", milliseconds(), "connection",
		                  (json_int_t)connection, "request", (json_int_t)request, "phase", phase));
}

static json_t *base64(const char *data, size_t length)
{
	size_t size = sodium_base64_ENCODED_LEN(length, sodium_base64_VARIANT_ORIGINAL);
	struct bytes text = {0};
	sodium_bin2base64(bytes_room(&text, size), size, (const unsigned char *)data, length,
	                  sodium_base64_VARIANT_ORIGINAL);
	json_t *string = json_string(text.data);
	bytes_free(&text);
	return string;
}

static json_t *sha256(const struct bytes *body)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char text[2 * sizeof(hash) + 1];
	crypto_hash_sha256(hash, (const unsigned char *)body->data, body->length);
	return json_string(sodium_bin2hex(text, sizeof(text), hash, sizeof(hash)));
}

void events_note_request(const struct exchange *x, uint64_t connection, uint64_t request, const struct bytes *head)
{
	if (!wanted())
		return;
	json_t *facts = json_pack("{s:s, s:f, s:I, s:I, s:s, s:s, s:s, s:I, s:o}", "event", "request", "at", milliseconds(),
	                          "connection", (json_int_t)connection, "request", (json_int_t)request, "method",
	                          x->request.method, "path", x->request.path, "model", x->model, "length",
	                          (json_int_t)x->body.length, "sha256", sha256(&x->body));
	if (requests) {
		json_t *whole = json_copy(facts);
		size_t length = x->body.length < KEPT_BODY ? x->body.length : KEPT_BODY;
		json_object_set_new(whole, "head", base64(head->data, head->length));
		json_object_set_new(whole, "body", base64(x->body.data, length));
		keep(requests, whole, KEPT_REQUESTS);
		json_decref(whole);
	}
	publish(facts);
}

static enum next answer_list(struct exchange *x, const char *name, json_t *list)
{
	json_t *object = json_pack("{s:O*, s:I}", name, list, "last", last_number);
	struct bytes body = {0};
	char *text = json_dumps(object, JSON_COMPACT);
	bytes_text(&body, text ? text : "{}");
	enum next next = answer_whole(x, 200, "application/json", "", &body);
	bytes_free(&body);
	free(text);
	json_decref(object);
	return next;
}

enum next events_answer(struct exchange *x)
{
	json_int_t after = 0;
	if (strncmp(x->request.query, "after=", 6) == 0)
		after = strtoll(x->request.query + 6, NULL, 10);
	json_t *later = json_array(), *event;
	size_t i;
	json_array_foreach(events, i, event)
	{
		if (json_integer_value(json_object_get(event, "number")) > after)
			json_array_append(later, event);
	}
	enum next next = answer_list(x, "events", later);
	json_decref(later);
	return next;
}

enum next events_answer_requests(struct exchange *x)
{
	return answer_list(x, "requests", requests);
}
