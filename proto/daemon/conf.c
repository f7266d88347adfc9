#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

enum conf_type { TYPE_TEXT, TYPE_INT, TYPE_FILE };

struct row {
	enum conf_type type;
	size_t offset;    /* of the field in the program's struct */
	const char *name; /* of the environment variable */
	const char *fallback;
	int64_t minimum, maximum;
	const char *meaning;
};

#define ROW(program, type, field, name, fallback, minimum, maximum, meaning) \
	{TYPE_##type, offsetof(struct conf_##program, field), name, fallback, minimum, maximum, meaning},

#define ROW_edge(...) ROW(edge, __VA_ARGS__)
#define ROW_authd(...) ROW(authd, __VA_ARGS__)
#define ROW_limiterd(...) ROW(limiterd, __VA_ARGS__)
#define ROW_proxyd(...) ROW(proxyd, __VA_ARGS__)
#define ROW_auditd(...) ROW(auditd, __VA_ARGS__)
#define ROW_up(...) ROW(up, __VA_ARGS__)
#define ROW_door(...) ROW(door, __VA_ARGS__)

static const struct row edge_rows[] = {SETTINGS_SHARED(ROW_edge) SETTINGS_EDGE(ROW_edge)};
static const struct row authd_rows[] = {SETTINGS_SHARED(ROW_authd) SETTINGS_AUTHD(ROW_authd)};
static const struct row limiterd_rows[] = {SETTINGS_SHARED(ROW_limiterd) SETTINGS_LIMITERD(ROW_limiterd)};
static const struct row proxyd_rows[] = {SETTINGS_SHARED(ROW_proxyd) SETTINGS_PROXYD(ROW_proxyd)};
static const struct row auditd_rows[] = {SETTINGS_SHARED(ROW_auditd) SETTINGS_AUDITD(ROW_auditd)};
static const struct row up_rows[] = {SETTINGS_SHARED(ROW_up) SETTINGS_UP(ROW_up)};
static const struct row door_rows[] = {SETTINGS_SHARED(ROW_door) SETTINGS_DOOR(ROW_door)};

/* The shared settings stand first in every table. */
#define COUNT_ROW(...) +1
enum { SHARED_ROWS = 0 SETTINGS_SHARED(COUNT_ROW) };

static const struct program {
	const char *name, *purpose;
	const struct row *rows;
	size_t count;
} programs[CONF_PROGRAMS] = {
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

static const struct row *find_row(const struct program *program, const char *name, size_t length)
{
	for (size_t i = 0; i < program->count; i++)
		if (strncmp(program->rows[i].name, name, length) == 0 && program->rows[i].name[length] == '\0')
			return &program->rows[i];
	return NULL;
}

/* A variable of a sibling is fine: one environment file may serve the whole suite. */
static void refuse_unknown_variables(void)
{
	for (char **entry = environ; *entry; entry++) {
		size_t length = strcspn(*entry, "=");
		bool known = strncmp(*entry, "HEIMGATE_", strlen("HEIMGATE_")) != 0;
		for (size_t i = 0; i < CONF_PROGRAMS && !known; i++)
			known = find_row(&programs[i], *entry, length) != NULL;
		if (!known)
			fatal_usage("unknown setting %.*s: --help of the daemons and of heimgate-up lists the ones there are",
			            (int)length, *entry);
	}
}

static void set_int(const struct row *row, const char *text, int64_t *field)
{
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < row->minimum || value > row->maximum)
		fatal_usage("%s is \"%s\": it must be a number from %lld to %lld", row->name, text, (long long)row->minimum,
		            (long long)row->maximum);
	*field = value;
}

static void set_text(const struct row *row, const char *text, const char **field)
{
	size_t length = strlen(text);
	if (length < (size_t)row->minimum || length > (size_t)row->maximum)
		fatal_usage("%s must have %lld to %lld characters", row->name, (long long)row->minimum,
		            (long long)row->maximum);
	*field = text;
}

static void read_rows(const struct program *program, void *conf)
{
	for (size_t i = 0; i < program->count; i++) {
		const struct row *row = &program->rows[i];
		void *field = (char *)conf + row->offset;
		const char *text = getenv(row->name);
		if (!text)
			text = row->fallback;
		if (row->type == TYPE_INT)
			set_int(row, text, field);
		else
			set_text(row, text, field);
	}
}

char *conf_path(const char *directory, const char *name)
{
	char *path;
	if (*name == '/')
		path = strdup(name);
	else if (asprintf(&path, "%s/%s", directory, name) < 0)
		path = NULL;
	CHECK(path != NULL);
	return path;
}

/* The shared fields stand first in every struct, in the same order. */
struct shared_fields {
	SETTINGS_SHARED(CONF_FIELD)
};

static void settle_shared(struct shared_fields *shared)
{
	char here[PATH_MAX];
	int level = log_level_parse(shared->log_level);
	if (level < 0)
		fatal_usage("HEIMGATE_LOG_LEVEL is \"%s\": it must be debug, info, warn or error", shared->log_level);
	log_level_set((enum log_level)level);
	if (strcmp(shared->sandbox, "required") != 0 && strcmp(shared->sandbox, "best-effort") != 0)
		fatal_usage("HEIMGATE_SANDBOX is \"%s\": it must be required or best-effort", shared->sandbox);
	if (shared->ready_fd >= 0 && fcntl((int)shared->ready_fd, F_SETFD, FD_CLOEXEC) < 0)
		fatal_usage("HEIMGATE_READY_FD names a descriptor that is not open");
	if (!getcwd(here, sizeof(here)))
		fatal("cannot tell the current directory");
	shared->state = conf_path(here, shared->state);
	shared->run = conf_path(shared->state, *shared->run ? shared->run : "run");
}

static void settle_files(const struct program *program, void *conf)
{
	const struct shared_fields *shared = conf;
	for (size_t i = 0; i < program->count; i++) {
		const char **field = (const char **)((char *)conf + program->rows[i].offset);
		if (program->rows[i].type == TYPE_FILE && **field != '\0')
			*field = conf_path(shared->state, *field);
	}
}

void conf_load_environment(enum conf_program program, void *conf)
{
	refuse_unknown_variables();
	read_rows(&programs[program], conf);
	settle_shared(conf);
	settle_files(&programs[program], conf);
}

static void print_value(const struct row *row, const void *conf)
{
	const void *field = (const char *)conf + row->offset;
	if (row->type == TYPE_INT)
		printf("%s=%lld\n", row->name, (long long)*(const int64_t *)field);
	else
		printf("%s=%s\n", row->name, *(const char *const *)field);
}

static _Noreturn void print_configuration(const struct program *program, const void *conf)
{
	for (size_t i = 0; i < program->count; i++)
		print_value(&program->rows[i], conf);
	exit(0);
}

void conf_load(enum conf_program program, void *conf, int argc, char **argv)
{
	const struct program *self = &programs[program];
	bool print = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			conf_print_help(stdout, program);
			exit(0);
		}
		if (strcmp(argv[i], "-V") == 0 || strcmp(argv[i], "--version") == 0) {
			printf("heimgate-%s %s\n", self->name, HEIMGATE_VERSION);
			exit(0);
		}
		if (strcmp(argv[i], "-n") != 0)
			fatal_usage("unknown argument \"%s\": --help lists what there is", argv[i]);
		print = true;
	}
	conf_load_environment(program, conf);
	if (print)
		print_configuration(self, conf);
}

static void print_default(FILE *to, const struct row *row, const char *before, const char *after)
{
	if (*row->fallback)
		fprintf(to, "%s%s%s", before, row->fallback, after);
}

void conf_print_help(FILE *to, enum conf_program program)
{
	const struct program *self = &programs[program];
	fprintf(to, "heimgate-%s: %s\n\n", self->name, self->purpose);
	fprintf(to, "usage: heimgate-%s [-n]\n\n", self->name);
	fprintf(to, "  -n  print the settings as they are understood, and end\n");
	fprintf(to, "  -V  print the version and end\n");
	fprintf(to, "  -h  print this and end\n\nSettings, read from the environment:\n\n");
	for (size_t i = 0; i < self->count; i++) {
		fprintf(to, "  %s\n      %s", self->rows[i].name, self->rows[i].meaning);
		print_default(to, &self->rows[i], " (default ", ")");
		fprintf(to, "\n");
	}
	fprintf(to,
	        "\nExit status: 0 ended as asked, %d a mistake in the invocation or a setting,\n"
	        "%d something the machine lacks (a port, a file, a right).\n",
	        EXIT_USAGE, EXIT_ENVIRONMENT);
}

static void print_table(FILE *to, const struct row *rows, size_t count)
{
	fprintf(to, "| setting | meaning | default | from | to |\n| --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < count; i++) {
		fprintf(to, "| `%s` | %s | ", rows[i].name, rows[i].meaning);
		print_default(to, &rows[i], "`", "`");
		if (rows[i].type == TYPE_INT)
			fprintf(to, " | %lld | %lld |\n", (long long)rows[i].minimum, (long long)rows[i].maximum);
		else
			fprintf(to, " | | %lld characters |\n", (long long)rows[i].maximum);
	}
}

void conf_print_markdown(FILE *to)
{
	fprintf(to, "## Every program\n\n");
	print_table(to, programs[0].rows, SHARED_ROWS);
	for (size_t p = 0; p < CONF_PROGRAMS; p++) {
		fprintf(to, "\n## heimgate-%s\n\n%s.\n\n", programs[p].name, programs[p].purpose);
		print_table(to, programs[p].rows + SHARED_ROWS, programs[p].count - SHARED_ROWS);
	}
}

void conf_print_mdoc(FILE *to, enum conf_program program)
{
	const struct program *self = &programs[program];
	fprintf(to, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < self->count; i++) {
		fprintf(to, ".It Ev %s\n%s.\n", self->rows[i].name, self->rows[i].meaning);
		print_default(to, &self->rows[i], "The default is\n.Ql ", " .\n");
	}
	fprintf(to, ".El\n");
}
