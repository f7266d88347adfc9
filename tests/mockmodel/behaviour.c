#include "behaviour.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct fault_row {
	const char *word;
	const char *meaning;
};

struct knob_row {
	size_t first, second; /* offsets into struct behaviour */
	const char *word;
	const char *form;
	const char *meaning;
};

static const struct fault_row faults[] = {
#define X(name, word, meaning) {word, meaning},
	FAULTS(X)
#undef X
};

static const struct knob_row knobs[] = {
#define X(first, second, word, form, meaning) \
	{offsetof(struct behaviour, first), offsetof(struct behaviour, second), word, form, meaning},
	KNOBS(X)
#undef X
};

enum { FAULT_COUNT = sizeof(faults) / sizeof(*faults), KNOB_COUNT = sizeof(knobs) / sizeof(*knobs) };

static void set(struct behaviour *behaviour, size_t offset, uint32_t value)
{
	memcpy((char *)behaviour + offset, &value, sizeof(value));
}

static bool read_fault(struct behaviour *behaviour, const char *word)
{
	for (size_t i = 0; i < FAULT_COUNT; i++) {
		if (strcmp(word, faults[i].word) != 0)
			continue;
		behaviour->faults |= UINT64_C(1) << i;
		return true;
	}
	return false;
}

static void read_knob(struct behaviour *behaviour, const char *word)
{
	for (size_t i = 0; i < KNOB_COUNT; i++) {
		size_t length = strlen(knobs[i].word);
		if (strncmp(word, knobs[i].word, length) != 0 || strspn(word + length, "0123456789") == 0)
			continue;
		char *end;
		set(behaviour, knobs[i].first, (uint32_t)strtoul(word + length, &end, 10));
		if (*end == 'x')
			set(behaviour, knobs[i].second, (uint32_t)strtoul(end + 1, NULL, 10));
		return;
	}
}

bool behaviour_read(struct behaviour *behaviour, const char *name)
{
	char words[512], *rest = words;
	snprintf(words, sizeof(words), "%s", name);
	for (char *word; (word = strsep(&rest, "+")) != NULL;) {
		if (strncmp(word, "fault-", 6) != 0)
			read_knob(behaviour, word);
		else if (!read_fault(behaviour, word))
			return false;
	}
	return true;
}

void behaviour_print(FILE *to)
{
	char word[64];
	for (size_t i = 0; i < KNOB_COUNT; i++) {
		snprintf(word, sizeof(word), "%s%s", knobs[i].word, knobs[i].form);
		fprintf(to, "  %-22s %s\n", word, knobs[i].meaning);
	}
	for (size_t i = 0; i < FAULT_COUNT; i++)
		fprintf(to, "  %-22s %s\n", faults[i].word, faults[i].meaning);
}

void behaviour_print_markdown(FILE *to)
{
	fprintf(to, "| word | what the mock does |\n|---|---|\n");
	for (size_t i = 0; i < KNOB_COUNT; i++)
		fprintf(to, "| `%s%s` | %s |\n", knobs[i].word, knobs[i].form, knobs[i].meaning);
	for (size_t i = 0; i < FAULT_COUNT; i++)
		fprintf(to, "| `%s` | %s |\n", faults[i].word, faults[i].meaning);
}
