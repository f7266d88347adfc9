PROGRAMS += heimgate-auditd
heimgate-auditd_SOURCES := $(addprefix auditd/, main.c auditd.c intake.c journal.c replay.c seen.c segment.c record_json.c \
    upkeep.c follower.c asks.c history.c store.c store_sqlite.c store_sqlite_ask.c row.c)
heimgate-auditd_LIBS := -lsqlite3
