TOOLS += bench-roundtrip bench-streams bench-links
bench-links_SOURCES := tests/bench/links.c
bench-roundtrip_SOURCES := tests/bench/roundtrip.c
bench-streams_SOURCES := tests/bench/streams.c

.PHONY: bench
bench: ## heimgate and nginx side by side, as a table; STORES=real: embedded stores and real ones
	@compose/deps.sh test
	@$(MAKE) --no-print-directory -j2 all
	@HEIMGATE_BIN=$(CURDIR)/$(BUILD)/bin tests/bench/$(if $(filter real,$(STORES)),stores,bench).py $(BENCH)

.PHONY: bench-links
bench-links: $(BUILD)/bin/bench-links ## what a round trip over a link costs, with libnng and without
	@$<
