/* Ends with 0, but for valgrind: canary memory | descriptor | undefined | none. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static void *volatile pointer; /* so that no compiler leaves it out */

static void lose_memory(void)
{
	pointer = malloc(1);
	pointer = NULL;
}

static int read_undefined(void)
{
	pointer = malloc(1);
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): what it is here for. */
	int result = *(volatile char *)pointer == 'x';
	free(pointer);
	return result;
}

int main(int argc, char **argv)
{
	const char *fault = argc > 1 ? argv[1] : "none";
	if (strcmp(fault, "memory") == 0)
		lose_memory();
	if (strcmp(fault, "undefined") == 0)
		return read_undefined();
	if (strcmp(fault, "descriptor") == 0)
		return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0;
	return 0;
}
