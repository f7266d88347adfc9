PROGRAMS += heimgate heimgate-up heimgate-door heimgate-seal heimgate-resolver heimgate-migrate
heimgate_SOURCES := compose/heimgate.c
heimgate-up_SOURCES := compose/up.c compose/children.c compose/state.c compose/upstream.c compose/first_key.c compose/spawn.c
heimgate-up_LIBS := -lcurl
heimgate-door_SOURCES := compose/door.c
heimgate-seal_SOURCES := compose/seal.c
heimgate-resolver_SOURCES := compose/resolver.c
heimgate-migrate_SOURCES := compose/migrate.c compose/spawn.c

include compose/stack.mk
include compose/install.mk
