#include "screen.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../proto/daemon/loop.h"

enum { ROOM = 512 * 1024, NOTE_MAX = 80, AGAIN_MS = 10 };

static char waiting[ROOM];
static size_t length;
static unsigned long long lost; /* lines */

static void again(void *arg)
{
	(void)arg;
	screen_flush();
}

static struct loop_timer timer = {.expired = again};

static void append(const char *text, size_t size)
{
	memcpy(waiting + length, text, size);
	length += size;
}

static void say_lost(void)
{
	char note[NOTE_MAX];
	if (lost == 0)
		return;
	int size = snprintf(note, sizeof(note), "%llu frames were not shown: nobody took the lines in time\n", lost);
	append(note, (size_t)size);
	lost = 0;
}

void screen_line(const char *text, size_t size)
{
	if (length + NOTE_MAX + size > ROOM) {
		lost++;
		return;
	}
	say_lost();
	append(text, size);
}

/* Whole lines that a pipe takes in one piece. */
static size_t next_piece(size_t start)
{
	size_t most = length - start < PIPE_BUF ? length - start : PIPE_BUF;
	const char *end = memrchr(waiting + start, '\n', most);
	return end ? (size_t)(end + 1 - (waiting + start)) : most;
}

static bool is_taken(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
	return poll(&out, 1, 0) == 1;
}

void screen_flush(void)
{
	size_t start = 0;
	while (start < length && is_taken()) {
		ssize_t size = write(STDOUT_FILENO, waiting + start, next_piece(start));
		if (size < 0 && errno == EAGAIN)
			break;
		if (size < 0 && errno != EINTR) {
			start = length;
			loop_stop();
		}
		start += size > 0 ? (size_t)size : 0;
	}
	length -= start;
	memmove(waiting, waiting + start, length);
	if (length > 0)
		loop_timer_set(&timer, AGAIN_MS);
}
