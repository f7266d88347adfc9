#include "../../auditd/record_json.h"

#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"
#include "records.h"

static const char *write_line(const struct audit_record *record, uint64_t seq, const char *prev)
{
	static char line[RECORD_LINE_MAX + 1];
	struct wire_out out;
	wire_out_init(&out, line, RECORD_LINE_MAX);
	record_json_write(&out, record, seq, prev);
	ok(out.error == WIRE_OK, "the record fits a line");
	line[out.length] = '\0';
	return line;
}

static void test_golden(void)
{
	struct audit_record record = records_request(1);
	char zeros[RECORD_HASH_HEX + 1];
	memset(zeros, '0', RECORD_HASH_HEX);
	zeros[RECORD_HASH_HEX] = '\0';
	is_text(write_line(&record, 1, zeros),
	        "{\"seq\":1,\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\","
	        "\"id\":\"01000000a5a5a5a5a5a5a5a5a5a5a5a5\",\"kind\":\"request\",\"time\":\"2026-10-05T12:34:56.790Z\","
	        "\"request_id\":\"req_010000005a5a5a5a5a5a5a5a5a5a5a5a\",\"key_id\":\"k7Qm2xA9bC\","
	        "\"key_name\":\"scripts\",\"client\":\"127.0.0.1\",\"action\":\"chat.completions\","
	        "\"model\":\"gpt-4o-mini\",\"served\":\"llama3.1:8b\",\"upstream\":\"ollama\",\"status\":200,\"code\":\"\","
	        "\"tokens_in\":26,\"tokens_out\":282,\"estimated\":false,\"streamed\":true,\"bytes_in\":412,"
	        "\"bytes_out\":10240,\"first_byte_ms\":48,\"total_ms\":4883,\"detail\":\"\"}",
	        "a line of the journal is what it has always been");
	struct audit_record empty = {.kind = AUDIT_ADMIN};
	is_text(
		write_line(&empty, 7, NULL),
		"{\"seq\":7,\"id\":\"00000000000000000000000000000000\",\"kind\":\"admin\","
		"\"time\":\"1970-01-01T00:00:00.000Z\",\"request_id\":\"\",\"key_id\":\"\",\"key_name\":\"\",\"client\":\"\","
		"\"action\":\"\",\"model\":\"\",\"served\":\"\",\"upstream\":\"\",\"status\":0,\"code\":\"\","
		"\"tokens_in\":0,\"tokens_out\":0,\"estimated\":false,\"streamed\":false,\"bytes_in\":0,\"bytes_out\":0,"
		"\"first_byte_ms\":0,\"total_ms\":0,\"detail\":\"\"}",
		"every member stands there, whether it applies or not");
}

static void test_hash(void)
{
	char hex[RECORD_HASH_HEX + 1];
	record_json_hash("abc", 3, hex);
	is_text(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "the hash is SHA-256");
}

static void test_escapes(void)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{"plain", "\"plain\""},
		{"say \"no\\yes\"", "\"say \\\"no\\\\yes\\\"\""},
		{"a\nb\tc\r", "\"a\\u000ab\\u0009c\\u000d\""},
		{"\x01\x1b[31m\x7f", "\"\\u0001\\u001b[31m\\u007f\""},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
		{"\xc2\x9b[31m", "\"\\u009b[31m\""},  /* a terminal's other way to begin an escape */
		{"\xff\xfe", "\"??\""},               /* no UTF-8 at all */
		{"\xc3(", "\"?(\""},                  /* cut short */
		{"\xe2\x82", "\"??\""},               /* cut short by the end */
		{"\xc0\xaf", "\"??\""},               /* overlong */
		{"\xed\xa0\x80", "\"???\""},          /* a surrogate */
		{"\xf4\x90\x80\x80", "\"????\""},     /* over U+10FFFF */
		{"\xe2\x80\xa8", "\"\xe2\x80\xa8\""}, /* U+2028 ends no line of JSON */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char json[64];
		struct wire_out out;
		wire_out_init(&out, json, sizeof(json) - 1);
		record_json_text(&out, cases[i].text);
		json[out.length] = '\0';
		is_text(json, cases[i].json, "escaped: case %zu", i);
	}
}

static void is_same(const struct audit_record *got, const struct audit_record *wanted, const char *what)
{
	uint8_t left[2048], right[2048];
	struct wire_out a, b;
	wire_out_init(&a, left, sizeof(left));
	wire_out_init(&b, right, sizeof(right));
	audit_record_encode(&a, got);
	audit_record_encode(&b, wanted);
	is_bytes(left, a.length, right, b.length, "%s", what);
}

static void test_round_trip(void)
{
	uint64_t seq;
	struct audit_record back, record = records_request(77);
	const char *line = write_line(&record, 12, NULL);
	ok(record_json_read(line, strlen(line), &back, &seq), "a line is read back");
	is_int((long long)seq, 12, "with its sequence number");
	is_same(&back, &record, "and every member");
	char hash[RECORD_HASH_HEX + 1];
	record_json_hash("", 0, hash);
	record = records_full('\x01');
	line = write_line(&record, RECORD_COUNT_MAX, hash);
	is_int((long long)strlen(line) < RECORD_LINE_MAX, 1, "the largest record fits (%zu bytes)", strlen(line));
}

/* Whatever bytes the peer sent, the line is JSON and nothing of it is lost but what was no text. */
static void test_every_byte(void)
{
	unsigned unread = 0, longer = 0;
	for (int byte = 1; byte < 256; byte++) {
		uint64_t seq;
		struct audit_record back, record = records_full((char)byte);
		char line[RECORD_LINE_MAX];
		struct wire_out out;
		wire_out_init(&out, line, sizeof(line));
		record_json_write(&out, &record, 1, NULL);
		unread += out.error != WIRE_OK || !record_json_read(line, out.length, &back, &seq);
		longer += memchr(line, '\n', out.length) != NULL;
	}
	is_int(unread, 0, "texts full of any byte can be read back");
	is_int(longer, 0, "and stay on one line");
}

static void test_not_lines(void)
{
	struct audit_record record = records_request(1), back;
	uint64_t seq;
	char line[RECORD_LINE_MAX];
	unsigned read = 0;
	snprintf(line, sizeof(line), "%s", write_line(&record, 1, NULL));
	for (size_t length = 0; length < strlen(line); length++)
		read += record_json_read(line, length, &back, &seq);
	is_int(read, 0, "no part of a line is taken for one");
	*strstr(line, "26,") = '-';
	ok(!record_json_read(line, strlen(line), &back, &seq), "a negative count is none");
	ok(!record_json_read("[]", 2, &back, &seq), "an array is no record");
}

static void test_chain(void)
{
	struct record_chain chain;
	struct audit_record record = records_request(3);
	char hash[RECORD_HASH_HEX + 1];
	record_json_hash("", 0, hash);
	const char *line = write_line(&record, 42, hash);
	ok(record_json_chain(line, strlen(line), &chain), "the beginning of a line is read");
	is_int((long long)chain.seq, 42, "its sequence number");
	is_text(chain.prev, hash, "the hash of the line before");
	is_bytes(chain.id, sizeof(chain.id), record.id, sizeof(record.id), "the record's id");
	is_int(chain.kind, record.kind, "and its kind");
	ok(!record_json_chain(line, 40, &chain), "a beginning cut short is none");
	ok(!record_json_chain("", 0, &chain), "nothing is none");
}

static void test_times(void)
{
	static const char *const wrong[] = {"",
	                                    "2026-10-05",
	                                    "2026-10-05T12:34:56Z",
	                                    "2026-10-05T12:34:56.789",
	                                    "2026-10-05T12:34:56.789+00:00",
	                                    " 2026-10-05T12:34:56.789Z",
	                                    "2026-13-05T12:34:56.789Z",
	                                    "1969-12-31T23:59:59.999Z"};
	uint64_t time = 0;
	char text[RECORD_TIME_TEXT + 1];
	record_json_time(RECORD_TIME_MAX, text);
	is_text(text, "9999-12-31T23:59:59.999Z", "the last time there is");
	ok(record_json_time_read(text, &time) && time == RECORD_TIME_MAX, "is read back");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(!record_json_time_read(wrong[i], &time), "no time: '%s'", wrong[i]);
}

static void test_fits(void)
{
	struct audit_record record = records_full('x');
	ok(record_json_fits(&record), "the largest numbers fit");
	record.tokens_in++;
	ok(!record_json_fits(&record), "a count over 2^53 does not");
	record = records_full('x');
	record.time++;
	ok(!record_json_fits(&record), "nor does the year 10000");
}

int main(void)
{
	test_golden();
	test_hash();
	test_escapes();
	test_round_trip();
	test_every_byte();
	test_not_lines();
	test_chain();
	test_times();
	test_fits();
	return tap_done();
}
