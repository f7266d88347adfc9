#include "msg_audit.h"

void audit_record_encode(struct wire_out *out, const struct audit_record *record)
{
	wire_put_fixed(out, record->id, RECORD_ID_SIZE);
	wire_put_u8(out, (uint8_t)record->kind);
	wire_put_u64(out, record->time);
	wire_put_fixed(out, record->request_id, REQUEST_ID_SIZE);
	wire_put_str(out, record->key_id, KEY_ID_MAX);
	wire_put_str(out, record->key_name, KEY_NAME_MAX);
	wire_put_str(out, record->client, CLIENT_ADDRESS_MAX);
	wire_put_str(out, record->action, RECORD_ACTION_MAX);
	wire_put_str(out, record->model, MODEL_NAME_MAX);
	wire_put_str(out, record->served, MODEL_NAME_MAX);
	wire_put_str(out, record->upstream, UPSTREAM_NAME_MAX);
	wire_put_u16(out, record->status);
	wire_put_str(out, record->code, ERROR_CODE_MAX);
	wire_put_u64(out, record->tokens_in);
	wire_put_u64(out, record->tokens_out);
	wire_put_u8(out, record->estimated);
	wire_put_u8(out, record->streamed);
	wire_put_u64(out, record->bytes_in);
	wire_put_u64(out, record->bytes_out);
	wire_put_u32(out, record->first_byte_ms);
	wire_put_u32(out, record->total_ms);
	wire_put_str(out, record->detail, RECORD_DETAIL_MAX);
}

enum wire_error audit_record_decode(struct wire_in *in, struct audit_record *record)
{
	wire_get_fixed(in, record->id, RECORD_ID_SIZE);
	record->kind = (enum audit_kind)wire_get_enum(in, AUDIT_KIND_LAST);
	record->time = wire_get_u64(in);
	wire_get_fixed(in, record->request_id, REQUEST_ID_SIZE);
	wire_get_str(in, record->key_id, sizeof(record->key_id));
	wire_get_str(in, record->key_name, sizeof(record->key_name));
	wire_get_str(in, record->client, sizeof(record->client));
	wire_get_str(in, record->action, sizeof(record->action));
	wire_get_str(in, record->model, sizeof(record->model));
	wire_get_str(in, record->served, sizeof(record->served));
	wire_get_str(in, record->upstream, sizeof(record->upstream));
	record->status = wire_get_u16(in);
	wire_get_str(in, record->code, sizeof(record->code));
	record->tokens_in = wire_get_u64(in);
	record->tokens_out = wire_get_u64(in);
	record->estimated = wire_get_bool(in);
	record->streamed = wire_get_bool(in);
	record->bytes_in = wire_get_u64(in);
	record->bytes_out = wire_get_u64(in);
	record->first_byte_ms = wire_get_u32(in);
	record->total_ms = wire_get_u32(in);
	wire_get_str(in, record->detail, sizeof(record->detail));
	return wire_end(in);
}

void usage_ask_encode(struct wire_out *out, const struct usage_ask *ask)
{
	wire_put_str(out, ask->key_id, KEY_ID_MAX);
	wire_put_u64(out, ask->since);
}

enum wire_error usage_ask_decode(struct wire_in *in, struct usage_ask *ask)
{
	wire_get_str(in, ask->key_id, sizeof(ask->key_id));
	ask->since = wire_get_u64(in);
	return wire_end(in);
}

void usage_total_encode(struct wire_out *out, const struct usage_total *total)
{
	wire_put_u64(out, total->tokens);
	wire_put_u64(out, total->requests);
}

enum wire_error usage_total_decode(struct wire_in *in, struct usage_total *total)
{
	total->tokens = wire_get_u64(in);
	total->requests = wire_get_u64(in);
	return wire_end(in);
}
