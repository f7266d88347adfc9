#include "native.h"

#include <string.h>

#include "generate.h"
#include "lists.h"
#include "script.h"

#define CREATED_AT "'created_at':'2026-08-04T08:52:19.385406455Z'"
#define FAILED "{'error':'an error was encountered while running the model'}"
#define TIMES \
	"'total_duration':4883583458,'load_duration':1334875,'prompt_eval_count':$in," \
	"'prompt_eval_duration':342546000,'eval_count':$out,'eval_duration':4535599000"
#define DETAILS \
	"'details':{'parent_model':'','format':'gguf','family':'llama','families':['llama']," \
	"'parameter_size':'3.2B','quantization_level':'Q4_K_M'}"
#define DIGEST "'digest':'a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72'"

static const struct form chat_form = {
	.framing = FRAMED_LINES,
	.error = FAILED,
	.whole = "{'model':'$model'," CREATED_AT ",'message':{'role':'assistant','content':'$text'},'done':true,"
			 "'done_reason':'$finish'," TIMES "}\n",
	.delta = "{'model':'$model'," CREATED_AT ",'message':{'role':'assistant','content':'$text'},'done':false}",
	.finish = "{'model':'$model'," CREATED_AT ",'message':{'role':'assistant','content':''},'done':true,"
			  "'done_reason':'$finish'," TIMES "}",
};

#define CALL "'message':{'role':'assistant','content':'','tool_calls':[{'function':{'name':'$name','arguments':$raw}}]}"

static const struct form call_form = {
	.framing = FRAMED_LINES,
	.error = FAILED,
	.whole = "{'model':'$model'," CREATED_AT "," CALL ",'done':true,'done_reason':'stop'," TIMES "}\n",
	.first = "{'model':'$model'," CREATED_AT "," CALL ",'done':false}",
	.finish = "{'model':'$model'," CREATED_AT ",'message':{'role':'assistant','content':''},'done':true,"
			  "'done_reason':'stop'," TIMES "}",
};

static const struct form generate_form = {
	.framing = FRAMED_LINES,
	.error = FAILED,
	.whole = "{'model':'$model'," CREATED_AT ",'response':'$text','done':true,'done_reason':'$finish'," TIMES "}\n",
	.delta = "{'model':'$model'," CREATED_AT ",'response':'$text','done':false}",
	.finish = "{'model':'$model'," CREATED_AT ",'response':'','done':true,'done_reason':'$finish'," TIMES "}",
};

enum next native_root(struct exchange *x)
{
	struct bytes text = {0};
	bytes_text(&text, "Ollama is running");
	enum next next = answer_whole(x, 200, "text/plain; charset=utf-8", "", &text);
	bytes_free(&text);
	return next;
}

enum next native_version(struct exchange *x)
{
	return answer_template(x, "{'version':'0.12.6'}", &x->values);
}

enum next native_tags(struct exchange *x)
{
	return lists_answer(x, "{'models':$list}",
	                    "{'name':'$model','model':'$model','modified_at':'2025-05-04T17:37:44.706015396-07:00',"
	                    "'size':2019393189," DIGEST "," DETAILS "}");
}

enum next native_ps(struct exchange *x)
{
	return lists_answer(x, "{'models':$list}",
	                    "{'name':'$model','model':'$model','size':2019393189," DIGEST "," DETAILS ","
	                    "'expires_at':'2318-09-17T12:00:00Z','size_vram':2019393189,'context_length':4096}");
}

enum next native_show(struct exchange *x)
{
	x->values = (struct shape_values){.model = x->model};
	return answer_template(x,
	                       "{'license':'','modelfile':'','template':''," DETAILS ",'model_info':"
	                       "{'general.architecture':'llama','llama.context_length':131072},"
	                       "'capabilities':['completion','tools']}",
	                       &x->values);
}

static bool wants_stream(const struct exchange *x)
{
	return !json_is_false(json_object_get(x->json, "stream"));
}

/* Without words a request is for the model itself: that it be loaded, or unloaded. */
static enum next load(struct exchange *x, const char *template)
{
	const json_t *keep = json_object_get(x->json, "keep_alive");
	bool unload = json_is_integer(keep) && json_integer_value(keep) == 0;
	x->values = (struct shape_values){.model = x->model, .finish = unload ? "unload" : "load"};
	return answer_template(x, template, &x->values);
}

enum next native_chat(struct exchange *x)
{
	if (json_array_size(json_object_get(x->json, "messages")) > 0)
		return generate_begin(x, script_tool(x) ? &call_form : &chat_form, wants_stream(x));
	return load(x, "{'model':'$model'," CREATED_AT ",'message':{'role':'assistant','content':''},"
	               "'done_reason':'$finish','done':true}");
}

enum next native_generate(struct exchange *x)
{
	const char *prompt = json_string_value(json_object_get(x->json, "prompt"));
	if (prompt && *prompt)
		return generate_begin(x, &generate_form, wants_stream(x));
	return load(x, "{'model':'$model'," CREATED_AT ",'response':'','done':true,'done_reason':'$finish'}");
}
