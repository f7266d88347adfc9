#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_private.h"
#include "log.h"

enum { SHOWN_MAX = 64 /* bytes of a bad value */ };

#define ROW(program, type, field, name, fallback, minimum, maximum, meaning) \
	{TYPE_##type, offsetof(struct conf_##program, field), name, fallback, minimum, maximum, meaning},

#define ROW_edge(...) ROW(edge, __VA_ARGS__)
#define ROW_authd(...) ROW(authd, __VA_ARGS__)
#define ROW_limiterd(...) ROW(limiterd, __VA_ARGS__)
#define ROW_proxyd(...) ROW(proxyd, __VA_ARGS__)
#define ROW_auditd(...) ROW(auditd, __VA_ARGS__)
#define ROW_up(...) ROW(up, __VA_ARGS__)
#define ROW_door(...) ROW(door, __VA_ARGS__)

static const struct conf_row edge_rows[] = {SETTINGS_SHARED(ROW_edge) SETTINGS_EDGE(ROW_edge)};
static const struct conf_row authd_rows[] = {SETTINGS_SHARED(ROW_authd) SETTINGS_AUTHD(ROW_authd)};
static const struct conf_row limiterd_rows[] = {SETTINGS_SHARED(ROW_limiterd) SETTINGS_LIMITERD(ROW_limiterd)};
static const struct conf_row proxyd_rows[] = {SETTINGS_SHARED(ROW_proxyd) SETTINGS_PROXYD(ROW_proxyd)};
static const struct conf_row auditd_rows[] = {SETTINGS_SHARED(ROW_auditd) SETTINGS_AUDITD(ROW_auditd)};
static const struct conf_row up_rows[] = {SETTINGS_SHARED(ROW_up) SETTINGS_UP(ROW_up)};
static const struct conf_row door_rows[] = {SETTINGS_SHARED(ROW_door) SETTINGS_DOOR(ROW_door)};

const struct conf_table conf_tables[CONF_PROGRAMS] = {
#define PROGRAM(name, purpose) \
	{ \
#name, purpose, name##_rows, sizeof(name##_rows) / sizeof(*name##_rows) \
	}
	[CONF_EDGE] = PROGRAM(edge, "the only daemon that reads bytes from strangers: the HTTP listener"),
	[CONF_AUTHD] = PROGRAM(authd, "who is calling: keys and grants"),
	[CONF_LIMITERD] = PROGRAM(limiterd, "may they, now: rates, budgets, slots"),
	[CONF_PROXYD] = PROGRAM(proxyd, "the only daemon that reaches model servers"),
	[CONF_AUDITD] = PROGRAM(auditd, "the only daemon that writes history"),
	[CONF_UP] = PROGRAM(up, "starts the five daemons on this machine and stays with them"),
	[CONF_DOOR] = PROGRAM(door, "holds the port for edge, so that edge needs no network"),
#undef PROGRAM
};

static const struct conf_row *find_row(const struct conf_table *table, const char *name, size_t length)
{
	for (size_t i = 0; i < table->count; i++)
		if (strncmp(table->rows[i].name, name, length) == 0 && table->rows[i].name[length] == '\0')
			return &table->rows[i];
	return NULL;
}

/* A variable of a sibling is fine: one environment file may serve the whole suite. */
static bool judge_name(const char *entry, char *error)
{
	size_t length = strcspn(entry, "=");
	bool known = strncmp(entry, "HEIMGATE_", strlen("HEIMGATE_")) != 0;
	for (size_t i = 0; i < CONF_PROGRAMS && !known; i++)
		known = find_row(&conf_tables[i], entry, length) != NULL;
	if (!known)
		snprintf(error, CONF_ERROR_SIZE,
		         "unknown setting %.*s: --help of the daemons and of heimgate-up lists the ones there are",
		         (int)(length < SHOWN_MAX ? length : SHOWN_MAX), entry);
	return known;
}

/* The value of the first entry of that name, as getenv() has it, or NULL. */
static const char *find_value(char *const *environment, const char *name)
{
	size_t length = strlen(name);
	for (; *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

static bool read_int(const struct conf_row *row, const char *text, int64_t *field, char *error)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < row->minimum || value > row->maximum) {
		snprintf(error, CONF_ERROR_SIZE, "%s is \"%.*s\": it must be a number from %lld to %lld", row->name, SHOWN_MAX,
		         text, (long long)row->minimum, (long long)row->maximum);
		return false;
	}
	*field = value;
	return true;
}

static bool read_text(const struct conf_row *row, const char *text, const char **field, char *error)
{
	size_t length = strlen(text);
	if (length < (size_t)row->minimum || length > (size_t)row->maximum) {
		snprintf(error, CONF_ERROR_SIZE, "%s must have %lld to %lld characters", row->name, (long long)row->minimum,
		         (long long)row->maximum);
		return false;
	}
	*field = text;
	return true;
}

static bool read_row(const struct conf_row *row, char *const *environment, void *conf, char *error)
{
	void *field = (char *)conf + row->offset;
	const char *text = find_value(environment, row->name);
	if (!text)
		text = row->fallback;
	return row->type == TYPE_INT ? read_int(row, text, field, error) : read_text(row, text, field, error);
}

static bool judge_shared(const struct conf_shared *shared, char *error)
{
	bool is_known = strcmp(shared->sandbox, "required") == 0 || strcmp(shared->sandbox, "best-effort") == 0;
	if (log_level_parse(shared->log_level) < 0)
		snprintf(error, CONF_ERROR_SIZE, "HEIMGATE_LOG_LEVEL is \"%s\": it must be debug, info, warn or error",
		         shared->log_level);
	else if (!is_known)
		snprintf(error, CONF_ERROR_SIZE, "HEIMGATE_SANDBOX is \"%s\": it must be required or best-effort",
		         shared->sandbox);
	else
		return true;
	return false;
}

bool conf_read(enum conf_program program, char *const *environment, void *conf, char *error)
{
	const struct conf_table *table = &conf_tables[program];
	for (char *const *entry = environment; *entry; entry++)
		if (!judge_name(*entry, error))
			return false;
	for (size_t i = 0; i < table->count; i++)
		if (!read_row(&table->rows[i], environment, conf, error))
			return false;
	return judge_shared(conf, error);
}
