/* Ollama's OpenAI-compatible routes; its native ones are in native.c. */
#include "shape.h"

const struct shape shape_ollama = {
	.name = "ollama",
	.go = true,
	.chunk = "'id':'chatcmpl-417','object':'chat.completion.chunk','created':1700000000,'model':'$model',"
			 "'system_fingerprint':'fp_ollama'",
	.plain = "'id':'cmpl-417','object':'text_completion','created':1700000000,'model':'$model',"
			 "'system_fingerprint':'fp_ollama'",
	.tokens = "'usage':{'prompt_tokens':$in,'completion_tokens':$out,'total_tokens':$total}",
	.chat = "{'id':'chatcmpl-417','object':'chat.completion','created':1700000000,'model':'$model',"
			"'system_fingerprint':'fp_ollama','choices':[{'index':0,'message':{'role':'assistant','content':'$text'},"
			"'finish_reason':'$finish'}],$tokens}\n",
	.chat_first =
		"{$chunk,'choices':[{'index':0,'delta':{'role':'assistant','content':'$text'},'finish_reason':null}]}",
	.chat_delta = "{$chunk,'choices':[{'index':0,'delta':{'content':'$text'},'finish_reason':null}]}",
	.chat_finish = "{$chunk,'choices':[{'index':0,'delta':{},'finish_reason':'$finish'}]}",
	.chat_usage = "{$chunk,'choices':[],$tokens}",
	.call = "{'id':'chatcmpl-417','object':'chat.completion','created':1700000000,'model':'$model',"
			"'system_fingerprint':'fp_ollama','choices':[{'index':0,'message':{'role':'assistant','content':'',"
			"'tool_calls':[{'id':'call_01234567','index':0,'type':'function','function':{'name':'$name',"
			"'arguments':'$text'}}]},'finish_reason':'$finish'}],$tokens}\n",
	.call_first = "{$chunk,'choices':[{'index':0,'delta':{'role':'assistant','content':'','tool_calls':["
				  "{'id':'call_01234567','index':0,'type':'function','function':{'name':'$name',"
				  "'arguments':'$text'}}]},'finish_reason':null}]}",
	.completion = "{$plain,'choices':[{'text':'$text','index':0,'finish_reason':'$finish'}],$tokens}\n",
	.completion_delta = "{$plain,'choices':[{'text':'$text','index':0,'finish_reason':null}]}",
	.completion_finish = "{$plain,'choices':[{'text':'','index':0,'finish_reason':'$finish'}]}",
	.completion_usage = "{$plain,'choices':[],$tokens}",
	.embeddings =
		"{'object':'list','data':[$list],'model':'$model','usage':{'prompt_tokens':$in,'total_tokens':$in}}\n",
	.embedding = "{'object':'embedding','embedding':$list,'index':$index}",
	.models = "{'object':'list','data':$list}\n",
	.model = "{'id':'$model','object':'model','created':1746398264,'owned_by':'library'}",
	.error = "{'error':{'message':'$text','type':'$type','param':null,'code':$code}}\n",
	.errors =
		{
			[SHAPE_BAD_BODY] = {400, "invalid_request_error", "null", "unexpected EOF", NULL},
			[SHAPE_CONTEXT] = {400, "invalid_request_error", "null", "the input length exceeds the context length",
                               NULL},
			[SHAPE_BAD_KEY] = {401, "api_error", "null", "unauthorized", NULL},
			[SHAPE_NO_MODEL] = {404, "not_found_error", "null", "model ^$model^ not found", NULL},
			[SHAPE_RATE] = {429, "api_error", "null", "too many requests", NULL},
			[SHAPE_BUSY] = {503, "api_error", "null",
                            "server busy, please try again.  maximum pending requests exceeded", NULL},
			[SHAPE_INTERNAL] = {500, "api_error", "null", "llama runner process has terminated: exit status 2", NULL},
		},
};
