#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/daemon/log.h"

char *bytes_room(struct bytes *bytes, size_t more)
{
	size_t needed = bytes->length + more + 1;
	if (needed > bytes->room) {
		bytes->room = needed > bytes->room * 2 ? needed : bytes->room * 2;
		bytes->data = realloc(bytes->data, bytes->room);
		CHECK(bytes->data != NULL);
	}
	return bytes->data + bytes->length;
}

void bytes_put(struct bytes *bytes, const void *data, size_t length)
{
	memcpy(bytes_room(bytes, length), data, length);
	bytes->length += length;
	bytes->data[bytes->length] = '\0';
}

void bytes_text(struct bytes *bytes, const char *text)
{
	bytes_put(bytes, text, strlen(text));
}

void bytes_format(struct bytes *bytes, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	char *text = NULL;
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	CHECK(length >= 0);
	bytes_put(bytes, text, (size_t)length);
	free(text);
}

void bytes_drop(struct bytes *bytes, size_t count)
{
	if (count == 0)
		return;
	bytes->length -= count;
	memmove(bytes->data, bytes->data + count, bytes->length + 1);
}

void bytes_clear(struct bytes *bytes)
{
	bytes->length = 0;
	if (bytes->data)
		bytes->data[0] = '\0';
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){0};
}
