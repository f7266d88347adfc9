#include "ctl_show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "log.h"

enum { EXIT_REFUSED = 1 };

bool ctl_show_wants_json(const char *help, int argc, char **argv)
{
	bool json = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			fputs(help, stdout);
			exit(0);
		}
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (i > 1 || strcmp(argv[i], "show") != 0)
			fatal_usage("unknown argument \"%s\"; --help tells what there is", argv[i]);
	}
	return json;
}

int ctl_show(const char *run_directory, enum wire_link link, const char *verb, bool json,
             void (*print)(const json_t *result))
{
	json_t *result = ctl_call(run_directory, link, verb, NULL);
	if (!result)
		return errno == EPERM ? EXIT_REFUSED : EXIT_ENVIRONMENT;
	if (!json)
		print(result);
	else if (json_dumpf(result, stdout, JSON_INDENT(2)) == 0)
		printf("\n");
	json_decref(result);
	if (fflush(stdout) != 0)
		fatal("cannot write to standard output");
	return 0;
}

json_int_t ctl_show_number(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

const char *ctl_show_text(const json_t *object, const char *member)
{
	const char *found = json_string_value(json_object_get(object, member));
	return found ? found : "";
}
