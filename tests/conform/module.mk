.PHONY: conform test-swap
conform: ## judge a daemon of your own: DAEMON=limiterd ADDR=ipc:///its/run/directory; SECRETS=directory, MODEL=name
	@tests/conform/conform.py $(DAEMON) $(ADDR) $(SECRETS:%=--secrets %) $(MODEL:%=--model %)

# What cannot hold with another limiterd: 021 asks for the sandbox of our own, 096 reads its log, 103 floods faster than
# Python reads; 13 and 14 start heimgate's own programs, 17 is about limits in Redis.
LIMITERD ?= docs/swapping/limiterd.py
SWAPPED   = $(filter-out $(addprefix tests/system/,021% 096% 103% 13% 14% 17%),$(filter tests/system/%,$(SCRIPTS)))

test-swap: ## run the system tests with another limiterd: LIMITERD=program, ONLY="tests/system/080-limits.py ..."
	@compose/deps.sh test
	@$(MAKE) --no-print-directory -j2 BUILD=$(CHECKED) SANITIZE=address,undefined WERROR=1 all
	@HEIMGATE_BIN=$(CURDIR)/$(CHECKED)/bin HEIMGATE_LIMITERD=$(LIMITERD) prove --timer -j$(PROVE_JOBS) --exec '' \
		$(or $(ONLY),$(SWAPPED))
