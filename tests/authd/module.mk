TESTS += tests/authd/keytext_t tests/authd/keystore_t tests/authd/store_t
tests/authd/keytext_t_SOURCES := tests/authd/keytext_t.c tests/tap/tap.c authd/keytext.c
tests/authd/keystore_t_SOURCES := tests/authd/keystore_t.c tests/tap/tap.c authd/keystore.c authd/verify.c authd/key.c
tests/authd/store_t_SOURCES := tests/authd/store_t.c tests/tap/tap.c authd/store.c authd/store_sqlite.c authd/key.c \
                               authd/keytext.c
tests/authd/store_t_LIBS := -lsqlite3
