/*
 * The JSON arguments of an administrator's call.  Like the wire's cursors, a
 * reader remembers its first fault and makes every later call harmless: the
 * arguments are read in a straight line and judged once.
 */
#ifndef AUTHD_ARGS_H
#define AUTHD_ARGS_H

#include <jansson.h>

#include "../proto/wire/msg_auth.h"
#include "../proto/wire/msg_common.h"

enum { ARGS_ERROR_SIZE = 192 };

struct args {
	json_t *object;              /* NULL when it is no object */
	char error[ARGS_ERROR_SIZE]; /* "": none so far */
};

/* Parses them; members not in the NULL-terminated names are refused.  args_close() in any case. */
void args_open(struct args *args, struct wire_bytes json, const char *const *names);
void args_close(struct args *args);

/* Notes the fault unless there is one already. */
void args_fail(struct args *args, const char *name, const char *fault);

bool args_good(const struct args *args);

/* A string; borrowed.  When the member is missing: fallback, or a fault if that is NULL; then "". */
const char *args_text(struct args *args, const char *name, const char *fallback);

/* An integer from 0 to max. */
uint64_t args_number(struct args *args, const char *name, uint64_t max, uint64_t fallback);

/* True or false; a member that is missing is false. */
bool args_flag(struct args *args, const char *name);

/* A required SHA-256 as 64 hex digits. */
void args_hash(struct args *args, const char *name, uint8_t *hash);

#endif
