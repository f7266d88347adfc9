#include "dialogs.h"

#include "generate.h"
#include "script.h"

#define RESPONSE(status, output, usage) \
	"{'id':'resp_0123456789abcdef','object':'response','created_at':1700000000,'status':'" status \
	"','background':false,'error':null,'incomplete_details':null,'instructions':null,'max_output_tokens':null," \
	"'model':'$model','output':[" output "],'parallel_tool_calls':true,'previous_response_id':null," \
	"'reasoning':{'effort':null,'summary':null},'store':true,'temperature':1.0,'text':{'format':{'type':'text'}}," \
	"'tool_choice':'auto','tools':[],'top_p':1.0,'truncation':'disabled','usage':" usage ",'user':null,'metadata':{}}"
#define USAGE \
	"{'input_tokens':$in,'input_tokens_details':{'cached_tokens':0},'output_tokens':$out," \
	"'output_tokens_details':{'reasoning_tokens':0},'total_tokens':$total}"
#define EVENT(type, rest) type " {'type':'" type "','sequence_number':$number," rest "}\n"
#define BEGUN(item) \
	EVENT("response.created", "'response':" RESPONSE("in_progress", "", "null")) \
	EVENT("response.in_progress", "'response':" RESPONSE("in_progress", "", "null")) \
	EVENT("response.output_item.added", "'output_index':0,'item':" item)
#define ENDED(item) \
	EVENT("response.output_item.done", "'output_index':0,'item':" item) \
	EVENT("response.completed", "'response':" RESPONSE("completed", item, USAGE))
#define FAILED EVENT("error", "'code':'server_error','message':'The server had an error.','param':null")

#define TEXT_PART(text) "{'type':'output_text','text':'" text "','annotations':[]}"
#define ITEM(status, content) \
	"{'id':'msg_0123456789abcdef','type':'message','status':'" status "','role':'assistant','content':[" content "]}"
#define OF_ITEM "'item_id':'msg_0123456789abcdef','output_index':0,'content_index':0,"
#define TEXT_BEGUN EVENT("response.content_part.added", OF_ITEM "'part':" TEXT_PART(""))
#define TEXT_ENDED \
	EVENT("response.output_text.done", OF_ITEM "'text':'$text','logprobs':[]") \
	EVENT("response.content_part.done", OF_ITEM "'part':" TEXT_PART("$text"))

static const struct form response_form = {
	.framing = FRAMED_NAMED,
	.whole = RESPONSE("completed", ITEM("completed", TEXT_PART("$text")), USAGE),
	.open = BEGUN(ITEM("in_progress", "")) TEXT_BEGUN,
	.delta = EVENT("response.output_text.delta", OF_ITEM "'delta':'$text','logprobs':[]"),
	.finish = TEXT_ENDED ENDED(ITEM("completed", TEXT_PART("$text"))),
	.error = FAILED,
};

#define CALL(status, arguments) \
	"{'id':'fc_0123456789abcdef','type':'function_call','status':'" status "','call_id':'call_0123456789abcdef'," \
	"'name':'$name','arguments':'" arguments "'}"
#define OF_CALL "'item_id':'fc_0123456789abcdef','output_index':0,"
#define CALL_ENDED EVENT("response.function_call_arguments.done", OF_CALL "'name':'$name','arguments':'$text'")

static const struct form response_call_form = {
	.framing = FRAMED_NAMED,
	.whole = RESPONSE("completed", CALL("completed", "$text"), USAGE),
	.open = BEGUN(CALL("in_progress", "")),
	.delta = EVENT("response.function_call_arguments.delta", OF_CALL "'delta':'$text'"),
	.finish = CALL_ENDED ENDED(CALL("completed", "$text")),
	.error = FAILED,
};

#define MESSAGE(content, stop, usage) \
	"{'id':'msg_0123456789abcdef','type':'message','role':'assistant','model':'$model','content':[" content \
	"],'stop_reason':" stop ",'stop_sequence':null,'usage':" usage "}"
#define READ "'input_tokens':$in,'cache_creation_input_tokens':0,'cache_read_input_tokens':0"
#define NOT_YET MESSAGE("", "null", "{" READ ",'output_tokens':1}")
#define MESSAGE_BEGUN(block) \
	"message_start {'type':'message_start','message':" NOT_YET "}\n" \
	"content_block_start {'type':'content_block_start','index':0,'content_block':" block "}\n" \
	"ping {'type':'ping'}"
#define MESSAGE_DELTA(delta) "content_block_delta {'type':'content_block_delta','index':0,'delta':" delta "}"
#define MESSAGE_ENDED \
	"content_block_stop {'type':'content_block_stop','index':0}\n" \
	"message_delta {'type':'message_delta','delta':{'stop_reason':'$stop','stop_sequence':null}," \
	"'usage':{'output_tokens':$out}}\n" \
	"message_stop {'type':'message_stop'}"
#define OVERLOADED "error {'type':'error','error':{'type':'overloaded_error','message':'Overloaded'}}"

static const struct form message_form = {
	.framing = FRAMED_NAMED,
	.whole = MESSAGE("{'type':'text','text':'$text'}", "'$stop'", "{" READ ",'output_tokens':$out}"),
	.open = MESSAGE_BEGUN("{'type':'text','text':''}"),
	.delta = MESSAGE_DELTA("{'type':'text_delta','text':'$text'}"),
	.finish = MESSAGE_ENDED,
	.error = OVERLOADED,
};

#define USE(input) "{'type':'tool_use','id':'toolu_0123456789abcdef','name':'$name','input':" input "}"

static const struct form message_call_form = {
	.framing = FRAMED_NAMED,
	.whole = MESSAGE(USE("$raw"), "'$stop'", "{" READ ",'output_tokens':$out}"),
	.open = MESSAGE_BEGUN(USE("{}")),
	.delta = MESSAGE_DELTA("{'type':'input_json_delta','partial_json':'$text'}"),
	.finish = MESSAGE_ENDED,
	.error = OVERLOADED,
};

static bool wants_stream(const struct exchange *x)
{
	return json_is_true(json_object_get(x->json, "stream"));
}

enum next dialogs_response(struct exchange *x)
{
	return generate_begin(x, script_tool(x) ? &response_call_form : &response_form, wants_stream(x));
}

enum next dialogs_message(struct exchange *x)
{
	return generate_begin(x, script_tool(x) ? &message_call_form : &message_form, wants_stream(x));
}

enum next dialogs_count_tokens(struct exchange *x)
{
	x->values = (struct shape_values){.in = script_prompt_words(x->json)};
	return answer_template(x, "{'input_tokens':$in}", &x->values);
}
