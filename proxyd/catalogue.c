#include "catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "modellist.h"
#include "proxyd.h"
#include "stream.h"

static void refuse_model(struct stream *stream)
{
	char message[MODEL_NAME_MAX + 80];
	struct api_error error = *problem_error(PROBLEM_NO_MODEL);
	snprintf(message, sizeof(message), "The model `%s` does not exist or you do not have access to it.",
	         stream->lease.model);
	error.message = message;
	error.param = "model";
	reply_error(&stream->reply, &error);
	stream_finish(stream, STREAM_COMPLETE, error.code);
}

static enum modellist_result render(const struct stream *stream, char **text)
{
	const char *said = stream->answer == ANSWER_LIST ? "" : NULL;
	const struct modellist list = {
		.models = stream->routes->models,
		.allowed = stream->lease.models,
		.created = stream->routes->loaded,
		.asked = stream->upstream,
		.upstream = stream->kept ? stream->kept : said,
		.upstream_length = stream->kept_length,
	};
	if (stream->lease.route == ROUTE_MODEL)
		return modellist_one(&list, stream->lease.model, text);
	if (stream->lease.route == ROUTE_API_TAGS)
		return modellist_tags(&list, text);
	if (stream->lease.route == ROUTE_API_PS)
		return modellist_loaded(&list, text);
	if (stream->lease.route == ROUTE_API_VERSION)
		return modellist_version(&list, text);
	return modellist_all(&list, text);
}

void catalogue_finish(struct stream *stream)
{
	char *text = NULL;
	if (stream->lease.route == ROUTE_API_VERSION && stream->answer == ANSWER_NONE) {
		stream_fail(stream, PROBLEM_NOT_OFFERED);
		return;
	}
	enum modellist_result result = render(stream, &text);
	if (result == MODELLIST_NO_MODEL) {
		refuse_model(stream);
	} else if (result == MODELLIST_BAD_JSON) {
		stream_fail(stream, PROBLEM_BAD_LIST);
	} else {
		reply_body(&stream->reply, 200, "", text, strlen(text));
		stream_finish(stream, STREAM_COMPLETE, "");
	}
	free(text);
}

void catalogue_answer(struct stream *stream)
{
	const struct models *models = stream->routes->models;
	bool one = stream->lease.route == ROUTE_MODEL;
	bool native = stream->reply.client.dialect == DIALECT_OLLAMA;
	long upstream = native ? modellist_ollama(models) : modellist_upstream(models);

	stream->charged = true;
	if (upstream < 0 || (one && modellist_is_configured(models, stream->lease.model))) {
		catalogue_finish(stream);
		return;
	}
	stream->upstream = (size_t)upstream;
	enum wire_route asked = one ? ROUTE_MODELS : stream->lease.route;
	answer_ask(stream, stream->routes->upstreams[upstream].urls[asked], NULL);
}
