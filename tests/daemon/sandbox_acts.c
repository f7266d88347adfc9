#include "sandbox_acts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/sandbox_private.h"

enum { PAGE = 4096 };

static char allowed[64], forbidden[64];
static struct sockaddr_in listener = {.sin_family = AF_INET};
static int connected = -1; /* to the listener, since before the sandbox */
static pid_t another;      /* process, outside the sandbox */

static int result_of(long result)
{
	return result < 0 ? errno : 0;
}

/* --- files --- */

static int open_in(const char *directory, const char *name, int flags)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

static int read_forbidden(void)
{
	return result_of(open_in(forbidden, "file", O_RDONLY));
}

static int write_forbidden(void)
{
	return result_of(open_in(forbidden, "file", O_WRONLY));
}

static int make_forbidden(void)
{
	return result_of(open_in(forbidden, "new", O_WRONLY | O_CREAT));
}

static int list_forbidden(void)
{
	return result_of(open(forbidden, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int read_allowed(void)
{
	return result_of(open_in(allowed, "file", O_RDONLY));
}

static int write_allowed(void)
{
	return result_of(open_in(allowed, "file", O_WRONLY));
}

static int make_allowed(void)
{
	return result_of(open_in(allowed, "new", O_WRONLY | O_CREAT));
}

static int remove_forbidden(void)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/to-remove", forbidden);
	return result_of(unlink(path));
}

static int change_mode(void)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/file", allowed);
	return result_of(chmod(path, 0644));
}

static int make_memory_file(void)
{
	return result_of(memfd_create("probe", 0));
}

/* --- sockets --- */

static int connect_tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	return fd < 0 ? errno : result_of(connect(fd, (struct sockaddr *)&listener, sizeof(listener)));
}

static int listen_tcp_anywhere(void)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return errno;
	return result_of(listen(fd, 1));
}

static int reconnect_tcp(void)
{
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	if (connect(connected, &nowhere, sizeof(nowhere)) < 0)
		return errno;
	return result_of(connect(connected, (struct sockaddr *)&listener, sizeof(listener)));
}

static int reconnect_by_sending(void)
{
	struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	if (connect(connected, &nowhere, sizeof(nowhere)) < 0)
		return errno;
	return result_of(sendto(connected, "?", 1, MSG_FASTOPEN, (struct sockaddr *)&listener, sizeof(listener)));
}

/* Without files and servers nothing is found; which of them was refused, the resolver does not say. */
static int look_up_a_name(void)
{
	struct addrinfo *found = NULL;
	if (getaddrinfo("localhost", NULL, NULL, &found) != 0)
		return EACCES;
	freeaddrinfo(found);
	return 0;
}

#define SOCKET(name, ...) \
	static int make_##name##_socket(void) \
	{ \
		return result_of(socket(__VA_ARGS__)); \
	}

SOCKET(udp, AF_INET, SOCK_DGRAM, 0)
SOCKET(mptcp, AF_INET, SOCK_STREAM, IPPROTO_MPTCP)
/* Without a protocol nobody gets one, but only who may ask is told that. */
SOCKET(raw, AF_INET, SOCK_RAW, 0)
SOCKET(netlink, AF_NETLINK, SOCK_RAW, 0)
SOCKET(unix_datagram, AF_UNIX, SOCK_DGRAM, 0)

/* --- processes --- */

static int execute(void)
{
	char name[] = "true", *arguments[] = {name, NULL};
	execve("/bin/true", arguments, NULL);
	return errno;
}

static int fork_itself(void)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : result_of(waitpid(pid, &status, 0));
}

static void *nothing(void *arg)
{
	return arg;
}

static int start_thread(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, nothing, NULL);
	return error ? error : pthread_join(thread, NULL);
}

static int clone_into_namespace(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return result_of(pid);
}

static int leave_namespaces(void)
{
	return result_of(unshare(CLONE_NEWNS));
}

static int be_traced(void)
{
	return result_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int read_memory_of_another(void)
{
	return result_of(syscall(SYS_process_vm_readv, another, NULL, 0, NULL, 0, 0));
}

static int signal_another(void)
{
	return result_of(kill(another, 0));
}

static int signal_a_thread_of_another(void)
{
	return result_of(syscall(SYS_tgkill, another, another, 0));
}

/* --- code --- */

static void *map(int protection)
{
	return mmap(NULL, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int map_code(void)
{
	return map(PROT_READ | PROT_WRITE | PROT_EXEC) == MAP_FAILED ? errno : 0;
}

static int turn_data_into_code(void)
{
	void *data = map(PROT_READ | PROT_WRITE);
	return data == MAP_FAILED ? 0 : result_of(mprotect(data, PAGE, PROT_READ | PROT_EXEC));
}

/* --- the kernel --- */

static int set_user(void)
{
	return result_of(syscall(SYS_setuid, getuid()));
}

static int mount_something(void)
{
	return result_of(mount("none", "/no/such/place", "tmpfs", 0, NULL));
}

static int change_root(void)
{
	return result_of(chroot("/no/such/place"));
}

static int set_personality(void)
{
	return result_of(personality(0xffffffff));
}

static int set_up_io_uring(void)
{
	struct io_uring_params parameters = {0};
	return result_of(syscall(SYS_io_uring_setup, 1, &parameters));
}

/* Too large to be looked at, which is found out first. */
static int call_bpf(void)
{
	static union bpf_attr attributes;
	return result_of(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, 1 << 20));
}

static int open_perf_event(void)
{
	struct perf_event_attr event = {.size = sizeof(event), .type = PERF_TYPE_SOFTWARE, .exclude_kernel = 1};
	return result_of(syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
}

static int handle_page_faults(void)
{
	return result_of(syscall(SYS_userfaultfd, O_CLOEXEC));
}

#define P(name) (1u << PROMISE_##name)

const struct act acts[] = {
	{"read a file that was not allowed", read_forbidden, 0, 1, false},
	{"write to a file that was not allowed", write_forbidden, 0, 1, false},
	{"make a file where none is allowed", make_forbidden, 0, 1, false},
	{"list a directory that was not allowed", list_forbidden, 0, 1, false},
	{"remove a file that was not allowed", remove_forbidden, 0, 1, false},
	{"read a file that was allowed", read_allowed, P(RPATH) | P(DNS) | P(WPATH) | P(SANITIZER), 0, false},
	{"write to a file that was allowed", write_allowed, P(WPATH), 0, false},
	{"make a file where it was allowed", make_allowed, P(WPATH), 0, false},
	{"change the mode of a file", change_mode, 0, 0, false},
	{"make a file in memory", make_memory_file, 0, 0, false},
	{"connect to a TCP address", connect_tcp, P(CONNECT) | P(DNS), 0, false},
	{"listen on a TCP port", listen_tcp_anywhere, 0, 0, false},
	{"connect a socket elsewhere", reconnect_tcp, P(CONNECT) | P(DNS), 4, false},
	{"connect a socket by sending", reconnect_by_sending, 0, 0, false},
	{"look up a name", look_up_a_name, P(DNS), 1, false},
	{"make a UDP socket", make_udp_socket, P(DNS), 0, false},
	{"make a socket of a rarer protocol", make_mptcp_socket, 0, 0, false},
	{"make a raw socket", make_raw_socket, 0, 0, false},
	{"make a netlink socket", make_netlink_socket, 0, 0, false},
	{"make a unix datagram socket", make_unix_datagram_socket, 0, 0, false},
	{"execute a program", execute, 0, 0, false},
	{"fork itself", fork_itself, P(PROC), 0, false},
	{"start a thread", start_thread, P(THREAD), 0, false},
	{"clone itself into a namespace", clone_into_namespace, 0, 0, true},
	{"leave its namespaces", leave_namespaces, 0, 0, true},
	{"be traced", be_traced, 0, 0, false},
	{"read the memory of another process", read_memory_of_another, 0, 0, false},
	{"signal another process", signal_another, 0, 6, false},
	{"signal a thread of another process", signal_a_thread_of_another, 0, 0, false},
	{"map memory for code", map_code, 0, 0, false},
	{"turn data into code", turn_data_into_code, 0, 0, false},
	{"set its user", set_user, 0, 0, false},
	{"mount a file system", mount_something, 0, 0, true},
	{"change its root", change_root, 0, 0, true},
	{"change its personality", set_personality, 0, 0, false},
	{"set up io_uring", set_up_io_uring, 0, 0, true},
	{"call bpf", call_bpf, 0, 0, true},
	{"open a perf event", open_perf_event, 0, 0, true},
	{"handle page faults", handle_page_faults, 0, 0, true},
};
const size_t act_count = sizeof(acts) / sizeof(*acts);

/* --- before and after --- */

static void make_directory(char *path, size_t size)
{
	snprintf(path, size, "/tmp/heimgate-sandbox-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	int fd = open_in(path, "file", O_WRONLY | O_CREAT);
	CHECK(fd >= 0);
	close(fd);
}

static void remove_directory(const char *path)
{
	static const char *const names[] = {"file", "new", "to-remove"};
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < sizeof(names) / sizeof(*names); i++)
		unlinkat(fd, names[i], 0);
	close(fd);
	rmdir(path);
}

static void listen_somewhere(void)
{
	socklen_t size = sizeof(listener);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	listener.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&listener, size) == 0 && listen(fd, 128) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&listener, &size) == 0);
	connected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(connected >= 0 && connect(connected, (struct sockaddr *)&listener, size) == 0);
}

void acts_prepare(void)
{
	make_directory(allowed, sizeof(allowed));
	make_directory(forbidden, sizeof(forbidden));
	listen_somewhere();
	another = getpid();
}

void acts_make_ready(void)
{
	int fd = open_in(forbidden, "to-remove", O_WRONLY | O_CREAT);
	CHECK(fd >= 0);
	close(fd);
}

void acts_clean_up(void)
{
	remove_directory(allowed);
	remove_directory(forbidden);
}

const char *acts_allowed_directory(void)
{
	return allowed;
}
