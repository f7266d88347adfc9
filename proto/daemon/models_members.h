/* Every member that an object of models.json may have: what is let in, and what the documents say of it. */
#ifndef DAEMON_MODELS_MEMBERS_H
#define DAEMON_MODELS_MEMBERS_H

#include <stddef.h>

enum models_object { MODELS_FILE, MODELS_UPSTREAM, MODELS_MODEL, MODELS_ALIAS, MODELS_TARGET };

struct models_member {
	enum models_object object;
	const char *name;
	const char *value;    /* what it may be */
	const char *standard; /* what it is when it is absent; "required" when it must not be, "" for nothing */
	const char *meaning;
};

/* All of them, object by object.  Static. */
const struct models_member *models_members(size_t *count);

#endif
