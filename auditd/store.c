#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/conf.h"
#include "store_sqlite.h"

static const char scheme_sqlite[] = "sqlite:";

bool store_known(const char *url, char *error)
{
	size_t length = strlen(scheme_sqlite);
	if (strncmp(url, scheme_sqlite, length) == 0 && url[length] != '\0')
		return true;
	snprintf(error, STORE_ERROR_SIZE, "no store of this kind: \"%s\"; it must be sqlite:FILE", url);
	return false;
}

struct store *store_open(const char *url, const char *directory, char *error)
{
	char *path = conf_path(directory, url + strlen(scheme_sqlite));
	struct store *store = store_sqlite_open(path, error);
	free(path);
	return store;
}
