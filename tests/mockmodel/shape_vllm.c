/* vLLM. */
#include "shape.h"

const struct shape shape_vllm = {
	.name = "vllm",
	.chunk = "'id':'chatcmpl-0123456789abcdef0123456789abcdef','object':'chat.completion.chunk','created':1700000000,"
			 "'model':'$model'",
	.plain = "'id':'cmpl-0123456789abcdef0123456789abcdef','object':'text_completion','created':1700000000,"
			 "'model':'$model'",
	.tokens =
		"'usage':{'prompt_tokens':$in,'total_tokens':$total,'completion_tokens':$out,'prompt_tokens_details':null}",
	.chat =
		"{'id':'chatcmpl-0123456789abcdef0123456789abcdef','object':'chat.completion','created':1700000000,"
		"'model':'$model','choices':[{'index':0,'message':{'role':'assistant','content':'$text','refusal':null,"
		"'annotations':null,'audio':null,'function_call':null,'tool_calls':[],'reasoning_content':null},"
		"'logprobs':null,'finish_reason':'$finish','stop_reason':null,'token_ids':null}],'service_tier':null,"
		"'system_fingerprint':null,$tokens,'prompt_logprobs':null,'prompt_token_ids':null,'kv_transfer_params':null}",
	.chat_first = "{$chunk,'choices':[{'index':0,'delta':{'role':'assistant','content':''},'logprobs':null,"
				  "'finish_reason':null}]}",
	.chat_delta = "{$chunk,'choices':[{'index':0,'delta':{'content':'$text'},'logprobs':null,'finish_reason':null}]}",
	.chat_finish = "{$chunk,'choices':[{'index':0,'delta':{'content':''},'logprobs':null,'finish_reason':'$finish',"
				   "'stop_reason':null}]}",
	.chat_usage = "{$chunk,'choices':[],$tokens}",
	.call = "{'id':'chatcmpl-0123456789abcdef0123456789abcdef','object':'chat.completion','created':1700000000,"
			"'model':'$model','choices':[{'index':0,'message':{'role':'assistant','content':null,'refusal':null,"
			"'annotations':null,'audio':null,'function_call':null,'tool_calls':[{'id':'chatcmpl-tool-0123456789abcdef',"
			"'type':'function','function':{'name':'$name','arguments':'$text'}}],'reasoning_content':null},"
			"'logprobs':null,'finish_reason':'$finish','stop_reason':null,'token_ids':null}],'service_tier':null,"
			"'system_fingerprint':null,$tokens,'prompt_logprobs':null,'prompt_token_ids':null,"
			"'kv_transfer_params':null}",
	.call_open = "{$chunk,'choices':[{'index':0,'delta':{'role':'assistant','content':''},'logprobs':null,"
				 "'finish_reason':null}]}",
	.call_first = "{$chunk,'choices':[{'index':0,'delta':{'tool_calls':[{'id':'chatcmpl-tool-0123456789abcdef',"
				  "'type':'function','index':0,'function':{'name':'$name'}}]},'logprobs':null,'finish_reason':null}]}",
	.call_delta = "{$chunk,'choices':[{'index':0,'delta':{'tool_calls':[{'index':0,'function':{'arguments':'$text'}}]},"
				  "'logprobs':null,'finish_reason':null}]}",
	.completion = "{$plain,'choices':[{'index':0,'text':'$text','logprobs':null,'finish_reason':'$finish',"
				  "'stop_reason':null,'prompt_logprobs':null}],$tokens}",
	.completion_delta = "{$plain,'choices':[{'index':0,'text':'$text','logprobs':null,'finish_reason':null,"
						"'stop_reason':null}]}",
	.completion_finish = "{$plain,'choices':[{'index':0,'text':'','logprobs':null,'finish_reason':'$finish',"
						 "'stop_reason':null}]}",
	.completion_usage = "{$plain,'choices':[],$tokens}",
	.embeddings = "{'id':'embd-0123456789abcdef0123456789abcdef','object':'list','created':1700000000,'model':'$model',"
				  "'data':[$list],'usage':{'prompt_tokens':$in,'total_tokens':$in,'completion_tokens':0,"
				  "'prompt_tokens_details':null}}",
	.embedding = "{'index':$index,'object':'embedding','embedding':$list}",
	.models = "{'object':'list','data':$list}",
	.model = "{'id':'$model','object':'model','created':1700000000,'owned_by':'vllm','root':'$model','parent':null,"
			 "'max_model_len':32768,'permission':[]}",
	.error = "{'error':{'message':'$text','type':'$type','param':null,'code':$code}}",
	.errors =
		{
			[SHAPE_BAD_BODY] = {400, "Bad Request", "400", "[{^type^: ^json_invalid^}]", NULL},
			[SHAPE_CONTEXT] = {400, "BadRequestError", "400", "This model^s maximum context length is 32768 tokens.",
                               NULL},
			[SHAPE_BAD_KEY] = {401, NULL, NULL, NULL, "{'error':'Unauthorized'}"},
			[SHAPE_NO_MODEL] = {404, "NotFoundError", "404", "The model `$model` does not exist.",
                                "{'error':{'message':'$text','type':'$type','param':'model','code':$code}}"},
			[SHAPE_RATE] = {429, "TooManyRequests", "429", "Too many requests", NULL},
			[SHAPE_BUSY] = {503, "ServiceUnavailableError", "503", "The server is overloaded", NULL},
			[SHAPE_INTERNAL] = {500, "InternalServerError", "500", "Internal server error", NULL},
		},
};
