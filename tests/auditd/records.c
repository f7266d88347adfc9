#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"

struct audit_record records_request(unsigned number)
{
	struct audit_record record = {
		.kind = AUDIT_REQUEST,
		.time = RECORDS_TIME + number,
		.key_id = "k7Qm2xA9bC",
		.key_name = "scripts",
		.client = "127.0.0.1",
		.action = "chat.completions",
		.model = "gpt-4o-mini",
		.served = "llama3.1:8b",
		.upstream = "ollama",
		.status = 200,
		.tokens_in = 26,
		.tokens_out = 282,
		.streamed = true,
		.bytes_in = 412,
		.bytes_out = 10240,
		.first_byte_ms = 48,
		.total_ms = 4883,
	};
	memset(record.id, 0xa5, sizeof(record.id));
	memcpy(record.id, &number, sizeof(number));
	memset(record.request_id, 0x5a, sizeof(record.request_id));
	memcpy(record.request_id, &number, sizeof(number));
	return record;
}

struct audit_record records_full(char byte)
{
	struct audit_record record = {.kind = AUDIT_REFUSAL, .time = RECORD_TIME_MAX, .status = UINT16_MAX};
	memset(record.id, 0xff, sizeof(record.id));
	memset(record.request_id, 0xff, sizeof(record.request_id));
#define FILL(member) memset(record.member, byte, sizeof(record.member) - 1)
	FILL(key_id);
	FILL(key_name);
	FILL(client);
	FILL(action);
	FILL(model);
	FILL(served);
	FILL(upstream);
	FILL(code);
	FILL(detail);
#undef FILL
	record.tokens_in = record.tokens_out = record.bytes_in = record.bytes_out = RECORD_COUNT_MAX;
	record.first_byte_ms = record.total_ms = UINT32_MAX;
	return record;
}

static char directories[16][64];
static size_t directory_count;

static void remove_all(void)
{
	char command[sizeof(directories) + 16];
	for (size_t i = 0; i < directory_count; i++) {
		snprintf(command, sizeof(command), "rm -rf %s", directories[i]);
		if (system(command) != 0)
			fprintf(stderr, "# %s is left over\n", directories[i]);
	}
}

const char *records_directory(void)
{
	char *directory = directories[directory_count];
	CHECK(directory_count < sizeof(directories) / sizeof(directories[0]));
	snprintf(directory, sizeof(directories[0]), "/tmp/heimgate-auditd.XXXXXX");
	CHECK(mkdtemp(directory));
	if (directory_count++ == 0)
		atexit(remove_all);
	return directory;
}

const char *records_path(const char *directory, const char *name)
{
	static char paths[4][256];
	static size_t next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

char *records_read(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	char *bytes = malloc(1 << 20);
	CHECK(bytes);
	*length = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

void records_write(const char *path, long offset, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "r+b");
	CHECK(file && fseek(file, offset, SEEK_SET) == 0 && fwrite(bytes, 1, length, file) == length && fclose(file) == 0);
}
