#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/wire/stamp.h"
#include "children.h"
#include "first_key.h"
#include "state.h"
#include "upstream.h"

static struct conf_up conf;
static char upstream_url[4096 + 1];
static enum upstream_found kind;
static char *models;
static uint64_t started_us;

/* The user's models.json when there is one; else one of our own making, for the server that was found. */
static void choose_models(void)
{
	models = *conf.models ? conf_path(conf.state, conf.models) : conf_path(conf.state, "models.json");
	if (*conf.models || access(models, F_OK) == 0)
		return;
	free(models);
	models = conf_path(conf.run, "models.json");
	snprintf(upstream_url, sizeof(upstream_url), "%s", conf.upstream);
	kind = upstream_probe(upstream_url);
	if (kind == FOUND_NOTHING) {
		fprintf(stderr, "heimgate-up: no model server answers at %s; starting the bundled mock model server instead\n",
		        upstream_url);
		upstream_start_mock(upstream_url, sizeof(upstream_url));
		kind = FOUND_OLLAMA;
	}
	upstream_write_models(models, upstream_url, kind);
}

static void print_where(void)
{
	printf("\nheimgate is ready on http://%s:%lld (%llu ms after the daemons were started)\n", conf.address,
	       (long long)conf.port, (unsigned long long)(loop_micros() - started_us) / 1000);
	if (kind == FOUND_NOTHING)
		printf("  models:  %s\n", models);
	else
		printf("  models:  all of them from %s\n", upstream_url);
	printf("  state:   %s\n  stop it: Ctrl-C\n", conf.state);
}

static void print_first_steps(void)
{
	char key[256], model[MODEL_NAME_MAX + 1] = "llama3.2";
	if (!first_key_make(key, sizeof(key))) {
		printf("\nMake another key with: build/bin/heimgate key create --name NAME\n\n");
		return;
	}
	if (kind != FOUND_NOTHING)
		upstream_first_model(upstream_url, kind, model, sizeof(model));
	printf("\nYour first key, shown this once: %s\n\nTry it:\n\n"
	       "  curl http://%s:%lld/v1/chat/completions \\\n"
	       "    -H 'Authorization: Bearer %s' \\\n"
	       "    -H 'Content-Type: application/json' \\\n"
	       "    -d '{\"model\": \"%s\", \"messages\": [{\"role\": \"user\", \"content\": \"Say hello\"}]}'\n\n"
	       "Add \"stream\": true to see it word by word.\n\n",
	       key, conf.address, (long long)conf.port, key, model);
}

static void all_ready(void)
{
	print_where();
	print_first_steps();
	fflush(stdout);
}

static void reload(void *arg)
{
	(void)arg;
	children_reload();
}

/*
 * Starts the five daemons on this machine with embedded stores and stays with them: a
 * convenience for people, trusted by none of the daemons and holding none of their secrets.
 */
int main(int argc, char **argv)
{
	log_init("up");
	conf_load(CONF_UP, &conf, argc, argv);
	bool separate = state_prepare(conf.state, conf.run);
	choose_models();
	loop_open();
	loop_on_hangup(reload, NULL);
	started_us = loop_micros();
	children_start(models, separate, all_ready);
	loop_run();
	children_stop();
	free(models);
	return 0;
}
