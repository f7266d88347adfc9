/* What there is one of in this daemon. */
#ifndef PROXYD_PROXYD_H
#define PROXYD_PROXYD_H

#include "../proto/daemon/conf.h"
#include "../proto/daemon/ipc.h"
#include "leases.h"
#include "revocation.h"
#include "routes.h"
#include "settle.h"
#include "streams.h"

struct proxyd {
	const struct conf_proxyd *conf;
	bool audit_required;
	char *models_path;
	bool reload_refused;   /* the last SIGHUP changed nothing */
	struct routes *routes; /* for new streams */
	const uint8_t *lease_key;
	struct leases *leases;
	struct revocations revocations;
	struct streams streams;
	struct settle settle;
	struct ipc_link *edge, *authd, *limiterd;
};

/* Reads what needs rights to be read: the configuration with its credentials, and the lease key. */
void proxyd_acquire(const struct conf_proxyd *conf);

/* Opens the links and starts serving them. */
void proxyd_link(void);

/* Ends every stream and forgets every secret. */
void proxyd_close(void);

#endif
