PROGRAMS += heimgate-auditd heimgate-audit heimgate-migrate-history
AUDITD_JOURNAL := $(addprefix auditd/, journal.c identity.c replay.c seen.c segment.c record_json.c)
AUDITD_STORE := $(addprefix auditd/, store.c store_values.c store_read.c store_sqlite.c store_sqlite_fill.c store_sqlite_ask.c \
    store_postgres.c store_postgres_fill.c store_postgres_ask.c store_postgres_sql.c)
heimgate-auditd_SOURCES := $(addprefix auditd/, main.c auditd.c intake.c upkeep.c follower.c asks.c history.c) \
    $(AUDITD_JOURNAL) $(AUDITD_STORE)
heimgate-auditd_LIBS := -lsqlite3 -lpq
heimgate-audit_SOURCES := $(addprefix auditd/, tool.c tool_tail.c tool_usage.c tool_verify.c verify.c segment.c \
    record_json.c)
heimgate-migrate-history_SOURCES := auditd/migrate.c auditd/migrate_copy.c auditd/migrate_usage.c \
    $(AUDITD_JOURNAL) $(AUDITD_STORE)
heimgate-migrate-history_LIBS := -lsqlite3 -lpq
