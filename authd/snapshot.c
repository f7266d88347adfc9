#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/keyfile.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/sandbox.h"
#include "../proto/daemon/secret.h"
#include "snapshot_bytes.h"

static struct {
	char *path, *draft;
	const uint8_t *key;
} snapshot;

void snapshot_open(const char *directory)
{
	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		fatal("cannot make %s", directory);
	if (sandbox_path(directory, "rw") != 0)
		fatal("cannot allow %s", directory);
	char *key_path = conf_path(directory, "snapshot.key");
	secret_free(snapshot.key);
	snapshot.key = keyfile_load_own(key_path);
	free(key_path);
	free(snapshot.path);
	free(snapshot.draft);
	snapshot.path = conf_path(directory, "snapshot");
	snapshot.draft = conf_path(directory, "snapshot.new");
}

static int fail(const char *what, const char *why, char *error)
{
	snprintf(error, SNAPSHOT_ERROR_SIZE, "%s %.200s: %.200s", what, snapshot.path, why);
	return -1;
}

/* --- writing --- */

static bool write_all(int fd, const uint8_t *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, data, length);
		if (written < 0 && errno != EINTR)
			return false;
		data += written > 0 ? written : 0;
		length -= written > 0 ? (size_t)written : 0;
	}
	return true;
}

/* Nobody waits for the disk: what a power cut leaves is whole, or is refused by its seal. */
static int replace_file(const struct wire_out *out, char *error)
{
	int fd = open(snapshot.draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail("cannot write", strerror(errno), error);
	bool written = write_all(fd, out->data, out->length);
	if (close(fd) != 0 || !written || rename(snapshot.draft, snapshot.path) != 0)
		return fail("cannot write", strerror(errno), error);
	return 0;
}

int snapshot_write(const struct keystore *keys, uint64_t now, char *error)
{
	struct wire_out out;
	size_t size = snapshot_bytes_max(keys);
	uint8_t *data = malloc(size);
	if (!data)
		return fail("cannot write", "out of memory", error);
	wire_out_init(&out, data, size);
	snapshot_bytes_write(&out, keys, now, snapshot.key);
	int result =
		out.error == WIRE_OK ? replace_file(&out, error) : fail("cannot write", wire_error_text(out.error), error);
	free(data);
	return result;
}

/* --- reading --- */

static uint8_t *read_file(int fd, size_t *length)
{
	struct stat about;
	if (fstat(fd, &about) != 0)
		return NULL;
	uint8_t *data = malloc((size_t)about.st_size + 1);
	ssize_t got = data ? read(fd, data, (size_t)about.st_size) : -1;
	*length = (size_t)got;
	if (got == about.st_size)
		return data;
	free(data);
	return NULL;
}

int snapshot_read(struct keystore *keys, uint64_t *known, char *error)
{
	size_t length = 0;
	int fd = open(snapshot.path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail("cannot read", strerror(errno), error);
	uint8_t *data = read_file(fd, &length);
	const char *fault = data ? snapshot_bytes_read(data, length, snapshot.key, keys, known) : strerror(errno);
	int result = fault ? fail(data ? "refused" : "cannot read", fault, error) : 0;
	free(data);
	close(fd);
	return result;
}
