/* Stamps: whatever is changed in one, or in its time, is noticed. */
#include <string.h>

#include "../../proto/wire/stamp.h"
#include "../tap/tap.h"

static const uint8_t key[STAMP_KEY_SIZE] = {1, 2, 3};
static const uint8_t other_key[STAMP_KEY_SIZE] = {1, 2, 4};
enum { NOW = 1000000, EXPIRES = NOW + 5000 };

static uint8_t grant_bytes[GRANT_MAX], lease_bytes[LEASE_MAX];
static struct wire_bytes sealed_grant, sealed_lease;

static void seal_both(void)
{
	struct wire_out out;
	struct grant grant = {.key_id = "k1",
	                      .key_name = "laptop",
	                      .models = "a\nb",
	                      .generation = 7,
	                      .expires = EXPIRES,
	                      .limits = {.rpm = 10, .tpm = 20, .concurrency = 3, .budget = 40, .period = BUDGET_MONTH}};
	struct lease lease = {.id = {9},
	                      .request_id = {8},
	                      .key_id = "k1",
	                      .key_name = "laptop",
	                      .model = "a",
	                      .upstream = "u",
	                      .route = ROUTE_EMBEDDINGS,
	                      .generation = 7,
	                      .expires = EXPIRES,
	                      .tokens = 99};
	wire_out_init(&out, grant_bytes, sizeof(grant_bytes));
	grant_seal(&out, &grant, key);
	sealed_grant = (struct wire_bytes){grant_bytes, out.length};
	is_int(out.error, WIRE_OK, "a grant is sealed");
	wire_out_init(&out, lease_bytes, sizeof(lease_bytes));
	lease_seal(&out, &lease, key);
	sealed_lease = (struct wire_bytes){lease_bytes, out.length};
	is_int(out.error, WIRE_OK, "a lease is sealed");
}

static void test_round_trip(void)
{
	struct grant grant;
	struct lease lease;
	is_int(grant_open(sealed_grant, key, NOW, &grant), WIRE_OK, "the grant opens");
	is_text(grant.key_name, "laptop", "with its key");
	is_int(grant.limits.period, BUDGET_MONTH, "and its limits");
	is_int(grant_read(sealed_grant, &grant), WIRE_OK, "a carrier can read it without the key");
	is_int(lease_open(sealed_lease, key, NOW, &lease), WIRE_OK, "the lease opens");
	is_int(lease.route, ROUTE_EMBEDDINGS, "with its route");
	is_int((long long)lease.tokens, 99, "and its reservation");
	is_int(lease_read(sealed_lease, &lease), WIRE_OK, "a carrier can read it without the key");
}

static void test_times(void)
{
	struct grant grant;
	struct lease lease;
	is_int(grant_open(sealed_grant, key, EXPIRES - 1, &grant), WIRE_OK, "good until the last millisecond");
	is_int(grant_open(sealed_grant, key, EXPIRES, &grant), WIRE_EXPIRED, "not after it");
	is_int(grant_open(sealed_grant, key, EXPIRES - STAMP_LIFE_MAX_MS - 1, &grant), WIRE_EXPIRED,
	       "nor when the clock was set back");
	is_int(lease_open(sealed_lease, key, EXPIRES, &lease), WIRE_EXPIRED, "the same holds for a lease");
	is_int(lease_open_any_time(sealed_lease, key, &lease), WIRE_OK, "which can be settled all the same");
}

static void test_foreign(void)
{
	struct grant grant;
	struct lease lease;
	is_int(grant_open(sealed_grant, other_key, NOW, &grant), WIRE_BAD_SEAL, "another key does not open a grant");
	is_int(lease_open(sealed_lease, other_key, NOW, &lease), WIRE_BAD_SEAL, "nor a lease");
	is_int(lease_open(sealed_grant, key, NOW, &lease), WIRE_BAD_SEAL, "a grant is no lease");
	is_int(grant_open(sealed_lease, key, NOW, &grant), WIRE_BAD_SEAL, "a lease is no grant");
}

/* Every single bit of a stamp, and every length it can be cut to. */
static unsigned survivors(uint8_t *bytes, size_t length, bool (*opens)(struct wire_bytes))
{
	unsigned survived = 0;
	for (size_t bit = 0; bit < length * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		survived += opens((struct wire_bytes){bytes, length});
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < length; cut++)
		survived += opens((struct wire_bytes){bytes, cut});
	return survived;
}

static bool grant_opens(struct wire_bytes sealed)
{
	struct grant grant;
	return grant_open(sealed, key, NOW, &grant) == WIRE_OK;
}

static bool lease_opens(struct wire_bytes sealed)
{
	struct lease lease;
	return lease_open_any_time(sealed, key, &lease) == WIRE_OK;
}

static void test_lists(void)
{
	ok(model_list_allows("", "x"), "an empty list allows everything");
	ok(model_list_allows("a\nbc", "a") && model_list_allows("a\nbc", "bc"), "a name on the list is allowed");
	ok(!model_list_allows("a\nbc", "b") && !model_list_allows("a\nbc", "c"), "a part of a name is not");
	ok(!model_list_allows("a\nbc", ""), "no name is not");
	ok(!model_list_allows("a\nbc", "a\nbc") && !model_list_allows("", "a\nb"), "nor two names in one");
	ok(!model_list_allows("abc", "abcd") && !model_list_allows("abcd", "abc"), "nor a longer or shorter one");
}

int main(void)
{
	seal_both();
	test_round_trip();
	test_times();
	test_foreign();
	is_int(survivors(grant_bytes, sealed_grant.length, grant_opens), 0, "no changed or cut grant opens");
	is_int(survivors(lease_bytes, sealed_lease.length, lease_opens), 0, "no changed or cut lease opens");
	test_lists();
	return tap_done();
}
