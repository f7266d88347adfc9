#include "credential.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

enum {
	SHOWN_FRONT = 8,
	SHOWN_BACK = 4,
	SHOWABLE_MIN = 32 /* of a shorter secret those twelve bytes would be too large a part */
};

struct secret {
	const char *text;
	size_t length;
};

/* What a request has presented so far. */
struct search {
	struct credential *credential;
	enum credential_result result;
};

static void refuse(struct search *search, const char *reason)
{
	search->credential->reason = reason;
	search->result = CREDENTIAL_REFUSED;
}

static void mask(char *masked, struct secret secret)
{
	if (secret.length < SHOWABLE_MIN) {
		memcpy(masked, "***", sizeof("***"));
		return;
	}
	memcpy(masked, secret.text, SHOWN_FRONT);
	memcpy(masked + SHOWN_FRONT, "***", 3);
	memcpy(masked + SHOWN_FRONT + 3, secret.text + secret.length - SHOWN_BACK, SHOWN_BACK);
	masked[CREDENTIAL_MASKED_MAX] = '\0';
}

static void take_secret(struct search *search, struct secret secret)
{
	struct credential *credential = search->credential;
	uint8_t hash[CREDENTIAL_HASH_SIZE];

	if (secret.length == 0)
		return;
	if (secret.length > CREDENTIAL_SECRET_MAX) {
		refuse(search, "the API key is too long");
		return;
	}
	crypto_hash_sha256(hash, (const unsigned char *)secret.text, secret.length);
	if (search->result == CREDENTIAL_FOUND) {
		if (sodium_memcmp(hash, credential->hash, sizeof(hash)) != 0)
			refuse(search, "the request carries more than one API key");
		return;
	}
	memcpy(credential->hash, hash, sizeof(hash));
	mask(credential->masked, secret);
	search->result = CREDENTIAL_FOUND;
}

static bool has_control_byte(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return true;
	}
	return false;
}

/* Decodes "user:password" into pair[CREDENTIAL_SECRET_MAX]; false when it is not that. */
static bool decode_basic(struct secret encoded, char *pair, struct secret *password)
{
	size_t length;
	if (sodium_base642bin((unsigned char *)pair, CREDENTIAL_SECRET_MAX, encoded.text, encoded.length, NULL, &length,
	                      NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	const char *colon = memchr(pair, ':', length);
	if (!colon || has_control_byte(pair, length))
		return false;
	*password = (struct secret){.text = colon + 1, .length = length - (size_t)(colon + 1 - pair)};
	return true;
}

static void take_basic(struct search *search, struct secret encoded)
{
	char pair[CREDENTIAL_SECRET_MAX];
	struct secret password;

	if (decode_basic(encoded, pair, &password))
		take_secret(search, password);
	else
		refuse(search, "the Basic credentials are not base64 of a user and a password");
	sodium_memzero(pair, sizeof(pair));
}

static bool has_scheme(struct secret value, const char *scheme)
{
	size_t length = strlen(scheme);
	return value.length > length && value.text[length] == ' ' && strncasecmp(value.text, scheme, length) == 0;
}

static struct secret after_scheme(struct secret value, const char *scheme)
{
	size_t skip = strlen(scheme);
	while (skip < value.length && value.text[skip] == ' ')
		skip++;
	return (struct secret){.text = value.text + skip, .length = value.length - skip};
}

static void take_authorization(struct search *search, struct secret value)
{
	if (has_scheme(value, "Bearer"))
		take_secret(search, after_scheme(value, "Bearer"));
	else if (has_scheme(value, "Basic"))
		take_basic(search, after_scheme(value, "Basic"));
}

enum credential_result credential_find(const struct http_head *head, const char *bytes, struct credential *credential)
{
	static const struct {
		const char *name;
		void (*take)(struct search *search, struct secret value);
	} carriers[] = {
		{"authorization", take_authorization},
		{"x-api-key", take_secret},
		{"api-key", take_secret},
	};
	struct search search = {.credential = credential, .result = CREDENTIAL_NONE};

	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
		const struct http_header *header = NULL;
		while (search.result != CREDENTIAL_REFUSED &&
		       (header = http_header_find(head, bytes, carriers[i].name, header)) != NULL)
			carriers[i].take(&search,
			                 (struct secret){.text = bytes + header->value.start, .length = header->value.length});
	}
	return search.result;
}
