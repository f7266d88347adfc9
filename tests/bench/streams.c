/*
 * Reads many paced streams at once and says how late their chunks came.
 *
 *   bench-streams HOST PORT KEY MODEL STREAMS RATE
 *
 * The model server sends event k of a stream k/RATE seconds after it took the
 * request; an event's delay is how much later than that it was here, counted
 * from when the request was sent.  Prints one line of JSON.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024, HEAD_MAX = 8192, EVENTS_MAX = 1 << 20, PATIENCE_MS = 120000 };

enum phase { HEAD, SIZE_LINE, PAYLOAD, PAYLOAD_END, TRAILER, DONE, FAILED };

struct stream {
	int fd;
	enum phase phase;
	double sent_us;
	unsigned events;
	size_t head_length;
	uint64_t left; /* of the chunk */
	char last;     /* byte of the body, to see an event's end */
	char head[HEAD_MAX];
	crypto_hash_sha256_state hash;
};

static struct stream *streams;
static unsigned count, finished, rate;
static double *delays;
static size_t delay_count;

static double now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static void note_event(struct stream *s, double now)
{
	double due = s->sent_us + (double)s->events++ * 1e6 / rate;
	if (delay_count < EVENTS_MAX)
		delays[delay_count++] = now - due;
}

static void take_body(struct stream *s, const char *bytes, size_t length, double now)
{
	crypto_hash_sha256_update(&s->hash, (const unsigned char *)bytes, length);
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n' && s->last == '\n')
			note_event(s, now);
		s->last = bytes[i];
	}
}

static void take_head(struct stream *s, char c)
{
	if (s->head_length == HEAD_MAX - 1) {
		s->phase = FAILED;
		return;
	}
	s->head[s->head_length++] = c;
	s->head[s->head_length] = '\0';
	if (s->head_length < 4 || strcmp(s->head + s->head_length - 4, "\r\n\r\n") != 0)
		return;
	s->phase = strncmp(s->head, "HTTP/1.1 200", 12) == 0 && strcasestr(s->head, "transfer-encoding: chunked")
	               ? SIZE_LINE
	               : FAILED;
	s->head_length = 0;
}

static void take_size_line(struct stream *s, char c)
{
	if (c != '\n') {
		if (s->head_length < 32)
			s->head[s->head_length++] = c;
		return;
	}
	s->head[s->head_length] = '\0';
	s->head_length = 0;
	s->left = strtoull(s->head, NULL, 16);
	s->phase = s->left > 0 ? PAYLOAD : TRAILER;
}

static size_t take_payload(struct stream *s, const char *bytes, size_t length, double now)
{
	size_t part = length < s->left ? length : (size_t)s->left;
	take_body(s, bytes, part, now);
	s->left -= part;
	if (s->left == 0)
		s->phase = PAYLOAD_END;
	return part;
}

static void take(struct stream *s, const char *bytes, size_t length, double now)
{
	for (size_t i = 0; i < length && s->phase != FAILED; i++) {
		if (s->phase == HEAD)
			take_head(s, bytes[i]);
		else if (s->phase == SIZE_LINE)
			take_size_line(s, bytes[i]);
		else if (s->phase == PAYLOAD)
			i += take_payload(s, bytes + i, length - i, now) - 1;
		else if (bytes[i] == '\n')
			s->phase = s->phase == PAYLOAD_END ? SIZE_LINE : DONE;
	}
}

static void finish(struct stream *s)
{
	close(s->fd);
	finished++;
}

static void read_ready(struct stream *s)
{
	static char buffer[READ_SIZE];
	ssize_t length = read(s->fd, buffer, sizeof(buffer));
	if (length > 0)
		take(s, buffer, (size_t)length, now_us());
	else if (length == 0 || errno != EAGAIN)
		s->phase = FAILED;
	if (s->phase == DONE || s->phase == FAILED)
		finish(s);
}

static void start(struct stream *s, const struct sockaddr_in *to, int epoll, const char *key, const char *model)
{
	char body[512], request[1024];
	int one = 1;
	int body_length =
		snprintf(body, sizeof(body),
	             "{\"model\":\"%s\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"go\"}]}", model);
	int length = snprintf(request, sizeof(request),
	                      "POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
	                      "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
	                      key, body_length, body);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		die("connect");
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	crypto_hash_sha256_init(&s->hash);
	s->sent_us = now_us();
	if (write(s->fd, request, (size_t)length) != length)
		die("write");
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &event) < 0)
		die("epoll");
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double percentile(double share)
{
	return delay_count ? delays[(size_t)((double)(delay_count - 1) * share)] : 0;
}

static void report(void)
{
	unsigned char first[crypto_hash_sha256_BYTES] = {0}, hash[crypto_hash_sha256_BYTES] = {0};
	char hex[crypto_hash_sha256_BYTES * 2 + 1];
	unsigned complete = 0, alike = 0;
	for (unsigned i = 0; i < count; i++) {
		crypto_hash_sha256_final(&streams[i].hash, i == 0 ? first : hash);
		alike += i == 0 || memcmp(first, hash, sizeof(hash)) == 0;
		complete += streams[i].phase == DONE;
	}
	sodium_bin2hex(hex, sizeof(hex), first, sizeof(first));
	qsort(delays, delay_count, sizeof(*delays), compare);
	printf("{\"complete\": %u, \"alike\": %u, \"sha256\": \"%s\", \"events\": %zu, \"p50_us\": %.0f, \"p95_us\": %.0f, "
	       "\"max_us\": %.0f}\n",
	       complete, alike, hex, delay_count, percentile(0.5), percentile(0.95), percentile(1));
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fprintf(stderr, "usage: bench-streams HOST PORT KEY MODEL STREAMS RATE\n");
		return 100;
	}
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10))};
	if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		die("address");
	count = (unsigned)strtoul(argv[5], NULL, 10);
	rate = (unsigned)strtoul(argv[6], NULL, 10);
	streams = calloc(count, sizeof(*streams));
	delays = calloc(EVENTS_MAX, sizeof(*delays));
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!streams || !delays || epoll < 0 || count == 0 || rate == 0)
		die("start");
	for (unsigned i = 0; i < count; i++)
		start(&streams[i], &to, epoll, argv[3], argv[4]);
	while (finished < count) {
		struct epoll_event events[256];
		int ready = epoll_wait(epoll, events, 256, PATIENCE_MS);
		if (ready <= 0)
			break;
		for (int i = 0; i < ready; i++)
			read_ready(events[i].data.ptr);
	}
	report();
	return 0;
}
