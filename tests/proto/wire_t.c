/* The codec's edges, the table's rules, and who may send what to whom. */
#include <string.h>

#include "../../proto/wire/wire.h"
#include "../tap/tap.h"

static void test_numbers(void)
{
	uint8_t bytes[15];
	static const uint8_t wanted[15] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct wire_out out;
	struct wire_in in;
	wire_out_init(&out, bytes, sizeof(bytes));
	wire_put_u8(&out, 0x01);
	wire_put_u16(&out, 0x0203);
	wire_put_u32(&out, 0x04050607);
	wire_put_u64(&out, 0x08090a0b0c0d0e0f);
	is_bytes(bytes, out.length, wanted, sizeof(wanted), "numbers go in network order");
	wire_in_init(&in, bytes, sizeof(bytes));
	is_int(wire_get_u8(&in), 0x01, "u8 comes back");
	is_int(wire_get_u16(&in), 0x0203, "u16 comes back");
	is_int(wire_get_u32(&in), 0x04050607, "u32 comes back");
	is_int((long long)wire_get_u64(&in), 0x08090a0b0c0d0e0f, "u64 comes back");
	is_int(wire_end(&in), WIRE_OK, "and nothing is left");
}

static void test_full(void)
{
	uint8_t bytes[3] = {0};
	struct wire_out out;
	wire_out_init(&out, bytes, sizeof(bytes));
	wire_put_u32(&out, 0xffffffff);
	is_int(out.error, WIRE_BAD_LENGTH, "a number that does not fit is an error");
	wire_put_u8(&out, 1);
	is_int((long long)out.length, 0, "after which nothing more is written");
	is_int(bytes[0], 0, "not even a byte");
}

static void test_strings(void)
{
	char text[5];
	struct wire_in in;
	wire_in_init(&in, "\0\4abcd", 6);
	wire_get_str(&in, text, sizeof(text));
	is_text(text, "abcd", "a string of the largest size");
	is_int(wire_end(&in), WIRE_OK, "is accepted");
	wire_in_init(&in, "\0\5abcde", 7);
	wire_get_str(&in, text, sizeof(text));
	is_int(wire_end(&in), WIRE_TOO_LONG, "one more byte is not");
	is_text(text, "", "and leaves an empty string");
	wire_in_init(&in, "\0\3a\0b", 5);
	wire_get_str(&in, text, sizeof(text));
	is_int(wire_end(&in), WIRE_BAD_VALUE, "a NUL inside is refused");
	wire_in_init(&in, "\0\4abc", 5);
	wire_get_str(&in, text, sizeof(text));
	is_int(wire_end(&in), WIRE_TRUNCATED, "a string shorter than it says is refused");
	wire_in_init(&in, "\0\0x", 3);
	wire_get_str(&in, text, sizeof(text));
	is_int(wire_end(&in), WIRE_TRAILING, "bytes left over are an error of their own");
}

static void test_strings_out(void)
{
	uint8_t bytes[16];
	struct wire_out out;
	wire_out_init(&out, bytes, sizeof(bytes));
	wire_put_str(&out, "abcde", 4);
	is_int(out.error, WIRE_TOO_LONG, "a string over its maximum is not sent");
	wire_out_init(&out, bytes, sizeof(bytes));
	wire_put_bytes(&out, "abcde", 5, 4);
	is_int(out.error, WIRE_TOO_LONG, "nor are bytes");
}

static void test_values(void)
{
	struct wire_in in;
	wire_in_init(&in, "\2", 1);
	ok(!wire_get_bool(&in) && in.error == WIRE_BAD_VALUE, "a truth value is 0 or 1");
	wire_in_init(&in, "\4", 1);
	ok(wire_get_enum(&in, 3) == 0 && in.error == WIRE_BAD_VALUE, "an enum has a largest value");
	wire_in_init(&in, "\xff\xff\xff\xff", 4);
	ok(wire_get_bytes(&in, 100).data == NULL && in.error == WIRE_TOO_LONG, "an announced length is judged first");
}

static void put_frame(struct wire_out *out, uint16_t type, uint32_t length)
{
	static const uint8_t zeros[1024];
	wire_put_header(out, type, 0, 42, length);
	wire_put_fixed(out, zeros, length);
}

static void test_frames(void)
{
	static uint8_t bytes[4096];
	struct wire_frame frame;
	struct wire_out out;
	struct wire_in in;
	wire_out_init(&out, bytes, sizeof(bytes));
	put_frame(&out, MSG_STREAM_CREDIT, 4);
	put_frame(&out, 999, 8);
	put_frame(&out, MSG_STREAM_CREDIT, 5);
	put_frame(&out, MSG_AUDIT_ACK, 0);
	wire_in_init(&in, bytes, out.length);
	is_int(wire_next_frame(&in, &frame), WIRE_OK, "a frame");
	is_int(frame.type, MSG_STREAM_CREDIT, "of its type");
	is_int((long long)frame.id, 42, "with its id");
	is_int(frame.length, 4, "and its length");
	is_int(wire_next_frame(&in, &frame), WIRE_BAD_TYPE, "an unknown type is refused");
	is_int(wire_next_frame(&in, &frame), WIRE_BAD_LENGTH, "a body over the table's maximum is refused");
	is_int(wire_next_frame(&in, &frame), WIRE_OK, "and the next frame is not harmed");
	is_int(frame.type, MSG_AUDIT_ACK, "by that");
	is_int(wire_end(&in), WIRE_OK, "that was all");
	bytes[0] = 2;
	wire_in_init(&in, bytes, out.length);
	is_int(wire_next_frame(&in, &frame), WIRE_BAD_VERSION, "another version is refused");
	ok(in.error != WIRE_OK, "with everything behind it");
	for (size_t cut = 1; cut < WIRE_HEADER_SIZE; cut++) {
		wire_in_init(&in, bytes, cut);
		is_int(wire_next_frame(&in, &frame), WIRE_BAD_VERSION, "before it is said that it is cut to %zu bytes", cut);
	}
	bytes[0] = WIRE_VERSION;
	for (size_t cut = 0; cut < WIRE_HEADER_SIZE + 4; cut++) {
		wire_in_init(&in, bytes, cut);
		if (wire_next_frame(&in, &frame) != WIRE_TRUNCATED)
			ok(false, "a frame cut to %zu bytes is refused", cut);
	}
}

static void test_table(void)
{
	static const uint16_t numbers[] = {
#define X(name, number, senders, receivers, max_body, meaning) number,
		WIRE_MESSAGES(X)
#undef X
	};
	enum { COUNT = sizeof(numbers) / sizeof(*numbers) };
	bool rising = true, named = true;
	for (size_t i = 0; i < COUNT; i++) {
		named = named && wire_type_known(numbers[i]) && strcmp(wire_type_name(numbers[i]), "unknown") != 0;
		for (size_t j = 0; j < i; j++)
			rising = rising && numbers[i] != numbers[j];
	}
	ok(rising, "no number is used twice");
	ok(named, "every number has a name");
	ok(!wire_type_known(0) && wire_body_max(0) == 0, "0 is no message");
}

/* Every pair of parties that share a link, against every message. */
static void test_matrix(void)
{
	struct {
		enum wire_role from, to;
		uint16_t type;
		bool may;
	} cases[] = {
		{ROLE_EDGE, ROLE_AUTHD, MSG_AUTH_ASK, true},         {ROLE_AUTHD, ROLE_EDGE, MSG_AUTH_GRANT, true},
		{ROLE_EDGE, ROLE_AUTHD, MSG_AUTH_GRANT, false},      {ROLE_EDGE, ROLE_AUTHD, MSG_AUTH_REVOKE, false},
		{ROLE_EDGE, ROLE_LIMITERD, MSG_LIMIT_SETTLE, false}, {ROLE_EDGE, ROLE_LIMITERD, MSG_LIMIT_KEEP, false},
		{ROLE_EDGE, ROLE_LIMITERD, MSG_LIMIT_LEASE, false},  {ROLE_EDGE, ROLE_PROXYD, MSG_STREAM_OPEN, true},
		{ROLE_EDGE, ROLE_PROXYD, MSG_AUTH_REVOKE, false},    {ROLE_PROXYD, ROLE_EDGE, MSG_STREAM_OPEN, false},
		{ROLE_PROXYD, ROLE_LIMITERD, MSG_LIMIT_TAKE, false}, {ROLE_PROXYD, ROLE_AUTHD, MSG_AUTH_ASK, false},
		{ROLE_EDGE, ROLE_AUDITD, MSG_USAGE_ASK, false},      {ROLE_LIMITERD, ROLE_AUDITD, MSG_AUDIT_RECORD, false},
		{ROLE_TOOL, ROLE_EDGE, MSG_CTL_CALL, false},         {ROLE_TOOL, ROLE_AUTHD, MSG_CTL_CALL, true},
		{ROLE_EDGE, ROLE_AUTHD, MSG_CTL_CALL, false},        {ROLE_AUTHD, ROLE_PROXYD, MSG_AUTH_REVOKE, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		is_int(wire_may_send(cases[i].from, cases[i].to, cases[i].type), cases[i].may, "%s to %s: %s",
		       wire_role_name(cases[i].from), wire_role_name(cases[i].to), wire_type_name(cases[i].type));
	for (uint32_t type = 0; type <= UINT16_MAX; type++)
		if (!wire_type_known((uint16_t)type) && wire_may_send(ROLE_EDGE, ROLE_AUTHD, (uint16_t)type))
			ok(false, "unknown type %u may not be sent", type);
}

int main(void)
{
	test_numbers();
	test_full();
	test_strings();
	test_strings_out();
	test_values();
	test_frames();
	test_table();
	test_matrix();
	return tap_done();
}
