#include "children.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "spawn.h"
#include "state.h"

enum { BACKOFF_MIN_MS = 100, BACKOFF_MAX_MS = 5000, STEADY_MS = 10000, STOP_PATIENCE_MS = 10000 };

struct child {
	const char *program;
	enum wire_role role;
	bool reads_models;
	pid_t pid;              /* 0: not running */
	struct loop_watch life; /* a pidfd: readable when the child is dead */
	struct loop_watch word; /* a pipe: readable when the child is ready */
	struct loop_timer again;
	uint64_t started, backoff;
	bool ready;
};

/* Stopped in this order, started in the opposite one: whoever is asked is there before whoever asks. */
static struct child children[] = {
	{.program = "heimgate-edge", .role = ROLE_EDGE},
	{.program = "heimgate-authd", .role = ROLE_AUTHD},
	{.program = "heimgate-proxyd", .role = ROLE_PROXYD, .reads_models = true},
	{.program = "heimgate-limiterd", .role = ROLE_LIMITERD, .reads_models = true},
	{.program = "heimgate-auditd", .role = ROLE_AUDITD},
};
enum { CHILDREN = sizeof(children) / sizeof(*children) };

static const char *models_path;
static bool separate_users;
static void (*when_all_ready)(void);

static void start(struct child *child);

static void forget(struct loop_watch *watch)
{
	if (watch->fd < 0)
		return;
	loop_unwatch(watch);
	close(watch->fd);
	watch->fd = -1;
}

static void count_ready(void)
{
	for (size_t i = 0; i < CHILDREN; i++)
		if (!children[i].ready)
			return;
	if (when_all_ready)
		when_all_ready();
	when_all_ready = NULL;
}

static void heard(void *arg, uint32_t events)
{
	struct child *child = arg;
	char byte;
	(void)events;
	child->ready = read(child->word.fd, &byte, 1) == 1;
	forget(&child->word);
	if (child->ready)
		count_ready();
}

static _Noreturn void give_up(int status)
{
	children_stop();
	exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_ENVIRONMENT);
}

static void plan_restart(struct child *child)
{
	bool steady = loop_now() - child->started > STEADY_MS;
	child->backoff = steady || child->backoff == 0 ? BACKOFF_MIN_MS : child->backoff * 2;
	if (child->backoff > BACKOFF_MAX_MS)
		child->backoff = BACKOFF_MAX_MS;
	log_warn("daemon-died", "program=%s again_in_ms=%llu", child->program, (unsigned long long)child->backoff);
	loop_timer_set(&child->again, child->backoff);
}

static void died(void *arg, uint32_t events)
{
	struct child *child = arg;
	int status = 0;
	(void)events;
	waitpid(child->pid, &status, 0);
	child->pid = 0;
	forget(&child->life);
	forget(&child->word);
	if (when_all_ready)
		give_up(status);
	plan_restart(child);
}

static void start_again(void *arg)
{
	start(arg);
}

static void watch(struct loop_watch *watch, int fd, void (*ready)(void *, uint32_t), struct child *child)
{
	*watch = (struct loop_watch){fd, ready, child};
	if (fd < 0 || loop_watch(watch, EPOLLIN) < 0)
		fatal("cannot watch %s", child->program);
}

static void start(struct child *child)
{
	const char *const argv[] = {child->program, NULL};
	char user[STATE_USER_MAX], fd_text[12];
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		fatal("cannot make a pipe");
	state_user(child->role, separate_users, user);
	snprintf(fd_text, sizeof(fd_text), "%d", fds[1]);
	const struct spawn_variable variables[] = {
		{"HEIMGATE_READY_FD", fd_text}, {"HEIMGATE_USER", user}, {"HEIMGATE_MODELS", models_path}};
	child->pid = spawn(argv, variables, sizeof(variables) / sizeof(*variables), -1, fds[1]);
	close(fds[1]);
	child->ready = false;
	child->started = loop_now();
	child->again = (struct loop_timer){.expired = start_again, .arg = child};
	watch(&child->word, fds[0], heard, child);
	watch(&child->life, (int)syscall(SYS_pidfd_open, child->pid, 0), died, child);
}

void children_start(const char *models, bool separate, void (*all_ready)(void))
{
	models_path = models;
	separate_users = separate;
	when_all_ready = all_ready;
	for (size_t i = CHILDREN; i-- > 0;) {
		children[i].life.fd = children[i].word.fd = -1;
		start(&children[i]);
	}
}

void children_reload(void)
{
	for (size_t i = 0; i < CHILDREN; i++)
		if (children[i].reads_models && children[i].pid > 0)
			kill(children[i].pid, SIGHUP);
}

static void stop(struct child *child)
{
	if (child->pid == 0)
		return;
	kill(child->pid, SIGTERM);
	struct timespec pause = {.tv_nsec = 5 * 1000000};
	for (int waited = 0; waitpid(child->pid, NULL, WNOHANG) == 0; waited += 5) {
		if (waited >= STOP_PATIENCE_MS)
			kill(child->pid, SIGKILL);
		nanosleep(&pause, NULL);
	}
	child->pid = 0;
}

void children_stop(void)
{
	for (size_t i = 0; i < CHILDREN; i++)
		stop(&children[i]);
}
