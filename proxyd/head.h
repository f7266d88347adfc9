/*
 * The head of a model server's answer, line by line as libcurl hands it over,
 * and the few things in it that matter.
 */
#ifndef PROXYD_HEAD_H
#define PROXYD_HEAD_H

#include "../proto/wire/msg_stream.h"

enum { HEAD_RETRY_MAX = 256 };

struct head {
	bool complete; /* the blank line of a final answer was read */
	bool encoded;  /* Content-Encoding is something else than identity */
	bool chunked;  /* which overrides a length, RFC 9112 section 6.3 */
	bool length_known;
	int status;
	uint64_t length;                         /* of the body */
	char content_type[CONTENT_TYPE_MAX + 1]; /* "" when absent, too long or not printable */
	char retry[HEAD_RETRY_MAX + 1];          /* Retry-After and the like as "Name: value\r\n" lines */
};

void head_start(struct head *head);

/* One line with its line end.  Interim answers (1xx) are skipped; lines after the head was complete are ignored. */
void head_line(struct head *head, const char *line, size_t length);

/* Whether the body is of this type, "text/event-stream", with whatever parameters. */
bool head_is(const struct head *head, const char *content_type);

#endif
