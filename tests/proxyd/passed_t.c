/* What edge says that a client said. */
#include "../../proxyd/passed.h"

#include <curl/curl.h>
#include <string.h>

#include "../tap/tap.h"

#define FORM "Content-Type: multipart/form-data; boundary=b\r\n"
#define VERSION "anthropic-version: 2023-06-01\r\n"

static struct wire_bytes bytes_of(const char *text)
{
	return (struct wire_bytes){(const uint8_t *)text, strlen(text)};
}

static void judging(void)
{
	static const struct {
		const char *lines;
		enum wire_route route;
		bool good;
	} cases[] = {
		{"", ROUTE_CHAT, true},
		{FORM, ROUTE_TRANSCRIPTIONS, true},
		{VERSION "Anthropic-Beta: a,b\r\n", ROUTE_MESSAGES, true},
		{FORM, ROUTE_CHAT, false},
		{VERSION, ROUTE_CHAT, false},
		{FORM, ROUTE_MESSAGES, false},
		{"Authorization: Bearer x\r\n", ROUTE_MESSAGES, false},
		{VERSION "Host: x\r\n", ROUTE_MESSAGES, false},
		{"anthropic-version: 1\nHost: x\r\n", ROUTE_MESSAGES, false},
		{"anthropic-version: 1\r\n\r\n", ROUTE_MESSAGES, false},
		{"anthropic-version: 1", ROUTE_MESSAGES, false},
		{"anthropic-version\r\n", ROUTE_MESSAGES, false},
		{FORM FORM, ROUTE_TRANSCRIPTIONS, false},
		{FORM "content-type: multipart/form-data; boundary=c\r\n", ROUTE_TRANSCRIPTIONS, false},
		{VERSION "anthropic-beta: a\r\n" VERSION, ROUTE_MESSAGES, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_int(passed_is_good(bytes_of(cases[i].lines), wire_route_info(cases[i].route)), cases[i].good, "case %zu", i);
}

static void is_list(const struct curl_slist *list, const char *wanted, const char *name)
{
	char text[512] = "", *end = text;
	for (; list; list = list->next)
		end = stpcpy(stpcpy(end, list->data), "\n");
	is_text(text, wanted, "%s", name);
}

static void joining(void)
{
	char boundary[FORM_BOUNDARY_MAX + 1] = "";
	struct curl_slist *own = curl_slist_append(curl_slist_append(NULL, "Content-Type: application/json"), "Expect:");
	struct curl_slist *joined = passed_join(bytes_of(""), own);
	ok(joined == own, "without lines, the headers are the upstream's");
	passed_free(joined, own);
	joined = passed_join(bytes_of(VERSION), own);
	is_list(joined, "anthropic-version: 2023-06-01\nContent-Type: application/json\nExpect:\n", "a line more");
	passed_free(joined, own);
	joined = passed_join(bytes_of(FORM), own);
	is_list(joined, "Content-Type: multipart/form-data; boundary=b\nExpect:\n", "another Content-Type");
	passed_free(joined, own);
	is_list(own, "Content-Type: application/json\nExpect:\n", "and they stay as they were");
	curl_slist_free_all(own);
	ok(passed_boundary(bytes_of(FORM), boundary) && strcmp(boundary, "b") == 0, "the boundary is found");
	ok(!passed_boundary(bytes_of(VERSION), boundary), "or not");
	ok(!passed_boundary(bytes_of("Content-Type: application/json\r\n"), boundary), "or is none");
}

int main(void)
{
	judging();
	joining();
	return tap_done();
}
