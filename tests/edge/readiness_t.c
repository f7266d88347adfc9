/* What GET /ready says. */
#include "../../edge/readiness.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

static json_t *render(const struct readiness *readiness, bool *all_well)
{
	char *text = readiness_text(readiness, "kind", all_well);
	json_t *body = json_loads(text ? text : "", 0, NULL);
	ok(body != NULL, "it is JSON");
	free(text);
	return body;
}

static bool is_well(json_t *body, const char *daemon)
{
	return json_is_true(json_object_get(json_object_get(json_object_get(body, "daemons"), daemon), "well"));
}

static struct readiness all_there(void)
{
	struct readiness readiness = {0};
	for (unsigned hop = 0; hop < HOP_COUNT; hop++) {
		struct health *health = &readiness.hops[hop].health;
		readiness.hops[hop].answer = READINESS_THERE;
		health->count = 1;
		strcpy(health->parts[0].name, "store");
		health->parts[0].well = true;
	}
	return readiness;
}

static void test_all_well(void)
{
	bool all_well;
	struct readiness readiness = all_there();
	json_t *body = render(&readiness, &all_well);
	ok(all_well && json_is_true(json_object_get(body, "ready")), "all is well");
	ok(is_well(body, "edge") && is_well(body, "authd") && is_well(body, "limiterd") && is_well(body, "proxyd") &&
	       is_well(body, "auditd"),
	   "with each daemon by name");
	json_decref(body);
}

static void test_sick_part(void)
{
	bool all_well;
	struct readiness readiness = all_there();
	readiness.hops[HOP_AUDITD].health.parts[0].well = false;
	strcpy(readiness.hops[HOP_AUDITD].health.parts[0].text, "the disk is \"full\"");
	json_t *body = render(&readiness, &all_well);
	ok(!all_well && json_is_false(json_object_get(body, "ready")), "one sick part is enough");
	ok(!is_well(body, "auditd") && is_well(body, "authd"), "its daemon is named");
	const char *text = NULL;
	json_unpack(body, "{s:{s:{s:{s:{s:s}}}}}", "daemons", "auditd", "parts", "store", "text", &text);
	is_text(text ? text : "", "the disk is \"full\"", "and why");
	json_decref(body);
}

static void test_missing(void)
{
	bool all_well;
	struct readiness readiness = all_there();
	readiness.hops[HOP_AUTHD].answer = READINESS_DOWN;
	readiness.hops[HOP_PROXYD].answer = READINESS_AWAITED;
	is_int(readiness_awaited(&readiness), 1, "one may still answer");
	json_t *body = render(&readiness, &all_well);
	ok(!all_well && !is_well(body, "authd") && !is_well(body, "proxyd") && is_well(body, "limiterd"),
	   "who is down or silent is not well");
	json_decref(body);
}

int main(void)
{
	test_all_well();
	test_sick_part();
	test_missing();
	return tap_done();
}
