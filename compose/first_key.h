/* The first key of a new installation. */
#ifndef COMPOSE_FIRST_KEY_H
#define COMPOSE_FIRST_KEY_H

#include <stdbool.h>
#include <stddef.h>

/* Makes a key named "first" when there is none at all; it is then in key[size].  False when there are keys. */
bool first_key_make(char *key, size_t size);

#endif
