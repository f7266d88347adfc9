#include <stdio.h>
#include <string.h>

#include "../../proto/wire/json.h"
#include "../tap/tap.h"
#include "json_cases.h"
#include "json_properties.h"

static struct json_scan scan;

/* The verdict on a text in one piece. */
static enum json_error judge(const char *text)
{
	return json_properties_scan(&scan, text, strlen(text), strlen(text) + 1);
}

static bool same_in_two(const struct json_case *given, const struct json_scan *whole)
{
	struct json_scan pieces;

	for (size_t first = 0; first <= given->length; first++) {
		json_start(&pieces, json_case_paths, JSON_CASE_PATHS);
		json_feed(&pieces, given->bytes, first);
		json_feed(&pieces, given->bytes + first, given->length - first);
		json_end(&pieces);
		if (!json_properties_same(whole, &pieces))
			return false;
	}
	return true;
}

static void test_cases(void)
{
	struct json_scan pieces;

	for (size_t i = 0; i < json_case_count; i++) {
		const struct json_case *given = &json_cases[i];
		enum json_error verdict = json_properties_scan(&scan, given->bytes, given->length, given->length + 1);
		is_text(json_error_text(verdict), json_error_text(given->verdict), "%s", given->about);
		json_properties_scan(&pieces, given->bytes, given->length, 1);
		ok(json_properties_same(&scan, &pieces), "%s: byte by byte", given->about);
		ok(same_in_two(given, &scan), "%s: in two pieces", given->about);
	}
}

static void test_values(void)
{
	static const struct {
		const char *document;
		const char *texts[JSON_CASE_PATHS];
		const char *about;
	} rows[] = {
		{"{}", {"", "", "", ""}, "nothing there"},
		{"[\"model\"]", {"", "", "", ""}, "no object"},
		{"{\"a\":\"model\",\"model\":\"m\"}", {"\"m\"", "", "", ""}, "a string with its quotes"},
		{"{\"\\u006dodel\" : -1.5e3 }", {"-1.5e3", "", "", ""}, "a number behind an escaped name"},
		{"{\"model\":null,\"usage\":null}", {"null", "", "", ""}, "null is there, inside null is nothing"},
		{"{\"model\":[1, {}] }", {"[1, {}]", "", "", ""}, "an array, inner white space and all"},
		{"{\"usage\":[{\"prompt_tokens\":1}]}", {"", "", "", ""}, "an array on the way"},
		{"{\"usage\":3,\"prompt_tokens\":1}", {"", "", "", ""}, "a number on the way"},
		{"{\"usage\":{\"a\":{\"prompt_tokens\":1}}}", {"", "", "", ""}, "a level too deep"},
		{"{\"usage\":{\"prompt_tokens\":26}}", {"", "", "", "26"}, "on the second level"},
		{"{\"stream_options\":{}}", {"", "{}", "", ""}, "the first level alone"},
		{"{\"stream_options\": {\"include_usage\":true} ,\"model\":false}",
	     {"false", "{\"include_usage\":true}", "true", ""},
	     "both levels"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ok(judge(rows[i].document) == JSON_OK, "%s: accepted", rows[i].about);
		for (size_t j = 0; j < JSON_CASE_PATHS; j++) {
			const struct json_value *value = json_value(&scan, j);
			const char *text = rows[i].texts[j];
			is_text(value->text, text, "%s: %s", rows[i].about, json_case_paths[j]);
			ok(value->end - value->start == strlen(text), "%s: its length", rows[i].about);
			ok(strncmp(rows[i].document + value->start, text, strlen(text)) == 0, "%s: its place", rows[i].about);
			ok((value->type == JSON_ABSENT) == (*text == '\0'), "%s: there or not", rows[i].about);
		}
	}
}

static void test_types(void)
{
	static const struct {
		const char *document;
		enum json_type type;
	} rows[] = {
		{"{\"model\":null}", JSON_NULL},   {"{\"model\":true}", JSON_TRUE}, {"{\"model\":false}", JSON_FALSE},
		{"{\"model\":0}", JSON_NUMBER},    {"{\"model\":-1}", JSON_NUMBER}, {"{\"model\":7}", JSON_NUMBER},
		{"{\"model\":\"\"}", JSON_STRING}, {"{\"model\":[]}", JSON_ARRAY},  {"{\"model\":{}}", JSON_OBJECT},
		{"{\"x\":{}}", JSON_ABSENT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		judge(rows[i].document);
		is_int(json_value(&scan, 0)->type, rows[i].type, "the type in %s", rows[i].document);
	}
}

static void test_depth(void)
{
	char text[4 * (JSON_DEPTH_MAX + 1) + 1];

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	text[2 * JSON_DEPTH_MAX] = '\0';
	is_int(judge(text), JSON_OK, "64 arrays");

	memset(text, '[', JSON_DEPTH_MAX + 1);
	is_int(judge(text), JSON_DEEP, "65 arrays");
	is_int((long long)json_error_at(&scan), JSON_DEPTH_MAX, "refused at the 65th");

	size_t length = 0;
	for (int i = 0; i < JSON_DEPTH_MAX / 2; i++)
		length += (size_t)sprintf(text + length, "[{\"\":");
	is_int(judge(text), JSON_TRUNCATED, "64 arrays and objects");
	sprintf(text + length, "{");
	is_int(judge(text), JSON_DEEP, "and one more");
}

/* The longest variant of the longest name is three bytes for each of its letters. */
static void test_long_names(void)
{
	char wanted[JSON_NAME_MAX + 1] = "";
	char variant[JSON_NAME_ROOM + 1] = "";
	char text[JSON_NAME_ROOM + 16];
	const char *const paths[] = {wanted};

	memset(wanted, 'k', JSON_NAME_MAX);
	for (size_t i = 0; i < JSON_NAME_ROOM; i++)
		variant[i] = "\xe2\x84\xaa"[i % 3];
	for (int more = 0; more < 2; more++) {
		snprintf(text, sizeof(text), "{\"%s%s\":1}", variant, more ? "k" : "");
		json_start(&scan, paths, 1);
		json_feed(&scan, text, strlen(text));
		is_int(json_end(&scan), more ? JSON_OK : JSON_AMBIGUOUS, "a name of %d bytes", JSON_NAME_ROOM + more);
	}
}

static void test_case_edges(void)
{
	static const char *const paths[] = {"az.az"};
	static const struct {
		const char *document;
		enum json_error verdict;
	} rows[] = {
		{"{\"az\":{\"az\":1}}", JSON_OK},        {"{\"@z\":1,\"a[\":1,\"`z\":1,\"a{\":1}", JSON_OK},
		{"{\"AZ\":1}", JSON_AMBIGUOUS},          {"{\"aZ\":1}", JSON_AMBIGUOUS},
		{"{\"az\":{\"Az\":1}}", JSON_AMBIGUOUS}, {"{\"az\":{\"@z\":1,\"a[\":1}}", JSON_OK},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_start(&scan, paths, 1);
		json_feed(&scan, rows[i].document, strlen(rows[i].document));
		is_int(json_end(&scan), rows[i].verdict, "letters at the ends of the alphabet: %s", rows[i].document);
	}
}

static void test_many_wanted(void)
{
	static const char *const paths[JSON_WANTED_MAX] = {"a.a", "a.b", "b", "c.a", "c", "d", "e", "f.f"};
	static const char document[] = "{\"f\":{\"f\":7},\"e\":6,\"d\":5,\"c\":{\"a\":3},\"b\":2,\"a\":{\"b\":1,\"a\":0}}";
	static const int64_t wanted[JSON_WANTED_MAX] = {0, 1, 2, 3, -1, 5, 6, 7};

	json_start(&scan, paths, JSON_WANTED_MAX);
	json_feed(&scan, document, strlen(document));
	is_int(json_end(&scan), JSON_OK, "as many wanted as can be");
	for (size_t i = 0; i < JSON_WANTED_MAX; i++)
		is_int(json_decode_integer(json_value(&scan, i)), wanted[i], "the value of %s", paths[i]);
	is_text(json_value(&scan, 4)->text, "{\"a\":3}", "an object wanted whole and in part");
}

static void test_long_values(void)
{
	char text[JSON_TEXT_MAX + 64];

	for (int more = 0; more < 2; more++) {
		int padding = JSON_TEXT_MAX - 2 + more;
		int length = sprintf(text, "{\"model\":\"%0*d\"}", padding, 0);
		is_int(judge(text), JSON_OK, "a value of %d bytes", padding + 2);
		const struct json_value *value = json_value(&scan, 0);
		is_int(value->length, JSON_TEXT_MAX, "kept as far as there is room");
		is_int(value->cut, more, "cut or not");
		is_int((long long)value->end, length - 1, "its end is known");
		is_int(json_decode_string(value, text, sizeof(text)), more ? -1 : padding, "as a string");
	}
}

static void test_string(void)
{
	char text[64];

	judge("{\"model\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\xc3\xa9\"}");
	is_int(json_decode_string(json_value(&scan, 0), text, sizeof(text)), 21, "the length of a decoded string");
	is_text(text, "a\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9", "every escape is decoded");
	is_int(json_decode_string(json_value(&scan, 0), text, 22), 21, "it fits exactly");
	is_int(json_decode_string(json_value(&scan, 0), text, 21), -1, "a byte too few");

	judge("{\"model\":\"\"}");
	is_int(json_decode_string(json_value(&scan, 0), text, 1), 0, "an empty string fits into one byte");
	is_text(text, "", "and is empty");
	is_int(json_decode_string(json_value(&scan, 0), text, 0), -1, "but not into none");

	judge("{\"model\":\"a\\u0000b\"}");
	is_int(json_decode_string(json_value(&scan, 0), text, sizeof(text)), -1, "U+0000 is refused");
	judge("{\"model\":[\"a\"]}");
	is_int(json_decode_string(json_value(&scan, 0), text, sizeof(text)), -1, "an array is no string");
	is_int(json_decode_string(json_value(&scan, 1), text, sizeof(text)), -1, "nor is nothing");
}

static void test_integer(void)
{
	static const struct {
		const char *number;
		int64_t wanted;
	} rows[] = {
		{"0", 0},
		{"7", 7},
		{"9223372036854775807", INT64_MAX},
		{"9223372036854775808", -1},
		{"18446744073709551616", -1},
		{"99999999999999999999", -1},
		{"-1", -1},
		{"-0", -1},
		{"1.0", -1},
		{"1e3", -1},
		{"\"1\"", -1},
		{"null", -1},
	};
	char text[JSON_TEXT_MAX + 64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "{\"model\":%s}", rows[i].number);
		judge(text);
		is_int(json_decode_integer(json_value(&scan, 0)), rows[i].wanted, "%s as an integer", rows[i].number);
	}
	is_int(json_decode_integer(json_value(&scan, 1)), -1, "nothing as an integer");
	snprintf(text, sizeof(text), "{\"model\":1%0*d}", JSON_TEXT_MAX, 0);
	judge(text);
	is_int(json_decode_integer(json_value(&scan, 0)), -1, "a number of 513 digits");
}

static void test_splice(void)
{
	static const char *const documents[] = {"{}", " {\t}", "{\"a\":1}", "\t{ \"stream_options\":{} }"};
	char text[128];

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		judge(documents[i]);
		ok(json_is_object(&scan), "an object: %s", documents[i]);
		size_t at = (size_t)json_insert_at(&scan);
		is_int(documents[i][at - 1], '{', "the place is behind the brace");
		ok(json_is_empty(&scan) == (strchr(documents[i], ':') == NULL), "whether members follow");
		snprintf(text, sizeof(text), "%.*s\"model\":7%s%s", (int)at, documents[i], json_is_empty(&scan) ? "" : ",",
		         documents[i] + at);
		is_int(judge(text), JSON_OK, "with a member put in: %s", text);
		is_int(json_decode_integer(json_value(&scan, 0)), 7, "and it is found");
	}
	judge("[{}]");
	ok(!json_is_object(&scan), "an array is no object");
	json_start(&scan, json_case_paths, JSON_CASE_PATHS);
	ok(!json_is_object(&scan), "nor is nothing yet");
}

static void test_errors_stay(void)
{
	is_int(judge("[1}"), JSON_SYNTAX, "an error");
	is_int((long long)json_error_at(&scan), 2, "and where it stands");
	is_int(json_feed(&scan, "]", 1), JSON_SYNTAX, "it stays");
	is_int(json_end(&scan), JSON_SYNTAX, "to the end");
	is_int((long long)json_error_at(&scan), 2, "where it was");
	judge("{\"a\":");
	is_int((long long)json_error_at(&scan), 5, "a document cut off is wrong at its end");
	judge("{\"model\":1, \"Model\":2}");
	is_int((long long)json_error_at(&scan), 18, "ambiguity is known at the end of the name");
}

static void test_nothing_fed(void)
{
	json_start(&scan, NULL, 0);
	is_int(json_feed(&scan, NULL, 0), JSON_OK, "feeding nothing changes nothing");
	json_feed(&scan, "[7", 2);
	is_int(json_feed(&scan, NULL, 0), JSON_OK, "not even inside a number");
	json_feed(&scan, "7]", 2);
	is_int(json_end(&scan), JSON_OK, "and with nothing wanted nothing is missed");
}

static void test_texts(void)
{
	is_text(json_error_text(JSON_SYNTAX), "not JSON", "an error in words");
	is_text(json_error_text(JSON_UTF8), "not UTF-8", "another");
	is_text(json_error_text(JSON_DEEP), "nested deeper than 64 levels", "and one with a number");
}

int main(void)
{
	test_cases();
	test_values();
	test_types();
	test_depth();
	test_long_names();
	test_case_edges();
	test_many_wanted();
	test_long_values();
	test_string();
	test_integer();
	test_splice();
	test_errors_stay();
	test_nothing_fed();
	test_texts();
	return tap_done();
}
