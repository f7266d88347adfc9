#include "../../authd/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../tap/tap.h"

enum { KEYS = 3, BYTES_MAX = 8192 };

static char directory[] = "/tmp/heimgate-snapshot_t.XXXXXX";
static char path[64], key_path[64], error[SNAPSHOT_ERROR_SIZE];

static struct key *make_key(unsigned number)
{
	struct key *key = key_new(number == 0 ? "" : "m1\nm/2:latest");
	CHECK(key);
	snprintf(key->id, sizeof(key->id), "key%u", number);
	memset(key->name, 'n', KEY_NAME_MAX);
	memset(key->owner, 'o', KEY_OWNER_MAX);
	key->limits = (struct limits){UINT32_MAX, 2, 3, UINT64_MAX, BUDGET_MONTH};
	key->scope = (struct scope){number == 1, UINT32_MAX, number};
	key->generation = UINT64_MAX - number;
	key->created = 11;
	key->changed = 12;
	key->expires = 13;
	key->revoked = 14;
	memset(key->hash, (int)(1 + number), sizeof(key->hash));
	key->former = (struct key_former){.until = 15, .generation = 16};
	memset(key->former.hash, (int)(101 + number), sizeof(key->former.hash));
	return key;
}

static struct keystore *make_keys(void)
{
	struct keystore *keys = keystore_new();
	for (unsigned i = 0; i < KEYS; i++)
		keystore_put(keys, make_key(i));
	return keys;
}

static bool same_keys(const struct keystore *a, const struct keystore *b)
{
	bool same = keystore_count(a) == keystore_count(b);
	for (size_t i = 0; same && i < keystore_count(a); i++)
		same = key_equal(keystore_at(a, i), keystore_at(b, i));
	return same;
}

/* Whether it was read; if not, nothing may be in *keys. */
static bool is_read(struct keystore *keys)
{
	uint64_t known = 0;
	if (snapshot_read(keys, &known, error) == 0)
		return is_int((long long)known, 1234, "it says when it was written");
	if (keystore_count(keys) != 0)
		ok(false, "a snapshot that is refused leaves no keys");
	return false;
}

static void keeps_keys(struct keystore *keys)
{
	struct stat about;
	struct keystore *found = keystore_new();
	ok(!is_read(found) && strstr(error, "No such file"), "there is no snapshot at first");
	is_int(snapshot_write(found, 1234, error), 0, "one without keys is written");
	ok(is_read(found), "and read");
	is_int(snapshot_write(keys, 1234, error), 0, "one with keys is written in its place");
	ok(stat(path, &about) == 0 && (about.st_mode & 0777) == 0600, "for its owner alone");
	ok(stat(key_path, &about) == 0 && (about.st_mode & 0777) == 0600, "and so is the key of its seal");
	ok(is_read(found) && same_keys(found, keys), "every key comes back as it was");
	keystore_free(found);
}

static size_t read_bytes(uint8_t *bytes)
{
	FILE *file = fopen(path, "r");
	size_t length = file ? fread(bytes, 1, BYTES_MAX, file) : 0;
	CHECK(length > 0 && length < BYTES_MAX && fclose(file) == 0);
	return length;
}

static void write_bytes(const uint8_t *bytes, size_t length)
{
	FILE *file = fopen(path, "w");
	CHECK(file && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}

static void refuses_what_is_altered(void)
{
	uint8_t bytes[BYTES_MAX];
	size_t length = read_bytes(bytes), altered = 0, cut = 0;
	struct keystore *found = keystore_new();
	for (size_t i = 0; i < length; i++) {
		bytes[i] ^= 1;
		write_bytes(bytes, length);
		altered += is_read(found);
		bytes[i] ^= 1;
	}
	is_int((long long)altered, 0, "no byte of it can be altered");
	for (size_t i = 0; i < length; i++) {
		write_bytes(bytes, i);
		cut += is_read(found);
	}
	is_int((long long)cut, 0, "nothing of it can be cut off");
	bytes[length] = 0;
	write_bytes(bytes, length + 1);
	ok(!is_read(found), "or added");
	write_bytes(bytes, length);
	ok(is_read(found), "as it was it is good again");
	keystore_free(found);
}

static void refuses_other_seals(struct keystore *keys)
{
	struct keystore *found = keystore_new();
	snapshot_open(directory);
	ok(is_read(found) && same_keys(found, keys), "another process with the same key reads it");
	unlink(key_path);
	snapshot_open(directory);
	keystore_clear(found);
	ok(!is_read(found) && strstr(error, "its seal is not ours"), "one with another key does not");
	keystore_free(found);
}

static void says_what_is_wrong(struct keystore *keys)
{
	char away[80];
	snprintf(away, sizeof(away), "%s.away", directory);
	CHECK(rename(directory, away) == 0);
	is_int(snapshot_write(keys, 1234, error), -1, "a snapshot that cannot be written is an error");
	ok(strstr(error, path) && strstr(error, "No such file"), "which names it, with the reason");
	CHECK(rename(away, directory) == 0);
}

int main(void)
{
	char clean[64];
	log_init("snapshot_t");
	CHECK(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/snapshot", directory);
	snprintf(key_path, sizeof(key_path), "%s/snapshot.key", directory);
	snprintf(clean, sizeof(clean), "rm -r %s", directory);
	struct keystore *keys = make_keys();
	snapshot_open(directory);
	keeps_keys(keys);
	refuses_what_is_altered();
	refuses_other_seals(keys);
	says_what_is_wrong(keys);
	keystore_free(keys);
	return system(clean) != 0 || tap_done() != 0;
}
