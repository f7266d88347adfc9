#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../wire/stamp.h"
#include "log.h"
#include "secret.h"

/* Two daemons under two users share a key through its group; nobody else may even read it. */
enum { SHARED_MODE = 0640, OWN_MODE = 0600, DIRECTORY_MODE = 0750 };

static void join(char *path, const char *front, const char *separator, const char *name)
{
	int length = snprintf(path, PATH_MAX, "%s%s%s", front, separator, name);
	if (length < 0 || length >= PATH_MAX)
		fatal_usage("HEIMGATE_STATE is too long: %s", front);
}

static void write_key(int fd, const char *path, mode_t mode)
{
	uint8_t key[STAMP_KEY_SIZE];
	randombytes_buf(key, sizeof(key));
	if (write(fd, key, sizeof(key)) != (ssize_t)sizeof(key) || fchmod(fd, mode) != 0 || fsync(fd) != 0)
		fatal("cannot write %s", path);
	sodium_memzero(key, sizeof(key));
}

/* Both readers may try this at once: link() lets one of them win and never shows half a key. */
static void make_key(const char *path, mode_t mode)
{
	char draft[PATH_MAX];
	join(draft, path, ".", "XXXXXX");
	int fd = mkostemp(draft, O_CLOEXEC);
	if (fd < 0)
		fatal("cannot make %s", path);
	write_key(fd, draft, mode);
	close(fd);
	if (link(draft, path) != 0 && errno != EEXIST)
		fatal("cannot make %s", path);
	unlink(draft);
}

static int open_or_make(const char *path, mode_t mode)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		make_key(path, mode);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0)
		fatal("cannot read %s", path);
	return fd;
}

/* `mode` is what the key is made with, and the most that others may be allowed. */
static const uint8_t *load(const char *path, mode_t mode)
{
	struct stat about;
	uint8_t *key = secret_new(STAMP_KEY_SIZE);
	int fd = open_or_make(path, mode);
	if (fstat(fd, &about) != 0)
		fatal("cannot read %s", path);
	if (about.st_mode & 0077 & ~mode)
		fatalx("%s has mode %04o: it must be at most %04o", path, (unsigned)(about.st_mode & 07777), (unsigned)mode);
	if (!S_ISREG(about.st_mode) || about.st_size != STAMP_KEY_SIZE)
		fatalx("%s is no key: it must be a file of %d bytes", path, STAMP_KEY_SIZE);
	if (read(fd, key, STAMP_KEY_SIZE) != STAMP_KEY_SIZE)
		fatal("cannot read %s", path);
	close(fd);
	secret_seal(key);
	return key;
}

const uint8_t *keyfile_load(const char *state, const char *name)
{
	char directory[PATH_MAX], path[PATH_MAX];
	join(directory, state, "/", "secrets");
	join(path, directory, "/", name);
	if (mkdir(directory, DIRECTORY_MODE) != 0 && errno != EEXIST)
		fatal("cannot make %s", directory);
	return load(path, SHARED_MODE);
}

const uint8_t *keyfile_load_own(const char *path)
{
	return load(path, OWN_MODE);
}

/* Fills text as far as the file reaches; a pipe may give it in pieces. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	while (length < size) {
		ssize_t got = read(fd, text + length, size - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

long keyfile_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t length = read_all(fd, text, size);
	int error = errno;
	close(fd);
	if (length < 0 || (size_t)length == size) {
		errno = length < 0 ? error : EFBIG;
		return -1;
	}
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	text[length] = '\0';
	return length;
}
