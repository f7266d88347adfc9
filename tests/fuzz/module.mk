# To add a harness NAME: write NAME_fuzz.c (see fuzz.h), put a few small seeds into corpus/NAME/, and add one line below:
#     $(eval $(call fuzzer,NAME,the sources it needs besides libproto,and the libraries besides Jansson and libsodium))
# `make fuzz FUZZ=NAME` then fuzzes it, `make fuzz-coverage FUZZ=NAME` shows what that reaches, and `make test` replays
# corpus/NAME/ and regression/NAME/ through it.  tokens/NAME, where there is one, is its dictionary.  What crashed and was
# repaired goes to regression/NAME/.

define fuzzer
FUZZERS += $(1)
TESTS += tests/fuzz/$(1)_replay
tests/fuzz/$(1)_replay_SOURCES := tests/fuzz/$(1)_fuzz.c tests/fuzz/replay.c tests/tap/tap.c $(2)
tests/fuzz/$(1)_replay_LIBS := $(3)
$(BUILD)/fuzz/$(1): $(patsubst %.c,$(BUILD)/obj/%.o,tests/fuzz/$(1)_fuzz.c $(2)) $(BUILD)/libproto.a
	@mkdir -p $$(@D)
	@echo "  link  $$@"
	@$$(CC) $$(LDFLAGS) -fsanitize=fuzzer -o $$@ $$^ $(3) -ljansson -lsodium
endef

$(eval $(call fuzzer,json,tests/proto/json_properties.c tests/proto/json_cases.c tests/proto/json_oracle.c))
$(eval $(call fuzzer,wire))
$(eval $(call fuzzer,frames,frames/describe.c))
$(eval $(call fuzzer,http_parse,tests/edge/http_properties.c edge/http_parse.c edge/http_body.c))
$(eval $(call fuzzer,http_body,tests/edge/http_properties.c edge/http_parse.c edge/http_body.c))
$(eval $(call fuzzer,form,tests/proto/form_properties.c))
$(eval $(call fuzzer,images,tests/proxyd/images_properties.c proxyd/images.c proxyd/images_text.c proto/daemon/log.c))
$(eval $(call fuzzer,models,$(addprefix proto/daemon/,models.c models_members.c models_model.c models_reader.c models_upstream.c url.c log.c)))
$(eval $(call fuzzer,journal,auditd/segment.c auditd/record_json.c proto/daemon/log.c))
$(eval $(call fuzzer,lines,tests/fuzz/sink.c proxyd/lines.c proxyd/tally.c proxyd/hold.c proxyd/problem.c))
$(eval $(call fuzzer,sse,tests/fuzz/sink.c proxyd/sse.c proxyd/tally.c proxyd/hold.c proxyd/problem.c))
$(eval $(call fuzzer,splice,tests/proxyd/splice_properties.c proxyd/splice.c proxyd/edit.c proto/daemon/log.c))
$(eval $(call fuzzer,redis,$(addprefix limiterd/,counters.c redis_call.c redis_setup.c show_json.c) \
	$(BUILD)/limiterd_lua.c $(addprefix proto/daemon/,keyfile.c log.c secret.c),-lhiredis))
$(eval $(call fuzzer,calls,tests/fuzz/calls_keys.c tests/fuzz/calls_history.c proto/daemon/ctl.c proto/daemon/log.c \
	$(addprefix authd/,admin.c args.c keyjson.c key.c keystore.c keytext.c) \
	$(addprefix auditd/,history.c store_read.c record_json.c)))
$(eval $(call fuzzer,conf,proto/daemon/conf_read.c proto/daemon/log.c))
$(eval $(call fuzzer,values,authd/keytext.c limiterd/redis_url.c $(addprefix proto/daemon/,url.c postgres_url.c log.c),\
	-lcurl -lpq))
$(eval $(call fuzzer,rows,proto/daemon/log.c \
	$(addprefix authd/,key.c keystore.c keytext.c snapshot_bytes.c store_postgres_row.c store_sqlite_row.c),-lpq -lsqlite3))

FUZZ ?= $(FUZZERS)
SECS ?= 60
FUZZ_BUILD := build-fuzz
COVERAGE_BUILD := build-coverage

.PHONY: fuzz fuzz-coverage
fuzz: ## run fuzzers: FUZZ="json wire" (default: all), SECS=60 each
	@$(MAKE) --no-print-directory CC=clang BUILD=$(FUZZ_BUILD) SANITIZE=fuzzer-no-link,address,undefined \
		$(FUZZ:%=$(FUZZ_BUILD)/fuzz/%)
	@tests/fuzz/run.sh $(FUZZ_BUILD) $(SECS) $(FUZZ)

fuzz-coverage: ## show what the fuzzers' inputs reach, those found too: FUZZ="json wire" (default: all)
	@compose/deps.sh fuzz
	@CFLAGS="-O1 -g -fprofile-instr-generate -fcoverage-mapping" LDFLAGS=-fprofile-instr-generate \
		$(MAKE) --no-print-directory CC=clang BUILD=$(COVERAGE_BUILD) SANITIZE=fuzzer-no-link \
		$(FUZZ:%=$(COVERAGE_BUILD)/fuzz/%)
	@tests/fuzz/coverage.sh $(COVERAGE_BUILD) $(FUZZ_BUILD)/found $(FUZZ)
