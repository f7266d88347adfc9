authd_STORE := $(addprefix authd/,store.c store_sqlite.c store_sqlite_row.c store_postgres.c store_postgres_row.c \
               key.c keytext.c)

PROGRAMS += heimgate-authd
heimgate-authd_SOURCES := $(addprefix authd/,main.c authd.c verify.c keystore.c keyjson.c args.c admin.c change.c \
                          revoke.c source.c snapshot.c snapshot_bytes.c) $(authd_STORE)
heimgate-authd_LIBS := -lsqlite3 -lpq

PROGRAMS += heimgate-key
heimgate-key_SOURCES := $(addprefix authd/,keytool.c keyoption.c keysecret.c keytable.c keytext.c)

PROGRAMS += heimgate-migrate-keys
heimgate-migrate-keys_SOURCES := authd/migrate.c authd/keystore.c $(authd_STORE)
heimgate-migrate-keys_LIBS := -lsqlite3 -lpq
