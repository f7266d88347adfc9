/* Connections counted by address. */
#include "../../edge/peers.h"

#include <arpa/inet.h>
#include <string.h>

#include "../tap/tap.h"

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage address;
	memset(&address, 0, sizeof(address));
	struct sockaddr_in *four = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;
	address.ss_family = inet_pton(AF_INET, text, &four->sin_addr) == 1 ? AF_INET : AF_INET6;
	if (address.ss_family == AF_INET6)
		ok(inet_pton(AF_INET6, text, &six->sin6_addr) == 1, "%s is an address", text);
	return address;
}

static struct peer *add(const char *text, unsigned max)
{
	struct sockaddr_storage address = address_of(text);
	return peers_add(&address, max);
}

static void test_cap(void)
{
	struct peer *first = add("192.0.2.1", 2), *second = add("192.0.2.1", 2);
	ok(first && first == second, "two connections of one address are two of one peer");
	ok(!add("192.0.2.1", 2), "a third is one too many");
	struct peer *other = add("192.0.2.2", 2);
	ok(other && other != first, "another address is another peer");
	peers_remove(first);
	ok(add("192.0.2.1", 2) == first, "one that ended makes room");
	ok(!add("192.0.2.1", 2), "for one");
	peers_remove(first);
	peers_remove(first);
	peers_remove(other);
	ok((first = add("192.0.2.1", 1)) != NULL, "and when all have ended it starts again");
	peers_remove(first);
}

static void test_networks(void)
{
	struct peer *peer = add("2001:db8:1:2::1", 1);
	ok(!add("2001:db8:1:2:ffff::9", 1), "a subscriber's /64 is one peer");
	struct peer *next = add("2001:db8:1:3::1", 1);
	ok(next && next != peer, "the next /64 is another");
	struct peer *four = add("192.0.2.7", 1);
	ok(!add("::ffff:192.0.2.7", 1), "IPv4 inside IPv6 is the IPv4 address");
	struct peer *alike = add("c000:207::1", 1);
	ok(alike && alike != four, "an IPv6 network that begins with the same bytes is another");
	peers_remove(peer);
	peers_remove(next);
	peers_remove(four);
	peers_remove(alike);
}

/* More addresses than there are buckets, so that some share one. */
static void test_many(void)
{
	enum { MANY = 10000 };
	static struct peer *peers[MANY];
	struct sockaddr_storage address = address_of("10.0.0.0");
	struct sockaddr_in *four = (struct sockaddr_in *)&address;
	bool all = true;
	for (unsigned i = 0; i < MANY; i++) {
		four->sin_addr.s_addr = htonl(0x0a000000 + i);
		all = (peers[i] = peers_add(&address, 1)) != NULL && all;
	}
	for (unsigned i = 0; i < MANY; i++) {
		four->sin_addr.s_addr = htonl(0x0a000000 + i);
		all = all && peers_add(&address, 1) == NULL;
	}
	for (unsigned i = 0; i < MANY; i++)
		peers_remove(peers[i]);
	ok(all, "each of many addresses has its own count");
}

static void test_print(void)
{
	static const char *const texts[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"2001:db8::1", "2001:db8::1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		char text[INET6_ADDRSTRLEN];
		struct sockaddr_storage address = address_of(texts[i][0]);
		peers_print(&address, text, sizeof(text));
		is_text(text, texts[i][1], "%s is printed", texts[i][0]);
	}
}

int main(void)
{
	test_cap();
	test_networks();
	test_many();
	test_print();
	return tap_done();
}
