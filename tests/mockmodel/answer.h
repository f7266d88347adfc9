/* One request and its answer, and HTTP's way of writing answers, faults included. */
#ifndef MOCKMODEL_ANSWER_H
#define MOCKMODEL_ANSWER_H

#include <jansson.h>

#include "behaviour.h"
#include "options.h"
#include "request.h"
#include "shape.h"

enum { MODEL_SIZE = 512 };

/* What the connection does once the bytes written so far are sent. */
enum next {
	NEXT_MORE,  /* asks for the next step when its time has come */
	NEXT_DONE,  /* waits for the next request, or closes if that was the agreement */
	NEXT_HOLD,  /* the same, once somebody says so */
	NEXT_HANG,  /* nothing, until the peer goes */
	NEXT_CLOSE, /* closes */
	NEXT_RESET  /* closes with RST */
};

/* In what an answer in pieces comes. */
enum framing {
	FRAMED_EVENTS, /* data: {...}, and [DONE] at the end */
	FRAMED_TYPED,  /* data: {...} */
	FRAMED_NAMED,  /* event: NAME, data: {...}; in the templates "NAME {...}", several of them one a line */
	FRAMED_LINES   /* {...} */
};

/* The templates of one kind of answer. */
struct form {
	enum framing framing;
	const char *whole;
	const char *open;  /* before the words; NULL: nothing */
	const char *first; /* NULL: as delta */
	const char *delta; /* NULL: the first has all words */
	const char *finish;
	const char *usage; /* NULL: the finish has it */
	const char *error; /* in the middle; NULL: as the shape says it */
};

/* Whose way of saying errors. */
enum dialect { AS_OPENAI, AS_ANTHROPIC, AS_OLLAMA };

struct exchange {
	const struct options *options;
	const struct shape *shape;
	struct request request;
	struct bytes body;
	json_t *json; /* the body, NULL when it is no JSON */
	struct behaviour behaviour;
	bool misspelt; /* asked for a fault that is none */
	char model[MODEL_SIZE];
	enum dialect dialect;
	struct bytes out; /* to be sent */

	struct form form; /* of an answer in pieces */
	bool streaming;   /* its head is written */
	struct bytes text;
	size_t spoken; /* bytes of text */
	unsigned said; /* words of text */
	unsigned events;
	struct shape_values values;
};

/* Reads the body and what it asks for. */
void answer_prepare(struct exchange *x);

/* Ready for the next request on the connection. */
void answer_reset(struct exchange *x);
void answer_free(struct exchange *x);

/* The content of a form's part of that name; NULL when there is none, or the body is no form.  The caller's to free().
 */
char *answer_part(const struct exchange *x, const char *name);

/* Writes a whole answer.  `extra`: header lines or "". */
enum next answer_whole(struct exchange *x, int status, const char *type, const char *extra, const struct bytes *body);

/* Writes an error as this server says it. */
enum next answer_error(struct exchange *x, enum shape_error error);

/* Writes the template filled in as a whole JSON answer. */
enum next answer_template(struct exchange *x, const char *template, const struct shape_values *values);

/* An answer in pieces. */
void answer_stream_head(struct exchange *x, const char *type);
void answer_piece(struct exchange *x, const struct bytes *piece);
enum next answer_stream_end(struct exchange *x);

#endif
