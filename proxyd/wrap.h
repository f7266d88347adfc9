/*
 * What becomes of a model server's error: a body that already has the shape
 * of the client's dialect goes to the client as it is, because clients act on
 * its wording; anything else is put into that envelope.
 */
#ifndef PROXYD_WRAP_H
#define PROXYD_WRAP_H

#include "../proto/wire/apierror.h"

enum { WRAP_BODY_MAX = 64 * 1024 }; /* bytes of an error body worth keeping */

/*
 * The status for the client.  429 would say that the client's own limit was reached, so a server's 429
 * becomes 503; what HTTP does not know becomes 502.
 */
int wrap_status(int status);

/*
 * Renders that client's envelope around a body of `length` bytes that came with this status into
 * text[API_ERROR_MAX] and returns its length; 0 when the body is to go as it is.
 */
size_t wrap_body(const struct api_client *client, int status, const char *body, size_t length, char *text);

#endif
