/* SPDX-License-Identifier: Apache-2.0 */
#include "common/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEYS 4096u
#define BUCKETS 4096u

/* An exact-size copy at an odd address, so that a sanitizer sees one byte over. */
static uint32_t hash_of_copy(const void *bytes, size_t length)
{
	uint8_t *copy = malloc(length + 1);
	uint32_t hash;

	assert_non_null(copy);
	memcpy(copy + 1, bytes, length);
	hash = hash_bytes(copy + 1, length);
	free(copy);
	return hash;
}

static void equal_bytes_have_equal_hashes(void **state)
{
	uint8_t bytes[40];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37);
	for (size_t length = 0; length <= sizeof(bytes); length++)
		assert_int_equal(hash_of_copy(bytes, length), hash_bytes(bytes, length));
}

/* Whole words and the rest, whatever its length. */
static void every_byte_counts(void **state)
{
	uint8_t bytes[40] = { 0 };

	(void)state;
	for (size_t length = 1; length <= sizeof(bytes); length++) {
		uint32_t before = hash_bytes(bytes, length);

		for (size_t i = 0; i < length; i++) {
			bytes[i] = 1;
			assert_int_not_equal(hash_bytes(bytes, length), before);
			bytes[i] = 0;
		}
	}
}

static void zeros_count(void **state)
{
	static const uint8_t zeros[32];

	(void)state;
	for (size_t length = 1; length <= sizeof(zeros); length++)
		assert_int_not_equal(hash_bytes(zeros, length), hash_bytes(zeros, length - 1));
}

/* How many keys share the fullest bucket; evenly thrown, 4096 into 4096, about seven. */
static unsigned fullest_bucket(void (*key_of)(uint64_t key[2], uint32_t n))
{
	static unsigned counts[BUCKETS];
	unsigned most = 0;

	memset(counts, 0, sizeof(counts));
	for (uint32_t n = 0; n < KEYS; n++) {
		uint64_t key[2];
		unsigned *count;

		key_of(key, n);
		count = &counts[hash_bytes(key, sizeof(key)) % BUCKETS];
		if (++*count > most)
			most = *count;
	}
	return most;
}

/* As processes that start one after another have them: start and pid grow together. */
static void process_key(uint64_t key[2], uint32_t n)
{
	key[0] = 1000000000ull + 800000ull * n;
	key[1] = 4000 + n;
}

static void low_bits(uint64_t key[2], uint32_t n)
{
	key[0] = n;
	key[1] = 0;
}

static void high_bits(uint64_t key[2], uint32_t n)
{
	key[0] = (uint64_t)n << 52;
	key[1] = 0;
}

static void last_high_bits(uint64_t key[2], uint32_t n)
{
	key[0] = 0;
	key[1] = (uint64_t)n << 52;
}

static void like_keys_spread(void **state)
{
	(void)state;
	assert_in_range(fullest_bucket(process_key), 1, 12);
	assert_in_range(fullest_bucket(low_bits), 1, 12);
	assert_in_range(fullest_bucket(high_bits), 1, 12);
	assert_in_range(fullest_bucket(last_high_bits), 1, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_bytes_have_equal_hashes),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(zeros_count),
		cmocka_unit_test(like_keys_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
