limiterd_CORE := $(addprefix limiterd/,account.c bucket.c budget.c history.c ledger.c limiter.c news.c \
	pool.c take.c target.c)
limiterd_DECIDER := $(limiterd_CORE) $(addprefix limiterd/,ask.c counters.c decider.c decider_lease.c redis.c \
	redis_call.c redis_setup.c redis_url.c settling.c shared.c shared_move.c shared_time.c) \
	$(BUILD)/limiterd_lua.c

PROGRAMS += heimgate-limiterd heimgate-limits
heimgate-limiterd_SOURCES := $(addprefix limiterd/,main.c leases.c limiterd.c show.c show_json.c) $(limiterd_DECIDER)
heimgate-limiterd_LIBS := -lhiredis
heimgate-limits_SOURCES := limiterd/limits.c

# What Redis runs, as C strings: each script with what they have in common in front.
lua_FRONT := $(addprefix limiterd/,bucket.lua budget.lua account.lua)
lua_CALLS := $(addprefix limiterd/,join.lua take.lua keep.lua settle.lua cancel.lua show.lua move.lua)

$(BUILD)/limiterd_lua.c: $(lua_FRONT) $(lua_CALLS)
	@mkdir -p $(@D)
	@echo "  lua   $@"
	@for call in $(lua_CALLS); do \
		echo "extern const char lua_$$(basename $$call .lua)[];"; \
		echo "const char lua_$$(basename $$call .lua)[] ="; \
		sed -e 's/[\\"]/\\&/g' -e 's/.*/\t"&\\n"/' $(lua_FRONT) $$call; \
		echo ";"; \
	done >$@
