# What judges the sources without running them.  `make -k lint` shows all that is wrong at once.
LISTED       = $(shell git ls-files -co --exclude-standard $(1))
LINT_DEFINES = -D_GNU_SOURCE '-DHEIMGATE_VERSION="lint"'
LINT_SOURCES = $(call LISTED,'*.c')
PRODUCT_SOURCES = $(filter-out tests/% docs/%,$(LINT_SOURCES))
LINT_HEADERS = $(call LISTED,'*.h')

.PHONY: lint lint-format lint-shape lint-shell lint-man lint-docs lint-cppcheck lint-tidy lint-analyzer lint-clang lint-reviews
lint: lint-format lint-shape lint-shell lint-man lint-docs lint-cppcheck lint-tidy lint-analyzer lint-clang lint-reviews ## format, shape, shellcheck, man pages, documents, cppcheck, clang-tidy, gcc's analyzer, clang's warnings

lint-format:
	@echo "  format"; clang-format --dry-run -Werror $(LINT_SOURCES) $(LINT_HEADERS)

lint-shape:
	@echo "  shape"; tests/style/shape.py

lint-shell:
	@echo "  shellcheck"; shellcheck $(call LISTED,'*.sh' .ci/run)

lint-man:
	@echo "  manual pages"; mandoc -Tlint -Wwarning docs/man/*

lint-docs: $(BUILD)/bin/heimgate-tables
	@echo "  documents"; docs/refresh.sh $< --check

lint-cppcheck:
	@echo "  cppcheck"; cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --std=c11 --inline-suppr \
		--suppress=missingIncludeSystem -j2 $(LINT_DEFINES) $(LINT_SOURCES)

lint-tidy:
	@echo "  clang-tidy"; printf '%s\n' $(LINT_SOURCES) | xargs -P2 -n6 sh -c 'clang-tidy --quiet "$$@" -- -std=c17 $(subst ','\'',$(LINT_DEFINES))' tidy

# Leaks are left to LeakSanitizer, which every test runs with: this one takes what a structure holds for lost.
lint-analyzer:
	@echo "  gcc -fanalyzer"; printf '%s\n' $(PRODUCT_SOURCES) | xargs -P2 -n1 gcc -std=c17 -O1 -fanalyzer -Werror \
		-Wno-analyzer-malloc-leak $(LINT_DEFINES) -S -o /dev/null

lint-clang:
	@echo "  clang"; clang -std=c17 -fsyntax-only -Werror $(WARNINGS) $(LINT_DEFINES) $(LINT_SOURCES)

lint-reviews:
	@echo "  reviews"; tests/style/reviews.sh check

.PHONY: reviews reviewed
reviews: ## show which files are as somebody other than their author has read them
	@tests/style/reviews.sh list

reviewed: ## say that you have read FILES="edge/conn.c ..." line by line, as they are in the last commit
	@tests/style/reviews.sh mark $(FILES)

.PHONY: format
format: ## put the sources into the house format
	clang-format -i $(LINT_SOURCES) $(LINT_HEADERS)

.PHONY: compile_commands
compile_commands: ## write compile_commands.json for editors
	@$(MAKE) --no-print-directory -Bn all tests | tests/style/compile_commands.py >compile_commands.json

# How many lines of C there are but for comments and blank ones, and in how many files.
SIZE_OF = $(shell cat $(1) | $(CC) -w -fpreprocessed -dD -E -P - | grep -c .) $(words $(1))

.PHONY: sizes
sizes: ## show how many lines of C each program is, of its own and of what it shares
	@printf '%-28s %6s %6s\n' program lines files $(foreach p,$(PROGRAMS),$(p) $(call SIZE_OF,$(filter-out $(BUILD)/%,$($(p)_SOURCES)))) \
		$(foreach d,proto/wire proto/daemon,$(d) $(call SIZE_OF,$(wildcard $(d)/*.c)))

.PHONY: hardening-check
hardening-check: programs $(BUILD)/tests/daemon/secret_t ## show how the programs are hardened; fails when one is not
	@tests/style/hardening.sh $(PROGRAMS:%=$(BUILD)/bin/%)
	@$(BUILD)/tests/daemon/secret_t # which a sanitizer's build cannot show whole
