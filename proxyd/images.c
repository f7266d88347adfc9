#include "images.h"

#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/wire/json.h"
#include "images_text.h"

/* An open object or array; the outermost is the document's. */
struct level {
	bool is_object;
	bool is_image;         /* its strings are one image, whatever else is in it */
	bool in_schema;        /* among what describes tools and answers */
	enum images_word word; /* the member whose value is read; of an array: the one it is the value of */
	uint64_t count;        /* images in it so far */
	uint64_t loose;        /* bytes in it that belong to the image around it, if there is one */
};

struct walk {
	const char *at; /* the next byte */
	bool at_name;   /* the next string is a member's name */
	size_t depth;
	uint64_t bytes;
	struct level levels[JSON_DEPTH_MAX + 1];
};

static void open_level(struct walk *walk, bool is_object)
{
	CHECK(walk->depth < JSON_DEPTH_MAX);
	const struct level *outer = &walk->levels[walk->depth];
	bool in_schema = outer->in_schema || (walk->depth == 1 && outer->word == IMAGES_WORD_SCHEMA);
	bool is_list = !is_object && outer->word != IMAGES_WORD_TYPE;
	walk->levels[++walk->depth] = (struct level){
		.is_object = is_object,
		.is_image = is_object && outer->word == IMAGES_WORD_IMAGE && !in_schema, /* there, a property of that name */
		.in_schema = in_schema,
		.word = is_list ? outer->word : IMAGES_WORD_OTHER,
	};
	walk->at_name = is_object;
	walk->at++;
}

static void close_level(struct walk *walk)
{
	CHECK(walk->depth > 0);
	struct level *inner = &walk->levels[walk->depth], *outer = &walk->levels[walk->depth - 1];
	if (inner->is_image) {
		walk->bytes += inner->loose;
		inner->loose = 0;
		if (inner->count == 0)
			inner->count = 1;
	}
	outer->count += inner->count;
	outer->loose += inner->loose;
	walk->depth--;
	walk->at_name = false;
	walk->at++;
}

static void take_text(struct walk *walk, struct level *level, const char *text, const char *end)
{
	switch (level->word) {
	case IMAGES_WORD_IMAGE:
		level->count++;
		walk->bytes += images_text_bytes(text, end);
		break;
	case IMAGES_WORD_TYPE:
		level->is_image |= images_text_is_type(text, end);
		break;
	case IMAGES_WORD_OTHER:
		level->loose += images_text_bytes(text, end);
		break;
	case IMAGES_WORD_QUIET:
	case IMAGES_WORD_SCHEMA:
		break;
	}
}

static void take_string(struct walk *walk, const char *limit)
{
	struct level *level = &walk->levels[walk->depth];
	const char *text = walk->at + 1, *end = images_text_end(text, limit);
	if (walk->at_name)
		level->word = images_text_word(text, end);
	else
		take_text(walk, level, text, end);
	walk->at_name = false;
	walk->at = end + 1;
}

/* Numbers in a list may be bytes: Go reads them so where it expects base64. */
static void take_scalar(struct walk *walk, const char *limit)
{
	struct level *level = &walk->levels[walk->depth];
	bool is_number = *walk->at == '-' || (*walk->at >= '0' && *walk->at <= '9');
	if (is_number && !level->is_object) {
		level->loose++;
		level->is_image |= level->word == IMAGES_WORD_IMAGE;
	}
	while (walk->at < limit && !strchr(",]} \t\r\n", *walk->at))
		walk->at++;
}

static void take_token(struct walk *walk, const char *limit)
{
	switch (*walk->at) {
	case '{':
	case '[':
		open_level(walk, *walk->at == '{');
		break;
	case '}':
	case ']':
		close_level(walk);
		break;
	case '"':
		take_string(walk, limit);
		break;
	case ',':
		walk->at_name = walk->levels[walk->depth].is_object;
		walk->at++;
		break;
	case ':':
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		walk->at++;
		break;
	default:
		take_scalar(walk, limit);
	}
}

struct images images_in_json(const char *body, size_t length)
{
	struct walk walk = {.at = body};
	while (walk.at < body + length)
		take_token(&walk, body + length);
	return (struct images){walk.levels[0].count, walk.bytes};
}

enum problem images_judge(struct images images, const struct scope *scope)
{
	if (scope->images != 0 && images.count > scope->images)
		return PROBLEM_TOO_MANY_IMAGES;
	if (scope->image_kib != 0 && images.bytes > (uint64_t)scope->image_kib * 1024)
		return PROBLEM_IMAGES_TOO_LARGE;
	return PROBLEM_NONE;
}
