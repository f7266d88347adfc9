/* Prints the tables that documents quote, from the tables in the code. */
#include <stdio.h>
#include <string.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "../proto/wire/proto.h"

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

static void print_settings(void)
{
	conf_print_markdown(stdout);
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
	{"links", print_links},
	{"errors", print_errors},
	{"settings", print_settings},
	{"heimgate-edge", print_edge},
	{"heimgate-authd", print_authd},
	{"heimgate-limiterd", print_limiterd},
	{"heimgate-proxyd", print_proxyd},
	{"heimgate-auditd", print_auditd},
	{"heimgate-up", print_up},
	{"heimgate-door", print_door},
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
