#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_private.h"

/* The kernel's own header may be older than the kernel: these are of its interface, by the version that has them. */
enum {
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_REG = 1 << 8,
	FS_TRUNCATE = 1 << 14,
	FS_ALL_1 = (1 << 13) - 1,
	FS_ALL_2 = (1 << 14) - 1,
	FS_ALL_3 = (1 << 15) - 1,
	FS_ALL_5 = (1 << 16) - 1,
	FS_OF_FILES = FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE,
	NET_BIND_TCP = 1 << 0,
	NET_CONNECT_TCP = 1 << 1,
	SCOPE_ABSTRACT_UNIX = 1 << 0,
	SCOPE_SIGNAL = 1 << 1,
	CREATE_VERSION = 1 << 0,
	RULE_PATH_BENEATH = 1,
	ABI_NET = 4,
	ABI_SCOPE = 6
};

struct ruleset {
	uint64_t fs, net, scope;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

static uint64_t all_of_files(long abi)
{
	if (abi >= 5)
		return FS_ALL_5;
	if (abi >= 3)
		return FS_ALL_3;
	return abi == 2 ? FS_ALL_2 : FS_ALL_1;
}

static struct ruleset forbid(long abi, unsigned promises)
{
	struct ruleset all = {.fs = all_of_files(abi)};
	if (abi >= ABI_NET)
		all.net = NET_BIND_TCP | (promises & (1u << PROMISE_CONNECT | 1u << PROMISE_DNS) ? 0 : NET_CONNECT_TCP);
	if (abi >= ABI_SCOPE)
		all.scope = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	return all;
}

/* An older kernel refuses fields that it does not know. */
static size_t size_of(long abi)
{
	if (abi >= ABI_SCOPE)
		return sizeof(struct ruleset);
	return abi >= ABI_NET ? offsetof(struct ruleset, scope) : offsetof(struct ruleset, net);
}

/* 0 or -1 + errno.  What is not there cannot be reached anyway. */
static int allow(int ruleset, const char *path, uint64_t rights)
{
	struct stat about;
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : -1;
	int result = fstat(fd, &about);
	if (result == 0 && !S_ISDIR(about.st_mode))
		rights &= FS_OF_FILES;
	struct path_beneath rule = {.allowed = rights, .parent_fd = fd};
	if (result == 0)
		result = (int)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
	int reason = errno;
	close(fd);
	errno = reason;
	return result;
}

static int allow_each(int ruleset, const char *const *paths)
{
	int result = 0;
	for (; *paths && result == 0; paths++)
		result = allow(ruleset, *paths, FS_READ_FILE | FS_READ_DIR);
	return result;
}

/* Certificates of authorities: anybody may read them. */
static const char *const tls_paths[] = {"/etc/ssl/certs",
                                        "/etc/ssl/cert.pem",
                                        "/etc/ssl/openssl.cnf",
                                        "/etc/ca-certificates",
                                        "/etc/pki",
                                        "/usr/share/ca-certificates",
                                        "/usr/local/share/ca-certificates",
                                        NULL};

/* All of /etc, because whoever changes one of these files often puts another in its place. */
static const char *const dns_paths[] = {
	"/etc", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/usr/share/ca-certificates", NULL};

/* To find leaks, and to name functions in reports. */
static const char *const sanitizer_paths[] = {"/proc", "/lib", "/usr/lib", "/proc/self/exe", NULL};

static int allow_promised(int ruleset, unsigned promises)
{
	int result = 0;
	if (promises & 1u << PROMISE_CONNECT)
		result = allow_each(ruleset, tls_paths);
	if (result == 0 && promises & 1u << PROMISE_DNS)
		result = allow_each(ruleset, dns_paths);
	if (result == 0 && promises & 1u << PROMISE_SANITIZER)
		result = allow_each(ruleset, sanitizer_paths);
	return result;
}

static int allow_places(int ruleset, long abi, unsigned promises, const struct sandbox_place *places, size_t count)
{
	uint64_t read = FS_READ_FILE | FS_READ_DIR, write = read | FS_WRITE_FILE | FS_MAKE_REG | FS_REMOVE_FILE;
	int result = 0;
	if (abi >= 3)
		write |= FS_TRUNCATE;
	for (size_t i = 0; i < count && result == 0; i++)
		result = allow(ruleset, places[i].path, places[i].write && promises & 1u << PROMISE_WPATH ? write : read);
	return result;
}

/* One thread is restricted, and those it starts: another that is there already would go free. */
static bool is_alone(void)
{
	struct stat threads;
	return stat("/proc/self/task", &threads) == 0 && threads.st_nlink == 2 + 1;
}

static const char *name_lack(int error)
{
	if (error == EOPNOTSUPP)
		return "switched off in the kernel";
	return error == ENOSYS ? "kernel too old, or it is not let through" : strerror(error);
}

const char *sandbox_filter_paths(unsigned promises, const struct sandbox_place *places, size_t count)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
	if (abi < 0)
		return name_lack(errno);
	if (!is_alone())
		return "other threads run already";
	struct ruleset forbidden = forbid(abi, promises);
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &forbidden, size_of(abi), 0);
	if (ruleset < 0)
		return strerror(errno);
	int result = allow_promised(ruleset, promises);
	if (result == 0)
		result = allow_places(ruleset, abi, promises, places, count);
	if (result == 0)
		result = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
	const char *reason = result == 0 ? NULL : strerror(errno);
	close(ruleset);
	return reason;
}
