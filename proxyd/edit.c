#include "edit.h"

#include <stdbool.h>
#include <string.h>

#include "../proto/daemon/log.h"

/* What is inserted at a place stands in front of what goes from there. */
static bool is_behind(const struct edit *edit, uint64_t start, uint64_t end)
{
	return edit->start > start || (edit->start == start && edit->end > end);
}

void edits_add(struct edits *edits, uint64_t start, uint64_t end, const char *text)
{
	size_t at = edits->count++;
	CHECK(at < EDITS_MAX);
	for (; at > 0 && is_behind(&edits->list[at - 1], start, end); at--)
		edits->list[at] = edits->list[at - 1];
	edits->list[at] = (struct edit){(size_t)start, (size_t)end, text, strlen(text)};
}

size_t edits_length(const struct edits *edits, size_t length)
{
	for (size_t i = 0; i < edits->count; i++)
		length = length - (edits->list[i].end - edits->list[i].start) + edits->list[i].length;
	return length;
}

static char *put(char *out, const char *bytes, size_t length)
{
	return length > 0 ? (char *)memcpy(out, bytes, length) + length : out;
}

void edits_apply(const struct edits *edits, const char *body, size_t length, char *out)
{
	size_t at = 0;
	for (size_t i = 0; i < edits->count; i++) {
		const struct edit *edit = &edits->list[i];
		out = put(out, body + at, edit->start - at);
		out = put(out, edit->text, edit->length);
		at = edit->end;
	}
	put(out, body + at, length - at);
}
