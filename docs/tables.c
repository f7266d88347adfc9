/* Prints the tables that documents quote, from the tables in the code. */
#include <stdio.h>
#include <string.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/models_members.h"
#include "../proto/wire/proto.h"
#include "../proto/wire/route.h"
#include "tables_bodies.h"
#include "tables_sandbox.h"

static void print_roles(unsigned roles)
{
	const char *comma = "";
#define X(name, bit, text) \
	if (roles & (bit)) { \
		printf("%s" text, comma); \
		comma = ", "; \
	}
	WIRE_ROLES(X)
#undef X
}

static void print_messages(void)
{
	printf("| number | message | from | to | largest body | meaning |\n| --- | --- | --- | --- | --- | --- |\n");
#define X(name, number, senders, receivers, max_body, meaning) \
	printf("| %d | `" #name "` | ", number); \
	print_roles(senders); \
	printf(" | "); \
	print_roles(receivers); \
	printf(" | %d | %s |\n", max_body, meaning);
	WIRE_MESSAGES(X)
#undef X
}

static void print_links(void)
{
	printf("| directory | dials | listens | carries |\n| --- | --- | --- | --- |\n");
	for (enum wire_link link = 0; link < LINK_COUNT; link++) {
		const struct wire_link_info *info = wire_link_info(link);
		printf("| `%s` | %s | %s | %s |\n", info->name, wire_role_name(info->dialer), wire_role_name(info->listener),
		       info->carries);
	}
}

static void print_errors(void)
{
	printf("| number | name | meaning |\n| --- | --- | --- |\n");
#define X(name, number, meaning) printf("| %d | `" #name "` | %s |\n", number, meaning);
	WIRE_ERRORS(X)
#undef X
}

static const char *methods_text(unsigned methods)
{
	switch (methods) {
	case METHOD_GET:
		return "GET";
	case METHOD_READ:
		return "GET, HEAD";
	case METHOD_POST:
		return "POST";
	case METHOD_DELETE:
		return "DELETE";
	default:
		return "any";
	}
}

static void print_leased(const struct wire_route_info *route)
{
	static const char *const dialects[] = {"OpenAI", "Anthropic", "Ollama"};
	static const char *const bodies[] = {"", "JSON", "form"};
	static const char *const names[] = {"", "`model`", "`model` or `name`", "path"};
	static const char *const costs[] = {"", "prompt", "prompt and answer"};
	static const char *const usages[] = {"",
	                                     "`usage.prompt_tokens`",
	                                     "`usage.input_tokens`",
	                                     "`usage.input_tokens`",
	                                     "`usage.input_tokens`",
	                                     "`prompt_eval_count`"};
	printf("| %d | %s | `%s` | %s | %s | %s | %s | %s | %s | ", (int)route->route, methods_text(route->methods),
	       route->path, route->what, dialects[route->dialect], bodies[route->takes], names[route->named],
	       costs[route->cost], usages[route->shape]);
	if (route->body_kib > 0)
		printf("%u KiB", route->body_kib);
	printf(" |\n");
}

static void print_routes(void)
{
	printf("| number | method | path | what | dialect | body | model named in | tokens of | told in | largest body |\n"
	       "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
	for (unsigned i = 0; i < ROUTE_COUNT; i++) {
		const struct wire_route_info *route = wire_route_info((enum wire_route)i);
		if (route->serve == SERVE_UPSTREAM || route->serve == SERVE_LIST)
			print_leased(route);
	}
}

static void print_others(enum wire_serve serve)
{
	printf("| method | path | what |\n| --- | --- | --- |\n");
	for (unsigned i = 0; i < ROUTE_COUNT; i++) {
		const struct wire_route_info *route = wire_route_info((enum wire_route)i);
		if (route->serve == serve)
			printf("| %s | `%s` | %s |\n", methods_text(route->methods), route->path, route->what);
	}
}

static void print_open_routes(void)
{
	print_others(SERVE_EDGE);
}

static void print_refused_routes(void)
{
	print_others(SERVE_NOBODY);
}

static void print_settings(void)
{
	conf_print_markdown(stdout);
}

static void print_members(enum models_object object)
{
	size_t count;
	const struct models_member *members = models_members(&count);
	printf("| member | value | default | meaning |\n| --- | --- | --- | --- |\n");
	for (size_t i = 0; i < count; i++)
		if (members[i].object == object)
			printf("| `%s` | %s | %s | %s |\n", members[i].name, members[i].value, members[i].standard,
			       members[i].meaning);
}

#define PRINT_MEMBERS(name, object) \
	static void print_members_##name(void) \
	{ \
		print_members(object); \
	}
PRINT_MEMBERS(file, MODELS_FILE)
PRINT_MEMBERS(upstream, MODELS_UPSTREAM)
PRINT_MEMBERS(model, MODELS_MODEL)
PRINT_MEMBERS(alias, MODELS_ALIAS)
PRINT_MEMBERS(target, MODELS_TARGET)

static void print_member_mdoc(const struct models_member *member)
{
	printf(".It Li %s\n%s.\n", member->name, member->meaning);
	printf("Its value: %s.\n", member->value);
	if (strcmp(member->standard, "required") == 0)
		printf("It must be there.\n");
	else if (*member->standard != '\0')
		printf("The default: %s.\n", member->standard);
}

/* For models.json(5). */
static void print_members_mdoc(void)
{
	static const char *const objects[] = {"The file", "Upstreams", "Models", "Aliases", "Targets and fallbacks"};
	size_t count;
	const struct models_member *members = models_members(&count);
	for (size_t i = 0; i < count; i++) {
		bool first = i == 0 || members[i].object != members[i - 1].object;
		if (first)
			printf("%s.Ss %s\n.Bl -tag -width Ds\n", i == 0 ? "" : ".El\n", objects[members[i].object]);
		print_member_mdoc(&members[i]);
	}
	printf(".El\n");
}

#define PRINT_MDOC(program, number) \
	static void print_##program(void) \
	{ \
		conf_print_mdoc(stdout, number); \
	}
PRINT_MDOC(edge, CONF_EDGE)
PRINT_MDOC(authd, CONF_AUTHD)
PRINT_MDOC(limiterd, CONF_LIMITERD)
PRINT_MDOC(proxyd, CONF_PROXYD)
PRINT_MDOC(auditd, CONF_AUDITD)
PRINT_MDOC(up, CONF_UP)
PRINT_MDOC(door, CONF_DOOR)

static const struct {
	const char *name;
	void (*print)(void);
} tables[] = {
	{"messages", print_messages},
	{"bodies", print_bodies},
	{"links", print_links},
	{"errors", print_errors},
	{"routes", print_routes},
	{"open-routes", print_open_routes},
	{"refused-routes", print_refused_routes},
	{"settings", print_settings},
	{"promises", print_promises},
	{"sandboxes", print_sandboxes},
	{"heimgate-edge", print_edge},
	{"heimgate-authd", print_authd},
	{"heimgate-limiterd", print_limiterd},
	{"heimgate-proxyd", print_proxyd},
	{"heimgate-auditd", print_auditd},
	{"heimgate-up", print_up},
	{"heimgate-door", print_door},
	{"models-file", print_members_file},
	{"models-upstream", print_members_upstream},
	{"models-model", print_members_model},
	{"models-alias", print_members_alias},
	{"models-target", print_members_target},
	{"models.json", print_members_mdoc},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(tables) / sizeof(*tables); i++)
		if (strcmp(argv[1], tables[i].name) == 0) {
			tables[i].print();
			return 0;
		}
	fprintf(stderr, "usage: heimgate-tables TABLE, one of:");
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		fprintf(stderr, " %s", tables[i].name);
	fprintf(stderr, "\n");
	return EXIT_USAGE;
}
