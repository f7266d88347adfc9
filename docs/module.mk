TOOLS += heimgate-tables
heimgate-tables_SOURCES := docs/tables.c docs/tables_bodies.c docs/tables_sandbox.c $(BUILD)/promises.c

# What the programs promise, for the tables and for the test that tries what they did not promise.
SANDBOXED := edge/main.c authd/main.c limiterd/main.c proxyd/main.c auditd/main.c compose/door.c compose/resolver.c

$(BUILD)/promises_CFLAGS := -I.
$(BUILD)/promises.c: $(SANDBOXED)
	@mkdir -p $(@D)
	@echo "  promises  $@"
	@echo '#include "proto/daemon/promises.h"' >$@
	@echo 'const struct program_promises program_promises[] = {' >>$@
	@for source in $(SANDBOXED); do \
		program=$$(echo $$source | sed -e 's|/main\.c||' -e 's|.*/||' -e 's|\.c$$||'); \
		sed -n "s/.*sandbox_enter(\(\"[a-z ]*\"\),.*/\t{\"$$program\", \1},/p" $$source; \
	done >>$@
	@echo '};' >>$@
	@echo 'const size_t program_promises_count = sizeof(program_promises) / sizeof(*program_promises);' >>$@

.PHONY: docs
docs: $(BUILD)/bin/heimgate-tables ## write the tables of the documents anew from the code
	@docs/refresh.sh $(BUILD)/bin/heimgate-tables

.PHONY: update-goldens
update-goldens: $(BUILD)/tests/proto/vectors_t ## write the golden vectors anew; review the difference
	@$(BUILD)/tests/proto/vectors_t --update
