#include "../../proxyd/tally.h"

#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"

/* Scans the whole answer in every two pieces; all must agree. */
static void check(enum wire_shape shape, const char *answer, bool whole, bool counted, uint64_t in, uint64_t out)
{
	size_t length = strlen(answer), bad = 0;
	for (size_t first = 0; first <= length; first++) {
		struct tally tally;
		tally_start(&tally, shape);
		tally_object_start(&tally);
		tally_feed(&tally, answer, first);
		tally_feed(&tally, answer + first, length - first);
		bad += (tally_object_end(&tally) != TALLY_CUT) != whole;
		bad += tally.counted != counted || tally.tokens_in != in || tally.tokens_out != out;
	}
	is_int((long long)bad, 0, "%s", answer);
}

static void chat(void)
{
	const enum wire_shape shape = SHAPE_CHAT;
	check(shape, "{\"usage\":{\"prompt_tokens\":26,\"completion_tokens\":2,\"total_tokens\":28}}", true, true, 26, 2);
	check(shape,
	      "{\"id\":\"x\",\"choices\":[{\"usage\":{\"prompt_tokens\":9}}],\"usage\":{\"completion_tokens\":2,"
	      "\"prompt_tokens\":26,\"prompt_tokens_details\":{\"cached_tokens\":3}}} ",
	      true, true, 26, 2);
	check(shape, "{\"usage\":{\"prompt_tokens\":8,\"total_tokens\":8}}", true, true, 8, 0);
	check(shape, "{\"usage\":{\"prompt_tokens\":8,\"total_tokens\":11}}", true, true, 8, 3);
	check(shape, "{\"usage\":{\"completion_tokens\":3,\"total_tokens\":11}}", true, true, 8, 3);
	check(shape, "{\"usage\":{\"total_tokens\":11}}", true, true, 11, 0);
	check(shape, "{\"usage\":{\"prompt_tokens\":9223372036854775807,\"completion_tokens\":9007199254740992}}", true,
	      true, 1000000000, 1000000000);
	check(shape, "{\"usage\":{\"prompt_tokens\":8,\"total_tokens\":2}}", true, true, 8, 0);
	check(shape, "{\"usage\":null}", true, false, 0, 0);
	check(shape, "{\"usage\":{\"prompt_tokens\":-1}}", true, false, 0, 0);
	check(shape, "{\"choices\":[]}", true, false, 0, 0);
	check(shape, "plain text", true, false, 0, 0);
	check(shape, "{\"usage\":{\"prompt_tokens\":26", false, false, 0, 0);
	check(shape, "{\"usage\":{\"prompt_tokens\":26}", false, false, 0, 0);
}

static void other_answers(void)
{
	check(SHAPE_RESPONSE, "{\"id\":\"r\",\"usage\":{\"input_tokens\":26,\"output_tokens\":2,\"total_tokens\":28}}",
	      true, true, 26, 2);
	check(SHAPE_MEDIA, "{\"text\":\"x\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,\"output_tokens\":45}}",
	      true, true, 14, 45);
	check(SHAPE_MEDIA, "{\"text\":\"x\",\"usage\":{\"type\":\"duration\",\"seconds\":3}}", true, false, 0, 0);
	check(SHAPE_MESSAGE,
	      "{\"type\":\"message\",\"usage\":{\"input_tokens\":20,\"cache_creation_input_tokens\":3,"
	      "\"cache_read_input_tokens\":4,\"output_tokens\":2}}",
	      true, true, 27, 2);
	check(SHAPE_MESSAGE, "{\"type\":\"message\",\"usage\":{\"input_tokens\":20,\"output_tokens\":2}}", true, true, 20,
	      2);
	check(SHAPE_LINES, "{\"done\":true,\"prompt_eval_count\":26,\"eval_count\":2}\n", true, true, 26, 2);
	check(SHAPE_LINES, "{\"done\":true,\"eval_count\":2}", true, true, 0, 2);
	check(SHAPE_LINES, "{\"embeddings\":[[0]],\"prompt_eval_count\":7}", true, true, 7, 0);
	check(SHAPE_LINES, "{\"done\":true,\"done_reason\":\"load\"}", true, true, 0, 0);
	check(SHAPE_LINES, "{\"done\":true,\"done_reason\":\"stop\"}", true, false, 0, 0);
	check(SHAPE_LINES, "{\"embedding\":[0]}", true, false, 0, 0);
	check(SHAPE_PLAIN, "{\"input_tokens\":7}", true, false, 0, 0);
}

static enum tally_object object(struct tally *tally, const char *text)
{
	tally_object_start(tally);
	tally_feed(tally, text, strlen(text));
	return tally_object_end(tally);
}

static void response_events(void)
{
	struct tally tally;
	tally_start(&tally, SHAPE_RESPONSE);
	object(&tally, "{\"type\":\"response.created\",\"response\":{\"usage\":null}}");
	object(&tally, "{\"type\":\"response.output_text.delta\",\"delta\":\"x\"}");
	object(&tally, "{\"type\":\"error\",\"code\":\"x\"}");
	ok(!tally.done && !tally.failed && !tally.counted, "an error does not end a response for all clients");
	is_int((long long)tally.chunks, 1, "deltas are counted");
	object(&tally, "{\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"usage\":{\"input_tokens\":26,"
	               "\"input_tokens_details\":{\"cached_tokens\":0},\"output_tokens\":2,\"total_tokens\":28}}}");
	ok(tally.done && tally.counted && tally.tokens_in == 26 && tally.tokens_out == 2, "its end tells the usage");
	is_int((long long)tally.objects, 4, "events are counted");
	tally_start(&tally, SHAPE_RESPONSE);
	object(&tally, "{\"type\":\"response.failed\",\"response\":{\"usage\":null}}");
	ok(tally.failed && !tally.done, "a failed response");
	tally_start(&tally, SHAPE_RESPONSE);
	object(&tally, "{\"type\":\"response.incomplete\",\"response\":{}}");
	ok(tally.done && !tally.failed, "an incomplete one is complete");
}

static void message_events(void)
{
	struct tally tally;
	tally_start(&tally, SHAPE_MESSAGE);
	object(&tally, "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":20,"
	               "\"cache_read_input_tokens\":6,\"output_tokens\":1}}}");
	ok(!tally.counted && tally.tokens_in == 26, "what was read is known at the start");
	object(&tally, "{\"type\":\"ping\"}");
	object(&tally, "{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{}}");
	object(&tally, "{\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":2}}");
	ok(tally.counted && tally.tokens_in == 26 && tally.tokens_out == 2, "what was written at the end");
	ok(!tally.done, "which is not yet the end");
	object(&tally, "{\"type\":\"message_stop\"}");
	ok(tally.done && !tally.failed && tally.chunks == 1, "but this is");
	tally_start(&tally, SHAPE_MESSAGE);
	object(&tally, "{\"type\":\"error\",\"error\":{}}");
	ok(tally.failed, "an error");
}

static void media_events(void)
{
	static const char *const ends[] = {"speech.audio.done", "transcript.text.done", "image_generation.completed",
	                                   "image_edit.completed"};
	struct tally tally;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		char text[128];
		snprintf(text, sizeof(text), "{\"usage\":{\"input_tokens\":3,\"output_tokens\":4},\"type\":\"%s\"}", ends[i]);
		tally_start(&tally, SHAPE_MEDIA);
		object(&tally, "{\"type\":\"transcript.text.delta\"}");
		object(&tally, text);
		ok(tally.done && tally.counted && tally.tokens_out == 4 && tally.chunks == 1, "%s", ends[i]);
	}
	tally_start(&tally, SHAPE_MEDIA);
	object(&tally, "{\"error\":{\"message\":\"x\"}}");
	ok(tally.failed, "an error without a type");
	tally_start(&tally, SHAPE_MEDIA);
	object(&tally, "{\"type\":\"error\",\"error\":{\"message\":\"x\"}}");
	ok(tally.failed, "an error");
}

int main(void)
{
	chat();
	other_answers();
	response_events();
	message_events();
	media_events();
	return tap_done();
}
