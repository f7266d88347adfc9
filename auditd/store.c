#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/conf.h"
#include "store_sqlite.h"

static const char scheme_sqlite[] = "sqlite:";

struct store *store_open(const char *url, const char *directory, char *error)
{
	const char *file = url + strlen(scheme_sqlite);
	if (strncmp(url, scheme_sqlite, strlen(scheme_sqlite)) != 0 || *file == '\0') {
		snprintf(error, STORE_ERROR_SIZE, "no store of this kind: \"%s\"; it must be sqlite:FILE", url);
		return NULL;
	}
	char *path = conf_path(directory, file);
	struct store *store = store_sqlite_open(path, error);
	free(path);
	return store;
}
