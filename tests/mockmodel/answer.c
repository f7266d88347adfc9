#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "gzip.h"

enum {
	HINTS = 10000,
	LONG_HEADER = 100 * 1000,
	HUGE_SIZE = 1024 * 1024,
	PADDING = 16 * HUGE_SIZE,
	DEFAULT_AFTER = 2,
	DEFAULT_DIMENSIONS = 16
};

/* What follows an answer that is over, as if it were another. */
#define TRAILING "garbage\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"

void answer_prepare(struct exchange *x)
{
	x->behaviour = (struct behaviour){
		.chunks = x->options->chunks,
		.rate = x->options->rate,
		.after = DEFAULT_AFTER,
		.dimensions = DEFAULT_DIMENSIONS,
	};
	x->model[0] = '\0';
	if (x->body.length > 0)
		x->json = json_loadb(x->body.data, x->body.length, JSON_ALLOW_NUL, NULL);
	char *part = answer_part(x, "model");
	const char *model = part ? part : json_string_value(json_object_get(x->json, "model"));
	if (!model)
		model = json_string_value(json_object_get(x->json, "name"));
	if (model)
		snprintf(x->model, sizeof(x->model), "%s", model);
	free(part);
	x->misspelt = !behaviour_read(&x->behaviour, x->model);
	x->misspelt |= !behaviour_read(&x->behaviour, x->request.behaviour);
	if (strncmp(x->request.path, "/mock/", 6) != 0)
		x->misspelt |= !behaviour_read(&x->behaviour, x->options->always);
}

char *answer_part(const struct exchange *x, const char *name)
{
	char wanted[64];
	int length = snprintf(wanted, sizeof(wanted), "; name=\"%s\"\r\n", name);
	if (strncmp(x->request.content_type, "multipart/form-data", 19) != 0 || x->body.length == 0)
		return NULL;
	const char *limit = x->body.data + x->body.length;
	const char *at = memmem(x->body.data, x->body.length, wanted, (size_t)length);
	const char *start = at ? memmem(at, (size_t)(limit - at), "\r\n\r\n", 4) : NULL;
	const char *end = start ? memmem(start + 4, (size_t)(limit - start - 4), "\r\n--", 4) : NULL;
	return end ? strndup(start + 4, (size_t)(end - start - 4)) : NULL;
}

void answer_reset(struct exchange *x)
{
	json_decref(x->json);
	x->json = NULL;
	bytes_clear(&x->body);
	bytes_clear(&x->text);
	x->streaming = false;
	x->spoken = 0;
	x->said = 0;
	x->events = 0;
}

void answer_free(struct exchange *x)
{
	json_decref(x->json);
	bytes_free(&x->body);
	bytes_free(&x->text);
	bytes_free(&x->out);
}

static const char *reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 302:
		return "Found";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 404:
		return "Not Found";
	case 429:
		return "Too Many Requests";
	case 500:
		return "Internal Server Error";
	case 502:
		return "Bad Gateway";
	case 503:
		return "Service Unavailable";
	default:
		return "Unknown";
	}
}

static void put_many(struct bytes *out, char byte, size_t count)
{
	memset(bytes_room(out, count), byte, count);
	out->length += count;
}

static void put_hints(struct exchange *x)
{
	unsigned count = behaviour_has(&x->behaviour, FAULT(EARLY_HINTS));
	if (behaviour_has(&x->behaviour, FAULT(MANY_HINTS)))
		count = HINTS;
	while (count-- > 0)
		bytes_text(&x->out, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
}

static void put_odd_headers(struct exchange *x)
{
	const struct behaviour *b = &x->behaviour;
	if (behaviour_has(b, FAULT(NUL_HEAD)))
		bytes_put(&x->out, "X-Nul: a\0b\r\n", strlen("X-Nul: a_b\r\n"));
	if (behaviour_has(b, FAULT(NEGATIVE_LENGTH)))
		bytes_text(&x->out, "Content-Length: -5\r\n");
	if (behaviour_has(b, FAULT(LONG_HEAD) | FAULT(HUGE_HEAD))) {
		bytes_text(&x->out, "X-Padding: ");
		put_many(&x->out, 'p', behaviour_has(b, FAULT(HUGE_HEAD)) ? HUGE_SIZE : LONG_HEADER);
		bytes_text(&x->out, "\r\n");
	}
}

static void put_head(struct exchange *x, int status, const char *type, const char *extra)
{
	const struct behaviour *b = &x->behaviour;
	if (b->status > 0)
		status = (int)b->status;
	if (behaviour_has(b, FAULT(WRONG_TYPE)))
		type = "image/png";
	put_hints(x);
	bytes_format(&x->out, "HTTP/1.1 %d %s\r\n%s", status, reason(status), extra);
	if (*type)
		bytes_format(&x->out, "Content-Type: %s\r\n", type);
	if (behaviour_has(b, FAULT(GZIP)))
		bytes_text(&x->out, "Content-Encoding: gzip\r\n");
	if (!x->request.keep_alive || behaviour_has(b, FAULT(NO_LENGTH)))
		bytes_text(&x->out, "Connection: close\r\n");
	put_odd_headers(x);
}

static enum next whole_end(const struct exchange *x)
{
	if (behaviour_has(&x->behaviour, FAULT(STALL_MID)))
		return NEXT_HANG;
	if (behaviour_has(&x->behaviour, FAULT(CUT) | FAULT(NO_LENGTH)))
		return NEXT_CLOSE;
	return behaviour_has(&x->behaviour, FAULT(RST)) ? NEXT_RESET : NEXT_DONE;
}

enum next answer_whole(struct exchange *x, int status, const char *type, const char *extra, const struct bytes *body)
{
	struct bytes zipped = {0};
	if (behaviour_has(&x->behaviour, FAULT(GZIP))) {
		gzip_member(&zipped, body->data, body->length);
		body = &zipped;
	}
	size_t padding = behaviour_has(&x->behaviour, FAULT(PADDING)) ? PADDING : 0;
	size_t sent = body->length, told = body->length + padding;
	if (behaviour_has(&x->behaviour, FAULT(STALL_MID) | FAULT(CUT) | FAULT(RST) | FAULT(TRUNCATE)))
		sent /= 2;
	if (behaviour_has(&x->behaviour, FAULT(TRUNCATE)))
		told = sent;
	if (behaviour_has(&x->behaviour, FAULT(SHORT_LENGTH)))
		told /= 2;
	put_head(x, status, type, extra);
	if (!behaviour_has(&x->behaviour, FAULT(NO_LENGTH) | FAULT(NEGATIVE_LENGTH)))
		bytes_format(&x->out, "Content-Length: %zu\r\n", told);
	bytes_text(&x->out, "\r\n");
	put_many(&x->out, ' ', padding);
	if (strcmp(x->request.method, "HEAD") != 0)
		bytes_put(&x->out, sent > 0 ? body->data : "", sent);
	if (behaviour_has(&x->behaviour, FAULT(TRAILING)))
		bytes_text(&x->out, TRAILING);
	bytes_free(&zipped);
	return whole_end(x);
}

enum next answer_error(struct exchange *x, enum shape_error error)
{
	static const char *const bodies[] = {
		[AS_OPENAI] = NULL,
		[AS_ANTHROPIC] = "{'type':'error','error':{'type':'$kind','message':'$text'},'request_id':'req_mock'}",
		[AS_OLLAMA] = "{'error':'$text'}",
	};
	struct bytes body = {0};
	shape_fill_error(x->shape, error, x->model, bodies[x->dialect], &body);
	enum next next = answer_whole(x, x->shape->errors[error].status, "application/json",
	                              error == SHAPE_RATE ? "Retry-After: 7\r\n" : "", &body);
	bytes_free(&body);
	return next;
}

enum next answer_template(struct exchange *x, const char *template, const struct shape_values *values)
{
	struct bytes body = {0};
	shape_fill(x->shape, template, values, &body);
	enum next next = answer_whole(x, 200, "application/json", "", &body);
	bytes_free(&body);
	return next;
}

void answer_stream_head(struct exchange *x, const char *type)
{
	put_head(x, 200, type, "Cache-Control: no-cache\r\n");
	if (!behaviour_has(&x->behaviour, FAULT(NO_LENGTH)))
		bytes_text(&x->out, "Transfer-Encoding: chunked\r\n");
	bytes_text(&x->out, "\r\n");
	x->streaming = true;
}

static void put_chunk(struct exchange *x, const char *data, size_t length)
{
	if (behaviour_has(&x->behaviour, FAULT(NO_LENGTH))) {
		bytes_put(&x->out, data, length);
		return;
	}
	bytes_format(&x->out, "%zx\r\n", length);
	bytes_put(&x->out, data, length);
	bytes_text(&x->out, "\r\n");
}

/* One chunk ends before each byte that continues a character. */
static void put_split(struct exchange *x, const char *data, size_t length)
{
	size_t start = 0;
	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)data[i] & 0xc0) != 0x80)
			continue;
		put_chunk(x, data + start, i - start);
		start = i;
	}
	put_chunk(x, data + start, length - start);
}

void answer_piece(struct exchange *x, const struct bytes *piece)
{
	struct bytes zipped = {0};
	if (behaviour_has(&x->behaviour, FAULT(GZIP))) {
		gzip_member(&zipped, piece->data, piece->length);
		put_chunk(x, zipped.data, zipped.length);
	} else if (behaviour_has(&x->behaviour, FAULT(SPLIT_UTF8))) {
		put_split(x, piece->data, piece->length);
	} else {
		put_chunk(x, piece->data, piece->length);
	}
	bytes_free(&zipped);
}

enum next answer_stream_end(struct exchange *x)
{
	if (behaviour_has(&x->behaviour, FAULT(NO_LENGTH)))
		return NEXT_CLOSE;
	bytes_text(&x->out, "0\r\n\r\n");
	if (behaviour_has(&x->behaviour, FAULT(TRAILING)))
		bytes_text(&x->out, TRAILING);
	return NEXT_DONE;
}
