TESTS += tests/frames/describe_t
tests/frames/describe_t_SOURCES := tests/frames/describe_t.c frames/describe.c tests/proto/bodies.c tests/tap/tap.c
