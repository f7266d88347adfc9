#include "../../proxyd/splice.h"

#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

static const char *const paths[] = {SPLICE_PATHS};

static void start(struct json_scan *scan, const char *body)
{
	json_start(scan, paths, SPLICE_MEMBERS);
	json_feed(scan, body, strlen(body));
	is_int(json_end(scan), JSON_OK, "%s is JSON", body);
}

static void compare(const struct edits *edits, const char *body, const char *wanted)
{
	size_t length = edits_length(edits, strlen(body));
	char *made = malloc(length + 1); /* not malloc(0) */
	edits_apply(edits, body, strlen(body), made);
	is_bytes(made, length, wanted, strlen(wanted), "%s becomes %s", body, wanted);
	free(made);
}

static void check(const char *body, const char *model, bool usage, const char *wanted)
{
	char name[SPLICE_NAME_ROOM];
	struct edits edits = {0};
	struct json_scan scan;
	start(&scan, body);
	if (model)
		splice_name(&edits, json_value(&scan, SPLICE_MODEL), model, name);
	if (usage)
		splice_usage(&edits, body, &scan);
	compare(&edits, body, wanted);
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
	char name[MODEL_NAME_MAX + 1], wanted[SPLICE_NAME_ROOM + 64], *to;
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
	static const char body[] = PART "whisper-1\r\n--b--\r\n";
	struct edits edits = {0};
	struct form scan;
	form_start(&scan, "b");
	form_feed(&scan, body, strlen(body));
	is_int(form_end(&scan), FORM_OK, "a form");
	splice_form(&edits, form_value(&scan, FORM_MODEL), "large-v3");
	compare(&edits, body, PART "large-v3\r\n--b--\r\n");
}

static char drop_a[] = "a", drop_b[] = "b", set_c[] = "c", c_is[] = "\"c\":[1]";
static struct param changed[] = {{drop_a, NULL}, {drop_b, NULL}, {set_c, c_is}};

static void change(const char *body, size_t params, const char *wanted)
{
	const struct target target = {.params = changed, .param_count = params};
	struct edits edits = {0};
	struct json_scan scan;
	start(&scan, body);
	bool done = splice_params(&edits, body, strlen(body), json_insert_at(&scan), &target);
	is_int(done, wanted != NULL, "%s can be changed or not", body);
	if (done && wanted)
		compare(&edits, body, wanted);
}

static void dropped(void)
{
	change("{\"model\":\"m\"}", 2, "{\"model\":\"m\"}");
	change("{\"a\":1,\"model\":\"m\"}", 2, "{\"model\":\"m\"}");
	change("{\"model\":\"m\",\"a\":1}", 2, "{\"model\":\"m\"}");
	change("{\"a\":1,\"b\":2,\"model\":\"m\"}", 2, "{\"model\":\"m\"}");
	change("{\"a\":1,\"b\":2,\"model\":\"m\",\"stream_options\":null}", 2, "{\"model\":\"m\",\"stream_options\":null}");
	change("{\"model\":\"m\",\"a\":1,\"b\":2}", 2, "{\"model\":\"m\"}");
	change("{\"b\":1,\"model\":\"m\",\"a\":1}", 2, "{\"model\":\"m\"}");
	change("{\"b\":1,\"model\":\"m\",\"a\":1}", 1, "{\"b\":1,\"model\":\"m\"}");
	change("{\"x\":0,\"a\":{\"a\":[1,\"}\"]},\"model\":\"m\"}", 2, "{\"x\":0,\"model\":\"m\"}");
	change("{ \"a\" : 1 , \"b\" : 2 ,\n\"model\" : \"m\" }", 2, "{  \n\"model\" : \"m\" }");
	change("{\"model\":\"m\" , \"a\" : 1 }", 2, "{\"model\":\"m\"  }");
	change("{\"\\u0061\":1,\"model\":\"m\"}", 2, "{\"model\":\"m\"}");
	change("{\"q\\\"\\\\\":1,\"a\":1,\"model\":\"m\"}", 2, "{\"q\\\"\\\\\":1,\"model\":\"m\"}");
	change("{\"a\":1,\"model\":\"m\",\"a\":2}", 2, NULL);
	change("{\"A\":1,\"model\":\"m\"}", 2, NULL);
}

static void set(void)
{
	change("{\"model\":\"m\"}", 3, "{\"c\":[1],\"model\":\"m\"}");
	change("{\"c\":7,\"model\":\"m\"}", 3, "{\"c\":[1],\"model\":\"m\"}");
	change("{\"model\":\"m\",\"c\":7}", 3, "{\"c\":[1],\"model\":\"m\"}");
	change("{\"a\":1,\"c\":7,\"b\":2,\"model\":\"m\"}", 3, "{\"c\":[1],\"model\":\"m\"}");
}

/* The name, the usage and every member that may be changed. */
static void all_at_once(void)
{
	static const char body[] = "{\"a\":1,\"model\":\"m\",\"stream_options\":{},\"c\":2}";
	const struct target target = {.params = changed, .param_count = 3};
	char name[SPLICE_NAME_ROOM];
	struct edits edits = {0};
	struct json_scan scan;
	start(&scan, body);
	splice_name(&edits, json_value(&scan, SPLICE_MODEL), "n", name);
	splice_usage(&edits, body, &scan);
	ok(splice_params(&edits, body, strlen(body), json_insert_at(&scan), &target), "all can be changed");
	compare(&edits, body, "{\"c\":[1],\"model\":\"n\",\"stream_options\":{\"include_usage\":true}}");
}

int main(void)
{
	dropped();
	set();
	all_at_once();
	form();
	model();
	usage();
	both();
	as_large_as_can_be();
	wishes();
	return tap_done();
}
