#include "http_properties.h"

#include <stdlib.h>
#include <string.h>

static size_t min_size(size_t one, size_t other)
{
	return one < other ? one : other;
}

void http_feed_head(struct fed_head *fed, const char *bytes, size_t length, struct arrival arrival)
{
	size_t end = min_size(arrival.first, length);
	http_parse_start(&fed->head, fed->headers, FEED_HEADERS, FEED_HEAD_MAX);
	for (;;) {
		char *copy = malloc(end > 0 ? end : 1);
		memcpy(copy, bytes, end);
		fed->result = http_parse(&fed->head, copy, end);
		free(copy);
		if (fed->result != HTTP_MORE || end == length)
			return;
		end += min_size(arrival.step, length - end);
	}
}

static void take_bytes(struct fed_body *fed, struct http_body *body, const char *bytes, size_t length)
{
	char *copy = malloc(length > 0 ? length : 1);
	size_t used = 0;
	memcpy(copy, bytes, length);
	do {
		struct http_piece piece;
		fed->result = http_body_next(body, copy + used, length - used, &piece);
		memcpy(fed->payload + fed->length, copy + used + piece.start, piece.length);
		fed->length += piece.length;
		used += piece.used;
	} while (fed->result == HTTP_BODY_DATA);
	fed->used += used;
	free(copy);
}

void http_feed_body(struct fed_body *fed, const struct http_head *head, uint64_t limit, const char *bytes,
                    size_t length, struct arrival arrival)
{
	struct http_body body;
	size_t begin = 0, end = min_size(arrival.first, length);
	*fed = (struct fed_body){.result = http_body_start(&body, head, limit)};
	while (fed->result == HTTP_BODY_MORE) {
		take_bytes(fed, &body, bytes + begin, end - begin);
		if (end == length)
			break;
		begin = end;
		end += min_size(arrival.step, length - end);
	}
	fed->status = body.refusal.status;
}

static bool same_span(struct http_span one, struct http_span other)
{
	return one.start == other.start && one.length == other.length;
}

static bool same_head(const struct http_head *one, const struct http_head *other)
{
	return one->method == other->method && same_span(one->method_text, other->method_text) &&
	       same_span(one->target, other->target) && one->length == other->length &&
	       one->content_length == other->content_length && one->has_content_length == other->has_content_length &&
	       one->chunked == other->chunked && one->expect_continue == other->expect_continue &&
	       one->keep_alive == other->keep_alive && one->header_count == other->header_count &&
	       memcmp(one->headers, other->headers, one->header_count * sizeof(*one->headers)) == 0;
}

static bool span_is_inside(struct http_span span, uint32_t length)
{
	return (uint32_t)span.start + span.length <= length;
}

/* Line ends are CRLF and nothing else is a control character but the tab. */
static bool is_clean(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		bool line_end = i + 1 < length && bytes[i] == '\r' && bytes[i + 1] == '\n';
		if (!line_end && bytes[i] != '\t' && ((unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f))
			return false;
		i += line_end;
	}
	return true;
}

static const char *head_unsound(const struct http_head *head, const char *bytes, size_t length)
{
	if (head->length > length || head->length < 4 || memcmp(bytes + head->length - 4, "\r\n\r\n", 4) != 0)
		return "the head does not end where it says";
	if (!is_clean(bytes, head->length))
		return "there is a control character in the head";
	if (!span_is_inside(head->target, head->length) || bytes[head->target.start] != '/')
		return "the target is no path";
	if (head->chunked && head->has_content_length)
		return "the body has two lengths";
	const struct http_header *host = http_header_find(head, bytes, "host", NULL);
	if (!host || http_header_find(head, bytes, "host", host))
		return "there is not one Host";
	for (size_t i = 0; i < head->header_count; i++) {
		if (head->headers[i].name.length == 0 || !span_is_inside(head->headers[i].name, head->length) ||
		    !span_is_inside(head->headers[i].value, head->length))
			return "a header is not where it says";
	}
	return NULL;
}

const char *http_head_broken(const char *bytes, size_t length, struct arrival arrival)
{
	struct fed_head whole, fed;
	http_feed_head(&whole, bytes, length, (struct arrival){.first = length, .step = 1});
	http_feed_head(&fed, bytes, length, arrival);
	if (fed.result != whole.result)
		return "the verdict depends on how the head arrives";
	if (fed.result == HTTP_REFUSED && fed.head.refusal.reason != whole.head.refusal.reason)
		return "the reason depends on how the head arrives";
	if (fed.result != HTTP_DONE)
		return NULL;
	if (!same_head(&fed.head, &whole.head))
		return "what is found depends on how the head arrives";
	return head_unsound(&whole.head, bytes, length);
}

const char *http_body_broken(const struct http_head *head, uint64_t limit, const char *bytes, size_t length,
                             struct arrival arrival)
{
	static struct fed_body whole, fed;
	http_feed_body(&whole, head, limit, bytes, length, (struct arrival){.first = length, .step = 1});
	http_feed_body(&fed, head, limit, bytes, length, arrival);
	if (fed.result != whole.result || fed.status != whole.status)
		return "the verdict depends on how the body arrives";
	if (whole.length > limit || whole.used > length)
		return "more was taken than there is, or may be";
	if (fed.result == HTTP_BODY_REFUSED)
		return fed.status >= 400 ? NULL : "a refusal has no status";
	if (fed.used != whole.used || fed.length != whole.length || memcmp(fed.payload, whole.payload, fed.length) != 0)
		return "the payload depends on how the body arrives";
	return NULL;
}

static const char *arrival_broken(const struct http_head *head, const char *bytes, size_t length,
                                  struct arrival arrival)
{
	if (head)
		return http_body_broken(head, FEED_BODY_LIMIT, bytes, length, arrival);
	return http_head_broken(bytes, length, arrival);
}

const char *http_splits_broken(const struct http_head *head, const char *bytes, size_t length)
{
	const char *broken = arrival_broken(head, bytes, length, (struct arrival){.first = 0, .step = 1});
	for (size_t first = 0; !broken && first <= length; first++)
		broken = arrival_broken(head, bytes, length, (struct arrival){.first = first, .step = length + 1});
	return broken;
}
