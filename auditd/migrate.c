/*
 * heimgate-migrate-history: copies history from SQLite to PostgreSQL, so that
 * nothing is lost that the journal does not reach back to.  What auditd would
 * do with the journal is done here with the file: the same batches, with the
 * same cursor, so that it may be interrupted, repeated, and followed by auditd.
 */
#include "migrate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../proto/daemon/conf.h"
#include "../proto/daemon/log.h"
#include "../proto/daemon/loop.h"
#include "../proto/daemon/priv.h"
#include "../proto/daemon/resolver.h"
#include "journal.h"
#include "store_sqlite.h"

enum { DESCRIPTORS = 128 };

static const char help[] =
	"heimgate-migrate-history [sqlite:FILE]: copy history to PostgreSQL\n\n"
	"Records and sums of usage in the file (sqlite:audit.db) are copied to the store that HEIMGATE_AUDIT_STORE\n"
	"names, as those of the journal in HEIMGATE_STATE.  heimgate-auditd must not be running here.  The file is\n"
	"not changed.  What is there already is left alone, so that this may be run again.\n";

void migrate_answer(bool *answered)
{
	*answered = true;
	loop_stop();
}

void migrate_wait(const bool *answered)
{
	if (!*answered)
		loop_run();
	if (!*answered)
		fatalx("interrupted; run it again to go on");
}

/* Files made here belong to whom auditd runs as. */
static void become_owner(const char *directory)
{
	char owner[64];
	struct stat about;
	if (stat(directory, &about) < 0)
		fatal("cannot read %s", directory);
	snprintf(owner, sizeof(owner), "%u:%u", (unsigned)about.st_uid, (unsigned)about.st_gid);
	priv_drop(owner, DESCRIPTORS);
}

static struct store *open_store(const char *url, const struct conf_auditd *conf, const char *directory,
                                const char *journal)
{
	char error[STORE_ERROR_SIZE];
	const struct store_conf store_conf = {.url = url,
	                                      .password_file = conf->password_file,
	                                      .directory = directory,
	                                      .journal = journal,
	                                      .retention = (uint64_t)conf->retention};
	struct store *store = store_open(&store_conf, error);
	if (!store)
		fatalx("%s", error);
	return store;
}

struct begin {
	bool answered;
	struct store_cursor cursor;
};

static void begun(void *arg, const struct store_cursor *cursor, const char *error)
{
	struct begin *begin = arg;
	if (error)
		fatalx("%s", error);
	begin->cursor = *cursor;
	migrate_answer(&begin->answered);
}

static void committed(void *arg, const char *error)
{
	if (error)
		fatalx("%s", error);
	migrate_answer(arg);
}

/* How far a store has come. */
static struct store_cursor cursor_of(struct store *store)
{
	struct begin begin = {.answered = false};
	bool done = false;
	store_begin(store, begun, &begin);
	migrate_wait(&begin.answered);
	store_commit(store, &begin.cursor, committed, &done);
	migrate_wait(&done);
	return begin.cursor;
}

static void move(struct migrate *migrate, const struct journal *journal)
{
	struct segment_place end = journal_end(journal);
	migrate->have = cursor_of(migrate->from);
	if (segment_before(&end, &migrate->have.place) || migrate->have.seq > journal_seq(journal))
		fatalx("%s has followed another journal than the one in HEIMGATE_STATE", migrate->file);
	migrate->found = cursor_of(migrate->to);
	uint64_t known = migrate->found.seq < migrate->have.seq ? migrate->found.seq : migrate->have.seq;
	struct migrate_counts before = migrate_compare(migrate, known);
	size_t sums = migrate_usage(migrate, before.there > 0 ? before.first : known + 1);
	migrate_copy(migrate);
	struct migrate_counts after = migrate_compare(migrate, migrate->have.seq);
	if (after.absent != before.absent)
		fatalx("%" PRIu64 " records of the file are not in the database", after.absent);
	printf("records  %" PRIu64 " of the file are in the database, %" PRIu64 " of them since now\n", after.there,
	       after.there - before.there);
	printf("usage    %zu sums were added for records that are no more\n", sums);
}

static void run(const struct conf_auditd *conf, const char *url, const char *directory, const char *file)
{
	if (!store_sqlite_is_current(file))
		fatal_usage("%s is not a history that this version of heimgate made", file);
	char *segments = conf_path(directory, "journal");
	loop_open();
	resolver_open();
	struct journal *journal = journal_open(segments, (uint64_t)conf->segment_size);
	struct migrate migrate = {.journal = journal_id(journal), .file = file};
	migrate.from = open_store(url, conf, directory, migrate.journal);
	migrate.to = open_store(conf->store, conf, directory, migrate.journal);
	move(&migrate, journal);
	store_close(migrate.from);
	store_close(migrate.to);
	journal_close(journal);
	free(segments);
}

int main(int argc, char **argv)
{
	static struct conf_auditd conf;
	char error[STORE_ERROR_SIZE];
	log_init("migrate-history");
	if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)) {
		fputs(help, stdout);
		return 0;
	}
	const char *url = argc > 1 ? argv[1] : "sqlite:audit.db";
	conf_load_environment(CONF_AUDITD, &conf);
	if (argc > 2 || !store_judge(url, error) || store_is_remote(url))
		fatal_usage("the only argument is sqlite:FILE; --help says more");
	if (!store_judge(conf.store, error) || !store_is_remote(conf.store))
		fatal_usage("HEIMGATE_AUDIT_STORE must be the postgresql://... to copy to");
	char *directory = conf_path(conf.state, "auditd"), *file = conf_path(directory, strchr(url, ':') + 1);
	become_owner(directory);
	if (access(file, R_OK) == 0)
		run(&conf, url, directory, file);
	else
		printf("there is no history to move: %s is not there\n", file);
	free(file);
	free(directory);
	return 0;
}
