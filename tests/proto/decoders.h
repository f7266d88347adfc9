/* The messages that have a decoder of their own. */
#ifndef TESTS_PROTO_DECODERS_H
#define TESTS_PROTO_DECODERS_H

#include "../../proto/wire/msg_audit.h"
#include "../../proto/wire/msg_auth.h"
#include "../../proto/wire/msg_common.h"
#include "../../proto/wire/msg_limit.h"
#include "../../proto/wire/msg_stream.h"

/* X(TYPE, prefix of its encode and decode) */
#define DECODERS(X) \
	X(FAULT, fault) \
	X(HEALTH, health) \
	X(AUTH_ASK, auth_ask) \
	X(AUTH_DENY, auth_deny) \
	X(AUTH_REVOKE, auth_revoke) \
	X(LIMIT_TAKE, limit_take) \
	X(LIMIT_LEASE, limit_lease) \
	X(LIMIT_DENY, limit_deny) \
	X(LIMIT_SETTLE, limit_settle) \
	X(LIMIT_UPSTREAM, limit_upstream) \
	X(LIMIT_POOL, limit_pool) \
	X(LIMIT_OFFER, limit_offer) \
	X(LIMIT_MOVE, limit_move) \
	X(LIMIT_MOVED, limit_moved) \
	X(STREAM_OPEN, stream_open) \
	X(STREAM_HEAD, stream_head) \
	X(STREAM_TRAILER, stream_trailer) \
	X(STREAM_CREDIT, stream_credit) \
	X(AUDIT_RECORD, audit_record) \
	X(USAGE_ASK, usage_ask) \
	X(USAGE_TOTAL, usage_total) \
	X(CTL_CALL, ctl_call) \
	X(CTL_RESULT, ctl_result)

#endif
