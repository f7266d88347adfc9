/*
 * What people write into settings, options and models.json: URLs, and what
 * keys are given.  One text, judged by each reader; libcurl, which is to
 * follow upstreams' URLs, must see in them what was judged.
 */
#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "../../authd/keytext.h"
#include "../../limiterd/redis_url.h"
#include "../../proto/daemon/postgres_private.h"
#include "../../proto/daemon/url.h"
#include "fuzz.h"

#define NOW UINT64_C(1700000000000)

/* --- URLs --- */

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	CURLUcode result = curl_url_get(url, part, &text, 0);
	bool has = result == CURLUE_OK && *text != '\0';
	curl_free(text);
	return has;
}

static void judge_upstream(const char *text)
{
	CURLU *url = curl_url();
	if (url_judge(text) == NULL) {
		assert(curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK);
		assert(has_part(url, CURLUPART_HOST));
		assert(!has_part(url, CURLUPART_USER) && !has_part(url, CURLUPART_PASSWORD));
		assert(!has_part(url, CURLUPART_QUERY) && !has_part(url, CURLUPART_FRAGMENT));
		assert(url_judge_path(text) != NULL);
	}
	if (url_judge_path(text) == NULL) {
		assert(text[0] == '/' && strpbrk(text, " ?#\"\r\n\t") == NULL);
		assert(url_judge(text) != NULL);
	}
	curl_url_cleanup(url);
}

static void judge_redis(const char *text)
{
	struct redis_url url, again;
	char written[512];
	if (redis_url_read(text, &url) != NULL)
		return;
	assert((*url.path != '\0') != (*url.host != '\0'));
	assert(url.port >= 1 && url.port <= 65535 && url.database <= 65535);
	const char *front = strchr(url.host, ':') ? "[" : "", *back = *front ? "]" : "";
	if (*url.path)
		snprintf(written, sizeof(written), "unix:%s", url.path);
	else
		snprintf(written, sizeof(written), "redis://%s%s%s%s%s:%u/%u", url.user, *url.user ? "@" : "", front, url.host,
		         back, url.port, url.database);
	assert(redis_url_read(written, &again) == NULL);
	assert(strcmp(url.path, again.path) == 0 && strcmp(url.host, again.host) == 0);
	assert(strcmp(url.user, again.user) == 0 && url.port == again.port && url.database == again.database);
}

static void judge_postgres(const char *text)
{
	char error[POSTGRES_ERROR_SIZE] = "";
	if (!postgres_url_judge(text, error)) {
		assert(strncmp(error, "the URL", 7) == 0);
		return;
	}
	char *host = postgres_url_host(text);
	assert(strchr(host, ',') == NULL && (*host == '/' || strlen(host) <= RESOLVER_HOST_MAX));
	free(host);
}

/* --- what keys are given --- */

static void judge_times(const char *text)
{
	char written[KEYTEXT_TIME_SIZE];
	uint64_t duration, expires, again;
	if (keytext_duration(text, &duration) == 0) {
		assert(duration <= KEYTEXT_DURATION_MAX && duration % 1000 == 0);
		assert(keytext_expiry(text, NOW, &expires) == 0 && expires == NOW + duration);
	}
	if (keytext_expiry(text, NOW, &expires) == 0) {
		keytext_time_format(written, expires);
		assert(strlen(written) == KEYTEXT_TIME_SIZE - 1);
		assert(keytext_expiry(written, NOW, &again) == 0 && again == expires);
	}
}

static void judge_budget(const char *text)
{
	struct limits limits, again;
	char written[KEYTEXT_BUDGET_SIZE];
	if (keytext_budget(text, &limits) != 0)
		return;
	assert(limits.budget <= KEYTEXT_BUDGET_MAX && (limits.budget == 0) == (limits.period == BUDGET_NONE));
	keytext_budget_format(written, &limits);
	assert(keytext_budget(*written ? written : "0", &again) == 0);
	assert(limits.budget == again.budget && limits.period == again.period);
}

static void judge_words(const char *text)
{
	size_t length = strlen(text);
	char id[KEYTEXT_ID_LENGTH + 1];
	if (keytext_is_label(text, KEY_NAME_MAX))
		assert(length >= 1 && length <= KEY_NAME_MAX && strpbrk(text, "\r\n\t\x1b\x7f") == NULL);
	if (keytext_check(text, id))
		assert(keytext_is_id(id) && keytext_secret_fault(text, length) == NULL);
	if (keytext_secret_fault(text, length) == NULL)
		assert(length >= KEYTEXT_SECRET_MIN && length <= KEYTEXT_SECRET_MAX && strpbrk(text, "\r\n\t") == NULL);
}

/* A key made of these bytes is one, and is none any more with another character anywhere. */
static void judge_key(const uint8_t *data, size_t size)
{
	uint8_t random[KEYTEXT_ID_RANDOM + KEYTEXT_SECRET_RANDOM] = {0};
	char id[KEYTEXT_ID_LENGTH + 1], found[KEYTEXT_ID_LENGTH + 1], text[KEYTEXT_SIZE];
	memcpy(random, data, size < sizeof(random) ? size : sizeof(random));
	keytext_id(id, random);
	keytext_format(text, id, random + KEYTEXT_ID_RANDOM);
	assert(keytext_check(text, found) && strcmp(id, found) == 0);
	char *mistyped = text + random[0] % (KEYTEXT_SIZE - 1);
	*mistyped = *mistyped == '7' ? '8' : '7';
	assert(!keytext_check(text, found));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	assert(text);
	judge_upstream(text);
	judge_redis(text);
	judge_postgres(text);
	judge_times(text);
	judge_budget(text);
	judge_words(text);
	judge_key(data, size);
	free(text);
	return 0;
}
