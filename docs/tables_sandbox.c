#include "tables_sandbox.h"

#include <stdio.h>
#include <string.h>

#include "../proto/daemon/promises.h"
#include "../proto/daemon/sandbox_private.h"

/* Prints a comma before every call but the first. */
static const char *comma(bool *first)
{
	const char *text = *first ? "" : ", ";
	*first = false;
	return text;
}

/* All conditions of one call, in brackets behind it.  Returns the number of rules that were of it. */
static size_t print_call(const struct sandbox_rule *rule, size_t left, bool *first)
{
	size_t count = 1;
	while (count < left && rule[count].promise == rule->promise && strcmp(rule[count].call, rule->call) == 0)
		count++;
	printf("%s`%s`", comma(first), rule->call);
	for (size_t i = 0; i < count && rule[i].when; i++)
		printf("%s%s", i == 0 ? " (" : ", ", rule[i].when);
	if (rule->when)
		printf(")");
	return count;
}

static void print_calls(enum sandbox_promise promise)
{
	bool first = true;
	for (size_t i = 0; i < sandbox_rule_count;)
		i += sandbox_rules[i].promise == promise ? print_call(&sandbox_rules[i], sandbox_rule_count - i, &first) : 1;
}

void print_promises(void)
{
	printf("| promise | meaning | system calls |\n| --- | --- | --- |\n");
	for (enum sandbox_promise promise = 0; promise < PROMISE_SANITIZER; promise++) {
		printf("| `%s` | %s | ", sandbox_word(promise), sandbox_meaning(promise));
		print_calls(promise);
		printf(" |\n");
	}
}

static bool is_new(unsigned promises, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (promises & 1u << sandbox_rules[i].promise && strcmp(sandbox_rules[i].call, sandbox_rules[index].call) == 0)
			return false;
	return promises & 1u << sandbox_rules[index].promise;
}

static unsigned count_calls(unsigned promises)
{
	unsigned count = 0;
	for (size_t i = 0; i < sandbox_rule_count; i++)
		count += is_new(promises, i) && sandbox_rules[i].refusal == 0;
	return count;
}

void print_sandboxes(void)
{
	printf("| program | promises | system calls | any other call |\n| --- | --- | --- | --- |\n");
	for (size_t i = 0; i < program_promises_count; i++) {
		unsigned promises = sandbox_parse(program_promises[i].promises);
		printf("| %s | `%s` | %u | %s |\n", program_promises[i].program, program_promises[i].promises,
		       count_calls(promises), promises & 1u << PROMISE_DNS ? "fails" : "ends the process");
	}
}
