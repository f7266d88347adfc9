#include "row.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void row_put_number(struct row *row, uint64_t number)
{
	sqlite3_bind_int64(row->statement, ++row->column, (int64_t)number);
}

void row_put_text(struct row *row, const char *text)
{
	sqlite3_bind_text(row->statement, ++row->column, text, -1, SQLITE_TRANSIENT);
}

static void put_id(struct row *row, const uint8_t *id)
{
	char text[RECORD_ID_HEX + 1];
	sodium_bin2hex(text, sizeof(text), id, RECORD_ID_SIZE);
	row_put_text(row, text);
}

static void put_request(struct row *row, const uint8_t *request_id)
{
	char text[RECORD_REQUEST_TEXT + 1];
	record_json_request(request_id, text);
	row_put_text(row, text);
}

#define PUT_HEX(value) put_id(row, value)
#define PUT_KIND(value) row_put_text(row, record_json_kind(value))
#define PUT_TIME(value) row_put_number(row, value)
#define PUT_REQUEST(value) put_request(row, value)
#define PUT_TEXT(value) row_put_text(row, value)
#define PUT_U16(value) row_put_number(row, value)
#define PUT_U32(value) row_put_number(row, value)
#define PUT_U64(value) row_put_number(row, value)
#define PUT_BOOL(value) row_put_number(row, value)

void row_put_record(struct row *row, const struct audit_record *record)
{
#define X(type, member) PUT_##type(record->member);
	RECORD_MEMBERS(X)
#undef X
}

uint64_t row_get_number(struct row *row)
{
	int64_t value = sqlite3_column_int64(row->statement, row->column++);
	return value < 0 ? 0 : (uint64_t)value;
}

const char *row_get_text(struct row *row)
{
	const char *text = (const char *)sqlite3_column_text(row->statement, row->column++);
	return text ? text : "";
}

static void get_text(struct row *row, char *text, size_t size)
{
	snprintf(text, size, "%s", row_get_text(row));
}

static void get_id(struct row *row, uint8_t *id)
{
	const char *text = row_get_text(row);
	memset(id, 0, RECORD_ID_SIZE);
	sodium_hex2bin(id, RECORD_ID_SIZE, text, strlen(text), NULL, NULL, NULL);
}

static enum audit_kind get_kind(struct row *row)
{
	const char *text = row_get_text(row);
	enum audit_kind kind = AUDIT_KIND_LAST;
	while (kind > 0 && strcmp(text, record_json_kind(kind)) != 0)
		kind--;
	return kind;
}

#define GET_HEX(member) get_id(row, record->member)
#define GET_KIND(member) record->member = get_kind(row)
#define GET_TIME(member) record->member = row_get_number(row)
#define GET_REQUEST(member) record_json_request_read(row_get_text(row), record->member)
#define GET_TEXT(member) get_text(row, record->member, sizeof(record->member))
#define GET_U16(member) record->member = (uint16_t)row_get_number(row)
#define GET_U32(member) record->member = (uint32_t)row_get_number(row)
#define GET_U64(member) record->member = row_get_number(row)
#define GET_BOOL(member) record->member = row_get_number(row) != 0

void row_get_record(struct row *row, struct audit_record *record)
{
#define X(type, member) GET_##type(member);
	RECORD_MEMBERS(X)
#undef X
}
