#include "keyoption.h"

#include <string.h>
#include <time.h>

#include "../proto/daemon/log.h"
#include "keytext.h"

/* The row of the option that the word begins with. */
static const struct keyoption *find(const struct keyoption *table, const char *word)
{
	const char *name = word + strspn(word, "-");
	size_t length = strcspn(name, "=");
	for (; table->name && name - word == 2; table++)
		if (strlen(table->name) == length && strncmp(table->name, name, length) == 0)
			return table;
	fatal_usage("there is no option %s here; --help lists them", word);
}

static json_t *parse_count(const struct keyoption *option, const char *value)
{
	uint64_t number;
	if (keytext_number(value, UINT32_MAX, &number) != 0)
		fatal_usage("--%s must be a number from 0 (no limit) to %u, not \"%s\"", option->name, UINT32_MAX, value);
	return json_integer((json_int_t)number);
}

static json_t *parse_models(const struct keyoption *option, const char *value)
{
	json_t *list = json_array();
	for (const char *name = value; name; name = strchr(name, ',') ? strchr(name, ',') + 1 : NULL) {
		size_t length = strcspn(name, ",");
		if (length == 0)
			fatal_usage("--%s must be names with commas between, not \"%s\"", option->name, value);
		json_array_append_new(list, json_stringn(name, length));
	}
	return list;
}

static json_t *parse_budget(const struct keyoption *option, const char *value)
{
	struct limits limits;
	if (keytext_budget(value, &limits) != 0)
		fatal_usage("--%s must be like 1000000/month or 50000/day, or 0 for none, not \"%s\"", option->name, value);
	return json_string(value);
}

static json_t *parse_expiry(const struct keyoption *option, const char *value)
{
	uint64_t now = (uint64_t)time(NULL) * 1000, expires;
	if (keytext_expiry(value, now, &expires) != 0)
		fatal_usage("--%s must be like 30d, 12h, 2030-12-31 or 2030-12-31T18:00:00Z, not \"%s\"", option->name, value);
	if (expires <= now)
		fatal_usage("--%s %s is in the past", option->name, value);
	return json_integer((json_int_t)expires);
}

static json_t *parse_grace(const struct keyoption *option, const char *value)
{
	uint64_t ms;
	if (keytext_duration(value, &ms) != 0)
		fatal_usage("--%s must be like 30m, 24h or 7d, not \"%s\"", option->name, value);
	return json_integer((json_int_t)ms);
}

static json_t *parse_text(const struct keyoption *option, const char *value)
{
	json_t *text = *value != '\0' ? json_string(value) : NULL;
	if (!text)
		fatal_usage("--%s must be text in UTF-8", option->name);
	return text;
}

static json_t *parse(const struct keyoption *option, const char *value)
{
	switch (option->kind) {
	case KEYOPTION_TEXT:
		return parse_text(option, value);
	case KEYOPTION_COUNT:
		return parse_count(option, value);
	case KEYOPTION_MODELS:
		return parse_models(option, value);
	case KEYOPTION_BUDGET:
		return parse_budget(option, value);
	case KEYOPTION_EXPIRY:
		return parse_expiry(option, value);
	case KEYOPTION_GRACE:
		return parse_grace(option, value);
	case KEYOPTION_FLAG_JSON:
	case KEYOPTION_FLAG_STDIN:
	case KEYOPTION_FLAG_TRUE:
		break;
	}
	return json_true();
}

static void set_flag(struct keyoption_values *values, const struct keyoption *option)
{
	if (option->member)
		json_object_set_new(values->arguments, option->member, json_true());
	values->json |= option->kind == KEYOPTION_FLAG_JSON;
	values->secret_stdin |= option->kind == KEYOPTION_FLAG_STDIN;
}

/* Reads the option at argv[0] and returns how many words it took. */
static int read_option(const struct keyoption *table, int count, char **argv, struct keyoption_values *values)
{
	const struct keyoption *option = find(table, argv[0]);
	const char *equals = strchr(argv[0], '=');
	if (!option->value && equals)
		fatal_usage("--%s takes no value", option->name);
	if (!option->value) {
		set_flag(values, option);
		return 1;
	}
	if (!equals && count < 2)
		fatal_usage("--%s must be followed by %s", option->name, option->value);
	json_object_set_new(values->arguments, option->member, parse(option, equals ? equals + 1 : argv[1]));
	return equals ? 1 : 2;
}

struct keyoption_values keyoption_read(const struct keyoption *table, int count, char **argv)
{
	struct keyoption_values values = {.arguments = json_object()};
	int step = 1;
	for (int i = 0; i < count; i += step) {
		step = 1;
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			values.help = true;
		else if (argv[i][0] == '-')
			step = read_option(table, count - i, argv + i, &values);
		else if (!values.operand)
			values.operand = argv[i];
		else
			fatal_usage("\"%s\" is one word too many", argv[i]);
	}
	return values;
}

void keyoption_print(FILE *to, const struct keyoption *table)
{
	for (; table->name; table++) {
		int width = fprintf(to, "  --%s %s", table->name, table->value ? table->value : "");
		fprintf(to, "%*s%s\n", width < 24 ? 24 - width : 1, "", table->meaning);
	}
}
