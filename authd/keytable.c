#include "keytable.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/table.h"

enum { CELL_SIZE = 320, MODELS_WIDTH = 40 };

static const char *text_of(const json_t *key, const char *member, const char *fallback)
{
	const char *text = json_string_value(json_object_get(key, member));
	return text && *text ? text : fallback;
}

static void append(char *cell, size_t size, const char *separator, const char *text)
{
	size_t length = strlen(cell);
	snprintf(cell + length, size - length, "%s%s", length > 0 ? separator : "", text);
}

static void append_limit(char *cell, size_t size, const json_t *key, const char *member, const char *unit)
{
	char text[64];
	json_int_t number = json_integer_value(json_object_get(key, member));
	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT " %s", number, unit);
	if (number != 0)
		append(cell, size, ", ", text);
}

static bool is_one(const json_t *key, const char *member)
{
	return json_integer_value(json_object_get(key, member)) == 1;
}

static const char *name_at(const json_t *models, size_t index)
{
	const char *name = json_string_value(json_array_get(models, index));
	return name ? name : "";
}

/* Only whole names, as many as fit. */
static void write_models(const json_t *key, char *cell, size_t size)
{
	const json_t *models = json_object_get(key, "models");
	size_t count = json_array_size(models), i = 0;
	for (; i < count; i++) {
		const char *name = name_at(models, i);
		if (i > 0 && strlen(cell) + strlen(name) > MODELS_WIDTH)
			break;
		append(cell, size, ",", name);
	}
	if (i < count)
		append(cell, size, ",", "...");
	if (count == 0)
		append(cell, size, "", "all");
}

static void write_limits(const json_t *key, char *cell, size_t size)
{
	append_limit(cell, size, key, "rpm", "rpm");
	append_limit(cell, size, key, "tpm", "tpm");
	append_limit(cell, size, key, "concurrency", "at once");
	if (*text_of(key, "budget", ""))
		append(cell, size, ", ", text_of(key, "budget", ""));
	append_limit(cell, size, key, "images", is_one(key, "images") ? "image" : "images");
	append_limit(cell, size, key, "image_kib", "KiB of images");
	if (json_is_true(json_object_get(key, "local_only")))
		append(cell, size, ", ", "local only");
	if (*cell == '\0')
		append(cell, size, "", "none");
}

static void add_key(struct table *table, const json_t *key)
{
	char models[CELL_SIZE] = "", limits[CELL_SIZE] = "";
	write_models(key, models, sizeof(models));
	write_limits(key, limits, sizeof(limits));
	table_text(table, text_of(key, "id", ""));
	table_text(table, text_of(key, "name", ""));
	table_text(table, text_of(key, "state", ""));
	table_text(table, models);
	table_text(table, limits);
	table_text(table, text_of(key, "expires", "never"));
	table_text(table, text_of(key, "created", ""));
}

void keytable_print(FILE *to, const json_t *keys)
{
	struct table table = {.columns = 7,
	                      .cell_max = CELL_SIZE,
	                      .titles = {"ID", "NAME", "STATE", "MODELS", "LIMITS", "EXPIRES", "CREATED"}};
	if (json_array_size(keys) == 0)
		fprintf(to, "There is no key yet: heimgate key create --name NAME makes one.\n");
	for (size_t i = 0; i < json_array_size(keys); i++)
		add_key(&table, json_array_get(keys, i));
	table_print(&table, to);
}

static void print_line(FILE *to, const char *title, const char *text)
{
	if (!*text)
		return;
	fprintf(to, "%-10s", title);
	table_put(to, text);
	fputc('\n', to);
}

static void print_models(FILE *to, const json_t *models)
{
	if (json_array_size(models) == 0)
		print_line(to, "models", "all");
	for (size_t i = 0; i < json_array_size(models); i++)
		print_line(to, i == 0 ? "models" : "", name_at(models, i));
}

void keytable_print_one(FILE *to, const json_t *key)
{
	char limits[CELL_SIZE] = "", note[CELL_SIZE] = "";
	write_limits(key, limits, sizeof(limits));
	print_line(to, "id", text_of(key, "id", ""));
	print_line(to, "name", text_of(key, "name", ""));
	print_line(to, "owner", text_of(key, "owner", ""));
	print_line(to, "state", text_of(key, "state", ""));
	print_models(to, json_object_get(key, "models"));
	print_line(to, "limits", limits);
	print_line(to, "created", text_of(key, "created", ""));
	print_line(to, "expires", text_of(key, "expires", "never"));
	print_line(to, "revoked", text_of(key, "revoked", ""));
	if (*text_of(key, "former_secret_until", ""))
		snprintf(note, sizeof(note), "the secret before the last rotation works until %s",
		         text_of(key, "former_secret_until", ""));
	print_line(to, "note", note);
}
