#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/models.h"

static const char usage[] = "usage: heimgate check [FILE] [MODEL]\n"
							"\n"
							"Says what models.json means, and where MODEL would go.\n"
							"FILE: default HEIMGATE_MODELS, else models.json in HEIMGATE_STATE.\n";

static void print_upstream(const struct upstream *upstream)
{
	printf("upstream %s\n", upstream->name);
	printf("  kind %s, at %s\n", upstream_kind_name(upstream->kind), upstream->base_url);
	printf("  %u requests at one time; a caller waits %u ms for a slot\n", upstream->slots, upstream->acquire_timeout);
	if (upstream->api_key_file)
		printf("  credential from %s\n", upstream->api_key_file);
	for (size_t i = 0; i < upstream->warm_count; i++)
		printf("  loads %s at start\n", upstream->warm[i]);
}

static void print_route(const struct models *models, const char *name)
{
	const char *target = name;
	const struct model *model = models_route(models, &target);
	const char *upstream = models->upstreams[model->targets[0].upstream].name;
	if (model->targets[0].model[0] != '\0')
		target = model->targets[0].model;
	if (strcmp(target, "*") == 0)
		printf("model *: any other name goes to %s as it is\n", upstream);
	else if (strcmp(target, name) == 0)
		printf("model %s goes to %s\n", name, upstream);
	else
		printf("model %s goes to %s as %s\n", name, upstream, target);
}

static void print_all(const struct models *models)
{
	for (size_t i = 0; i < models->upstream_count; i++)
		print_upstream(&models->upstreams[i]);
	for (size_t i = 0; i < models->model_count; i++)
		print_route(models, models->models[i].name);
}

static int print_one(const struct models *models, const char *name)
{
	if (!models_find(models, name)) {
		printf("model %s goes nowhere: callers receive 404\n", name);
		return 1;
	}
	print_route(models, name);
	return 0;
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
	int status = 0;

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
		status = print_one(models, argv[2]);
	else
		print_all(models);
	models_free(models);
	free(file);
	return status;
}
