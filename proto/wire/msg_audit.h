/* Messages towards auditd. */
#ifndef WIRE_MSG_AUDIT_H
#define WIRE_MSG_AUDIT_H

#include "msg_stream.h"

enum { RECORD_ID_SIZE = 16, RECORD_ACTION_MAX = 48, RECORD_DETAIL_MAX = 512 };

enum audit_kind {
	AUDIT_REQUEST, /* by proxyd: a request that was leased */
	AUDIT_REFUSAL, /* by edge: one that was not */
	AUDIT_ADMIN,   /* by authd: a change an administrator made */
	AUDIT_KIND_LAST = AUDIT_ADMIN
};

/* One record.  What does not apply is 0 or "". */
struct audit_record {
	uint8_t id[RECORD_ID_SIZE]; /* random; the same record sent twice is one record */
	enum audit_kind kind;
	uint64_t time;                       /* ms since the epoch */
	uint8_t request_id[REQUEST_ID_SIZE]; /* all zero: none */
	char key_id[KEY_ID_MAX + 1];
	char key_name[KEY_NAME_MAX + 1];
	char client[CLIENT_ADDRESS_MAX + 1];
	char action[RECORD_ACTION_MAX + 1]; /* route label, or "key.create" and the like */
	char model[MODEL_NAME_MAX + 1];     /* as asked for */
	char served[MODEL_NAME_MAX + 1];    /* as sent upstream */
	char upstream[UPSTREAM_NAME_MAX + 1];
	uint16_t status;
	char code[ERROR_CODE_MAX + 1];
	uint64_t tokens_in;
	uint64_t tokens_out;
	bool estimated; /* the tokens were observed, not reported */
	bool streamed;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint32_t first_byte_ms;
	uint32_t total_ms;
	char detail[RECORD_DETAIL_MAX + 1]; /* JSON object, for AUDIT_ADMIN */
};

/* AUDIT_ACK has no body: the frame id is the one of AUDIT_RECORD. */

struct usage_ask {
	char key_id[KEY_ID_MAX + 1];
	uint64_t since; /* ms since the epoch */
};

struct usage_total {
	uint64_t tokens;
	uint64_t requests;
};

void audit_record_encode(struct wire_out *out, const struct audit_record *record);
enum wire_error audit_record_decode(struct wire_in *in, struct audit_record *record);

void usage_ask_encode(struct wire_out *out, const struct usage_ask *ask);
enum wire_error usage_ask_decode(struct wire_in *in, struct usage_ask *ask);

void usage_total_encode(struct wire_out *out, const struct usage_total *total);
enum wire_error usage_total_decode(struct wire_in *in, struct usage_total *total);

#endif
