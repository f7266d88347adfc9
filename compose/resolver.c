/*
 * heimgate-resolver: asks the system for the addresses of names, for the
 * daemon that started it.  A program of its own, so that it holds nothing of
 * that daemon's; and each question is for a process of its own, which parses
 * what name servers send and may be waiting for silent ones when the next
 * question comes.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/resolver_private.h"
#include "../proto/daemon/sandbox.h"

/* Whoever is at a question now. */
static struct {
	pid_t pid;
	int fd; /* readable once it has ended; -1: nobody is */
	unsigned long id;
} worker = {.fd = -1};

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

static void look_up(const struct resolver_asked *asked, struct resolver_answer *answer)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	*answer = (struct resolver_answer){.id = asked->id};
	if (getaddrinfo(asked->host, NULL, &hints, &found) != 0)
		return;
	const struct addrinfo *chosen = choose(found, asked->turn);
	if (getnameinfo(chosen->ai_addr, chosen->ai_addrlen, answer->address, sizeof(answer->address), NULL, 0,
	                NI_NUMERICHOST) != 0)
		answer->address[0] = '\0';
	freeaddrinfo(found);
}

static bool answer(const struct resolver_answer *answer)
{
	return send(STDIN_FILENO, answer, sizeof(*answer), MSG_NOSIGNAL) >= 0;
}

static _Noreturn void work(const struct resolver_asked *asked)
{
	struct resolver_answer found;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	look_up(asked, &found);
	_exit(answer(&found) ? 0 : EXIT_ENVIRONMENT);
}

/* Whoever ended without an answer, or is ended now, found none. */
static void end_worker(void)
{
	int status;
	if (worker.fd < 0)
		return;
	close(worker.fd);
	worker.fd = -1;
	kill(worker.pid, SIGKILL);
	if (waitpid(worker.pid, &status, 0) < 0 || status != 0)
		answer(&(struct resolver_answer){.id = worker.id});
}

static void start_worker(const struct resolver_asked *asked)
{
	worker.id = asked->id;
	worker.pid = fork();
	if (worker.pid == 0)
		work(asked);
	worker.fd = worker.pid > 0 ? pidfd_open(worker.pid, 0) : -1;
	if (worker.fd >= 0)
		return;
	log_error("resolver-failed", "reason=%s", log_text(strerror(errno)));
	answer(&(struct resolver_answer){.id = asked->id});
}

static bool hear(struct resolver_asked *asked)
{
	if (recv(STDIN_FILENO, asked, sizeof(*asked), 0) != (ssize_t)sizeof(*asked))
		return false;
	asked->host[RESOLVER_HOST_MAX] = '\0';
	return true;
}

/* False once nobody asks any more. */
static bool turn(void)
{
	struct resolver_asked asked;
	struct pollfd events[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = worker.fd, .events = POLLIN}};
	if (poll(events, 2, -1) < 0)
		return errno == EINTR;
	if (events[1].revents)
		end_worker();
	if (!events[0].revents)
		return true;
	if (!hear(&asked))
		return false;
	end_worker();
	start_worker(&asked);
	return true;
}

/* It ends when the daemon does, and not by a signal that is meant for the daemon. */
int main(int argc, char **argv)
{
	log_init("resolver");
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fatal("cannot give up rights");
	sandbox_enter("base dns proc", argc > 1 ? argv[1] : "best-effort");
	while (turn())
		continue;
	return 0;
}
