#include "show.h"

#include <string.h>

#include "../proto/daemon/ctl.h"

enum { ENVELOPE_SIZE = 128 /* bytes of what stands around the two lists */ };

/* An array that grows as long as there is room. */
struct list {
	json_t *array;
	size_t *room; /* bytes */
};

/* Takes the object over; false when there was no room for it. */
static bool append(const struct list *list, json_t *object)
{
	size_t needed = json_dumpb(object, NULL, 0, JSON_COMPACT) + 1;
	if (needed > *list->room) {
		json_decref(object);
		return false;
	}
	*list->room -= needed;
	return json_array_append_new(list->array, object) == 0;
}

static json_t *render_upstream(const struct upstream *upstream, const struct show_upstream *now)
{
	return json_pack("{s:s, s:s, s:b, s:s, s:s, s:I, s:I, s:I, s:I}", "name", upstream->name, "kind",
	                 upstream_kind_name(upstream->kind), "local", upstream->local, "state", now->state, "reason",
	                 now->reason, "slots", (json_int_t)now->slots, "in_use", (json_int_t)now->in_use, "waiting",
	                 (json_int_t)now->waiting, "requests", (json_int_t)now->requests);
}

static json_t *render_target(const struct models *models, const struct target *target)
{
	const char *model = target->model[0] != '\0' ? target->model : NULL;
	return json_pack("{s:s, s:s?, s:b}", "upstream", models->upstreams[target->upstream].name, "model", model, "drain",
	                 target->drain);
}

static json_t *render_row(const struct models *models, const struct model *row)
{
	json_t *targets = json_array(), *fallbacks = json_array();
	for (size_t i = 0; i < model_targets(row); i++) {
		json_t *target = render_target(models, &row->targets[i]);
		if (i < row->target_count)
			json_object_set_new(target, "weight", json_integer(row->targets[i].weight));
		json_array_append_new(i < row->target_count ? targets : fallbacks, target);
	}
	return json_pack("{s:s, s:o, s:o}", "name", row->name, "targets", targets, "fallbacks", fallbacks);
}

static json_t *render_model(const struct models *models, const struct model *row)
{
	if (row->alias[0] != '\0')
		return json_pack("{s:s, s:s}", "name", row->name, "alias", row->alias);
	return render_row(models, row);
}

/* At most `size` bytes of it. */
static json_t *render(const struct models *models, const struct show_upstream *upstreams, size_t size)
{
	size_t room = size > ENVELOPE_SIZE ? size - ENVELOPE_SIZE : 0, i;
	struct list shown = {json_array(), &room}, rows = {json_array(), &room};
	for (i = 0; i < models->upstream_count; i++)
		if (!append(&shown, render_upstream(&models->upstreams[i], &upstreams[i])))
			break;
	for (i = 0; i < models->model_count; i++)
		if (!append(&rows, render_model(models, &models->models[i])))
			break;
	return json_pack("{s:o, s:I, s:o, s:I}", "upstreams", shown.array, "upstreams_known",
	                 (json_int_t)models->upstream_count, "models", rows.array, "models_known",
	                 (json_int_t)models->model_count);
}

bool show_answer(const struct models *models, const struct show_upstream *upstreams, const struct ctl_call *call,
                 struct wire_out *json)
{
	return ctl_is_bare(call, "models.show", json) && ctl_reply(json, render(models, upstreams, json->size));
}
