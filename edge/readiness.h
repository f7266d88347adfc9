/* What the other daemons say about themselves, put together for GET /ready. */
#ifndef EDGE_READINESS_H
#define EDGE_READINESS_H

#include "../proto/wire/msg_common.h"
#include "links.h"

enum readiness_answer { READINESS_DOWN, READINESS_AWAITED, READINESS_THERE };

struct readiness {
	struct {
		enum readiness_answer answer;
		struct health health; /* with READINESS_THERE */
	} hops[HOP_COUNT];
};

/* Daemons that have not answered and still may. */
unsigned readiness_awaited(const struct readiness *readiness);

/* Renders it as JSON; *all_well says whether nothing is amiss.  The caller frees; NULL without memory. */
char *readiness_text(const struct readiness *readiness, const char *sandbox, bool *all_well);

#endif
