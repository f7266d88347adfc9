TESTS += tests/daemon/models_t
tests/daemon/models_t_SOURCES := tests/daemon/models_t.c tests/tap/tap.c
TESTS += tests/daemon/ipc_t
tests/daemon/ipc_t_SOURCES := tests/daemon/ipc_t.c tests/tap/tap.c
TESTS += tests/daemon/nng_t
tests/daemon/nng_t_SOURCES := tests/daemon/nng_t.c tests/tap/tap.c
TESTS += tests/daemon/recorder_t
tests/daemon/recorder_t_SOURCES := tests/daemon/recorder_t.c tests/tap/tap.c
