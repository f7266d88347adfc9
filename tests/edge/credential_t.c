/* Where a credential is looked for, what is made of it, and what is refused. */
#include "../../edge/credential.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

enum { HEADERS = 16 };

#define LONG_KEY "sk-XG6GWabcdefghijklmnopqrstuvwxyz0123wlmi"
#define KEY_OF_31 "sk-XG6GWabcdefghijklmnopqrstuvw"
#define KEY_OF_32 KEY_OF_31 "x"

static const struct {
	const char *name;
	const char *headers;
	enum credential_result result;
	const char *secret; /* when found */
	const char *masked;
} cases[] = {
	{"nothing", "", CREDENTIAL_NONE, NULL, NULL},
	{"Bearer", "Authorization: Bearer " LONG_KEY "\r\n", CREDENTIAL_FOUND, LONG_KEY, "sk-XG6GW***wlmi"},
	{"bearer in another case", "AUTHORIZATION: bEARER " LONG_KEY "\r\n", CREDENTIAL_FOUND, LONG_KEY, "sk-XG6GW***wlmi"},
	{"Bearer and two spaces", "Authorization: Bearer  key\r\n", CREDENTIAL_FOUND, "key", "***"},
	{"Bearer with spaces inside", "Authorization: Bearer my secret  key \r\n", CREDENTIAL_FOUND, "my secret  key",
     "***"},
	{"Bearer and nothing", "Authorization: Bearer \r\n", CREDENTIAL_NONE, NULL, NULL},
	{"Bearer without a space", "Authorization: Bearerkey\r\n", CREDENTIAL_NONE, NULL, NULL},
	{"a key without scheme", "Authorization: " LONG_KEY "\r\n", CREDENTIAL_NONE, NULL, NULL},
	{"another scheme", "Authorization: Digest username=x\r\n", CREDENTIAL_NONE, NULL, NULL},
	{"x-api-key", "X-Api-Key: key\r\n", CREDENTIAL_FOUND, "key", "***"},
	{"x-api-key with spaces inside", "x-api-key: a b\r\n", CREDENTIAL_FOUND, "a b", "***"},
	{"api-key", "Api-Key: key\r\n", CREDENTIAL_FOUND, "key", "***"},
	{"api-key, empty", "api-key:\r\n", CREDENTIAL_NONE, NULL, NULL},
	{"a secret of UTF-8", "api-key: cl\xc3\xa9\r\n", CREDENTIAL_FOUND, "cl\xc3\xa9", "***"},
	{"a secret too short to be shown", "api-key: " KEY_OF_31 "\r\n", CREDENTIAL_FOUND, KEY_OF_31, "***"},
	{"a secret just long enough", "api-key: " KEY_OF_32 "\r\n", CREDENTIAL_FOUND, KEY_OF_32, "sk-XG6GW***uvwx"},

	{"Basic", "Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n", CREDENTIAL_FOUND, "password", "***"},
	{"basic in lower case", "authorization: basic dXNlcjpwYXNzd29yZA==\r\n", CREDENTIAL_FOUND, "password", "***"},
	{"Basic without user", "Authorization: Basic OnBhc3N3b3Jk\r\n", CREDENTIAL_FOUND, "password", "***"},
	{"Basic with ':' and spaces in the password", "Authorization: Basic dTphOmIgYyA6\r\n", CREDENTIAL_FOUND,
     "a:b c :", "***"},
	{"Basic without password", "Authorization: Basic dXNlcjo=\r\n", CREDENTIAL_NONE, NULL, NULL},
	{"Basic without colon", "Authorization: Basic dXNlcg==\r\n", CREDENTIAL_REFUSED, NULL, NULL},
	{"Basic without padding", "Authorization: Basic dXNlcjpwYXNzd29yZA\r\n", CREDENTIAL_REFUSED, NULL, NULL},
	{"Basic with too much padding", "Authorization: Basic OnBhc3N3b3Jk=\r\n", CREDENTIAL_REFUSED, NULL, NULL},
	{"Basic with bits left over", "Authorization: Basic dXNlcjpwYXNzd29yZB==\r\n", CREDENTIAL_REFUSED, NULL, NULL},
	{"Basic in the other alphabet", "Authorization: Basic dTo_Pz8_\r\n", CREDENTIAL_REFUSED, NULL, NULL},
	{"Basic with a space inside", "Authorization: Basic OnBh c3N3b3Jk\r\n", CREDENTIAL_REFUSED, NULL, NULL},
	{"Basic with NUL in the password", "Authorization: Basic dTphAGI=\r\n", CREDENTIAL_REFUSED, NULL, NULL},
	{"Basic that is not base64", "Authorization: Basic user:password\r\n", CREDENTIAL_REFUSED, NULL, NULL},

	{"one key twice", "Authorization: Bearer key\r\nx-api-key: key\r\n", CREDENTIAL_FOUND, "key", "***"},
	{"one key four times",
     "api-key: password\r\nx-api-key: password\r\nAuthorization: Basic OnBhc3N3b3Jk\r\n"
     "Authorization: Bearer password\r\n",
     CREDENTIAL_FOUND, "password", "***"},
	{"a key beside an empty one", "Authorization: Bearer\r\nx-api-key: key\r\n", CREDENTIAL_FOUND, "key", "***"},
	{"two keys", "Authorization: Bearer key\r\nx-api-key: other\r\n", CREDENTIAL_REFUSED, NULL, NULL},
	{"two keys in one header", "api-key: key\r\napi-key: other\r\n", CREDENTIAL_REFUSED, NULL, NULL},
	{"two Authorizations", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", CREDENTIAL_REFUSED, NULL, NULL},
	{"a key beside broken Basic", "api-key: a\r\nAuthorization: Basic ?\r\n", CREDENTIAL_REFUSED, NULL, NULL},
};

static enum credential_result find(const char *lines, struct credential *credential)
{
	static char bytes[HTTP_HEAD_MAX];
	struct http_header headers[HEADERS];
	struct http_head head;
	int length = snprintf(bytes, sizeof(bytes), "GET / HTTP/1.1\r\nHost: gate\r\n%s\r\n", lines);
	http_parse_start(&head, headers, HEADERS, sizeof(bytes));
	if (http_parse(&head, bytes, (size_t)length) != HTTP_DONE)
		abort();
	memset(credential, 0, sizeof(*credential));
	return credential_find(&head, bytes, credential);
}

static void test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct credential credential;
		is_int(find(cases[i].headers, &credential), cases[i].result, "%s", cases[i].name);
		if (cases[i].result == CREDENTIAL_REFUSED)
			ok(credential.reason != NULL, "%s: says why", cases[i].name);
		if (cases[i].result != CREDENTIAL_FOUND)
			continue;
		uint8_t hash[CREDENTIAL_HASH_SIZE];
		crypto_hash_sha256(hash, (const unsigned char *)cases[i].secret, strlen(cases[i].secret));
		is_bytes(credential.hash, sizeof(credential.hash), hash, sizeof(hash), "%s: its hash", cases[i].name);
		is_text(credential.masked, cases[i].masked, "%s: its mask", cases[i].name);
	}
}

static void test_known_hash(void)
{
	/* FIPS 180-2, appendix B.1 */
	static const uint8_t wanted[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
	                                 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
	                                 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	struct credential credential;
	find("api-key: abc\r\n", &credential);
	is_bytes(credential.hash, sizeof(credential.hash), wanted, sizeof(wanted), "the hash is SHA-256");
}

static void test_length(void)
{
	static char lines[CREDENTIAL_SECRET_MAX + 64];
	struct credential credential;
	for (int length = CREDENTIAL_SECRET_MAX - 1; length <= CREDENTIAL_SECRET_MAX + 1; length++) {
		snprintf(lines, sizeof(lines), "api-key: %0*d\r\n", length, 7);
		is_int(find(lines, &credential), length <= CREDENTIAL_SECRET_MAX ? CREDENTIAL_FOUND : CREDENTIAL_REFUSED,
		       "a secret of %d bytes", length);
	}
}

/* user:password that decodes to `length` bytes, length being a multiple of three. */
static void test_basic_length(size_t length, enum credential_result wanted)
{
	static char lines[3 * CREDENTIAL_SECRET_MAX];
	struct credential credential;
	size_t end = (size_t)snprintf(lines, sizeof(lines), "Authorization: Basic Ojo6");
	for (size_t decoded = 3; decoded < length; decoded += 3)
		end += (size_t)snprintf(lines + end, sizeof(lines) - end, "YWFh");
	snprintf(lines + end, sizeof(lines) - end, "\r\n");
	is_int(find(lines, &credential), wanted, "Basic credentials of %zu bytes", length);
}

int main(void)
{
	test_cases();
	test_known_hash();
	test_length();
	test_basic_length(CREDENTIAL_SECRET_MAX / 3 * 3, CREDENTIAL_FOUND);
	test_basic_length(CREDENTIAL_SECRET_MAX / 3 * 3 + 3, CREDENTIAL_REFUSED);
	return tap_done();
}
