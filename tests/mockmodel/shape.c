#include "shape.h"

#include <inttypes.h>
#include <string.h>

static const struct shape *const shapes[] = {&shape_ollama, &shape_vllm, &shape_llamacpp, &shape_openai};

const struct shape *shape_find(const char *name)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (strcmp(shapes[i]->name, name) == 0)
			return shapes[i];
	return NULL;
}

static void put_escaped(struct bytes *out, const char *text, size_t length, bool go)
{
	size_t plain = 0;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c >= 0x20 && c != '"' && c != '\\' && !(go && strchr("<>&", c)))
			continue;
		bytes_put(out, text + plain, i - plain);
		plain = i + 1;
		if (c == '"' || c == '\\')
			bytes_format(out, "\\%c", c);
		else if (c == '\n')
			bytes_text(out, "\\n");
		else
			bytes_format(out, "\\u%04x", c);
	}
	bytes_put(out, text + plain, length - plain);
}

/* Why an answer ended, as Anthropic says it. */
static const char *stop_of(const char *finish)
{
	if (finish && strcmp(finish, "tool_calls") == 0)
		return "tool_use";
	return finish && strcmp(finish, "stop") == 0 ? "end_turn" : "max_tokens";
}

/* Appends what stands for the placeholder at `name`; returns the length of its name. */
static size_t put_value(const struct shape *shape, const char *name, const struct shape_values *values,
                        struct bytes *out)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz");
#define IS(word) (length == strlen(word) && strncmp(name, word, length) == 0)
	if (IS("chunk"))
		shape_fill(shape, shape->chunk, values, out);
	else if (IS("plain"))
		shape_fill(shape, shape->plain, values, out);
	else if (IS("tokens"))
		shape_fill(shape, values->silent ? "'usage':null" : shape->tokens, values, out);
	else if (IS("model"))
		put_escaped(out, values->model, strlen(values->model), shape->go);
	else if (IS("text"))
		put_escaped(out, values->text, values->length, shape->go);
	else if (IS("raw"))
		bytes_put(out, values->text, values->length);
	else if (IS("name"))
		bytes_text(out, values->name);
	else if (IS("list"))
		bytes_text(out, values->list);
	else if (IS("type"))
		bytes_text(out, values->type);
	else if (IS("code"))
		shape_fill(shape, values->code, values, out);
	else if (IS("kind"))
		bytes_text(out, values->kind);
	else if (IS("finish"))
		bytes_text(out, values->finish);
	else if (IS("stop"))
		bytes_text(out, stop_of(values->finish));
	else if (IS("number"))
		bytes_format(out, "%u", values->number);
	else if (IS("index"))
		bytes_format(out, "%u", values->index);
	else if (IS("in"))
		bytes_format(out, "%" PRIu64, values->in);
	else if (IS("out"))
		bytes_format(out, "%" PRIu64, values->out);
	else if (IS("total"))
		bytes_format(out, "%" PRIu64, values->in + values->out);
	else if (IS("usage") && values->usage)
		bytes_text(out, ",\"usage\":null");
#undef IS
	return length;
}

void shape_fill(const struct shape *shape, const char *template, const struct shape_values *values, struct bytes *out)
{
	while (*template) {
		size_t plain = strcspn(template, "'^$");
		bytes_put(out, template, plain);
		template += plain;
		if (*template == '$')
			template += 1 + put_value(shape, template + 1, values, out);
		else if (*template)
			bytes_text(out, *template ++ == '^' ? "'" : "\"");
	}
}

static const char *kind_of(int status)
{
	switch (status) {
	case 400:
		return "invalid_request_error";
	case 401:
		return "authentication_error";
	case 404:
		return "not_found_error";
	case 429:
		return "rate_limit_error";
	case 503:
		return "overloaded_error";
	default:
		return "api_error";
	}
}

void shape_fill_error(const struct shape *shape, enum shape_error error, const char *model, const char *body,
                      struct bytes *out)
{
	const struct shape_refusal *row = &shape->errors[error];
	struct shape_values values = {.model = model, .type = row->type, .code = row->code, .kind = kind_of(row->status)};
	struct bytes message = {0};
	bytes_text(&message, "");
	if (row->message)
		shape_fill(shape, row->message, &values, &message);
	values.text = message.data;
	values.length = message.length;
	if (!body)
		body = row->body ? row->body : shape->error;
	shape_fill(shape, body, &values, out);
	bytes_free(&message);
}
