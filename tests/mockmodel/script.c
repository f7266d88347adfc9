#include "script.h"

#include <string.h>

#define ECHO_REQUEST "Reply with exactly this text and nothing else: "

enum {
	HUGE_WORD = 16 * 1024 * 1024,
	SOUND_TOKENS = 14 /* of a prompt that is no JSON */
};

static const char *const plain_words[] = {"The ", "gate ",  "is ", "open ", "and ",
                                          "the ", "model ", "is ", "a ",    "mock. "};
static const char *const wide_words[] = {"Gr\u00fc\u00dfe ", "an ",   "\u65e5\u672c\u8a9e ", "und ", "\U0001f642 ",
                                         "f\u00fcr ",        "alle. "};

static uint64_t count_words(const char *text)
{
	uint64_t words = 0;
	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		words++;
		text += strcspn(text, " \n");
	}
	return words;
}

/* Words of a message's content, which is a string or a list of parts. */
static uint64_t content_words(const json_t *content)
{
	if (json_is_string(content))
		return count_words(json_string_value(content));
	uint64_t words = 0;
	size_t i;
	json_t *part;
	json_array_foreach(content, i, part)
	{
		const json_t *text = json_is_string(part) ? part : json_object_get(part, "text");
		if (json_is_string(text))
			words += count_words(json_string_value(text));
		words += content_words(json_object_get(part, "content"));
	}
	return words;
}

uint64_t script_prompt_words(const json_t *json)
{
	static const char *const members[] = {"prompt",       "input", "messages", "system",
	                                      "instructions", "query", "documents"};
	uint64_t words = 0;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		words += content_words(json_object_get(json, members[i]));
	return words;
}

/* The last message; NULL: there is a prompt. */
static const json_t *last_said(const json_t *json)
{
	const json_t *messages = json_object_get(json, "messages"), *input = json_object_get(json, "input");
	if (json_is_array(input))
		messages = input;
	return json_array_get(messages, json_array_size(messages) - 1);
}

/* What the last message, or the prompt, wants repeated; NULL: nothing. */
static const char *wanted_echo(const json_t *json)
{
	const json_t *last = last_said(json), *input = json_object_get(json, "input");
	const json_t *text = last ? json_object_get(last, "content") : input ? input : json_object_get(json, "prompt");
	const char *said = json_string_value(text);
	const char *request = said ? strstr(said, ECHO_REQUEST) : NULL;
	return request ? request + strlen(ECHO_REQUEST) : NULL;
}

static void put_long_word(struct bytes *text, size_t size)
{
	memset(bytes_room(text, size), 'x', size - 1);
	text->length += size - 1;
	bytes_text(text, " ");
}

static void put_words(struct exchange *x, uint32_t count, uint32_t size)
{
	bool wide = behaviour_has(&x->behaviour, FAULT(SPLIT_UTF8));
	const char *const *words = wide ? wide_words : plain_words;
	size_t known = wide ? sizeof(wide_words) / sizeof(*wide_words) : sizeof(plain_words) / sizeof(*plain_words);
	for (uint32_t i = 0; i < count; i++) {
		if (size > 0)
			put_long_word(&x->text, size);
		else
			bytes_text(&x->text, words[i % known]);
	}
}

/* Whether this says what a tool found, in whatever dialect. */
static bool is_result(const json_t *said)
{
	const char *type = json_string_value(json_object_get(json_array_get(json_object_get(said, "content"), 0), "type"));
	const char *role = json_string_value(json_object_get(said, "role"));
	return (type && strcmp(type, "tool_result") == 0) || (role && strcmp(role, "tool") == 0) ||
	       json_object_get(said, "output");
}

const char *script_tool(const struct exchange *x)
{
	const json_t *tool = json_array_get(json_object_get(x->json, "tools"), 0);
	const json_t *function = json_object_get(tool, "function");
	return is_result(last_said(x->json)) ? NULL
	                                     : json_string_value(json_object_get(function ? function : tool, "name"));
}

static void put_text(struct exchange *x)
{
	const struct behaviour *b = &x->behaviour;
	const char *echo = wanted_echo(x->json);
	if (script_tool(x))
		bytes_text(&x->text, echo ? echo : "{}");
	else if (behaviour_has(b, FAULT(HUGE)))
		put_words(x, 1, HUGE_WORD);
	else if (b->chunks > 0 || b->size > 0)
		put_words(x, b->chunks > 0 ? b->chunks : 1, b->size);
	else if (echo)
		bytes_text(&x->text, echo);
	else
		put_words(x, sizeof(plain_words) / sizeof(*plain_words), 0);
}

static json_int_t wanted_maximum(const json_t *json)
{
	static const char *const names[] = {"max_completion_tokens", "max_output_tokens", "max_tokens"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_object_get(json, names[i]))
			return json_integer_value(json_object_get(json, names[i]));
	return json_integer_value(json_object_get(json_object_get(json, "options"), "num_predict"));
}

/* Length of the word that begins at `from`: up to and with the blank behind it. */
static size_t word_length(const struct bytes *text, size_t from)
{
	const char *start = text->data + from;
	const char *blank = memchr(start, ' ', text->length - from);
	return blank ? (size_t)(blank + 1 - start) : text->length - from;
}

/* Keeps at most `count` words; whether any had to go. */
static bool keep_words(struct bytes *text, json_int_t count)
{
	size_t kept = 0;
	while (count-- > 0 && kept < text->length)
		kept += word_length(text, kept);
	bool cut = kept < text->length;
	text->length = kept;
	return cut;
}

void script_write(struct exchange *x)
{
	bytes_room(&x->text, 0);
	put_text(x);
	json_int_t maximum = wanted_maximum(x->json);
	const json_t *options = json_object_get(x->json, "stream_options");
	const char *tool = script_tool(x);
	x->values = (struct shape_values){
		.model = x->model,
		.name = tool,
		.text = "",
		.in = x->json ? script_prompt_words(x->json) : SOUND_TOKENS,
		.finish = maximum > 0 && keep_words(&x->text, maximum) ? "length"
	              : tool                                       ? "tool_calls"
	                                                           : "stop",
		.usage = json_is_true(json_object_get(options, "include_usage")),
		.silent = behaviour_has(&x->behaviour, FAULT(NO_USAGE)),
	};
}

unsigned script_words(const struct exchange *x)
{
	unsigned words = 0;
	for (size_t at = 0; at < x->text.length; words++)
		at += word_length(&x->text, at);
	return words;
}

void script_next_word(struct exchange *x)
{
	x->values.text = x->text.data + x->spoken;
	x->values.length = x->form.delta ? word_length(&x->text, x->spoken) : x->text.length;
	x->spoken += x->values.length;
	x->said++;
}
