/* heimgate-audit: what its commands share. */
#ifndef AUDITD_TOOL_H
#define AUDITD_TOOL_H

#include <getopt.h>
#include <jansson.h>
#include <stdint.h>

enum { TOOL_REFUSED = 1 }; /* exit code: the call was refused, or the journal is damaged */

/* The commands.  argv[0] is the command's name; they return the exit code. */
int tool_tail(int argc, char **argv);
int tool_show(int argc, char **argv);
int tool_verify(int argc, char **argv);
int tool_usage(int argc, char **argv);

/*
 * The next option of a command, as getopt_long() would: its letter, or -1 when only operands are left.
 * --help prints the text and ends with 0; an option that is not there ends with EXIT_USAGE.
 */
int tool_option(int argc, char **argv, const char *letters, const struct option *options, const char *help);

/* Ends with EXIT_USAGE unless there are so many operands. */
void tool_operands(int argc, int least, int most);

/* A number from 1 to max, or EXIT_USAGE naming the option. */
uint64_t tool_number(const char *option, const char *text, uint64_t max);

/* Calls a verb of heimgate-auditd; steals `arguments`.  When it fails, the process ends after one clear line. */
json_t *tool_call(const char *verb, json_t *arguments);

/* "" when there is no such text. */
const char *tool_text(const json_t *object, const char *member);
json_int_t tool_integer(const json_t *object, const char *member);

#endif
