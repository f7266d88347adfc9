#include "msg_auth.h"

void auth_ask_encode(struct wire_out *out, const struct auth_ask *ask)
{
	wire_put_fixed(out, ask->credential, CREDENTIAL_HASH_SIZE);
	wire_put_fixed(out, ask->request_id, REQUEST_ID_SIZE);
}

enum wire_error auth_ask_decode(struct wire_in *in, struct auth_ask *ask)
{
	wire_get_fixed(in, ask->credential, CREDENTIAL_HASH_SIZE);
	wire_get_fixed(in, ask->request_id, REQUEST_ID_SIZE);
	return wire_end(in);
}

void auth_deny_encode(struct wire_out *out, const struct auth_deny *deny)
{
	wire_put_u8(out, (uint8_t)deny->reason);
	wire_put_str(out, deny->key_id, KEY_ID_MAX);
}

enum wire_error auth_deny_decode(struct wire_in *in, struct auth_deny *deny)
{
	deny->reason = (enum auth_reason)wire_get_enum(in, AUTH_REASON_LAST);
	wire_get_str(in, deny->key_id, sizeof(deny->key_id));
	return wire_end(in);
}

void auth_revoke_encode(struct wire_out *out, const struct auth_revoke *revoke)
{
	wire_put_str(out, revoke->key_id, KEY_ID_MAX);
	wire_put_u64(out, revoke->generation);
}

enum wire_error auth_revoke_decode(struct wire_in *in, struct auth_revoke *revoke)
{
	wire_get_str(in, revoke->key_id, sizeof(revoke->key_id));
	revoke->generation = wire_get_u64(in);
	return wire_end(in);
}
