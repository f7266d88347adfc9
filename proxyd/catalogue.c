#include "catalogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "answer.h"
#include "modellist.h"
#include "proxyd.h"
#include "stream.h"

/* A list being gathered. */
struct catalogue {
	struct modellist list;
	size_t next; /* upstream to look at */
};

static void tell(struct stream *stream, const char *text, size_t length)
{
	reply_body(&stream->reply, 200, "", text, length);
	stream_finish(stream, STREAM_COMPLETE, "");
}

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

static char *render(const struct stream *stream)
{
	const struct modellist *list = &stream->catalogue->list;
	if (stream->lease.route == ROUTE_MODEL)
		return modellist_one(list, stream->lease.model);
	if (stream->lease.route == ROUTE_API_TAGS)
		return modellist_tags(list);
	return stream->lease.route == ROUTE_API_PS ? modellist_loaded(list) : modellist_all(list);
}

/* Ollama's version is what one of them says. */
static void finish(struct stream *stream)
{
	if (stream->lease.route == ROUTE_API_VERSION) {
		stream_fail(stream, PROBLEM_NOT_OFFERED);
		return;
	}
	char *text = render(stream);
	if (text)
		tell(stream, text, strlen(text));
	else
		refuse_model(stream);
	free(text);
}

static bool ask_next(struct stream *stream)
{
	struct catalogue *catalogue = stream->catalogue;
	enum wire_route asked = stream->lease.route == ROUTE_MODEL ? ROUTE_MODELS : stream->lease.route;
	size_t count = stream->routes->models->upstream_count;
	while (catalogue->next < count && !modellist_wants(&catalogue->list, catalogue->next))
		catalogue->next++;
	if (catalogue->next == count)
		return false;
	stream->upstream = catalogue->next++;
	answer_ask(stream, stream->routes->upstreams[stream->upstream].urls[asked], NULL);
	return true;
}

bool catalogue_go_on(struct stream *stream)
{
	if (ask_next(stream))
		return true;
	if (stream->catalogue->list.count == 0)
		return false;
	finish(stream);
	return true;
}

static void take_list(struct stream *stream, const char *answer, size_t length)
{
	if (!modellist_take(&stream->catalogue->list, stream->upstream, answer, length)) {
		if (!catalogue_go_on(stream))
			stream_fail(stream, PROBLEM_BAD_LIST);
	} else if (!ask_next(stream)) {
		finish(stream);
	}
}

void catalogue_finish(struct stream *stream)
{
	const char *answer = stream->kept ? stream->kept : "";
	if (stream->lease.route != ROUTE_API_VERSION)
		take_list(stream, answer, stream->kept_length);
	else if (modellist_is_version(answer, stream->kept_length))
		tell(stream, answer, stream->kept_length);
	else if (!catalogue_go_on(stream))
		stream_fail(stream, PROBLEM_BAD_LIST);
}

void catalogue_answer(struct stream *stream)
{
	const struct lease *lease = &stream->lease;
	struct catalogue *catalogue = calloc(1, sizeof(*catalogue));
	CHECK(catalogue != NULL);
	catalogue->list = (struct modellist){
		.models = stream->routes->models,
		.allowed = lease->models,
		.local_only = lease->scope.local_only,
		.native = stream->reply.client.dialect == DIALECT_OLLAMA,
		.created = stream->routes->loaded,
	};
	stream->catalogue = catalogue;
	stream->charged = true;
	bool is_known = lease->route == ROUTE_MODEL && modellist_is_configured(&catalogue->list, lease->model);
	if (is_known || !ask_next(stream))
		finish(stream);
}

void catalogue_free(struct stream *stream)
{
	if (!stream->catalogue)
		return;
	modellist_clear(&stream->catalogue->list);
	free(stream->catalogue);
}
