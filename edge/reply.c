#include "reply.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ID_TEXT_SIZE = 2 * REQUEST_ID_SIZE + 1, DATE_SIZE = 32, EXTRA_SIZE = 256 };

struct sheet {
	char *text;
	size_t size, length;
};

static void put(struct sheet *sheet, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What does not fit is cut: REPLY_HEAD_MAX is more than all headers at their largest. */
static void put(struct sheet *sheet, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(sheet->text + sheet->length, sheet->size - sheet->length, format, arguments);
	va_end(arguments);
	sheet->length += (size_t)length;
	if (sheet->length >= sheet->size)
		sheet->length = sheet->size - 1;
}

/* RFC 9110 section 15, what edge or an upstream may say; clients go by the number. */
static const char *reason_of(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *reason;
	} reasons[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

bool reply_is_bodiless(uint16_t status)
{
	return status == 204 || status == 304;
}

const char *reply_duration(uint32_t ms, char text[REPLY_DURATION_MAX])
{
	uint32_t hours = ms / 3600000, minutes = ms / 60000 % 60, seconds = ms / 1000 % 60;
	struct sheet sheet = {text, REPLY_DURATION_MAX, 0};
	if (ms > 0 && ms < 1000) {
		put(&sheet, "%" PRIu32 "ms", ms);
		return text;
	}
	if (hours > 0)
		put(&sheet, "%" PRIu32 "h", hours);
	if (hours > 0 || minutes > 0)
		put(&sheet, "%" PRIu32 "m", minutes);
	put(&sheet, "%" PRIu32, seconds);
	if (ms % 1000 != 0)
		put(&sheet, ".%03" PRIu32, ms % 1000);
	while (ms % 1000 != 0 && text[sheet.length - 1] == '0')
		sheet.length--;
	put(&sheet, "s");
	return text;
}

static const char *id_text(const uint8_t *id, char text[ID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < REQUEST_ID_SIZE; i++) {
		text[2 * i] = digits[id[i] >> 4];
		text[2 * i + 1] = digits[id[i] & 15];
	}
	text[ID_TEXT_SIZE - 1] = '\0';
	return text;
}

/* IMF-fixdate, RFC 9110 section 5.6.7; made once per second. */
static const char *date_text(uint64_t wall_ms)
{
	static char text[DATE_SIZE];
	static time_t made_for = -1;
	time_t now = (time_t)(wall_ms / 1000);
	struct tm parts;
	if (now == made_for)
		return text;
	gmtime_r(&now, &parts);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
	made_for = now;
	return text;
}

static void put_level(struct sheet *sheet, const char *what, const struct limit_level *level)
{
	char reset[REPLY_DURATION_MAX];
	if (level->limit == 0)
		return;
	put(sheet,
	    "x-ratelimit-limit-%s: %" PRIu64 "\r\nx-ratelimit-remaining-%s: %" PRIu64 "\r\nx-ratelimit-reset-%s: %s\r\n",
	    what, level->limit, what, level->remaining, what, reply_duration(level->reset_ms, reset));
}

size_t reply_head(const struct reply *reply, char *text, size_t size)
{
	char id[ID_TEXT_SIZE];
	struct sheet sheet = {text, size, 0};
	put(&sheet, "HTTP/1.1 %u %s\r\nDate: %s\r\nx-request-id: req_%s\r\n", reply->status, reason_of(reply->status),
	    date_text(reply->wall_ms), id_text(reply->request_id, id));
	if (reply->dialect == DIALECT_OPENAI)
		put(&sheet, "openai-processing-ms: %" PRIu64 "\r\nopenai-version: 2020-10-01\r\n", reply->processing_ms);
	else if (reply->dialect == DIALECT_ANTHROPIC)
		put(&sheet, "request-id: req_%s\r\n", id);
	if (*reply->content_type)
		put(&sheet, "Content-Type: %s\r\n", reply->content_type);
	if (reply->streaming)
		put(&sheet, "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n");
	put_level(&sheet, "requests", &reply->requests);
	put_level(&sheet, "tokens", &reply->tokens);
	put(&sheet, "%s", reply->headers);
	if (reply->chunked)
		put(&sheet, "Transfer-Encoding: chunked\r\n");
	else if (!reply_is_bodiless(reply->status))
		put(&sheet, "Content-Length: %" PRIu64 "\r\n", reply->length);
	put(&sheet, reply->close ? "Connection: close\r\n\r\n" : "\r\n");
	return sheet.length;
}

static void put_refusal_headers(struct sheet *sheet, const struct refusal *refusal)
{
	*sheet->text = '\0';
	if (refusal->allow)
		put(sheet, "Allow: %s\r\n", refusal->allow);
	if (refusal->status == 401)
		put(sheet, "WWW-Authenticate: Bearer\r\n");
	if (refusal->retry_after_ms > 0)
		put(sheet, "Retry-After: %" PRIu32 "\r\nretry-after-ms: %" PRIu32 "\r\n",
		    refusal->retry_after_ms / 1000 + (refusal->retry_after_ms % 1000 > 0), refusal->retry_after_ms);
	if (refusal->never_retry)
		put(sheet, "x-should-retry: false\r\n");
}

size_t reply_refusal(struct reply *reply, const struct refusal *refusal, bool head_only, char *text, size_t size)
{
	char body[API_ERROR_MAX], headers[EXTRA_SIZE];
	struct sheet extra = {headers, sizeof(headers), 0};
	const struct api_error error = {
		.status = refusal->status,
		.type = refusal->type,
		.code = refusal->code,
		.param = refusal->param,
		.message = refusal->message,
	};
	const struct api_client client = {.dialect = reply->dialect, .request_id = reply->request_id};
	put_refusal_headers(&extra, refusal);
	reply->status = refusal->status;
	reply->content_type = "application/json";
	reply->headers = headers;
	reply->length = api_error_json(&client, &error, body, sizeof(body));
	size_t length = reply_head(reply, text, size);
	reply->headers = "";
	if (head_only)
		return length;
	memcpy(text + length, body, reply->length);
	return length + reply->length;
}
