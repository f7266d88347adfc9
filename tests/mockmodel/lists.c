#include "lists.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

enum next lists_answer(struct exchange *x, const char *whole, const char *member)
{
	struct bytes list = {0};
	char names[1024], *rest = names;
	snprintf(names, sizeof(names), "%s", x->options->models);
	for (char *name; (name = strsep(&rest, ",")) != NULL && *name;) {
		bytes_text(&list, list.length > 0 ? "," : "[");
		shape_fill(x->shape, member, &(struct shape_values){.model = name}, &list);
	}
	/* Ollama's list of nothing is null. */
	bytes_text(&list, list.length > 0 ? "]" : x->shape->go ? "null" : "[]");
	enum next next = answer_template(x, whole, &(struct shape_values){.list = list.data});
	bytes_free(&list);
	return next;
}

enum next lists_models(struct exchange *x)
{
	return lists_answer(x, x->shape->models, x->shape->model);
}

/* The rest of the path, with %2F and %3A decoded. */
static void read_name(struct exchange *x)
{
	const char *from = strstr(x->request.path, "/models/") + strlen("/models/");
	size_t length = 0;
	for (; *from && length + 1 < sizeof(x->model); length++) {
		char digits[3] = "";
		if (*from == '%' && strlen(from) >= 3)
			memcpy(digits, from + 1, 2);
		x->model[length] = (char)(*digits ? strtol(digits, NULL, 16) : *from);
		from += *digits ? 3 : 1;
	}
	x->model[length] = '\0';
}

static bool is_listed(const char *list, const char *name)
{
	size_t length = strlen(name);
	const char *place = strstr(list, name);
	return place && (place == list || place[-1] == ',') && (place[length] == ',' || place[length] == '\0');
}

enum next lists_model(struct exchange *x)
{
	read_name(x);
	if (!is_listed(x->options->models, x->model))
		return answer_error(x, SHAPE_NO_MODEL);
	return answer_template(x, x->shape->model, &(struct shape_values){.model = x->model});
}

/* Numbers that float32 and decimal notation both hold exactly, different for each input. */
static float component(unsigned input, unsigned place)
{
	return (float)((input * 31 + place * 7) % 256) / 256.0f - 0.5f;
}

static void put_numbers(struct bytes *out, unsigned input, uint32_t dimensions)
{
	for (unsigned i = 0; i < dimensions; i++)
		bytes_format(out, "%s%.9g", i > 0 ? "," : "[", (double)component(input, i));
	bytes_text(out, "]");
}

/* float32, least significant byte first, as on the machines this runs on. */
static void put_base64(struct bytes *out, unsigned input, uint32_t dimensions)
{
	float *vector = calloc(dimensions + 1, sizeof(*vector));
	for (unsigned i = 0; vector && i < dimensions; i++)
		vector[i] = component(input, i);
	size_t size = dimensions * sizeof(*vector), coded = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
	bytes_text(out, "\"");
	sodium_bin2base64(bytes_room(out, coded), coded, (const unsigned char *)vector, size,
	                  sodium_base64_VARIANT_ORIGINAL);
	out->length += coded - 1;
	bytes_text(out, "\"");
	free(vector);
}

static void put_embedding(struct exchange *x, struct bytes *list, unsigned input)
{
	struct bytes vector = {0};
	const json_t *wanted = json_object_get(x->json, "dimensions");
	uint32_t dimensions = wanted ? (uint32_t)json_integer_value(wanted) : x->behaviour.dimensions;
	const char *format = json_string_value(json_object_get(x->json, "encoding_format"));
	if (format && strcmp(format, "base64") == 0)
		put_base64(&vector, input, dimensions);
	else
		put_numbers(&vector, input, dimensions);
	bytes_text(list, input > 0 ? "," : "");
	shape_fill(x->shape, x->shape->embedding, &(struct shape_values){.list = vector.data, .index = input}, list);
	bytes_free(&vector);
}

enum next lists_embeddings(struct exchange *x)
{
	struct bytes list = {0};
	const json_t *input = json_object_get(x->json, "input");
	size_t inputs = json_is_array(input) ? json_array_size(input) : 1;
	bytes_text(&list, "");
	for (unsigned i = 0; i < inputs; i++)
		put_embedding(x, &list, i);
	struct shape_values values = {.model = x->model, .list = list.data, .in = 8 * inputs};
	enum next next = answer_template(x, x->shape->embeddings, &values);
	bytes_free(&list);
	return next;
}

enum next lists_embed(struct exchange *x)
{
	struct bytes list = {0};
	const json_t *input = json_object_get(x->json, "input");
	size_t inputs = json_is_array(input) ? json_array_size(input) : 1;
	bytes_text(&list, "");
	for (unsigned i = 0; i < inputs; i++) {
		bytes_text(&list, i > 0 ? "," : "");
		put_numbers(&list, i, x->behaviour.dimensions);
	}
	struct shape_values values = {.model = x->model, .list = list.data, .in = 8 * inputs};
	enum next next = answer_template(x,
	                                 "{'model':'$model','embeddings':[$list],'total_duration':14143917,"
	                                 "'load_duration':1019500,'prompt_eval_count':$in}",
	                                 &values);
	bytes_free(&list);
	return next;
}

enum next lists_embed_one(struct exchange *x)
{
	struct bytes list = {0};
	put_numbers(&list, 0, x->behaviour.dimensions);
	enum next next = answer_template(x, "{'embedding':$list}", &(struct shape_values){.list = list.data});
	bytes_free(&list);
	return next;
}

enum next lists_moderations(struct exchange *x)
{
	return answer_template(x,
	                       "{'id':'modr-0123456789abcdef','model':'$model','results':[{'flagged':false,'categories':"
	                       "{'hate':false,'violence':false},'category_scores':{'hate':0.001,'violence':0.002}}]}",
	                       &(struct shape_values){.model = x->model});
}

enum next lists_rerank(struct exchange *x)
{
	struct bytes list = {0};
	size_t documents = json_array_size(json_object_get(x->json, "documents"));
	bytes_text(&list, "");
	for (unsigned i = 0; i < documents; i++)
		bytes_format(&list, "%s{\"index\":%u,\"relevance_score\":%.3f}", i > 0 ? "," : "", i, 1.0 / (i + 2));
	struct shape_values values = {.model = x->model, .list = list.data, .in = script_prompt_words(x->json)};
	enum next next = answer_template(x,
	                                 "{'id':'rerank-0123456789abcdef','model':'$model','usage':{'total_tokens':$in},"
	                                 "'results':[$list]}",
	                                 &values);
	bytes_free(&list);
	return next;
}
