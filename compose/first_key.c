#include "first_key.h"

#include <string.h>

#include "../proto/daemon/log.h"
#include "spawn.h"

bool first_key_make(char *key, size_t size)
{
	static const char *const list[] = {"heimgate-key", "list", "--json", NULL};
	static const char *const create[] = {"heimgate-key", "create", "--name", "first", NULL};
	char line[8];
	if (spawn_line(list, line, sizeof(line)) != 0)
		fatalx("cannot list the keys");
	if (strcmp(line, "[]") != 0)
		return false;
	if (spawn_line(create, key, size) != 0)
		fatalx("cannot make a first key");
	return true;
}
