#include "readiness.h"

#include <jansson.h>

unsigned readiness_awaited(const struct readiness *readiness)
{
	unsigned count = 0;
	for (unsigned hop = 0; hop < HOP_COUNT; hop++)
		count += readiness->hops[hop].answer == READINESS_AWAITED;
	return count;
}

static json_t *describe_part(bool well, const char *text)
{
	return json_pack("{s:b,s:s}", "well", well, "text", text);
}

/* One daemon; *all_well goes false when it, or a part of it, is not well. */
static json_t *describe_hop(const struct readiness *readiness, enum hop hop, bool *all_well)
{
	static const char *const texts[] = {
		[READINESS_DOWN] = "is not there",
		[READINESS_AWAITED] = "does not answer",
		[READINESS_THERE] = "",
	};
	const struct health *health = &readiness->hops[hop].health;
	bool well = readiness->hops[hop].answer == READINESS_THERE;
	unsigned count = well ? health->count : 0;
	json_t *parts = json_object();
	for (unsigned i = 0; i < count; i++) {
		const struct health_part *part = &health->parts[i];
		json_object_set_new(parts, part->name, describe_part(part->well, part->text));
		well = well && part->well;
	}
	*all_well = *all_well && well;
	return json_pack("{s:b,s:s,s:o}", "well", well, "text", texts[readiness->hops[hop].answer], "parts", parts);
}

static json_t *describe_edge(const char *sandbox)
{
	return json_pack("{s:b,s:s,s:{s:o}}", "well", true, "text", "", "parts", "sandbox", describe_part(true, sandbox));
}

static const char *name_of(enum hop hop)
{
	static const enum wire_role roles[] = {
		[HOP_AUTHD] = ROLE_AUTHD,
		[HOP_LIMITERD] = ROLE_LIMITERD,
		[HOP_PROXYD] = ROLE_PROXYD,
		[HOP_AUDITD] = ROLE_AUDITD,
	};
	return wire_role_name(roles[hop]);
}

char *readiness_text(const struct readiness *readiness, const char *sandbox, bool *all_well)
{
	json_t *daemons = json_pack("{s:o}", "edge", describe_edge(sandbox));
	*all_well = true;
	for (unsigned hop = 0; hop < HOP_COUNT; hop++)
		json_object_set_new(daemons, name_of(hop), describe_hop(readiness, hop, all_well));
	json_t *whole = json_pack("{s:b,s:o}", "ready", *all_well, "daemons", daemons);
	char *text = json_dumps(whole, JSON_INDENT(2));
	json_decref(whole);
	return text;
}
