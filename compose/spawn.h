/* Programs that stand beside this one. */
#ifndef COMPOSE_SPAWN_H
#define COMPOSE_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

/* Path of a program in the directory of the running one.  Static until the next call. */
const char *spawn_path(const char *program);

/* One more environment variable for the child, or name NULL for none. */
struct spawn_variable {
	const char *name, *value;
};

/*
 * Starts the program in a process group of its own, so that a Ctrl-C at the terminal reaches
 * only us; it is told to end when we do.  argv[0] is the program's name.  `output` becomes its
 * stdout unless -1; `keep` stays open in it unless -1.  Returns its pid; ends the process when
 * it cannot be started.
 */
pid_t spawn(const char *const *argv, const struct spawn_variable *variables, size_t count, int output, int keep);

/* Runs a program to its end and returns the first line it prints, without the newline, in line[size].
 * Returns its exit status, or -1 when it died of a signal. */
int spawn_line(const char *const *argv, char *line, size_t size);

#endif
