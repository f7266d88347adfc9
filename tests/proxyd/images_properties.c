#include "images_properties.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/wire/json.h"

static bool is_accepted(const char *bytes, size_t length)
{
	static struct json_scan scan;
	json_start(&scan, NULL, 0);
	json_feed(&scan, bytes, length);
	return json_end(&scan) == JSON_OK;
}

bool images_properties_count(const char *bytes, size_t length, struct images *images)
{
	char *copy = malloc(length > 0 ? length : 1); /* exact, so that a sanitizer sees a read too far */
	memcpy(copy, bytes, length);
	bool accepted = is_accepted(copy, length);
	if (accepted)
		*images = images_in_json(copy, length);
	free(copy);
	return accepted;
}

/* Writes one character of a string, escaped if it can be; returns how many bytes it was. */
static size_t write_escaped(FILE *out, const char *at)
{
	size_t taken = *at != '\\' ? 1 : at[1] == 'u' ? 6 : 2;
	if (taken == 1 && (unsigned char)*at < 0x80)
		fprintf(out, "\\u%04X", (unsigned)*at);
	else
		fwrite(at, 1, taken, out);
	return taken;
}

static void write_disguised(FILE *out, const char *bytes, size_t length)
{
	bool in_string = false;
	for (size_t at = 0; at < length;) {
		char byte = bytes[at];
		if (in_string && byte != '"') {
			at += write_escaped(out, bytes + at);
			continue;
		}
		in_string ^= byte == '"';
		fprintf(out, strchr("{}[],:", byte) ? "\t%c\n " : "%c", byte);
		at++;
	}
}

static bool is_same(struct images a, struct images b)
{
	return a.count == b.count && a.bytes == b.bytes;
}

/* Counts what `write` makes of the document. */
static struct images count_written(void (*write)(FILE *out, const char *bytes, size_t length), const char *bytes,
                                   size_t length)
{
	char *text = NULL;
	size_t size = 0;
	struct images images = {UINT64_MAX, UINT64_MAX};
	FILE *out = open_memstream(&text, &size);
	write(out, bytes, length);
	fclose(out);
	images_properties_count(text, size, &images);
	free(text);
	return images;
}

static void write_one(FILE *out, const char *bytes, size_t length)
{
	fprintf(out, "[[%.*s]]", (int)length, bytes);
}

static void write_two(FILE *out, const char *bytes, size_t length)
{
	fprintf(out, "[[%.*s,%.*s]]", (int)length, bytes, (int)length, bytes);
}

/* One that is nested too deep to be put into lists is none any more. */
static bool is_doubled(const char *bytes, size_t length)
{
	struct images one = count_written(write_one, bytes, length), two = count_written(write_two, bytes, length);
	return one.count == UINT64_MAX || is_same(two, (struct images){2 * one.count, 2 * one.bytes});
}

const char *images_properties_broken(const char *bytes, size_t length)
{
	struct images plain;
	if (!images_properties_count(bytes, length, &plain))
		return NULL;
	if (plain.count > length || plain.bytes > length)
		return "there is more than there is";
	if (!is_same(plain, count_written(write_disguised, bytes, length)))
		return "a disguise changes it";
	return is_doubled(bytes, length) ? NULL : "two are not twice as much";
}
