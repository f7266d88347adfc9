/*
 * heimgate-resolver: asks the system for the addresses of names, for the
 * daemon that started it.  A program of its own, so that it holds nothing of
 * that daemon's: it parses what name servers send.
 */
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../proto/daemon/log.h"
#include "../proto/daemon/resolver_private.h"

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

/* The newest question there is: whoever asks again has given up what it asked before. */
static bool hear(struct resolver_asked *asked)
{
	struct resolver_asked newer;
	if (recv(STDIN_FILENO, asked, sizeof(*asked), 0) != (ssize_t)sizeof(*asked))
		return false;
	while (recv(STDIN_FILENO, &newer, sizeof(newer), MSG_DONTWAIT) == (ssize_t)sizeof(newer))
		*asked = newer;
	asked->host[RESOLVER_HOST_MAX] = '\0';
	return true;
}

/* It ends when the daemon does, and not by a signal that is meant for the daemon. */
int main(void)
{
	struct resolver_asked asked;
	struct resolver_answer answer;
	log_init("resolver");
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fatal("cannot give up rights");
	while (hear(&asked)) {
		look_up(&asked, &answer);
		if (send(STDIN_FILENO, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	return 0;
}
