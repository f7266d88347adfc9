#include "msg_common.h"

void fault_encode(struct wire_out *out, const struct fault *fault)
{
	wire_put_u16(out, fault->error);
	wire_put_u16(out, fault->type);
	wire_put_str(out, fault->text, FAULT_TEXT_MAX);
}

enum wire_error fault_decode(struct wire_in *in, struct fault *fault)
{
	fault->error = wire_get_u16(in);
	fault->type = wire_get_u16(in);
	wire_get_str(in, fault->text, sizeof(fault->text));
	return wire_end(in);
}

void health_encode(struct wire_out *out, const struct health *health)
{
	wire_put_u8(out, health->count);
	for (size_t i = 0; i < health->count; i++) {
		wire_put_str(out, health->parts[i].name, HEALTH_NAME_MAX);
		wire_put_u8(out, health->parts[i].well);
		wire_put_str(out, health->parts[i].text, HEALTH_TEXT_MAX);
	}
}

enum wire_error health_decode(struct wire_in *in, struct health *health)
{
	health->count = wire_get_enum(in, HEALTH_PARTS_MAX);
	for (size_t i = 0; i < health->count; i++) {
		struct health_part *part = &health->parts[i];
		wire_get_str(in, part->name, sizeof(part->name));
		part->well = wire_get_bool(in);
		wire_get_str(in, part->text, sizeof(part->text));
	}
	return wire_end(in);
}

void ctl_call_encode(struct wire_out *out, const struct ctl_call *call)
{
	wire_put_str(out, call->verb, CTL_VERB_MAX);
	wire_put_bytes(out, call->json.data, call->json.length, CTL_JSON_MAX);
}

enum wire_error ctl_call_decode(struct wire_in *in, struct ctl_call *call)
{
	wire_get_str(in, call->verb, sizeof(call->verb));
	call->json = wire_get_bytes(in, CTL_JSON_MAX);
	return wire_end(in);
}

void ctl_result_encode(struct wire_out *out, const struct ctl_result *result)
{
	wire_put_u8(out, result->done);
	wire_put_bytes(out, result->json.data, result->json.length, CTL_JSON_MAX);
}

enum wire_error ctl_result_decode(struct wire_in *in, struct ctl_result *result)
{
	result->done = wire_get_bool(in);
	result->json = wire_get_bytes(in, CTL_JSON_MAX);
	return wire_end(in);
}
