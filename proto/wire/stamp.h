/*
 * The two stamps without which no request reaches a model.
 *
 * A grant says who is calling (sealed by authd for limiterd); a lease says
 * that they may, now (sealed by limiterd for proxyd).  Both are readable by
 * whoever carries them and forgeable by nobody without the pairwise key.
 *
 * A sealed stamp is its fields followed by 32 bytes of keyed BLAKE2b
 * (RFC 7693) over a one-byte label and those fields.
 *
 * Times are milliseconds since the epoch.  A stamp is inside its time when
 * now < expires <= now + STAMP_LIFE_MAX_MS, so that a clock stepped backwards
 * never prolongs one.
 */
#ifndef WIRE_STAMP_H
#define WIRE_STAMP_H

#include "route.h"

enum {
	STAMP_KEY_SIZE = 32,
	STAMP_SEAL_SIZE = 32,
	STAMP_LIFE_MAX_MS = 30 * 1000,
	REQUEST_ID_SIZE = 16,
	LEASE_ID_SIZE = 16,
	KEY_ID_MAX = 32,
	KEY_NAME_MAX = 64,
	MODEL_NAME_MAX = 256,
	MODEL_LIST_MAX = 4096, /* names, newline between */
	UPSTREAM_NAME_MAX = 64,
	GRANT_MAX = 6 * 1024, /* sealed, in bytes */
	LEASE_MAX = 6 * 1024
};

enum budget_period {
	BUDGET_NONE,
	BUDGET_DAY,   /* from 00:00 UTC */
	BUDGET_MONTH, /* from the first of the month, 00:00 UTC */
	BUDGET_PERIOD_LAST = BUDGET_MONTH
};

/* What a key was given.  0 means: no such limit. */
struct limits {
	uint32_t rpm;         /* requests per minute */
	uint32_t tpm;         /* tokens per minute */
	uint32_t concurrency; /* requests at one time */
	uint64_t budget;      /* tokens per period */
	enum budget_period period;
};

/* Where a key's requests may go, and what they may carry.  0 and false mean: no such rule. */
struct scope {
	bool local_only;    /* upstreams that models.json calls local, whatever the route */
	uint32_t images;    /* in one request */
	uint32_t image_kib; /* all of them together, decoded */
};

struct grant {
	char key_id[KEY_ID_MAX + 1];
	char key_name[KEY_NAME_MAX + 1];
	char models[MODEL_LIST_MAX + 1]; /* "": every model */
	uint64_t generation;             /* of the key; a revocation names a later one */
	uint64_t expires;                /* ms since the epoch */
	struct limits limits;
	struct scope scope;
};

struct lease {
	uint8_t id[LEASE_ID_SIZE]; /* single use */
	uint8_t request_id[REQUEST_ID_SIZE];
	char key_id[KEY_ID_MAX + 1];
	char key_name[KEY_NAME_MAX + 1];
	char models[MODEL_LIST_MAX + 1];      /* from the grant; filters model lists */
	char model[MODEL_NAME_MAX + 1];       /* the one asked for; "" for model lists */
	char upstream[UPSTREAM_NAME_MAX + 1]; /* whose slot was taken; "" for model lists */
	uint8_t target;                       /* index in the model's route; of that upstream */
	enum wire_route route;
	struct scope scope;
	uint64_t generation;
	uint64_t expires; /* ms; the stream must be opened before */
	uint64_t tokens;  /* reserved */
};

/* Writes the sealed stamp; key is STAMP_KEY_SIZE bytes.  Errors stay in out->error. */
void grant_seal(struct wire_out *out, const struct grant *grant, const uint8_t *key);
void lease_seal(struct wire_out *out, const struct lease *lease, const uint8_t *key);

/* Reads the fields without judging the seal: for a carrier that holds no key.
 * Returns WIRE_OK or the codec's error. */
enum wire_error grant_read(struct wire_bytes sealed, struct grant *grant);
enum wire_error lease_read(struct wire_bytes sealed, struct lease *lease);

/* Checks the seal (in constant time), then the fields, then the time.
 * Returns WIRE_OK, WIRE_BAD_SEAL, WIRE_EXPIRED or the codec's error; *grant is meaningless on error. */
enum wire_error grant_open(struct wire_bytes sealed, const uint8_t *key, uint64_t now_ms, struct grant *grant);
enum wire_error lease_open(struct wire_bytes sealed, const uint8_t *key, uint64_t now_ms, struct lease *lease);

/* As lease_open, but an expired lease is as good as a fresh one: for settling. */
enum wire_error lease_open_any_time(struct wire_bytes sealed, const uint8_t *key, struct lease *lease);

/* Whether a newline-separated list ("" = everything) names the model. */
bool model_list_allows(const char *list, const char *model);

#endif
