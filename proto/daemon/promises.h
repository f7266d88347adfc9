/* What each program promises: the literals of sandbox_enter(), taken out of every main.c by the build. */
#ifndef DAEMON_PROMISES_H
#define DAEMON_PROMISES_H

#include <stddef.h>

struct program_promises {
	const char *program, *promises;
};

extern const struct program_promises program_promises[];
extern const size_t program_promises_count;

#endif
