/* llama.cpp's server. */
#include "shape.h"

const struct shape shape_llamacpp = {
	.name = "llamacpp",
	.chunk = "'created':1700000000,'id':'chatcmpl-0123456789abcdef0123456789abcdef','model':'$model',"
			 "'system_fingerprint':'b4711-mock','object':'chat.completion.chunk'",
	.plain = "'created':1700000000,'id':'cmpl-0123456789abcdef0123456789abcdef','model':'$model',"
			 "'system_fingerprint':'b4711-mock','object':'text_completion'",
	.tokens = "'usage':{'completion_tokens':$out,'prompt_tokens':$in,'total_tokens':$total,"
			  "'prompt_tokens_details':{'cached_tokens':0}}",
	.chat =
		"{'choices':[{'finish_reason':'$finish','index':0,'message':{'role':'assistant','content':'$text'}}],"
		"'created':1700000000,'model':'$model','system_fingerprint':'b4711-mock','object':'chat.completion',$tokens,"
		"'id':'chatcmpl-0123456789abcdef0123456789abcdef'}",
	.chat_first = "{'choices':[{'finish_reason':null,'index':0,'delta':{'role':'assistant','content':null}}],$chunk}",
	.chat_delta = "{'choices':[{'finish_reason':null,'index':0,'delta':{'content':'$text'}}],$chunk}",
	.chat_finish = "{'choices':[{'finish_reason':'$finish','index':0,'delta':{}}],$chunk}",
	.chat_usage = "{'choices':[],$chunk,$tokens}",
	.call =
		"{'choices':[{'finish_reason':'$finish','index':0,'message':{'role':'assistant','content':null,'tool_calls':["
		"{'type':'function','function':{'name':'$name','arguments':'$text'},'id':'0123456789abcdef'}]}}],"
		"'created':1700000000,'model':'$model','system_fingerprint':'b4711-mock','object':'chat.completion',$tokens,"
		"'id':'chatcmpl-0123456789abcdef0123456789abcdef'}",
	.call_open = "{'choices':[{'finish_reason':null,'index':0,'delta':{'role':'assistant','content':null}}],$chunk}",
	.call_first = "{'choices':[{'finish_reason':null,'index':0,'delta':{'tool_calls':[{'index':0,"
				  "'id':'0123456789abcdef','type':'function','function':{'name':'$name','arguments':'$text'}}]}}],"
				  "$chunk}",
	.call_delta = "{'choices':[{'finish_reason':null,'index':0,'delta':{'tool_calls':[{'index':0,"
				  "'function':{'arguments':'$text'}}]}}],$chunk}",
	.completion = "{'choices':[{'text':'$text','index':0,'logprobs':null,'finish_reason':'$finish'}],$plain,$tokens}",
	.completion_delta = "{'choices':[{'text':'$text','index':0,'logprobs':null,'finish_reason':null}],$plain}",
	.completion_finish = "{'choices':[{'text':'','index':0,'logprobs':null,'finish_reason':'$finish'}],$plain}",
	.completion_usage = "{'choices':[],$plain,$tokens}",
	.embeddings = "{'model':'$model','object':'list','usage':{'prompt_tokens':$in,'total_tokens':$in},'data':[$list]}",
	.embedding = "{'embedding':$list,'index':$index,'object':'embedding'}",
	.models = "{'object':'list','data':$list}",
	.model = "{'id':'$model','object':'model','created':1700000000,'owned_by':'llamacpp'}",
	.error = "{'error':{'message':'$text','type':'$type','code':$code}}",
	.errors =
		{
			[SHAPE_BAD_BODY] = {400, "invalid_request_error", "400", "parse error", NULL},
			[SHAPE_CONTEXT] =
				{400, "exceed_context_size_error", "400", "the request exceeds the available context size",
                 "{'error':{'message':'$text','type':'$type','code':$code,'n_prompt_tokens':40000,'n_ctx':32768}}"},
			[SHAPE_BAD_KEY] = {401, "authentication_error", "401", "Invalid API Key", NULL},
			[SHAPE_NO_MODEL] = {404, "not_found_error", "404", "model not found", NULL},
			[SHAPE_RATE] = {429, "server_error", "429", "too many requests", NULL},
			[SHAPE_BUSY] = {503, "unavailable_error", "503", "Loading model", NULL},
			[SHAPE_INTERNAL] = {500, "server_error", "500", "Internal Server Error", NULL},
		},
};
