/*
 * The wire protocol on one page: who the parties are, which links join them,
 * and every message that may travel on a link.  Everything else derives from
 * the tables here: enums, names, size limits, the matrix of who may send
 * what, and the tables of docs/PROTOCOL.md.
 *
 * Numbers are never reused.  A request is even, a reply is odd.
 */
#ifndef WIRE_PROTO_H
#define WIRE_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WIRE_VERSION = 1,
	WIRE_HEADER_SIZE = 16,
	WIRE_CHUNK_MAX = 32 * 1024,    /* payload of one BODY or DATA frame */
	WIRE_BODY_MAX = 64 * 1024,     /* body of any frame */
	WIRE_MESSAGE_MAX = 256 * 1024, /* one nng message: whole frames, back to back */
	WIRE_STREAM_WINDOW = 64 * 1024 /* bytes in flight per stream and direction before credit */
};

/* Flag bits of the header. */
enum {
	WIRE_FLAG_END = 1 /* this OPEN or BODY carries the last byte of the request body */
};

/* X(NAME, bit, "name") */
#define WIRE_ROLES(X) \
	X(EDGE, 1, "edge") \
	X(AUTHD, 2, "authd") \
	X(LIMITERD, 4, "limiterd") \
	X(PROXYD, 8, "proxyd") \
	X(AUDITD, 16, "auditd") \
	X(TOOL, 32, "tool")

enum wire_role {
#define X(name, bit, text) ROLE_##name = bit,
	WIRE_ROLES(X)
#undef X
};

#define ROLES_DAEMONS (ROLE_EDGE | ROLE_AUTHD | ROLE_LIMITERD | ROLE_PROXYD | ROLE_AUDITD)
#define ROLES_ANY (ROLES_DAEMONS | ROLE_TOOL)

/*
 * X(NAME, dialer, listener, "directory under the run directory", "carries")
 * A link is one socket named "link" in a directory of its own.
 */
#define WIRE_LINKS(X) \
	X(EDGE_AUTHD, EDGE, AUTHD, "edge-authd", "credentials asked about, grants, revocations") \
	X(EDGE_LIMITERD, EDGE, LIMITERD, "edge-limiterd", "grants in, leases out") \
	X(EDGE_PROXYD, EDGE, PROXYD, "edge-proxyd", "requests and answers as streams") \
	X(EDGE_AUDITD, EDGE, AUDITD, "edge-auditd", "records of refusals") \
	X(PROXYD_LIMITERD, PROXYD, LIMITERD, "proxyd-limiterd", "leases kept, moved and settled; how upstreams are") \
	X(PROXYD_AUDITD, PROXYD, AUDITD, "proxyd-auditd", "records of requests") \
	X(AUTHD_AUDITD, AUTHD, AUDITD, "authd-auditd", "records of administration") \
	X(AUTHD_PROXYD, AUTHD, PROXYD, "authd-proxyd", "revocations") \
	X(LIMITERD_AUDITD, LIMITERD, AUDITD, "limiterd-auditd", "usage so far in a budget's period") \
	X(CTL_AUTHD, TOOL, AUTHD, "ctl-authd", "key administration") \
	X(CTL_LIMITERD, TOOL, LIMITERD, "ctl-limiterd", "limits in use") \
	X(CTL_PROXYD, TOOL, PROXYD, "ctl-proxyd", "upstreams and routes") \
	X(CTL_AUDITD, TOOL, AUDITD, "ctl-auditd", "history")

enum wire_link {
#define X(name, dialer, listener, directory, carries) LINK_##name,
	WIRE_LINKS(X)
#undef X
		LINK_COUNT
};

#define ROLES_HOPS (ROLE_AUTHD | ROLE_LIMITERD | ROLE_PROXYD | ROLE_AUDITD)
#define ROLES_RECORDERS (ROLE_EDGE | ROLE_PROXYD | ROLE_AUTHD)
#define ROLES_CTL ROLES_HOPS
#define ROLES_STREAM (ROLE_EDGE | ROLE_PROXYD)

/* X(NAME, number, senders, receivers, largest body in bytes, "meaning") */
#define WIRE_MESSAGES(X) \
	X(FAULT, 1, ROLES_ANY, ROLES_ANY, 512, "the frame with this id was refused, and why") \
	X(HEALTH_ASK, 2, ROLE_EDGE, ROLES_HOPS, 0, "are you and your stores well?") \
	X(HEALTH, 3, ROLES_HOPS, ROLE_EDGE, 2048, "each part by name, well or not") \
	X(AUTH_ASK, 16, ROLE_EDGE, ROLE_AUTHD, 256, "who holds the credential with this SHA-256?") \
	X(AUTH_GRANT, 17, ROLE_AUTHD, ROLE_EDGE, 8192, "a sealed grant") \
	X(AUTH_DENY, 19, ROLE_AUTHD, ROLE_EDGE, 256, "nobody, and why") \
	X(AUTH_REVOKE, 20, ROLE_AUTHD, ROLE_EDGE | ROLE_PROXYD, 256, "stamps of this key before this generation are void") \
	X(LIMIT_TAKE, 32, ROLE_EDGE, ROLE_LIMITERD, 12288, "may the holder of this grant make this request now?") \
	X(LIMIT_LEASE, 33, ROLE_LIMITERD, ROLE_EDGE, 12288, "yes: a sealed lease") \
	X(LIMIT_DENY, 35, ROLE_LIMITERD, ROLE_EDGE, 1024, "no: which limit, and when to come back") \
	X(LIMIT_CANCEL, 36, ROLE_EDGE, ROLE_LIMITERD, 0, "the caller of the TAKE with this id is gone") \
	X(LIMIT_KEEP, 38, ROLE_PROXYD, ROLE_LIMITERD, 8192, "this lease is in use") \
	X(LIMIT_SETTLE, 40, ROLE_PROXYD, ROLE_LIMITERD, 8192, "this lease is done, and what it used") \
	X(LIMIT_SETTLED, 41, ROLE_LIMITERD, ROLE_PROXYD, 0, "settled; forget it") \
	X(LIMIT_UPSTREAM, 42, ROLE_PROXYD, ROLE_LIMITERD, 128, "whether this upstream may be given work") \
	X(LIMIT_POOL, 43, ROLE_LIMITERD, ROLE_PROXYD, 128, "its slots, how many are in use, and who waits") \
	X(LIMIT_OFFER, 44, ROLE_PROXYD, ROLE_LIMITERD, 49408, "the models that this upstream lists") \
	X(LIMIT_MOVE, 46, ROLE_PROXYD, ROLE_LIMITERD, 8192, "this lease is to go on at another target of its route") \
	X(LIMIT_MOVED, 47, ROLE_LIMITERD, ROLE_PROXYD, 8192, "the lease as it is now, or nothing when there is no slot") \
	X(STREAM_OPEN, 48, ROLE_EDGE, ROLE_PROXYD, 49152, "a leased request and the first bytes of its body") \
	X(STREAM_HEAD, 49, ROLE_PROXYD, ROLE_EDGE, 8192, "status and headers of the answer") \
	X(STREAM_BODY, 50, ROLE_EDGE, ROLE_PROXYD, 32768, "more of the request body") \
	X(STREAM_DATA, 51, ROLE_PROXYD, ROLE_EDGE, 32768, "more of the answer") \
	X(STREAM_CANCEL, 52, ROLE_EDGE, ROLE_PROXYD, 0, "the client is gone; stop") \
	X(STREAM_TRAILER, 53, ROLE_PROXYD, ROLE_EDGE, 256, "the answer is over, and how it went") \
	X(STREAM_CREDIT, 54, ROLES_STREAM, ROLES_STREAM, 4, "so many more bytes may be sent") \
	X(AUDIT_RECORD, 64, ROLES_RECORDERS, ROLE_AUDITD, 4096, "one record of history") \
	X(AUDIT_ACK, 65, ROLE_AUDITD, ROLES_RECORDERS, 0, "the record with this id is on disk") \
	X(USAGE_ASK, 66, ROLE_LIMITERD, ROLE_AUDITD, 128, "what has this key used since?") \
	X(USAGE_TOTAL, 67, ROLE_AUDITD, ROLE_LIMITERD, 64, "so much") \
	X(CTL_CALL, 80, ROLE_TOOL, ROLES_CTL, 65536, "a verb and its JSON arguments") \
	X(CTL_RESULT, 81, ROLES_CTL, ROLE_TOOL, 65536, "done or refused, with JSON")

enum wire_type {
#define X(name, number, senders, receivers, max_body, meaning) MSG_##name = number,
	WIRE_MESSAGES(X)
#undef X
};

/* X(NAME, number, "meaning"): why a frame or a field was refused.  Travels in FAULT. */
#define WIRE_ERRORS(X) \
	X(OK, 0, "no error") \
	X(BAD_VERSION, 1, "unknown protocol version") \
	X(BAD_TYPE, 2, "unknown message type") \
	X(BAD_SENDER, 3, "this party may not send this message here") \
	X(BAD_LENGTH, 4, "body larger than the table allows") \
	X(TRUNCATED, 5, "the frame or a field ends too early") \
	X(TRAILING, 6, "bytes left over after the last field") \
	X(TOO_LONG, 7, "a field is over its maximum") \
	X(BAD_VALUE, 8, "a field has a value outside its meaning") \
	X(BAD_SEAL, 9, "the seal does not match") \
	X(EXPIRED, 10, "the stamp is outside its time") \
	X(REPLAYED, 11, "the stamp was used before") \
	X(UNKNOWN_ID, 12, "nothing is known under this id") \
	X(BUSY, 13, "no room for this now")

enum wire_error {
#define X(name, number, meaning) WIRE_##name = number,
	WIRE_ERRORS(X)
#undef X
};

struct wire_link_info {
	const char *name;      /* "edge-authd": also the directory */
	enum wire_role dialer; /* connects */
	enum wire_role listener;
	const char *carries;
};

/* Static facts about a link; never NULL for link < LINK_COUNT. */
const struct wire_link_info *wire_link_info(enum wire_link link);

/* "AUTH_ASK", or "unknown".  Static. */
const char *wire_type_name(unsigned type);

/* Meaning of an error number, or "unknown error".  Static. */
const char *wire_error_text(unsigned error);

/* "edge", or "unknown".  Static. */
const char *wire_role_name(enum wire_role role);

/* Largest body of a type in bytes; 0 for an unknown type. */
size_t wire_body_max(unsigned type);

/* Whether the table knows the type. */
bool wire_type_known(unsigned type);

/* Whether the table lets `sender` send `type` to `receiver`. */
bool wire_may_send(enum wire_role sender, enum wire_role receiver, unsigned type);

#endif
