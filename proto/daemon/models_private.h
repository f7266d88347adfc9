/* Reading models.json: what its parts have in common. */
#ifndef DAEMON_MODELS_PRIVATE_H
#define DAEMON_MODELS_PRIVATE_H

#include <jansson.h>

#include "models.h"
#include "models_members.h"

enum { MODELS_PLACE_MAX = 512, MODELS_PATH_MAX = 4095, MODELS_URL_MAX = 1024 };

/* What is being read, and where the reason goes when it cannot be used. */
struct reader {
	const char *path;
	char *error;
	size_t size;
	struct models *models;
};

/* One object of the file and how a person finds it: "upstreams.ollama". */
struct place {
	struct reader *reader;
	const char *name;
	const json_t *object;
};

/* --- models_reader.c: each is false, with the reason noted, when the file cannot be used --- */

/* Always false.  An empty member means the place itself. */
bool models_refuse(const struct place *at, const char *member, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

bool models_is_object(const struct place *at);

/* No members but those that such an object may have. */
bool models_has_only(const struct place *at, enum models_object object);

/* A string without control characters, of 1 to max bytes.  *text is borrowed; NULL when the member is absent. */
bool models_get_text(const struct place *at, const char *member, size_t max, const char **text);

/* The same, and it must be there. */
bool models_need_text(const struct place *at, const char *member, size_t max, const char **text);

/* The same as a copy; NULL when the member is absent. */
bool models_copy_text(const struct place *at, const char *member, size_t max, char **text);

/* A whole number; *number keeps its value when the member is absent. */
bool models_get_number(const struct place *at, const char *member, unsigned minimum, unsigned maximum,
                       unsigned *number);

/* true or false; *flag keeps its value when the member is absent. */
bool models_get_flag(const struct place *at, const char *member, bool *flag);

/* A list of at most `max`; *list is borrowed, NULL when the member is absent. */
bool models_get_list(const struct place *at, const char *member, size_t max, const json_t **list);

/* For names that are no member's value, and so do not come through models_get_text(). */
bool models_check_name(const struct place *at, const char *name, size_t max);

/* Memory, zeroed; a copy.  Never NULL. */
void *models_allocate(size_t count, size_t size);
char *models_copy(const char *text);

/* --- models_upstream.c and models_model.c --- */

bool models_read_upstreams(const struct place *at);
void models_free_upstream(struct upstream *upstream);

/* After the upstreams. */
bool models_read_models(const struct place *at);
void models_free_model(struct model *model);

#endif
