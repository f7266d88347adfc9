#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

/* proxyd is another user, in containers on another file system: what is missing here may be there. */
static const char *describe_file(const char *path)
{
	if (access(path, R_OK) == 0)
		return "which you can read";
	if (errno == EACCES)
		return "which you cannot read; whether proxyd can was not checked";
	return "which is not there for you; whether it is for proxyd was not checked";
}

static const char *describe_credential(enum upstream_kind kind)
{
	if (kind == UPSTREAM_ANTHROPIC)
		return "as x-api-key";
	return kind == UPSTREAM_AZURE ? "as api-key" : "as a bearer token";
}

static void print_secrets(const struct upstream *upstream)
{
	if (upstream->api_key_file)
		printf("  sends %s the credential from %s, %s\n", describe_credential(upstream->kind), upstream->api_key_file,
		       describe_file(upstream->api_key_file));
	if (upstream->ca_file)
		printf("  certified by %s, %s\n", upstream->ca_file, describe_file(upstream->ca_file));
	for (size_t i = 0; i < upstream->header_count; i++) /* a value may be a secret too */
		printf("  sends the header %.*s\n", (int)strcspn(upstream->headers[i], ":"), upstream->headers[i]);
	if (upstream->proxy)
		printf("  reached through the proxy %s\n", upstream->proxy);
}

static void print_timer(const char *what, unsigned ms, const char *setting)
{
	if (ms > 0)
		printf("  %s %u ms\n", what, ms);
	else
		printf("  %s as long as %s says\n", what, setting);
}

static void print_timers(const struct upstream *upstream)
{
	print_timer("a connection may take", upstream->connect_timeout, "HEIMGATE_CONNECT_TIMEOUT_MS");
	print_timer("the first byte may take", upstream->first_byte_timeout, "HEIMGATE_FIRST_BYTE_TIMEOUT_MS");
	print_timer("silence in an answer may last", upstream->idle_timeout, "HEIMGATE_UPSTREAM_IDLE_TIMEOUT_MS");
}

static void print_health(const struct upstream *upstream)
{
	const char *standard = upstream->kind == UPSTREAM_OLLAMA ? "its version" : "its models";
	if (upstream->health_interval > 0)
		printf("  asked for %s after %u ms of silence\n", upstream->health_path ? upstream->health_path : standard,
		       upstream->health_interval);
	else
		printf("  never asked how it is\n");
	if (upstream->open_after > 0)
		printf("  no work for %u ms after %u failures in a row, and for longer when it fails again\n",
		       upstream->open_time, upstream->open_after);
	else
		printf("  given work however often it fails\n");
}

void check_upstream(const struct upstream *upstream)
{
	printf("upstream %s\n", upstream->name);
	printf("  kind %s, at %s\n", upstream_kind_name(upstream->kind), upstream->base_url);
	printf(upstream->local ? "  local: open to keys made with --local-only\n"
	                       : "  not local: closed to keys made with --local-only\n");
	printf("  %u requests at one time; a caller waits %u ms for a slot\n", upstream->slots, upstream->acquire_timeout);
	print_secrets(upstream);
	print_timers(upstream);
	print_health(upstream);
	for (size_t i = 0; i < upstream->warm_count; i++)
		printf("  loads %s at start\n", upstream->warm[i]);
}
