TESTS += tests/edge/http_parse_t tests/edge/http_body_t tests/edge/credential_t tests/edge/route_t
tests/edge/http_parse_t_SOURCES := tests/edge/http_parse_t.c tests/tap/tap.c edge/http_parse.c
tests/edge/http_body_t_SOURCES := tests/edge/http_body_t.c tests/tap/tap.c edge/http_body.c edge/http_parse.c
tests/edge/credential_t_SOURCES := tests/edge/credential_t.c tests/tap/tap.c edge/credential.c edge/http_parse.c
tests/edge/route_t_SOURCES := tests/edge/route_t.c tests/tap/tap.c edge/route.c edge/http_parse.c

# Prints what the parsers make of a byte stream; http_diff_t.py holds that against Node's.
TOOLS += http-dump
http-dump_SOURCES := tests/edge/http_dump.c edge/http_parse.c edge/http_body.c
