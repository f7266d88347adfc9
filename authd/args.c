#include "args.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../proto/daemon/ctl.h"

void args_open(struct args *args, struct wire_bytes json, const char *const *names)
{
	args->error[0] = '\0';
	args->object = ctl_arguments(json.data, json.length, args->error, sizeof(args->error));
	if (args->object)
		ctl_only(args->object, names, args->error, sizeof(args->error));
}

void args_close(struct args *args)
{
	json_decref(args->object);
}

void args_fail(struct args *args, const char *name, const char *fault)
{
	if (args_good(args))
		snprintf(args->error, sizeof(args->error), "%s %s", name, fault);
}

bool args_good(const struct args *args)
{
	return args->error[0] == '\0';
}

const char *args_text(struct args *args, const char *name, const char *fallback)
{
	const json_t *member = json_object_get(args->object, name);
	const char *text = member ? json_string_value(member) : fallback;
	if (text)
		return text;
	args_fail(args, name, member ? "must be a string" : "is missing");
	return "";
}

uint64_t args_number(struct args *args, const char *name, uint64_t max, uint64_t fallback)
{
	const json_t *member = json_object_get(args->object, name);
	json_int_t number = json_integer_value(member);
	if (!member)
		return fallback;
	if (json_is_integer(member) && number >= 0 && (uint64_t)number <= max)
		return (uint64_t)number;
	args_fail(args, name, "must be a whole number in its range");
	return fallback;
}

bool args_flag(struct args *args, const char *name)
{
	const json_t *member = json_object_get(args->object, name);
	if (member && !json_is_boolean(member))
		args_fail(args, name, "must be true or false");
	return json_is_true(member);
}

void args_hash(struct args *args, const char *name, uint8_t *hash)
{
	size_t length = 0;
	const char *text = args_text(args, name, NULL);
	if (sodium_hex2bin(hash, CREDENTIAL_HASH_SIZE, text, strlen(text), NULL, &length, NULL) != 0 ||
	    length != CREDENTIAL_HASH_SIZE)
		args_fail(args, name, "must be 64 hex digits");
}
