TOOLS += heimgate-tables
heimgate-tables_SOURCES := docs/tables.c

.PHONY: docs
docs: $(BUILD)/bin/heimgate-tables ## write the tables of the documents anew from the code
	@docs/refresh.sh $(BUILD)/bin/heimgate-tables

.PHONY: update-goldens
update-goldens: $(BUILD)/tests/proto/vectors_t ## write the golden vectors anew; review the difference
	@$(BUILD)/tests/proto/vectors_t --update
