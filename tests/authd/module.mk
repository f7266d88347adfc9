TESTS += $(addprefix tests/authd/,keytext_t keystore_t store_sqlite_t snapshot_t keytable_t)
tests/authd/keytext_t_SOURCES := tests/authd/keytext_t.c tests/tap/tap.c authd/keytext.c
tests/authd/keytable_t_SOURCES := tests/authd/keytable_t.c tests/tap/tap.c authd/keytable.c
tests/authd/keystore_t_SOURCES := tests/authd/keystore_t.c tests/tap/tap.c authd/keystore.c authd/verify.c authd/key.c
tests/authd/snapshot_t_SOURCES := tests/authd/snapshot_t.c tests/tap/tap.c authd/snapshot.c authd/snapshot_bytes.c authd/keystore.c authd/key.c

authd_STORE_TEST := tests/authd/host.c tests/tap/tap.c authd/keystore.c $(authd_STORE)
TESTS += tests/authd/store_t
tests/authd/store_t_SOURCES := tests/authd/store_t.c $(authd_STORE_TEST)
tests/authd/store_t_LIBS := -lsqlite3 -lpq
tests/authd/store_sqlite_t_SOURCES := tests/authd/store_sqlite_t.c $(authd_STORE_TEST)
tests/authd/store_sqlite_t_LIBS := -lsqlite3 -lpq
