/* The command line. */
#ifndef MOCKMODEL_OPTIONS_H
#define MOCKMODEL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* X(TYPE, field, "name", "argument or empty", "default", "meaning") */
#define OPTIONS(X) \
	X(TEXT, address, "address", "A", "127.0.0.1", "address to listen on") \
	X(NUMBER, port, "port", "N", "0", "TCP port; 0 picks a free one") \
	X(TEXT, shape, "shape", "S", "ollama", "whose bytes to imitate: ollama, vllm, llamacpp or openai") \
	X(NUMBER, chunks, "chunks", "N", "0", "words of an answer; 0: one short sentence") \
	X(NUMBER, rate, "rate", "N", "0", "words per second of a stream; 0: as fast as they go") \
	X(TEXT, models, "models", "A,B", "llama3.2:latest,org/model-7b,text-embed", "models to list; empty: none") \
	X(TEXT, always, "always", "WORDS", "", "how to answer, whatever the model's name says besides") \
	X(TEXT, api_key, "api-key", "K", "", "refuse calls without `Authorization: Bearer K`") \
	X(TEXT, events, "events", "FILE", "", "write what happens as JSON lines; - is standard output") \
	X(FLAG, record, "record", "", "", "keep what happens and what was asked for GET /mock/events and /mock/requests") \
	X(FLAG, verbose, "verbose", "", "", "log each request") \
	X(FLAG, markdown, "markdown", "", "", "print the table of words as Markdown") \
	X(FLAG, help, "help", "", "", "print this")

#define OPTIONS_FIELD_TEXT const char *
#define OPTIONS_FIELD_NUMBER uint32_t
#define OPTIONS_FIELD_FLAG bool

struct options {
#define X(type, field, name, argument, fallback, meaning) OPTIONS_FIELD_##type field;
	OPTIONS(X)
#undef X
};

/* Reads the command line; prints help and ends the process when that is asked for. */
void options_read(struct options *options, int argc, char **argv);

#endif
