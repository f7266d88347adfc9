#include "upstream.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "multi.h"

enum { IDLE_CALLS_MAX = 256 }; /* handles kept for reuse, about 6 KiB each */

enum phase { PHASE_ASKED, PHASE_CONNECTING, PHASE_WAITING, PHASE_ANSWERING };

struct upstream_call {
	CURL *easy;
	struct upstream_call *next;           /* while it is idle, or PHASE_ASKED */
	const struct upstream_events *events; /* NULL: cancelled */
	void *arg;
	const struct upstream_way *way;
	enum phase phase;
	bool inside; /* libcurl is calling us, and its handle must stay */
	bool paused;
	struct loop_timer deadline; /* first byte, then idle */
	struct head head;
};

static CURLM *multi;
static char *trusted_file, *trusted_directory;            /* the system's certificates */
static struct upstream_call *asked, **asked_end = &asked; /* of which libcurl does not know yet */
static struct upstream_call *idle_calls;
static unsigned idle_count;

/* --- the end of an exchange --- */

static void free_call(struct upstream_call *call)
{
	curl_easy_cleanup(call->easy);
	free(call);
}

static void put_away(struct upstream_call *call)
{
	if (idle_count == IDLE_CALLS_MAX) {
		free_call(call);
		return;
	}
	call->next = idle_calls;
	idle_calls = call;
	idle_count++;
}

/* Removing a handle in the middle of its transfer closes the connection. */
static void release(struct upstream_call *call)
{
	loop_timer_clear(&call->deadline);
	CHECK(curl_multi_remove_handle(multi, call->easy) == CURLM_OK);
	put_away(call);
}

static void finish(struct upstream_call *call, enum problem problem, const char *reason)
{
	const struct upstream_events *events = call->events;
	void *arg = call->arg;
	release(call);
	if (events)
		events->ended(arg, problem, reason);
}

static void expired(void *arg)
{
	struct upstream_call *call = arg;
	if (call->phase == PHASE_ANSWERING)
		finish(call, PROBLEM_IDLE_TIMEOUT, "silent within its answer");
	else
		finish(call, PROBLEM_FIRST_BYTE_TIMEOUT, "no answer in time");
}

/* A kept connection may turn out dead after the request was sent; libcurl then connects anew. */
static enum problem judge(const struct upstream_call *call, CURLcode code)
{
	if (code == CURLE_OK)
		return PROBLEM_NONE;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return PROBLEM_CONNECT_TIMEOUT;
	if (call->phase == PHASE_CONNECTING || code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		return PROBLEM_UNREACHABLE;
	return PROBLEM_BROKEN;
}

void upstream_cancel(struct upstream_call *call)
{
	call->events = NULL;
	if (!call->inside && call->phase != PHASE_ASKED)
		release(call);
}

/* --- libcurl's callbacks of one exchange --- */

static int about_to_send(void *arg, char *address, char *local, int port, int local_port)
{
	struct upstream_call *call = arg;
	(void)address;
	(void)local;
	(void)port;
	(void)local_port;
	call->phase = PHASE_WAITING;
	loop_timer_set(&call->deadline, call->way->first_byte_timeout);
	call->inside = true;
	call->events->sent(call->arg);
	call->inside = false;
	return call->events ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t take_header(char *line, size_t size, size_t count, void *arg)
{
	struct upstream_call *call = arg;
	size_t length = size * count;
	head_line(&call->head, line, length);
	if (!call->head.complete || call->phase == PHASE_ANSWERING)
		return length;
	call->phase = PHASE_ANSWERING;
	loop_timer_set(&call->deadline, call->way->idle_timeout);
	call->inside = true;
	call->events->head(call->arg, &call->head);
	call->inside = false;
	return call->events ? length : 0;
}

static size_t take_data(char *bytes, size_t size, size_t count, void *arg)
{
	struct upstream_call *call = arg;
	size_t length = size * count;
	call->inside = true;
	bool taken = call->events->data(call->arg, bytes, length);
	call->inside = false;
	if (!call->events)
		return CURL_WRITEFUNC_ERROR;
	call->paused = !taken;
	if (!taken) {
		loop_timer_clear(&call->deadline);
		return CURL_WRITEFUNC_PAUSE;
	}
	loop_timer_set(&call->deadline, call->way->idle_timeout);
	return length;
}

void upstream_resume(struct upstream_call *call)
{
	if (!call->paused)
		return;
	call->paused = false;
	loop_timer_set(&call->deadline, call->way->idle_timeout);
	CURLcode code = curl_easy_pause(call->easy, CURLPAUSE_CONT);
	if (!call->events)
		release(call);
	else if (code != CURLE_OK)
		finish(call, PROBLEM_BROKEN, curl_easy_strerror(code));
}

/* --- the beginning of one --- */

#define SET(option, value) CHECK(curl_easy_setopt(call->easy, option, value) == CURLE_OK)

/* What every exchange has in common; set once per handle. */
static void set_up(struct upstream_call *call)
{
	SET(CURLOPT_PRIVATE, call);
	SET(CURLOPT_PREREQFUNCTION, about_to_send);
	SET(CURLOPT_PREREQDATA, call);
	SET(CURLOPT_HEADERFUNCTION, take_header);
	SET(CURLOPT_HEADERDATA, call);
	SET(CURLOPT_WRITEFUNCTION, take_data);
	SET(CURLOPT_WRITEDATA, call);
	SET(CURLOPT_USERAGENT, "heimgate/" HEIMGATE_VERSION);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOPROXY, ""); /* nor is the environment asked for a proxy: there is always one, or none */
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* do not wait for a resolver thread when cancelled */
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
}

static struct upstream_call *new_call(void)
{
	struct upstream_call *call = calloc(1, sizeof(*call));
	if (!call)
		return NULL;
	call->deadline = (struct loop_timer){.expired = expired, .arg = call};
	call->easy = curl_easy_init();
	if (!call->easy) {
		free(call);
		return NULL;
	}
	set_up(call);
	return call;
}

static struct upstream_call *take_call(void)
{
	struct upstream_call *call = idle_calls;
	if (!call)
		return new_call();
	idle_calls = call->next;
	idle_count--;
	return call;
}

/* Of a handle that went another way before. */
static void set_way(struct upstream_call *call, const struct upstream_way *way)
{
	struct curl_blob certificates = {(void *)way->certificates, way->certificates_length, CURL_BLOB_NOCOPY};
	call->way = way;
	SET(CURLOPT_PROXY, way->proxy ? way->proxy : "");
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)way->connect_timeout);
	SET(CURLOPT_CAINFO_BLOB, way->certificates ? &certificates : NULL);
	SET(CURLOPT_CAINFO, way->certificates ? NULL : trusted_file);
	SET(CURLOPT_CAPATH, way->certificates ? NULL : trusted_directory);
}

static void set_request(struct upstream_call *call, const struct upstream_request *request)
{
	set_way(call, request->way);
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_HTTPHEADER, request->headers);
	if (!request->body) {
		SET(CURLOPT_HTTPGET, 1L);
		return;
	}
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
	SET(CURLOPT_POSTFIELDS, request->body);
}

struct upstream_call *upstream_ask(const struct upstream_request *request, const struct upstream_events *events,
                                   void *arg)
{
	struct upstream_call *call = take_call();
	if (!call)
		return NULL;
	call->events = events;
	call->arg = arg;
	call->phase = PHASE_ASKED;
	call->paused = false;
	head_start(&call->head);
	set_request(call, request);
	call->next = NULL;
	*asked_end = call;
	asked_end = &call->next;
	return call;
}

static struct upstream_call *take_asked(void)
{
	struct upstream_call *call = asked;
	if (call && !(asked = call->next))
		asked_end = &asked;
	return call;
}

/* Not from within libcurl, which takes no new transfer while it calls us. */
static void begin_asked(void)
{
	for (struct upstream_call *call; (call = take_asked()) != NULL;) {
		if (!call->events) {
			put_away(call);
			continue;
		}
		call->phase = PHASE_CONNECTING;
		CHECK(curl_multi_add_handle(multi, call->easy) == CURLM_OK);
	}
}

/* --- all of them --- */

static void drain(void)
{
	int left;
	for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
		struct upstream_call *call;
		CURLcode code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		finish(call, judge(call, code), curl_easy_strerror(code));
	}
}

static void after_batch(void *arg)
{
	(void)arg;
	begin_asked();
	multi_run();
	drain();
	begin_asked();
	multi_rest();
}

static char *copy_of(const char *text)
{
	return text ? strdup(text) : NULL;
}

/* A handle that was given other certificates does not know any more which it had. */
static void learn_trust(void)
{
	CURL *easy = curl_easy_init();
	char *file = NULL, *directory = NULL;
	CHECK(easy != NULL);
	curl_easy_getinfo(easy, CURLINFO_CAINFO, &file);
	curl_easy_getinfo(easy, CURLINFO_CAPATH, &directory);
	trusted_file = copy_of(file);
	trusted_directory = copy_of(directory);
	curl_easy_cleanup(easy);
}

void upstream_open(const struct conf_proxyd *conf)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(multi = multi_open()))
		fatalx("cannot start libcurl");
	learn_trust();
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)conf->streams);
	loop_after_batch(after_batch, NULL);
}

void upstream_close(void)
{
	for (struct upstream_call *call; (call = take_asked()) != NULL;)
		put_away(call);
	while (idle_calls)
		free_call(take_call());
	multi_close();
	curl_global_cleanup();
	free(trusted_file);
	free(trusted_directory);
}
