/* What heimgate-check prints of models.json, in sentences, on standard output. */
#ifndef PROXYD_CHECK_H
#define PROXYD_CHECK_H

#include "../proto/daemon/models.h"

/* An upstream, with whether the files that it names are there for whoever runs this. */
void check_upstream(const struct upstream *upstream);

/* A row of the file, without the aliases that lead to it. */
void check_row(const struct models *models, const struct model *row);

/* All that happens to requests for a name.  False when it leads nowhere. */
bool check_name(const struct models *models, const char *name);

#endif
