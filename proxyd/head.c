#include "head.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STATUS_AT = 9 }; /* in "HTTP/1.1 200 OK" */

void head_start(struct head *head)
{
	head->complete = head->encoded = head->chunked = head->length_known = false;
	head->status = 0;
	head->length = 0;
	head->content_type[0] = head->retry[0] = '\0';
}

static void read_status(struct head *head, const char *line, size_t length)
{
	head_start(head);
	for (size_t i = STATUS_AT; i < length && i < STATUS_AT + 3 && line[i] >= '0' && line[i] <= '9'; i++)
		head->status = head->status * 10 + (line[i] - '0');
}

static void read_length(struct head *head, const char *value)
{
	char *end;
	errno = 0;
	unsigned long long length = strtoull(value, &end, 10);
	head->length_known = errno == 0 && end != value && *end == '\0' && *value >= '0' && *value <= '9';
	head->length = head->length_known ? length : 0;
}

static void read_header(struct head *head, const char *name, const char *value)
{
	static const char *const passed[] = {"retry-after", "retry-after-ms", "x-should-retry"};
	size_t used = strlen(head->retry);

	if (strcasecmp(name, "content-type") == 0 && strlen(value) <= CONTENT_TYPE_MAX)
		snprintf(head->content_type, sizeof(head->content_type), "%s", value);
	else if (strcasecmp(name, "content-length") == 0)
		read_length(head, value);
	else if (strcasecmp(name, "transfer-encoding") == 0)
		head->chunked = true;
	else if (strcasecmp(name, "content-encoding") == 0)
		head->encoded = strcasecmp(value, "identity") != 0;
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		if (strcasecmp(name, passed[i]) == 0 && used + strlen(name) + strlen(value) + 4 <= HEAD_RETRY_MAX)
			snprintf(head->retry + used, sizeof(head->retry) - used, "%s: %s\r\n", passed[i], value);
}

static bool is_printable(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] < ' ' || bytes[i] > '~')
			return false;
	return true;
}

/* Splits "Name:  value" in a copy; odd lines are none of ours. */
static void split_header(struct head *head, const char *line, size_t length)
{
	char text[CONTENT_TYPE_MAX + 64];
	if (length >= sizeof(text) || !is_printable(line, length))
		return;
	memcpy(text, line, length);
	text[length] = '\0';
	char *value = strchr(text, ':');
	if (!value)
		return;
	*value++ = '\0';
	value += strspn(value, " ");
	read_header(head, text, value);
}

void head_line(struct head *head, const char *line, size_t length)
{
	if (head->complete)
		return;
	while (length > 0 && strchr("\r\n \t", line[length - 1]))
		length--;
	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0)
		read_status(head, line, length);
	else if (length > 0)
		split_header(head, line, length);
	else
		head->complete = head->status >= 200;
	if (head->chunked)
		head->length_known = false;
}

bool head_is(const struct head *head, const char *content_type)
{
	size_t length = strcspn(head->content_type, "; ");
	return length == strlen(content_type) && strncasecmp(head->content_type, content_type, length) == 0;
}
