/* Checking a journal from its files alone: sequence, hashes, and what "head" vouches for. */
#ifndef AUDITD_VERIFY_H
#define AUDITD_VERIFY_H

#include "segment.h"

struct verify_report {
	uint64_t lines;          /* good or not */
	uint64_t damaged;        /* places where something is wrong */
	uint64_t first_seq;      /* 0: there are no lines */
	struct segment_head end; /* the last line */
	char first_time[RECORD_TIME_TEXT + 1];
	char last_time[RECORD_TIME_TEXT + 1];
	uint64_t unfinished; /* bytes at the very end that are no line yet */
};

/* Told of each damage: the file, its line (from 1; 0: the file as a whole), and what is wrong. */
typedef void verify_damage(void *arg, const char *file, uint64_t line, const char *text);

/*
 * Reads every segment of the directory.  The first line there is may name any line before it, since
 * older segments are dropped whole; line 1 may not.  A journal may be verified while it is written.
 * -1 + errno when a file cannot be read.
 */
int verify_journal(const char *directory, struct verify_report *report, verify_damage *damage, void *arg);

#endif
