limiterd_CORE := $(addprefix limiterd/,account.c bucket.c budget.c history.c ledger.c limiter.c pool.c)

PROGRAMS += heimgate-limiterd heimgate-limits
heimgate-limiterd_SOURCES := $(addprefix limiterd/,main.c limiterd.c show.c) $(limiterd_CORE)
heimgate-limits_SOURCES := limiterd/limits.c
