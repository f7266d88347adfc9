#include "usage.h"

static const char *const paths[] = {USAGE_PATHS};

void usage_read(const struct json_scan *scan, struct usage *usage)
{
	int64_t in = json_decode_integer(json_value(scan, 0));
	int64_t out = json_decode_integer(json_value(scan, 1));
	int64_t total = json_decode_integer(json_value(scan, 2));

	if (in < 0 && total < 0)
		return;
	if (in < 0)
		in = out > 0 && out <= total ? total - out : total;
	if (out < 0)
		out = total > in ? total - in : 0;
	*usage = (struct usage){.known = true, .tokens_in = (uint64_t)in, .tokens_out = (uint64_t)out};
}

void usage_start(struct usage_scan *scan)
{
	json_start(&scan->json, paths, USAGE_PATH_COUNT);
}

void usage_feed(struct usage_scan *scan, const char *bytes, size_t length)
{
	json_feed(&scan->json, bytes, length);
}

bool usage_end(struct usage_scan *scan, struct usage *usage)
{
	enum json_error error = json_end(&scan->json);
	if (error == JSON_OK)
		usage_read(&scan->json, usage);
	return error != JSON_TRUNCATED;
}
