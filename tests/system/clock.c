/*
 * To be preloaded: a wall clock that a test sets, in milliseconds from the true one, through the file that CLOCK_FILE
 * names.  It is mapped before the program begins, so that its sandbox knows nothing of it.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { MS_NS = 1000000, SECOND_MS = 1000, SECOND_NS = 1000000000 };

static const _Atomic int64_t *ahead_ms;

__attribute__((constructor)) static void map_clock(void)
{
	const char *path = getenv("CLOCK_FILE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped = fd >= 0 ? mmap(NULL, sizeof(*ahead_ms), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (mapped == MAP_FAILED)
		abort();
	close(fd);
	ahead_ms = mapped;
}

static void move(struct timespec *now)
{
	int64_t ahead = ahead_ms ? *ahead_ms : 0;
	now->tv_sec += ahead / SECOND_MS;
	now->tv_nsec += ahead % SECOND_MS * MS_NS;
	if (now->tv_nsec < 0) {
		now->tv_sec--;
		now->tv_nsec += SECOND_NS;
	} else if (now->tv_nsec >= SECOND_NS) {
		now->tv_sec++;
		now->tv_nsec -= SECOND_NS;
	}
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's names are its own. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);
	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		move(now);
	return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec precise;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &precise);
	now->tv_sec = precise.tv_sec;
	now->tv_usec = (suseconds_t)(precise.tv_nsec / 1000);
	return 0;
}

time_t time(time_t *into)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (into)
		*into = now.tv_sec;
	return now.tv_sec;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
