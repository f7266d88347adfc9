#include "tables_bodies.h"

#include <stdio.h>

#include "../proto/wire/fields.h"

static void print_fields(const struct wire_field *field);

static void print_type(const struct wire_field *field)
{
	static const char *const types[FIELD_KINDS] = {
		[FIELD_U8] = "u8 ",      [FIELD_U16] = "u16 ",  [FIELD_U32] = "u32 ",     [FIELD_U64] = "u64 ",
		[FIELD_BOOL] = "bool ",  [FIELD_ROUTE] = "u8 ", [FIELD_STR] = "str",      [FIELD_BYTES] = "bytes",
		[FIELD_FIXED] = "fixed", [FIELD_BARE] = "",     [FIELD_LEVEL] = "level ", [FIELD_LIST] = "u8 ",
	};
	printf("%s", types[field->kind]);
	if (field->kind == FIELD_STR || field->kind == FIELD_BYTES || field->kind == FIELD_FIXED)
		printf("(%u) ", field->max);
}

static void print_words(const struct wire_field *field)
{
	for (size_t i = 0; i < wire_field_words(field); i++)
		printf("%s%zu %s", i == 0 ? " (" : ", ", i, field->words[i]);
	if (wire_field_words(field) > 0)
		printf(")");
}

static void print_list(const struct wire_field *field)
{
	printf(" (at most %u); %s × { ", field->max, field->name);
	print_fields(field->of);
	printf(" }");
}

static void print_field(const struct wire_field *field)
{
	print_type(field);
	printf("%s%s", field->name, field->note ? field->note : "");
	print_words(field);
	if (field->kind == FIELD_BARE)
		printf(", bare");
	else if (field->kind == FIELD_LIST)
		print_list(field);
	else if (field->min > 0)
		printf(" (%u to %u)", field->min, field->max);
}

static void print_fields(const struct wire_field *field)
{
	for (const char *between = ""; field->kind != FIELD_NONE; field++) {
		printf("%s", between);
		print_field(field);
		between = "; ";
	}
}

static void print_body(const char *name, unsigned type)
{
	printf("| %s |%s", name, wire_fields(type)->kind == FIELD_NONE ? "" : " ");
	print_fields(wire_fields(type));
	printf(" |\n");
}

void print_bodies(void)
{
	printf("| message | fields |\n| --- | --- |\n");
#define X(name, number, senders, receivers, max_body, meaning) print_body(#name, number);
	WIRE_MESSAGES(X)
#undef X
}
