#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/models.h"
#include "../proto/wire/stamp.h"
#include "children.h"
#include "first_key.h"
#include "state.h"
#include "upstream.h"

static struct conf_up conf;
static char upstream_url[4096 + 1];
static enum upstream_found kind;
static char *models;
static char our_url[64];
static uint64_t started_us;
static bool had_terminal;
static bool separate; /* a user for each daemon, or ours is an ordinary one anyway */

/* As the user wrote it, but for slashes at the end: paths are added to it. */
static void take_upstream(void)
{
	size_t length = strlen(conf.upstream);
	if (strncmp(conf.upstream, "http://", 7) != 0 && strncmp(conf.upstream, "https://", 8) != 0)
		fatal_usage("HEIMGATE_UPSTREAM is \"%s\": it must begin with http:// or https://", conf.upstream);
	while (conf.upstream[length - 1] == '/')
		length--;
	snprintf(upstream_url, sizeof(upstream_url), "%.*s", (int)length, conf.upstream);
}

/* The user's models.json when there is one; else one of our own making, for the server that was found. */
static void choose_models(void)
{
	models = *conf.models ? conf_path(conf.state, conf.models) : conf_path(conf.state, "models.json");
	if (*conf.models || access(models, F_OK) == 0)
		return;
	free(models);
	models = conf_path(conf.run, "models.json");
	take_upstream();
	kind = upstream_probe(upstream_url);
	if (kind == FOUND_NOTHING) {
		fprintf(stderr, "heimgate-up: no model server answers at %s; starting the bundled mock model server instead\n",
		        upstream_url);
		upstream_start_mock(upstream_url, sizeof(upstream_url));
		kind = FOUND_OLLAMA;
	}
	upstream_write_models(models, upstream_url, kind);
}

/* Said here and once: limiterd and proxyd would both complain. */
static void check_models(void)
{
	char error[512];
	struct models *read = models_load(models, error, sizeof(error));
	if (!read)
		fatal_usage("%s", error);
	models_free(read);
}

static void print_where(void)
{
	snprintf(our_url, sizeof(our_url), strchr(conf.address, ':') ? "http://[%s]:%lld" : "http://%s:%lld", conf.address,
	         (long long)conf.port);
	printf("\nheimgate is ready on %s (%llu ms after the daemons were started)\n", our_url,
	       (unsigned long long)(loop_micros() - started_us) / 1000);
	if (kind == FOUND_NOTHING)
		printf("  models:  %s\n", models);
	else
		printf("  models:  all of them from %s\n", upstream_url);
	printf("  state:   %s\n", conf.state);
	if (!separate)
		printf("  users:   root for all daemons, because other users cannot reach the state directory\n");
	printf("  stop it: Ctrl-C\n");
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
	       "  curl %s/v1/chat/completions \\\n"
	       "    -H 'Authorization: Bearer %s' \\\n"
	       "    -H 'Content-Type: application/json' \\\n"
	       "    -d '{\"model\": \"%s\", \"messages\": [{\"role\": \"user\", \"content\": \"Say hello\"}]}'\n\n"
	       "Add \"stream\": true to see it word by word.\n\n",
	       key, our_url, key, model);
}

static void all_ready(void)
{
	print_where();
	print_first_steps();
	fflush(stdout);
	if (conf.ready_fd < 0)
		return;
	dprintf((int)conf.ready_fd, "\n");
	close((int)conf.ready_fd);
}

/* SIGHUP also says that the terminal is gone, and with it whoever could press Ctrl-C. */
static void hung_up(void *arg)
{
	(void)arg;
	if (had_terminal && !isatty(STDERR_FILENO))
		loop_stop();
	else
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
	unsetenv("HEIMGATE_READY_FD"); /* ours, and nobody's whom we start */
	had_terminal = isatty(STDERR_FILENO);
	separate = state_prepare(conf.state, conf.run);
	choose_models();
	check_models();
	loop_open();
	loop_on_hangup(hung_up, NULL);
	started_us = loop_micros();
	children_start(models, separate, all_ready);
	loop_run();
	children_stop();
	free(models);
	return 0;
}
