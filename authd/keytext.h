/*
 * Keys and what they may do, as people type and read them.  Pure: the clock
 * and the random bytes are passed in.
 *
 * A key is "sk-hg-<id>-<secret><checksum>": 10, 43 and 6 digits of base 62.
 * The secret is 256 random bits; the checksum is the CRC-32 of everything
 * before it, so that a mistyped key, or one found in a leak, can be judged
 * without asking anybody.
 */
#ifndef AUTHD_KEYTEXT_H
#define AUTHD_KEYTEXT_H

#include "../proto/wire/stamp.h"
#include "key.h"

#define KEYTEXT_PREFIX "sk-hg-"

enum {
	KEYTEXT_ID_LENGTH = 10,
	KEYTEXT_ID_RANDOM = 8, /* random bytes for an id */
	KEYTEXT_SECRET_LENGTH = 43,
	KEYTEXT_SECRET_RANDOM = 32, /* random bytes for a secret */
	KEYTEXT_CHECKSUM_LENGTH = 6,
	KEYTEXT_SIZE = 6 + KEYTEXT_ID_LENGTH + 1 + KEYTEXT_SECRET_LENGTH + KEYTEXT_CHECKSUM_LENGTH + 1,
	KEYTEXT_SECRET_MIN = 8, /* bytes of a secret brought along */
	KEYTEXT_SECRET_MAX = 1024,
	KEYTEXT_BUDGET_SIZE = 32,
	KEYTEXT_TIME_SIZE = 21 /* "2026-08-04T08:52:19Z" */
};

#define KEYTEXT_BUDGET_MAX UINT64_C(1000000000000000)
#define KEYTEXT_TIME_MAX UINT64_C(253402300799999)                /* ms since the epoch: the end of the year 9999 */
#define KEYTEXT_DURATION_MAX (UINT64_C(36500) * 24 * 3600 * 1000) /* ms: a hundred years */

/* Writes an id of KEYTEXT_ID_LENGTH digits made of KEYTEXT_ID_RANDOM bytes. */
void keytext_id(char *id, const uint8_t *random);

/* Writes a whole key into text[KEYTEXT_SIZE], made of KEYTEXT_SECRET_RANDOM bytes. */
void keytext_format(char *text, const char *id, const uint8_t *random);

/* Whether this is a key whose checksum is right; then its id is in id[KEYTEXT_ID_LENGTH + 1]. */
bool keytext_check(const char *text, char *id);

bool keytext_is_id(const char *text);

/* Why a secret brought along cannot be used, in words, or NULL when it can.  HTTP would strip spaces
 * around it and refuse what is not printable. */
const char *keytext_secret_fault(const char *secret, size_t length);

/* Whether the text can name something in a table: 1 to max bytes of UTF-8 without control characters, and
 * without spaces around it. */
bool keytext_is_label(const char *text, size_t max);

/* Whether these are names of models, newline between, or none. */
bool keytext_is_list(const char *models);

/* The parsers return 0, or -1 when the text is malformed or out of range; the result is then untouched. */

/* Decimal digits, at most max. */
int keytext_number(const char *text, uint64_t max, uint64_t *number);

/* "90s", "15m", "12h", "30d" in ms; at most KEYTEXT_DURATION_MAX. */
int keytext_duration(const char *text, uint64_t *ms);

/* A duration from now, or "2026-12-31" (its first moment, UTC), or "2026-12-31T18:00:00Z"; ms since the epoch. */
int keytext_expiry(const char *text, uint64_t now, uint64_t *expires);

/* "1000000/month", "50000/day", or "0" for none; sets budget and period. */
int keytext_budget(const char *text, struct limits *limits);

/* The reverse, into text[KEYTEXT_BUDGET_SIZE]; "" for none. */
void keytext_budget_format(char *text, const struct limits *limits);

/* ms since the epoch as RFC 3339 in UTC, into text[KEYTEXT_TIME_SIZE]; "" beyond KEYTEXT_TIME_MAX. */
void keytext_time_format(char *text, uint64_t ms);

/* Whether a row's texts are such as a key can have: others could not be shown, and their key would be good unseen. */
bool keytext_is_key(const struct key *key);

#endif
