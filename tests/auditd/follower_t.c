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
#include "stores.h"

enum { SMALL = 4096 };

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

static int result;
static bool stepped;

static void note_step(void *arg, int of_step)
{
	(void)arg;
	result = of_step;
	stores_answer(&stepped);
}

static struct both open_both(const char *directory)
{
	struct both both = {.journal = journal_open(directory, SMALL)};
	both.store = stores_open(directory, journal_id(both.journal));
	both.follower = follower_new(both.journal, both.store, note_step, NULL);
	return both;
}

static struct both open_new(void)
{
	stores_empty();
	return open_both(records_directory());
}

static void close_both(struct both *both)
{
	store_close(both->store);
	follower_free(both->follower);
	journal_close(both->journal);
}

static int catch_up(struct follower *follower)
{
	do {
		stepped = false;
		follower_step(follower);
		stores_wait(&stepped);
	} while (result > 0);
	return result;
}

/* Behind a position there are exactly these lines. */
static bool has_in_order(struct store *store, uint64_t after, uint64_t from, uint64_t to)
{
	const struct stores_rows *rows = stores_tail(store, after, STORES_ROWS_MAX);
	bool in_order = rows->count == to + 1 - from;
	for (size_t i = 0; in_order && i < rows->count; i++)
		in_order = rows->rows[i].seq == from + i;
	return in_order;
}

/* The store holds exactly the records 1 to count, and counted each once. */
static void is_complete(struct store *store, uint64_t count, const char *what)
{
	struct usage_total total = stores_total(store, "k7Qm2xA9bC", 0);
	ok(has_in_order(store, 0, 1, count) && total.requests == count, "%s: all %u records, each once", what,
	   (unsigned)count);
}

static void test_follow(void)
{
	struct both both = open_new();
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
	stores_empty();
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

/* Only a file can be deleted. */
static void test_rebuild(void)
{
	if (stores_are_shared())
		return;
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

static void run_in(const char *directory, const char *what)
{
	char command[256];
	snprintf(command, sizeof(command), "cd %s && %s", directory, what);
	CHECK(system(command) == 0);
}

static void test_other_journal(void)
{
	const char *directory = records_directory();
	stores_empty();
	struct both both = open_both(directory);
	append(both.journal, 0, 30);
	catch_up(both.follower);
	close_both(&both);
	run_in(directory, "rm head *.jsonl");
	both = open_both(directory);
	append(both.journal, 100, 4);
	catch_up(both.follower);
	if (stores_are_shared())
		ok(has_in_order(both.store, 30, 1, 4),
		   "the journal is another one: its records stand behind those of the first");
	else
		is_complete(both.store, 4, "the journal is another one");
	close_both(&both);
}

/* From a backup: lines that were followed are not in it any more. */
static void test_put_back(void)
{
	const char *directory = records_directory();
	stores_empty();
	struct both both = open_both(directory);
	append(both.journal, 0, 10);
	catch_up(both.follower);
	close_both(&both);
	run_in(directory, "mkdir backup && cp head *.jsonl backup");
	both = open_both(directory);
	append(both.journal, 10, 20);
	catch_up(both.follower);
	close_both(&both);
	run_in(directory, "rm *.jsonl && mv backup/* .");
	both = open_both(directory);
	append(both.journal, 200, 5);
	catch_up(both.follower);
	if (stores_are_shared())
		ok(has_in_order(both.store, 30, 11, 15), "a journal put back: what is new is followed, what was known is not");
	else
		is_complete(both.store, 15, "a journal put back");
	close_both(&both);
}

static void test_expired_segments(void)
{
	struct both both = open_new();
	append(both.journal, 0, 30);
	CHECK(journal_expire(both.journal, UINT64_MAX) > 0);
	is_int(catch_up(both.follower), 0, "segments that went before they were followed are left out");
	ok(has_in_order(both.store, 0, journal_oldest(both.journal), 30), "what is left is there");
	close_both(&both);
}

static void test_damaged_line(void)
{
	const char *directory = records_directory();
	stores_empty();
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
		stores_prepare();
		struct both both = open_both(directory);
		for (;;)
			catch_up(both.follower);
	}
	usleep(stores_are_shared() ? 20000 + (unsigned)rand() % 60000 : 2000 + (unsigned)rand() % 8000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void test_kill(void)
{
	const char *directory = records_directory();
	stores_empty();
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
	stores_prepare();
	test_follow();
	test_restart();
	test_rebuild();
	test_other_journal();
	test_put_back();
	test_expired_segments();
	test_damaged_line();
	test_kill();
	return tap_done();
}
