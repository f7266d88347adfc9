AUDITD_TEST := tests/auditd/records.c tests/tap/tap.c

TESTS += $(addprefix tests/auditd/, record_json_t journal_t verify_t)
tests/auditd/record_json_t_SOURCES := tests/auditd/record_json_t.c auditd/record_json.c $(AUDITD_TEST)
tests/auditd/journal_t_SOURCES := tests/auditd/journal_t.c auditd/verify.c $(AUDITD_JOURNAL) $(AUDITD_TEST)
tests/auditd/verify_t_SOURCES := tests/auditd/verify_t.c auditd/verify.c $(AUDITD_JOURNAL) $(AUDITD_TEST)

AUDITD_STORES := tests/auditd/stores.c $(AUDITD_STORE)
define auditd_store_test
TESTS += tests/auditd/$(1)
tests/auditd/$(1)_SOURCES := tests/auditd/$(1).c $(AUDITD_STORES) $(AUDITD_JOURNAL) $(AUDITD_TEST)
tests/auditd/$(1)_LIBS := -lsqlite3 -lpq
endef
$(foreach test,store_t store_sqlite_t store_postgres_t follower_t,$(eval $(call auditd_store_test,$(test))))
tests/auditd/follower_t_SOURCES += auditd/follower.c
