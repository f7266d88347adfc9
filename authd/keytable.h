/* Keys as people read them: authd's JSON laid out as text.  No secrets are in it. */
#ifndef AUTHD_KEYTABLE_H
#define AUTHD_KEYTABLE_H

#include <jansson.h>
#include <stdio.h>

/* A table of an array of keys. */
void keytable_print(FILE *to, const json_t *keys);

/* One key, a line for each thing known about it. */
void keytable_print_one(FILE *to, const json_t *key);

#endif
