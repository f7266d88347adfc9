# heimgate: `make help` lists what can be made.
BUILD    ?= build
SANITIZE ?=
WERROR   ?=
SANDBOX  ?= yes
VERSION  := 0.1.0

CC       ?= cc
CPPFLAGS += -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -DHEIMGATE_VERSION='"$(VERSION)"'
CFLAGS   ?= -O2 -g
CFLAGS   += -std=c17 -fPIE -fstack-protector-strong -fstack-clash-protection -fno-strict-aliasing
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wwrite-strings -Wswitch-enum -Wvla -Wformat=2 -Wundef
CFLAGS   += $(WARNINGS) $(if $(WERROR),-Werror)
LDFLAGS  += -pie -Wl,-z,relro,-z,now -Wl,--as-needed
# Return addresses are signed, and jumps have places to land; sanitizers cannot read such addresses.
MACHINE  := $(shell $(CC) -dumpmachine 2>/dev/null)
ifeq ($(SANITIZE),)
CFLAGS   += $(if $(filter aarch64-%,$(MACHINE)),-mbranch-protection=standard)
else
CPPFLAGS := $(filter-out -D_FORTIFY_SOURCE=2,$(CPPFLAGS)) -DHEIMGATE_SANITIZED
CFLAGS   += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDFLAGS  += -fsanitize=$(SANITIZE)
endif

# What holds the daemons: `make SANDBOX=no` leaves it out, and they say so at every start.
ifeq ($(SANDBOX),no)
SANDBOX_UNUSED := sandbox_seccomp.c sandbox_landlock.c
else
SANDBOX_UNUSED := sandbox_none.c
SANDBOX_LIBS   := -lseccomp
endif

# Made anew when the answer changes, so that no build keeps the sandbox of another.
SANDBOX_STAMP := $(BUILD)/sandbox-$(SANDBOX)
$(SANDBOX_STAMP):
	@mkdir -p $(@D)
	@rm -f $(BUILD)/sandbox-*
	@touch $@

PROGRAMS :=# name each in a module.mk, with NAME_SOURCES and NAME_LIBS
TESTS    :=# the same for test programs, by their path without .c
TOOLS    :=# and for what the tests and the bench use

.DEFAULT_GOAL := all
include $(wildcard */module.mk tests/*/module.mk)

.PHONY: all programs
all: programs $(TOOLS:%=$(BUILD)/bin/%) ## build everything into build/
programs: $(PROGRAMS:%=$(BUILD)/bin/%)

# One archive per shared folder; a program is its sources and both archives.
define archive
$(BUILD)/lib$(1).a: $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out $(SANDBOX_UNUSED:%=$(2)/%),$(wildcard $(2)/*.c))) $(SANDBOX_STAMP)
	@rm -f $$@
	@$(AR) rcs $$@ $$(filter %.o,$$^)
endef
$(eval $(call archive,proto,proto/wire))
$(eval $(call archive,daemon,proto/daemon))

define program
$(2): $(patsubst %.c,$(BUILD)/obj/%.o,$($(1)_SOURCES)) $(BUILD)/libdaemon.a $(BUILD)/libproto.a
	@mkdir -p $$(@D)
	@echo "  link  $$@"
	@$(CC) $(LDFLAGS) -o $$@ $$^ $($(1)_LIBS) -ljansson -lnng -lsodium -lpthread $(SANDBOX_LIBS)
ALL_SOURCES += $($(1)_SOURCES)
endef
$(foreach p,$(PROGRAMS) $(TOOLS),$(eval $(call program,$(p),$(BUILD)/bin/$(p))))
$(foreach t,$(TESTS),$(eval $(call program,$(t),$(BUILD)/$(t))))

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc    $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $($*_CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# --- running ---

.PHONY: run
run: ## install what is missing, build, start everything on 127.0.0.1:8010
	@compose/deps.sh run
	@$(MAKE) --no-print-directory --silent all
	@exec $(BUILD)/bin/heimgate up

# --- judging ---

CHECKED   := $(BUILD)/checked
SCRIPTS    = $(sort $(wildcard tests/*/*_t.py tests/*/*_t.sh tests/system/[0-9]*.py))
PROVE_JOBS ?= 2

.PHONY: test
test: ## install what is missing, build with the sanitizers, run every test
	@compose/deps.sh test
	@$(MAKE) --no-print-directory -j2 BUILD=$(CHECKED) SANITIZE=address,undefined WERROR=1 all tests
	@HEIMGATE_BIN=$(CURDIR)/$(CHECKED)/bin prove --timer -j$(PROVE_JOBS) --exec '' \
		$(or $(ONLY),$(TESTS:%=$(CHECKED)/%) $(SCRIPTS))

.PHONY: tests
tests: $(TESTS:%=$(BUILD)/%)

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD) build-*

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9_-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | sort -u | awk -F'|' '{ printf "  make %-17s %s\n", $$1, $$2 }'
