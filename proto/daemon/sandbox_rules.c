/* Which system calls stand behind each word.  Whatever no promise of a program names ends it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include "sandbox_private.h"

enum { SOCKET_TYPE = 0xf };

#define INT_MASK UINT64_C(0xffffffff)

/* Opening for reading has none of these; O_TMPFILE without the bit that O_DIRECTORY is. */
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

#define NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define THREAD_FLAGS ((uint64_t)CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define FORK_FLAGS ((uint64_t)CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD)
#define TRACER_FLAGS ((uint64_t)CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_UNTRACED)

#define ALWAYS(word, name) \
	{ \
		.promise = PROMISE_##word, .call = name \
	}
#define ITSELF(word, name) \
	{ \
		.promise = PROMISE_##word, .call = name, .when = "SIGABRT to itself", .self = true, .match = { \
			{2, INT_MASK, SIGABRT} \
		} \
	}
#define REFUSED(word, name, error) \
	{ \
		.promise = PROMISE_##word, .call = name, .when = "refused", .refusal = error \
	}
#define MASKED(word, name, number, mask, value, text) \
	{ \
		.promise = PROMISE_##word, .call = name, .when = text, .match = { {number, mask, value} } \
	}
#define ONLY(word, name, number, value) MASKED(word, name, number, INT_MASK, value, #value)
/* Of its protocols the usual one, which is 0; TCP has a number as well. */
#define SOCKET(word, family, type, text) \
	{ \
		.promise = PROMISE_##word, .call = "socket", .when = text, .match = { \
			{0, INT_MASK, family}, \
			{1, SOCKET_TYPE, type}, \
			{2, INT_MASK & ~((type) == SOCK_STREAM && (family) != AF_UNIX ? (uint64_t)IPPROTO_TCP : 0), 0} \
		} \
	}

const struct sandbox_rule sandbox_rules[] = {
	ALWAYS(BASE, "brk"),
	MASKED(BASE, "mmap", 2, PROT_EXEC, 0, "not executable"),
	MASKED(BASE, "mprotect", 2, PROT_EXEC, 0, "not executable"),
	ALWAYS(BASE, "munmap"),
	ALWAYS(BASE, "mremap"),
	ALWAYS(BASE, "madvise"),
	ALWAYS(BASE, "mlock"),
	ALWAYS(BASE, "munlock"),
	ALWAYS(BASE, "clock_gettime"),
	ALWAYS(BASE, "clock_nanosleep"),
	ALWAYS(BASE, "gettimeofday"),
	ALWAYS(BASE, "time"),
	ALWAYS(BASE, "getrandom"),
	ALWAYS(BASE, "read"),
	ALWAYS(BASE, "readv"),
	ALWAYS(BASE, "write"),
	ALWAYS(BASE, "writev"),
	ALWAYS(BASE, "lseek"),
	ALWAYS(BASE, "close"),
	ALWAYS(BASE, "fstat"),
	MASKED(BASE, "newfstatat", 3, AT_EMPTY_PATH, AT_EMPTY_PATH, "AT_EMPTY_PATH"),
	ONLY(BASE, "fcntl", 1, F_GETFD),
	ONLY(BASE, "fcntl", 1, F_SETFD),
	ONLY(BASE, "fcntl", 1, F_GETFL),
	ONLY(BASE, "fcntl", 1, F_SETFL),
	ONLY(BASE, "fcntl", 1, F_DUPFD_CLOEXEC),
	ALWAYS(BASE, "epoll_ctl"),
	ALWAYS(BASE, "epoll_wait"),
	ALWAYS(BASE, "epoll_pwait"),
	ALWAYS(BASE, "poll"),
	ALWAYS(BASE, "ppoll"),
	ALWAYS(BASE, "recvfrom"),
	ALWAYS(BASE, "recvmsg"),
	/* Sending may connect as well, past Landlock. */
	MASKED(BASE, "sendto", 3, MSG_FASTOPEN, 0, "not connecting"),
	MASKED(BASE, "sendmsg", 2, MSG_FASTOPEN, 0, "not connecting"),
	ALWAYS(BASE, "shutdown"),
	ALWAYS(BASE, "getsockopt"),
	ALWAYS(BASE, "setsockopt"),
	ALWAYS(BASE, "getsockname"),
	ALWAYS(BASE, "getpeername"),
	ALWAYS(BASE, "futex"),
	ALWAYS(BASE, "rt_sigaction"),
	ALWAYS(BASE, "rt_sigprocmask"),
	ALWAYS(BASE, "rt_sigreturn"),
	ALWAYS(BASE, "restart_syscall"),
	ALWAYS(BASE, "getpid"),
	ALWAYS(BASE, "gettid"),
	ALWAYS(BASE, "getuid"),
	ALWAYS(BASE, "geteuid"),
	/* abort() */
	ITSELF(BASE, "tgkill"),
	/* qsort() wants to know how much memory there is. */
	ALWAYS(BASE, "sysinfo"),
	ALWAYS(BASE, "exit"),
	ALWAYS(BASE, "exit_group"),
	/* What the C library asks of any descriptor; nothing here is a terminal or a device. */
	REFUSED(BASE, "ioctl", ENOTTY),

	SOCKET(IPC, AF_UNIX, SOCK_STREAM, "unix"),
	ALWAYS(IPC, "connect"),
	ALWAYS(IPC, "accept4"),

	ALWAYS(ACCEPT, "accept4"),

	SOCKET(CONNECT, AF_INET, SOCK_STREAM, "TCP over IPv4"),
	SOCKET(CONNECT, AF_INET6, SOCK_STREAM, "TCP over IPv6"),
	ALWAYS(CONNECT, "connect"),
	/* libpq keeps SIGPIPE from those who do not expect it. */
	ALWAYS(CONNECT, "rt_sigpending"),
	ALWAYS(CONNECT, "rt_sigtimedwait"),

	SOCKET(DNS, AF_INET, SOCK_DGRAM, "UDP over IPv4"),
	SOCKET(DNS, AF_INET6, SOCK_DGRAM, "UDP over IPv6"),
	SOCKET(DNS, AF_INET, SOCK_STREAM, "TCP over IPv4"),
	SOCKET(DNS, AF_INET6, SOCK_STREAM, "TCP over IPv6"),
	SOCKET(DNS, AF_UNIX, SOCK_STREAM, "unix"),
	ALWAYS(DNS, "connect"),
	ALWAYS(DNS, "sendmmsg"),
	ALWAYS(DNS, "uname"),
	MASKED(DNS, "openat", 2, WRITING, 0, "for reading"),
	ALWAYS(DNS, "newfstatat"),

	MASKED(THREAD, "clone", 0, THREAD_FLAGS | NAMESPACES, THREAD_FLAGS, "a thread"),
	/* Its flags are in memory, where a filter cannot look; the C library falls back to clone. */
	REFUSED(THREAD, "clone3", ENOSYS),
	ALWAYS(THREAD, "set_robust_list"),
	ALWAYS(THREAD, "rseq"),
	ALWAYS(THREAD, "sched_getaffinity"),
	/* How a thread of libcurl's wakes the loop. */
	MASKED(THREAD, "socketpair", 0, INT_MASK, AF_UNIX, "unix"),
	ALWAYS(THREAD, "eventfd2"),
	ALWAYS(THREAD, "pipe2"),

	MASKED(PROC, "clone", 0, UINT64_MAX, FORK_FLAGS, "a fork"),
	REFUSED(PROC, "clone3", ENOSYS),
	ALWAYS(PROC, "set_robust_list"),
	ALWAYS(PROC, "rseq"),
	ALWAYS(PROC, "pidfd_open"),
	ALWAYS(PROC, "wait4"),
	ONLY(PROC, "kill", 1, SIGKILL),
	ONLY(PROC, "prctl", 0, PR_SET_PDEATHSIG),

	MASKED(RPATH, "openat", 2, WRITING, 0, "for reading"),
	ALWAYS(RPATH, "newfstatat"),
	ALWAYS(RPATH, "access"),
	ALWAYS(RPATH, "faccessat"),
	ALWAYS(RPATH, "faccessat2"),
	ALWAYS(RPATH, "readlink"),
	ALWAYS(RPATH, "readlinkat"),
	ALWAYS(RPATH, "getdents64"),
	ALWAYS(RPATH, "pread64"),
	ALWAYS(RPATH, "getcwd"),

	ALWAYS(WPATH, "openat"),
	ALWAYS(WPATH, "pwrite64"),
	ALWAYS(WPATH, "ftruncate"),
	ALWAYS(WPATH, "fallocate"),
	ALWAYS(WPATH, "fsync"),
	ALWAYS(WPATH, "fdatasync"),
	ALWAYS(WPATH, "fchmod"),
	ALWAYS(WPATH, "fchown"),
	ALWAYS(WPATH, "unlink"),
	ALWAYS(WPATH, "unlinkat"),
	ALWAYS(WPATH, "rename"),
	ALWAYS(WPATH, "renameat"),
	ALWAYS(WPATH, "renameat2"),
	/* SQLite's locks. */
	ONLY(WPATH, "fcntl", 1, F_GETLK),
	ONLY(WPATH, "fcntl", 1, F_SETLK),
	ONLY(WPATH, "fcntl", 1, F_SETLKW),

#ifdef HEIMGATE_SANITIZED
	/* LeakSanitizer looks at the stopped process, at its end, from a process that shares its memory. */
	MASKED(SANITIZER, "clone", 0, TRACER_FLAGS | NAMESPACES, TRACER_FLAGS, "LeakSanitizer's tracer"),
	ONLY(SANITIZER, "ptrace", 0, PTRACE_ATTACH),
	ONLY(SANITIZER, "ptrace", 0, PTRACE_CONT),
	ONLY(SANITIZER, "ptrace", 0, PTRACE_DETACH),
	ONLY(SANITIZER, "ptrace", 0, PTRACE_GETREGSET),
#ifdef PT_GETREGS
	ONLY(SANITIZER, "ptrace", 0, PTRACE_GETREGS),
#endif
	ALWAYS(SANITIZER, "wait4"),
	ALWAYS(SANITIZER, "prctl"),
	ALWAYS(SANITIZER, "getppid"),
	MASKED(SANITIZER, "open", 1, WRITING, 0, "for reading"),
	MASKED(SANITIZER, "openat", 2, WRITING, 0, "for reading"),
	ALWAYS(SANITIZER, "newfstatat"),
	ALWAYS(SANITIZER, "getdents"),
	ALWAYS(SANITIZER, "getdents64"),
	ALWAYS(SANITIZER, "stat"),
	ALWAYS(SANITIZER, "lstat"),
	ALWAYS(SANITIZER, "readlink"),
	ALWAYS(SANITIZER, "readlinkat"),
	ALWAYS(SANITIZER, "pipe"),
	ALWAYS(SANITIZER, "pipe2"),
	ALWAYS(SANITIZER, "prlimit64"),
	ALWAYS(SANITIZER, "sched_getaffinity"),
	ALWAYS(SANITIZER, "sched_yield"),
	ALWAYS(SANITIZER, "sigaltstack"),
	ALWAYS(SANITIZER, "uname"),
#endif
};

const size_t sandbox_rule_count = sizeof(sandbox_rules) / sizeof(*sandbox_rules);

static const struct {
	const char *word, *meaning;
} promises[] = {
#define X(name, word, meaning) [PROMISE_##name] = {word, meaning},
	SANDBOX_PROMISES(X)
#undef X
};

const char *sandbox_word(enum sandbox_promise promise)
{
	return promises[promise].word;
}

const char *sandbox_meaning(enum sandbox_promise promise)
{
	return promises[promise].meaning;
}

static unsigned find(const char *word, size_t length)
{
	for (unsigned i = 0; i < PROMISE_COUNT; i++)
		if (strlen(promises[i].word) == length && strncmp(promises[i].word, word, length) == 0)
			return 1u << i;
	return 0;
}

unsigned sandbox_parse(const char *text)
{
	unsigned all = 0;
	for (const char *word = text; *word; word += strspn(word, " ")) {
		size_t length = strcspn(word, " ");
		unsigned one = find(word, length);
		if (one == 0)
			return 0;
		all |= one;
		word += length;
	}
	return all;
}
