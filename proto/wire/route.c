#include "route.h"

static const struct wire_route_info rows[] = {
#define X(name, number, METHODS, PATH, LABEL, SERVE, DIALECT, TAKES, NAMED, COST, SHAPE, KIB, WHAT) \
	[number] = {.route = ROUTE_##name, \
	            .methods = METHOD_##METHODS, \
	            .path = PATH, \
	            .label = LABEL, \
	            .serve = SERVE_##SERVE, \
	            .dialect = DIALECT_##DIALECT, \
	            .takes = TAKES_##TAKES, \
	            .named = NAMED_##NAMED, \
	            .cost = COST_##COST, \
	            .shape = SHAPE_##SHAPE, \
	            .body_kib = KIB, \
	            .what = WHAT},
	WIRE_ROUTES(X)
#undef X
};

const struct wire_route_info *wire_route_info(enum wire_route route)
{
	return &rows[route];
}

enum wire_route wire_get_route(struct wire_in *in)
{
	enum wire_route route = (enum wire_route)wire_get_enum(in, ROUTE_COUNT - 1);
	if (in->error == WIRE_OK && rows[route].serve != SERVE_UPSTREAM && rows[route].serve != SERVE_LIST)
		in->error = WIRE_BAD_VALUE;
	return route;
}
