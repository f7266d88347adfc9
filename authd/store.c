#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "store_sqlite.h"

static const char scheme_sqlite[] = "sqlite:";

bool store_knows(const char *url)
{
	return strncmp(url, scheme_sqlite, strlen(scheme_sqlite)) == 0 && url[strlen(scheme_sqlite)] != '\0';
}

struct store *store_open(const char *url, const char *directory, char *error)
{
	CHECK(store_knows(url));
	const char *file = url + strlen(scheme_sqlite);
	if (file[0] != '/' && mkdir(directory, 0700) != 0 && errno != EEXIST) {
		snprintf(error, STORE_ERROR_SIZE, "cannot make %s: %s", directory, strerror(errno));
		return NULL;
	}
	char *path = conf_path(directory, file);
	struct store *store = store_sqlite_open(path, error);
	free(path);
	return store;
}
