/* The rows of answers, as the engines give them: text, column after column. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_engine.h"

static const char *text(struct store_rows *rows)
{
	return rows->text(rows, rows->column++);
}

/* From 0 to `most`, whatever the database says: all of it goes into JSON. */
static uint64_t number_to(struct store_rows *rows, uint64_t most)
{
	const char *digits = text(rows);
	uint64_t value = *digits == '-' ? 0 : strtoull(digits, NULL, 10);
	return value < most ? value : most;
}

static uint64_t number(struct store_rows *rows)
{
	return number_to(rows, INT64_MAX);
}

static void copy_text(struct store_rows *rows, char *to, size_t size)
{
	snprintf(to, size, "%s", text(rows));
}

static void copy_id(struct store_rows *rows, uint8_t *id)
{
	const char *hex = text(rows);
	memset(id, 0, RECORD_ID_SIZE);
	sodium_hex2bin(id, RECORD_ID_SIZE, hex, strlen(hex), NULL, NULL, NULL);
}

static enum audit_kind kind(struct store_rows *rows)
{
	const char *name = text(rows);
	enum audit_kind kind = AUDIT_KIND_LAST;
	while (kind > 0 && strcmp(name, record_json_kind(kind)) != 0)
		kind--;
	return kind;
}

#define READ_HEX(member) copy_id(rows, record->member)
#define READ_KIND(member) record->member = kind(rows)
#define READ_TIME(member) record->member = number_to(rows, RECORD_TIME_MAX)
#define READ_REQUEST(member) record_json_request_read(text(rows), record->member)
#define READ_TEXT(member) copy_text(rows, record->member, sizeof(record->member))
#define READ_U16(member) record->member = (uint16_t)number_to(rows, UINT16_MAX)
#define READ_U32(member) record->member = (uint32_t)number_to(rows, UINT32_MAX)
#define READ_U64(member) record->member = number(rows)
#define READ_BOOL(member) record->member = number(rows) != 0

static void read_members(struct store_rows *rows, struct audit_record *record)
{
#define X(type, member) READ_##type(member);
	RECORD_MEMBERS(X)
#undef X
}

static bool next(struct store_rows *rows)
{
	rows->column = 0;
	return rows->next(rows);
}

bool store_next_record(struct store_rows *rows, struct store_record *record)
{
	if (!next(rows))
		return false;
	record->position = number(rows);
	record->journal = text(rows);
	record->seq = number(rows);
	read_members(rows, &record->record);
	return true;
}

bool store_next_usage(struct store_rows *rows, struct store_usage *usage)
{
	if (!next(rows))
		return false;
	usage->label = text(rows);
	usage->key_name = text(rows);
	usage->requests = number(rows);
	usage->refusals = number(rows);
	usage->tokens_in = number(rows);
	usage->tokens_out = number(rows);
	return true;
}

bool store_next_total(struct store_rows *rows, struct usage_total *total)
{
	if (!next(rows))
		return false;
	total->tokens = number(rows);
	total->requests = number(rows);
	return true;
}

const char *store_failure(const struct store_rows *rows)
{
	return rows->failure;
}
