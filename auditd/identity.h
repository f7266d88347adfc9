/* The id of a journal: the file "id" beside its segments. */
#ifndef AUDITD_IDENTITY_H
#define AUDITD_IDENTITY_H

#include "journal.h"

/* Reads it, or makes it (at random) when there is none or `anew`.  Ends the process on failure. */
void identity_load(int directory, bool anew, char id[JOURNAL_ID_HEX + 1]);

#endif
