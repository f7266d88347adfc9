#include "table.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../wire/utf8.h"
#include "log.h"

/* C1 controls, U+0080 to U+009F, steer terminals as well as the others do. */
static bool is_control(const char *text, size_t size)
{
	uint8_t first = (uint8_t)text[0];
	return first < ' ' || first == 0x7f || (size == 2 && first == 0xc2 && (uint8_t)text[1] < 0xa0);
}

/* Bytes of the character at the start of the text; 1 for what is none. */
static size_t character(const char *text)
{
	size_t size = utf8_length(text, strlen(text));
	return size > 0 ? size : 1;
}

static size_t width_of(const char *text)
{
	size_t width = 0;
	for (; *text; text += character(text))
		width++;
	return width;
}

void table_put(FILE *to, const char *text)
{
	for (size_t size; *text; text += size) {
		size = character(text);
		if (is_control(text, size))
			fputc('?', to);
		else
			fwrite(text, 1, size, to);
	}
}

/* A copy of at most `max` characters. */
static char *cut(const char *text, size_t max)
{
	size_t length = 0;
	char *cell;
	if (width_of(text) <= max)
		return strdup(*text ? text : "-");
	for (size_t i = 0; i < max - 3; i++)
		length += character(text + length);
	return asprintf(&cell, "%.*s...", (int)length, text) < 0 ? NULL : cell;
}

void table_text(struct table *table, const char *text)
{
	size_t column = table->count % table->columns;
	char *cell = cut(text, table->cell_max > 0 ? table->cell_max : TABLE_CELL_MAX);
	char **cells = reallocarray(table->cells, table->count + 1, sizeof(*cells));
	CHECK(cell != NULL && cells != NULL);
	table->cells = cells;
	table->cells[table->count++] = cell;
	if (width_of(cell) > table->widths[column])
		table->widths[column] = width_of(cell);
}

void table_number(struct table *table, long long number)
{
	char text[24];
	snprintf(text, sizeof(text), "%lld", number);
	table_text(table, text);
}

static void print_cell(const struct table *table, size_t column, const char *text, FILE *to)
{
	table_put(to, text);
	if (column + 1 == table->columns)
		fputc('\n', to);
	else
		fprintf(to, "%*s", (int)(table->widths[column] - width_of(text)) + 2, "");
}

static void print_titles(struct table *table, FILE *to)
{
	for (size_t i = 0; i < table->columns; i++)
		if (strlen(table->titles[i]) > table->widths[i])
			table->widths[i] = strlen(table->titles[i]);
	for (size_t i = 0; i < table->columns; i++)
		print_cell(table, i, table->titles[i], to);
}

void table_print(struct table *table, FILE *to)
{
	if (table->count > 0 && table->rows_printed == 0)
		print_titles(table, to);
	for (size_t i = 0; i < table->count; i++) {
		print_cell(table, i % table->columns, table->cells[i], to);
		free(table->cells[i]);
	}
	table->rows_printed += table->count / table->columns;
	free(table->cells);
	table->cells = NULL;
	table->count = 0;
}
