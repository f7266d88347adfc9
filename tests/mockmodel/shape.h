/* The byte shapes of the model servers that are imitated. */
#ifndef MOCKMODEL_SHAPE_H
#define MOCKMODEL_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"

enum shape_error {
	SHAPE_BAD_BODY, /* not JSON */
	SHAPE_CONTEXT,  /* prompt too long */
	SHAPE_BAD_KEY,
	SHAPE_NO_MODEL,
	SHAPE_RATE,
	SHAPE_BUSY,
	SHAPE_INTERNAL,
	SHAPE_ERRORS
};

struct shape_refusal {
	int status;
	const char *type;
	const char *code; /* template of a JSON value */
	const char *message;
	const char *body; /* NULL: the shape's `error` */
};

/*
 * Templates.  ' stands for a double quote and ^ for an apostrophe; $word for a value of struct
 * shape_values, or, for $chunk $plain $tokens, for those templates.
 */
struct shape {
	const char *name;
	bool go;            /* strings as Go escapes them */
	const char *chunk;  /* what all events of a chat begin with */
	const char *plain;  /* what all completions begin with */
	const char *tokens; /* usage */
	const char *chat;
	const char *chat_first; /* holds $text when the first delta carries text */
	const char *chat_delta;
	const char *chat_finish;
	const char *chat_usage;
	const char *call;       /* a chat that calls a tool */
	const char *call_open;  /* NULL: nothing */
	const char *call_first; /* holds $text when the call has arguments at once */
	const char *call_delta; /* NULL: the first holds them all */
	const char *completion;
	const char *completion_delta;
	const char *completion_finish;
	const char *completion_usage;
	const char *embeddings;
	const char *embedding; /* one member of the list */
	const char *models;
	const char *model;
	const char *error;
	struct shape_refusal errors[SHAPE_ERRORS];
};

struct shape_values {
	const char *model;
	const char *text; /* length bytes; as $text escaped as a JSON string's inside, as $raw as they are */
	size_t length;
	const char *list; /* as it is, as are name, type and finish */
	const char *name; /* of a tool */
	const char *type;
	const char *code; /* template */
	const char *kind; /* of an error, as Anthropic says it */
	const char *finish;
	unsigned index;
	unsigned number;  /* of an event, from 0 */
	uint64_t in, out; /* tokens */
	bool usage;       /* the usage of a stream was asked for */
	bool silent;      /* usage is never told */
};

extern const struct shape shape_ollama, shape_vllm, shape_llamacpp, shape_openai;

/* "ollama", "vllm", "llamacpp" or "openai"; NULL for any other name. */
const struct shape *shape_find(const char *name);

/* Appends the template filled in. */
void shape_fill(const struct shape *shape, const char *template, const struct shape_values *values, struct bytes *out);

/* Appends the body of an error about `model`; `body` is the template of another dialect, or NULL. */
void shape_fill_error(const struct shape *shape, enum shape_error error, const char *model, const char *body,
                      struct bytes *out);

#endif
