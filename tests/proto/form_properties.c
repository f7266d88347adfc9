#include "form_properties.h"

#include <stdlib.h>
#include <string.h>

enum form_error form_properties_scan(struct form *form, const char *bytes, size_t length, size_t piece)
{
	form_start(form, "b");
	for (size_t at = 0; at < length; at += piece) {
		size_t size = piece < length - at ? piece : length - at;
		char *copy = malloc(size); /* exact, so that a sanitizer sees a read too far */
		memcpy(copy, bytes + at, size);
		form_feed(form, copy, size);
		free(copy);
	}
	return form_end(form);
}

static bool same_values(const struct form *a, const struct form *b)
{
	for (enum form_wanted i = 0; i < FORM_WANTED; i++) {
		const struct form_value *x = form_value(a, i), *y = form_value(b, i);
		if (x->met != y->met || x->cut != y->cut || x->start != y->start || x->end != y->end ||
		    x->length != y->length || memcmp(x->text, y->text, x->length) != 0)
			return false;
	}
	struct form_files x = form_files(a), y = form_files(b);
	return x.count == y.count && x.bytes == y.bytes;
}

static const char *wrong_with(const struct form_value *value, const char *bytes, size_t length)
{
	char text[FORM_VALUE_MAX + 1];
	if (value->start > value->end || value->end > length)
		return "a value lies outside";
	size_t size = (size_t)(value->end - value->start);
	if (value->cut != (size > FORM_VALUE_MAX) || value->length != (value->cut ? FORM_VALUE_MAX : size))
		return "a value has another length";
	if (memcmp(value->text, bytes + value->start, value->length) != 0)
		return "a value is another";
	if (memmem(bytes + value->start, size, "\r\n--b", 5) || memcmp(bytes + value->end, "\r\n--b", 5) != 0)
		return "a value does not end at its boundary";
	int decoded = form_decode(value, text, sizeof(text));
	if (decoded >= 0 && (value->cut || (size_t)decoded != size || strlen(text) != size))
		return "a value is decoded as another";
	return NULL;
}

const char *form_properties_broken(const char *bytes, size_t length, size_t piece)
{
	static struct form whole, parts;
	enum form_error error = form_properties_scan(&whole, bytes, length, length > 0 ? length : 1);
	const char *wrong = NULL;
	if (form_properties_scan(&parts, bytes, length, piece) != error || form_error_at(&whole) != form_error_at(&parts))
		return "pieces change the verdict";
	if (error == FORM_OK && !same_values(&whole, &parts))
		return "pieces change a value";
	if (error == FORM_OK && form_files(&whole).bytes > length)
		return "files are larger than the form";
	for (enum form_wanted i = 0; error == FORM_OK && !wrong && i < FORM_WANTED; i++)
		if (form_value(&whole, i)->met)
			wrong = wrong_with(form_value(&whole, i), bytes, length);
	return wrong;
}
