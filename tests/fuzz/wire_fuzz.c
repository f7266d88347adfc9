/* A message of frames, through every decoder: what decodes must encode to the very same bytes. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "../proto/decoders.h"
#include "fuzz.h"

static const uint8_t key[STAMP_KEY_SIZE] = "a key that only this harness has";
static uint8_t encoded[WIRE_BODY_MAX];

static void check_encoded(const struct wire_out *out, const uint8_t *body, size_t length)
{
	assert(out->error == WIRE_OK);
	assert(out->length == length);
	assert(memcmp(out->data, body, length) == 0);
}

#define X(type, name) \
	static void try_##name(const struct wire_frame *frame) \
	{ \
		struct wire_in in; \
		struct wire_out out; \
		struct name value; \
		wire_in_init(&in, frame->body, frame->length); \
		if (name##_decode(&in, &value) != WIRE_OK) \
			return; \
		wire_out_init(&out, encoded, sizeof(encoded)); \
		name##_encode(&out, &value); \
		check_encoded(&out, frame->body, frame->length); \
	}
DECODERS(X)
#undef X

/* The same for both stamps: the fields come back, the seal holds, one flipped bit breaks it, and it ends in time. */
#define TRY_STAMP(name) \
	static void try_##name(const struct wire_frame *frame) \
	{ \
		struct wire_out out; \
		struct name value; \
		if (name##_read((struct wire_bytes){frame->body, frame->length}, &value) != WIRE_OK) \
			return; \
		wire_out_init(&out, encoded, sizeof(encoded)); \
		name##_seal(&out, &value, key); \
		struct wire_bytes sealed = {encoded, out.length}; \
		uint64_t expires = value.expires; \
		assert(out.error == WIRE_OK && out.length == frame->length); \
		assert(memcmp(encoded, frame->body, out.length - STAMP_SEAL_SIZE) == 0); \
		assert(expires == 0 || name##_open(sealed, key, expires - 1, &value) == WIRE_OK); \
		assert(name##_open(sealed, key, expires, &value) == WIRE_EXPIRED); \
		encoded[frame->id % out.length] ^= 1; \
		assert(name##_open(sealed, key, expires, &value) == WIRE_BAD_SEAL); \
	}
TRY_STAMP(grant)
TRY_STAMP(lease)

/* A list allows what stands in it between two newlines, and one that is empty everything. */
static void try_models(const struct wire_frame *frame)
{
	struct lease lease;
	char list[MODEL_LIST_MAX + 3], name[MODEL_NAME_MAX + 3];
	if (lease_read((struct wire_bytes){frame->body, frame->length}, &lease) != WIRE_OK)
		return;
	snprintf(list, sizeof(list), "\n%s\n", lease.models);
	snprintf(name, sizeof(name), "\n%s\n", lease.model);
	bool is_there = strchr(lease.model, '\n') == NULL && (*lease.models == '\0' || strstr(list, name) != NULL);
	assert(model_list_allows(lease.models, lease.model) == is_there);
}

/* Without a default: a message that nobody thought of here does not compile. */
static void try_frame(const struct wire_frame *frame)
{
	switch ((enum wire_type)frame->type) {
#define X(type, name) \
	case MSG_##type: \
		try_##name(frame); \
		break;
		DECODERS(X)
#undef X
	case MSG_AUTH_GRANT:
		try_grant(frame);
		break;
	case MSG_LIMIT_KEEP:
		try_lease(frame);
		try_models(frame);
		break;
	case MSG_STREAM_BODY:
	case MSG_STREAM_DATA: /* bare bytes */
		break;
	case MSG_HEALTH_ASK:
	case MSG_LIMIT_CANCEL:
	case MSG_LIMIT_SETTLED:
	case MSG_STREAM_CANCEL:
	case MSG_AUDIT_ACK:
		assert(frame->length == 0);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_in in;
	struct wire_frame frame;

	wire_in_init(&in, data, size);
	while (in.error == WIRE_OK && in.offset < size)
		if (wire_next_frame(&in, &frame) == WIRE_OK)
			try_frame(&frame);
	return 0;
}
