AUDITD_JOURNAL := auditd/journal.c auditd/replay.c auditd/seen.c auditd/segment.c auditd/record_json.c
AUDITD_STORE := auditd/store.c auditd/store_sqlite.c auditd/store_sqlite_ask.c auditd/row.c
AUDITD_TEST := tests/auditd/records.c tests/tap/tap.c

TESTS += $(addprefix tests/auditd/, record_json_t journal_t verify_t store_t follower_t)
tests/auditd/record_json_t_SOURCES := tests/auditd/record_json_t.c auditd/record_json.c $(AUDITD_TEST)
tests/auditd/journal_t_SOURCES := tests/auditd/journal_t.c auditd/verify.c $(AUDITD_JOURNAL) $(AUDITD_TEST)
tests/auditd/verify_t_SOURCES := tests/auditd/verify_t.c auditd/verify.c $(AUDITD_JOURNAL) $(AUDITD_TEST)
tests/auditd/store_t_SOURCES := tests/auditd/store_t.c auditd/record_json.c $(AUDITD_STORE) $(AUDITD_TEST)
tests/auditd/store_t_LIBS := -lsqlite3
tests/auditd/follower_t_SOURCES := tests/auditd/follower_t.c auditd/follower.c $(AUDITD_STORE) $(AUDITD_JOURNAL) $(AUDITD_TEST)
tests/auditd/follower_t_LIBS := -lsqlite3
