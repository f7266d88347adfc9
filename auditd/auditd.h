/* The daemon: records in from three links, acknowledgements out, and answers about history. */
#ifndef AUDITD_AUDITD_H
#define AUDITD_AUDITD_H

#include "../proto/daemon/conf.h"

/* Opens journal and store under conf->state.  Ends the process on failure. */
void auditd_load(const struct conf_auditd *conf);

/* Opens the links and the control socket.  After auditd_load(), so that acknowledgements are queued before a
 * batch's frames are sent.  Ends the process on failure. */
void auditd_open(void);

void auditd_close(void);

#endif
