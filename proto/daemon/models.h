/*
 * models.json: which upstreams there are and which model goes where.
 * limiterd reads pools and targets from it, proxyd reads routes; both read
 * all of it, so that both agree on what is valid.
 */
#ifndef DAEMON_MODELS_H
#define DAEMON_MODELS_H

#include <stdbool.h>
#include <stddef.h>

#include "../wire/stamp.h"

enum {
	ROUTE_TARGETS_MAX = 16,      /* targets and fallbacks of one model */
	TARGET_PARAMS_MAX = 8,       /* members dropped and set at one target */
	TARGET_PARAM_SIZE = 4 * 1024 /* bytes of a member that is set, name included */
};

enum upstream_kind { UPSTREAM_OLLAMA, UPSTREAM_OPENAI, UPSTREAM_ANTHROPIC, UPSTREAM_GEMINI, UPSTREAM_AZURE };

struct upstream {
	char name[UPSTREAM_NAME_MAX + 1];
	enum upstream_kind kind;
	char *base_url;     /* without a trailing slash */
	char *api_key_file; /* NULL: none */
	char *ca_file;      /* who vouches for its certificate; NULL: whom the system trusts */
	char *proxy;        /* NULL: none */
	char *health_path;  /* asked of the server's root; NULL: what its kind has */
	char **headers;     /* "Name: value", with every request */
	size_t header_count;
	bool local;                  /* what is sent there stays in the house */
	unsigned slots;              /* requests at one time; default 10 */
	unsigned acquire_timeout;    /* ms to wait for a slot; default 250 */
	unsigned connect_timeout;    /* ms; 0: as configured for all, so the next two */
	unsigned first_byte_timeout; /* ms */
	unsigned idle_timeout;       /* ms */
	unsigned health_interval;    /* ms of silence until it is asked how it is; 0: never; default 10000 */
	unsigned open_after;         /* failures in a row until it is given no work; 0: never; default 5 */
	unsigned open_time;          /* ms until it is tried again, doubled each time; default 5000 */
	char **warm;                 /* models to load at start */
	size_t warm_count;
};

/* A member of request bodies. */
struct param {
	char *name;
	char *member; /* `"name":value`; NULL: it is dropped */
};

struct target {
	size_t upstream;                /* index */
	char model[MODEL_NAME_MAX + 1]; /* name sent upstream; "": the name asked for */
	unsigned weight;                /* share among the targets; default 1 */
	bool drain;                     /* no new requests */
	struct param *params;
	size_t param_count;
};

/* Why a request goes on to another target, as a set. */
enum fallback_on {
	FALLBACK_CONNECT = 1, /* not reached, or given no work at the moment */
	FALLBACK_TIMEOUT = 2, /* no first byte in time */
	FALLBACK_5XX = 4,
	FALLBACK_429 = 8,
	FALLBACK_ALL = 15
};

struct model {
	char name[MODEL_NAME_MAX + 1];  /* "*": any other */
	char alias[MODEL_NAME_MAX + 1]; /* another name for this one; "": it has targets */
	struct target *targets;         /* those that share the load, then the fallbacks in their order */
	size_t target_count;
	size_t fallback_count;
	unsigned fallback_on; /* enum fallback_on */
	unsigned retries;     /* of one target, before the next is asked */
};

struct models {
	struct upstream *upstreams;
	size_t upstream_count;
	struct model *models;
	size_t model_count;
};

/*
 * Reads and checks a file; the result is the caller's to models_free().
 * NULL when it cannot be used; error[size] then says file, place and reason in one line.
 */
struct models *models_load(const char *path, char *error, size_t size);
void models_free(struct models *models);

/* The row of a name: its own, else the "*" row, else NULL. */
const struct model *models_find(const struct models *models, const char *name);

/*
 * The row with targets that *name leads to when aliases are followed, and in *name what it is called there (borrowed
 * from the caller or from `models`).  NULL when there is none.
 */
const struct model *models_route(const struct models *models, const char **name);

/* Targets and fallbacks together. */
size_t model_targets(const struct model *model);

/* Index of an upstream by name, or -1. */
long models_upstream(const struct models *models, const char *name);

/* "ollama".  Static. */
const char *upstream_kind_name(enum upstream_kind kind);

/* Whether an upstream of that kind can be asked for this. */
bool upstream_offers(const struct upstream *upstream, enum wire_route route);

#endif
