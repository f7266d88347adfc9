#include "../../proxyd/splice.h"

#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

static const char *const paths[] = {SPLICE_PATHS};

/* Splices a copy whose room is exactly what the header asks for. */
static void check(const char *body, const char *model, bool usage, const char *wanted)
{
	struct json_scan scan;
	size_t length = strlen(body);
	json_start(&scan, paths, SPLICE_MEMBERS);
	json_feed(&scan, body, length);
	if (!is_int(json_end(&scan), JSON_OK, "%s is JSON", body))
		return;
	char *copy = malloc(length + SPLICE_GROWTH_MAX);
	for (size_t i = 0; i < length; i++)
		copy[i] = body[i];
	length = splice_body(copy, length, &scan, model, usage);
	is_bytes(copy, length, wanted, strlen(wanted), "%s, model %s, usage %d", body, model ? model : "kept", usage);
	free(copy);
}

static void model(void)
{
	check("{\"model\":\"a\"}", NULL, false, "{\"model\":\"a\"}");
	check("{\"model\":\"a\"}", "llama3.1:8b", false, "{\"model\":\"llama3.1:8b\"}");
	check("{\"model\":\"a long name\",\"n\":1}", "b", false, "{\"model\":\"b\",\"n\":1}");
	check("{ \"x\" : [ 1 ] , \"model\" :\t\"a\" , \"y\":\"\\u00e9\xc3\xa9\" }\t", "b", false,
	      "{ \"x\" : [ 1 ] , \"model\" :\t\"b\" , \"y\":\"\\u00e9\xc3\xa9\" }\t");
	check("{\"m\\u006fdel\":\"a\"}", "b", false, "{\"m\\u006fdel\":\"b\"}");
	check("{\"model\":\"a\"}", "q\"\\/", false, "{\"model\":\"q\\\"\\\\/\"}");
}

static void usage(void)
{
	check("{\"model\":\"a\"}", NULL, true, "{\"stream_options\":{\"include_usage\":true},\"model\":\"a\"}");
	check(" {\t\"model\":\"a\"}", NULL, true, " {\"stream_options\":{\"include_usage\":true},\t\"model\":\"a\"}");
	check("{\"model\":\"a\",\"stream_options\":null}", NULL, true,
	      "{\"model\":\"a\",\"stream_options\":{\"include_usage\":true}}");
	check("{\"model\":\"a\",\"stream_options\":{}}", NULL, true,
	      "{\"model\":\"a\",\"stream_options\":{\"include_usage\":true}}");
	check("{\"model\":\"a\",\"stream_options\":{ \t}}", NULL, true,
	      "{\"model\":\"a\",\"stream_options\":{\"include_usage\":true \t}}");
	check("{\"model\":\"a\",\"stream_options\":{\"x\":1}}", NULL, true,
	      "{\"model\":\"a\",\"stream_options\":{\"include_usage\":true,\"x\":1}}");
	check("{\"model\":\"a\",\"stream_options\":{\"include_usage\" : false}}", NULL, true,
	      "{\"model\":\"a\",\"stream_options\":{\"include_usage\" : true}}");
	check("{\"model\":\"a\",\"stream_options\":{\"include_usage\":null,\"x\":1}}", NULL, true,
	      "{\"model\":\"a\",\"stream_options\":{\"include_usage\":true,\"x\":1}}");
	check("{\"model\":\"a\",\"stream_options\":[1]}", NULL, true, "{\"model\":\"a\",\"stream_options\":[1]}");
}

static void both(void)
{
	check("{\"model\":\"a\"}", "bcd", true, "{\"stream_options\":{\"include_usage\":true},\"model\":\"bcd\"}");
	check("{\"model\":\"a\",\"stream_options\":{}}", "bcd", true,
	      "{\"model\":\"bcd\",\"stream_options\":{\"include_usage\":true}}");
	check("{\"stream_options\":{\"include_usage\":false},\"model\":\"abc\"}", "d", true,
	      "{\"stream_options\":{\"include_usage\":true},\"model\":\"d\"}");
}

static void as_large_as_can_be(void)
{
	char name[MODEL_NAME_MAX + 1], wanted[SPLICE_GROWTH_MAX + 64], *to;
	memset(name, '"', MODEL_NAME_MAX);
	name[MODEL_NAME_MAX] = '\0';
	to = stpcpy(wanted, "{\"stream_options\":{\"include_usage\":true},\"model\":\"");
	for (size_t i = 0; i < MODEL_NAME_MAX; i++)
		to = stpcpy(to, "\\\"");
	stpcpy(to, "\"}");
	check("{\"model\":\"\"}", name, true, wanted);
}

static void wishes(void)
{
	static const char body[] = "{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}";
	struct json_scan scan;
	json_start(&scan, paths, SPLICE_MEMBERS);
	json_feed(&scan, body, strlen(body));
	ok(json_end(&scan) == JSON_OK && splice_wants_stream(&scan) && splice_wants_usage(&scan), "both are wanted");
	json_start(&scan, paths, SPLICE_MEMBERS);
	json_feed(&scan, "{\"stream\":false}", strlen("{\"stream\":false}"));
	ok(json_end(&scan) == JSON_OK && !splice_wants_stream(&scan) && !splice_wants_usage(&scan), "neither is");
}

#define PART "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n"

static void form(void)
{
	char body[256 + SPLICE_GROWTH_MAX] = PART "whisper-1\r\n--b--\r\n";
	struct form scan;
	form_start(&scan, "b");
	form_feed(&scan, body, strlen(body));
	is_int(form_end(&scan), FORM_OK, "a form");
	size_t length = splice_form(body, strlen(body), form_value(&scan, FORM_MODEL), "large-v3");
	is_bytes(body, length, PART "large-v3\r\n--b--\r\n", strlen(PART "large-v3\r\n--b--\r\n"), "its model");
}

int main(void)
{
	form();
	model();
	usage();
	both();
	as_large_as_can_be();
	wishes();
	return tap_done();
}
