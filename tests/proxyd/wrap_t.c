#include "../../proxyd/wrap.h"

#include <string.h>

#include "../tap/tap.h"

static struct api_client client = {DIALECT_OPENAI, SHAPE_CHAT, (const uint8_t *)"0123456789abcdef"};

static void check(int status, const char *body, const char *wanted)
{
	char text[API_ERROR_MAX] = "";
	size_t length = wrap_body(&client, status, body, strlen(body), text);
	is_int((long long)length, (long long)strlen(wanted), "length, status %d", status);
	is_text(text, wanted, "%.*s", (int)strcspn(body, "\n"), body);
}

#define ENVELOPE(message, type, code) \
	"{\"error\":{\"message\":\"" message "\",\"type\":\"" type "\",\"param\":null,\"code\":" code "}}"
#define CLIENT(message) ENVELOPE(message, "invalid_request_error", "null")
#define UNREADABLE(status) "The model server answered with status " status " and no readable reason."

#define MESSAGE(type, message) \
	"{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"" message \
	"\"},\"request_id\":\"req_30313233343536373839616263646566\"}"

static void other_dialects(void)
{
	client.dialect = DIALECT_ANTHROPIC;
	check(529, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}", "");
	check(404, ENVELOPE("no such model", "t", "null"), MESSAGE("not_found_error", "no such model"));
	check(404, "404 page not found", MESSAGE("not_found_error", "404 page not found"));
	check(400, "{\"error\":\"bad\"}", MESSAGE("invalid_request_error", "bad"));
	client.dialect = DIALECT_OLLAMA;
	check(404, "{\"error\":\"model 'foo' not found\"}", "");
	check(404, ENVELOPE("no such model", "t", "null"), "{\"error\":\"no such model\"}");
	check(404, "404 page not found", "{\"error\":\"404 page not found\"}");
	check(500, "{\"error\":{\"code\":7}}", "{\"error\":\"" UNREADABLE("500") "\"}");
}

int main(void)
{
	check(404, ENVELOPE("model 'foo' not found", "not_found_error", "null"), "");
	check(401, "{\"error\":{\"message\":\"Invalid API Key\",\"code\":401}}", "");
	check(500, "{\"error\":{}}", "");
	check(401, "{\"error\":\"Unauthorized\"}", CLIENT("Unauthorized"));
	check(400, "{\"object\":\"error\",\"message\":\"too long\",\"type\":\"Bad Request\",\"param\":null,\"code\":40303}",
	      CLIENT("too long"));
	check(404, "404 page not found\n", CLIENT("404 page not found"));
	check(408, "slow", ENVELOPE("slow", "timeout_error", "null"));
	check(500, "say \"no\"", ENVELOPE("say \\\"no\\\"", "server_error", "\"upstream_error\""));
	check(502, "<html><body>Bad Gateway at 10.0.0.7</body></html>",
	      ENVELOPE(UNREADABLE("502"), "server_error", "\"upstream_error\""));
	check(503, "", ENVELOPE(UNREADABLE("503"), "server_error", "\"server_is_overloaded\""));
	check(429, "slow down", ENVELOPE("slow down", "server_error", "\"server_is_overloaded\""));
	check(500, "{\"detail\":\"x\"}", ENVELOPE(UNREADABLE("500"), "server_error", "\"upstream_error\""));
	check(500, "[1]", ENVELOPE(UNREADABLE("500"), "server_error", "\"upstream_error\""));
	check(500, "{\"error\":", ENVELOPE(UNREADABLE("500"), "server_error", "\"upstream_error\""));
	other_dialects();
	is_int(wrap_status(429), 503, "429 is only ever the client's own limit");
	is_int(wrap_status(999), 502, "999 is no status");
	is_int(wrap_status(404), 404, "404 stays");
	return tap_done();
}
