/* Messages that every link knows, and the ones of people's tools. */
#ifndef WIRE_MSG_COMMON_H
#define WIRE_MSG_COMMON_H

#include "wire.h"

enum {
	FAULT_TEXT_MAX = 256,
	HEALTH_PARTS_MAX = 8,
	HEALTH_NAME_MAX = 32,
	HEALTH_TEXT_MAX = 128,
	CTL_VERB_MAX = 32,
	CTL_JSON_MAX = 60 * 1024
};

struct fault {
	uint16_t error; /* enum wire_error, or a number that only the peer knows */
	uint16_t type;  /* of the refused frame */
	char text[FAULT_TEXT_MAX + 1];
};

struct health_part {
	char name[HEALTH_NAME_MAX + 1]; /* "store", "journal", an upstream's name */
	bool well;
	char text[HEALTH_TEXT_MAX + 1]; /* why not, or "" */
};

struct health {
	uint8_t count;
	struct health_part parts[HEALTH_PARTS_MAX];
};

struct ctl_call {
	char verb[CTL_VERB_MAX + 1]; /* "key.create" */
	struct wire_bytes json;      /* an object; at most CTL_JSON_MAX */
};

struct ctl_result {
	bool done;              /* false: refused, and json is {"error": "..."} */
	struct wire_bytes json; /* at most CTL_JSON_MAX */
};

void fault_encode(struct wire_out *out, const struct fault *fault);
enum wire_error fault_decode(struct wire_in *in, struct fault *fault);

void health_encode(struct wire_out *out, const struct health *health);
enum wire_error health_decode(struct wire_in *in, struct health *health);

void ctl_call_encode(struct wire_out *out, const struct ctl_call *call);
enum wire_error ctl_call_decode(struct wire_in *in, struct ctl_call *call);

void ctl_result_encode(struct wire_out *out, const struct ctl_result *result);
enum wire_error ctl_result_decode(struct wire_in *in, struct ctl_result *result);

#endif
