/* What OpenAI's and Ollama's lists have in common. */
#ifndef PROXYD_MODELLIST_PRIVATE_H
#define PROXYD_MODELLIST_PRIVATE_H

#include <jansson.h>

#include "modellist.h"

/* The row with targets that a name leads to, or NULL; in *there what it is called in it. */
const struct model *modellist_route(const struct modellist *list, const char *name, const char **there);

/* Whether the key may be sent to that target. */
bool modellist_may_reach(const struct modellist *list, const struct target *target);

/* Whether asking for that name may lead the key to that upstream. */
bool modellist_leads_to(const struct modellist *list, const char *name, size_t upstream);

/* Whether a configured name is shown to the key. */
bool modellist_shows(const struct modellist *list, const char *name);

/* An upstream's answer; NULL when it is no JSON, or of more values than a list can need. */
json_t *modellist_parse(const char *answer, size_t length);

/* As text; takes the object over. */
char *modellist_render(json_t *object);

#endif
