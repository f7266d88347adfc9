/*
 * Runs a harness, without libFuzzer, over the files of corpus/NAME and
 * regression/NAME.  NAME is the program's own up to "_replay"; the working
 * directory is the top of the tree.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../tap/tap.h"
#include "fuzz.h"

enum { PATH_SIZE = 1024 };

/* The file in memory of just its size, so that a sanitizer sees a read past its end. */
static uint8_t *read_file(const char *path, size_t *size)
{
	struct stat facts;
	FILE *file = fopen(path, "re");

	if (!file || fstat(fileno(file), &facts) < 0) {
		printf("Bail out! cannot read %s\n", path);
		exit(1);
	}
	*size = (size_t)facts.st_size;
	uint8_t *data = malloc(*size > 0 ? *size : 1);
	if (!data || fread(data, 1, *size, file) != *size) {
		printf("Bail out! cannot read %s\n", path);
		exit(1);
	}
	fclose(file);
	return data;
}

static void replay_file(const char *path)
{
	size_t size;
	uint8_t *data = read_file(path, &size);

	printf("# %s\n", path); /* the last line when it crashes */
	fflush(stdout);
	is_int(LLVMFuzzerTestOneInput(data, size), 0, "%s", path);
	free(data);
}

/* Returns how many files there were. */
static int replay_folder(const char *kind, const char *name)
{
	char folder[PATH_SIZE / 2], path[PATH_SIZE];
	struct dirent **entries;
	int files = 0;

	snprintf(folder, sizeof(folder), "tests/fuzz/%s/%s", kind, name);
	int count = scandir(folder, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
			replay_file(path);
			files++;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return files;
}

/* Into name[size]: what stands before "_replay" in the program's own name. */
static void own_name(const char *program, char *name, size_t size)
{
	const char *slash = strrchr(program, '/');
	const char *start = slash ? slash + 1 : program;
	const char *end = strstr(start, "_replay");

	snprintf(name, size, "%.*s", (int)(end ? end - start : 0), start);
}

int main(int argc, char **argv)
{
	char name[64];

	own_name(argc > 0 ? argv[0] : "", name, sizeof(name));
	ok(replay_folder("corpus", name) > 0, "corpus/%s has files", name);
	replay_folder("regression", name);
	return tap_done();
}
