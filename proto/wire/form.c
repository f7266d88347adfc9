#include "form.h"

#include <string.h>
#include <strings.h>

#include "form_header.h"
#include "utf8.h"

enum { LINE_END = 2 }; /* bytes of the CRLF that a delimiter begins with */

enum state {
	FORM_OPENING, /* the first delimiter, which no line end precedes */
	FORM_CONTENT,
	FORM_AFTER, /* a delimiter: a part follows, or the end */
	FORM_HEADER,
	FORM_CLOSED /* at most a line end may follow */
};

void form_start(struct form *form, const char *boundary)
{
	memset(form, 0, sizeof(*form));
	form->state = FORM_OPENING;
	form->matched = LINE_END;
	form->delimiter_length = (uint8_t)(stpcpy(stpcpy(form->delimiter, "\r\n--"), boundary) - form->delimiter);
}

static void keep(struct form_value *value, const char *bytes, size_t length)
{
	size_t room = (size_t)FORM_VALUE_MAX - value->length;
	value->cut |= length > room;
	length = length < room ? length : room;
	memcpy(value->text + value->length, bytes, length);
	value->length = (uint16_t)(value->length + length);
}

static void end_part(struct form *form)
{
	if (form->wanted)
		form->wanted->end = form->at + 1 - form->delimiter_length;
	if (form->is_image) {
		form->files.count++;
		form->files.bytes += form->at + 1 - form->delimiter_length - form->content;
	}
	form->wanted = NULL;
	form->is_image = false;
	form->state = FORM_AFTER;
	form->matched = 0;
}

/* From here on dashes are looked for, as if a CRLF stood in front of them. */
static void expect_dashes(struct form *form, const char *lead)
{
	form->lead = lead;
	form->matched = LINE_END;
}

/* What looked like a delimiter is none: it belongs to the content. */
static void mismatch(struct form *form)
{
	size_t skipped = form->lead ? LINE_END : 0;
	if (form->state == FORM_OPENING)
		form->error = FORM_SYNTAX;
	if (form->wanted && form->lead)
		keep(form->wanted, form->lead, strlen(form->lead));
	if (form->wanted)
		keep(form->wanted, form->delimiter + skipped, form->matched - skipped);
	form->matched = 0;
	form->lead = NULL;
}

static void match(struct form *form)
{
	if (++form->matched < form->delimiter_length)
		return;
	if (form->lead)
		form->error = FORM_AMBIGUOUS;
	else
		end_part(form);
}

static size_t bytes_before_line_end(const char *bytes, size_t length)
{
	size_t count = 0;
	while (count < length && bytes[count] != '\r' && bytes[count] != '\n')
		count++;
	return count;
}

/* These return how many bytes they took.  A delimiter has no line end but at its start, so that what did not match
 * need not be looked at again. */
static size_t read_content(struct form *form, const char *bytes, size_t length)
{
	size_t plain = form->matched == 0 ? bytes_before_line_end(bytes, length) : 0;
	if (plain > 0) {
		if (form->wanted)
			keep(form->wanted, bytes, plain);
		return plain;
	}
	if (form->matched == 0 && *bytes == '\n') {
		expect_dashes(form, "\n");
		return 1;
	}
	if (form->matched == 1 && *bytes == '-')
		expect_dashes(form, "\r");
	if (*bytes != form->delimiter[form->matched]) {
		mismatch(form);
		return 0;
	}
	match(form);
	return 1;
}

static void start_part(struct form *form)
{
	if (form->parts == FORM_PARTS_MAX)
		form->error = FORM_TOO_LARGE;
	form->parts++;
	form->headers = 0;
	form->line_length = 0;
	form->named = false;
	form->state = FORM_HEADER;
}

static size_t read_after(struct form *form, char byte)
{
	static const char part[] = "\r\n", end[] = "--";
	form->line[form->matched++] = byte;
	if (memcmp(form->line, part, form->matched) != 0 && memcmp(form->line, end, form->matched) != 0)
		form->error = FORM_SYNTAX;
	else if (form->matched == 2 && byte == '\n')
		start_part(form);
	else if (form->matched == 2)
		form->state = FORM_CLOSED;
	if (form->matched == 2)
		form->matched = 0;
	return 1;
}

static void start_content(struct form *form)
{
	if (!form->named)
		form->error = FORM_SYNTAX;
	if (form->wanted)
		form->wanted->start = form->at + 1;
	form->content = form->at + 1;
	form->state = FORM_CONTENT;
	expect_dashes(form, "");
}

static bool begins(const struct form_header *header, const char *prefix)
{
	return header->length >= strlen(prefix) && strncasecmp(header->name, prefix, strlen(prefix)) == 0;
}

static void take_name(struct form *form, const struct form_header *header)
{
	static const char *const names[FORM_WANTED] = {[FORM_MODEL] = "model", [FORM_N] = "n"};
	if (form->named)
		form->error = FORM_AMBIGUOUS;
	form->named = true;
	form->is_image = header->is_file || begins(header, "image") || begins(header, "mask");
	for (size_t i = 0; i < FORM_WANTED; i++) {
		struct form_value *value = &form->values[i];
		if (strlen(names[i]) != header->length || strncasecmp(names[i], header->name, header->length) != 0)
			continue;
		if (value->met || header->is_file || memcmp(names[i], header->name, header->length) != 0)
			form->error = FORM_AMBIGUOUS;
		value->met = true;
		form->wanted = value;
	}
}

static void end_line(struct form *form)
{
	struct form_header header = {0};
	size_t length = form->line_length;
	if (length == 0 || form->line[length - 1] != '\r') {
		form->error = FORM_SYNTAX;
		return;
	}
	form->line_length = 0;
	if (length == 1) {
		start_content(form);
		return;
	}
	form->error = form_header_read(form->line, length - 1, &header);
	if (++form->headers > FORM_HEADERS_MAX)
		form->error = FORM_TOO_LARGE;
	if (form->error == FORM_OK && header.name)
		take_name(form, &header);
}

static size_t read_header(struct form *form, char byte)
{
	if (byte == '\n')
		end_line(form);
	else if (form->line_length == FORM_LINE_MAX)
		form->error = FORM_TOO_LARGE;
	else
		form->line[form->line_length++] = byte;
	return 1;
}

static size_t read_closed(struct form *form, char byte)
{
	if (form->matched == 2 || byte != form->delimiter[form->matched])
		form->error = FORM_TRAILING;
	form->matched++;
	return 1;
}

static size_t read_some(struct form *form, const char *bytes, size_t length)
{
	switch ((enum state)form->state) {
	case FORM_OPENING:
	case FORM_CONTENT:
		return read_content(form, bytes, length);
	case FORM_AFTER:
		return read_after(form, *bytes);
	case FORM_HEADER:
		return read_header(form, *bytes);
	case FORM_CLOSED:
		break;
	}
	return read_closed(form, *bytes);
}

enum form_error form_feed(struct form *form, const char *bytes, size_t length)
{
	while (length > 0 && form->error == FORM_OK) {
		size_t used = read_some(form, bytes, length);
		if (form->error != FORM_OK)
			break;
		form->at += used;
		bytes += used;
		length -= used;
	}
	return form->error;
}

enum form_error form_end(struct form *form)
{
	if (form->error == FORM_OK && (form->state != FORM_CLOSED || form->matched == 1))
		form->error = FORM_TRUNCATED;
	return form->error;
}

uint64_t form_error_at(const struct form *form)
{
	return form->at;
}

const char *form_error_text(enum form_error error)
{
	switch (error) {
	case FORM_OK:
		return "nothing is wrong with it";
	case FORM_SYNTAX:
		return "it is no multipart/form-data of the boundary announced";
	case FORM_AMBIGUOUS:
		return "it can be read in more than one way";
	case FORM_ENCODED:
		return "a part has a Content-Transfer-Encoding";
	case FORM_TOO_LARGE:
		return "it has too many parts or headers";
	case FORM_TRUNCATED:
		return "it is cut off";
	case FORM_TRAILING:
		return "something follows its end";
	}
	return "it is wrong";
}

const struct form_value *form_value(const struct form *form, enum form_wanted wanted)
{
	return &form->values[wanted];
}

struct form_files form_files(const struct form *form)
{
	return form->files;
}

int form_decode(const struct form_value *value, char *text, size_t size)
{
	if (!value->met || value->cut || value->length >= size)
		return -1;
	for (size_t at = 0, length; at < value->length; at += length) {
		length = utf8_length(value->text + at, value->length - at);
		if (length == 0 || value->text[at] == '\0')
			return -1;
	}
	memcpy(text, value->text, value->length);
	text[value->length] = '\0';
	return value->length;
}
