/* Names become addresses while the loop goes on, and who asks ends with the resolver. */
#include "../../proto/daemon/resolver.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../../proto/daemon/loop.h"
#include "../tap/tap.h"

static struct loop_timer patience;
static char answer[RESOLVER_ADDRESS_SIZE];
static unsigned answers;

static void answered(void *arg, const char *address)
{
	(void)arg;
	answers++;
	snprintf(answer, sizeof(answer), "%s", address ? address : "none");
	loop_stop();
}

static void too_late(void *arg)
{
	(void)arg;
	snprintf(answer, sizeof(answer), "too late");
	loop_stop();
}

static struct resolver_question question = {.answered = answered};

static const char *ask(const char *host)
{
	resolver_ask(&question, host);
	loop_timer_set(&patience, 30 * 1000);
	loop_run();
	resolver_forget(&question);
	return answer;
}

/* Its pid, from the kernel's list of our children. */
static pid_t child(void)
{
	char text[64];
	snprintf(text, sizeof(text), "/proc/self/task/%d/children", (int)getpid());
	FILE *file = fopen(text, "re");
	if (!file || !fgets(text, sizeof(text), file))
		text[0] = '\0';
	if (file)
		fclose(file);
	return (pid_t)strtol(text, NULL, 10);
}

/* How a process ends whose resolver is killed. */
static int end_of_asker(void)
{
	int status = 0;
	fflush(stdout);
	pid_t asker = fork();
	if (asker == 0) {
		loop_open();
		resolver_open();
		kill(child(), SIGKILL);
		loop_run();
		_exit(0);
	}
	waitpid(asker, &status, 0);
	return status;
}

int main(void)
{
	log_init("test");
	log_level_set(LOG_LEVEL_ERROR);
	loop_open();
	patience.expired = too_late;
	int end = end_of_asker();
	resolver_open();
	is_text(ask("127.0.0.1"), "127.0.0.1", "an address is its own");
	is_text(ask("::1"), "::1", "of IPv6 too");
	ask("localhost");
	ok(strcmp(answer, "127.0.0.1") == 0 || strcmp(answer, "::1") == 0, "localhost has one");
	question.turn = 7;
	is_text(ask("127.0.0.1"), "127.0.0.1", "the next of one is the same");
	is_text(ask("no such name"), "none", "a name that cannot be has none");
	char endless[RESOLVER_HOST_MAX + 100];
	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	is_text(ask(endless), "none", "nor has one that is too long");

	unsigned so_far = answers;
	resolver_ask(&question, "127.0.0.1");
	resolver_forget(&question);
	struct resolver_question other = {.answered = answered};
	resolver_ask(&other, "127.0.0.2");
	loop_run();
	is_text(answer, "127.0.0.2", "after a question that was taken back the next one is answered");
	is_int(answers, so_far + 1, "and it alone");

	resolver_ask(&other, "127.0.0.1");
	resolver_ask(&question, "127.0.0.2");
	loop_run();
	if (answers < so_far + 3)
		loop_run();
	is_int(answers, so_far + 3, "of two questions at once each hears something");
	ok(WIFEXITED(end) && WEXITSTATUS(end) == EXIT_ENVIRONMENT, "whoever asks ends when the resolver is killed");
	return tap_done();
}
