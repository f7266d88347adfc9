/*
 * Every setting of the suite: one table per program.  The configuration
 * structs, --help, the man pages' SETTINGS and docs/CONFIG.md come from here,
 * and an environment variable HEIMGATE_* that no table names is refused.
 *
 * X(TYPE, field, "NAME", "default", minimum, maximum, "meaning")
 * TEXT: minimum and maximum are lengths.  INT: values.  FILE: a text that
 * names a file, in HEIMGATE_STATE unless absolute.
 */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#define SETTINGS_SHARED(X) \
	X(TEXT, state, "HEIMGATE_STATE", "var", 1, 4096, "directory of everything that outlives a restart") \
	X(TEXT, run, "HEIMGATE_RUN", "", 0, 4096, "directory of the links' sockets; empty: run/ in HEIMGATE_STATE") \
	X(TEXT, log_level, "HEIMGATE_LOG_LEVEL", "info", 1, 8, "debug, info, warn or error") \
	X(TEXT, user, "HEIMGATE_USER", "", 0, 256, "UID:GID[,GID...] to become when started as root") \
	X(TEXT, sandbox, "HEIMGATE_SANDBOX", "best-effort", 1, 16, \
	  "required: do not start where the kernel lacks a part of the sandbox; best-effort: start, and say so") \
	X(INT, ready_fd, "HEIMGATE_READY_FD", "-1", -1, 1023, "descriptor on which a newline is written when ready")

#define SETTINGS_EDGE(X) \
	X(TEXT, address, "HEIMGATE_ADDRESS", "127.0.0.1", 1, 45, "address to listen on") \
	X(INT, port, "HEIMGATE_PORT", "8010", 0, 65535, "TCP port to listen on; 0 picks a free one") \
	X(TEXT, door, "HEIMGATE_DOOR", "", 0, 64, \
	  "socket, in HEIMGATE_RUN, at which heimgate-door hands the listening one over; empty: edge opens it itself") \
	X(INT, header_max, "HEIMGATE_HEADER_MAX", "16384", 1024, 65536, "bytes of a request line and its headers") \
	X(INT, header_count, "HEIMGATE_HEADER_COUNT", "100", 8, 1000, "headers of a request") \
	X(INT, body_max, "HEIMGATE_BODY_MAX", "20971520", 1024, 1073741824, "bytes of a request body") \
	X(INT, body_total, "HEIMGATE_BODY_TOTAL", "268435456", 1024, 17179869184, \
	  "bytes of all request bodies held at one time; a key may hold half of what all others leave") \
	X(INT, connections, "HEIMGATE_CONNECTIONS", "4096", 1, 65535, "client connections") \
	X(INT, per_address, "HEIMGATE_CONNECTIONS_PER_ADDRESS", "1024", 1, 65535, "client connections from one address") \
	X(INT, header_timeout, "HEIMGATE_HEADER_TIMEOUT_MS", "10000", 100, 600000, "ms for a request's whole header") \
	X(INT, body_timeout, "HEIMGATE_BODY_TIMEOUT_MS", "30000", 100, 600000, "ms between two reads of a request body") \
	X(INT, write_timeout, "HEIMGATE_WRITE_TIMEOUT_MS", "60000", 100, 3600000, \
	  "ms for a client to take some of its answer") \
	X(INT, idle_timeout, "HEIMGATE_IDLE_TIMEOUT_MS", "75000", 100, 3600000, "ms a kept-alive connection may rest") \
	X(INT, completion_estimate, "HEIMGATE_COMPLETION_ESTIMATE", "1024", 1, 1000000, \
	  "tokens reserved when a request names no maximum; larger maxima count as at most 16 times this")

#define SETTINGS_AUTHD(X) \
	X(TEXT, store, "HEIMGATE_AUTH_STORE", "sqlite:keys.db", 8, 4096, \
	  "where keys are kept: sqlite:FILE, relative to authd/ in HEIMGATE_STATE, or postgresql://USER@HOST/DATABASE") \
	X(FILE, password_file, "HEIMGATE_AUTH_STORE_PASSWORD_FILE", "", 0, 4096, \
	  "file with the password for a store of PostgreSQL; empty: none") \
	X(INT, grant_life, "HEIMGATE_GRANT_LIFE_MS", "5000", 100, 30000, "ms a grant is good for") \
	X(INT, default_rpm, "HEIMGATE_DEFAULT_RPM", "0", 0, 4294967295, \
	  "requests per minute of keys made without --rpm; 0: no limit") \
	X(INT, default_tpm, "HEIMGATE_DEFAULT_TPM", "0", 0, 4294967295, \
	  "tokens per minute of keys made without --tpm; 0: no limit") \
	X(INT, default_concurrency, "HEIMGATE_DEFAULT_CONCURRENCY", "0", 0, 1000000, \
	  "requests at one time of keys made without --concurrency; 0: no limit") \
	X(TEXT, default_budget, "HEIMGATE_DEFAULT_BUDGET", "", 0, 32, \
	  "budget of keys made without --budget, such as 1000000/month; empty: none")

#define SETTINGS_LIMITERD(X) \
	X(TEXT, models, "HEIMGATE_MODELS", "", 0, 4096, "models.json; empty: models.json in HEIMGATE_STATE") \
	X(TEXT, store, "HEIMGATE_LIMIT_STORE", "memory:", 1, 4096, \
	  "where counters live: memory:, or, shared by all hosts, redis://[USER@]HOST[:PORT][/DATABASE] or unix:/SOCKET") \
	X(FILE, password_file, "HEIMGATE_LIMIT_STORE_PASSWORD_FILE", "", 0, 4096, \
	  "file with the password for a store of Redis; empty: none") \
	X(INT, deadline, "HEIMGATE_LIMIT_DEADLINE_MS", "50", 1, 5000, "ms within which Redis must have decided") \
	X(TEXT, outage, "HEIMGATE_LIMIT_OUTAGE", "local", 1, 8, \
	  "while Redis does not decide: local (limits of this host alone), closed (503) or open (no limits but slots)") \
	X(INT, lease_life, "HEIMGATE_LEASE_LIFE_MS", "5000", 500, 30000, "ms within which a lease must be opened or kept") \
	X(INT, queue_max, "HEIMGATE_QUEUE_MAX", "256", 1, 65535, "callers that may wait for a slot of one upstream")

#define SETTINGS_PROXYD(X) \
	X(TEXT, models, "HEIMGATE_MODELS", "", 0, 4096, "models.json; empty: models.json in HEIMGATE_STATE") \
	X(INT, streams, "HEIMGATE_STREAMS", "1024", 1, 65535, "requests under way at one time") \
	X(INT, body_max, "HEIMGATE_BODY_MAX", "20971520", 1024, 1073741824, "bytes of a request body") \
	X(INT, body_total, "HEIMGATE_BODY_TOTAL", "268435456", 1024, 17179869184, \
	  "bytes of all request bodies held at one time") \
	X(INT, connect_timeout, "HEIMGATE_CONNECT_TIMEOUT_MS", "5000", 10, 600000, "ms to connect to an upstream") \
	X(INT, first_byte_timeout, "HEIMGATE_FIRST_BYTE_TIMEOUT_MS", "300000", 10, 3600000, \
	  "ms from a sent request to its answer's first byte") \
	X(INT, idle_timeout, "HEIMGATE_UPSTREAM_IDLE_TIMEOUT_MS", "120000", 10, 3600000, \
	  "ms an upstream may be silent inside an answer") \
	X(INT, total_timeout, "HEIMGATE_TOTAL_TIMEOUT_MS", "3600000", 10, 86400000, "ms for a whole request") \
	X(INT, lease_life, "HEIMGATE_LEASE_LIFE_MS", "5000", 500, 30000, "ms within which a lease must be opened or kept") \
	X(TEXT, audit, "HEIMGATE_AUDIT", "required", 1, 16, \
	  "required: no new calls once auditd's unacknowledged window is full; best-effort: count what is lost")

#define SETTINGS_AUDITD(X) \
	X(TEXT, store, "HEIMGATE_AUDIT_STORE", "sqlite:audit.db", 8, 4096, \
	  "where history is queried: sqlite:FILE, relative to auditd/ in HEIMGATE_STATE, or " \
	  "postgresql://USER@HOST/DATABASE") \
	X(FILE, password_file, "HEIMGATE_AUDIT_STORE_PASSWORD_FILE", "", 0, 4096, \
	  "file with the password for a store of PostgreSQL; empty: none") \
	X(INT, segment_size, "HEIMGATE_JOURNAL_SEGMENT", "67108864", 4096, 1073741824, \
	  "bytes after which a journal segment is closed") \
	X(INT, retention, "HEIMGATE_RETENTION_DAYS", "30", 1, 3650, "days for which history is kept")

#define SETTINGS_UP(X) \
	X(TEXT, upstream, "HEIMGATE_UPSTREAM", "http://127.0.0.1:11434", 1, 4096, \
	  "model server to use when there is no models.json") \
	X(TEXT, models, "HEIMGATE_MODELS", "", 0, 4096, \
	  "models.json; empty: models.json in HEIMGATE_STATE, else one made for HEIMGATE_UPSTREAM") \
	X(TEXT, address, "HEIMGATE_ADDRESS", "127.0.0.1", 1, 45, "address to listen on") \
	X(INT, port, "HEIMGATE_PORT", "8010", 1, 65535, "TCP port to listen on")

#define SETTINGS_DOOR(X) \
	X(TEXT, address, "HEIMGATE_ADDRESS", "127.0.0.1", 1, 45, "address to listen on") \
	X(INT, port, "HEIMGATE_PORT", "8010", 0, 65535, "TCP port to listen on; 0 picks a free one") \
	X(TEXT, door, "HEIMGATE_DOOR", "", 0, 64, "socket, in HEIMGATE_RUN, at which edge takes the listening one over")

#endif
