#include "shares.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/wire/stamp.h"

enum { BUCKETS = 256 };

struct share {
	uint64_t taken;
	unsigned bodies;
	struct share *next; /* in the bucket */
	char key_id[KEY_ID_MAX + 1];
};

static struct share *buckets[BUCKETS];
static uint64_t all_taken;

/* FNV-1a: a key's id is authd's to choose, no stranger's. */
static struct share **bucket_of(const char *key_id)
{
	uint32_t hash = 2166136261u;
	for (; *key_id; key_id++)
		hash = (hash ^ (unsigned char)*key_id) * 16777619u;
	return &buckets[hash % BUCKETS];
}

static struct share *make(const char *key_id)
{
	struct share **bucket = bucket_of(key_id);
	struct share *share = calloc(1, sizeof(*share));
	if (!share)
		return NULL;
	snprintf(share->key_id, sizeof(share->key_id), "%s", key_id);
	share->next = *bucket;
	*bucket = share;
	return share;
}

struct share *shares_join(const char *key_id)
{
	struct share *share = *bucket_of(key_id);
	while (share && strcmp(share->key_id, key_id) != 0)
		share = share->next;
	if (!share)
		share = make(key_id);
	if (share)
		share->bodies++;
	return share;
}

bool shares_take(struct share *share, uint64_t length, uint64_t total)
{
	uint64_t others = all_taken - share->taken;
	uint64_t left = total > others ? total - others : 0;
	if (length > left / 2 || share->taken > left / 2 - length)
		return false;
	share->taken += length;
	all_taken += length;
	return true;
}

void shares_leave(struct share *share, uint64_t length)
{
	struct share **link = bucket_of(share->key_id);
	share->taken -= length;
	all_taken -= length;
	if (--share->bodies > 0)
		return;
	while (*link != share)
		link = &(*link)->next;
	*link = share->next;
	free(share);
}
