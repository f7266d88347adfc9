/* Keys in a SQLite file: the functions of store.h, and how to open one. */
#ifndef AUTHD_STORE_SQLITE_H
#define AUTHD_STORE_SQLITE_H

#include "store.h"

/* As store_open(); the file is made, for its owner alone, when it is missing. */
struct store *store_sqlite_open(const char *path, char *error);

#endif
