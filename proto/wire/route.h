/*
 * Every request that is known, in one table: what edge lets in, what a lease
 * can be for, and the only paths at which proxyd ever asks an upstream.
 * What is not here is refused.
 *
 * A path is the same for the client and for the upstream.  "{id}" at its end
 * stands for one or more bytes, '/' included.
 */
#ifndef WIRE_ROUTE_H
#define WIRE_ROUTE_H

#include "wire.h"

/*
 * X(NAME, number, methods, "path", "label in records", who answers, dialect of errors, kind of body,
 *   where the model is named, what it costs, shape of the answer, largest body in KiB (0: as configured), "what")
 * Numbers travel in leases and are never reused.
 */
#define WIRE_ROUTES(X) \
	X(CHAT, 0, POST, "/v1/chat/completions", "chat.completions", UPSTREAM, OPENAI, JSON, BODY, ANSWER, CHAT, 0, \
	  "a chat") \
	X(COMPLETIONS, 1, POST, "/v1/completions", "completions", UPSTREAM, OPENAI, JSON, BODY, ANSWER, CHAT, 0, \
	  "a text continued") \
	X(EMBEDDINGS, 2, POST, "/v1/embeddings", "embeddings", UPSTREAM, OPENAI, JSON, BODY, PROMPT, CHAT, 0, \
	  "texts as vectors") \
	X(MODELS, 3, GET, "/v1/models", "models", LIST, OPENAI, NONE, NONE, FREE, PLAIN, 0, "the models this key may use") \
	X(MODEL, 4, GET, "/v1/models/{id}", "models.retrieve", LIST, OPENAI, NONE, PATH, FREE, PLAIN, 0, "one of them") \
	X(RESPONSES, 5, POST, "/v1/responses", "responses", UPSTREAM, OPENAI, JSON, BODY, ANSWER, RESPONSE, 0, \
	  "a response") \
	X(IMAGES, 6, POST, "/v1/images/generations", "images.generations", UPSTREAM, OPENAI, JSON, BODY, ANSWER, MEDIA, \
	  256, "images from a text") \
	X(IMAGE_EDITS, 7, POST, "/v1/images/edits", "images.edits", UPSTREAM, OPENAI, FORM, BODY, ANSWER, MEDIA, 0, \
	  "images changed") \
	X(IMAGE_VARIATIONS, 8, POST, "/v1/images/variations", "images.variations", UPSTREAM, OPENAI, FORM, BODY, ANSWER, \
	  MEDIA, 0, "images like one") \
	X(SPEECH, 9, POST, "/v1/audio/speech", "audio.speech", UPSTREAM, OPENAI, JSON, BODY, PROMPT, MEDIA, 256, \
	  "a text spoken") \
	X(TRANSCRIPTIONS, 10, POST, "/v1/audio/transcriptions", "audio.transcriptions", UPSTREAM, OPENAI, FORM, BODY, \
	  ANSWER, MEDIA, 25600, "speech as text") \
	X(TRANSLATIONS, 11, POST, "/v1/audio/translations", "audio.translations", UPSTREAM, OPENAI, FORM, BODY, ANSWER, \
	  MEDIA, 25600, "speech as English text") \
	X(MODERATIONS, 12, POST, "/v1/moderations", "moderations", UPSTREAM, OPENAI, JSON, BODY, PROMPT, CHAT, 0, \
	  "texts judged") \
	X(RERANK, 13, POST, "/v1/rerank", "rerank", UPSTREAM, OPENAI, JSON, BODY, PROMPT, CHAT, 0, \
	  "texts ordered by relevance") \
	X(MESSAGES, 14, POST, "/v1/messages", "messages", UPSTREAM, ANTHROPIC, JSON, BODY, ANSWER, MESSAGE, 0, \
	  "a message") \
	X(COUNT_TOKENS, 15, POST, "/v1/messages/count_tokens", "messages.count_tokens", UPSTREAM, ANTHROPIC, JSON, BODY, \
	  FREE, PLAIN, 0, "the length of a message") \
	X(API_CHAT, 16, POST, "/api/chat", "api.chat", UPSTREAM, OLLAMA, JSON, BODY, ANSWER, LINES, 0, "a chat") \
	X(API_GENERATE, 17, POST, "/api/generate", "api.generate", UPSTREAM, OLLAMA, JSON, BODY, ANSWER, LINES, 0, \
	  "a text continued; a model loaded or unloaded") \
	X(API_EMBED, 18, POST, "/api/embed", "api.embed", UPSTREAM, OLLAMA, JSON, BODY, PROMPT, LINES, 0, \
	  "texts as vectors") \
	X(API_EMBEDDINGS, 19, POST, "/api/embeddings", "api.embeddings", UPSTREAM, OLLAMA, JSON, BODY, PROMPT, LINES, 0, \
	  "a text as a vector, as it was") \
	X(API_SHOW, 20, POST, "/api/show", "api.show", UPSTREAM, OLLAMA, JSON, EITHER, FREE, PLAIN, 64, "what a model is") \
	X(API_TAGS, 21, READ, "/api/tags", "api.tags", LIST, OLLAMA, NONE, NONE, FREE, PLAIN, 0, \
	  "the models this key may use") \
	X(API_PS, 22, READ, "/api/ps", "api.ps", LIST, OLLAMA, NONE, NONE, FREE, PLAIN, 0, "those that are loaded") \
	X(API_VERSION, 23, READ, "/api/version", "api.version", LIST, OLLAMA, NONE, NONE, FREE, PLAIN, 0, \
	  "the version of Ollama behind") \
	X(ROOT, 24, READ, "/", "root", EDGE, OPENAI, NONE, NONE, FREE, PLAIN, 0, "a sign of life, as Ollama gives it") \
	X(HEALTH, 25, READ, "/health", "health", EDGE, OPENAI, NONE, NONE, FREE, PLAIN, 0, "a sign of life") \
	X(V1_HEALTH, 26, READ, "/api/v1/health", "health", EDGE, OPENAI, NONE, NONE, FREE, PLAIN, 0, "the same") \
	X(READY, 27, READ, "/ready", "ready", EDGE, OPENAI, NONE, NONE, FREE, PLAIN, 0, \
	  "every daemon and store, well or not") \
	X(DELETE_MODEL, 28, DELETE, "/v1/models/{id}", "models.delete", NOBODY, OPENAI, NONE, PATH, FREE, PLAIN, 0, \
	  "models are not managed from here") \
	X(API_PULL, 29, ANY, "/api/pull", "api.pull", NOBODY, OLLAMA, NONE, NONE, FREE, PLAIN, 0, "nor here") \
	X(API_PUSH, 30, ANY, "/api/push", "api.push", NOBODY, OLLAMA, NONE, NONE, FREE, PLAIN, 0, "nor here") \
	X(API_CREATE, 31, ANY, "/api/create", "api.create", NOBODY, OLLAMA, NONE, NONE, FREE, PLAIN, 0, "nor here") \
	X(API_COPY, 32, ANY, "/api/copy", "api.copy", NOBODY, OLLAMA, NONE, NONE, FREE, PLAIN, 0, "nor here") \
	X(API_DELETE, 33, ANY, "/api/delete", "api.delete", NOBODY, OLLAMA, NONE, NONE, FREE, PLAIN, 0, "nor here") \
	X(API_BLOBS, 34, ANY, "/api/blobs/{id}", "api.blobs", NOBODY, OLLAMA, NONE, NONE, FREE, PLAIN, 0, "nor here") \
	X(API_ME, 35, ANY, "/api/me", "api.me", NOBODY, OLLAMA, NONE, NONE, FREE, PLAIN, 0, "nor accounts") \
	X(API_SIGNOUT, 36, ANY, "/api/signout", "api.signout", NOBODY, OLLAMA, NONE, NONE, FREE, PLAIN, 0, "nor here") \
	X(API_EXPERIMENTAL, 37, ANY, "/api/experimental/{id}", "api.experimental", NOBODY, OLLAMA, NONE, NONE, FREE, \
	  PLAIN, 0, "nor what is not settled yet")

enum wire_route {
#define X(name, number, ...) ROUTE_##name = number,
	WIRE_ROUTES(X)
#undef X
		ROUTE_COUNT
};

enum wire_method {
	METHOD_GET = 1,
	METHOD_HEAD = 2,
	METHOD_POST = 4,
	METHOD_DELETE = 8,
	METHOD_OTHER = 16,
	METHOD_READ = METHOD_GET | METHOD_HEAD,
	METHOD_ANY = 31
};

enum wire_serve {
	SERVE_UPSTREAM, /* the model's upstream, against a lease */
	SERVE_LIST,     /* proxyd, against a lease, from models.json and what an upstream lists */
	SERVE_EDGE,     /* edge alone, whoever asks */
	SERVE_NOBODY    /* known and refused */
};

enum wire_dialect { DIALECT_OPENAI, DIALECT_ANTHROPIC, DIALECT_OLLAMA };

enum wire_takes {
	TAKES_NONE, /* a body that comes is read and dropped */
	TAKES_JSON,
	TAKES_FORM /* multipart/form-data */
};

enum wire_named {
	NAMED_NONE,
	NAMED_BODY,   /* member or part "model" */
	NAMED_EITHER, /* member "model", or "name" as it was once called */
	NAMED_PATH
};

enum wire_cost {
	COST_FREE,   /* no tokens, and no slot of the upstream */
	COST_PROMPT, /* a slot, and what is in the body */
	COST_ANSWER  /* the same, and what is answered */
};

/* Where the tokens used are told, and how a stream says that it is complete. */
enum wire_shape {
	SHAPE_PLAIN,    /* neither */
	SHAPE_CHAT,     /* usage.prompt_tokens; events up to [DONE] */
	SHAPE_RESPONSE, /* usage.input_tokens; events up to response.completed and its like */
	SHAPE_MEDIA,    /* usage.input_tokens; events up to a *.done or *.completed of images and sounds */
	SHAPE_MESSAGE,  /* usage.input_tokens; events up to message_stop */
	SHAPE_LINES     /* prompt_eval_count; lines of JSON up to "done":true */
};

struct wire_route_info {
	enum wire_route route;
	unsigned methods; /* enum wire_method */
	const char *path;
	const char *label; /* "chat.completions" */
	enum wire_serve serve;
	enum wire_dialect dialect;
	enum wire_takes takes;
	enum wire_named named;
	enum wire_cost cost;
	enum wire_shape shape;
	uint32_t body_kib; /* the largest body; 0: as configured */
	const char *what;  /* for documents */
};

/* The row of a route.  Static; never NULL for route < ROUTE_COUNT. */
const struct wire_route_info *wire_route_info(enum wire_route route);

/* A route that a lease can be for; anything else is WIRE_BAD_VALUE. */
enum wire_route wire_get_route(struct wire_in *in);

#endif
