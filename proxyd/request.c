#include "request.h"

#include <string.h>

#include "images.h"
#include "passed.h"

enum { NAME = SPLICE_MEMBERS };

static const char *const paths[] = {SPLICE_PATHS, "name"};

bool request_start(struct request *request, const struct wire_route_info *route, struct wire_bytes passed)
{
	char boundary[FORM_BOUNDARY_MAX + 1];
	request->route = route;
	if (route->takes == TAKES_FORM) {
		if (!passed_boundary(passed, boundary))
			return false;
		form_start(&request->scan.form, boundary);
	} else {
		json_start(&request->scan.json, paths, route->named == NAMED_EITHER ? NAME + 1 : NAME);
	}
	return true;
}

void request_feed(struct request *request, const char *bytes, size_t length)
{
	if (request->route->takes == TAKES_FORM)
		form_feed(&request->scan.form, bytes, length);
	else
		json_feed(&request->scan.json, bytes, length);
}

/* The member that names the model. */
static const struct json_value *naming_value(const struct request *request)
{
	const struct json_value *model = json_value(&request->scan.json, SPLICE_MODEL);
	bool is_old = request->route->named == NAMED_EITHER && model->type == JSON_ABSENT;
	return is_old ? json_value(&request->scan.json, NAME) : model;
}

/* Into name[MODEL_NAME_MAX + 1]; negative when there is none. */
static int read_name(const struct request *request, char *name)
{
	if (request->route->takes == TAKES_FORM)
		return form_decode(form_value(&request->scan.form, FORM_MODEL), name, MODEL_NAME_MAX + 1);
	return json_decode_string(naming_value(request), name, MODEL_NAME_MAX + 1);
}

/* A second name, which some server may prefer, must be the same. */
static bool names_another(const struct request *request, const char *model)
{
	char name[MODEL_NAME_MAX + 1];
	if (request->route->named != NAMED_EITHER || json_value(&request->scan.json, NAME)->type == JSON_ABSENT)
		return false;
	return json_decode_string(json_value(&request->scan.json, NAME), name, sizeof(name)) < 0 ||
	       strcmp(name, model) != 0;
}

static bool is_whole(struct request *request)
{
	if (request->route->takes == TAKES_FORM)
		return form_end(&request->scan.form) == FORM_OK;
	return json_end(&request->scan.json) == JSON_OK && json_is_object(&request->scan.json);
}

enum problem request_judge(struct request *request, const char *model)
{
	char name[MODEL_NAME_MAX + 1];
	if (!is_whole(request))
		return PROBLEM_BAD_BODY;
	if (read_name(request, name) < 0 || strcmp(name, model) != 0 || names_another(request, model))
		return PROBLEM_WRONG_MODEL;
	return PROBLEM_NONE;
}

static struct images count_images(const struct request *request, const char *body, size_t length)
{
	if (request->route->takes != TAKES_FORM)
		return images_in_json(body, length);
	if (request->route->route == ROUTE_TRANSCRIPTIONS || request->route->route == ROUTE_TRANSLATIONS)
		return (struct images){0}; /* these files are sounds */
	struct form_files files = form_files(&request->scan.form);
	return (struct images){files.count, files.bytes};
}

enum problem request_judge_images(const struct request *request, const char *body, size_t length,
                                  const struct scope *scope)
{
	if (scope->images == 0 && scope->image_kib == 0)
		return PROBLEM_NONE;
	return images_judge(count_images(request, body, length), scope);
}

/* Where images and sounds are made, servers may take no notice of the wish. */
bool request_wants_events(const struct request *request)
{
	enum wire_shape shape = request->route->shape;
	bool is_text = shape == SHAPE_CHAT || shape == SHAPE_RESPONSE || shape == SHAPE_MESSAGE;
	return is_text && request->route->cost == COST_ANSWER && splice_wants_stream(&request->scan.json);
}

bool request_wants_chunks(const struct request *request)
{
	return request->route->shape == SHAPE_CHAT && request_wants_events(request);
}

bool request_wants_usage(const struct request *request)
{
	return splice_wants_usage(&request->scan.json);
}

/* Both names, where there are two: nobody knows which one the server prefers. */
static void rename_model(const struct request *request, struct change *change, struct edits *edits)
{
	const struct json_value *value = naming_value(request);
	splice_name(edits, value, change->model, change->text);
	if (request->route->named != NAMED_EITHER || value == json_value(&request->scan.json, NAME))
		return;
	const struct json_value *name = json_value(&request->scan.json, NAME);
	if (name->type != JSON_ABSENT)
		edits_add(edits, name->start, name->end, change->text);
}

bool request_edit(const struct request *request, const char *body, size_t length, struct change *change,
                  struct edits *edits)
{
	if (request->route->takes == TAKES_FORM) {
		if (change->model)
			splice_form(edits, form_value(&request->scan.form, FORM_MODEL), change->model);
		return true;
	}
	const struct json_scan *scan = &request->scan.json;
	if (change->model)
		rename_model(request, change, edits);
	if (change->usage)
		splice_usage(edits, body, scan);
	bool as_it_is = change->target->param_count == 0 || request->route->cost == COST_FREE;
	return as_it_is || splice_params(edits, body, length, json_insert_at(scan), change->target);
}
