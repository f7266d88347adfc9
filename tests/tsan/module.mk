# What has more than one thread: libcurl's resolver in proxyd, libnng in the tools and in nng_t; and those that speak to
# both in many ways.  Not sandbox_t: Landlock holds one thread, and the sanitizer's own may run beside that.
TSAN_C       = $(filter-out %/sandbox_t,$(filter tests/daemon/%,$(TESTS)))
TSAN_SCRIPTS = $(sort $(wildcard tests/daemon/*_t.py) tests/proxyd/proxyd_t.py tests/authd/key_tool_t.py \
	tests/auditd/audit_tool_t.py $(wildcard $(addprefix tests/system/,010* 012* 020* 021* 030* 060* 07* 08* 09* 100* 140* 207*)))

.PHONY: tsan
tsan: ## run what has several threads with the sanitizer for threads: ONLY=path, by default some of the tests
	@compose/deps.sh test
	@$(MAKE) --no-print-directory -j2 BUILD=$(BUILD)/tsan SANITIZE=thread WERROR=1 all tests
	@HEIMGATE_BIN=$(CURDIR)/$(BUILD)/tsan/bin prove --timer -j$(PROVE_JOBS) --exec '' \
		$(or $(ONLY),$(TSAN_C:%=$(BUILD)/tsan/%) $(TSAN_SCRIPTS))
