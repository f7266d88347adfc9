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
static struct upstream plain[] = {{.kind = UPSTREAM_OPENAI}, {.kind = UPSTREAM_OPENAI}};
static struct models with_any = {plain, 2, rows, 2};
static struct models without_any = {plain, 2, rows + 1, 1};

/* A list of the one upstream that has answered, or of none; NULL when its answer is no list. */
static char *make(char *(*render)(const struct modellist *), struct modellist *list, const char *upstream)
{
	char *text = NULL;
	if (!upstream || modellist_take(list, 1, upstream, strlen(upstream)))
		text = render(list);
	modellist_clear(list);
	return text;
}

static void check_all(const struct models *models, const char *allowed, const char *upstream, const char *wanted)
{
	char *text =
		make(modellist_all, &(struct modellist){.models = models, .allowed = allowed, .created = 1700000000}, upstream);
	is_text(text, wanted, "list out of %s", upstream ? upstream : "no upstream");
	free(text);
}

static void check_one(const char *allowed, const char *id, const char *upstream, const char *wanted)
{
	struct modellist list = {.models = &with_any, .allowed = allowed, .created = 1700000000};
	bool taken = !upstream || modellist_take(&list, 1, upstream, strlen(upstream));
	char *text = taken ? modellist_one(&list, id) : NULL;
	is_text(text, wanted, "%s, allowed [%s]", id, allowed);
	modellist_clear(&list);
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
	check_one("", "gpt-4o-mini", NULL, ALIAS);
	check_one("", "hf.co/a/b:Q4", LIST(LLAMA "," HUB), HUB);
	check_one("", "nothing", LIST(LLAMA), NULL);
	check_one("other", "gpt-4o-mini", NULL, NULL);
	check_one("other", "llama3.2:latest", LIST(LLAMA), NULL);
	check_one("", "*", LIST(LLAMA), NULL);
	check_one("", "x", "[", NULL);
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

static void check_ollama(char *(*render)(const struct modellist *), const struct models *models, const char *allowed,
                         const char *upstream, const char *wanted)
{
	char *text = make(render, &(struct modellist){.models = models, .allowed = allowed, .native = true}, upstream);
	is_text(text, wanted, "list out of %s", upstream ? upstream : "no upstream");
	free(text);
}

static void check_version(const char *answer, bool wanted)
{
	is_int(modellist_is_version(answer, strlen(answer)), wanted, "%s is a version or not", answer);
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
	check_version("{\"version\": \"0.12\"}\n", true);
	check_version("{\"version\":", false);
	check_version("{\"version\":12}", false);
	check_version("", false);
}

static bool wants(const struct models *models, bool native, bool local_only, size_t upstream)
{
	const struct modellist list = {.models = models, .allowed = "", .native = native, .local_only = local_only};
	return modellist_wants(&list, upstream);
}

/* Which upstreams are asked. */
static void asked(void)
{
	ok(wants(&with_any, false, false, 1), "the upstream of \"*\" is asked");
	ok(!wants(&with_any, false, false, 0), "and no other");
	ok(!wants(&without_any, false, false, 1), "none without \"*\"");
	ok(wants(&mixed, true, false, 1) && wants(&no_any, true, false, 1), "of Ollamas any to which a name leads");
	ok(!wants(&mixed, true, false, 0), "what is no Ollama has no such list");
	ok(!wants(&mixed, true, true, 1), "who may only go to what is local does not see others");
	servers[1].local = true;
	ok(wants(&mixed, true, true, 1) && wants(&mixed, false, true, 1), "and sees what is");
	servers[1].local = false;
}

static struct target both_targets[] = {{.upstream = 0}, {.upstream = 1}};
static struct model both_rows[] = {{.name = "*", .targets = both_targets, .target_count = 1, .fallback_count = 1}};
static struct models both = {.upstreams = servers, .upstream_count = 2, .models = both_rows, .model_count = 1};

static void several(void)
{
	struct modellist list = {.models = &both, .allowed = ""};
	ok(modellist_wants(&list, 0) && modellist_wants(&list, 1), "all upstreams of \"*\" are asked");
	ok(modellist_take(&list, 0, LIST(LLAMA), strlen(LIST(LLAMA))), "the first one lists something");
	ok(modellist_take(&list, 1, LIST(TAKEN "," LLAMA), strlen(LIST(TAKEN "," LLAMA))), "so does the second");
	char *text = modellist_all(&list);
	is_text(text, LIST(LLAMA "," TAKEN), "what both list is there once");
	free(text);
	modellist_clear(&list);
}

static void local_only(void)
{
	struct modellist list = {.models = &mixed, .allowed = "", .local_only = true};
	char *text = modellist_all(&list);
	is_text(text, LIST(), "who may only go to what is local sees no name that leads elsewhere");
	free(text);
	servers[1].local = true;
	text = modellist_one(&list, "near");
	ok(text && !modellist_one(&list, "far"), "and sees those that do not");
	servers[1].local = false;
	free(text);
}

static void names(void)
{
	static const struct upstream gemini = {.kind = UPSTREAM_GEMINI};
	static const char answer[] = "{\"data\":[{\"id\":\"models/a\"},{\"id\":7},{\"id\":\"models/bcd\"}]}";
	char text[8];
	is_int(modellist_names(&gemini, answer, strlen(answer), text, sizeof(text)), 5, "names, without Gemini's prefix");
	is_bytes(text, 5, "a\nbcd", 5, "one per line");
	is_int(modellist_names(&gemini, answer, strlen(answer), text, 4), 1, "as many as there is room for");
	is_int(modellist_names(&gemini, "{}", 2, text, sizeof(text)), -1, "none of what is no list");
}

/* Each of the shortest objects takes a hundred times its length to read. */
static void swarms(void)
{
	enum { MANY = 200 * 1000 };
	struct modellist list = {.models = &with_any, .allowed = ""};
	char name[8], *answer = malloc(MANY * strlen(",{}") + sizeof("{\"data\":[{}]}")),
				  *end = stpcpy(answer, "{\"data\":[{}");
	for (size_t i = 0; i < MANY; i++)
		end = stpcpy(end, ",{}");
	end = stpcpy(end, "]}");
	ok(!modellist_take(&list, 1, answer, (size_t)(end - answer)), "what has more values than any list is none");
	is_int(modellist_names(&plain[0], answer, (size_t)(end - answer), name, sizeof(name)), -1,
	       "nor are there names in it");
	free(answer);
}

int main(void)
{
	swarms();
	ollama();
	all();
	one();
	asked();
	several();
	local_only();
	names();
	const struct modellist list = {.models = &with_any, .allowed = ""};
	ok(modellist_is_configured(&list, "gpt-4o-mini"), "an alias is configured");
	ok(!modellist_is_configured(&list, "llama3.2"), "what \"*\" reaches is not");
	ok(!modellist_is_configured(&list, "*"), "and \"*\" is no name");
	return tap_done();
}
