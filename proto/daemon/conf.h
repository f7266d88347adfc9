/* Configuration: environment variables, read through the tables of settings.h. */
#ifndef DAEMON_CONF_H
#define DAEMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "settings.h"

#define CONF_FIELD_TEXT const char *
#define CONF_FIELD_FILE const char *
#define CONF_FIELD_INT int64_t
#define CONF_FIELD(type, field, name, fallback, minimum, maximum, meaning) CONF_FIELD_##type field;

#define CONF_STRUCT(program, own) \
	struct conf_##program { \
		SETTINGS_SHARED(CONF_FIELD) \
		own(CONF_FIELD) \
	}

CONF_STRUCT(edge, SETTINGS_EDGE);
CONF_STRUCT(authd, SETTINGS_AUTHD);
CONF_STRUCT(limiterd, SETTINGS_LIMITERD);
CONF_STRUCT(proxyd, SETTINGS_PROXYD);
CONF_STRUCT(auditd, SETTINGS_AUDITD);
CONF_STRUCT(up, SETTINGS_UP);
CONF_STRUCT(door, SETTINGS_DOOR);

enum conf_program { CONF_EDGE, CONF_AUTHD, CONF_LIMITERD, CONF_PROXYD, CONF_AUDITD, CONF_UP, CONF_DOOR, CONF_PROGRAMS };

/*
 * Handles -h (prints what the program is and its settings, ends with 0), -V (version) and -n, then
 * fills *conf (the struct of `program`) from the environment.  Text fields point into the environment
 * or to static memory.  `state` and `run` come out as absolute paths.  Sets the log level.
 * A bad value or an unknown HEIMGATE_ variable: one line on stderr and EXIT_USAGE.
 * With -n: prints the configuration and ends with 0.
 */
void conf_load(enum conf_program program, void *conf, int argc, char **argv);

/* Fills *conf from the environment alone: for tools with options of their own. */
void conf_load_environment(enum conf_program program, void *conf);

/*
 * Judges an environment, "NAME=value" texts and NULL, and fills *conf with what it says: paths as they stand there.
 * Pure.  False: one line in error[CONF_ERROR_SIZE], and *conf is meaningless.
 */
enum { CONF_ERROR_SIZE = 256 };
bool conf_read(enum conf_program program, char *const *environment, void *conf, char *error);

/* Prints the settings of a program as lines for --help, or all programs' as Markdown. */
void conf_print_help(FILE *to, enum conf_program program);
void conf_print_markdown(FILE *to);

/* Prints a program's settings as mdoc(7) list items for its man page. */
void conf_print_mdoc(FILE *to, enum conf_program program);

/* "<state>/<name>" or, when name is absolute, name.  The caller frees; never NULL. */
char *conf_path(const char *directory, const char *name);

#endif
