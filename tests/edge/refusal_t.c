/* What callers are told when they are refused. */
#include "../../edge/refusal.h"

#include <stdio.h>
#include <string.h>

#include "../tap/tap.h"

static void is_refusal(const struct refusal *refusal, int status, const char *type, const char *code,
                       const char *message, const char *name)
{
	is_int(refusal->status, status, "%s: status", name);
	is_text(refusal->type, type, "%s: type", name);
	is_text(refusal->code ? refusal->code : "null", code, "%s: code", name);
	ok(strstr(refusal->message, message) != NULL, "%s: \"%s\" says \"%s\"", name, refusal->message, message);
}

static void test_requests(void)
{
	struct refusal refusal;
	refusal_http(&refusal, &(struct http_refusal){431, "there are too many headers"});
	is_refusal(&refusal, 431, "invalid_request_error", "null", "there are too many headers", "a head");
	refusal_path(&refusal, (struct refusal_text){"POST...", 4}, (struct refusal_text){"/v1/foo...", 7});
	is_refusal(&refusal, 404, "invalid_request_error", "null", "Invalid URL (POST /v1/foo)", "a path");
	refusal_method(&refusal, (struct refusal_text){"PUT", 3}, (struct refusal_text){"/v1/models", 10}, "GET");
	is_refusal(&refusal, 405, "invalid_request_error", "method_not_supported", "PUT on /v1/models", "a method");
	is_text(refusal.allow, "GET", "a method: which would do");
	refusal_media_type(&refusal, "application/json");
	is_refusal(&refusal, 415, "invalid_request_error", "unsupported_media_type", "application/json", "a media type");
	refusal_form(&refusal, FORM_AMBIGUOUS, 12);
	is_refusal(&refusal, 400, "invalid_request_error", "null", "more than one way, at byte 12", "a form");
	refusal_nobody(&refusal);
	is_refusal(&refusal, 403, "invalid_request_error", "model_management_refused", "not managed", "management");
	ok(refusal.never_retry, "for which trying again is of no use");
	refusal_encoding(&refusal);
	is_refusal(&refusal, 415, "invalid_request_error", "unsupported_content_encoding", "compressed", "an encoding");
	refusal_timeout(&refusal, "too slow");
	is_refusal(&refusal, 408, "timeout_error", "null", "too slow", "a timeout");
}

static void test_json(void)
{
	struct refusal refusal;
	refusal_json(&refusal, JSON_SYNTAX, 17);
	is_refusal(&refusal, 400, "invalid_request_error", "null",
	           "We could not parse the JSON body of your request. (HINT: not JSON, at byte 17.)", "bad JSON");
	refusal_json(&refusal, JSON_OK, 0);
	is_refusal(&refusal, 400, "invalid_request_error", "null", "(HINT: It must be a JSON object.)", "no object");
	refusal_model(&refusal, JSON_ABSENT);
	is_refusal(&refusal, 400, "invalid_request_error", "missing_required_parameter", "'model'", "no model");
	is_text(refusal.param, "model", "no model: which parameter");
	refusal_model(&refusal, JSON_NUMBER);
	is_refusal(&refusal, 400, "invalid_request_error", "invalid_type", "'model'", "a model that is a number");
	refusal_model(&refusal, JSON_STRING);
	is_refusal(&refusal, 400, "invalid_request_error", "invalid_value", "'model'", "an empty model");
}

static void test_keys(void)
{
	struct refusal refusal;
	refusal_no_key(&refusal);
	is_refusal(&refusal, 401, "invalid_request_error", "null", "You didn't provide an API key.", "no key");
	ok(!refusal.never_retry, "no key: no word on trying again");
	refusal_key(&refusal, AUTH_UNKNOWN, "sk-XG6GW***wlmi");
	is_refusal(&refusal, 401, "invalid_request_error", "invalid_api_key",
	           "Incorrect API key provided: sk-XG6GW***wlmi.", "an unknown key");
	ok(refusal.never_retry, "an unknown key: trying again is of no use");
	refusal_key(&refusal, AUTH_REVOKED, "***");
	is_refusal(&refusal, 401, "invalid_request_error", "invalid_api_key", "revoked", "a revoked key");
	refusal_key(&refusal, AUTH_EXPIRED, "***");
	is_refusal(&refusal, 401, "invalid_request_error", "invalid_api_key", "expired", "an expired key");
	refusal_key(&refusal, AUTH_UNAVAILABLE, "***");
	is_refusal(&refusal, 503, "server_error", "server_is_overloaded", "try again", "authd cannot tell");
	ok(refusal.retry_after_ms > 0 && !refusal.never_retry, "authd cannot tell: try again");
}

static struct refusal limited(enum limit_reason reason, uint32_t retry_after_ms)
{
	struct refusal refusal;
	const struct limit_deny deny = {
		.reason = reason, .retry_after_ms = retry_after_ms, .limit = 30000, .used = 29999, .requested = 890};
	refusal_limit(&refusal, &deny, "gpt-4o");
	return refusal;
}

static void test_limits(void)
{
	struct refusal refusal = limited(LIMIT_TOKENS, 1780);
	is_refusal(&refusal, 429, "tokens", "rate_limit_exceeded",
	           "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29999, Requested 890. "
	           "Please try again in 1.78s.",
	           "tokens");
	is_int(refusal.retry_after_ms, 1780, "tokens: when to try again");
	refusal = limited(LIMIT_TOKENS, 0);
	is_refusal(&refusal, 429, "tokens", "rate_limit_exceeded", "Request too large for", "more tokens than the limit");
	ok(refusal.never_retry && refusal.retry_after_ms == 0, "more tokens than the limit: do not try again");
	refusal = limited(LIMIT_REQUESTS, 20000);
	is_refusal(&refusal, 429, "requests", "rate_limit_exceeded", "Please try again in 20s.", "requests");
	refusal = limited(LIMIT_CONCURRENCY, 0);
	is_refusal(&refusal, 429, "requests", "rate_limit_exceeded", "Please try again in 1s.", "concurrency");
	refusal = limited(LIMIT_SLOTS, 250);
	is_refusal(&refusal, 429, "requests", "chat_concurrency_limit", "Please try again in 0.25s.", "slots");
	refusal = limited(LIMIT_BUDGET, 0);
	is_refusal(&refusal, 429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota", "budget");
	ok(refusal.never_retry && refusal.retry_after_ms == 0, "budget: trying again is of no use");
	refusal = limited(LIMIT_MODEL, 0);
	is_refusal(&refusal, 404, "invalid_request_error", "model_not_found",
	           "The model `gpt-4o` does not exist or you do not have access to it.", "no such model");
	refusal = limited(LIMIT_UNAVAILABLE, 0);
	is_refusal(&refusal, 503, "server_error", "server_is_overloaded", "try again", "limiterd cannot tell");
	refusal = limited(LIMIT_GRANT, 0);
	is_refusal(&refusal, 503, "server_error", "server_is_overloaded", "try again", "a grant that is not honoured");
}

static void test_lengths(void)
{
	static char target[8192];
	struct refusal refusal;
	memset(target, 'x', sizeof(target));
	refusal_path(&refusal, (struct refusal_text){"GET", 3}, (struct refusal_text){target, sizeof(target)});
	is_int((long long)strlen(refusal.message), REFUSAL_MESSAGE_MAX, "a long target is cut");
	refusal_lost(&refusal);
	is_text(refusal_word(&refusal), "upstream_error", "records have the code");
	refusal_timeout(&refusal, "");
	is_text(refusal_word(&refusal), "timeout_error", "or the type");
}

int main(void)
{
	test_requests();
	test_json();
	test_keys();
	test_limits();
	test_lengths();
	return tap_done();
}
