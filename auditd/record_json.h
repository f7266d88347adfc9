/*
 * A record as JSON: the lines of the journal and the answers to the audit
 * tool.  Pure.
 *
 * A line of the journal is one object and "\n".  Its members always stand
 * there, in this order: seq (from 1, without gaps), prev (SHA-256 of the
 * whole line before, its newline included, in hex; 64 zeros in line 1), and
 * then those of RECORD_MEMBERS.
 */
#ifndef AUDITD_RECORD_JSON_H
#define AUDITD_RECORD_JSON_H

#include "../proto/wire/msg_audit.h"

enum {
	RECORD_HASH_HEX = 64, /* SHA-256, printed */
	RECORD_ID_HEX = 32,
	RECORD_TIME_TEXT = 24,       /* "2026-10-05T12:34:56.789Z", RFC 3339 */
	RECORD_LINE_MAX = 9 * 1024,  /* of any line: each byte of text may take six */
	RECORD_DAY_MS = 86400 * 1000 /* of a UTC day */
};

/* The largest count that every JSON reader takes as it is (RFC 8259 section 6). */
#define RECORD_COUNT_MAX ((UINT64_C(1) << 53) - 1)

/* The last millisecond of the year 9999: times are printed with four digits of year. */
#define RECORD_TIME_MAX UINT64_C(253402300799999)

/*
 * X(TYPE, member): the order of members in a line and of columns in the store.
 * HEX, KIND, TIME, REQUEST and TEXT are strings in JSON, U16, U32 and U64 numbers, BOOL is a boolean.
 */
#define RECORD_MEMBERS(X) \
	X(HEX, id) \
	X(KIND, kind) \
	X(TIME, time) \
	X(REQUEST, request_id) \
	X(TEXT, key_id) \
	X(TEXT, key_name) \
	X(TEXT, client) \
	X(TEXT, action) \
	X(TEXT, model) \
	X(TEXT, served) \
	X(TEXT, upstream) \
	X(U16, status) \
	X(TEXT, code) \
	X(U64, tokens_in) \
	X(U64, tokens_out) \
	X(BOOL, estimated) \
	X(BOOL, streamed) \
	X(U64, bytes_in) \
	X(U64, bytes_out) \
	X(U32, first_byte_ms) \
	X(U32, total_ms) \
	X(TEXT, detail)

/* What ties a line to its neighbours, and its record to re-sent copies. */
struct record_chain {
	uint64_t seq;
	char prev[RECORD_HASH_HEX + 1];
	uint8_t id[RECORD_ID_SIZE];
	enum audit_kind kind;
};

/* Whether all numbers of the record have a place in JSON: counts up to RECORD_COUNT_MAX, time up to RECORD_TIME_MAX. */
bool record_json_fits(const struct audit_record *record);

/*
 * Appends the object, without a newline; prev NULL leaves that member out.  Text arrives as it is where
 * it is printable UTF-8; control characters are escaped, and a byte that is not UTF-8 becomes '?', so that
 * what is read back is never longer than what was written.
 * The cursor's error is set when there is no room; RECORD_LINE_MAX bytes are always enough.
 */
void record_json_write(struct wire_out *out, const struct audit_record *record, uint64_t seq, const char *prev);

/* Appends its members without the braces, for an object that has others too. */
void record_json_members(struct wire_out *out, const struct audit_record *record, uint64_t seq, const char *prev);

/* Appends a string in quotes, escaped as in records. */
void record_json_text(struct wire_out *out, const char *text);

/* Reads the members a line begins with; false when it does not begin as a line of the journal does. */
bool record_json_chain(const char *line, size_t length, struct record_chain *chain);

/* Reads a whole line back; false when it is none. */
bool record_json_read(const char *line, size_t length, struct audit_record *record, uint64_t *seq);

/* The SHA-256 of a line, in hex. */
void record_json_hash(const char *line, size_t length, char hex[RECORD_HASH_HEX + 1]);

/* A time up to RECORD_TIME_MAX as text, and back; false when the text is no such time. */
void record_json_time(uint64_t time, char text[RECORD_TIME_TEXT + 1]);
bool record_json_time_read(const char *text, uint64_t *time);

/* "request", "refusal", "admin".  Static. */
const char *record_json_kind(enum audit_kind kind);

/* "req_" and 32 hex digits, or "" for an id of zeros; and back. */
enum { RECORD_REQUEST_TEXT = 4 + 2 * REQUEST_ID_SIZE };
void record_json_request(const uint8_t *request_id, char text[RECORD_REQUEST_TEXT + 1]);
bool record_json_request_read(const char *text, uint8_t *request_id);

#endif
