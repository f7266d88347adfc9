#include "revoke.h"

#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"

enum { RETRY_MS = 100 };

static const struct keystore *known;
static struct ipc_link *links[REVOKE_LINKS_MAX];
static size_t link_count;
static struct {
	uint64_t after; /* generation */
	uint64_t until; /* loop_now() */
} news;
static struct loop_timer retry; /* armed: a link that is up had no room for an announcement */

static void repeat_all(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < link_count; i++)
		revoke_repeat(links[i]);
}

void revoke_open(const struct keystore *keys)
{
	known = keys;
	retry.expired = repeat_all;
}

void revoke_add_link(struct ipc_link *link)
{
	CHECK(link_count < REVOKE_LINKS_MAX);
	links[link_count++] = link;
}

/* A link that is down needs nothing now: it is repeated to when it comes up. */
static void send(struct ipc_link *link, const struct key *key)
{
	struct auth_revoke revoke = {.generation = key_floor(key, loop_wall())};
	if (!ipc_is_up(link))
		return;
	struct wire_out *out = ipc_begin(link, MSG_AUTH_REVOKE, 0, 0);
	if (!out) {
		loop_timer_set(&retry, RETRY_MS);
		return;
	}
	memcpy(revoke.key_id, key->id, sizeof(revoke.key_id));
	auth_revoke_encode(out, &revoke);
	ipc_end(link);
}

/* A key that is as it was made has no void stamps. */
static bool has_void_stamps(const struct key *key)
{
	return key->revoked != 0 || key->former.until != 0;
}

void revoke_announce(const struct key *key)
{
	for (size_t i = 0; i < link_count && has_void_stamps(key); i++)
		send(links[i], key);
}

/* A clock that was set back makes recent what lies ahead. */
static bool is_recent(const struct key *key)
{
	bool is_news = loop_now() < news.until && key->generation > news.after;
	return is_news || loop_wall() < key->changed + REVOKE_KNOWN_MS;
}

void revoke_since(uint64_t generation)
{
	if (loop_now() >= news.until || generation < news.after)
		news.after = generation;
	news.until = loop_now() + REVOKE_KNOWN_MS;
}

void revoke_repeat(struct ipc_link *link)
{
	for (size_t i = 0; i < keystore_count(known); i++) {
		const struct key *key = keystore_at(known, i);
		if (has_void_stamps(key) && is_recent(key))
			send(link, key);
	}
}
