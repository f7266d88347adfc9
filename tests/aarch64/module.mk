# Built for aarch64 with Debian's packages for it, and run in an emulated machine that has them too; with
# SANITIZE=address,undefined as `make test` builds, which takes several times as long.
AARCH64       := $(BUILD)/aarch64
AARCH64_ROOT  := $(AARCH64)/root
AARCH64_BUILD := $(AARCH64)/$(if $(SANITIZE),sanitized,plain)
AARCH64_CC    := aarch64-linux-gnu-gcc --sysroot=$(CURDIR)/$(AARCH64_ROOT)
AARCH64_TESTS  = $(TESTS:%=$(AARCH64_BUILD)/%) $(wildcard $(addprefix tests/system/,010-* 021-* 130-* 140-*))

.PHONY: test-aarch64
test-aarch64: ## run the C tests and some of daemons on aarch64, emulated, under two kernels; ONLY=... (as root)
	@compose/deps.sh aarch64
	@$(MAKE) --no-print-directory --silent $(AARCH64_ROOT)/made
	@$(MAKE) --no-print-directory -j2 CC='$(AARCH64_CC)' AR=aarch64-linux-gnu-ar BUILD=$(AARCH64_BUILD) WERROR=1 all tests
	@$(if $(SANITIZE),,OBJDUMP=aarch64-linux-gnu-objdump tests/style/hardening.sh $(PROGRAMS:%=$(AARCH64_BUILD)/bin/%))
	@tests/aarch64/machine.sh $(AARCH64_ROOT) $(AARCH64_BUILD) $(or $(ONLY),$(AARCH64_TESTS))

$(AARCH64_ROOT)/made: tests/aarch64/root.sh
	@$< $(@D)
	@touch $@
