/*
 * How a request is to be answered, said in words by the model's name or the
 * header X-Mock-Fault: "stream-200x50", "slow-250ms+fault-cut+after-10".
 */
#ifndef MOCKMODEL_BEHAVIOUR_H
#define MOCKMODEL_BEHAVIOUR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* X(NAME, "word", "meaning") */
#define FAULTS(X) \
	X(STALL_HEAD, "fault-stall-head", "takes the request and never answers") \
	X(STALL_MID, "fault-stall-mid", "falls silent in the middle of the answer") \
	X(CLOSE_HEAD, "fault-close-head", "closes the connection instead of answering") \
	X(RST_HEAD, "fault-rst-head", "resets the connection instead of answering") \
	X(TRUNCATE, "fault-truncate", "ends in the middle as if all were said: a stream without [DONE], half a JSON body") \
	X(CUT, "fault-cut", "closes the connection in the middle of the answer") \
	X(RST, "fault-rst", "resets the connection in the middle of the answer") \
	X(ERROR_MID, "fault-error-mid", "puts an error event into the stream and ends it without [DONE] (llama.cpp)") \
	X(ERROR_MID_DONE, "fault-error-mid-done", "the same with [DONE] (vLLM)") \
	X(OLD_LLAMA_ERROR, "fault-old-llama-error", \
	  "an `error:` line and [DONE], which clients overlook (llama.cpp of 2025)") \
	X(JUNK_CHUNK_EOF, "fault-junk-chunk-eof", "an empty chunk of no model, then a clean end without [DONE] (Ollama)") \
	X(HTML_502, "fault-html-502", "502 and a page of HTML") \
	X(BUSY_503, "fault-busy-503", "503 as the server says it when it is full") \
	X(EMPTY_500, "fault-empty-500", "500 and no body") \
	X(EMPTY_200, "fault-empty-200", "200 and no body") \
	X(STRING_ERROR, "fault-string-error", "401 with an error that is a string (vLLM)") \
	X(FLAT_ERROR, "fault-flat-error", "400 with a flat error object (vLLM of 2024)") \
	X(TEXT_404, "fault-text-404", "404 and plain text") \
	X(CONTEXT_400, "fault-context-400", "400: the prompt is too long") \
	X(KEY_401, "fault-401", "401 as the server says it") \
	X(MODEL_404, "fault-404", "404: no such model") \
	X(RATE_429, "fault-429", "429 with Retry-After: 7") \
	X(REDIRECT, "fault-redirect", "302 to another address") \
	X(NOT_HTTP, "fault-not-http", "answers something that is not HTTP") \
	X(HUGE_HEAD, "fault-huge-head", "a response header of 1 MiB") \
	X(LONG_HEAD, "fault-long-head", "a response header of 100 kB") \
	X(NUL_HEAD, "fault-nul-head", "a response header with a NUL in it") \
	X(NEGATIVE_LENGTH, "fault-negative-length", "a Content-Length below 0") \
	X(SHORT_LENGTH, "fault-short-length", "a Content-Length of half the body") \
	X(WRONG_TYPE, "fault-wrong-type", "an answer that says it is a picture") \
	X(PADDING, "fault-padding", "16 MiB of blanks before a body") \
	X(HUGE, "fault-huge", "16 MiB of text in one piece") \
	X(HELD, "fault-held", "says a word of a stream, and the next one when `GET /mock/go` has been asked for") \
	X(EARLY_HINTS, "fault-early-hints", "103 before the answer") \
	X(MANY_HINTS, "fault-many-hints", "the same ten thousand times") \
	X(NO_LENGTH, "fault-no-length", "an answer that ends with its connection") \
	X(JSON_FOR_STREAM, "fault-json-for-stream", "one JSON object although a stream was asked for") \
	X(SPLIT_UTF8, "fault-split-utf8", "text beyond ASCII, sent in pieces cut inside its characters") \
	X(ONE_BYTE, "fault-one-byte", "one byte per write") \
	X(CRLF, "fault-crlf", "events with CRLF line ends") \
	X(ID_LINES, "fault-id-lines", "events with `id:` lines") \
	X(PINGS, "fault-pings", "a comment line before each event") \
	X(NO_USAGE, "fault-no-usage", "never tells its usage") \
	X(GZIP, "fault-gzip", "a body in gzip, asked for or not") \
	X(PAGE, "fault-page", "200 and a page of HTML") \
	X(BAD_CHUNK, "fault-bad-chunk", "a chunk whose size is no number, in the middle of a stream") \
	X(LONG_CHUNK, "fault-long-chunk", "a chunk of 2^80 bytes, in the middle of a stream") \
	X(NO_NEWLINE, "fault-no-newline", "16 MiB without an end of line, in the middle of a stream, and then its end") \
	X(TRAILING, "fault-trailing", "bytes behind the end of the answer") \
	X(SLOW_READER, "fault-slow-reader", "takes 1 KiB of the request body every 20 ms")

enum fault {
#define X(name, word, meaning) FAULT_##name,
	FAULTS(X)
#undef X
};

#define FAULT(name) (UINT64_C(1) << FAULT_##name)

/* X(field, second field or the same, "word", "form", "meaning") */
#define KNOBS(X) \
	X(slow_ms, slow_ms, "slow-", "Nms", "waits N ms before the first byte") \
	X(chunks, rate, "stream-", "NxR", "answers N words, R of them per second; xR may be left out") \
	X(size, size, "size-", "N", "each word has N bytes; without stream-, there is one") \
	X(after, after, "after-", "N", "where the middle is: after N words") \
	X(status, status, "status-", "N", "answers with that status") \
	X(dimensions, dimensions, "dimensions-", "N", "embeddings of N numbers")

struct behaviour {
	uint64_t faults; /* FAULT() bits */
	uint32_t slow_ms;
	uint32_t chunks; /* 0: the default text */
	uint32_t rate;   /* chunks per second; 0: as fast as they go */
	uint32_t size;   /* bytes of a word; 0: real words */
	uint32_t after;
	uint32_t status; /* 0: the one that fits */
	uint32_t dimensions;
};

/* Adds what the words of a name ask for; a name without such words changes nothing.
 * False when a word begins with "fault-" and is none. */
bool behaviour_read(struct behaviour *behaviour, const char *name);

static inline bool behaviour_has(const struct behaviour *behaviour, uint64_t faults)
{
	return (behaviour->faults & faults) != 0;
}

/* The table of all words, as lines for people or as Markdown. */
void behaviour_print(FILE *to);
void behaviour_print_markdown(FILE *to);

#endif
