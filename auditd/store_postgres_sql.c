#include "store_postgres_sql.h"

/* --- the tables: each of these is a step from one version to the next --- */

/* Numbers of days and milliseconds since the epoch, as this program counts, and PostgreSQL's own types. */
static const char conversions[] = "CREATE FUNCTION to_day(bigint) RETURNS date LANGUAGE sql IMMUTABLE"
								  " AS $$ SELECT date '1970-01-01' + $1::integer $$;"
								  "CREATE FUNCTION to_moment(bigint) RETURNS timestamptz LANGUAGE sql STABLE"
								  " AS $$ SELECT to_timestamp($1 / 1000) + $1 % 1000 * interval '1 ms' $$;"
								  "CREATE FUNCTION from_moment(timestamptz) RETURNS bigint LANGUAGE sql STABLE"
								  " AS $$ SELECT (extract(epoch FROM $1) * 1000)::bigint $$;"
								  "CREATE FUNCTION utc_day(timestamptz) RETURNS date LANGUAGE sql IMMUTABLE"
								  " AS $$ SELECT ($1 AT TIME ZONE 'UTC')::date $$;";

/*
 * Records come from many journals; `position` puts them in one order, that of commits: whoever adds some holds the row
 * of last_position until then.  They are kept in a partition for each day, which is dropped whole.
 */
static const char tables[] =
	"CREATE TABLE journals ("
	" number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL,"
	" segment bigint NOT NULL, segment_offset bigint NOT NULL, seq bigint NOT NULL,"
	" has_older_usage boolean NOT NULL DEFAULT false);"
	"CREATE INDEX journals_id ON journals (id, number);"
	"CREATE TABLE last_position (position bigint NOT NULL);"
	"INSERT INTO last_position VALUES (0);"
	"CREATE TABLE records ("
	" position bigint NOT NULL, day date NOT NULL, journal integer NOT NULL, seq bigint NOT NULL,"
	" id text NOT NULL, kind text NOT NULL, time timestamptz NOT NULL, request_id text NOT NULL,"
	" key_id text NOT NULL, key_name text NOT NULL, client text NOT NULL, action text NOT NULL,"
	" model text NOT NULL, served text NOT NULL, upstream text NOT NULL, status integer NOT NULL, code text NOT NULL,"
	" tokens_in bigint NOT NULL, tokens_out bigint NOT NULL, estimated boolean NOT NULL, streamed boolean NOT NULL,"
	" bytes_in bigint NOT NULL, bytes_out bigint NOT NULL, first_byte_ms bigint NOT NULL, total_ms bigint NOT NULL,"
	" detail text NOT NULL, PRIMARY KEY (journal, seq, day)) PARTITION BY RANGE (day);"
	"CREATE INDEX records_position ON records (position);"
	"CREATE INDEX records_request ON records (request_id) WHERE request_id <> '';"
	"CREATE INDEX records_key ON records (key_id, time);"
	"CREATE TABLE usage ("
	" key_id text NOT NULL, day date NOT NULL, model text NOT NULL, key_name text NOT NULL,"
	" requests bigint NOT NULL, refusals bigint NOT NULL, tokens_in bigint NOT NULL, tokens_out bigint NOT NULL,"
	" PRIMARY KEY (key_id, day, model));";

/* Makes the partition of a day, unless it is there.  To attach it waits for no reader, as making it in place would. */
static const char make_day[] =
	"CREATE FUNCTION make_day(wanted date) RETURNS void LANGUAGE plpgsql AS $$"
	" DECLARE name text := 'records_' || to_char(wanted, 'YYYY_MM_DD');"
	" BEGIN"
	"  IF to_regclass(name) IS NULL THEN"
	"   EXECUTE format('CREATE TABLE %I (LIKE records INCLUDING ALL)', name);"
	"   EXECUTE format('ALTER TABLE records ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',"
	"    name, wanted, wanted + 1);"
	"  END IF;"
	" END $$;";

/* Makes the days to come and drops one that is too old; returns whether there may be more of them. */
static const char keep_days[] =
	"CREATE FUNCTION keep_days(oldest date, today date, newest date, oldest_usage date) RETURNS boolean"
	" LANGUAGE plpgsql SET lock_timeout = '1s' AS $$"
	" DECLARE too_old text;"
	" BEGIN"
	"  PERFORM position FROM last_position FOR UPDATE;"
	"  PERFORM make_day(today + ahead) FROM generate_series(0, newest - today) AS ahead;"
	"  DELETE FROM usage WHERE day < oldest_usage;"
	"  SELECT min(relname) INTO too_old FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
	"   WHERE inhparent = 'records'::regclass AND relname < 'records_' || to_char(oldest, 'YYYY_MM_DD');"
	"  IF too_old IS NOT NULL THEN EXECUTE format('DROP TABLE %I', too_old); END IF;"
	"  RETURN too_old IS NOT NULL;"
	" END $$;";

/*
 * Adds lines of a journal, an array of objects as record_json_write() makes them, their usage, and moves its cursor
 * from where it was thought to be: all of it in one statement, so that nobody else waits while we do not go on.
 * A record whose time is older or newer than there may be days is filed under the nearest one.
 */
static const char add_batch[] =
	"CREATE FUNCTION add_batch(which integer, from_segment bigint, from_offset bigint, from_seq bigint,"
	"  to_segment bigint, to_offset bigint, to_seq bigint, oldest date, newest date, batch json) RETURNS void"
	" LANGUAGE plpgsql AS $$"
	" DECLARE"
	"  lines records[] := ARRAY(SELECT line FROM json_populate_recordset(NULL::records, batch) AS line);"
	"  before bigint;"
	" BEGIN"
	"  UPDATE journals SET segment = to_segment, segment_offset = to_offset, seq = to_seq WHERE number = which"
	"   AND (segment, segment_offset, seq) = (from_segment, from_offset, from_seq);"
	"  IF NOT FOUND THEN RAISE EXCEPTION 'another session has followed this journal meanwhile'; END IF;"
	"  UPDATE last_position SET position = position + cardinality(lines)"
	"   RETURNING position - cardinality(lines) INTO before;"
	"  PERFORM make_day(wanted) FROM"
	"   (SELECT DISTINCT least(greatest(utc_day(time), oldest), newest) AS wanted FROM unnest(lines)) AS days;"
	"  WITH added AS ("
	"   INSERT INTO records SELECT before + row_number() OVER (ORDER BY seq),"
	"    least(greatest(utc_day(time), oldest), newest), which, seq,"
	"    id, kind, time, request_id, key_id, key_name, client, action, model, served, upstream, status, code,"
	"    tokens_in, tokens_out, estimated, streamed, bytes_in, bytes_out, first_byte_ms, total_ms, detail"
	"   FROM unnest(lines) RETURNING *)"
	"  INSERT INTO usage AS so_far SELECT key_id, utc_day(time),"
	"    CASE WHEN kind = 'request' AND status < 400 THEN model ELSE '' END,"
	"    (array_agg(key_name ORDER BY seq DESC))[1],"
	"    count(*) FILTER (WHERE kind = 'request'), count(*) FILTER (WHERE kind = 'refusal'),"
	"    least(coalesce(sum(tokens_in) FILTER (WHERE kind = 'request'), 0), 9007199254740991),"
	"    least(coalesce(sum(tokens_out) FILTER (WHERE kind = 'request'), 0), 9007199254740991)"
	"   FROM added WHERE kind <> 'admin' GROUP BY 1, 2, 3"
	"   ON CONFLICT (key_id, day, model) DO UPDATE SET key_name = excluded.key_name,"
	"    requests = so_far.requests + excluded.requests, refusals = so_far.refusals + excluded.refusals,"
	"    tokens_in = least(so_far.tokens_in::numeric + excluded.tokens_in, 9007199254740991),"
	"    tokens_out = least(so_far.tokens_out::numeric + excluded.tokens_out, 9007199254740991);"
	" END $$;";

/* Once released, none is ever changed. */
const char *const store_postgres_migrations[STORE_POSTGRES_MIGRATIONS] = {conversions, tables, make_day, keep_days,
                                                                          add_batch};

/* --- the statements --- */

static const char find_journal[] = "SELECT number, segment, segment_offset, seq FROM journals"
								   " WHERE id = $1 ORDER BY number DESC LIMIT 1";

static const char enter_journal[] = "INSERT INTO journals (id, segment, segment_offset, seq) VALUES ($1, $2, $3, $4)"
									" RETURNING number, segment, segment_offset, seq";

/* Once for each journal. */
static const char add_older_usage[] =
	"WITH mine AS"
	" (UPDATE journals SET has_older_usage = true WHERE number = $1 AND NOT has_older_usage RETURNING number)"
	" INSERT INTO usage AS so_far SELECT older.* FROM json_populate_recordset(NULL::usage, $2::json) AS older, mine"
	" ON CONFLICT (key_id, day, model) DO UPDATE SET"
	"  requests = so_far.requests + excluded.requests, refusals = so_far.refusals + excluded.refusals,"
	"  tokens_in = so_far.tokens_in + excluded.tokens_in, tokens_out = so_far.tokens_out + excluded.tokens_out";

#define SELECT_HEX(member) ", r." #member
#define SELECT_KIND(member) ", r." #member
#define SELECT_TIME(member) ", from_moment(r." #member ")"
#define SELECT_REQUEST(member) ", r." #member
#define SELECT_TEXT(member) ", r." #member
#define SELECT_U16(member) ", r." #member
#define SELECT_U32(member) ", r." #member
#define SELECT_U64(member) ", r." #member
#define SELECT_BOOL(member) ", r." #member "::integer"
#define SELECT_MEMBER(type, member) SELECT_##type(member)

#define MEMBERS RECORD_MEMBERS(SELECT_MEMBER)
#define RECORDS \
	"SELECT r.position, j.id, r.seq" MEMBERS " FROM records AS r JOIN journals AS j ON j.number = r.journal WHERE "
#define IN_ORDER " ORDER BY r.position LIMIT $2::bigint"

static const char tail[] = RECORDS "r.position > $1::bigint" IN_ORDER;
static const char newest[] = RECORDS "r.position > (SELECT position FROM last_position) - $1::bigint" IN_ORDER;
static const char show[] = RECORDS "r.request_id = $1 AND r.request_id <> ''" IN_ORDER;

static const char lines[] = RECORDS "r.journal = (SELECT max(number) FROM journals WHERE id = $1)"
									" AND r.seq > $2::bigint ORDER BY r.seq LIMIT $3::bigint";

static const char total[] =
	"SELECT least(coalesce(sum(tokens), 0), 9007199254740991), coalesce(sum(requests), 0) FROM ("
	"SELECT tokens_in + tokens_out AS tokens, requests FROM usage WHERE key_id = $1 AND day >= to_day($3)"
	" UNION ALL SELECT tokens_in + tokens_out, 1 FROM records"
	" WHERE kind = 'request' AND key_id = $1 AND time >= to_moment($2) AND time < to_moment($4)) AS parts";

#define SUMS "sum(requests), sum(refusals), sum(tokens_in), sum(tokens_out)"
#define PERIOD " FROM usage WHERE day >= to_day($1) AND day < to_day($2) GROUP BY "
#define PAGE " LIMIT $4::bigint OFFSET $3::bigint"
#define MOST_FIRST " ORDER BY sum(tokens_in) + sum(tokens_out) DESC, sum(requests) DESC, 1" PAGE

static const char by_key[] =
	"SELECT key_id, (array_agg(key_name ORDER BY day DESC))[1], " SUMS PERIOD "key_id" MOST_FIRST;
static const char by_model[] = "SELECT model, '', " SUMS PERIOD "model" MOST_FIRST;
static const char by_day[] = "SELECT to_char(day, 'YYYY-MM-DD'), '', " SUMS PERIOD "day ORDER BY day" PAGE;

const struct postgres_statement store_postgres_statements[STORE_POSTGRES_STATEMENTS] = {
	[STORE_TAIL] = {"tail", tail},
	[STORE_NEWEST] = {"newest", newest},
	[STORE_SHOW] = {"show", show},
	[STORE_LINES] = {"lines", lines},
	[STORE_TOTAL] = {"total", total},
	[STORE_USAGE_KEY] = {"usage_by_key", by_key},
	[STORE_USAGE_MODEL] = {"usage_by_model", by_model},
	[STORE_USAGE_DAY] = {"usage_by_day", by_day},
	{"find_journal", find_journal},
	{"enter_journal", enter_journal},
	{"add_older_usage", add_older_usage},
	{"add_batch", "SELECT add_batch($1, $2, $3, $4, $5, $6, $7, to_day($8), to_day($9), $10)"},
	{"keep_days", "SELECT keep_days(to_day($1), to_day($2), to_day($3), to_day($4))::integer"},
};
