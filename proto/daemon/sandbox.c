#include "sandbox.h"

#include <dlfcn.h>
#include <errno.h>
#include <jansson.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "log.h"
#include "sandbox_private.h"

enum { PLACES_MAX = 256, NAME_SIZE = 128 };

static struct sandbox_place places[PLACES_MAX];
static size_t place_count;
static char name[NAME_SIZE] = "not entered yet";

int sandbox_path(const char *path, const char *perms)
{
	bool write = strcmp(perms, "rw") == 0;
	if (*path != '/' || (!write && strcmp(perms, "r") != 0)) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; i < place_count; i++)
		if (strcmp(places[i].path, path) == 0 && places[i].write == write)
			return 0;
	if (place_count == PLACES_MAX) {
		errno = ENOSPC;
		return -1;
	}
	char *copy = strdup(path);
	if (!copy)
		return -1;
	places[place_count++] = (struct sandbox_place){copy, write};
	return 0;
}

int sandbox_path_around(const char *file, const char *perms)
{
	char *copy = strdup(file);
	int result = copy ? sandbox_path(dirname(copy), perms) : -1;
	free(copy);
	return result;
}

/* Modules are code, and none can be loaded later: those that the system's resolver may want come in now. */
static void load_resolver_modules(void)
{
	char line[256], library[64];
	FILE *file = fopen("/etc/nsswitch.conf", "re");
	while (file && fgets(line, sizeof(line), file)) {
		char *rest = line, *word = strsep(&rest, ":");
		if (!rest || strcmp(word, "hosts") != 0)
			continue;
		while ((word = strsep(&rest, " \t\n"))) {
			if (*word == '\0' || snprintf(library, sizeof(library), "libnss_%s.so.2", word) >= (int)sizeof(library))
				continue;
			dlopen(library, RTLD_NOW);
		}
	}
	if (file)
		fclose(file);
}

/* What libraries open at their first use: Jansson the source of its seed, the C library the time zone. */
static void open_at_once(void)
{
	json_object_seed(0);
	tzset();
}

static void set_name(const char *no_calls, const char *no_paths, unsigned promises)
{
	char text[NAME_SIZE];
	if (no_calls && no_paths && strcmp(no_calls, no_paths) == 0)
		snprintf(text, sizeof(text), "none: %s", no_calls);
	else if (no_calls && no_paths)
		snprintf(text, sizeof(text), "none: seccomp: %s; landlock: %s", no_calls, no_paths);
	else if (no_calls)
		snprintf(text, sizeof(text), "landlock, no seccomp: %s", no_calls);
	else if (no_paths)
		snprintf(text, sizeof(text), "seccomp, no landlock: %s", no_paths);
	else
		snprintf(text, sizeof(text), "seccomp+landlock");
	snprintf(name, sizeof(name), "%.100s%s", text, promises & 1u << PROMISE_SANITIZER ? ", wide for sanitizers" : "");
}

static unsigned promised(const char *text)
{
	unsigned promises = sandbox_parse(text);
	if (promises == 0 || promises & 1u << PROMISE_SANITIZER)
		fatalx("cannot enter the sandbox: no program can promise \"%s\"", text);
#ifdef HEIMGATE_SANITIZED
	promises |= 1u << PROMISE_SANITIZER;
#endif
	return promises;
}

void sandbox_enter(const char *promises, const char *demand)
{
	unsigned all = promised(promises);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		fatalx("cannot enter the sandbox: privileges were not given up");
	if (all & 1u << PROMISE_DNS)
		load_resolver_modules();
	open_at_once();
	const char *no_paths = sandbox_filter_paths(all, places, place_count);
	const char *no_calls = sandbox_filter_calls(all);
	set_name(no_calls, no_paths, all);
	if (!no_calls && !no_paths)
		return;
	if (strcmp(demand, "required") == 0)
		fatalx("HEIMGATE_SANDBOX is required, and there is less: %s", name);
	log_warn("sandbox-incomplete", "sandbox=%s", log_text(name));
}

const char *sandbox_name(void)
{
	return name;
}
