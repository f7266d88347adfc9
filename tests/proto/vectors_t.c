/*
 * Golden vectors: one frame of every message with a body, as hex in
 * vectors/NAME.hex, for anyone who writes a daemon of their own, and as bytes
 * for the fuzzer of frames, which has to begin with messages as they are now.
 * `vectors_t --update` writes the files anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/wire/msg_audit.h"
#include "../../proto/wire/msg_auth.h"
#include "../../proto/wire/msg_common.h"
#include "../../proto/wire/msg_limit.h"
#include "../tap/tap.h"

enum { ID = 7, FRAME_MAX = WIRE_HEADER_SIZE + WIRE_BODY_MAX, LINE_BYTES = 16 };
#define DIRECTORY "tests/proto/vectors/"
#define SEEDS "tests/fuzz/corpus/wire/"

static const uint8_t stamp_key[STAMP_KEY_SIZE] = "0123456789abcdef0123456789abcde";
static uint8_t sealed_bytes[GRANT_MAX];

static const struct grant grant = {.key_id = "k3y1d",
                                   .key_name = "laptop",
                                   .models = "llama3.2\nqwen3",
                                   .generation = 5,
                                   .expires = 1700000005000,
                                   .limits = {60, 100000, 4, 2000000, BUDGET_MONTH},
                                   .scope = {true, 4, 8192}};
static const struct lease lease = {.id = "lease-id-16-byte",
                                   .request_id = "request-16-bytes",
                                   .key_id = "k3y1d",
                                   .key_name = "laptop",
                                   .models = "llama3.2\nqwen3",
                                   .model = "llama3.2",
                                   .upstream = "ollama",
                                   .target = 1,
                                   .route = ROUTE_CHAT,
                                   .scope = {true, 4, 8192},
                                   .generation = 5,
                                   .expires = 1700000005000,
                                   .tokens = 1040};

static struct wire_bytes sealed_grant(void)
{
	struct wire_out out;
	wire_out_init(&out, sealed_bytes, sizeof(sealed_bytes));
	grant_seal(&out, &grant, stamp_key);
	return (struct wire_bytes){sealed_bytes, out.length};
}

static struct wire_bytes sealed_lease(void)
{
	struct wire_out out;
	wire_out_init(&out, sealed_bytes, sizeof(sealed_bytes));
	lease_seal(&out, &lease, stamp_key);
	return (struct wire_bytes){sealed_bytes, out.length};
}

static void put_grant(struct wire_out *out)
{
	grant_seal(out, &grant, stamp_key);
}

static void put_lease(struct wire_out *out)
{
	lease_seal(out, &lease, stamp_key);
}

static struct wire_bytes bytes_of(const char *text)
{
	return (struct wire_bytes){(const uint8_t *)text, strlen(text)};
}

/* MESSAGE(type, stem of its functions, fields): encodes the value; decodes and encodes again. */
#define MESSAGE(stem, ...) \
	static void put_##stem(struct wire_out *out) \
	{ \
		const struct stem message = __VA_ARGS__; \
		stem##_encode(out, &message); \
	} \
	static void again_##stem(struct wire_in *in, struct wire_out *out) \
	{ \
		struct stem message; \
		is_int(stem##_decode(in, &message), WIRE_OK, #stem " decodes"); \
		stem##_encode(out, &message); \
	}

MESSAGE(fault, {WIRE_BAD_SEAL, MSG_LIMIT_TAKE, "the seal does not match"})
MESSAGE(health, {2, {{"store", true, ""}, {"sandbox", true, "privileges"}}})
MESSAGE(auth_ask, {"SHA-256 of a secret: 32 bytes...", "request-16-bytes"})
MESSAGE(auth_deny, {AUTH_REVOKED, "k3y1d"})
MESSAGE(auth_revoke, {"k3y1d", 6})
MESSAGE(limit_take, {sealed_grant(), "request-16-bytes", ROUTE_CHAT, "llama3.2", 1040})
MESSAGE(limit_lease, {{60, 59, 1000}, {100000, 98960, 624}, 12, sealed_lease()})
MESSAGE(limit_deny, {LIMIT_TOKENS, 1780, 30000, 30000, 890, {60, 12, 48000}, {30000, 0, 60000}})
MESSAGE(limit_settle, {sealed_lease(), 28, true})
MESSAGE(limit_upstream, {"ollama", true})
MESSAGE(limit_pool, {"ollama", 10, 10, 3})
MESSAGE(limit_offer, {"ollama", bytes_of("llama3.2\nqwen3")})
MESSAGE(limit_move, {sealed_lease(), 2, "vllm"})
MESSAGE(limit_moved, {sealed_lease()})
MESSAGE(stream_open, {sealed_lease(), "192.0.2.7", bytes_of("anthropic-version: 2023-06-01\r\n"), 20,
                      bytes_of("{\"model\":\"llama3.2\"}")})
MESSAGE(stream_head, {200, true, "text/event-stream", "", false, 0})
MESSAGE(stream_trailer, {STREAM_COMPLETE, 26, 2, 31000, ""})
MESSAGE(stream_credit, {16384})
MESSAGE(audit_record, {"record-id-16-byt",
                       AUDIT_REQUEST,
                       1700000000123,
                       "request-16-bytes",
                       "k3y1d",
                       "laptop",
                       "192.0.2.7",
                       "chat.completions",
                       "gpt-4o-mini",
                       "llama3.2",
                       "ollama",
                       200,
                       "",
                       26,
                       2,
                       false,
                       true,
                       20,
                       512,
                       31,
                       48,
                       ""})
MESSAGE(usage_ask, {"k3y1d", 1698796800000})
MESSAGE(usage_total, {123456, 78})
MESSAGE(ctl_call, {"key.show", bytes_of("{\"id\":\"k3y1d\"}")})
MESSAGE(ctl_result, {true, bytes_of("{}")})

static const struct vector {
	const char *name;
	uint16_t type;
	uint8_t flags;
	void (*put)(struct wire_out *out);
	void (*again)(struct wire_in *in, struct wire_out *out); /* NULL: the body is a bare stamp */
} vectors[] = {
#define VECTOR(type, flags, stem) \
	{ \
#type, MSG_##type, flags, put_##stem, again_##stem \
	}
	VECTOR(FAULT, 0, fault),
	VECTOR(HEALTH, 0, health),
	VECTOR(AUTH_ASK, 0, auth_ask),
	{"AUTH_GRANT", MSG_AUTH_GRANT, 0, put_grant, NULL},
	VECTOR(AUTH_DENY, 0, auth_deny),
	VECTOR(AUTH_REVOKE, 0, auth_revoke),
	VECTOR(LIMIT_TAKE, 0, limit_take),
	VECTOR(LIMIT_LEASE, 0, limit_lease),
	VECTOR(LIMIT_DENY, 0, limit_deny),
	{"LIMIT_KEEP", MSG_LIMIT_KEEP, 0, put_lease, NULL},
	VECTOR(LIMIT_SETTLE, 0, limit_settle),
	VECTOR(LIMIT_UPSTREAM, 0, limit_upstream),
	VECTOR(LIMIT_POOL, 0, limit_pool),
	VECTOR(LIMIT_OFFER, 0, limit_offer),
	VECTOR(LIMIT_MOVE, 0, limit_move),
	VECTOR(LIMIT_MOVED, 0, limit_moved),
	VECTOR(STREAM_OPEN, WIRE_FLAG_END, stream_open),
	VECTOR(STREAM_HEAD, 0, stream_head),
	VECTOR(STREAM_TRAILER, 0, stream_trailer),
	VECTOR(STREAM_CREDIT, 0, stream_credit),
	VECTOR(AUDIT_RECORD, 0, audit_record),
	VECTOR(USAGE_ASK, 0, usage_ask),
	VECTOR(USAGE_TOTAL, 0, usage_total),
	VECTOR(CTL_CALL, 0, ctl_call),
	VECTOR(CTL_RESULT, 0, ctl_result),
};

static size_t encode(const struct vector *vector, uint8_t *frame)
{
	struct wire_out body, header;
	wire_out_init(&body, frame + WIRE_HEADER_SIZE, wire_body_max(vector->type));
	vector->put(&body);
	ok(body.error == WIRE_OK, "%s fits its maximum", vector->name);
	wire_out_init(&header, frame, WIRE_HEADER_SIZE);
	wire_put_header(&header, vector->type, vector->flags, ID, (uint32_t)body.length);
	return WIRE_HEADER_SIZE + body.length;
}

static FILE *open_file(const char *directory, const struct vector *vector, const char *ending, const char *mode)
{
	char path[128];
	snprintf(path, sizeof(path), "%s%s%s", directory, vector->name, ending);
	FILE *file = fopen(path, mode);
	if (!file)
		perror(path);
	if (!file && *mode == 'w')
		exit(1);
	return file;
}

static void write_vector(const struct vector *vector, const uint8_t *frame, size_t length)
{
	FILE *file = open_file(DIRECTORY, vector, ".hex", "w"), *seed = open_file(SEEDS, vector, "", "w");
	for (size_t i = 0; i < length; i++)
		fprintf(file, "%02x%c", frame[i], i % LINE_BYTES == LINE_BYTES - 1 || i == length - 1 ? '\n' : ' ');
	fwrite(frame, 1, length, seed);
	fclose(file);
	fclose(seed);
}

static size_t read_vector(const struct vector *vector, uint8_t *frame)
{
	char digits[3];
	size_t length = 0;
	FILE *file = open_file(DIRECTORY, vector, ".hex", "r");
	while (file && length < FRAME_MAX && fscanf(file, "%2s", digits) == 1)
		frame[length++] = (uint8_t)strtoul(digits, NULL, 16);
	if (file)
		fclose(file);
	return length;
}

static size_t read_seed(const struct vector *vector, uint8_t *frame)
{
	FILE *file = open_file(SEEDS, vector, "", "r");
	size_t length = file ? fread(frame, 1, FRAME_MAX, file) : 0;
	if (file)
		fclose(file);
	return length;
}

static void judge(const struct vector *vector, const uint8_t *wanted, size_t wanted_length)
{
	static uint8_t again[FRAME_MAX];
	uint8_t *body = again + WIRE_HEADER_SIZE;
	struct wire_frame frame;
	struct wire_in in;
	struct wire_out out;
	wire_in_init(&in, wanted, wanted_length);
	is_int(wire_next_frame(&in, &frame), WIRE_OK, "%s is a frame", vector->name);
	is_int(frame.type, vector->type, "of its type");
	is_int(wire_end(&in), WIRE_OK, "and nothing else");
	if (!vector->again)
		return;
	wire_in_init(&in, frame.body, frame.length);
	wire_out_init(&out, body, WIRE_BODY_MAX);
	vector->again(&in, &out);
	is_bytes(body, out.length, frame.body, frame.length, "%s: decoding and encoding changes nothing", vector->name);
}

static void test_vector(const struct vector *vector)
{
	static uint8_t ours[FRAME_MAX], golden[FRAME_MAX], seed[FRAME_MAX];
	size_t length = encode(vector, ours), seed_length = read_seed(vector, seed);
	size_t golden_length = read_vector(vector, golden);
	is_bytes(ours, length, golden, golden_length, "%s is encoded as in vectors/%s.hex", vector->name, vector->name);
	is_bytes(ours, length, seed, seed_length, "and so is the fuzzer's seed");
	judge(vector, golden, golden_length);
}

int main(int argc, char **argv)
{
	static uint8_t frame[FRAME_MAX];
	bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		if (update)
			write_vector(&vectors[i], frame, encode(&vectors[i], frame));
		else
			test_vector(&vectors[i]);
	return tap_done();
}
