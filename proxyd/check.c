#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "check.h"

enum { EXIT_NOWHERE = 1 };

static const char usage[] = "usage: heimgate check [FILE] [MODEL]\n"
							"\n"
							"Says what models.json means, or all that would happen to requests for MODEL.\n"
							"FILE: default HEIMGATE_MODELS, else models.json in HEIMGATE_STATE.\n";

static void print_all(const struct models *models)
{
	for (size_t i = 0; i < models->upstream_count; i++)
		check_upstream(&models->upstreams[i]);
	for (size_t i = 0; i < models->model_count; i++)
		check_row(models, &models->models[i]);
}

static char *default_file(void)
{
	static struct conf_proxyd conf; /* its texts live as long */
	conf_load_environment(CONF_PROXYD, &conf);
	return conf_path(conf.state, *conf.models ? conf.models : "models.json");
}

int main(int argc, char **argv)
{
	char error[512];
	bool found = true;

	log_init("check");
	if (argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 3 || (argc > 1 && argv[1][0] == '-'))
		fatal_usage("too many arguments or an unknown option; see heimgate check --help");
	char *file = argc > 1 ? strdup(argv[1]) : default_file();
	CHECK(file != NULL);
	struct models *models = models_load(file, error, sizeof(error));
	if (!models)
		fatal_usage("%s", error);
	if (argc == 3)
		found = check_name(models, argv[2]);
	else
		print_all(models);
	models_free(models);
	free(file);
	return found ? 0 : EXIT_NOWHERE;
}
