/* Keys as people read them: what authd says goes to a terminal, which must not obey it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../authd/keytable.h"
#include "../tap/tap.h"

static const char key_json[] =
	"{\"id\": \"a\\u001b]0;b\", \"name\": \"n\\u009b2J\", \"owner\": \"o\\u0007\", \"state\": \"active\\u000d\","
	" \"models\": [\"m\\u001b[31m\"], \"budget\": \"\\u001b\", \"created\": \"\\u001b\", \"expires\": \"\\u001b\","
	" \"revoked\": \"\\u001b\", \"former_secret_until\": \"\\u001b\"}";

static void check(void (*print)(FILE *to, const json_t *value), json_t *value, const char *name)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	print(to, value);
	fclose(to);
	ok(strstr(text, "n?2J") && strcspn(text, "\x1b\x07\r\x7f") == size && !strstr(text, "\xc2\x9b"),
	   "%s: control characters are not passed on", name);
	free(text);
	json_decref(value);
}

int main(void)
{
	json_t *key = json_loads(key_json, 0, NULL);
	check(keytable_print, json_pack("[O]", key), "a table");
	check(keytable_print_one, key, "one key");
	return tap_done();
}
