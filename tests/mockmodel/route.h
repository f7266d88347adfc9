/* From a request to the one who answers it. */
#ifndef MOCKMODEL_ROUTE_H
#define MOCKMODEL_ROUTE_H

#include "answer.h"

/* Writes the next part of the answer: the whole of it, or one step of a stream. */
enum next route_step(struct exchange *x);

#endif
