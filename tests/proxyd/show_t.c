#include "../../proxyd/show.h"

#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"

enum { MANY = 3000 };

static struct upstream upstreams[] = {
	{.name = "gpu", .kind = UPSTREAM_OPENAI, .local = true},
	{.name = "cloud", .kind = UPSTREAM_ANTHROPIC},
};
static const struct show_upstream now[] = {{"well", "", 10, 3, 1, 4}, {"open", "refused", 2, 0, 0, 0}};

#define SHOWN_GPU \
	"{\"name\":\"gpu\",\"kind\":\"openai\",\"local\":true,\"state\":\"well\",\"reason\":\"\",\"slots\":10,\"in_use\":" \
	"3," \
	"\"waiting\":1,\"requests\":4}"
#define SHOWN_CLOUD \
	"{\"name\":\"cloud\",\"kind\":\"anthropic\",\"local\":false,\"state\":\"open\",\"reason\":\"refused\",\"slots\":" \
	"2," \
	"\"in_use\":0,\"waiting\":0,\"requests\":0}"
#define SHOWN_MODELS \
	"{\"name\":\"chat\",\"targets\":[{\"upstream\":\"gpu\",\"model\":null,\"drain\":true,\"weight\":3}]," \
	"\"fallbacks\":" \
	"[{\"upstream\":\"cloud\",\"model\":\"claude\",\"drain\":false}]},{\"name\":\"mini\",\"alias\":\"chat\"}"

static uint8_t bytes[CTL_JSON_MAX + 1];

/* What show_answer() wrote, as a text. */
static const char *ask(const struct models *models, const char *verb, const char *arguments, size_t size, bool wanted)
{
	struct ctl_call call = {.json = {(const uint8_t *)arguments, strlen(arguments)}};
	struct wire_out json;
	snprintf(call.verb, sizeof(call.verb), "%s", verb);
	wire_out_init(&json, bytes, size);
	ok(show_answer(models, now, &call, &json) == wanted, "%s(%s): %s", verb, arguments, wanted ? "done" : "refused");
	bytes[json.length] = '\0';
	return (const char *)bytes;
}

static void everything(void)
{
	struct target targets[] = {{.upstream = 0, .weight = 3, .drain = true}, {.upstream = 1, .model = "claude"}};
	struct model rows[] = {{.name = "chat", .targets = targets, .target_count = 1, .fallback_count = 1},
	                       {.name = "mini", .alias = "chat"}};
	struct models models = {upstreams, 2, rows, 2};
	is_text(ask(&models, "models.show", "{}", CTL_JSON_MAX, true),
	        "{\"upstreams\":[" SHOWN_GPU "," SHOWN_CLOUD "],\"upstreams_known\":2,\"models\":[" SHOWN_MODELS
	        "],\"models_known\":2}",
	        "upstreams and models");
	is_text(ask(&models, "models.show", "{\"x\":1}", CTL_JSON_MAX, false), "{\"error\":\"unknown member \\\"x\\\"\"}",
	        "an argument that is none");
	ok(strstr(ask(&models, "models.show", "[", CTL_JSON_MAX, false), "bad JSON") != NULL, "no JSON");
	is_text(ask(&models, "limits.show", "{}", CTL_JSON_MAX, false), "{\"error\":\"the only verb here is models.show\"}",
	        "a verb that is none");
}

static void check_size(const struct models *models, size_t size)
{
	const char *text = ask(models, "models.show", "{}", size, true);
	size_t count = 0;
	for (const char *at = text; (at = strstr(at, "\"alias\"")) != NULL; at++)
		count++;
	ok(count < MANY && strstr(text, "\"models_known\":3000}") != NULL, "%zu of 3000 models in %zu bytes", count, size);
}

static void too_much(void)
{
	static struct model rows[MANY];
	struct models models = {upstreams, 2, rows, MANY};
	for (size_t i = 0; i < MANY; i++) {
		snprintf(rows[i].name, sizeof(rows[i].name), "model %zu", i);
		snprintf(rows[i].alias, sizeof(rows[i].alias), "\"quoted\"");
	}
	check_size(&models, CTL_JSON_MAX);
	check_size(&models, 1024);
	check_size(&models, 200);
}

int main(void)
{
	everything();
	too_much();
	return tap_done();
}
