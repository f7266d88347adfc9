#include "resolver.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"

/* Each travels whole: the pair of sockets keeps the bounds of messages. */
struct question {
	unsigned long id;
	unsigned turn;
	char host[RESOLVER_HOST_MAX + 1];
};

struct answer {
	unsigned long id;
	char address[RESOLVER_ADDRESS_SIZE]; /* "": none */
};

static struct loop_watch child = {.fd = -1};
static pid_t child_pid;
static struct resolver_question *waiting;
static struct loop_timer failing; /* armed: nobody can be asked */
static unsigned long last_id;

/* --- the child --- */

/* There is at least one. */
static const struct addrinfo *choose(const struct addrinfo *found, unsigned turn)
{
	unsigned count = 1;
	for (const struct addrinfo *each = found->ai_next; each; each = each->ai_next)
		count++;
	for (turn %= count; turn > 0; turn--)
		found = found->ai_next;
	return found;
}

static void look_up(const struct question *question, struct answer *answer)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	*answer = (struct answer){.id = question->id};
	if (getaddrinfo(question->host, NULL, &hints, &found) != 0)
		return;
	const struct addrinfo *chosen = choose(found, question->turn);
	if (getnameinfo(chosen->ai_addr, chosen->ai_addrlen, answer->address, sizeof(answer->address), NULL, 0,
	                NI_NUMERICHOST) != 0)
		answer->address[0] = '\0';
	freeaddrinfo(found);
}

static _Noreturn void serve(int fd)
{
	struct question question;
	struct answer answer;
	while (recv(fd, &question, sizeof(question), 0) == (ssize_t)sizeof(question)) {
		question.host[RESOLVER_HOST_MAX] = '\0';
		look_up(&question, &answer);
		if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/* It keeps nothing of the daemon's but its end of the pair.  A name server that is silent is given up soon:
 * whoever asked has a deadline, and asks again. */
static _Noreturn void become_child(int fd)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "resolver");
	setenv("RES_OPTIONS", "timeout:1 attempts:2", 1);
	if (dup2(fd, STDIN_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) < 0)
		_exit(EXIT_ENVIRONMENT);
	serve(STDIN_FILENO);
}

/* --- the daemon --- */

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

static void forget_child(void)
{
	log_error("resolver-died", "pid=%d", (int)child_pid);
	loop_unwatch(&child);
	close(child.fd);
	child.fd = -1;
	waitpid(child_pid, NULL, 0);
	loop_timer_set(&failing, 0);
}

static void heard(void *arg, uint32_t events)
{
	struct answer answer;
	(void)arg;
	(void)events;
	ssize_t length = recv(child.fd, &answer, sizeof(answer), MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length != (ssize_t)sizeof(answer)) {
		forget_child();
		return;
	}
	answer.address[sizeof(answer.address) - 1] = '\0';
	struct resolver_question *question = take_out(answer.id);
	if (question)
		question->answered(question->arg, answer.address[0] ? answer.address : NULL);
}

/* -1 + errno. */
static int start_child(void)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	child_pid = fork();
	if (child_pid == 0)
		become_child(pair[1]);
	close(pair[1]);
	child = (struct loop_watch){.fd = pair[0], .ready = heard};
	if (child_pid > 0 && loop_watch(&child, EPOLLIN) == 0)
		return 0;
	close(pair[0]);
	child.fd = -1;
	return -1;
}

void resolver_open(void)
{
	failing.expired = fail_all;
	if (start_child() < 0)
		fatal("cannot start the resolver");
}

void resolver_ask(struct resolver_question *question, const char *host)
{
	struct question message = {.id = ++last_id, .turn = question->turn};
	CHECK(question->id == 0);
	snprintf(message.host, sizeof(message.host), "%s", host);
	question->id = message.id;
	question->next = waiting;
	waiting = question;
	bool there = child.fd >= 0 || start_child() == 0;
	if (!there || send(child.fd, &message, sizeof(message), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		loop_timer_set(&failing, 0);
}

void resolver_forget(struct resolver_question *question)
{
	if (question->id != 0)
		take_out(question->id);
}
