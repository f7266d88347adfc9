#include "../../proxyd/modellist.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

#define LLAMA "{\"id\":\"llama3.2:latest\",\"object\":\"model\",\"created\":1746398264,\"owned_by\":\"library\"}"
#define HUB "{\"id\":\"hf.co/a/b:Q4\",\"object\":\"model\",\"created\":7,\"owned_by\":\"a\",\"extra\":[1]}"
#define TAKEN "{\"id\":\"gpt-4o-mini\",\"object\":\"model\",\"created\":1,\"owned_by\":\"library\"}"
#define ALIAS "{\"id\":\"gpt-4o-mini\",\"object\":\"model\",\"created\":1700000000,\"owned_by\":\"heimgate\"}"
#define LIST(models) "{\"object\":\"list\",\"data\":[" models "]}"

#define ROW(id, to) \
	{ \
		.name = id, .targets = &(to), .target_count = 1 \
	}
static struct target first = {.upstream = 0}, second = {.upstream = 1};
static struct target first_llama = {.upstream = 0, .model = "llama3.2"};
static struct target second_llama = {.upstream = 1, .model = "llama3.2"};
static struct model rows[] = {ROW("*", second), ROW("gpt-4o-mini", first_llama)};
static struct models with_any = {NULL, 2, rows, 2};
static struct models without_any = {NULL, 2, rows + 1, 1};

static void check_all(const struct models *models, const char *allowed, const char *upstream, const char *wanted)
{
	char *text = NULL;
	struct modellist list = {models, allowed, 1700000000, upstream, upstream ? strlen(upstream) : 0, 1};
	enum modellist_result result = modellist_all(&list, &text);
	is_int(result, wanted ? MODELLIST_DONE : MODELLIST_BAD_JSON, "result of %s", upstream ? upstream : "no upstream");
	is_text(text, wanted, "list out of %s", upstream ? upstream : "no upstream");
	free(text);
}

static void check_one(const char *allowed, const char *id, const char *upstream, enum modellist_result result,
                      const char *wanted)
{
	char *text = NULL;
	struct modellist list = {&with_any, allowed, 1700000000, upstream, upstream ? strlen(upstream) : 0, 1};
	is_int(modellist_one(&list, id, &text), result, "result for %s", id);
	is_text(text, wanted, "%s, allowed [%s]", id, allowed);
	free(text);
}

static void all(void)
{
	check_all(&with_any, "", LIST(LLAMA "," HUB), LIST(ALIAS "," LLAMA "," HUB));
	check_all(&with_any, "", LIST(LLAMA "," TAKEN), LIST(ALIAS "," LLAMA));
	check_all(&with_any, "", "{\"object\":\"list\",\"data\":null}", LIST(ALIAS));
	check_all(&with_any, "other\nhf.co/a/b:Q4", LIST(LLAMA "," HUB), LIST(HUB));
	check_all(&with_any, "other", LIST(LLAMA), LIST());
	check_all(&with_any, "", LIST("1,{},{\"id\":2}," LLAMA), LIST(ALIAS "," LLAMA));
	check_all(&without_any, "", NULL, LIST(ALIAS));
	check_all(&without_any, "other", NULL, LIST());
	check_all(&with_any, "", "{\"data\":7}", NULL);
	check_all(&with_any, "", "{\"object\":\"list\"}", NULL);
	check_all(&with_any, "", "<html>", NULL);
	check_all(&with_any, "", "", NULL);
}

static void one(void)
{
	check_one("", "gpt-4o-mini", NULL, MODELLIST_DONE, ALIAS);
	check_one("", "hf.co/a/b:Q4", LIST(LLAMA "," HUB), MODELLIST_DONE, HUB);
	check_one("", "nothing", LIST(LLAMA), MODELLIST_NO_MODEL, NULL);
	check_one("other", "gpt-4o-mini", NULL, MODELLIST_NO_MODEL, NULL);
	check_one("other", "llama3.2:latest", LIST(LLAMA), MODELLIST_NO_MODEL, NULL);
	check_one("", "*", LIST(LLAMA), MODELLIST_NO_MODEL, NULL);
	check_one("", "x", "[", MODELLIST_BAD_JSON, NULL);
}

#define ENTRY(name, rest) "{\"name\":\"" name "\",\"model\":\"" name "\"" rest "}"
#define TAGS(entries) "{\"models\":[" entries "]}"
#define BLANK \
	",\"modified_at\":\"1970-01-01T00:00:00Z\",\"size\":0,\"digest\":\"\",\"details\":{\"parent_model\":\"\"," \
	"\"format\":\"\",\"family\":\"\",\"families\":[],\"parameter_size\":\"\",\"quantization_level\":\"\"}"

static struct upstream servers[] = {{.name = "cloud", .kind = UPSTREAM_OPENAI},
                                    {.name = "gpu", .kind = UPSTREAM_OLLAMA}};
static struct model mixed_rows[] = {ROW("*", second), ROW("far", first), ROW("near", second_llama), ROW("new", second)};
static struct models mixed = {servers, 2, mixed_rows, 4};
static struct models no_any = {servers, 2, mixed_rows + 1, 3};
static struct models cloud_only = {servers, 1, mixed_rows + 1, 1};

static void check_ollama(enum modellist_result (*make)(const struct modellist *, char **), const struct models *models,
                         const char *allowed, const char *upstream, const char *wanted)
{
	char *text = NULL;
	struct modellist list = {models, allowed, 0, upstream, upstream ? strlen(upstream) : 0, 1};
	is_int(make(&list, &text), wanted ? MODELLIST_DONE : MODELLIST_BAD_JSON, "result of %s", upstream ? upstream : "-");
	is_text(text, wanted, "list out of %s", upstream ? upstream : "no upstream");
	free(text);
}

static void ollama(void)
{
#define HERE ENTRY("llama3.2:latest", ",\"size\":7") "," ENTRY("q:8b", ",\"size\":8")
	check_ollama(modellist_tags, &mixed, "", TAGS(HERE),
	             TAGS(ENTRY("near", ",\"size\":7") "," ENTRY("new", BLANK) "," HERE));
	check_ollama(modellist_tags, &mixed, "near\nq:8b", TAGS(HERE),
	             TAGS(ENTRY("near", ",\"size\":7") "," ENTRY("q:8b", ",\"size\":8")));
	check_ollama(modellist_tags, &no_any, "", TAGS(HERE), TAGS(ENTRY("near", ",\"size\":7") "," ENTRY("new", BLANK)));
	check_ollama(modellist_tags, &mixed, "", "{\"models\":null}", TAGS(ENTRY("near", BLANK) "," ENTRY("new", BLANK)));
	check_ollama(modellist_tags, &cloud_only, "", NULL, TAGS());
	check_ollama(modellist_tags, &mixed, "", "{\"models\":7}", NULL);
	check_ollama(modellist_tags, &mixed, "", "[", NULL);
	check_ollama(modellist_loaded, &mixed, "", TAGS(HERE ",1,{\"name\":2}"), TAGS(HERE));
	check_ollama(modellist_loaded, &mixed, "q:8b", TAGS(HERE), TAGS(ENTRY("q:8b", ",\"size\":8")));
	check_ollama(modellist_loaded, &mixed, "", "{}", NULL);
	check_ollama(modellist_version, &mixed, "", "{\"version\": \"0.12\"}\n", "{\"version\": \"0.12\"}\n");
	check_ollama(modellist_version, &mixed, "", "{\"version\":", NULL);
	check_ollama(modellist_version, &mixed, "", "{\"version\":12}", NULL);
	check_ollama(modellist_version, &mixed, "", "", NULL);
	is_int(modellist_ollama(&mixed), 1, "the upstream of \"*\" is asked");
	is_int(modellist_ollama(&no_any), 1, "or the first of its kind");
	is_int(modellist_ollama(&cloud_only), -1, "or none");
}

int main(void)
{
	ollama();
	all();
	one();
	is_int(modellist_upstream(&with_any), 1, "the upstream of \"*\" is asked");
	is_int(modellist_upstream(&without_any), -1, "none without \"*\"");
	ok(modellist_is_configured(&with_any, "gpt-4o-mini"), "an alias is configured");
	ok(!modellist_is_configured(&with_any, "llama3.2"), "what \"*\" reaches is not");
	ok(!modellist_is_configured(&with_any, "*"), "and \"*\" is no name");
	return tap_done();
}
