TESTS += tests/proto/json_t
tests/proto/json_t_SOURCES := tests/proto/json_t.c tests/proto/json_cases.c tests/tap/tap.c
TESTS += tests/proto/json_mutate_t
tests/proto/json_mutate_t_SOURCES := tests/proto/json_mutate_t.c tests/proto/json_cases.c tests/proto/json_oracle.c tests/tap/tap.c
TESTS += tests/proto/apierror_t
tests/proto/apierror_t_SOURCES := tests/proto/apierror_t.c tests/tap/tap.c
