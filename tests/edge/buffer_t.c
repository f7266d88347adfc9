/* Bytes in at the end, out at the front. */
#include "../../edge/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "../tap/tap.h"

static void test_empty(void)
{
	struct buffer buffer = {0};
	is_int((long long)buffer_length(&buffer), 0, "an empty buffer has no bytes");
	ok(buffer_bytes(&buffer) != NULL, "and still somewhere to read none from");
	buffer_free(&buffer);
	ok(buffer.data == NULL, "freeing it is harmless");
}

/* A long queue of numbers, put and taken in uneven pieces, comes out as it went in. */
static void test_order(void)
{
	struct buffer buffer = {0};
	unsigned put = 0, taken = 0;
	bool same = true;
	for (unsigned round = 0; round < 2000; round++) {
		unsigned pieces = round * 7 % 13, takes = round * 11 % 14;
		for (unsigned i = 0; i < pieces; i++, put++)
			same = buffer_put(&buffer, (const char *)&put, sizeof(put)) && same;
		for (unsigned i = 0; i < takes && buffer_length(&buffer) > 0; i++, taken++) {
			same = same && memcmp(buffer_bytes(&buffer), &taken, sizeof(taken)) == 0;
			buffer_take(&buffer, sizeof(taken));
		}
	}
	ok(same, "what went in comes out, in order");
	is_int((long long)buffer_length(&buffer), (long long)((put - taken) * sizeof(put)), "the rest is still there");
	buffer_free(&buffer);
}

static void test_room(void)
{
	struct buffer buffer = {0};
	memset(buffer_room(&buffer, 100000), 'x', 100000);
	buffer_added(&buffer, 100000);
	buffer_take(&buffer, 99999);
	size_t size = buffer.size;
	ok(buffer_room(&buffer, size - 1) != NULL && buffer.size == size, "room in front of the bytes is used before more");
	ok(buffer_length(&buffer) == 1 && *buffer_bytes(&buffer) == 'x', "and the bytes move along");
	buffer_free(&buffer);
}

/* Nobody could wipe what is left where the bytes were. */
static void test_moved(void)
{
	static const char zeros[60];
	struct buffer buffer = {0};
	memset(buffer_room(&buffer, 100), 'x', 100);
	buffer_added(&buffer, 100);
	buffer_take(&buffer, 60);
	ok(buffer_room(&buffer, buffer.size - 40) == buffer.data + 40, "bytes are moved to the front");
	ok(memcmp(buffer.data + 40, zeros, sizeof(zeros)) == 0, "and none stay where they were");
	buffer_free(&buffer);
}

int main(void)
{
	test_empty();
	test_order();
	test_room();
	test_moved();
	return tap_done();
}
