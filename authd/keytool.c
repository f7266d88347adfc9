#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/ctl.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/table.h"
#include "keyoption.h"
#include "keysecret.h"
#include "keytable.h"

enum { EXIT_REFUSED = 1 };

static const struct keyoption create_options[] = {
	{"name", KEYOPTION_TEXT, "name", "NAME", "what to call it; no two active keys have the same name"},
	{"models", KEYOPTION_MODELS, "models", "A,B,...", "the models it may use (all)"},
	{"rpm", KEYOPTION_COUNT, "rpm", "N", "requests per minute"},
	{"tpm", KEYOPTION_COUNT, "tpm", "N", "tokens per minute"},
	{"concurrency", KEYOPTION_COUNT, "concurrency", "N", "requests at one time"},
	{"budget", KEYOPTION_BUDGET, "budget", "N/month", "tokens per calendar month, or N/day (UTC)"},
	{"local-only", KEYOPTION_FLAG_TRUE, "local_only", NULL, "only model servers that models.json calls local"},
	{"images", KEYOPTION_COUNT, "images", "N", "images in one request"},
	{"image-kib", KEYOPTION_COUNT, "image_kib", "N", "KiB of all images of one request together, decoded"},
	{"expires", KEYOPTION_EXPIRY, "expires", "WHEN", "30d, 12h, 2030-12-31 or 2030-12-31T18:00:00Z (never)"},
	{"owner", KEYOPTION_TEXT, "owner", "TEXT", "whose it is, for your own records"},
	{"secret-stdin", KEYOPTION_FLAG_STDIN, NULL, NULL, "take over the secret that is one line of standard input"},
	{0},
};

static const struct keyoption show_options[] = {
	{"json", KEYOPTION_FLAG_JSON, NULL, NULL, "print JSON"},
	{0},
};

static const struct keyoption revoke_options[] = {{0}};

static const struct keyoption rotate_options[] = {
	{"grace", KEYOPTION_GRACE, "grace_ms", "TIME", "how long the old secret still works: 30m, 24h, 7d (not at all)"},
	{"secret-stdin", KEYOPTION_FLAG_STDIN, NULL, NULL, "take over the secret that is one line of standard input"},
	{0},
};

static void run_create(struct keyoption_values *values);
static void run_list(struct keyoption_values *values);
static void run_show(struct keyoption_values *values);
static void run_revoke(struct keyoption_values *values);
static void run_rotate(struct keyoption_values *values);

static const struct command {
	const char *name;
	const char *operand; /* NULL: it takes none */
	const char *meaning;
	const struct keyoption *options;
	void (*run)(struct keyoption_values *values);
} commands[] = {
	{"create", NULL, "make a key and print it, this once", create_options, run_create},
	{"list", NULL, "print a table of all keys", show_options, run_list},
	{"show", "ID", "print what is known about a key", show_options, run_show},
	{"revoke", "ID", "make a key void at once and for good, open streams included", revoke_options, run_revoke},
	{"rotate", "ID", "give a key a new secret and print it, this once", rotate_options, run_rotate},
};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

/* The result of a call to authd; takes the arguments.  Ends the process when there is none. */
static json_t *call(const char *verb, json_t *arguments)
{
	static struct conf_authd conf;
	if (!conf.run)
		conf_load_environment(CONF_AUTHD, &conf);
	json_t *result = ctl_call(conf.run, LINK_CTL_AUTHD, verb, arguments);
	if (!result)
		exit(errno == EPERM ? EXIT_REFUSED : EXIT_ENVIRONMENT);
	return result;
}

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text ? text : "";
}

/* Its id and its name, as a terminal may have them. */
static void print_key(FILE *to, const json_t *key)
{
	table_put(to, member(key, "id"));
	fputc(' ', to);
	table_put(to, member(key, "name"));
}

/* A key that could not be shown would be lost. */
static void flush_output(void)
{
	if (fflush(stdout) != 0)
		fatal("cannot write to standard output");
}

static struct keysecret get_secret(const struct keyoption_values *values, const char *id)
{
	struct keysecret secret;
	if (values->secret_stdin)
		keysecret_read(&secret, id);
	else
		keysecret_make(&secret, id);
	return secret;
}

/* Has authd take the secret's hash and prints the key alone, so that scripts can capture it. */
static void hand_out(const char *verb, struct keyoption_values *values, struct keysecret *secret)
{
	json_object_set_new(values->arguments, "id", json_string(secret->id));
	json_object_set_new(values->arguments, "hash", json_string(secret->hash));
	json_t *key = call(verb, values->arguments);
	if (values->secret_stdin)
		print_key(stdout, key);
	else
		fputs(secret->text, stdout);
	fputc('\n', stdout);
	flush_output();
	if (!values->secret_stdin) {
		fputs("This is the key of \"", stderr);
		table_put(stderr, member(key, "name"));
		fprintf(stderr, "\". It is shown only now; its id is %s.\n", secret->id);
	}
	keysecret_wipe(secret);
	json_decref(key);
}

static void run_create(struct keyoption_values *values)
{
	if (!json_object_get(values->arguments, "name"))
		fatal_usage("--name is missing");
	struct keysecret secret = get_secret(values, NULL);
	hand_out("key.create", values, &secret);
}

static void run_rotate(struct keyoption_values *values)
{
	struct keysecret secret = get_secret(values, values->operand);
	hand_out("key.rotate", values, &secret);
}

/* authd hands out the keys a page at a time. */
static json_t *get_all(void)
{
	json_t *all = json_array();
	bool more = true;
	char after[64] = "";
	while (more) {
		json_t *page = call("key.list", json_pack("{s:s}", "after", after));
		json_t *keys = json_object_get(page, "keys");
		size_t count = json_array_size(keys);
		json_array_extend(all, keys);
		snprintf(after, sizeof(after), "%s", count > 0 ? member(json_array_get(keys, count - 1), "id") : "");
		more = count > 0 && json_is_true(json_object_get(page, "more"));
		json_decref(page);
	}
	return all;
}

/* By creation, then by id. */
static int compare(const void *first, const void *second)
{
	const json_t *a = *(json_t *const *)first, *b = *(json_t *const *)second;
	int order = strcmp(member(a, "created"), member(b, "created"));
	return order != 0 ? order : strcmp(member(a, "id"), member(b, "id"));
}

static json_t *sort(const json_t *keys)
{
	size_t count = json_array_size(keys);
	json_t *sorted = json_array(), **order = calloc(count + 1, sizeof(json_t *));
	if (!order)
		fatalx("out of memory");
	for (size_t i = 0; i < count; i++)
		order[i] = json_array_get(keys, i);
	qsort(order, count, sizeof(json_t *), compare);
	for (size_t i = 0; i < count; i++)
		json_array_append(sorted, order[i]);
	free(order);
	return sorted;
}

static void print(const json_t *value, bool as_json, void (*as_text)(FILE *to, const json_t *value))
{
	if (as_json && json_dumpf(value, stdout, JSON_INDENT(2)) == 0)
		printf("\n");
	else
		as_text(stdout, value);
	flush_output();
}

static void run_list(struct keyoption_values *values)
{
	json_t *keys = get_all(), *sorted = sort(keys);
	print(sorted, values->json, keytable_print);
	json_decref(sorted);
	json_decref(keys);
	json_decref(values->arguments);
}

static void run_show(struct keyoption_values *values)
{
	json_object_set_new(values->arguments, "id", json_string(values->operand));
	json_t *key = call("key.show", values->arguments);
	print(key, values->json, keytable_print_one);
	json_decref(key);
}

static void run_revoke(struct keyoption_values *values)
{
	json_object_set_new(values->arguments, "id", json_string(values->operand));
	json_t *key = call("key.revoke", values->arguments);
	print_key(stdout, key);
	printf(" is revoked\n");
	flush_output();
	json_decref(key);
}

static void print_usage(FILE *to)
{
	fprintf(to, "heimgate-key COMMAND [OPTIONS]: the keys that open this gate\n\n");
	for (const struct command *command = commands; command < commands + COMMANDS; command++)
		fprintf(to, "  %-7s %-3s %s\n", command->name, command->operand ? command->operand : "", command->meaning);
	fprintf(to, "\nheimgate-key COMMAND --help tells more.\n");
}

static void print_help(const struct command *command)
{
	bool options = command->options->name != NULL;
	printf("heimgate-key %s%s%s%s: %s\n", command->name, command->operand ? " " : "",
	       command->operand ? command->operand : "", options ? " [OPTIONS]" : "", command->meaning);
	if (options)
		printf("\n");
	keyoption_print(stdout, command->options);
	flush_output();
}

static const struct command *find_command(const char *name)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	fatal_usage("there is no command \"%s\"; heimgate-key --help lists them", name);
}

static void check_operand(const struct command *command, const char *operand)
{
	if (!command->operand && operand)
		fatal_usage("%s: \"%s\" is one word too many", command->name, operand);
	if (command->operand && !operand)
		fatal_usage("%s must be followed by the ID of a key; heimgate-key list shows them", command->name);
	if (operand && !keytext_is_id(operand))
		fatal_usage("\"%s\" is no key's ID: those are 10 letters and digits", operand);
}

int main(int argc, char **argv)
{
	log_init("key");
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_usage(stdout);
		return 0;
	}
	const struct command *command = find_command(argv[1]);
	struct keyoption_values values = keyoption_read(command->options, argc - 2, argv + 2);
	if (values.help) {
		print_help(command);
		json_decref(values.arguments);
		return 0;
	}
	check_operand(command, values.operand);
	command->run(&values);
	return 0;
}
