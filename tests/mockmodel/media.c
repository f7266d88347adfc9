#include "media.h"

#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "script.h"

enum { SOUND = 4096 };

/* The smallest PNG there is. */
#define PICTURE "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

static long wanted_images(const struct exchange *x)
{
	char *part = answer_part(x, "n");
	long wanted = part ? strtol(part, NULL, 10) : json_integer_value(json_object_get(x->json, "n"));
	free(part);
	return wanted > 0 ? wanted : 1;
}

enum next media_images(struct exchange *x)
{
	struct bytes list = {0};
	long wanted = wanted_images(x);
	for (long i = 0; i < wanted; i++)
		bytes_text(&list, i > 0 ? ",{\"b64_json\":\"" PICTURE "\"}" : "{\"b64_json\":\"" PICTURE "\"}");
	x->values = (struct shape_values){
		.list = list.data,
		.in = script_prompt_words(x->json),
		.out = 272 * (uint64_t)wanted,
		.silent = behaviour_has(&x->behaviour, FAULT(NO_USAGE)),
	};
	enum next next = answer_template(x,
	                                 x->values.silent ? "{'created':1700000000,'data':[$list]}"
	                                                  : "{'created':1700000000,'data':[$list],'usage':{'input_tokens':"
	                                                    "$in,'output_tokens':$out,'total_tokens':$total}}",
	                                 &x->values);
	bytes_free(&list);
	return next;
}

/* Bytes of every value, behind the name of their kind. */
enum next media_speech(struct exchange *x)
{
	struct bytes sound = {0};
	bytes_text(&sound, "ID3");
	for (unsigned i = 0; i < SOUND; i++)
		bytes_put(&sound, &(char){(char)i}, 1);
	enum next next = answer_whole(x, 200, "audio/mpeg", "", &sound);
	bytes_free(&sound);
	return next;
}

#define SPOKEN \
	"'usage':{'type':'tokens','input_tokens':$in,'input_token_details':{'text_tokens':0,'audio_tokens':$in}," \
	"'output_tokens':$out,'total_tokens':$total}"

static const struct form transcript_form = {
	.framing = FRAMED_TYPED,
	.whole = "{'text':'$text'," SPOKEN "}",
	.delta = "{'type':'transcript.text.delta','delta':'$text'}",
	.finish = "{'type':'transcript.text.done','text':'$text'," SPOKEN "}",
};

static enum next answer_plainly(struct exchange *x)
{
	script_write(x);
	bytes_text(&x->text, "\n");
	return answer_whole(x, 200, "text/plain; charset=utf-8", "", &x->text);
}

enum next media_transcription(struct exchange *x)
{
	char *format = answer_part(x, "response_format"), *stream = answer_part(x, "stream");
	bool plain = format && strcmp(format, "json") != 0;
	bool streaming = stream && strcmp(stream, "true") == 0;
	free(format);
	free(stream);
	return plain ? answer_plainly(x) : generate_begin(x, &transcript_form, streaming);
}
