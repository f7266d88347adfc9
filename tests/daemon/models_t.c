#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../proto/daemon/models.h"
#include "../tap/tap.h"

static char path[] = "/tmp/models-XXXXXX";
static char error[512];

static struct models *load(const char *text)
{
	FILE *file = fopen(path, "we");
	if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
	error[0] = '\0';
	return models_load(path, error, sizeof(error));
}

static void test_example(void)
{
	struct models *models =
		load("{\"upstreams\": {"
	         "\"ollama\": {\"base_url\": \"http://127.0.0.1:11434/\", \"kind\": \"ollama\", \"slots\": 3,"
	         " \"acquire_timeout_ms\": 0, \"warm\": [\"qwen3.5:9b\"]},"
	         "\"openai\": {\"base_url\": \"https://api.openai.com/v1\", \"kind\": \"openai\","
	         " \"api_key_file\": \"/run/secrets/openai_api_key\"}},"
	         "\"models\": {"
	         "\"small\": {\"targets\": [{\"upstream\": \"openai\", \"model\": \"gpt-4o-mini\"}]},"
	         "\"*\": {\"targets\": [{\"upstream\": \"ollama\"}]}}}");
	ok(models != NULL, "a good file is read: %s", error);
	if (models == NULL)
		return;
	is_int((long long)models->upstream_count, 2, "both upstreams are there");
	const struct upstream *ollama = &models->upstreams[models_upstream(models, "ollama")];
	const struct upstream *openai = &models->upstreams[models_upstream(models, "openai")];
	is_text(ollama->base_url, "http://127.0.0.1:11434", "a trailing slash is dropped");
	is_int(ollama->slots, 3, "slots are read");
	is_int(ollama->acquire_timeout, 0, "a wait of nothing is allowed");
	is_text(ollama->warm[0], "qwen3.5:9b", "warm models are read");
	is_text(ollama->api_key_file, NULL, "no credential unless one is named");
	is_int(openai->slots, 10, "slots default to 10");
	is_int(openai->acquire_timeout, 250, "the wait defaults to 250 ms");
	is_text(openai->api_key_file, "/run/secrets/openai_api_key", "the credential's file is read");
	is_int(models_upstream(models, "other"), -1, "an unknown upstream has no index");
	const struct model *small = models_find(models, "small");
	is_text(small->targets[0].model, "gpt-4o-mini", "a model by another name upstream");
	is_int((long long)small->targets[0].upstream, models_upstream(models, "openai"), "a model goes to its own target");
	const struct model *any = models_find(models, "never-heard-of");
	is_text(any->name, "*", "any other model takes the * row");
	is_text(any->targets[0].model, "", "and keeps its name");
	models_free(models);
}

static void test_no_star(void)
{
	struct models *models =
		load("{\"upstreams\": {\"a\": {\"base_url\": \"http://a\", \"kind\": \"openai\"}}, \"models\": {"
	         "\"c\": {\"targets\": [{\"upstream\": \"a\"}]}, \"a\": {\"targets\": [{\"upstream\": \"a\"}]},"
	         "\"b\": {\"targets\": [{\"upstream\": \"a\"}]}}}");
	ok(models != NULL, "rows in any order: %s", error);
	if (models == NULL)
		return;
	ok(models_find(models, "a") && models_find(models, "b") && models_find(models, "c"), "each is found");
	ok(models_find(models, "d") == NULL, "without a * row other models have no route");
	ok(models_find(models, "") == NULL, "nor has the empty name");
	models_free(models);
}

#define GOOD_UPSTREAM "\"a\": {\"base_url\": \"http://a\", \"kind\": \"openai\"}"
#define GOOD_MODELS "\"models\": {\"*\": {\"targets\": [{\"upstream\": \"a\"}]}}"

#define ROUTE_WITH(members) "\"targets\": [{\"upstream\": \"a\"}], " members
#define TARGET_WITH(members) "\"targets\": [{\"upstream\": \"a\", " members "}]"

/* Each is refused, and the reason names the place. */
static const struct {
	const char *text;
	const char *reason;
} documents[] = {
	{"", "line 1: "},
	{"{\"upstreams\": {},\n \"models\" {}}", "line 2: "},
	{"[]", "the file: must be an object"},
	{"{} x", "line 1: end of file expected"},
	{"{\"upstreams\": {" GOOD_UPSTREAM "},\n\"upstreams\": {}}", "line 2: duplicate object key"},
	{"{\"upstreams\": {" GOOD_UPSTREAM "}, \"routes\": {}, " GOOD_MODELS "}", "the file.routes: unknown member"},
	{"{" GOOD_MODELS "}", "upstreams: must be an object"},
	{"{\"upstreams\": {}, " GOOD_MODELS "}", "upstreams: must name 1 to 64 upstreams"},
	{"{\"upstreams\": {" GOOD_UPSTREAM "}}", "models: must be an object"},
	{"{\"upstreams\": {" GOOD_UPSTREAM "}, \"models\": {}}", "models: must name at least one model"},
	{"{\"upstreams\": {\"\": {}}, " GOOD_MODELS "}", "upstreams: a name must not be empty"},
	{"{\"upstreams\": {\"a\\nb\": {}}, " GOOD_MODELS "}", "upstreams: a name holds a control character"},
	{"{\"upstreams\": {" GOOD_UPSTREAM "}, \"models\": {\"\": {}}}", "models: a name must not be empty"},
};

#define WITH(members) "\"base_url\": \"http://a\", \"kind\": \"openai\", " members

/* Members of an upstream "a", and of a model "m". */
static const struct {
	const char *members;
	const char *reason;
} upstreams[] =
	{
		{"\"kind\": \"openai\"", "upstreams.a.base_url: is missing"},
		{"\"base_url\": \"http://a\"", "upstreams.a.kind: is missing"},
		{"\"base_url\": \"http://a\", \"kind\": \"vllm\"", "upstreams.a.kind: must be \"ollama\", "},
		{"\"base_url\": 7, \"kind\": \"openai\"", "upstreams.a.base_url: must be a string"},
		{"\"base_url\": \"\", \"kind\": \"openai\"", "upstreams.a.base_url: must not be empty"},
		{"\"base_url\": \"ftp://a\", \"kind\": \"openai\"", "must begin with http:// or https://"},
		{"\"base_url\": \"http://\", \"kind\": \"openai\"", "has no host"},
		{"\"base_url\": \"http:///v1\", \"kind\": \"openai\"", "has no host"},
		{"\"base_url\": \"http://u:p@a\", \"kind\": \"openai\"", "must not hold a user or password"},
		{"\"base_url\": \"http://a/v1?x=1\", \"kind\": \"openai\"", "must not hold a query or fragment"},
		{"\"base_url\": \"http://a/v1#x\", \"kind\": \"openai\"", "must not hold a query or fragment"},
		{"\"base_url\": \"http://a b\", \"kind\": \"openai\"", "must be percent-encoded"},
		{"\"base_url\": \"http://a\\r\\nx\", \"kind\": \"openai\"", "holds a control character"},
		{"\"base_url\": \"http://a:0\", \"kind\": \"openai\"", "has a bad port"},
		{"\"base_url\": \"http://a:65536\", \"kind\": \"openai\"", "has a bad port"},
		{"\"base_url\": \"http://a:\", \"kind\": \"openai\"", "has a bad port"},
		{"\"base_url\": \"http://a:99999999999999999999\", \"kind\": \"openai\"", "has a bad port"},
		{"\"base_url\": \"http://[::1\", \"kind\": \"openai\"", "has a bad address in brackets"},
		{"\"base_url\": \"http://[]\", \"kind\": \"openai\"", "has a bad address in brackets"},
		{"\"base_url\": \"http://[::1]x\", \"kind\": \"openai\"", "has a bad host"},
		{"\"base_url\": \"http://a%41\", \"kind\": \"openai\"", "has a bad host"},
		{"\"base_url\": \"http://a/v1/\", \"kind\": \"ollama\"", "is the server's root for kind ollama"},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"slots\": 0", "upstreams.a.slots: must be a whole number"},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"slots\": 65536", "from 1 to 65535"},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"slots\": -1", "upstreams.a.slots: "},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"slots\": 2.0", "upstreams.a.slots: "},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"slots\": \"2\"", "upstreams.a.slots: "},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"acquire_timeout_ms\": 30001", "from 0 to 30000"},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"acquire_timeout_ms\": null", "acquire_timeout_ms: "},
		{"\"base_url\": \"http://a\", \"kind\": \"ollama\", \"warm\": \"m\"", "upstreams.a.warm: must be a list"},
		{"\"base_url\": \"http://a\", \"kind\": \"ollama\", \"warm\": [1]", "upstreams.a.warm: must be a list"},
		{"\"base_url\": \"http://a\", \"kind\": \"ollama\", \"warm\": [\"m\", \"\"]", "a name must not be empty"},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"warm\": [\"m\"]",
         "upstreams.a.warm: is only for kind ollama"},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"api_key_file\": \"key\"", "must be the absolute path"},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"api_key_file\": \"/run/\"", "must be the absolute path"},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"slot\": 1", "upstreams.a.slot: unknown member"},
		{WITH("\"ca_file\": \"ca.pem\""), "upstreams.a.ca_file: must be the absolute path"},
		{WITH("\"proxy\": \"proxy:3128\""), "upstreams.a.proxy: must begin with http:// or https://"},
		{WITH("\"proxy\": \"http://u:p@proxy\""), "upstreams.a.proxy: must not hold a user or password"},
		{WITH("\"local\": \"yes\""), "upstreams.a.local: must be true or false"},
		{WITH("\"headers\": []"), "upstreams.a.headers: must be an object"},
		{WITH("\"headers\": {\"X-A\": 1}"), "upstreams.a.headers.X-A: must be a string"},
		{WITH("\"headers\": {\"X-A\": \"\\u00e9\"}"), "upstreams.a.headers.X-A: must be printable ASCII"},
		{WITH("\"headers\": {\"X A\": \"x\"}"), "upstreams.a.headers.X A: is no header that can be set here"},
		{WITH("\"headers\": {\"content-length\": \"0\"}"), "content-length: is no header that can be set here"},
		{WITH("\"health_path\": \"health\""), "upstreams.a.health_path: must begin with /"},
		{WITH("\"health_path\": \"/a b\""), "upstreams.a.health_path: holds a character"},
		{WITH("\"health_interval_ms\": -1"), "upstreams.a.health_interval_ms: must be a whole number from 0"},
		{WITH("\"open_after\": 1001"), "upstreams.a.open_after: must be a whole number from 0 to 1000"},
		{WITH("\"first_byte_timeout_ms\": 0"), "upstreams.a.first_byte_timeout_ms: must be a whole number from 1"},
		{"\"base_url\": \"http://a\", \"kind\": \"openai\", \"kind\": \"openai\"", "duplicate object key"},
},
  models_of_a[] = {
	  {"", "models.m.targets: must be a list of at least one target"},
	  {"\"targets\": []", "models.m.targets: must be a list of at least one target"},
	  {"\"targets\": {}", "models.m.targets: must be a list of at most 16"},
	  {"\"targets\": [\"a\"]", "models.m.targets[0]: must be an object"},
	  {"\"targets\": [{}]", "models.m.targets[0].upstream: is missing"},
	  {"\"targets\": [{\"upstream\": \"b\"}]", "models.m.targets[0].upstream: names no upstream of this file"},
	  {"\"targets\": [{\"upstream\": \"a\", \"model\": \"\"}]", "models.m.targets[0].model: must not be empty"},
	  {"\"targets\": [{\"upstream\": \"a\", \"model\": 1}]", "models.m.targets[0].model: must be a string"},
	  {TARGET_WITH("\"weight\": 0"), "models.m.targets[0].weight: must be a whole number from 1 to 1000"},
	  {TARGET_WITH("\"drain\": 1"), "models.m.targets[0].drain: must be true or false"},
	  {TARGET_WITH("\"drain\": true"), "models.m.targets: all of them drain"},
	  {TARGET_WITH("\"drop_params\": \"seed\""), "models.m.targets[0].drop_params: must be a list of at most 8"},
	  {TARGET_WITH("\"drop_params\": [7]"), "models.m.targets[0].drop_params: must be a list of names"},
	  {TARGET_WITH("\"drop_params\": [\"\"]"), "drop_params: cannot change a member of that name"},
	  {TARGET_WITH("\"drop_params\": [\"model\"]"), "drop_params: cannot change a member of that name"},
	  {TARGET_WITH("\"set_params\": {\"stream\": true}"), "set_params: cannot change a member of that name"},
	  {TARGET_WITH("\"set_params\": [1]"), "models.m.targets[0].set_params: must be an object"},
	  {TARGET_WITH("\"drop_params\": [\"seed\"], \"set_params\": {\"seed\": 1}"), "set_params: names seed twice"},
	  {TARGET_WITH(
		   "\"drop_params\": [\"a\",\"b\",\"c\",\"d\",\"e\"], \"set_params\": {\"f\":1,\"g\":1,\"h\":1,\"i\":1}"),
       "set_params: more than 8 members are changed"},
	  {"\"targets\": [{\"upstream\": \"a\"}], \"alias\": \"x\"", "models.m.targets: unknown member"},
	  {"\"alias\": \"\"", "models.m.alias: must not be empty"},
	  {"\"alias\": \"x\"", "models.m.alias: leads to no model of this file"},
	  {"\"alias\": \"m\"", "models.m.alias: leads in a circle"},
	  {"\"fallbacks\": [{\"upstream\": \"a\"}]", "models.m.targets: must be a list of at least one target"},
	  {ROUTE_WITH("\"fallbacks\": [{\"upstream\": \"a\", \"weight\": 2}]"),
       "models.m.fallbacks[0].weight: is for targets"},
	  {ROUTE_WITH("\"fallbacks\": [{\"upstream\": \"b\"}]"), "models.m.fallbacks[0].upstream: names no upstream"},
	  {ROUTE_WITH("\"fallback_on\": [\"4xx\"]"), "models.m.fallback_on: must be of \"connect\", "},
	  {ROUTE_WITH("\"fallback_on\": \"5xx\""), "models.m.fallback_on: must be a list of at most 4"},
	  {ROUTE_WITH("\"retries\": 6"), "models.m.retries: must be a whole number from 0 to 5"},
};

/* What may be said of an upstream and of a route. */
static void test_routes(void)
{
	struct models *models = load(
		"{\"upstreams\": {"
		"\"near\": {\"base_url\": \"http://a\", \"kind\": \"openai\", \"local\": true, \"proxy\": \"http://p:3128\","
		" \"ca_file\": \"/etc/ca.pem\", \"headers\": {\"X-Team\": \"lab\"}, \"health_path\": \"/health\","
		" \"connect_timeout_ms\": 100, \"open_after\": 0, \"open_ms\": 50},"
		"\"far\": {\"base_url\": \"https://api.anthropic.com/v1\", \"kind\": \"anthropic\"}},"
		"\"models\": {"
		"\"m\": {\"targets\": [{\"upstream\": \"near\", \"weight\": 3, \"drop_params\": [\"seed\"],"
		" \"set_params\": {\"top_p\": 0.2, \"stop\": [\"a\"]}}, {\"upstream\": \"near\", \"drain\": true}],"
		" \"fallbacks\": [{\"upstream\": \"far\", \"model\": \"big\"}], \"fallback_on\": [\"connect\", \"429\"],"
		" \"retries\": 2},"
		"\"fast\": {\"alias\": \"quick\"}, \"quick\": {\"alias\": \"m\"}, \"odd\": {\"alias\": \"unlisted\"},"
		"\"*\": {\"targets\": [{\"upstream\": \"near\"}]}}}");
	ok(models != NULL, "routes are read: %s", error);
	if (models == NULL)
		return;
	const struct upstream *near = &models->upstreams[models_upstream(models, "near")];
	const struct upstream *far = &models->upstreams[models_upstream(models, "far")];
	ok(near->local && !far->local, "only what is called local is local");
	is_text(near->headers[0], "X-Team: lab", "a header is a line");
	is_int(near->open_after, 0, "nothing opens it");
	is_int(far->open_after, 5, "five failures open another");
	is_text(upstream_kind_name(far->kind), "anthropic", "a kind has a name");
	ok(upstream_offers(far, ROUTE_MESSAGES) && !upstream_offers(far, ROUTE_CHAT), "and what it offers");
	ok(upstream_offers(near, ROUTE_CHAT) && !upstream_offers(near, ROUTE_API_CHAT), "as has another");
	const char *name = "fast";
	const struct model *model = models_route(models, &name);
	is_text(name, "m", "an alias of an alias is followed");
	is_int((long long)model_targets(model), 3, "to three targets");
	is_int((long long)model->target_count, 2, "of which two share the load");
	is_int(model->targets[0].weight, 3, "by their weight");
	ok(!model->targets[0].drain && model->targets[1].drain, "one of them drains");
	is_int((long long)model->targets[0].param_count, 3, "members are changed at one target");
	is_text(model->targets[0].params[0].member, NULL, "one is dropped");
	is_text(model->targets[0].params[1].member, "\"top_p\":0.2", "one is set, as it was written");
	is_text(model->targets[0].params[2].member, "\"stop\":[\"a\"]", "one is set");
	is_text(model->targets[2].model, "big", "and then there is a fallback");
	is_int(model->fallback_on, FALLBACK_CONNECT | FALLBACK_429, "for these reasons");
	is_int(model->retries, 2, "each is asked again");
	name = "odd";
	model = models_route(models, &name);
	is_text(model->name, "*", "an alias may lead to any other name");
	is_text(name, "unlisted", "which it then has");
	is_int(model->fallback_on, FALLBACK_ALL, "unless it is said every reason is one");
	models_free(models);
}

static void refused(const char *text, const char *reason)
{
	struct models *models = load(text);
	bool good = models == NULL && strstr(error, reason) != NULL && strncmp(error, path, strlen(path)) == 0;
	if (!ok(good, "refused: %s", reason))
		printf("#      got: %s\n", models != NULL ? "no error" : error);
	if (models != NULL)
		models_free(models);
}

static void test_refusals(void)
{
	char text[2048];
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		refused(documents[i].text, documents[i].reason);
	for (size_t i = 0; i < sizeof(upstreams) / sizeof(upstreams[0]); i++) {
		snprintf(text, sizeof(text), "{\"upstreams\": {\"a\": {%s}}, " GOOD_MODELS "}", upstreams[i].members);
		refused(text, upstreams[i].reason);
	}
	for (size_t i = 0; i < sizeof(models_of_a) / sizeof(models_of_a[0]); i++) {
		snprintf(text, sizeof(text), "{\"upstreams\": {" GOOD_UPSTREAM "}, \"models\": {\"m\": {%s}}}",
		         models_of_a[i].members);
		refused(text, models_of_a[i].reason);
	}
}

static void test_long_names(void)
{
	char name[MODEL_NAME_MAX + 2], text[2048];
	memset(name, 'm', sizeof(name));
	name[MODEL_NAME_MAX] = '\0';
	snprintf(text, sizeof(text),
	         "{\"upstreams\": {" GOOD_UPSTREAM "}, \"models\": {\"%s\": {\"targets\": [{\"upstream\":"
	         " \"a\", \"model\": \"%s\"}]}}}",
	         name, name);
	struct models *models = load(text);
	ok(models != NULL, "names of the greatest length: %s", error);
	if (models != NULL) {
		ok(models_find(models, name) != NULL, "and found by them");
		models_free(models);
	}
	name[MODEL_NAME_MAX] = 'm';
	name[MODEL_NAME_MAX + 1] = '\0';
	snprintf(text, sizeof(text), "{\"upstreams\": {" GOOD_UPSTREAM "}, \"models\": {\"%s\": {}}}", name);
	refused(text, "models: a name is longer than 256 bytes");
}

static void test_good_urls(void)
{
	static const char *const urls[] = {"http://a", "https://a.example:8443/openai/v1", "http://[::1]:11434",
	                                   "http://127.0.0.1/x%20y/v1"};
	char text[512];
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		snprintf(text, sizeof(text),
		         "{\"upstreams\": {\"a\": {\"base_url\": \"%s\", \"kind\": \"openai\"}}, " GOOD_MODELS "}", urls[i]);
		struct models *models = load(text);
		ok(models != NULL, "%s is a base_url: %s", urls[i], error);
		if (models == NULL)
			continue;
		is_text(models->upstreams[0].base_url, urls[i], "and stays as it is");
		models_free(models);
	}
}

static void test_missing_file(void)
{
	ok(models_load("/nonexistent/models.json", error, sizeof(error)) == NULL, "a missing file is refused");
	ok(strstr(error, "/nonexistent/models.json") && strstr(error, "No such file"), "by name and reason: %s", error);
}

int main(void)
{
	int made = mkstemp(path);
	if (made == -1)
		return 1;
	close(made);
	test_example();
	test_no_star();
	test_routes();
	test_refusals();
	test_long_names();
	test_good_urls();
	test_missing_file();
	unlink(path);
	return tap_done();
}
