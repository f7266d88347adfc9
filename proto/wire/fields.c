#include "fields.h"

#include "msg_audit.h"
#include "msg_auth.h"
#include "msg_common.h"
#include "msg_limit.h"
#include "msg_stream.h"

/* Kind, size and name; what else there is to say of a field follows. */
#define F(of_kind, size, ...) \
	{ \
		.kind = FIELD_##of_kind, .max = size, .name = __VA_ARGS__ \
	}
#define END \
	{ \
		.kind = FIELD_NONE \
	}

static const struct wire_field FAULT[] = {
	F(U16, 0, "error"),
	F(U16, 0, "number of the refused message"),
	F(STR, FAULT_TEXT_MAX, "text"),
	END,
};
static const struct wire_field HEALTH_ASK[] = {END};
static const struct wire_field health_part[] = {
	F(STR, HEALTH_NAME_MAX, "name"),
	F(BOOL, 0, "well"),
	F(STR, HEALTH_TEXT_MAX, "text"),
	END,
};
static const struct wire_field HEALTH[] = {
	F(LIST, HEALTH_PARTS_MAX, "count", .of = health_part),
	END,
};

static const struct wire_field AUTH_ASK[] = {
	F(FIXED, CREDENTIAL_HASH_SIZE, "SHA-256 of the credential", .sight = SIGHT_LENGTH),
	F(FIXED, REQUEST_ID_SIZE, "request id"),
	END,
};
static const struct wire_field AUTH_GRANT[] = {
	F(BARE, 0, "a sealed grant", .sight = SIGHT_GRANT),
	END,
};
static const struct wire_field AUTH_DENY[] = {
	F(U8, 0, "reason", .words = {"unknown", "revoked", "expired", "unavailable"}),
	F(STR, KEY_ID_MAX, "key id"),
	END,
};
static const struct wire_field AUTH_REVOKE[] = {
	F(STR, KEY_ID_MAX, "key id"),
	F(U64, 0, "generation"),
	END,
};

static const struct wire_field LIMIT_TAKE[] = {
	F(BYTES, GRANT_MAX, "sealed grant", .sight = SIGHT_GRANT),
	F(FIXED, REQUEST_ID_SIZE, "request id"),
	F(ROUTE, 0, "route"),
	F(STR, MODEL_NAME_MAX, "model"),
	F(U64, 0, "estimated tokens"),
	END,
};
static const struct wire_field LIMIT_LEASE[] = {
	F(LEVEL, 0, "requests"),
	F(LEVEL, 0, "tokens"),
	F(U32, 0, "ms waited"),
	F(BYTES, LEASE_MAX, "sealed lease", .sight = SIGHT_LEASE),
	END,
};
static const struct wire_field LIMIT_DENY[] = {
	F(U8, 0, "reason",
      .words = {"requests per minute", "tokens per minute", "concurrency", "budget", "slots", "model", "grant",
                "unavailable"}),
	F(U32, 0, "retry after ms", .note = " (0: retrying does not help)"),
	F(U64, 0, "limit"),
	F(U64, 0, "used"),
	F(U64, 0, "requested"),
	F(LEVEL, 0, "requests"),
	F(LEVEL, 0, "tokens"),
	END,
};
static const struct wire_field LIMIT_CANCEL[] = {END};
static const struct wire_field LIMIT_KEEP[] = {
	F(BARE, 0, "a sealed lease", .sight = SIGHT_LEASE),
	END,
};
static const struct wire_field LIMIT_SETTLE[] = {
	F(BYTES, LEASE_MAX, "sealed lease", .sight = SIGHT_LEASE),
	F(U64, 0, "tokens used"),
	F(BOOL, 0, "charged"),
	END,
};
static const struct wire_field LIMIT_SETTLED[] = {END};
static const struct wire_field LIMIT_UPSTREAM[] = {
	F(STR, UPSTREAM_NAME_MAX, "upstream"),
	F(BOOL, 0, "available"),
	END,
};
static const struct wire_field LIMIT_POOL[] = {
	F(STR, UPSTREAM_NAME_MAX, "upstream"), F(U32, 0, "slots"), F(U32, 0, "in use"), F(U32, 0, "callers waiting"), END,
};
static const struct wire_field LIMIT_OFFER[] = {
	F(STR, UPSTREAM_NAME_MAX, "upstream"),
	F(BYTES, OFFER_MAX, "model names", .note = ", newline between"),
	END,
};
static const struct wire_field LIMIT_MOVE[] = {
	F(BYTES, LEASE_MAX, "sealed lease", .sight = SIGHT_LEASE),
	F(U8, 0, "target"),
	F(STR, UPSTREAM_NAME_MAX, "upstream"),
	END,
};
static const struct wire_field LIMIT_MOVED[] = {
	F(BYTES, LEASE_MAX, "sealed lease", .sight = SIGHT_LEASE, .note = ", or none"),
	END,
};

static const struct wire_field STREAM_OPEN[] = {
	F(BYTES, LEASE_MAX, "sealed lease", .sight = SIGHT_LEASE),          F(STR, CLIENT_ADDRESS_MAX, "client address"),
	F(BYTES, PASSED_MAX, "header lines", .sight = SIGHT_LENGTH),        F(U64, 0, "length of the whole body"),
	F(BYTES, WIRE_CHUNK_MAX, "its first bytes", .sight = SIGHT_LENGTH), END,
};
static const struct wire_field STREAM_HEAD[] = {
	F(U16, 599, "status", .min = 200),
	F(BOOL, 0, "streaming"),
	F(STR, CONTENT_TYPE_MAX, "content type"),
	F(STR, HEADER_BLOCK_MAX, "header lines", .sight = SIGHT_LENGTH),
	F(BOOL, 0, "length known"),
	F(U64, 0, "length"),
	END,
};
static const struct wire_field STREAM_BODY[] = {
	F(BARE, 0, "bytes", .sight = SIGHT_LENGTH),
	END,
};
static const struct wire_field STREAM_DATA[] = {
	F(BARE, 0, "bytes", .sight = SIGHT_LENGTH),
	END,
};
static const struct wire_field STREAM_CANCEL[] = {END};
static const struct wire_field STREAM_TRAILER[] = {
	F(U8, 0, "end", .words = {"complete", "cut", "aborted"}),
	F(U64, 0, "tokens in"),
	F(U64, 0, "tokens out"),
	F(U32, 0, "µs until the upstream's first byte"),
	F(STR, ERROR_CODE_MAX, "error code"),
	END,
};
static const struct wire_field STREAM_CREDIT[] = {
	F(U32, 0, "bytes"),
	END,
};

static const struct wire_field AUDIT_RECORD[] = {
	F(FIXED, RECORD_ID_SIZE, "record id"),
	F(U8, 0, "kind", .words = {"request", "refusal", "admin"}),
	F(U64, 0, "time"),
	F(FIXED, REQUEST_ID_SIZE, "request id"),
	F(STR, KEY_ID_MAX, "key id"),
	F(STR, KEY_NAME_MAX, "key name"),
	F(STR, CLIENT_ADDRESS_MAX, "client"),
	F(STR, RECORD_ACTION_MAX, "action"),
	F(STR, MODEL_NAME_MAX, "model"),
	F(STR, MODEL_NAME_MAX, "served"),
	F(STR, UPSTREAM_NAME_MAX, "upstream"),
	F(U16, 0, "status"),
	F(STR, ERROR_CODE_MAX, "code"),
	F(U64, 0, "tokens in"),
	F(U64, 0, "tokens out"),
	F(BOOL, 0, "estimated"),
	F(BOOL, 0, "streamed"),
	F(U64, 0, "bytes in"),
	F(U64, 0, "bytes out"),
	F(U32, 0, "first byte ms"),
	F(U32, 0, "total ms"),
	F(STR, RECORD_DETAIL_MAX, "detail"),
	END,
};
static const struct wire_field AUDIT_ACK[] = {END};
static const struct wire_field USAGE_ASK[] = {
	F(STR, KEY_ID_MAX, "key id"),
	F(U64, 0, "since"),
	END,
};
static const struct wire_field USAGE_TOTAL[] = {
	F(U64, 0, "tokens"),
	F(U64, 0, "requests"),
	END,
};

static const struct wire_field CTL_CALL[] = {
	F(STR, CTL_VERB_MAX, "verb"),
	F(BYTES, CTL_JSON_MAX, "JSON object", .sight = SIGHT_LENGTH),
	END,
};
static const struct wire_field CTL_RESULT[] = {
	F(BOOL, 0, "done"),
	F(BYTES, CTL_JSON_MAX, "JSON object", .sight = SIGHT_LENGTH),
	END,
};

const struct wire_field *wire_fields(unsigned type)
{
	switch (type) {
#define X(name, number, senders, receivers, max_body, meaning) \
	case number: \
		return name;
		WIRE_MESSAGES(X)
#undef X
	default:
		return NULL;
	}
}

size_t wire_field_words(const struct wire_field *field)
{
	size_t count = 0;
	while (count < FIELD_WORDS_MAX && field->words[count])
		count++;
	return count;
}
