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

void catalogue_finish(struct stream *stream)
{
	char *text = NULL;
	struct modellist list = {
		.models = stream->routes->models,
		.allowed = stream->lease.models,
		.created = stream->routes->loaded,
		.upstream = stream->kept,
		.upstream_length = stream->kept_length,
	};
	bool all = stream->lease.route == ROUTE_MODELS;
	enum modellist_result result = all ? modellist_all(&list, &text) : modellist_one(&list, stream->lease.model, &text);

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
	long upstream = modellist_upstream(models);
	bool all = stream->lease.route == ROUTE_MODELS;

	stream->charged = true;
	if (upstream < 0 || (!all && modellist_is_configured(models, stream->lease.model))) {
		catalogue_finish(stream);
		return;
	}
	stream->upstream = (size_t)upstream;
	answer_ask(stream, stream->routes->upstreams[upstream].urls[ROUTE_MODELS], NULL);
}
