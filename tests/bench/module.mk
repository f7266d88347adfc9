TOOLS += bench-roundtrip bench-streams
bench-roundtrip_SOURCES := tests/bench/roundtrip.c
bench-streams_SOURCES := tests/bench/streams.c

.PHONY: bench
bench: ## heimgate and nginx side by side on this machine, as a table
	@compose/deps.sh test
	@$(MAKE) --no-print-directory -j2 all
	@HEIMGATE_BIN=$(CURDIR)/$(BUILD)/bin tests/bench/bench.py $(BENCH)
