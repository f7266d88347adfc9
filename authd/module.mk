PROGRAMS += heimgate-authd
heimgate-authd_SOURCES := $(addprefix authd/,main.c authd.c verify.c keystore.c key.c keytext.c keyjson.c args.c \
                          admin.c revoke.c store.c store_sqlite.c)
heimgate-authd_LIBS := -lsqlite3

PROGRAMS += heimgate-key
heimgate-key_SOURCES := $(addprefix authd/,keytool.c keyoption.c keysecret.c keytable.c keytext.c)
