/* An environment: the first byte chooses the program, each line is a variable. */
#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/daemon/conf.h"
#include "../../proto/daemon/log.h"
#include "fuzz.h"

enum { VARIABLES_MAX = 40, PRINTED_SIZE = 64 * 1024 };

struct environment {
	char *variables[VARIABLES_MAX + 1], *end;
	size_t count;
	char text[PRINTED_SIZE];
};

static struct environment given, printed;

static void add(struct environment *environment, char *variable)
{
	assert(environment->count < VARIABLES_MAX);
	environment->variables[environment->count++] = variable;
	environment->variables[environment->count] = NULL;
}

/* --- what is accepted: judged by the tables of settings.h themselves --- */

static void judge_text(const char *name, const char *value, long long minimum, long long maximum)
{
	long long length = (long long)strlen(value);
	assert(length >= minimum && length <= maximum);
	add(&printed, printed.end);
	printed.end += 1 + sprintf(printed.end, "%s=%s", name, value);
}

static void judge_int(const char *name, int64_t value, int64_t minimum, int64_t maximum)
{
	assert(value >= minimum && value <= maximum);
	add(&printed, printed.end);
	printed.end += 1 + sprintf(printed.end, "%s=%" PRId64, name, value);
}

#define JUDGE_TEXT judge_text
#define JUDGE_FILE judge_text
#define JUDGE_INT judge_int
#define JUDGE(type, field, name, fallback, minimum, maximum, meaning) JUDGE_##type(name, conf->field, minimum, maximum);

#define SAME_TEXT(field) assert(strcmp(conf->field, again.field) == 0);
#define SAME_FILE(field) SAME_TEXT(field)
#define SAME_INT(field) assert(conf->field == again.field);
#define SAME(type, field, name, fallback, minimum, maximum, meaning) SAME_##type(field)

/* Every value is in its range, and what is printed of them is read as the same. */
#define PROGRAM(program, NAME) \
	static void judge_##program(const struct conf_##program *conf) \
	{ \
		struct conf_##program again; \
		char error[CONF_ERROR_SIZE]; \
		SETTINGS_SHARED(JUDGE) \
		SETTINGS_##NAME(JUDGE) assert(log_level_parse(conf->log_level) >= 0); \
		assert(conf_read(CONF_##NAME, printed.variables, &again, error)); \
		SETTINGS_SHARED(SAME) \
		SETTINGS_##NAME(SAME) \
	} \
	static bool read_##program(char *error) \
	{ \
		struct conf_##program conf; \
		bool good = conf_read(CONF_##NAME, given.variables, &conf, error); \
		if (good) \
			judge_##program(&conf); \
		return good; \
	}
PROGRAM(edge, EDGE)
PROGRAM(authd, AUTHD)
PROGRAM(limiterd, LIMITERD)
PROGRAM(proxyd, PROXYD)
PROGRAM(auditd, AUDITD)
PROGRAM(up, UP)
PROGRAM(door, DOOR)

static bool (*const readers[CONF_PROGRAMS])(char *error) = {
	[CONF_EDGE] = read_edge,     [CONF_AUTHD] = read_authd,   [CONF_LIMITERD] = read_limiterd,
	[CONF_PROXYD] = read_proxyd, [CONF_AUDITD] = read_auditd, [CONF_UP] = read_up,
	[CONF_DOOR] = read_door,
};

/* --- */

static void split(const uint8_t *data, size_t size)
{
	memcpy(given.text, data, size);
	given.text[size] = '\0';
	for (char *rest = given.text; rest && given.count < VARIABLES_MAX;)
		add(&given, strsep(&rest, "\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONF_ERROR_SIZE] = "";
	if (size == 0 || size > sizeof(given.text))
		return 0;
	given.count = printed.count = 0;
	printed.end = printed.text;
	split(data + 1, size - 1);
	bool good = readers[data[0] % CONF_PROGRAMS](error);
	assert(good || (strlen(error) < sizeof(error) - 1 && strstr(error, "HEIMGATE_")));
	return 0;
}
