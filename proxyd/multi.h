/* libcurl's multi handle on the event loop: its sockets and its timer. */
#ifndef PROXYD_MULTI_H
#define PROXYD_MULTI_H

#include <curl/curl.h>

/* NULL when libcurl cannot be started. */
CURLM *multi_open(void);

/* After a batch: calls libcurl if it wants to be called without delay. */
void multi_run(void);

/* After multi_run(), and whatever followed it: the loop does not sleep if libcurl wants that again by now. */
void multi_rest(void);

void multi_close(void);

#endif
