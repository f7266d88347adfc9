/*
 * heimgate-frames: shows what passes on links, to people who debug one.  A process for each link, which holds the
 * rights of that link's listener and no others.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/priv.h"
#include "relay.h"

enum { DESCRIPTORS = 32, USER_MAX = 32 };

static struct conf_door conf; /* of the program that has the fewest settings; only `run` is asked for */

static void print_help(FILE *to)
{
	fputs("heimgate-frames: show what passes on links between daemons, one frame a line\n"
	      "\n"
	      "usage: heimgate-frames LINK|DAEMON ...\n"
	      "\n"
	      "It takes the place of the one who listens on a link, passes on what comes, and gives the place back\n"
	      "when it ends (Ctrl-C).  A DAEMON stands for all its links.  Ends that are joined already go on past\n"
	      "it: start the one that dials again to see what they say.\n"
	      "\n"
	      "  link              dials     listens\n",
	      to);
	for (enum wire_link link = 0; link < LINK_COUNT; link++) {
		const struct wire_link_info *info = wire_link_info(link);
		if (info->dialer != ROLE_TOOL)
			fprintf(to, "  %-18s%-10s%s\n", info->name, wire_role_name(info->dialer), wire_role_name(info->listener));
	}
}

/* Bits of the links that an argument stands for. */
static unsigned links_of(const char *name)
{
	unsigned links = 0;
	for (enum wire_link link = 0; link < LINK_COUNT; link++) {
		const struct wire_link_info *info = wire_link_info(link);
		bool meant = strcmp(name, info->name) == 0 || strcmp(name, wire_role_name(info->dialer)) == 0 ||
		             strcmp(name, wire_role_name(info->listener)) == 0;
		if (meant && info->dialer != ROLE_TOOL)
			links |= 1u << link;
	}
	if (links == 0)
		fatal_usage("there is no link and no daemon \"%s\"; --help lists them", name);
	return links;
}

/* Whoever owns the directory listens there. */
static void become_listener(const char *directory)
{
	char owner[USER_MAX];
	struct stat info;
	if (stat(".", &info) < 0)
		fatal("cannot look at %s", directory);
	snprintf(owner, sizeof(owner), "%u:%u", (unsigned)info.st_uid, (unsigned)info.st_gid);
	priv_drop(owner, DESCRIPTORS);
}

static void hung_up(void *arg)
{
	(void)arg;
	loop_stop();
}

static int watch(enum wire_link link)
{
	char *directory = conf_path(conf.run, wire_link_info(link)->name);
	if (chdir(directory) < 0)
		fatal("cannot enter %s", directory);
	become_listener(directory);
	free(directory);
	loop_open();
	loop_on_hangup(hung_up, NULL);
	relay_open(link);
	loop_run();
	relay_close();
	return 0;
}

/* --- one for each link --- */

static pid_t watchers[LINK_COUNT]; /* 0: none */

static pid_t start(enum wire_link link)
{
	pid_t pid = fork();
	if (pid < 0)
		fatal("cannot start another process");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	exit(watch(link));
}

static void stop_all(void)
{
	for (enum wire_link link = 0; link < LINK_COUNT; link++)
		if (watchers[link] > 0)
			kill(watchers[link], SIGTERM);
}

/* Takes down who has ended; returns the worse one of this status and theirs. */
static int reap(int worst)
{
	int status;
	for (enum wire_link link = 0; link < LINK_COUNT; link++) {
		if (watchers[link] == 0 || waitpid(watchers[link], &status, WNOHANG) != watchers[link])
			continue;
		watchers[link] = 0;
		int ended = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_ENVIRONMENT;
		worst = ended > worst ? ended : worst;
	}
	return worst;
}

static bool any_left(void)
{
	for (enum wire_link link = 0; link < LINK_COUNT; link++)
		if (watchers[link] > 0)
			return true;
	return false;
}

/* Keeps the rights it came with, to be able to stop them; it reads nothing from anybody. */
static int watch_all(unsigned links)
{
	sigset_t signals;
	int worst = 0;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGQUIT);
	sigaddset(&signals, SIGTSTP); /* whoever stood still here would hold up the link */
	sigaddset(&signals, SIGTTOU);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (enum wire_link link = 0; link < LINK_COUNT; link++)
		watchers[link] = links & 1u << link ? start(link) : 0;
	while (any_left()) {
		if (sigwaitinfo(&signals, NULL) != SIGCHLD)
			stop_all();
		worst = reap(worst);
	}
	return worst;
}

/* A terminal or a pipe that takes only a part of what is written would hold up the link.  Ours alone becomes so. */
static void unblock_output(void)
{
	struct stat info;
	int flags = fcntl(STDOUT_FILENO, F_GETFL); /* what it is not open for, it does not become */
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(STDOUT_FILENO, &info) < 0 ||
	    !(S_ISCHR(info.st_mode) || S_ISFIFO(info.st_mode)))
		return;
	int fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		dup2(fd, STDOUT_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	unsigned links = 0;
	log_init("frames");
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			print_help(stdout);
			return 0;
		}
	if (argc < 2)
		print_help(stderr);
	for (int i = 1; i < argc; i++)
		links |= links_of(argv[i]);
	if (links == 0)
		return EXIT_USAGE;
	conf_load_environment(CONF_DOOR, &conf);
	unblock_output();
	return watch_all(links);
}
