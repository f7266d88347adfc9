#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "models_private.h"

bool models_refuse(const struct place *at, const char *member, const char *format, ...)
{
	const struct reader *reader = at->reader;
	int used = snprintf(reader->error, reader->size, "%s: %s%s%s: ", reader->path, at->name,
	                    member[0] != '\0' ? "." : "", member);
	va_list arguments;
	va_start(arguments, format);
	if (used > 0 && (size_t)used < reader->size)
		vsnprintf(reader->error + used, reader->size - (size_t)used, format, arguments);
	va_end(arguments);
	for (char *c = reader->error; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			*c = '?';
	return false;
}

void *models_allocate(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);
	CHECK(memory != NULL);
	return memory;
}

char *models_copy(const char *text)
{
	char *made = strdup(text);
	CHECK(made != NULL);
	return made;
}

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			return false;
	return true;
}

bool models_is_object(const struct place *at)
{
	return json_is_object(at->object) || models_refuse(at, "", "must be an object");
}

static bool is_member(enum models_object object, const char *name)
{
	size_t count;
	const struct models_member *members = models_members(&count);
	for (size_t i = 0; i < count; i++)
		if (members[i].object == object && strcmp(members[i].name, name) == 0)
			return true;
	return false;
}

bool models_has_only(const struct place *at, enum models_object object)
{
	const char *member;
	json_t *value;
	json_object_foreach((json_t *)at->object, member, value)
	{
		if (!is_member(object, member))
			return models_refuse(at, member, "unknown member");
	}
	return true;
}

bool models_get_text(const struct place *at, const char *member, size_t max, const char **text)
{
	const json_t *value = json_object_get(at->object, member);
	*text = NULL;
	if (!value)
		return true;
	if (!json_is_string(value))
		return models_refuse(at, member, "must be a string");
	const char *found = json_string_value(value);
	if (*found == '\0')
		return models_refuse(at, member, "must not be empty");
	if (strlen(found) > max)
		return models_refuse(at, member, "is too long");
	if (!is_plain(found))
		return models_refuse(at, member, "holds a control character");
	*text = found;
	return true;
}

bool models_need_text(const struct place *at, const char *member, size_t max, const char **text)
{
	if (!models_get_text(at, member, max, text))
		return false;
	return *text || models_refuse(at, member, "is missing");
}

bool models_copy_text(const struct place *at, const char *member, size_t max, char **text)
{
	const char *found;
	if (!models_get_text(at, member, max, &found))
		return false;
	*text = found ? models_copy(found) : NULL;
	return true;
}

bool models_get_number(const struct place *at, const char *member, unsigned minimum, unsigned maximum, unsigned *number)
{
	const json_t *value = json_object_get(at->object, member);
	if (!value)
		return true;
	json_int_t found = json_integer_value(value);
	if (!json_is_integer(value) || found < (json_int_t)minimum || found > (json_int_t)maximum)
		return models_refuse(at, member, "must be a whole number from %u to %u", minimum, maximum);
	*number = (unsigned)found;
	return true;
}

bool models_get_flag(const struct place *at, const char *member, bool *flag)
{
	const json_t *value = json_object_get(at->object, member);
	if (!value)
		return true;
	*flag = json_is_true(value);
	return json_is_boolean(value) || models_refuse(at, member, "must be true or false");
}

bool models_get_list(const struct place *at, const char *member, size_t max, const json_t **list)
{
	*list = json_object_get(at->object, member);
	if (!*list || (json_is_array(*list) && json_array_size(*list) <= max))
		return true;
	return models_refuse(at, member, "must be a list of at most %zu", max);
}

bool models_check_name(const struct place *at, const char *name, size_t max)
{
	if (*name == '\0')
		return models_refuse(at, "", "a name must not be empty");
	if (strlen(name) > max)
		return models_refuse(at, "", "a name is longer than %zu bytes", max);
	return is_plain(name) || models_refuse(at, "", "a name holds a control character");
}
