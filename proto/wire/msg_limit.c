#include "msg_limit.h"

static void put_level(struct wire_out *out, const struct limit_level *level)
{
	wire_put_u64(out, level->limit);
	wire_put_u64(out, level->remaining);
	wire_put_u32(out, level->reset_ms);
}

static void get_level(struct wire_in *in, struct limit_level *level)
{
	level->limit = wire_get_u64(in);
	level->remaining = wire_get_u64(in);
	level->reset_ms = wire_get_u32(in);
}

void limit_take_encode(struct wire_out *out, const struct limit_take *take)
{
	wire_put_bytes(out, take->grant.data, take->grant.length, GRANT_MAX);
	wire_put_fixed(out, take->request_id, REQUEST_ID_SIZE);
	wire_put_u8(out, (uint8_t)take->route);
	wire_put_str(out, take->model, MODEL_NAME_MAX);
	wire_put_u64(out, take->tokens);
}

enum wire_error limit_take_decode(struct wire_in *in, struct limit_take *take)
{
	take->grant = wire_get_bytes(in, GRANT_MAX);
	wire_get_fixed(in, take->request_id, REQUEST_ID_SIZE);
	take->route = wire_get_route(in);
	wire_get_str(in, take->model, sizeof(take->model));
	take->tokens = wire_get_u64(in);
	return wire_end(in);
}

void limit_lease_encode(struct wire_out *out, const struct limit_lease *lease)
{
	put_level(out, &lease->requests);
	put_level(out, &lease->tokens);
	wire_put_u32(out, lease->waited_ms);
	wire_put_bytes(out, lease->lease.data, lease->lease.length, LEASE_MAX);
}

enum wire_error limit_lease_decode(struct wire_in *in, struct limit_lease *lease)
{
	get_level(in, &lease->requests);
	get_level(in, &lease->tokens);
	lease->waited_ms = wire_get_u32(in);
	lease->lease = wire_get_bytes(in, LEASE_MAX);
	return wire_end(in);
}

void limit_deny_encode(struct wire_out *out, const struct limit_deny *deny)
{
	wire_put_u8(out, (uint8_t)deny->reason);
	wire_put_u32(out, deny->retry_after_ms);
	wire_put_u64(out, deny->limit);
	wire_put_u64(out, deny->used);
	wire_put_u64(out, deny->requested);
	put_level(out, &deny->requests);
	put_level(out, &deny->tokens);
}

enum wire_error limit_deny_decode(struct wire_in *in, struct limit_deny *deny)
{
	deny->reason = (enum limit_reason)wire_get_enum(in, LIMIT_REASON_LAST);
	deny->retry_after_ms = wire_get_u32(in);
	deny->limit = wire_get_u64(in);
	deny->used = wire_get_u64(in);
	deny->requested = wire_get_u64(in);
	get_level(in, &deny->requests);
	get_level(in, &deny->tokens);
	return wire_end(in);
}

void limit_settle_encode(struct wire_out *out, const struct limit_settle *settle)
{
	wire_put_bytes(out, settle->lease.data, settle->lease.length, LEASE_MAX);
	wire_put_u64(out, settle->tokens);
	wire_put_u8(out, settle->charged);
}

enum wire_error limit_settle_decode(struct wire_in *in, struct limit_settle *settle)
{
	settle->lease = wire_get_bytes(in, LEASE_MAX);
	settle->tokens = wire_get_u64(in);
	settle->charged = wire_get_bool(in);
	return wire_end(in);
}

void limit_upstream_encode(struct wire_out *out, const struct limit_upstream *upstream)
{
	wire_put_str(out, upstream->name, UPSTREAM_NAME_MAX);
	wire_put_u8(out, upstream->available);
}

enum wire_error limit_upstream_decode(struct wire_in *in, struct limit_upstream *upstream)
{
	wire_get_str(in, upstream->name, sizeof(upstream->name));
	upstream->available = wire_get_enum(in, 1);
	return wire_end(in);
}

void limit_pool_encode(struct wire_out *out, const struct limit_pool *pool)
{
	wire_put_str(out, pool->name, UPSTREAM_NAME_MAX);
	wire_put_u32(out, pool->slots);
	wire_put_u32(out, pool->in_use);
	wire_put_u32(out, pool->waiting);
}

enum wire_error limit_pool_decode(struct wire_in *in, struct limit_pool *pool)
{
	wire_get_str(in, pool->name, sizeof(pool->name));
	pool->slots = wire_get_u32(in);
	pool->in_use = wire_get_u32(in);
	pool->waiting = wire_get_u32(in);
	return wire_end(in);
}

void limit_offer_encode(struct wire_out *out, const struct limit_offer *offer)
{
	wire_put_str(out, offer->name, UPSTREAM_NAME_MAX);
	wire_put_bytes(out, offer->models.data, offer->models.length, OFFER_MAX);
}

enum wire_error limit_offer_decode(struct wire_in *in, struct limit_offer *offer)
{
	wire_get_str(in, offer->name, sizeof(offer->name));
	offer->models = wire_get_bytes(in, OFFER_MAX);
	return wire_end(in);
}

void limit_move_encode(struct wire_out *out, const struct limit_move *move)
{
	wire_put_bytes(out, move->lease.data, move->lease.length, LEASE_MAX);
	wire_put_u8(out, move->target);
	wire_put_str(out, move->upstream, UPSTREAM_NAME_MAX);
}

enum wire_error limit_move_decode(struct wire_in *in, struct limit_move *move)
{
	move->lease = wire_get_bytes(in, LEASE_MAX);
	move->target = wire_get_u8(in);
	wire_get_str(in, move->upstream, sizeof(move->upstream));
	return wire_end(in);
}

void limit_moved_encode(struct wire_out *out, const struct limit_moved *moved)
{
	wire_put_bytes(out, moved->lease.data, moved->lease.length, LEASE_MAX);
}

enum wire_error limit_moved_decode(struct wire_in *in, struct limit_moved *moved)
{
	moved->lease = wire_get_bytes(in, LEASE_MAX);
	return wire_end(in);
}
