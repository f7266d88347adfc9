#include "record_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../proto/wire/utf8.h"

static const char *const kinds[] = {"request", "refusal", "admin"};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == AUDIT_KIND_LAST + 1, "every kind has a name");

const char *record_json_kind(enum audit_kind kind)
{
	return kinds[kind];
}

bool record_json_fits(const struct audit_record *record)
{
	return record->time <= RECORD_TIME_MAX && record->tokens_in <= RECORD_COUNT_MAX &&
	       record->tokens_out <= RECORD_COUNT_MAX && record->bytes_in <= RECORD_COUNT_MAX &&
	       record->bytes_out <= RECORD_COUNT_MAX;
}

void record_json_time(uint64_t time, char text[RECORD_TIME_TEXT + 1])
{
	time_t seconds = (time_t)(time / 1000);
	struct tm tm;
	char date[32];
	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, RECORD_TIME_TEXT + 1, "%.19s.%03uZ", date, (unsigned)(time % 1000));
}

bool record_json_time_read(const char *text, uint64_t *time)
{
	struct tm tm = {.tm_isdst = 0};
	char again[RECORD_TIME_TEXT + 1];
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	time_t seconds = rest ? timegm(&tm) : -1;
	if (seconds < 0 || *rest != '.')
		return false;
	uint64_t value = (uint64_t)seconds * 1000 + strtoul(rest + 1, NULL, 10);
	if (value > RECORD_TIME_MAX)
		return false;
	record_json_time(value, again);
	*time = value;
	return strcmp(text, again) == 0;
}

void record_json_request(const uint8_t *request_id, char text[RECORD_REQUEST_TEXT + 1])
{
	text[0] = '\0';
	if (sodium_is_zero(request_id, REQUEST_ID_SIZE))
		return;
	memcpy(text, "req_", 4);
	sodium_bin2hex(text + 4, RECORD_REQUEST_TEXT - 4 + 1, request_id, REQUEST_ID_SIZE);
}

/* Exactly `size` bytes from lower-case hex digits; false for anything else. */
static bool read_hex(const char *hex, size_t length, uint8_t *bytes, size_t size)
{
	size_t got;
	if (length != 2 * size || strspn(hex, "0123456789abcdef") < length)
		return false;
	return sodium_hex2bin(bytes, size, hex, length, NULL, &got, NULL) == 0 && got == size;
}

bool record_json_request_read(const char *text, uint8_t *request_id)
{
	memset(request_id, 0, REQUEST_ID_SIZE);
	if (text[0] == '\0')
		return true;
	return strncmp(text, "req_", 4) == 0 && read_hex(text + 4, strlen(text + 4), request_id, REQUEST_ID_SIZE);
}

void record_json_hash(const char *line, size_t length, char hex[RECORD_HASH_HEX + 1])
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(hash, (const uint8_t *)line, length);
	sodium_bin2hex(hex, RECORD_HASH_HEX + 1, hash, sizeof(hash));
}

/* --- writing --- */

static void put(struct wire_out *out, const char *text)
{
	wire_put_fixed(out, text, strlen(text));
}

/* One character of a string: `size` bytes of UTF-8, or 0 for a byte that is none. */
static void put_character(struct wire_out *out, const char *text, size_t size)
{
	char escape[8];
	unsigned code = (uint8_t)text[0];
	if (size == 2)
		code = (code & 0x1fu) << 6 | ((uint8_t)text[1] & 0x3fu);
	if (size == 0)
		put(out, "?");
	else if (code == '"' || code == '\\')
		wire_put_fixed(out, (const char[]){'\\', text[0]}, 2);
	else if (size <= 2 && (code < 0x20 || (code >= 0x7f && code < 0xa0))) { /* C1 controls steer terminals too */
		snprintf(escape, sizeof(escape), "\\u%04x", code);
		put(out, escape);
	} else
		wire_put_fixed(out, text, size);
}

void record_json_text(struct wire_out *out, const char *text)
{
	size_t left = strlen(text);
	put(out, "\"");
	while (left > 0) {
		size_t size = utf8_length(text, left);
		put_character(out, text, size);
		text += size ? size : 1;
		left -= size ? size : 1;
	}
	put(out, "\"");
}

static void put_number(struct wire_out *out, uint64_t number)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, number);
	put(out, text);
}

static void put_time(struct wire_out *out, uint64_t time)
{
	char text[RECORD_TIME_TEXT + 1];
	record_json_time(time, text);
	record_json_text(out, text);
}

static void put_id(struct wire_out *out, const uint8_t *id)
{
	char text[RECORD_ID_HEX + 1];
	sodium_bin2hex(text, sizeof(text), id, RECORD_ID_SIZE);
	record_json_text(out, text);
}

static void put_request(struct wire_out *out, const uint8_t *request_id)
{
	char text[RECORD_REQUEST_TEXT + 1];
	record_json_request(request_id, text);
	record_json_text(out, text);
}

#define PUT_HEX(value) put_id(out, value)
#define PUT_KIND(value) record_json_text(out, kinds[value])
#define PUT_TIME(value) put_time(out, value)
#define PUT_REQUEST(value) put_request(out, value)
#define PUT_TEXT(value) record_json_text(out, value)
#define PUT_U16(value) put_number(out, value)
#define PUT_U32(value) put_number(out, value)
#define PUT_U64(value) put_number(out, value)
#define PUT_BOOL(value) put(out, (value) ? "true" : "false")

void record_json_members(struct wire_out *out, const struct audit_record *record, uint64_t seq, const char *prev)
{
	put(out, "\"seq\":");
	put_number(out, seq);
	if (prev) {
		put(out, ",\"prev\":");
		record_json_text(out, prev);
	}
#define X(type, member) \
	put(out, ",\"" #member "\":"); \
	PUT_##type(record->member);
	RECORD_MEMBERS(X)
#undef X
}

void record_json_write(struct wire_out *out, const struct audit_record *record, uint64_t seq, const char *prev)
{
	put(out, "{");
	record_json_members(out, record, seq, prev);
	put(out, "}");
}

/* --- reading --- */

/* What follows the prefix, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);
	return text && strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* What follows so many hex digits, which are copied, or NULL. */
static const char *after_hex(const char *text, char *hex, size_t digits)
{
	if (!text || strspn(text, "0123456789abcdef") != digits)
		return NULL;
	memcpy(hex, text, digits);
	hex[digits] = '\0';
	return text + digits;
}

/* What follows the name of a kind and its quote, or NULL. */
static const char *after_kind(const char *text, enum audit_kind *kind)
{
	const char *rest = NULL;
	for (size_t i = 0; i <= AUDIT_KIND_LAST && !rest; i++) {
		rest = after(after(text, kinds[i]), "\"");
		*kind = (enum audit_kind)i;
	}
	return rest;
}

bool record_json_chain(const char *line, size_t length, struct record_chain *chain)
{
	char text[256]; /* more than a line's first members take */
	char id[RECORD_ID_HEX + 1];
	char *end;
	size_t size = length < sizeof(text) ? length : sizeof(text) - 1;
	memcpy(text, line, size);
	text[size] = '\0';
	const char *at = after(text, "{\"seq\":");
	if (!at || *at < '0' || *at > '9')
		return false;
	chain->seq = strtoull(at, &end, 10);
	at = after_hex(after(end, ",\"prev\":\""), chain->prev, RECORD_HASH_HEX);
	at = after_hex(after(at, "\",\"id\":\""), id, RECORD_ID_HEX);
	at = after_kind(after(at, "\",\"kind\":\""), &chain->kind);
	return after(at, ",") && chain->seq > 0 && chain->seq <= RECORD_COUNT_MAX &&
	       read_hex(id, RECORD_ID_HEX, chain->id, RECORD_ID_SIZE);
}

struct reader {
	json_t *object;
	bool bad; /* a member is missing, of another type or out of range */
};

static const char *get_string(struct reader *reader, const char *name)
{
	const char *text = json_string_value(json_object_get(reader->object, name));
	if (!text)
		reader->bad = true;
	return text ? text : "";
}

static void get_text(struct reader *reader, const char *name, char *text, size_t size)
{
	if (snprintf(text, size, "%s", get_string(reader, name)) >= (int)size)
		reader->bad = true;
}

static uint64_t get_number(struct reader *reader, const char *name, uint64_t max)
{
	json_t *value = json_object_get(reader->object, name);
	json_int_t number = json_integer_value(value);
	if (json_is_integer(value) && number >= 0 && (uint64_t)number <= max)
		return (uint64_t)number;
	reader->bad = true;
	return 0;
}

static bool get_bool(struct reader *reader, const char *name)
{
	json_t *value = json_object_get(reader->object, name);
	if (!json_is_boolean(value))
		reader->bad = true;
	return json_is_true(value);
}

static void get_id(struct reader *reader, const char *name, uint8_t *id)
{
	const char *text = get_string(reader, name);
	if (!read_hex(text, strlen(text), id, RECORD_ID_SIZE))
		reader->bad = true;
}

static void get_request(struct reader *reader, const char *name, uint8_t *request_id)
{
	if (!record_json_request_read(get_string(reader, name), request_id))
		reader->bad = true;
}

static uint64_t get_time(struct reader *reader, const char *name)
{
	uint64_t time = 0;
	if (!record_json_time_read(get_string(reader, name), &time))
		reader->bad = true;
	return time;
}

static enum audit_kind get_kind(struct reader *reader, const char *name)
{
	const char *text = get_string(reader, name);
	for (size_t i = 0; i <= AUDIT_KIND_LAST; i++)
		if (strcmp(text, kinds[i]) == 0)
			return (enum audit_kind)i;
	reader->bad = true;
	return AUDIT_REQUEST;
}

#define GET_HEX(member) get_id(&reader, #member, record->member)
#define GET_KIND(member) record->member = get_kind(&reader, #member)
#define GET_TIME(member) record->member = get_time(&reader, #member)
#define GET_REQUEST(member) get_request(&reader, #member, record->member)
#define GET_TEXT(member) get_text(&reader, #member, record->member, sizeof(record->member))
#define GET_U16(member) record->member = (uint16_t)get_number(&reader, #member, UINT16_MAX)
#define GET_U32(member) record->member = (uint32_t)get_number(&reader, #member, UINT32_MAX)
#define GET_U64(member) record->member = get_number(&reader, #member, RECORD_COUNT_MAX)
#define GET_BOOL(member) record->member = get_bool(&reader, #member)

bool record_json_read(const char *line, size_t length, struct audit_record *record, uint64_t *seq)
{
	struct reader reader = {.object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL)};
	reader.bad = !json_is_object(reader.object);
	*seq = get_number(&reader, "seq", RECORD_COUNT_MAX);
#define X(type, member) GET_##type(member);
	RECORD_MEMBERS(X)
#undef X
	json_decref(reader.object);
	return !reader.bad;
}
