#include "secret.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "log.h"

static void *allocate(size_t size)
{
	void *secret = sodium_init() < 0 ? NULL : sodium_malloc(size);
	if (!secret)
		fatal("no memory for a secret");
	return secret;
}

void *secret_new(size_t size)
{
	static bool told;
	void *secret = allocate(size);
	memset(secret, 0, size);
	if (sodium_mlock(secret, size) != 0 && !told) {
		told = true;
		log_warn("secret-not-locked", "reason=\"RLIMIT_MEMLOCK is too low\"");
	}
	return secret;
}

void secret_seal(void *secret)
{
	if (sodium_mprotect_readonly(secret) != 0)
		fatal("cannot protect a secret");
}

void secret_free(const void *secret)
{
	sodium_free((void *)secret);
}
