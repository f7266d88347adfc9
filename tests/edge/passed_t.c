/* Which headers go to the upstream. */
#include "../../edge/passed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

static bool collect(enum wire_route route, const char *headers, char **lines)
{
	static char bytes[8192];
	struct http_header room[8];
	struct http_head head;
	int length = snprintf(bytes, sizeof(bytes), "POST / HTTP/1.1\r\nHost: gate\r\n%s\r\n", headers);
	http_parse_start(&head, room, 8, sizeof(bytes));
	if (http_parse(&head, bytes, (size_t)length) != HTTP_DONE)
		abort();
	return passed_collect(wire_route_info(route), &head, bytes, lines);
}

static void check(const char *name, enum wire_route route, const char *headers, const char *wanted)
{
	char *lines;
	ok(collect(route, headers, &lines), "%s", name);
	is_text(lines, wanted, "%s: lines", name);
	free(lines);
}

static void refused(const char *name, const char *headers)
{
	char *lines;
	ok(!collect(ROUTE_MESSAGES, headers, &lines), "%s", name);
	free(lines);
}

int main(void)
{
	char many[4096];
	check("of a chat, none", ROUTE_CHAT, "Content-Type: application/json\r\nanthropic-beta: x\r\nCookie: y\r\n", NULL);
	check("of a form, its boundary", ROUTE_TRANSCRIPTIONS,
	      "Authorization: Bearer z\r\ncontent-TYPE: multipart/form-data; boundary=b\r\n",
	      "content-TYPE: multipart/form-data; boundary=b\r\n");
	check("of a message, what Anthropic's clients say", ROUTE_MESSAGES,
	      "anthropic-version: 2023-06-01\r\nx-api-key: z\r\nAnthropic-Beta:  a,b \r\nanthropic-: \r\n",
	      "anthropic-version: 2023-06-01\r\nAnthropic-Beta: a,b\r\n");
	snprintf(many, sizeof(many), "anthropic-beta: %02040d\r\n", 0);
	refused("more than fits", many);
	refused("what is not ASCII", "anthropic-beta: \xc3\xa9\r\n");
	return tap_done();
}
