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
#define TEXT_PART(text) "{'type':'output_text','text':'" text "','annotations':[]}"
#define ITEM(status, content) \
	"{'id':'msg_0123456789abcdef','type':'message','status':'" status "','role':'assistant','content':[" content "]}"
#define EVENT(type, rest) type " {'type':'" type "','sequence_number':$number," rest "}"
#define OF_ITEM "'item_id':'msg_0123456789abcdef','output_index':0,'content_index':0,"

static const struct form response_form = {
	.framing = FRAMED_NAMED,
	.whole = RESPONSE("completed", ITEM("completed", TEXT_PART("$text")), USAGE),
	.open = EVENT("response.created", "'response':" RESPONSE("in_progress", "", "null")) "\n" EVENT(
		"response.in_progress",
		"'response':" RESPONSE("in_progress", "",
                               "null")) "\n" EVENT("response.output_item.added",
                                                   "'output_index':0,'item':" ITEM(
													   "in_progress", "")) "\n" EVENT("response.content_part.added",
                                                                                      OF_ITEM "'part':" TEXT_PART("")),
	.delta = EVENT("response.output_text.delta", OF_ITEM "'delta':'$text','logprobs':[]"),
	.finish = EVENT("response.output_text.done", OF_ITEM "'text':'$text','logprobs':[]") "\n" EVENT(
		"response.content_part.done",
		OF_ITEM "'part':" TEXT_PART(
			"$text")) "\n" EVENT("response.output_item.done",
                                 "'output_index':0,'item':" ITEM(
									 "completed",
									 TEXT_PART("$text"))) "\n" EVENT("response.completed",
                                                                     "'response':" RESPONSE(
																		 "completed",
																		 ITEM("completed", TEXT_PART("$text")), USAGE)),
	.error = EVENT("error", "'code':'server_error','message':'The server had an error.','param':null"),
};

#define MESSAGE(content, stop, usage) \
	"{'id':'msg_0123456789abcdef','type':'message','role':'assistant','model':'$model','content':[" content \
	"],'stop_reason':" stop ",'stop_sequence':null,'usage':" usage "}"
#define READ "'input_tokens':$in,'cache_creation_input_tokens':0,'cache_read_input_tokens':0"

static const struct form message_form = {
	.framing = FRAMED_NAMED,
	.whole = MESSAGE("{'type':'text','text':'$text'}", "'$stop'", "{" READ ",'output_tokens':$out}"),
	.open = "message_start {'type':'message_start','message':" MESSAGE(
		"", "null",
		"{" READ
		",'output_tokens':1}") "}\n"
							   "content_block_start "
							   "{'type':'content_block_start','index':0,'content_block':{'type':'text','text':''}}\n"
							   "ping {'type':'ping'}",
	.delta = "content_block_delta {'type':'content_block_delta','index':0,"
			 "'delta':{'type':'text_delta','text':'$text'}}",
	.finish = "content_block_stop {'type':'content_block_stop','index':0}\n"
			  "message_delta {'type':'message_delta','delta':{'stop_reason':'$stop','stop_sequence':null},"
			  "'usage':{'output_tokens':$out}}\n"
			  "message_stop {'type':'message_stop'}",
	.error = "error {'type':'error','error':{'type':'overloaded_error','message':'Overloaded'}}",
};

static bool wants_stream(const struct exchange *x)
{
	return json_is_true(json_object_get(x->json, "stream"));
}

enum next dialogs_response(struct exchange *x)
{
	return generate_begin(x, &response_form, wants_stream(x));
}

enum next dialogs_message(struct exchange *x)
{
	return generate_begin(x, &message_form, wants_stream(x));
}

enum next dialogs_count_tokens(struct exchange *x)
{
	x->values = (struct shape_values){.in = script_prompt_words(x->json)};
	return answer_template(x, "{'input_tokens':$in}", &x->values);
}
