#include "refusal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define INVALID_REQUEST "invalid_request_error"

static void say(struct refusal *refusal, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct refusal *refusal, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(refusal->message, sizeof(refusal->message), format, arguments);
	va_end(arguments);
}

static void begin(struct refusal *refusal, uint16_t status, const char *code)
{
	*refusal = (struct refusal){.status = status, .type = INVALID_REQUEST, .code = code};
}

void refusal_http(struct refusal *refusal, const struct http_refusal *why)
{
	begin(refusal, why->status, why->status == 413 ? "request_too_large" : NULL);
	say(refusal, "The request was refused: %s.", why->reason);
}

void refusal_bad_request(struct refusal *refusal, const char *reason)
{
	begin(refusal, 400, NULL);
	say(refusal, "The request cannot be understood: %s.", reason);
}

void refusal_path(struct refusal *refusal, struct refusal_text method, struct refusal_text target)
{
	begin(refusal, 404, NULL);
	say(refusal, "Invalid URL (%.*s %.*s)", (int)method.length, method.bytes, (int)target.length, target.bytes);
}

void refusal_method(struct refusal *refusal, struct refusal_text method, struct refusal_text target, const char *allow)
{
	begin(refusal, 405, "method_not_supported");
	refusal->allow = allow;
	say(refusal, "Not allowed to %.*s on %.*s. (HINT: Perhaps you meant to use a different HTTP method?)",
	    (int)method.length, method.bytes, (int)target.length, target.bytes);
}

void refusal_nobody(struct refusal *refusal)
{
	begin(refusal, 403, "model_management_refused");
	refusal->never_retry = true;
	say(refusal, "Models and accounts are not managed through this gateway. Ask whoever runs it.");
}

void refusal_no_key(struct refusal *refusal)
{
	begin(refusal, 401, NULL);
	say(refusal, "You didn't provide an API key. You need to provide your API key in an Authorization header using "
	             "Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) "
	             "if you're accessing the API from your browser and are prompted for a username and password.");
}

void refusal_key(struct refusal *refusal, enum auth_reason reason, const char *masked)
{
	begin(refusal, 401, "invalid_api_key");
	switch (reason) {
	case AUTH_UNKNOWN:
		say(refusal, "Incorrect API key provided: %s. You can get one from whoever runs this gateway.", masked);
		break;
	case AUTH_REVOKED:
		say(refusal, "Incorrect API key provided: %s. It was revoked.", masked);
		break;
	case AUTH_EXPIRED:
		say(refusal, "Incorrect API key provided: %s. It has expired.", masked);
		break;
	case AUTH_UNAVAILABLE:
		refusal_overloaded(refusal, "the API key cannot be checked now");
		return;
	}
	refusal->never_retry = true;
}

void refusal_media_type(struct refusal *refusal, const char *wanted)
{
	begin(refusal, 415, "unsupported_media_type");
	say(refusal, "The request's Content-Type is not %s.", wanted);
}

void refusal_encoding(struct refusal *refusal)
{
	begin(refusal, 415, "unsupported_content_encoding");
	say(refusal, "The request's body is compressed. Send it without a Content-Encoding.");
}

void refusal_json(struct refusal *refusal, enum json_error error, uint64_t offset)
{
	begin(refusal, 400, NULL);
	if (error == JSON_OK)
		say(refusal, "We could not parse the JSON body of your request. (HINT: It must be a JSON object.)");
	else
		say(refusal, "We could not parse the JSON body of your request. (HINT: %s, at byte %" PRIu64 ".)",
		    json_error_text(error), offset);
}

void refusal_form(struct refusal *refusal, enum form_error error, uint64_t offset)
{
	begin(refusal, 400, NULL);
	say(refusal, "We could not parse the multipart form body of your request. (HINT: %s, at byte %" PRIu64 ".)",
	    form_error_text(error), offset);
}

void refusal_model(struct refusal *refusal, enum json_type type)
{
	begin(refusal, 400, NULL);
	refusal->param = "model";
	switch (type) {
	case JSON_ABSENT:
		refusal->code = "missing_required_parameter";
		say(refusal, "Missing required parameter: 'model'.");
		break;
	case JSON_STRING:
		refusal->code = "invalid_value";
		say(refusal, "Invalid value for 'model': expected the name of a model, of 1 to %d bytes.", MODEL_NAME_MAX);
		break;
	case JSON_NULL:
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NUMBER:
	case JSON_ARRAY:
	case JSON_OBJECT:
		refusal->code = "invalid_type";
		say(refusal, "Invalid type for 'model': expected a string.");
		break;
	}
}

/* A rate: worth trying again, and every client is told when, each in the way it understands. */
static void say_rate(struct refusal *refusal, const struct limit_deny *deny, const char *model, const char *measure)
{
	uint32_t wait = deny->retry_after_ms ? deny->retry_after_ms : REFUSAL_SOON_MS;
	refusal->retry_after_ms = wait;
	say(refusal,
	    "Rate limit reached for %s on %s: Limit %" PRIu64 ", Used %" PRIu64 ", Requested %" PRIu64
	    ". Please try again in %gs.",
	    *model ? model : "this key", measure, deny->limit, deny->used, deny->requested, wait / 1000.0);
}

/* Larger than the whole limit: no wait would make it fit. */
static void say_too_large(struct refusal *refusal, const struct limit_deny *deny, const char *model)
{
	refusal->never_retry = true;
	say(refusal,
	    "Request too large for %s on tokens per min (TPM): Limit %" PRIu64 ", Requested %" PRIu64
	    ". The input or the maximum of output tokens must be reduced.",
	    model, deny->limit, deny->requested);
}

static void say_slots(struct refusal *refusal, const struct limit_deny *deny, const char *model)
{
	uint32_t wait = deny->retry_after_ms ? deny->retry_after_ms : REFUSAL_SOON_MS;
	refusal->code = "chat_concurrency_limit";
	refusal->retry_after_ms = wait;
	say(refusal, "All %" PRIu64 " places for %s are taken and none became free in time. Please try again in %gs.",
	    deny->limit, model, wait / 1000.0);
}

static void say_budget(struct refusal *refusal, const struct limit_deny *deny)
{
	refusal->type = refusal->code = "insufficient_quota";
	refusal->never_retry = true;
	say(refusal,
	    "You exceeded your current quota: Limit %" PRIu64 " tokens, Used %" PRIu64 ", Requested %" PRIu64
	    ". Please check with whoever runs this gateway.",
	    deny->limit, deny->used, deny->requested);
}

static void say_no_model(struct refusal *refusal, const char *model)
{
	begin(refusal, 404, "model_not_found");
	refusal->param = "model";
	say(refusal, "The model `%s` does not exist or you do not have access to it.", model);
}

void refusal_limit(struct refusal *refusal, const struct limit_deny *deny, const char *model)
{
	begin(refusal, 429, "rate_limit_exceeded");
	refusal->type = deny->reason == LIMIT_TOKENS ? "tokens" : "requests";
	switch (deny->reason) {
	case LIMIT_REQUESTS:
		say_rate(refusal, deny, model, "requests per min (RPM)");
		break;
	case LIMIT_TOKENS:
		if (deny->retry_after_ms > 0)
			say_rate(refusal, deny, model, "tokens per min (TPM)");
		else
			say_too_large(refusal, deny, model);
		break;
	case LIMIT_CONCURRENCY:
		say_rate(refusal, deny, model, "concurrent requests");
		break;
	case LIMIT_BUDGET:
		say_budget(refusal, deny);
		break;
	case LIMIT_SLOTS:
		say_slots(refusal, deny, model);
		break;
	case LIMIT_MODEL:
		say_no_model(refusal, model);
		break;
	case LIMIT_GRANT:
	case LIMIT_UNAVAILABLE:
		refusal_overloaded(refusal, "limits cannot be checked now");
		break;
	}
}

void refusal_timeout(struct refusal *refusal, const char *reason)
{
	begin(refusal, 408, NULL);
	refusal->type = "timeout_error";
	say(refusal, "The request timed out: %s.", reason);
}

void refusal_overloaded(struct refusal *refusal, const char *reason)
{
	begin(refusal, 503, "server_is_overloaded");
	refusal->type = "server_error";
	refusal->retry_after_ms = REFUSAL_SOON_MS;
	say(refusal, "The server cannot handle the request: %s. Please try again in 1s.", reason);
}

void refusal_lost(struct refusal *refusal)
{
	begin(refusal, 502, "upstream_error");
	refusal->type = "server_error";
	say(refusal, "The answer was lost on its way from the model server.");
}

const char *refusal_word(const struct refusal *refusal)
{
	return refusal->code ? refusal->code : refusal->type;
}
