TOOLS += valgrind-canary
valgrind-canary_SOURCES := tests/valgrind/canary.c

# Valgrind makes calls of its own, which no sandbox has.
.PHONY: valgrind
valgrind: ## run each daemon, with some of everything, under valgrind: no error, no leak, no descriptor left open
	@compose/deps.sh test
	@CFLAGS='-O1 -g' $(MAKE) --no-print-directory --silent -j2 BUILD=$(BUILD)/valgrind SANDBOX=no all
	@HEIMGATE_BIN=$(CURDIR)/$(BUILD)/valgrind/bin prove --timer --exec '' tests/valgrind/valgrind.py
