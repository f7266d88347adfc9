#include "keytext.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../proto/wire/utf8.h"

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
enum { BASE = sizeof(digits) - 1 };

/* The lowest `count` digits of a big-endian number, by long division. */
static void base62(char *text, size_t count, const uint8_t *number, size_t size)
{
	uint8_t rest[KEYTEXT_SECRET_RANDOM];
	memcpy(rest, number, size);
	text[count] = '\0';
	while (count-- > 0) {
		unsigned carry = 0;
		for (size_t i = 0; i < size; i++) {
			carry = carry << 8 | rest[i];
			rest[i] = (uint8_t)(carry / BASE);
			carry %= BASE;
		}
		text[count] = digits[carry];
	}
}

static void checksum(char *text, const char *data, size_t length)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < length; i++) {
		crc ^= (uint8_t)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
	}
	crc = ~crc;
	uint8_t bytes[] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc};
	base62(text, KEYTEXT_CHECKSUM_LENGTH, bytes, sizeof(bytes));
}

void keytext_id(char *id, const uint8_t *random)
{
	base62(id, KEYTEXT_ID_LENGTH, random, KEYTEXT_ID_RANDOM);
}

void keytext_format(char *text, const char *id, const uint8_t *random)
{
	char secret[KEYTEXT_SECRET_LENGTH + 1];
	base62(secret, KEYTEXT_SECRET_LENGTH, random, KEYTEXT_SECRET_RANDOM);
	int length = snprintf(text, KEYTEXT_SIZE, KEYTEXT_PREFIX "%.*s-%s", KEYTEXT_ID_LENGTH, id, secret);
	checksum(text + length, text, (size_t)length);
	explicit_bzero(secret, sizeof(secret));
}

bool keytext_check(const char *text, char *id)
{
	char wanted[KEYTEXT_CHECKSUM_LENGTH + 1];
	const size_t checked = KEYTEXT_SIZE - 1 - KEYTEXT_CHECKSUM_LENGTH;
	if (strlen(text) != KEYTEXT_SIZE - 1 || strncmp(text, KEYTEXT_PREFIX, strlen(KEYTEXT_PREFIX)) != 0)
		return false;
	const char *key_id = text + strlen(KEYTEXT_PREFIX), *secret = key_id + KEYTEXT_ID_LENGTH + 1;
	if (strspn(key_id, digits) != KEYTEXT_ID_LENGTH || secret[-1] != '-' ||
	    strspn(secret, digits) != KEYTEXT_SECRET_LENGTH + KEYTEXT_CHECKSUM_LENGTH)
		return false;
	checksum(wanted, text, checked);
	if (strcmp(text + checked, wanted) != 0)
		return false;
	snprintf(id, KEYTEXT_ID_LENGTH + 1, "%.*s", KEYTEXT_ID_LENGTH, key_id);
	return true;
}

bool keytext_is_id(const char *text)
{
	return strlen(text) == KEYTEXT_ID_LENGTH && strspn(text, digits) == KEYTEXT_ID_LENGTH;
}

const char *keytext_secret_fault(const char *secret, size_t length)
{
	if (length < KEYTEXT_SECRET_MIN)
		return "is shorter than 8 bytes";
	if (length > KEYTEXT_SECRET_MAX)
		return "is longer than 1024 bytes";
	for (size_t i = 0; i < length; i++)
		if (secret[i] < ' ' || secret[i] > '~')
			return "has a character that is not printable ASCII";
	if (secret[0] == ' ' || secret[length - 1] == ' ')
		return "begins or ends with a space, which HTTP would strip";
	return NULL;
}

/* Also the two-byte forms of U+0080 to U+009F, which some terminals obey. */
static bool is_control(const char *at)
{
	uint8_t byte = (uint8_t)at[0], next = (uint8_t)at[1];
	return byte < ' ' || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next <= 0x9f);
}

static bool is_label(const char *text, size_t length, size_t max)
{
	if (length == 0 || length > max || text[0] == ' ' || text[length - 1] == ' ')
		return false;
	for (size_t size; length > 0; text += size, length -= size) {
		size = utf8_length(text, length);
		if (size == 0 || is_control(text))
			return false;
	}
	return true;
}

bool keytext_is_label(const char *text, size_t max)
{
	return is_label(text, strlen(text), max);
}

bool keytext_is_list(const char *models)
{
	const char *name = models;
	size_t length = strcspn(name, "\n");
	while (is_label(name, length, MODEL_NAME_MAX) && name[length] == '\n') {
		name += length + 1;
		length = strcspn(name, "\n");
	}
	return *models == '\0' || (name[length] == '\0' && is_label(name, length, MODEL_NAME_MAX));
}

int keytext_number(const char *text, uint64_t max, uint64_t *number)
{
	const size_t longest = 19; /* digits that cannot overflow */
	size_t length = strspn(text, "0123456789");
	if (length == 0 || length > longest || text[length] != '\0')
		return -1;
	uint64_t value = strtoull(text, NULL, 10);
	if (value > max)
		return -1;
	*number = value;
	return 0;
}

/* Parses the digits in front of `end`. */
static int number_before(const char *text, const char *end, uint64_t max, uint64_t *number)
{
	char copy[KEYTEXT_BUDGET_SIZE];
	int length = snprintf(copy, sizeof(copy), "%.*s", (int)(end - text), text);
	if (length != end - text || (size_t)length >= sizeof(copy))
		return -1;
	return keytext_number(copy, max, number);
}

static uint64_t unit_ms(char unit)
{
	switch (unit) {
	case 's':
		return 1000;
	case 'm':
		return 60 * 1000;
	case 'h':
		return 3600 * 1000;
	case 'd':
		return 24 * 3600 * 1000;
	default:
		return 0;
	}
}

int keytext_duration(const char *text, uint64_t *ms)
{
	size_t length = strlen(text);
	uint64_t unit = length > 0 ? unit_ms(text[length - 1]) : 0, count;
	if (unit == 0 || length > KEYTEXT_BUDGET_SIZE ||
	    number_before(text, text + length - 1, KEYTEXT_DURATION_MAX / unit, &count) != 0)
		return -1;
	*ms = count * unit;
	return 0;
}

/* strptime forgives much; what it understood must read the same again. */
static int parse_date(const char *text, uint64_t *ms)
{
	struct tm tm = {0};
	char full[KEYTEXT_TIME_SIZE], again[KEYTEXT_TIME_SIZE];
	const char *time = strlen(text) == strlen("2026-12-31") ? "T00:00:00Z" : "";
	if (snprintf(full, sizeof(full), "%s%s", text, time) != sizeof(full) - 1)
		return -1;
	if (!strptime(full, "%Y-%m-%dT%H:%M:%SZ", &tm) || tm.tm_year < 70)
		return -1;
	uint64_t value = (uint64_t)timegm(&tm) * 1000;
	keytext_time_format(again, value);
	if (strcmp(full, again) != 0)
		return -1;
	*ms = value;
	return 0;
}

int keytext_expiry(const char *text, uint64_t now, uint64_t *expires)
{
	uint64_t duration;
	if (keytext_duration(text, &duration) != 0)
		return parse_date(text, expires);
	*expires = now + duration;
	return 0;
}

int keytext_budget(const char *text, struct limits *limits)
{
	const char *slash = strchr(text, '/');
	bool daily = slash && strcmp(slash, "/day") == 0, monthly = slash && strcmp(slash, "/month") == 0;
	uint64_t budget = 0;
	if (strcmp(text, "0") != 0 &&
	    ((!daily && !monthly) || number_before(text, slash, KEYTEXT_BUDGET_MAX, &budget) != 0))
		return -1;
	limits->budget = budget;
	limits->period = budget == 0 ? BUDGET_NONE : daily ? BUDGET_DAY : BUDGET_MONTH;
	return 0;
}

void keytext_budget_format(char *text, const struct limits *limits)
{
	static const char *const periods[] = {[BUDGET_DAY] = "day", [BUDGET_MONTH] = "month"};
	text[0] = '\0';
	if (limits->period != BUDGET_NONE)
		snprintf(text, KEYTEXT_BUDGET_SIZE, "%" PRIu64 "/%s", limits->budget, periods[limits->period]);
}

void keytext_time_format(char *text, uint64_t ms)
{
	struct tm tm;
	time_t seconds = (time_t)(ms / 1000);
	if (!gmtime_r(&seconds, &tm) || strftime(text, KEYTEXT_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		text[0] = '\0';
}

bool keytext_is_key(const struct key *key)
{
	return keytext_is_label(key->id, KEY_ID_MAX) && keytext_is_label(key->name, KEY_NAME_MAX) &&
	       (key->owner[0] == '\0' || keytext_is_label(key->owner, KEY_OWNER_MAX)) && keytext_is_list(key->models);
}
