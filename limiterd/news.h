/*
 * What proxyd says of upstreams: whether one may be given work, and which
 * models it lists.  Kept by the upstream's name, so that it outlives a reload
 * of models.json, and forgotten with proxyd: until it is said otherwise every
 * upstream may be given work, and what it lists is not known.
 *
 * Pure.
 */
#ifndef LIMITERD_NEWS_H
#define LIMITERD_NEWS_H

#include "../proto/daemon/models.h"
#include "../proto/wire/msg_limit.h"

enum { NEWS_MAX = 128 }; /* upstreams of which something is known */

enum news_listing { NEWS_LACKS, NEWS_UNKNOWN, NEWS_LISTS };

struct notice;

/* All zero is none. */
struct news {
	struct notice *first;
	unsigned count;
};

/* Each is WIRE_BUSY when there are news of too many upstreams.  The offer is copied. */
enum wire_error news_available(struct news *news, const char *upstream, bool available);
enum wire_error news_offer(struct news *news, const struct limit_offer *offer);

bool news_is_available(const struct news *news, const char *upstream);

/* Whether an upstream lists a model, "MODEL:latest" being the same as "MODEL". */
enum news_listing news_lists(const struct news *news, const char *upstream, const char *model);

/* Forgets upstreams that models.json does not name. */
void news_follow(struct news *news, const struct models *models);

/* Forgets everything. */
void news_forget(struct news *news);

#endif
