/* What a process may try. */
#ifndef TESTS_DAEMON_SANDBOX_ACTS_H
#define TESTS_DAEMON_SANDBOX_ACTS_H

#include <stdbool.h>
#include <stddef.h>

struct act {
	const char *name;     /* to come after "must not" */
	int (*perform)(void); /* 0, or an errno */
	unsigned promised;    /* whoever makes one of these promises may do it */
	int landlock;         /* needed to refuse it: this version of Landlock; 0: none */
	bool root;            /* the kernel refuses it to everybody else, sandbox or not */
};

extern const struct act acts[];
extern const size_t act_count;

/* Makes the files and sockets that the acts are about. */
void acts_prepare(void);

/* Makes anew what an act may have taken away. */
void acts_make_ready(void);
void acts_clean_up(void);

/* The directory that is allowed: the one besides it is not. */
const char *acts_allowed_directory(void);

#endif
