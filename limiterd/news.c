#include "news.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"

struct notice {
	struct notice *next;
	char upstream[UPSTREAM_NAME_MAX + 1];
	bool available;
	char *models; /* NULL: not known */
	size_t length;
};

static struct notice *find(const struct news *news, const char *upstream)
{
	struct notice *notice = news->first;
	while (notice && strcmp(notice->upstream, upstream) != 0)
		notice = notice->next;
	return notice;
}

static struct notice *find_or_add(struct news *news, const char *upstream)
{
	struct notice *notice = find(news, upstream);
	if (notice || news->count >= NEWS_MAX)
		return notice;
	notice = malloc(sizeof(*notice));
	CHECK(notice);
	*notice = (struct notice){.next = news->first, .available = true};
	snprintf(notice->upstream, sizeof(notice->upstream), "%s", upstream);
	news->first = notice;
	news->count++;
	return notice;
}

enum wire_error news_available(struct news *news, const char *upstream, bool available)
{
	struct notice *notice = find_or_add(news, upstream);
	if (!notice)
		return WIRE_BUSY;
	notice->available = available;
	return WIRE_OK;
}

enum wire_error news_offer(struct news *news, const struct limit_offer *offer)
{
	struct notice *notice = find_or_add(news, offer->name);
	if (!notice)
		return WIRE_BUSY;
	free(notice->models);
	notice->models = malloc(offer->models.length + 1);
	CHECK(notice->models);
	memcpy(notice->models, offer->models.data, offer->models.length);
	notice->length = offer->models.length;
	return WIRE_OK;
}

bool news_is_available(const struct news *news, const char *upstream)
{
	const struct notice *notice = find(news, upstream);
	return !notice || notice->available;
}

/* The name itself, or with Ollama's tag for the one that is meant when none is said. */
static bool is_name_of(const char *listed, size_t length, const char *model)
{
	static const char latest[] = ":latest";
	size_t plain = strlen(model);
	if (length < plain || memcmp(listed, model, plain) != 0)
		return false;
	return length == plain || (length == plain + strlen(latest) && memcmp(listed + plain, latest, strlen(latest)) == 0);
}

enum news_listing news_lists(const struct news *news, const char *upstream, const char *model)
{
	const struct notice *notice = find(news, upstream);
	if (!notice || !notice->models)
		return NEWS_UNKNOWN;
	const char *name = notice->models, *end = name + notice->length;
	while (name < end) {
		const char *newline = memchr(name, '\n', (size_t)(end - name)), *stop = newline ? newline : end;
		if (is_name_of(name, (size_t)(stop - name), model))
			return NEWS_LISTS;
		name = stop + 1;
	}
	return NEWS_LACKS;
}

static void drop(struct news *news, struct notice **link)
{
	struct notice *notice = *link;
	*link = notice->next;
	free(notice->models);
	free(notice);
	news->count--;
}

void news_follow(struct news *news, const struct models *models)
{
	struct notice **link = &news->first;
	while (*link) {
		if (models_upstream(models, (*link)->upstream) < 0)
			drop(news, link);
		else
			link = &(*link)->next;
	}
}

void news_forget(struct news *news)
{
	while (news->first)
		drop(news, &news->first);
}
