/*
 * Everything that proxyd itself tells a client: one table of problems with
 * their HTTP status, type, code and wording.  Wording says what happened and
 * never where an upstream is.
 */
#ifndef PROXYD_PROBLEM_H
#define PROXYD_PROBLEM_H

#include "../proto/wire/apierror.h"

/* X(NAME, status, "type", "code" or NULL, "message") */
#define PROBLEMS(X) \
	X(UNREACHABLE, 502, "server_error", "upstream_unreachable", "The model server could not be reached.") \
	X(CONNECT_TIMEOUT, 504, "server_error", "upstream_timeout", "The model server could not be reached in time.") \
	X(FIRST_BYTE_TIMEOUT, 504, "server_error", "upstream_timeout", \
	  "The model server did not begin to answer in time.") \
	X(IDLE_TIMEOUT, 504, "server_error", "upstream_timeout", "The model server fell silent within its answer.") \
	X(TOTAL_TIMEOUT, 504, "server_error", "upstream_timeout", "The request took longer than is allowed.") \
	X(BROKEN, 502, "server_error", "upstream_error", "The model server broke off the connection.") \
	X(UNFINISHED, 502, "server_error", "upstream_error", "The model server ended its stream before it was complete.") \
	X(REPORTED, 502, "server_error", "upstream_error", "The model server reported an error within its stream.") \
	X(ENCODED, 502, "server_error", "upstream_error", \
	  "The model server's answer is compressed, which was not asked for.") \
	X(PAGE, 502, "server_error", "upstream_error", "The model server answered with a web page.") \
	X(NO_STREAM, 502, "server_error", "upstream_error", \
	  "The model server answered in one piece, although a stream was asked for.") \
	X(WRONG_TYPE, 502, "server_error", "upstream_error", \
	  "The model server's answer is of a type that was not asked for.") \
	X(REDIRECTED, 502, "server_error", "upstream_error", \
	  "The model server answered with a redirect, which is not followed.") \
	X(BAD_LIST, 502, "server_error", "upstream_error", "The model server's answer cannot be understood.") \
	X(CREDENTIAL, 502, "server_error", "upstream_auth", "The model server refused the gateway access.") \
	X(BAD_BODY, 400, "invalid_request_error", NULL, "We could not parse the body of your request.") \
	X(TOO_LARGE, 413, "invalid_request_error", "request_too_large", "The request body is larger than is allowed.") \
	X(TOO_MANY_IMAGES, 400, "invalid_request_error", "too_many_images", \
	  "The request has more images than this API key may send at once.") \
	X(IMAGES_TOO_LARGE, 413, "invalid_request_error", "images_too_large", \
	  "The images of the request are larger, all together, than this API key may send at once.") \
	X(WRONG_MODEL, 400, "invalid_request_error", "model_mismatch", "The body names another model than was admitted.") \
	X(NO_MODEL, 404, "invalid_request_error", "model_not_found", \
	  "The model does not exist or you do not have access to it.") \
	X(NOT_OFFERED, 404, "invalid_request_error", "not_offered", "The model's server does not offer this.") \
	X(REVOKED, 401, "invalid_request_error", "invalid_api_key", "This API key has been revoked.") \
	X(CLOSED, 503, "server_error", "server_is_overloaded", \
	  "The model server has failed several times and is left alone for a moment; please retry.") \
	X(MOVED, 503, "server_error", "server_is_overloaded", "The model has just moved to another server; please retry.") \
	X(BUSY, 503, "server_error", "server_is_overloaded", \
	  "The gateway is handling as many requests as it can; please retry.") \
	X(UNRECORDED, 503, "server_error", "audit_unavailable", "Requests cannot be recorded at the moment; please retry.")

enum problem {
	PROBLEM_NONE,
#define X(name, status, type, code, message) PROBLEM_##name,
	PROBLEMS(X)
#undef X
		PROBLEM_COUNT
};

/* Static; not for PROBLEM_NONE. */
const struct api_error *problem_error(enum problem problem);

#endif
