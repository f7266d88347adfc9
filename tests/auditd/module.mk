AUDITD_TEST := tests/auditd/records.c tests/tap/tap.c

TESTS += $(addprefix tests/auditd/, record_json_t journal_t verify_t store_t follower_t)
tests/auditd/record_json_t_SOURCES := tests/auditd/record_json_t.c auditd/record_json.c $(AUDITD_TEST)
tests/auditd/journal_t_SOURCES := tests/auditd/journal_t.c auditd/verify.c $(AUDITD_JOURNAL) $(AUDITD_TEST)
tests/auditd/verify_t_SOURCES := tests/auditd/verify_t.c auditd/verify.c $(AUDITD_JOURNAL) $(AUDITD_TEST)
