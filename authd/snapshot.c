#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
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
#include "../proto/wire/wire.h"

enum { SEAL_SIZE = 32, LENGTHS_SIZE = 16 /* of a key's strings, and more */ };

/* The first bytes say what it is and in which version. */
static const char mark[] = "heimgate keys 2\n";
enum { MARK_SIZE = sizeof(mark) - 1, HEAD_SIZE = MARK_SIZE + 8 + 4 };

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

static void seal(const uint8_t *data, size_t length, uint8_t *sealed)
{
	crypto_generichash(sealed, SEAL_SIZE, data, length, snapshot.key, STAMP_KEY_SIZE);
}

/* --- writing --- */

static void put_key(struct wire_out *out, const struct key *key)
{
	wire_put_str(out, key->models, MODEL_LIST_MAX);
	wire_put_str(out, key->id, KEY_ID_MAX);
	wire_put_str(out, key->name, KEY_NAME_MAX);
	wire_put_str(out, key->owner, KEY_OWNER_MAX);
	wire_put_u32(out, key->limits.rpm);
	wire_put_u32(out, key->limits.tpm);
	wire_put_u32(out, key->limits.concurrency);
	wire_put_u64(out, key->limits.budget);
	wire_put_u8(out, (uint8_t)key->limits.period);
	wire_put_u8(out, key->scope.local_only);
	wire_put_u32(out, key->scope.images);
	wire_put_u32(out, key->scope.image_kib);
	wire_put_u64(out, key->generation);
	wire_put_u64(out, key->created);
	wire_put_u64(out, key->changed);
	wire_put_u64(out, key->expires);
	wire_put_u64(out, key->revoked);
	wire_put_fixed(out, key->hash, sizeof(key->hash));
	wire_put_u64(out, key->former.until);
	wire_put_u64(out, key->former.generation);
	wire_put_fixed(out, key->former.hash, sizeof(key->former.hash));
}

static struct key *get_key(struct wire_in *in)
{
	char models[MODEL_LIST_MAX + 1];
	wire_get_str(in, models, sizeof(models));
	struct key *key = key_new(models);
	if (!key)
		return NULL;
	wire_get_str(in, key->id, sizeof(key->id));
	wire_get_str(in, key->name, sizeof(key->name));
	wire_get_str(in, key->owner, sizeof(key->owner));
	key->limits.rpm = wire_get_u32(in);
	key->limits.tpm = wire_get_u32(in);
	key->limits.concurrency = wire_get_u32(in);
	key->limits.budget = wire_get_u64(in);
	key->limits.period = (enum budget_period)wire_get_enum(in, BUDGET_PERIOD_LAST);
	key->scope.local_only = wire_get_enum(in, 1);
	key->scope.images = wire_get_u32(in);
	key->scope.image_kib = wire_get_u32(in);
	key->generation = wire_get_u64(in);
	key->created = wire_get_u64(in);
	key->changed = wire_get_u64(in);
	key->expires = wire_get_u64(in);
	key->revoked = wire_get_u64(in);
	wire_get_fixed(in, key->hash, sizeof(key->hash));
	key->former.until = wire_get_u64(in);
	key->former.generation = wire_get_u64(in);
	wire_get_fixed(in, key->former.hash, sizeof(key->former.hash));
	return key;
}

/* A key in memory takes more than its fields in a row. */
static size_t size_of(const struct keystore *keys)
{
	size_t size = HEAD_SIZE + SEAL_SIZE;
	for (size_t i = 0; i < keystore_count(keys); i++)
		size += sizeof(struct key) + strlen(keystore_at(keys, i)->models) + LENGTHS_SIZE;
	return size;
}

static void encode(struct wire_out *out, const struct keystore *keys, uint64_t now)
{
	uint8_t sealed[SEAL_SIZE];
	wire_put_fixed(out, mark, MARK_SIZE);
	wire_put_u64(out, now);
	wire_put_u32(out, (uint32_t)keystore_count(keys));
	for (size_t i = 0; i < keystore_count(keys); i++)
		put_key(out, keystore_at(keys, i));
	seal(out->data, out->length, sealed);
	wire_put_fixed(out, sealed, sizeof(sealed));
}

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
	size_t size = size_of(keys);
	uint8_t *data = malloc(size);
	if (!data)
		return fail("cannot write", "out of memory", error);
	wire_out_init(&out, data, size);
	encode(&out, keys, now);
	int result =
		out.error == WIRE_OK ? replace_file(&out, error) : fail("cannot write", wire_error_text(out.error), error);
	free(data);
	return result;
}

/* --- reading --- */

/* Takes keys until there are no more of them, or one that is none. */
static void take_keys(struct wire_in *in, uint32_t count, struct keystore *keys)
{
	for (uint32_t i = 0; i < count && in->error == WIRE_OK; i++) {
		struct key *key = get_key(in);
		if (!key || in->error != WIRE_OK || keystore_reserve(keys) != 0) {
			free(key);
			return;
		}
		keystore_put(keys, key);
	}
}

static int decode(const uint8_t *data, size_t length, struct keystore *keys, uint64_t *known, char *error)
{
	struct wire_in in;
	char found[MARK_SIZE];
	uint8_t sealed[SEAL_SIZE];
	if (length < HEAD_SIZE + SEAL_SIZE)
		return fail("refused", "it is too short", error);
	length -= SEAL_SIZE;
	seal(data, length, sealed);
	if (sodium_memcmp(sealed, data + length, SEAL_SIZE) != 0)
		return fail("refused", "its seal is not ours, or it was altered", error);
	wire_in_init(&in, data, length);
	wire_get_fixed(&in, found, sizeof(found));
	*known = wire_get_u64(&in);
	uint32_t count = wire_get_u32(&in);
	if (memcmp(found, mark, sizeof(found)) == 0)
		take_keys(&in, count, keys);
	if (wire_end(&in) == WIRE_OK && keystore_count(keys) == count)
		return 0;
	keystore_clear(keys);
	return fail("refused", "it is of another version", error);
}

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
	int result = data ? decode(data, length, keys, known, error) : fail("cannot read", strerror(errno), error);
	free(data);
	close(fd);
	return result;
}
