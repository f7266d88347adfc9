#include "msg_stream.h"

void stream_open_encode(struct wire_out *out, const struct stream_open *open)
{
	wire_put_bytes(out, open->lease.data, open->lease.length, LEASE_MAX);
	wire_put_str(out, open->client, CLIENT_ADDRESS_MAX);
	wire_put_bytes(out, open->passed.data, open->passed.length, PASSED_MAX);
	wire_put_u64(out, open->body_length);
	wire_put_bytes(out, open->body.data, open->body.length, WIRE_CHUNK_MAX);
}

enum wire_error stream_open_decode(struct wire_in *in, struct stream_open *open)
{
	open->lease = wire_get_bytes(in, LEASE_MAX);
	wire_get_str(in, open->client, sizeof(open->client));
	open->passed = wire_get_bytes(in, PASSED_MAX);
	open->body_length = wire_get_u64(in);
	open->body = wire_get_bytes(in, WIRE_CHUNK_MAX);
	return wire_end(in);
}

void stream_head_encode(struct wire_out *out, const struct stream_head *head)
{
	wire_put_u16(out, head->status);
	wire_put_u8(out, head->streaming);
	wire_put_str(out, head->content_type, CONTENT_TYPE_MAX);
	wire_put_str(out, head->headers, HEADER_BLOCK_MAX);
	wire_put_u8(out, head->length_known);
	wire_put_u64(out, head->length);
}

enum wire_error stream_head_decode(struct wire_in *in, struct stream_head *head)
{
	head->status = wire_get_u16(in);
	if (in->error == WIRE_OK && (head->status < 200 || head->status > 599))
		in->error = WIRE_BAD_VALUE;
	head->streaming = wire_get_bool(in);
	wire_get_str(in, head->content_type, sizeof(head->content_type));
	wire_get_str(in, head->headers, sizeof(head->headers));
	head->length_known = wire_get_bool(in);
	head->length = wire_get_u64(in);
	return wire_end(in);
}

void stream_trailer_encode(struct wire_out *out, const struct stream_trailer *trailer)
{
	wire_put_u8(out, (uint8_t)trailer->end);
	wire_put_u64(out, trailer->tokens_in);
	wire_put_u64(out, trailer->tokens_out);
	wire_put_u32(out, trailer->upstream_us);
	wire_put_str(out, trailer->code, ERROR_CODE_MAX);
}

enum wire_error stream_trailer_decode(struct wire_in *in, struct stream_trailer *trailer)
{
	trailer->end = (enum stream_end)wire_get_enum(in, STREAM_END_LAST);
	trailer->tokens_in = wire_get_u64(in);
	trailer->tokens_out = wire_get_u64(in);
	trailer->upstream_us = wire_get_u32(in);
	wire_get_str(in, trailer->code, sizeof(trailer->code));
	return wire_end(in);
}

void stream_credit_encode(struct wire_out *out, const struct stream_credit *credit)
{
	wire_put_u32(out, credit->bytes);
}

enum wire_error stream_credit_decode(struct wire_in *in, struct stream_credit *credit)
{
	credit->bytes = wire_get_u32(in);
	return wire_end(in);
}
