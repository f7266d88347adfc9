PROGRAMS += heimgate-auditd heimgate-audit
heimgate-auditd_SOURCES := $(addprefix auditd/, main.c auditd.c intake.c journal.c replay.c seen.c segment.c record_json.c \
    upkeep.c follower.c asks.c history.c store.c store_sqlite.c store_sqlite_ask.c row.c)
heimgate-auditd_LIBS := -lsqlite3
heimgate-audit_SOURCES := $(addprefix auditd/, tool.c tool_tail.c tool_usage.c tool_verify.c table.c verify.c segment.c \
    record_json.c)
