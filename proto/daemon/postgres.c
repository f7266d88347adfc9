#include "postgres.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#include "keyfile.h"
#include "log.h"
#include "loop.h"
#include "postgres_private.h"
#include "resolver.h"
#include "secret.h"

enum { BACKOFF_MIN_MS = 50, BACKOFF_MAX_MS = 2000, PASSWORD_SIZE = 1024 };

bool postgres_is_up(const struct postgres *postgres)
{
	return postgres->stage == POSTGRES_UP;
}

/* --- losing the connection --- */

/* Told once: what goes wrong while it is down already is the same news. */
static void tell_down(struct postgres *postgres, const char *reason)
{
	if (postgres->told_down)
		return;
	postgres->told_down = true;
	postgres->plan->down(postgres->arg, reason);
}

static void disconnect(struct postgres *postgres)
{
	resolver_forget(&postgres->question);
	if (postgres->watch.fd >= 0)
		loop_unwatch(&postgres->watch);
	postgres->watch.fd = -1;
	PQfinish(postgres->connection);
	postgres->connection = NULL;
	postgres->stage = POSTGRES_DOWN;
}

void postgres_lost(struct postgres *postgres, const char *reason)
{
	char text[POSTGRES_ERROR_SIZE];
	postgres_one_line(text, reason);
	disconnect(postgres);
	postgres->question.turn++;
	loop_timer_clear(&postgres->deadline);
	loop_timer_set(&postgres->again, postgres->backoff);
	postgres->backoff = postgres->backoff * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : postgres->backoff * 2;
	postgres_fail_all(postgres, text);
	tell_down(postgres, text);
}

void postgres_reconnect(struct postgres *postgres, const char *reason)
{
	if (postgres->stage != POSTGRES_DOWN)
		postgres_lost(postgres, reason);
}

static void too_late(void *arg)
{
	postgres_lost(arg, "the database does not answer");
}

void postgres_expect(struct postgres *postgres)
{
	loop_timer_set(&postgres->deadline, POSTGRES_DEADLINE_MS);
}

/* --- connecting --- */

static void ready(void *arg, uint32_t events);

/* libpq may go on with another descriptor at any step of connecting. */
static bool watch(struct postgres *postgres, uint32_t events)
{
	int fd = PQsocket(postgres->connection);
	if (postgres->watch.fd >= 0)
		loop_unwatch(&postgres->watch);
	postgres->watch = (struct loop_watch){fd, ready, postgres};
	if (fd >= 0 && loop_watch(&postgres->watch, events) == 0)
		return true;
	postgres->watch.fd = -1;
	return false;
}

static void connected(struct postgres *postgres)
{
	if (PQsetnonblocking(postgres->connection, 1) != 0 || !watch(postgres, EPOLLIN)) {
		postgres_lost(postgres, "cannot use the connection to the database");
		return;
	}
	postgres->stage = POSTGRES_SETTING_UP;
	postgres->wants_room = false;
	postgres_set_up(postgres);
}

static void go_on_connecting(struct postgres *postgres)
{
	PostgresPollingStatusType status = PQconnectPoll(postgres->connection);
	if (status == PGRES_POLLING_OK)
		connected(postgres);
	else if (status == PGRES_POLLING_FAILED)
		postgres_lost(postgres, PQerrorMessage(postgres->connection));
	else if (!watch(postgres, status == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT))
		postgres_lost(postgres, "cannot watch the connection to the database");
}

static void ready(void *arg, uint32_t events)
{
	struct postgres *postgres = arg;
	(void)events;
	if (postgres->stage == POSTGRES_CONNECTING)
		go_on_connecting(postgres);
	else
		postgres_work(postgres);
}

void postgres_watch_for_room(struct postgres *postgres, bool wanted)
{
	if (wanted == postgres->wants_room)
		return;
	postgres->wants_room = wanted;
	loop_rewatch(&postgres->watch, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Notices are no errors, and libpq would print them. */
static void ignore_notice(void *arg, const PGresult *notice)
{
	(void)arg;
	(void)notice;
}

/* What stands later in libpq's list wins. */
static void connect_to(struct postgres *postgres, const char *address, const char *password)
{
	const char *const names[] = {"dbname", "hostaddr", "password", "gssencmode", "fallback_application_name", NULL};
	const char *const values[] = {postgres->url, address, password, "disable", postgres->plan->program, NULL};
	postgres->connection = PQconnectStartParams(names, values, 1);
	if (!postgres->connection || PQstatus(postgres->connection) == CONNECTION_BAD) {
		postgres_lost(postgres, postgres->connection ? PQerrorMessage(postgres->connection) : "out of memory");
		return;
	}
	postgres->stage = POSTGRES_CONNECTING;
	PQsetNoticeReceiver(postgres->connection, ignore_notice, NULL);
	if (!watch(postgres, EPOLLOUT))
		postgres_lost(postgres, "cannot watch the connection to the database");
}

static void connect_with_password(struct postgres *postgres, const char *address)
{
	char *password = secret_new(PASSWORD_SIZE), reason[POSTGRES_ERROR_SIZE];
	if (*postgres->password_file && keyfile_read(postgres->password_file, password, PASSWORD_SIZE) < 0) {
		snprintf(reason, sizeof(reason), "cannot read the password in %s", postgres->password_file);
		postgres_lost(postgres, reason);
	} else {
		connect_to(postgres, address, *postgres->password_file ? password : NULL);
	}
	secret_free(password);
}

static void resolved(void *arg, const char *address)
{
	struct postgres *postgres = arg;
	char reason[POSTGRES_ERROR_SIZE];
	if (address) {
		connect_with_password(postgres, address);
		return;
	}
	snprintf(reason, sizeof(reason), "the database's host %s has no address", postgres->host);
	postgres_lost(postgres, reason);
}

static bool is_address(const char *host)
{
	struct in6_addr address;
	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

/* Only a name has to be resolved: "" means the usual directory of unix sockets. */
static void dial(void *arg)
{
	struct postgres *postgres = arg;
	const char *host = postgres->host;
	postgres_expect(postgres);
	if (*host == '\0' || *host == '/' || is_address(host)) {
		connect_with_password(postgres, is_address(host) ? host : NULL);
		return;
	}
	postgres->stage = POSTGRES_RESOLVING;
	resolver_ask(&postgres->question, postgres->host);
}

/* --- opening and closing --- */

struct postgres *postgres_open(const char *url, const char *password_file, const struct postgres_plan *plan, void *arg)
{
	struct postgres *postgres = calloc(1, sizeof(*postgres));
	CHECK(postgres);
	*postgres = (struct postgres){.url = strdup(url),
	                              .password_file = strdup(password_file),
	                              .plan = plan,
	                              .arg = arg,
	                              .watch = {.fd = -1},
	                              .backoff = BACKOFF_MIN_MS,
	                              .deadline = {.expired = too_late, .arg = postgres},
	                              .again = {.expired = dial, .arg = postgres},
	                              .question = {.answered = resolved, .arg = postgres}};
	STAILQ_INIT(&postgres->queue);
	CHECK(postgres->url && postgres->password_file);
	postgres->host = postgres_url_host(url);
	loop_timer_set(&postgres->again, 0);
	return postgres;
}

void postgres_close(struct postgres *postgres)
{
	if (!postgres)
		return;
	disconnect(postgres);
	loop_timer_clear(&postgres->deadline);
	loop_timer_clear(&postgres->again);
	postgres_fail_all(postgres, "the connection to the database was closed");
	free(postgres->host);
	free(postgres->password_file);
	free(postgres->url);
	free(postgres);
}

void postgres_came_up(struct postgres *postgres)
{
	postgres->stage = POSTGRES_UP;
	postgres->backoff = BACKOFF_MIN_MS;
	postgres->told_down = false;
	postgres->plan->up(postgres->arg);
}
