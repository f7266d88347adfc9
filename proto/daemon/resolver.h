/*
 * Names to addresses, without waiting: a child process, heimgate-resolver
 * beside the daemon's program, asks the system's resolver, so that the daemon
 * itself never blocks in it.
 *
 * The child has nothing of the daemon's memory and ends with it.  It lets a
 * child of its own ask, so that what name servers send can end that one
 * alone.  Should it end itself, so does the daemon, which may start nothing.
 */
#ifndef DAEMON_RESOLVER_H
#define DAEMON_RESOLVER_H

enum { RESOLVER_HOST_MAX = 255, RESOLVER_ADDRESS_SIZE = 46 };

/* One question at a time.  Zero-initialised is ready for use; must stay where it is while it waits. */
struct resolver_question {
	/* `address` is numeric, IPv4 or IPv6, valid during the call; NULL: the name has none now, or nobody could say. */
	void (*answered)(void *arg, const char *address);
	void *arg;
	unsigned turn;    /* which of a name's addresses is wanted, counted round: raise it when one was of no use */
	unsigned long id; /* resolver.c's own; 0: not waiting */
	struct resolver_question *next;
};

/* Starts the child.  After priv_drop() and loop_open(), before sandbox_enter().  Ends the process on failure. */
void resolver_open(void);

/* Asks for an address of `host`.  Answers from the loop, never during this call.  One question at a time is answered:
 * a new one ends the one before, which then has no address. */
void resolver_ask(struct resolver_question *question, const char *host);

/* Takes the question back: no answer comes. */
void resolver_forget(struct resolver_question *question);

#endif
