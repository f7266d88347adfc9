#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void copy(char *to, size_t size, const char *from, size_t length)
{
	snprintf(to, size, "%.*s", (int)length, from);
}

static bool read_request_line(struct request *request, const char *line, size_t length)
{
	const char *space = memchr(line, ' ', length);
	if (!space)
		return false;
	const char *target = space + 1;
	const char *end = memchr(target, ' ', length - (size_t)(target - line));
	if (!end)
		return false;
	const char *query = memchr(target, '?', (size_t)(end - target));
	copy(request->method, sizeof(request->method), line, (size_t)(space - line));
	copy(request->path, sizeof(request->path), target, (size_t)((query ? query : end) - target));
	if (query)
		copy(request->query, sizeof(request->query), query + 1, (size_t)(end - query - 1));
	request->keep_alive = strncmp(end + 1, "HTTP/1.1", 8) == 0;
	return true;
}

static void read_header(struct request *request, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	if (!colon)
		return;
	char name[64], value[1024];
	const char *start = colon + 1;
	start += strspn(start, " \t");
	copy(name, sizeof(name), line, (size_t)(colon - line));
	copy(value, sizeof(value), start, length - (size_t)(start - line));
	if (strcasecmp(name, "Content-Length") == 0)
		request->length = strtoull(value, NULL, 10);
	else if (strcasecmp(name, "Transfer-Encoding") == 0)
		request->chunked = strcasestr(value, "chunked") != NULL;
	else if (strcasecmp(name, "Connection") == 0)
		request->keep_alive = strcasestr(value, "close") == NULL;
	else if (strcasecmp(name, "Expect") == 0)
		request->expects_continue = strcasestr(value, "100-continue") != NULL;
	else if (strcasecmp(name, "Authorization") == 0)
		copy(request->authorization, sizeof(request->authorization), value, strlen(value));
	else if (strcasecmp(name, "Content-Type") == 0)
		copy(request->content_type, sizeof(request->content_type), value, strlen(value));
	else if (strcasecmp(name, "X-Mock-Fault") == 0)
		copy(request->behaviour, sizeof(request->behaviour), value, strlen(value));
}

long request_read(struct request *request, const char *data, size_t length)
{
	const char *end = memmem(data, length, "\r\n\r\n", 4);
	if (!end)
		return 0;
	memset(request, 0, sizeof(*request));
	const char *line = data, *stop = strstr(line, "\r\n");
	if (!read_request_line(request, line, (size_t)(stop - line)))
		return -1;
	while (stop < end) {
		line = stop + 2;
		stop = strstr(line, "\r\n");
		read_header(request, line, (size_t)(stop - line));
	}
	return end + 4 - data;
}

/* One whole chunk at data: 1 when taken, 2 when it was the last one, 0 and -1 as for the body. */
static int take_chunk(const struct bytes *in, size_t *used, struct bytes *body)
{
	const char *line = in->data + *used, *stop = strstr(line, "\r\n");
	if (!stop)
		return 0;
	char *digits_end;
	size_t size = strtoul(line, &digits_end, 16);
	if (digits_end == line)
		return -1;
	size_t whole = (size_t)(stop + 2 - line) + size + 2;
	if (in->length - *used < whole)
		return 0;
	bytes_put(body, stop + 2, size);
	*used += whole;
	return size == 0 ? 2 : 1;
}

static int take_chunks(struct bytes *in, struct bytes *body)
{
	size_t used = 0;
	int result = 1;
	while (result == 1)
		result = in->length > used ? take_chunk(in, &used, body) : 0;
	bytes_drop(in, used);
	return result == 2 ? 1 : result;
}

int request_take_body(const struct request *request, struct bytes *in, struct bytes *body)
{
	if (request->chunked)
		return take_chunks(in, body);
	size_t wanted = request->length - body->length;
	size_t take = in->length < wanted ? in->length : wanted;
	if (take > 0) {
		bytes_put(body, in->data, take);
		bytes_drop(in, take);
	}
	return take == wanted;
}
