#include "upstream.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "spawn.h"

enum { ANSWER_MAX = 256 * 1024, PATIENCE_MS = 2000 };

struct answer {
	char text[ANSWER_MAX];
	size_t length;
};

static size_t keep(char *bytes, size_t size, size_t count, void *arg)
{
	struct answer *answer = arg;
	size_t length = size * count;
	if (length > sizeof(answer->text) - answer->length)
		return 0;
	memcpy(answer->text + answer->length, bytes, length);
	answer->length += length;
	return length;
}

/* A JSON object fetched from url + path, or NULL. */
static json_t *get(const char *url, const char *path)
{
	static struct answer answer;
	char whole[4096 + 64];
	CURL *curl = curl_easy_init();
	CHECK(curl != NULL);
	answer.length = 0;
	snprintf(whole, sizeof(whole), "%s%s", url, path);
	curl_easy_setopt(curl, CURLOPT_URL, whole);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)PATIENCE_MS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	CURLcode result = curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	return result == CURLE_OK ? json_loadb(answer.text, answer.length, 0, NULL) : NULL;
}

static bool ends_with_v1(const char *url)
{
	size_t length = strlen(url);
	return length > 3 && strcmp(url + length - 3, "/v1") == 0;
}

enum upstream_found upstream_probe(const char *url)
{
	json_t *version = ends_with_v1(url) ? NULL : get(url, "/api/version");
	bool ollama = json_object_get(version, "version") != NULL;
	json_decref(version);
	if (ollama)
		return FOUND_OLLAMA;
	json_t *models = get(url, ends_with_v1(url) ? "/models" : "/v1/models");
	bool openai = json_is_object(models);
	json_decref(models);
	return openai ? FOUND_OPENAI : FOUND_NOTHING;
}

static const char plain_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-";

bool upstream_first_model(const char *url, enum upstream_found kind, char *name, size_t size)
{
	json_t *models = get(url, kind == FOUND_OPENAI && ends_with_v1(url) ? "/models" : "/v1/models");
	json_t *first = json_array_get(json_object_get(models, "data"), 0);
	const char *id = json_string_value(json_object_get(first, "id"));
	bool plain = id && *id && id[strspn(id, plain_letters)] == '\0'; /* it will be shown in a command */
	if (plain)
		snprintf(name, size, "%s", id);
	json_decref(models);
	return plain;
}

void upstream_write_models(const char *path, const char *url, enum upstream_found kind)
{
	bool ollama = kind == FOUND_OLLAMA;
	json_t *base = json_sprintf("%s%s", url, ollama || ends_with_v1(url) ? "" : "/v1");
	json_t *models = json_pack("{s:{s:{s:o, s:s}}, s:{s:{s:[{s:s}]}}}", "upstreams", "local", "base_url", base, "kind",
	                           ollama ? "ollama" : "openai", "models", "*", "targets", "upstream", "local");
	if (!models || json_dump_file(models, path, JSON_INDENT(2)) < 0)
		fatal("cannot write %s", path);
	json_decref(models);
}

void upstream_start_mock(char *url, size_t size)
{
	static const char *const argv[] = {"heimgate-mockmodel", "--port", "0", NULL};
	static const char greeting[] = "listening on ";
	char line[256];
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		fatal("cannot make a pipe");
	spawn(argv, NULL, 0, fds[1], -1);
	close(fds[1]);
	FILE *output = fdopen(fds[0], "r");
	CHECK(output != NULL);
	if (!fgets(line, sizeof(line), output) || strncmp(line, greeting, sizeof(greeting) - 1) != 0)
		fatalx("the mock model server did not start");
	fclose(output);
	line[strcspn(line, "\n")] = '\0';
	snprintf(url, size, "%s", line + sizeof(greeting) - 1);
}
