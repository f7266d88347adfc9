/* Rows of SQLite: columns are bound and read one after the other, as the fields of a frame are. */
#ifndef AUDITD_ROW_H
#define AUDITD_ROW_H

#include <sqlite3.h>

#include "record_json.h"

struct row {
	sqlite3_stmt *statement;
	int column; /* the next one */
};

void row_put_number(struct row *row, uint64_t number);
void row_put_text(struct row *row, const char *text);

/* Negative numbers, which nobody wrote, read as 0. */
uint64_t row_get_number(struct row *row);

/* Borrowed until the statement's next step; never NULL. */
const char *row_get_text(struct row *row);

/* All members of a record, in the order of RECORD_MEMBERS. */
void row_put_record(struct row *row, const struct audit_record *record);
void row_get_record(struct row *row, struct audit_record *record);

#endif
