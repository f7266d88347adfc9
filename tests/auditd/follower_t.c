#include "../../auditd/follower.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../proto/daemon/log.h"
#include "../tap/tap.h"
#include "records.h"

enum { SMALL = 4096 };

static char error[STORE_ERROR_SIZE];

static void append(struct journal *journal, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++) {
		struct audit_record record = records_request(i);
		CHECK(journal_add(journal, &record) == JOURNAL_ADDED);
		if (i % 3 == 0)
			CHECK(journal_commit(journal, (uint64_t)time(NULL) * 1000) == 0);
	}
	CHECK(journal_commit(journal, (uint64_t)time(NULL) * 1000) == 0);
}

/* What daemons hold open together; each directory has journal and store. */
struct both {
	struct journal *journal;
	struct store *store;
	struct follower *follower;
};

static struct both open_both(const char *directory)
{
	struct both both = {journal_open(directory, SMALL), store_open("sqlite:audit.db", directory, error), NULL};
	CHECK(both.store);
	both.follower = follower_new(both.journal, both.store);
	return both;
}

static void close_both(struct both *both)
{
	free(both->follower);
	store_close(both->store);
	journal_close(both->journal);
}

static int catch_up(struct follower *follower)
{
	int result;
	do {
		result = follower_step(follower);
	} while (result > 0);
	return result;
}

struct check {
	uint64_t seq;
	bool in_order;
};

static bool check_row(void *arg, uint64_t seq, const struct audit_record *record)
{
	struct check *check = arg;
	(void)record;
	check->in_order = check->in_order && seq == ++check->seq;
	return true;
}

/* The store holds exactly the records 1 to count, and counted each once. */
static void is_complete(struct store *store, uint64_t count, const char *what)
{
	struct check check = {.in_order = true};
	struct usage_total total;
	CHECK(store_tail(store, 0, count + 100, check_row, &check, error) == 0);
	CHECK(store_total(store, "k7Qm2xA9bC", 0, &total, error) == 0);
	ok(check.in_order && check.seq == count && total.requests == count, "%s: all %u records, each once", what,
	   (unsigned)count);
}

static void test_follow(void)
{
	struct both both = open_both(records_directory());
	is_int(catch_up(both.follower), 0, "an empty journal is followed at once");
	append(both.journal, 0, 50);
	is_int(catch_up(both.follower), 0, "50 records over several segments");
	is_complete(both.store, 50, "followed");
	append(both.journal, 50, 7);
	struct audit_record waiting = records_request(999);
	CHECK(journal_add(both.journal, &waiting) == JOURNAL_ADDED);
	is_int(catch_up(both.follower), 0, "and those that came since");
	is_complete(both.store, 57, "without the one that is not on disk");
	is_int((long long)follower_state(both.follower)->seq, 57, "the state says how far");
	close_both(&both);
}

static void test_restart(void)
{
	const char *directory = records_directory();
	struct both both = open_both(directory);
	append(both.journal, 0, 20);
	catch_up(both.follower);
	append(both.journal, 20, 20);
	close_both(&both);
	both = open_both(directory);
	catch_up(both.follower);
	is_complete(both.store, 40, "after a restart");
	close_both(&both);
}

static void test_rebuild(void)
{
	const char *directory = records_directory();
	struct both both = open_both(directory);
	append(both.journal, 0, 30);
	catch_up(both.follower);
	CHECK(unlink(records_path(directory, "audit.db")) == 0);
	append(both.journal, 30, 5);
	catch_up(both.follower);
	is_complete(both.store, 35, "the store deleted while it ran");
	close_both(&both);
	CHECK(unlink(records_path(directory, "audit.db")) == 0);
	both = open_both(directory);
	catch_up(both.follower);
	is_complete(both.store, 35, "the store deleted while nothing ran");
	close_both(&both);
}

static void test_other_journal(void)
{
	const char *directory = records_directory();
	struct both both = open_both(directory);
	append(both.journal, 0, 30);
	catch_up(both.follower);
	close_both(&both);
	char command[128];
	snprintf(command, sizeof(command), "rm %s/head %s/*.jsonl", directory, directory);
	CHECK(system(command) == 0);
	both = open_both(directory);
	append(both.journal, 100, 4);
	catch_up(both.follower);
	is_complete(both.store, 4, "the journal is another one");
	close_both(&both);
}

static void test_expired_segments(void)
{
	struct both both = open_both(records_directory());
	struct check check = {.in_order = true};
	append(both.journal, 0, 30);
	CHECK(journal_expire(both.journal, UINT64_MAX) > 0);
	check.seq = journal_oldest(both.journal) - 1;
	is_int(catch_up(both.follower), 0, "segments that went before they were followed are left out");
	CHECK(store_tail(both.store, 0, 100, check_row, &check, error) == 0);
	ok(check.in_order && check.seq == 30, "what is left is there");
	close_both(&both);
}

static void test_damaged_line(void)
{
	const char *directory = records_directory();
	struct both both = open_both(directory);
	append(both.journal, 0, 5);
	records_write(records_path(directory, "0000000001.jsonl"), 100, "\"\"\"\"", 4);
	is_int(catch_up(both.follower), 0, "a line that cannot be read stops nothing");
	is_int((long long)follower_state(both.follower)->seq, 5, "what comes after it is followed");
	close_both(&both);
}

/* Follows in a process that is killed in the middle, again and again. */
static void follow_until_killed(const char *directory)
{
	fflush(stdout);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		struct both both = open_both(directory);
		for (;;)
			follower_step(both.follower);
	}
	usleep(2000 + (unsigned)rand() % 8000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void test_kill(void)
{
	const char *directory = records_directory();
	struct journal *journal = journal_open(directory, SMALL);
	append(journal, 0, 3000);
	journal_close(journal);
	for (int i = 0; i < 20; i++)
		follow_until_killed(directory);
	struct both both = open_both(directory);
	catch_up(both.follower);
	is_complete(both.store, 3000, "killed 20 times on the way");
	close_both(&both);
}

int main(void)
{
	log_init("follower_t");
	log_level_set(LOG_LEVEL_ERROR);
	test_follow();
	test_restart();
	test_rebuild();
	test_other_journal();
	test_expired_segments();
	test_damaged_line();
	test_kill();
	return tap_done();
}
