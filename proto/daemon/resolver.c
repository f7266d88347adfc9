#include "resolver.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "resolver_private.h"

static struct loop_watch child = {.fd = -1};
static struct resolver_question *waiting;
static struct loop_timer failing; /* armed: nobody can be asked */
static unsigned long last_id;

/* "heimgate-resolver" in the directory of this program; false when that cannot be told. */
static bool find_program(char path[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	if (length < 0)
		return false;
	path[length] = '\0';
	char *name = strrchr(path, '/');
	return name && snprintf(name, (size_t)(path + PATH_MAX - name), "/heimgate-resolver") < path + PATH_MAX - name;
}

/* Another program, so that nothing of the daemon's memory stays, with its end of the pair as standard input. */
static _Noreturn void become_child(int fd)
{
	char name[] = "heimgate-resolver", options[] = "RES_OPTIONS=timeout:1 attempts:2", path[PATH_MAX];
	char *demand = getenv("HEIMGATE_SANDBOX");
	char *const arguments[] = {name, demand, NULL}, *const environment[] = {options, NULL};
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (find_program(path) && dup2(fd, STDIN_FILENO) >= 0 && close_range(STDERR_FILENO + 1, ~0U, 0) == 0)
		execve(path, arguments, environment);
	_exit(EXIT_ENVIRONMENT);
}

/* The question with this id, taken out; NULL when it was forgotten. */
static struct resolver_question *take_out(unsigned long id)
{
	struct resolver_question **link = &waiting;
	while (*link && (*link)->id != id)
		link = &(*link)->next;
	struct resolver_question *question = *link;
	if (question) {
		*link = question->next;
		question->id = 0;
	}
	return question;
}

static void fail_all(void *arg)
{
	(void)arg;
	for (struct resolver_question *question = waiting; question; question = waiting) {
		take_out(question->id);
		question->answered(question->arg, NULL);
	}
}

static void heard(void *arg, uint32_t events)
{
	struct resolver_answer answer;
	(void)arg;
	(void)events;
	ssize_t length = recv(child.fd, &answer, sizeof(answer), MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length != (ssize_t)sizeof(answer))
		fatalx("the resolver has ended, and the sandbox lets nobody start another");
	answer.address[sizeof(answer.address) - 1] = '\0';
	struct resolver_question *question = take_out(answer.id);
	if (question)
		question->answered(question->arg, answer.address[0] ? answer.address : NULL);
}

void resolver_open(void)
{
	int pair[2];
	failing.expired = fail_all;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		fatal("cannot make a way to the resolver");
	pid_t pid = fork();
	if (pid == 0)
		become_child(pair[1]);
	close(pair[1]);
	child = (struct loop_watch){.fd = pair[0], .ready = heard};
	if (pid < 0 || loop_watch(&child, EPOLLIN) < 0)
		fatal("cannot start the resolver");
}

void resolver_ask(struct resolver_question *question, const char *host)
{
	struct resolver_asked message = {.id = ++last_id, .turn = question->turn};
	CHECK(question->id == 0);
	snprintf(message.host, sizeof(message.host), "%s", host);
	question->id = message.id;
	question->next = waiting;
	waiting = question;
	if (send(child.fd, &message, sizeof(message), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		loop_timer_set(&failing, 0);
}

void resolver_forget(struct resolver_question *question)
{
	if (question->id != 0)
		take_out(question->id);
}
