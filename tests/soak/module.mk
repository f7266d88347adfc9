ROUNDS ?= 1000

.PHONY: soak
soak: ## slow clients, thousands of connections, ROUNDS=1000 of kill -9, a full disk, no descriptors: a table (as root)
	@compose/deps.sh soak
	@$(MAKE) --no-print-directory -j2 BUILD=$(CHECKED) SANITIZE=address,undefined WERROR=1 all
	@HEIMGATE_BIN=$(CURDIR)/$(CHECKED)/bin tests/soak/soak.py $(ROUNDS)
