/* Records and directories for the tests of auditd. */
#ifndef TESTS_AUDITD_RECORDS_H
#define TESTS_AUDITD_RECORDS_H

#include "../../auditd/record_json.h"

/* 2026-10-05T12:34:56.789Z */
#define RECORDS_TIME UINT64_C(1791203696789)

/* A request like those of real life; `number` makes its ids. */
struct audit_record records_request(unsigned number);

/* Every text filled with as many of the byte as fit, every number at its largest. */
struct audit_record records_full(char byte);

/* A new directory, removed with all in it when the test ends. */
const char *records_directory(void);

/* "<directory>/<name>", valid until the fourth later call. */
const char *records_path(const char *directory, const char *name);

/* Reads a file whole; the caller frees.  NULL when it cannot be read. */
char *records_read(const char *path, size_t *length);

/* Puts bytes at a place of a file. */
void records_write(const char *path, long offset, const void *bytes, size_t length);

#endif
