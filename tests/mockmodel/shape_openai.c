/* OpenAI itself. */
#include "shape.h"

const struct shape shape_openai = {
	.name = "openai",
	.chunk = "'id':'chatcmpl-0123456789abcdef0123456789abc','object':'chat.completion.chunk','created':1700000000,"
			 "'model':'$model','service_tier':'default','system_fingerprint':'fp_mock'",
	.plain = "'id':'cmpl-0123456789abcdef0123456789abc','object':'text_completion','created':1700000000,"
			 "'model':'$model'",
	.tokens = "'usage':{'prompt_tokens':$in,'completion_tokens':$out,'total_tokens':$total,"
			  "'prompt_tokens_details':{'cached_tokens':0,'audio_tokens':0},"
			  "'completion_tokens_details':{'reasoning_tokens':0,'audio_tokens':0}}",
	.chat = "{'id':'chatcmpl-0123456789abcdef0123456789abc','object':'chat.completion','created':1700000000,"
			"'model':'$model','choices':[{'index':0,'message':{'role':'assistant','content':'$text','refusal':null,"
			"'annotations':[]},'logprobs':null,'finish_reason':'$finish'}],$tokens,'service_tier':'default',"
			"'system_fingerprint':'fp_mock'}\n",
	.chat_first = "{$chunk,'choices':[{'index':0,'delta':{'role':'assistant','content':'','refusal':null},"
				  "'logprobs':null,'finish_reason':null}]$usage}",
	.chat_delta = "{$chunk,'choices':[{'index':0,'delta':{'content':'$text'},'logprobs':null,'finish_reason':null}]"
				  "$usage}",
	.chat_finish = "{$chunk,'choices':[{'index':0,'delta':{},'logprobs':null,'finish_reason':'$finish'}]$usage}",
	.chat_usage = "{$chunk,'choices':[],$tokens}",
	.call = "{'id':'chatcmpl-0123456789abcdef0123456789abc','object':'chat.completion','created':1700000000,"
			"'model':'$model','choices':[{'index':0,'message':{'role':'assistant','content':null,'tool_calls':["
			"{'id':'call_0123456789abcdef01234567','type':'function','function':{'name':'$name','arguments':'$text'}}],"
			"'refusal':null,'annotations':[]},'logprobs':null,'finish_reason':'$finish'}],$tokens,"
			"'service_tier':'default','system_fingerprint':'fp_mock'}\n",
	.call_first = "{$chunk,'choices':[{'index':0,'delta':{'role':'assistant','content':null,'tool_calls':[{'index':0,"
				  "'id':'call_0123456789abcdef01234567','type':'function','function':{'name':'$name','arguments':''}}],"
				  "'refusal':null},'logprobs':null,'finish_reason':null}]$usage}",
	.call_delta = "{$chunk,'choices':[{'index':0,'delta':{'tool_calls':[{'index':0,'function':{'arguments':'$text'}}]},"
				  "'logprobs':null,'finish_reason':null}]$usage}",
	.completion = "{$plain,'choices':[{'text':'$text','index':0,'logprobs':null,'finish_reason':'$finish'}],$tokens}\n",
	.completion_delta = "{$plain,'choices':[{'text':'$text','index':0,'logprobs':null,'finish_reason':null}]$usage}",
	.completion_finish = "{$plain,'choices':[{'text':'','index':0,'logprobs':null,'finish_reason':'$finish'}]$usage}",
	.completion_usage = "{$plain,'choices':[],$tokens}",
	.embeddings =
		"{'object':'list','data':[$list],'model':'$model','usage':{'prompt_tokens':$in,'total_tokens':$in}}\n",
	.embedding = "{'object':'embedding','index':$index,'embedding':$list}",
	.models = "{'object':'list','data':$list}\n",
	.model = "{'id':'$model','object':'model','created':1700000000,'owned_by':'system'}",
	.error = "{'error':{'message':'$text','type':'$type','param':null,'code':$code}}\n",
	.errors =
		{
			[SHAPE_BAD_BODY] = {400, "invalid_request_error", "null",
                                "We could not parse the JSON body of your request.", NULL},
			[SHAPE_CONTEXT] = {400, "invalid_request_error", "'context_length_exceeded'",
                               "This model^s maximum context length is 8192 tokens.", NULL},
			[SHAPE_BAD_KEY] = {401, "invalid_request_error", "'invalid_api_key'", "Incorrect API key provided.", NULL},
			[SHAPE_NO_MODEL] = {404, "invalid_request_error", "'model_not_found'",
                                "The model `$model` does not exist or you do not have access to it.", NULL},
			[SHAPE_RATE] = {429, "requests", "'rate_limit_exceeded'",
                            "Rate limit reached for requests. Please try again in 7s.", NULL},
			[SHAPE_BUSY] = {503, "server_error", "'server_is_overloaded'", "The server is overloaded.", NULL},
			[SHAPE_INTERNAL] = {500, "server_error", "null", "The server had an error.", NULL},
		},
};
