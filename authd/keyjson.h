/* Keys as JSON: as an administrator describes a new one, as they are shown, and as the audit trail has them. */
#ifndef AUTHD_KEYJSON_H
#define AUTHD_KEYJSON_H

#include "args.h"
#include "key.h"

/* The members that describe a new key. */
#define KEYJSON_NEW_MEMBERS \
	"id", "hash", "name", "owner", "models", "rpm", "tpm", "concurrency", "budget", "expires", "local_only", "images", \
		"image_kib"

/* The key described; limits that are not mentioned are the defaults.  The caller frees it.
 * NULL: args->error says why. */
struct key *keyjson_new(struct args *args, const struct limits *defaults, uint64_t now);

/* Everything but secrets; limits and rules that are not set are 0, false or "", times that are not are null. */
json_t *keyjson_show(const struct key *key, uint64_t now);

/* What a record of a change says about the key, as at most RECORD_DETAIL_MAX bytes into text[size]. */
void keyjson_detail(const struct key *key, char *text, size_t size);

#endif
