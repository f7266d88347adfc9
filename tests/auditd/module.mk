AUDITD_JOURNAL := auditd/journal.c auditd/replay.c auditd/seen.c auditd/segment.c auditd/record_json.c
AUDITD_TEST := tests/auditd/records.c tests/tap/tap.c

TESTS += tests/auditd/record_json_t tests/auditd/journal_t tests/auditd/verify_t
tests/auditd/record_json_t_SOURCES := tests/auditd/record_json_t.c auditd/record_json.c $(AUDITD_TEST)
tests/auditd/journal_t_SOURCES := tests/auditd/journal_t.c auditd/verify.c $(AUDITD_JOURNAL) $(AUDITD_TEST)
tests/auditd/verify_t_SOURCES := tests/auditd/verify_t.c auditd/verify.c $(AUDITD_JOURNAL) $(AUDITD_TEST)
