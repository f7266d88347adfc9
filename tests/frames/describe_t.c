/* Frames as lines of text: the golden vectors, whole and cut at every byte, and what is no frame at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../frames/describe.h"
#include "../proto/bodies.h"
#include "../tap/tap.h"

enum { FRAME_MAX = WIRE_HEADER_SIZE + WIRE_BODY_MAX, ID = 7 };

static struct describe_line line;

/* Of the first frame in these bytes. */
static const char *describe(const uint8_t *bytes, size_t length, enum wire_role from, enum wire_role to)
{
	static char text[DESCRIBE_MAX + 1];
	struct wire_in in;
	wire_in_init(&in, bytes, length);
	describe_next(&in, from, to, &line);
	snprintf(text, sizeof(text), "%.*s", (int)line.length, line.text);
	return text;
}

static size_t read_vector(const char *name, uint8_t *frame)
{
	char path[128], digits[3];
	size_t length = 0;
	snprintf(path, sizeof(path), "tests/proto/vectors/%s.hex", name);
	FILE *file = fopen(path, "re");
	while (file && length < FRAME_MAX && fscanf(file, "%2s", digits) == 1)
		frame[length++] = (uint8_t)strtoul(digits, NULL, 16);
	if (file)
		fclose(file);
	return length;
}

static const struct golden {
	const char *name;
	enum wire_role from, to;
	const char *text;
} goldens[] = {
	{"FAULT", ROLE_LIMITERD, ROLE_EDGE,
     "limiterd -> edge FAULT id 7, 29 bytes: error 9; number of the refused message 32; text \"the seal does not "
     "match\"\n"},
	{"HEALTH", ROLE_AUTHD, ROLE_EDGE,
     "authd -> edge HEALTH id 7, 33 bytes: count 2; name \"store\"; well yes; text \"\"; name \"sandbox\"; well yes; "
     "text \"privileges\"\n"},
	{"AUTH_ASK", ROLE_EDGE, ROLE_AUTHD,
     "edge -> authd AUTH_ASK id 7, 48 bytes: SHA-256 of the credential <32 bytes>; request id "
     "726571756573742d31362d6279746573\n"},
	{"AUTH_DENY", ROLE_AUTHD, ROLE_EDGE,
     "authd -> edge AUTH_DENY id 7, 8 bytes: reason 1 (revoked); key id \"k3y1d\"\n"},
	{"AUTH_GRANT", ROLE_AUTHD, ROLE_EDGE,
     "authd -> edge AUTH_GRANT id 7, 109 bytes: a sealed grant <109 bytes, of key k3y1d>\n"},
	{"LIMIT_TAKE", ROLE_EDGE, ROLE_LIMITERD,
     "edge -> limiterd LIMIT_TAKE id 7, 148 bytes: sealed grant <109 bytes, of key k3y1d>; request id "
     "726571756573742d31362d6279746573; route 0 (/v1/chat/completions); model \"llama3.2\"; estimated tokens 1040\n"},
	{"LIMIT_LEASE", ROLE_LIMITERD, ROLE_EDGE,
     "limiterd -> edge LIMIT_LEASE id 7, 196 bytes: requests limit 60; requests remaining 59; requests ms until full "
     "1000; tokens limit 100000; tokens remaining 98960; tokens ms until full 624; ms waited 12; sealed lease <148 "
     "bytes, of key k3y1d>\n"},
	{"LIMIT_OFFER", ROLE_PROXYD, ROLE_LIMITERD,
     "proxyd -> limiterd LIMIT_OFFER id 7, 26 bytes: upstream \"ollama\"; model names \"llama3.2\\x0aqwen3\"\n"},
	{"STREAM_OPEN", ROLE_EDGE, ROLE_PROXYD,
     "edge -> proxyd STREAM_OPEN id 7, 230 bytes, END: sealed lease <148 bytes, of key k3y1d>; client address "
     "\"192.0.2.7\"; header lines <31 bytes>; length of the whole body 20; its first bytes <20 bytes>\n"},
	{"CTL_CALL", ROLE_TOOL, ROLE_AUTHD,
     "tool -> authd CTL_CALL id 7, 28 bytes: verb \"key.show\"; JSON object <14 bytes>\n"},
};

static void test_goldens(void)
{
	static uint8_t frame[FRAME_MAX];
	for (size_t i = 0; i < sizeof(goldens) / sizeof(*goldens); i++) {
		const struct golden *golden = &goldens[i];
		size_t length = read_vector(golden->name, frame);
		is_text(describe(frame, length, golden->from, golden->to), golden->text, "%s is shown", golden->name);
	}
}

/* A body of `length` bytes under the header of its own. */
static const char *describe_body(unsigned type, const uint8_t *body, size_t length, enum wire_role from,
                                 enum wire_role to)
{
	static uint8_t frame[FRAME_MAX];
	struct wire_out out;
	wire_out_init(&out, frame, sizeof(frame));
	wire_put_header(&out, type, 0, ID, (uint32_t)length);
	wire_put_fixed(&out, body, length);
	return describe(frame, out.length, from, to);
}

static enum wire_role first_of(unsigned roles)
{
	return (enum wire_role)(roles & ~(roles - 1));
}

static enum wire_role last_of(unsigned roles)
{
	unsigned role = ROLE_TOOL;
	while (!(roles & role))
		role >>= 1;
	return (enum wire_role)role;
}

static void test_cut(const char *name, unsigned type, enum wire_role from, enum wire_role to)
{
	static uint8_t frame[FRAME_MAX];
	unsigned shown = 0;
	size_t length = read_vector(name, frame);
	const uint8_t *body = frame + WIRE_HEADER_SIZE;
	if (length == 0)
		return;
	ok(!strstr(describe(frame, length, from, to), "malformed"), "%s is as it should be", name);
	bool bare = wire_fields(type)->kind == FIELD_BARE;
	for (size_t cut = 0; cut < length - WIRE_HEADER_SIZE; cut++)
		shown += !strstr(describe_body(type, body, cut, from, to), bare ? "no stamp" : "malformed at ");
	is_int(shown, bare ? 1 : 0, "%s is not when it is cut, wherever that is", name);
	memset(frame + length, 0, 1);
	const char *text = describe_body(type, body, length - WIRE_HEADER_SIZE + 1, from, to);
	ok(strstr(text, bare ? "no stamp: bytes left over" : "malformed"), "%s is not when there is more", name);
}

static void test_all_cut(void)
{
#define X(name, number, senders, receivers, max_body, meaning) \
	test_cut(#name, number, first_of(senders), last_of(receivers));
	WIRE_MESSAGES(X)
#undef X
}

static void test_malformed(void)
{
	static const uint8_t version[] = {2, 0, 0, 41, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
	static const uint8_t beyond[] = {1, 0, 0, 41, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 7};
	static const uint8_t reason[] = {4, 0, 0};
	static const uint8_t text[] = {0, 3, 'a', 0, 'b', 1};
	is_text(describe(version, sizeof(version), ROLE_LIMITERD, ROLE_PROXYD),
	        "limiterd -> proxyd 16 bytes, malformed: unknown protocol version\n", "another version");
	is_text(describe(beyond, sizeof(beyond), ROLE_LIMITERD, ROLE_PROXYD),
	        "limiterd -> proxyd 16 bytes, malformed: the frame or a field ends too early\n", "a frame that is cut");
	is_text(describe(beyond, 3, ROLE_LIMITERD, ROLE_PROXYD),
	        "limiterd -> proxyd 3 bytes, malformed: the frame or a field ends too early\n", "a header that is cut");
	is_text(describe_body(999, reason, 3, ROLE_EDGE, ROLE_AUTHD),
	        "edge -> authd number 999 id 7, 3 bytes, malformed: unknown message type\n", "another number");
	is_text(describe_body(MSG_LIMIT_SETTLED, reason, 3, ROLE_LIMITERD, ROLE_PROXYD),
	        "limiterd -> proxyd LIMIT_SETTLED id 7, 3 bytes, malformed: body larger than the table allows\n",
	        "a body that is too long");
	is_text(describe_body(MSG_AUTH_DENY, reason, 3, ROLE_EDGE, ROLE_AUTHD),
	        "edge -> authd AUTH_DENY id 7, 3 bytes, malformed: this party may not send this message here\n",
	        "a message of the other end");
	is_text(describe_body(MSG_AUTH_DENY, reason, 3, ROLE_AUTHD, ROLE_EDGE),
	        "authd -> edge AUTH_DENY id 7, 3 bytes, malformed at reason: a field has a value outside its meaning\n",
	        "a value without meaning");
	is_text(describe_body(MSG_LIMIT_UPSTREAM, text, sizeof(text), ROLE_PROXYD, ROLE_LIMITERD),
	        "proxyd -> limiterd LIMIT_UPSTREAM id 7, 6 bytes, malformed at upstream: a field has a value outside its "
	        "meaning\n",
	        "a NUL in a text");
}

/* The longest line that a good frame can make: a record whose every text is full and has to be escaped. */
static void test_longest(void)
{
	static uint8_t body[WIRE_BODY_MAX];
	struct wire_out out;
	wire_out_init(&out, body, sizeof(body));
	bodies_put(&out, wire_fields(MSG_AUDIT_RECORD), NULL);
	const char *text = describe_body(MSG_AUDIT_RECORD, body, out.length, ROLE_EDGE, ROLE_AUDITD);
	is_int((long long)strlen(text), DESCRIBE_MAX - 1, "a long line is cut");
	ok(strcmp(text + strlen(text) - 4, "...\n") == 0, "and says so");
}

int main(void)
{
	test_goldens();
	test_all_cut();
	test_malformed();
	test_longest();
	return tap_done();
}
