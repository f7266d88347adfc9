/* Finding a model server to stand behind the gate. */
#ifndef COMPOSE_UPSTREAM_H
#define COMPOSE_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

enum upstream_found { FOUND_NOTHING, FOUND_OLLAMA, FOUND_OPENAI };

/* Asks the server at `url` who it is, without generating anything; waits at most 2 s. */
enum upstream_found upstream_probe(const char *url);

/* Name of the first model the server lists, in name[size]; false when it lists none, or it is not plain. */
bool upstream_first_model(const char *url, enum upstream_found kind, char *name, size_t size);

/* Writes a models.json that sends every model to the server.  Ends the process on failure. */
void upstream_write_models(const char *path, const char *url, enum upstream_found kind);

/* Starts the bundled mock model server; its address in url[size].  Ends the process on failure. */
void upstream_start_mock(char *url, size_t size);

#endif
