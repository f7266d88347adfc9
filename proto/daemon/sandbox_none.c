/* For `make SANDBOX=no`: in the place of sandbox_seccomp.c and sandbox_landlock.c. */
#include "sandbox_private.h"

const char *sandbox_filter_calls(unsigned promises)
{
	(void)promises;
	return "left out of this build";
}

const char *sandbox_filter_paths(unsigned promises, const struct sandbox_place *places, size_t count)
{
	(void)promises;
	(void)places;
	(void)count;
	return "left out of this build";
}
