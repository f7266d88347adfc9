#include "conf.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_private.h"
#include "log.h"

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

static void settle_shared(struct conf_shared *shared)
{
	char here[PATH_MAX];
	log_level_set((enum log_level)log_level_parse(shared->log_level));
	if (shared->ready_fd >= 0 && fcntl((int)shared->ready_fd, F_SETFD, FD_CLOEXEC) < 0)
		fatal_usage("HEIMGATE_READY_FD names a descriptor that is not open");
	if (!getcwd(here, sizeof(here)))
		fatal("cannot tell the current directory");
	shared->state = conf_path(here, shared->state);
	shared->run = conf_path(shared->state, *shared->run ? shared->run : "run");
}

static void settle_files(const struct conf_table *program, void *conf)
{
	const struct conf_shared *shared = conf;
	for (size_t i = 0; i < program->count; i++) {
		const char **field = (const char **)((char *)conf + program->rows[i].offset);
		if (program->rows[i].type == TYPE_FILE && **field != '\0')
			*field = conf_path(shared->state, *field);
	}
}

void conf_load_environment(enum conf_program program, void *conf)
{
	char error[CONF_ERROR_SIZE];
	if (!conf_read(program, environ, conf, error))
		fatal_usage("%s", error);
	settle_shared(conf);
	settle_files(&conf_tables[program], conf);
}

static void print_value(const struct conf_row *row, const void *conf)
{
	const void *field = (const char *)conf + row->offset;
	if (row->type == TYPE_INT)
		printf("%s=%lld\n", row->name, (long long)*(const int64_t *)field);
	else
		printf("%s=%s\n", row->name, *(const char *const *)field);
}

static _Noreturn void print_configuration(const struct conf_table *program, const void *conf)
{
	for (size_t i = 0; i < program->count; i++)
		print_value(&program->rows[i], conf);
	exit(0);
}

void conf_load(enum conf_program program, void *conf, int argc, char **argv)
{
	const struct conf_table *self = &conf_tables[program];
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

static void print_default(FILE *to, const struct conf_row *row, const char *before, const char *after)
{
	if (*row->fallback)
		fprintf(to, "%s%s%s", before, row->fallback, after);
}

void conf_print_help(FILE *to, enum conf_program program)
{
	const struct conf_table *self = &conf_tables[program];
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

static void print_table(FILE *to, const struct conf_row *rows, size_t count)
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
	print_table(to, conf_tables[0].rows, CONF_SHARED_ROWS);
	for (size_t p = 0; p < CONF_PROGRAMS; p++) {
		fprintf(to, "\n## heimgate-%s\n\n%s.\n\n", conf_tables[p].name, conf_tables[p].purpose);
		print_table(to, conf_tables[p].rows + CONF_SHARED_ROWS, conf_tables[p].count - CONF_SHARED_ROWS);
	}
}

void conf_print_mdoc(FILE *to, enum conf_program program)
{
	const struct conf_table *self = &conf_tables[program];
	fprintf(to, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < self->count; i++) {
		fprintf(to, ".It Ev %s\n%s.\n", self->rows[i].name, self->rows[i].meaning);
		print_default(to, &self->rows[i], "The default is\n.Ql ", " .\n");
	}
	fprintf(to, ".El\n");
}
