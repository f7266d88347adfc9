#include "proto.h"

struct message {
	uint16_t number;
	uint8_t senders;
	uint8_t receivers;
	uint32_t max_body;
	const char *name;
};

static const struct message messages[] = {
#define X(name, number, senders, receivers, max_body, meaning) {number, senders, receivers, max_body, #name},
	WIRE_MESSAGES(X)
#undef X
};

#define X(name, number, senders, receivers, max_body, meaning) \
	_Static_assert((max_body) <= WIRE_BODY_MAX && WIRE_BODY_MAX + WIRE_HEADER_SIZE <= WIRE_MESSAGE_MAX, #name);
WIRE_MESSAGES(X)
#undef X

static const struct wire_link_info links[] = {
#define X(name, dialer, listener, directory, carries) {directory, ROLE_##dialer, ROLE_##listener, carries},
	WIRE_LINKS(X)
#undef X
};

static const struct message *find(unsigned type)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		if (messages[i].number == type)
			return &messages[i];
	return NULL;
}

const struct wire_link_info *wire_link_info(enum wire_link link)
{
	return &links[link];
}

const char *wire_type_name(unsigned type)
{
	const struct message *message = find(type);
	return message ? message->name : "unknown";
}

const char *wire_error_text(unsigned error)
{
	static const char *const texts[] = {
#define X(name, number, meaning) [number] = meaning,
		WIRE_ERRORS(X)
#undef X
	};
	return error < sizeof(texts) / sizeof(*texts) ? texts[error] : "unknown error";
}

const char *wire_role_name(enum wire_role role)
{
	switch (role) {
#define X(name, bit, text) \
	case ROLE_##name: \
		return text;
		WIRE_ROLES(X)
#undef X
	}
	return "unknown";
}

size_t wire_body_max(unsigned type)
{
	const struct message *message = find(type);
	return message ? message->max_body : 0;
}

bool wire_type_known(unsigned type)
{
	return find(type) != NULL;
}

bool wire_may_send(enum wire_role sender, enum wire_role receiver, unsigned type)
{
	const struct message *message = find(type);
	return message && (message->senders & sender) && (message->receivers & receiver);
}
