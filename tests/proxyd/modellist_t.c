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

static struct model rows[] = {{"*", 1, ""}, {"gpt-4o-mini", 0, "llama3.2"}};
static struct models with_any = {NULL, 2, rows, 2};
static struct models without_any = {NULL, 2, rows + 1, 1};

static void check_all(const struct models *models, const char *allowed, const char *upstream, const char *wanted)
{
	char *text = NULL;
	struct modellist list = {models, allowed, 1700000000, upstream, upstream ? strlen(upstream) : 0};
	enum modellist_result result = modellist_all(&list, &text);
	is_int(result, wanted ? MODELLIST_DONE : MODELLIST_BAD_JSON, "result of %s", upstream ? upstream : "no upstream");
	is_text(text, wanted, "list out of %s", upstream ? upstream : "no upstream");
	free(text);
}

static void check_one(const char *allowed, const char *id, const char *upstream, enum modellist_result result,
                      const char *wanted)
{
	char *text = NULL;
	struct modellist list = {&with_any, allowed, 1700000000, upstream, upstream ? strlen(upstream) : 0};
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

int main(void)
{
	all();
	one();
	is_int(modellist_upstream(&with_any), 1, "the upstream of \"*\" is asked");
	is_int(modellist_upstream(&without_any), -1, "none without \"*\"");
	ok(modellist_is_configured(&with_any, "gpt-4o-mini"), "an alias is configured");
	ok(!modellist_is_configured(&with_any, "llama3.2"), "what \"*\" reaches is not");
	ok(!modellist_is_configured(&with_any, "*"), "and \"*\" is no name");
	return tap_done();
}
