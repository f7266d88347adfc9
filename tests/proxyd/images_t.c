#include "../../proxyd/images.h"

#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"
#include "images_properties.h"

/* "AAAA" and its like are three bytes. */
#define DATA "data:image/png;base64,AAAAAAAA"
#define URL "https://example.com/a.png"

static const struct {
	const char *body;
	unsigned count, bytes;
	const char *about;
} cases[] = {
	{"{}", 0, 0, "nothing"},
	{"{\"messages\":[{\"role\":\"user\",\"content\":\"an image: " DATA "\"}]}", 0, 0, "a text about an image"},
	{"{\"input\":[[1,2,3],[4]]}", 0, 0, "tokens"},
	{"\"image\"", 0, 0, "a word"},
	{"12", 0, 0, "a number"},

	/* OpenAI's chats and responses */
	{"{\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"" DATA "\",\"detail\":\"low\"}}]}", 1, 6,
     "a part"},
	{"{\"content\":[{\"type\":\"image_url\",\"image_url\":\"" DATA "\"}]}", 1, 6, "a part with a string"},
	{"{\"content\":[{\"image_url\":{\"url\":\"" DATA "\"}},{\"image_url\":\"" DATA "\"}]}", 2, 12, "parts of no type"},
	{"{\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"" URL "\"}}]}", 1, 0, "an image by URL"},
	{"{\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"HTTP://a/b\"}}]}", 1, 0, "one of another scheme"},
	{"{\"input\":[{\"type\":\"input_image\",\"image_url\":\"" DATA "\",\"detail\":\"auto\"}]}", 1, 6, "an input image"},
	{"{\"input\":[{\"type\":\"input_image\",\"file_id\":\"file-AAAA\"}]}", 1, 0, "one by the id of a file"},
	{"{\"input\":[{\"type\":\"input_image\",\"image_url\":null,\"file_id\":\"f\"}]}", 1, 0, "and no URL"},
	{"{\"input\":[{\"type\":\"computer_call_output\",\"output\":{\"type\":\"computer_screenshot\",\"image_url\":\"" DATA
     "\"}}]}",
     1, 6, "a screenshot"},
	{"{\"input\":[{\"type\":\"image_generation_call\",\"id\":\"ig_1\",\"status\":\"completed\",\"result\":\"AAAA\"}]}",
     1, 3, "an image that was made before"},
	{"{\"input\":[{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AAAA\",\"format\":\"wav\"}}]}", 0, 0,
     "a sound"},
	{"{\"input\":[{\"type\":\"input_file\",\"filename\":\"a.pdf\",\"file_data\":\"" DATA "\"}]}", 0, 0, "a document"},
	{"{\"content\":[{\"type\":\"video_url\",\"video_url\":{\"url\":\"data:video/jpeg;base64,AAAA\"}}]}", 1, 3,
     "a video"},
	{"{\"tools\":[{\"type\":\"image_generation\",\"input_image_mask\":{\"image_url\":\"" DATA "\"}}]}", 1, 6, "a mask"},

	/* Anthropic's messages */
	{"{\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/"
     "png\",\"data\":\"AAAA\"}}]}",
     1, 3, "a source in base64"},
	{"{\"content\":[{\"source\":{\"data\":\"AAAA\"},\"type\":\"image\"}]}", 1, 3, "whose type comes last"},
	{"{\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"" URL "\"}}]}", 1, 0, "by URL"},
	{"{\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"file\",\"file_id\":\"AAAA\"}}]}", 1, 0, "by file"},
	{"{\"content\":[{\"type\":\"image\",\"source\":{\"data\":\"AAAA\"},\"cache_control\":{\"type\":\"ephemeral\","
     "\"ttl\":"
     "\"1h\"}}]}",
     1, 3, "to be cached"},
	{"{\"content\":[{\"type\":\"tool_result\",\"content\":[{\"type\":\"image\",\"source\":{\"data\":\"AAAA\"}}]}]}", 1,
     3, "of a tool"},
	{"{\"content\":[{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"data\":\"AAAA\"}}]}", 0, 0,
     "a document there"},
	{"{\"content\":[{\"type\":\"document\",\"source\":{\"content\":[{\"type\":\"image\",\"source\":{\"data\":\"AAAA\"}}"
     "]}}]}",
     1, 3, "an image in one"},

	/* Ollama's chats and its like */
	{"{\"messages\":[{\"content\":\"x\",\"images\":[\"AAAA\",\"AAAAAAAA\"]},{\"images\":[\"AA==\"]}]}", 3, 10,
     "in messages"},
	{"{\"prompt\":\"x\",\"images\":[\"AAAA\"]}", 1, 3, "at the top"},
	{"{\"images\":[]}", 0, 0, "none in a list"},
	{"{\"images\":null}", 0, 0, "and no list"},
	{"{\"images\":[[137,80,78,71],[1]]}", 2, 5, "bytes in numbers"},
	{"{\"image\":\"" DATA "\",\"mask\":{\"file_id\":\"f\"}}", 2, 6, "an edit"},
	{"{\"images\":[{\"image_url\":\"" DATA "\"},{\"file_id\":\"f\"}]}", 2, 6, "an edit of two"},
	{"{\"prompt\":{\"prompt_string\":\"x\",\"multimodal_data\":[\"AAAA\",\"AAAA\"]}}", 2, 6, "what llama.cpp calls it"},
	{"{\"content\":[{\"type\":\"image\",\"base64\":\"AAAA\"},{\"type\":\"image\",\"image\":\"AAAA\"}]}", 2, 6,
     "others"},

	/* sizes */
	{"{\"image\":\"\"}", 1, 0, "an empty one"},
	{"{\"image\":\"A\"}", 1, 0, "a digit"},
	{"{\"image\":\"AA\"}", 1, 1, "two"},
	{"{\"image\":\"AAA=\"}", 1, 2, "three and padding"},
	{"{\"image\":\"AAAA\\r\\nAA AA\\t\"}", 1, 6, "lines"},
	{"{\"image\":\"\\/\\/+-_\\u002f9z\"}", 1, 6, "escaped digits"},
	{"{\"image\":\"data:image/svg+xml,%3Csvg/%3E\"}", 1, 10, "no base64: as it stands"},
	{"{\"image\":\"data:image/png;base64;x=y,AAAA\"}", 1, 4, "nor this"},
	{"{\"image\":\"data:;base64;base64,AAAA\"}", 1, 3, "but this"},
	{"{\"image\":\"DATA:image/png;BASE64,AAAA\"}", 1, 3, "in capitals"},
	{"{\"image\":\" \\n" DATA "\"}", 1, 6, "blanks in front"},
	{"{\"image\":\"d\\u0061ta:image\\/png\\u003bbase64\\u002cAAAA\"}", 1, 3, "in escapes"},
	{"{\"image\":\"data:AAAA\"}", 1, 9, "without a comma"},
	{"{\"image\":\"http\"}", 1, 3, "no URL"},

	/* hiding */
	{"{\"\\u0069mage_\\u0075rl\":\"AAAA\"}", 1, 3, "escapes in a name"},
	{"{\"IMAGE_URL\":\"AAAA\",\"Images\":[\"AAAA\"]}", 2, 6, "case"},
	{"{\"image\xc5\xbf\":[\"AAAA\"],\"ma\xc5\xbf\xe2\x84\xaa\":\"AAAA\"}", 2, 6, "letters that fold"},
	{"{\"image\\u017f\":[\"AAAA\"]}", 1, 3, "and their escapes"},
	{"{\"imageUrl\":\"AAAA\"}", 1, 3, "another way to write a name"},
	{"{\"image\":\"AAAA\",\"image\":\"AAAA\"}", 2, 6, "twice"},
	{"{\"content\":[{\"type\":\"image\",\"source\":{\"data\":\"AAAA\"},\"source\":{\"data\":\"A\"}}]}", 1, 3,
     "two sources"},
	{"{\"content\":[{\"type\":\"image\",\"type\":\"text\",\"source\":{\"data\":\"AAAA\"}}]}", 1, 3, "two types"},
	{"{\"content\":[{\"type\":\"text\",\"t\\u0079pe\":\"Im\\u0061ge\",\"source\":{\"data\":\"AAAA\"}}]}", 1, 3,
     "the other way"},
	{"{\"messages\":[],\"messages\":[{\"images\":[\"AAAA\"]}]}", 1, 3, "two lists of messages"},
	{"{\"a\":[[[[{\"b\":[{\"image_url\":{\"url\":[\"AAAA\"]}}]}]]]]}", 1, 3, "deep down"},
	{"[{\"image\":\"AAAA\"}]", 1, 3, "in no object"},
	{"{\"image\":{\"type\":\"text\",\"text\":\"x\",\"what\":{\"ever\":[\"AAAA\"]}}}", 1, 3, "of a kind unheard of"},
	{"{\"images\":[[\"AAAA\",[\"AAAA\"]],\"AAAA\"]}", 3, 9, "lists in lists"},
	{"{\"text\":[{\"type\":\"image\",\"source\":{\"data\":\"AAAA\"}}]}", 1, 3, "among what is no place for one"},
	{"{\"x\":{\"tools\":{\"image\":{\"url\":\"AAAA\"}}}}", 1, 3, "and where that is another"},
	{"{\"x\":\"\\\"\",\"image\":\"A\\\\\",\"y\":\"\\\\\\\"image\",\"images\":[\"AAAA\"]}", 2, 4, "behind quotes"},
	{"{\"image" /* too long for any name */
     "_of_a_name_that_is_longer_than_anything_here_that_is_the_name_of_an_image\":\"AAAA\"}",
     0, 0, "a long name"},

	/* what only looks so */
	{"{\"tools\":[{\"function\":{\"parameters\":{\"properties\":{\"image\":{\"type\":\"string\"},\"images\":{\"type\":"
     "\"array\"},"
     "\"image_url\":{\"type\":\"string\",\"description\":\"AAAA\"}},\"required\":[\"image\",\"images\"]}}}]}",
     0, 0, "a tool that takes images"},
	{"{\"response_format\":{\"json_schema\":{\"schema\":{\"properties\":{\"image\":{\"type\":\"string\"}}}}}}", 0, 0,
     "an answer with one"},
	{"{\"tools\":[{\"type\":\"image_generation\",\"size\":\"auto\"}],\"tool_choice\":{\"type\":\"image_generation\"}}",
     0, 0, "a tool that makes them"},
	{"{\"images_wanted\":\"AAAA\",\"imag\":\"AAAA\",\"reimage\":\"AAAA\"}", 0, 0, "names like it"},
	{"{\"type\":\"images\",\"data\":\"AAAA\"}", 0, 0, "a type like it"},
	{"{\"image\":true,\"images\":3}", 0, 0, "switches and numbers"},
};

static void every_case(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct images images;
		size_t length = strlen(cases[i].body);
		if (!ok(images_properties_count(cases[i].body, length, &images), "%s is JSON", cases[i].about))
			continue;
		is_int((long long)images.count, cases[i].count, "%s: images", cases[i].about);
		is_int((long long)images.bytes, cases[i].bytes, "%s: bytes", cases[i].about);
		const char *broken = images_properties_broken(cases[i].body, length);
		ok(!broken, "%s: %s", cases[i].about, broken ? broken : "however it is written");
	}
}

/* Every name and type, in capitals: what stands for an image must not depend on them. */
static void in_capitals(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (strchr(cases[i].body, '\\'))
			continue;
		char *body = strdup(cases[i].body);
		for (char *at = body; *at != '\0'; at++)
			if (*at >= 'a' && *at <= 'z' && strncmp(at, "true", 4) != 0 && strncmp(at, "null", 4) != 0)
				*at = (char)(*at - 'a' + 'A');
			else if (strncmp(at, "true", 4) == 0 || strncmp(at, "null", 4) == 0)
				at += 3;
		struct images images;
		ok(images_properties_count(body, strlen(body), &images) && images.count == cases[i].count, "%s, in capitals",
		   cases[i].about);
		free(body);
	}
}

static void as_deep_as_can_be(void)
{
	char body[512];
	char *at = body;
	for (int i = 0; i < 63; i++)
		*at++ = '[';
	at = stpcpy(at, "{\"image\":\"AAAA\"}");
	for (int i = 0; i < 63; i++)
		*at++ = ']';
	struct images images;
	ok(images_properties_count(body, (size_t)(at - body), &images), "64 levels");
	ok(images.count == 1 && images.bytes == 3, "have one image");
}

static void judges(void)
{
	static const struct {
		struct images images;
		struct scope scope;
		enum problem problem;
	} verdicts[] = {
		{{9, 9999}, {false, 0, 0}, PROBLEM_NONE},
		{{2, 1025}, {false, 2, 0}, PROBLEM_NONE},
		{{3, 0}, {false, 2, 0}, PROBLEM_TOO_MANY_IMAGES},
		{{UINT64_C(1) << 32, 0}, {false, 2, 0}, PROBLEM_TOO_MANY_IMAGES},
		{{9, 1024}, {false, 0, 1}, PROBLEM_NONE},
		{{1, 1025}, {false, 0, 1}, PROBLEM_IMAGES_TOO_LARGE},
		{{1, UINT64_C(1) << 40}, {false, 1, UINT32_MAX}, PROBLEM_NONE},
		{{2, 1025}, {false, 1, 1}, PROBLEM_TOO_MANY_IMAGES},
	};
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		is_int(images_judge(verdicts[i].images, &verdicts[i].scope), verdicts[i].problem, "verdict %zu", i);
}

int main(void)
{
	every_case();
	in_capitals();
	as_deep_as_can_be();
	judges();
	return tap_done();
}
