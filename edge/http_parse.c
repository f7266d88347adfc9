#include "http_parse.h"

#include <string.h>
#include <strings.h>

static enum http_result refuse(struct http_head *head, uint16_t status, const char *reason)
{
	head->refusal = (struct http_refusal){.status = status, .reason = reason};
	return HTTP_REFUSED;
}

static bool is_digit(unsigned char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_alphanumeric(unsigned char byte)
{
	return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_one_of(unsigned char byte, const char *set)
{
	return byte != '\0' && strchr(set, byte) != NULL;
}

bool http_is_token_byte(unsigned char byte)
{
	return is_alphanumeric(byte) || byte == '-' || is_one_of(byte, "!#$%&'*+.^_`|~");
}

static bool is_host_byte(unsigned char byte)
{
	return is_alphanumeric(byte) || is_one_of(byte, ".:-[]_~%!$&'()*+,;=");
}

static bool is_target_byte(unsigned char byte)
{
	return byte > ' ' && byte < 0x7f && byte != '#';
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

static bool span_is_all(struct http_span span, const char *bytes, bool (*is_allowed)(unsigned char byte))
{
	for (size_t i = 0; i < span.length; i++) {
		if (!is_allowed((unsigned char)bytes[span.start + i]))
			return false;
	}
	return span.length > 0;
}

static struct http_span span_trim(struct http_span span, const char *bytes)
{
	while (span.length > 0 && is_space(bytes[span.start])) {
		span.start++;
		span.length--;
	}
	while (span.length > 0 && is_space(bytes[span.start + span.length - 1]))
		span.length--;
	return span;
}

/* Moves what stands before the first `mark` from *rest to *front and drops the mark; false when there is none. */
static bool span_cut(struct http_span *rest, const char *bytes, char mark, struct http_span *front)
{
	const char *found = memchr(bytes + rest->start, mark, rest->length);
	if (!found)
		return false;
	uint16_t length = (uint16_t)(found - bytes - rest->start);
	*front = (struct http_span){.start = rest->start, .length = length};
	rest->start = (uint16_t)(rest->start + length + 1);
	rest->length = (uint16_t)(rest->length - length - 1);
	return true;
}

bool http_span_is(struct http_span span, const char *bytes, const char *text)
{
	return strlen(text) == span.length && strncasecmp(bytes + span.start, text, span.length) == 0;
}

const struct http_header *http_header_find(const struct http_head *head, const char *bytes, const char *name,
                                           const struct http_header *after)
{
	const struct http_header *end = head->headers + head->header_count;
	for (const struct http_header *header = after ? after + 1 : head->headers; header < end; header++) {
		if (http_span_is(header->name, bytes, name))
			return header;
	}
	return NULL;
}

static enum http_method method_of(struct http_span text, const char *bytes)
{
	static const char *const names[] = {
		[HTTP_GET] = "GET",     [HTTP_HEAD] = "HEAD",     [HTTP_POST] = "POST",       [HTTP_PUT] = "PUT",
		[HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_OPTIONS] = "OPTIONS",
	};
	for (unsigned method = 0; method < HTTP_OTHER; method++) {
		if (strlen(names[method]) == text.length && memcmp(bytes + text.start, names[method], text.length) == 0)
			return (enum http_method)method;
	}
	return HTTP_OTHER;
}

static enum http_result check_version(struct http_head *head, const char *bytes, struct http_span version)
{
	const char *text = bytes + version.start;
	if (version.length != strlen("HTTP/1.1") || memcmp(text, "HTTP/", 5) != 0 || !is_digit((unsigned char)text[5]) ||
	    text[6] != '.' || !is_digit((unsigned char)text[7]))
		return refuse(head, 400, "the request line does not end in an HTTP version");
	if (memcmp(text, "HTTP/1.1", version.length) != 0)
		return refuse(head, 505, "only HTTP/1.1 is spoken here");
	return HTTP_MORE;
}

static enum http_result take_request_line(struct http_head *head, const char *bytes, struct http_span line)
{
	struct http_span rest = line;
	if (!span_cut(&rest, bytes, ' ', &head->method_text) || !span_cut(&rest, bytes, ' ', &head->target))
		return refuse(head, 400, "the request line is not a method, a target and a version");
	if (!span_is_all(head->method_text, bytes, http_is_token_byte))
		return refuse(head, 400, "the method is not a token");
	if (check_version(head, bytes, rest) == HTTP_REFUSED)
		return HTTP_REFUSED;
	if (head->target.length == 0 || bytes[head->target.start] != '/')
		return refuse(head, 400, "the target is not a path");
	if (!span_is_all(head->target, bytes, is_target_byte))
		return refuse(head, 400, "the target has a fragment or bytes that must be percent-encoded");
	head->method = method_of(head->method_text, bytes);
	head->expects_line = false;
	return HTTP_MORE;
}

static enum http_result take_host(struct http_head *head, const char *bytes, struct http_span value)
{
	if (head->has_host)
		return refuse(head, 400, "there is more than one Host header");
	if (!span_is_all(value, bytes, is_host_byte))
		return refuse(head, 400, "the Host header does not name a host");
	head->has_host = true;
	return HTTP_MORE;
}

static enum http_result take_content_length(struct http_head *head, const char *bytes, struct http_span value)
{
	if (head->has_content_length)
		return refuse(head, 400, "there is more than one Content-Length header");
	if (!span_is_all(value, bytes, is_digit))
		return refuse(head, 400, "Content-Length is not a number");
	for (size_t i = 0; i < value.length; i++) {
		if (__builtin_mul_overflow(head->content_length, 10u, &head->content_length) ||
		    __builtin_add_overflow(head->content_length, (unsigned)(bytes[value.start + i] - '0'),
		                           &head->content_length))
			return refuse(head, 400, "Content-Length is too large a number");
	}
	head->has_content_length = true;
	return HTTP_MORE;
}

static enum http_result take_transfer_encoding(struct http_head *head, const char *bytes, struct http_span value)
{
	if (head->chunked)
		return refuse(head, 400, "there is more than one Transfer-Encoding header");
	if (!http_span_is(value, bytes, "chunked"))
		return refuse(head, 501, "the only Transfer-Encoding known here is chunked");
	head->chunked = true;
	return HTTP_MORE;
}

static enum http_result take_expect(struct http_head *head, const char *bytes, struct http_span value)
{
	if (!http_span_is(value, bytes, "100-continue"))
		return refuse(head, 417, "the only expectation met here is 100-continue");
	head->expect_continue = true;
	return HTTP_MORE;
}

static enum http_result take_connection(struct http_head *head, const char *bytes, struct http_span value)
{
	bool more = true;
	while (more) {
		struct http_span option;
		more = span_cut(&value, bytes, ',', &option);
		if (!more)
			option = value;
		option = span_trim(option, bytes);
		if (option.length > 0 && !span_is_all(option, bytes, http_is_token_byte))
			return refuse(head, 400, "the Connection header is not a list of tokens");
		if (http_span_is(option, bytes, "close"))
			head->keep_alive = false;
	}
	return HTTP_MORE;
}

/* The headers that decide where this request ends and what becomes of the connection. */
static const struct {
	const char *name;
	enum http_result (*take)(struct http_head *head, const char *bytes, struct http_span value);
} framing_headers[] = {
	{"host", take_host},     {"content-length", take_content_length}, {"transfer-encoding", take_transfer_encoding},
	{"expect", take_expect}, {"connection", take_connection},
};

static enum http_result take_header(struct http_head *head, const char *bytes, struct http_span line)
{
	struct http_header header = {.value = line};
	if (is_space(bytes[line.start]))
		return refuse(head, 400, "a header is folded");
	if (!span_cut(&header.value, bytes, ':', &header.name))
		return refuse(head, 400, "a header has no colon");
	if (!span_is_all(header.name, bytes, http_is_token_byte))
		return refuse(head, 400, "a header's name is not a token");
	if (head->header_count == head->header_max)
		return refuse(head, 431, "there are too many headers");
	header.value = span_trim(header.value, bytes);
	head->headers[head->header_count++] = header;
	for (size_t i = 0; i < sizeof(framing_headers) / sizeof(framing_headers[0]); i++) {
		if (http_span_is(header.name, bytes, framing_headers[i].name))
			return framing_headers[i].take(head, bytes, header.value);
	}
	return HTTP_MORE;
}

static enum http_result take_end(struct http_head *head)
{
	if (!head->has_host)
		return refuse(head, 400, "there is no Host header");
	if (head->chunked && head->has_content_length)
		return refuse(head, 400, "there is a Content-Length beside a Transfer-Encoding");
	if (!head->chunked && head->content_length == 0)
		head->expect_continue = false;
	head->length = head->position;
	return HTTP_DONE;
}

/* RFC 9112 section 2.2: one empty line before the request is an old client's habit. */
static enum http_result skip_blank(struct http_head *head)
{
	if (head->blank_skipped)
		return refuse(head, 400, "there are empty lines before the request");
	head->blank_skipped = true;
	return HTTP_MORE;
}

static enum http_result take_line(struct http_head *head, const char *bytes, struct http_span line)
{
	if (head->expects_line)
		return line.length == 0 ? skip_blank(head) : take_request_line(head, bytes, line);
	return line.length == 0 ? take_end(head) : take_header(head, bytes, line);
}

/* How far the head may reach as things stand. */
static size_t reach(const struct http_head *head)
{
	size_t line_end = head->line + HTTP_LINE_MAX + strlen("\r\n");
	return head->expects_line && line_end < head->head_max ? line_end : head->head_max;
}

static enum http_result refuse_length(struct http_head *head)
{
	if (head->expects_line)
		return refuse(head, 414, "the request line is too long");
	return refuse(head, 431, "the headers are too long");
}

/* Moves position to the CR that ends the line: HTTP_DONE.  HTTP_MORE: it has not come yet. */
static enum http_result find_line_end(struct http_head *head, const char *bytes, size_t length)
{
	for (; head->position < length; head->position++) {
		unsigned char byte = (unsigned char)bytes[head->position];
		if (byte == '\r' && head->position + 1 == length)
			return HTTP_MORE;
		if (byte == '\r' && bytes[head->position + 1] == '\n')
			return HTTP_DONE;
		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return refuse(head, 400, "there is a control character, or a line that does not end in CRLF");
	}
	return HTTP_MORE;
}

static enum http_result next_line(struct http_head *head, const char *bytes, size_t length)
{
	size_t end = reach(head);
	enum http_result found = find_line_end(head, bytes, length < end ? length : end);
	if (found == HTTP_MORE && length >= end)
		return refuse_length(head);
	return found;
}

void http_parse_start(struct http_head *head, struct http_header *headers, size_t header_max, size_t head_max)
{
	*head = (struct http_head){
		.headers = headers,
		.header_max = (uint16_t)(header_max < UINT16_MAX ? header_max : UINT16_MAX),
		.head_max = (uint32_t)(head_max < HTTP_HEAD_MAX ? head_max : HTTP_HEAD_MAX),
		.expects_line = true,
		.keep_alive = true,
	};
}

enum http_result http_parse(struct http_head *head, const char *bytes, size_t length)
{
	enum http_result result = HTTP_MORE;
	while (result == HTTP_MORE) {
		enum http_result found = next_line(head, bytes, length);
		if (found != HTTP_DONE)
			return found;
		struct http_span line = {.start = (uint16_t)head->line, .length = (uint16_t)(head->position - head->line)};
		head->position += 2;
		head->line = head->position;
		result = take_line(head, bytes, line);
	}
	return result;
}
