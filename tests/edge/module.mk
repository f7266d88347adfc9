HTTP_PROPERTIES := tests/edge/http_properties.c tests/tap/tap.c edge/http_parse.c edge/http_body.c
TESTS += tests/edge/http_parse_t tests/edge/http_body_t tests/edge/credential_t tests/edge/route_t
tests/edge/http_parse_t_SOURCES := tests/edge/http_parse_t.c $(HTTP_PROPERTIES)
tests/edge/http_body_t_SOURCES := tests/edge/http_body_t.c $(HTTP_PROPERTIES)
tests/edge/credential_t_SOURCES := tests/edge/credential_t.c tests/tap/tap.c edge/credential.c edge/http_parse.c
tests/edge/route_t_SOURCES := tests/edge/route_t.c tests/tap/tap.c edge/route.c edge/http_parse.c

# Prints what the parsers make of a byte stream; http_diff_t.py holds that against Node's.
TOOLS += http-dump
http-dump_SOURCES := tests/edge/http_dump.c edge/http_parse.c edge/http_body.c

TESTS += $(addprefix tests/edge/,passed_t body_t buffer_t estimate_t grants_t peers_t readiness_t refusal_t reply_t \
	shares_t)
tests/edge/body_t_SOURCES := tests/edge/body_t.c tests/tap/tap.c $(addprefix edge/,body.c buffer.c http_body.c http_parse.c refusal.c \
	shares.c)
tests/edge/buffer_t_SOURCES := tests/edge/buffer_t.c tests/tap/tap.c edge/buffer.c
tests/edge/estimate_t_SOURCES := tests/edge/estimate_t.c tests/tap/tap.c edge/estimate.c
tests/edge/grants_t_SOURCES := tests/edge/grants_t.c tests/tap/tap.c edge/grants.c
tests/edge/peers_t_SOURCES := tests/edge/peers_t.c tests/tap/tap.c edge/peers.c
tests/edge/readiness_t_SOURCES := tests/edge/readiness_t.c tests/tap/tap.c edge/readiness.c
tests/edge/refusal_t_SOURCES := tests/edge/refusal_t.c tests/tap/tap.c edge/refusal.c
tests/edge/reply_t_SOURCES := tests/edge/reply_t.c tests/tap/tap.c edge/refusal.c edge/reply.c
tests/edge/shares_t_SOURCES := tests/edge/shares_t.c tests/tap/tap.c edge/shares.c
tests/edge/passed_t_SOURCES := tests/edge/passed_t.c tests/tap/tap.c edge/passed.c edge/http_parse.c
