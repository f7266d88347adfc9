TESTS += tests/daemon/models_t
tests/daemon/models_t_SOURCES := tests/daemon/models_t.c tests/tap/tap.c
TESTS += tests/daemon/sp_t
tests/daemon/sp_t_SOURCES := tests/daemon/sp_t.c tests/tap/tap.c
TESTS += tests/daemon/sp_last_t
tests/daemon/sp_last_t_SOURCES := tests/daemon/sp_last_t.c tests/tap/tap.c
TESTS += tests/daemon/ipc_t
tests/daemon/ipc_t_SOURCES := tests/daemon/ipc_t.c tests/tap/tap.c
TESTS += tests/daemon/ipc_faults_t
tests/daemon/ipc_faults_t_SOURCES := tests/daemon/ipc_faults_t.c tests/tap/tap.c
TESTS += tests/daemon/nng_t
tests/daemon/nng_t_SOURCES := tests/daemon/nng_t.c tests/tap/tap.c
TESTS += tests/daemon/recorder_t
tests/daemon/recorder_t_SOURCES := tests/daemon/recorder_t.c tests/tap/tap.c
TESTS += tests/daemon/priv_t
tests/daemon/priv_t_SOURCES := tests/daemon/priv_t.c tests/tap/tap.c
TESTS += tests/daemon/ipc_room_t
tests/daemon/ipc_room_t_SOURCES := tests/daemon/ipc_room_t.c tests/tap/tap.c
TESTS += tests/daemon/secret_t
tests/daemon/secret_t_SOURCES := tests/daemon/secret_t.c tests/tap/tap.c
TESTS += tests/daemon/resolver_t
tests/daemon/resolver_t_SOURCES := tests/daemon/resolver_t.c tests/tap/tap.c
# Whoever asks for names looks for the resolver beside itself.
RESOLVERS := $(addprefix $(BUILD)/tests/,auditd/heimgate-resolver authd/heimgate-resolver daemon/heimgate-resolver)
tests: $(RESOLVERS)
$(RESOLVERS): $(BUILD)/bin/heimgate-resolver
	@mkdir -p $(@D)
	@ln -sf ../../bin/heimgate-resolver $@
TOOLS += postgres-dialog
postgres-dialog_SOURCES := tests/daemon/postgres_dialog.c
postgres-dialog_LIBS := -lpq
ifneq ($(SANDBOX),no)
TESTS += tests/daemon/sandbox_t
tests/daemon/sandbox_t_SOURCES := tests/daemon/sandbox_t.c tests/daemon/sandbox_acts.c tests/tap/tap.c $(BUILD)/promises.c
endif
