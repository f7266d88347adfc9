#include "keysecret.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../proto/daemon/log.h"

static void set_hash(struct keysecret *secret, const char *text, size_t length)
{
	uint8_t hash[CREDENTIAL_HASH_SIZE];
	crypto_hash_sha256(hash, (const uint8_t *)text, length);
	sodium_bin2hex(secret->hash, sizeof(secret->hash), hash, sizeof(hash));
}

static void set_id(struct keysecret *secret, const char *id)
{
	uint8_t random[KEYTEXT_ID_RANDOM];
	randombytes_buf(random, sizeof(random));
	if (id)
		snprintf(secret->id, sizeof(secret->id), "%s", id);
	else
		keytext_id(secret->id, random);
}

void keysecret_make(struct keysecret *secret, const char *id)
{
	uint8_t random[KEYTEXT_SECRET_RANDOM];
	set_id(secret, id);
	randombytes_buf(random, sizeof(random));
	keytext_format(secret->text, secret->id, random);
	sodium_memzero(random, sizeof(random));
	set_hash(secret, secret->text, strlen(secret->text));
}

/* Reads all there is, so that a second line is noticed.  Returns the length without the line's end. */
static size_t read_line(char *line, size_t size)
{
	setvbuf(stdin, NULL, _IONBF, 0); /* no copy of it stays behind */
	size_t length = fread(line, 1, size, stdin);
	if (ferror(stdin))
		fatal("cannot read the secret from standard input");
	if (length == 0)
		fatal_usage("there is no secret on standard input");
	if (line[length - 1] == '\n')
		length--;
	if (memchr(line, '\n', length))
		fatal_usage("there is more than one line on standard input");
	return length;
}

void keysecret_read(struct keysecret *secret, const char *id)
{
	char line[KEYTEXT_SECRET_MAX + 2], own_id[KEYTEXT_ID_LENGTH + 1];
	size_t length = read_line(line, sizeof(line));
	const char *fault = keytext_secret_fault(line, length);
	if (fault)
		fatal_usage("the secret %s", fault);
	line[length] = '\0';
	bool own = keytext_check(line, own_id);
	if (!own && strncmp(line, KEYTEXT_PREFIX, strlen(KEYTEXT_PREFIX)) == 0)
		fatal_usage("the secret looks like a heimgate key, but its checksum is wrong: it was mistyped or cut");
	set_id(secret, own && !id ? own_id : id);
	secret->text[0] = '\0';
	set_hash(secret, line, length);
	sodium_memzero(line, sizeof(line));
}

void keysecret_wipe(struct keysecret *secret)
{
	sodium_memzero(secret, sizeof(*secret));
}
