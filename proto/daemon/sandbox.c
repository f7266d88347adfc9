#include "sandbox.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>

static const char *const words[] = {"base", "ipc", "accept", "connect", "rpath", "wpath"};

static bool known(const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == length && strncmp(words[i], word, length) == 0)
			return true;
	return false;
}

int sandbox_path(const char *path, const char *perms)
{
	if (*path == '/' && (strcmp(perms, "r") == 0 || strcmp(perms, "rw") == 0))
		return 0;
	errno = EINVAL;
	return -1;
}

/* This build holds a daemon by what priv_drop() gave up; it refuses to run without that. */
int sandbox_enter(const char *promises)
{
	for (const char *word = promises; *word; word += strspn(word, " ")) {
		size_t length = strcspn(word, " ");
		if (!known(word, length)) {
			errno = EINVAL;
			return -1;
		}
		word += length;
	}
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return 0;
	errno = EPERM;
	return -1;
}

const char *sandbox_name(void)
{
	return "privileges";
}
