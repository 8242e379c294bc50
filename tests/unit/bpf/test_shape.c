/* SPDX-License-Identifier: Apache-2.0 */
/* bpf/lib/shape.h: what kind of bytes a flow begins with. */
#include "bpf/lib/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static enum shape_class kind_of(const void *bytes, size_t size)
{
	struct shape shape = { .bytes = (uint32_t)(size < SHAPE_BYTES_MAX ? size
									  : SHAPE_BYTES_MAX) };
	uint8_t seen[256] = { 0 };

	for (uint32_t at = 0; at < shape.bytes; at += 8) {
		uint32_t count = shape.bytes - at < 8 ? shape.bytes - at : 8;
		uint64_t word = 0;

		memcpy(&word, (const char *)bytes + at, count);
		shape_add(&shape, shape_look(seen, dissect_word(word, count), count));
	}
	return shape_class(&shape);
}

static void expect(const void *bytes, size_t size, enum shape_class want)
{
	assert_int_equal(kind_of(bytes, size), want);
}

/* A generator of Knuth's: the same on every host. */
static void fill_random(uint8_t *bytes, size_t size, uint64_t seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		bytes[i] = (uint8_t)(seed >> 56);
	}
}

static void fewer_than_sixteen_bytes_say_nothing(void **state)
{
	(void)state;
	for (size_t size = 0; size < 16; size++)
		expect("0123456789abcde", size, SHAPE_NONE);
	expect("0123456789abcdef", 16, SHAPE_TEXT);
}

static void lines_are_text(void **state)
{
	static const char smtp[] = "220 mail.example ESMTP ready\r\n";
	static const char json[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"login\"}\n";

	(void)state;
	expect(smtp, sizeof(smtp) - 1, SHAPE_TEXT);
	expect(json, sizeof(json) - 1, SHAPE_TEXT);
}

static void nine_of_ten_printable_bytes_are_text(void **state)
{
	uint8_t bytes[40];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	memset(bytes, 1, 4);
	expect(bytes, sizeof(bytes), SHAPE_TEXT);
	memset(bytes, 1, 5);
	expect(bytes, sizeof(bytes), SHAPE_BINARY);
}

static void structures_are_binary(void **state)
{
	static const char postgres[] = "\0\0\0\x08\x04\xd2\x16\x2f\0\0\0\x08\x04\xd2\x16\x2f";
	static const char rdp[] = "\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x0b\0\0\0";
	uint8_t counting[64];

	(void)state;
	expect(postgres, sizeof(postgres) - 1, SHAPE_BINARY);
	expect(rdp, sizeof(rdp) - 1, SHAPE_BINARY);
	for (size_t i = 0; i < sizeof(counting); i++)
		counting[i] = (uint8_t)i;
	expect(counting, sizeof(counting), SHAPE_BINARY); /* no byte twice, but few ones */
	memset(counting, 0xaa, sizeof(counting));
	expect(counting, sizeof(counting),
	       SHAPE_BINARY); /* half are ones, but no byte is another */
}

static void noise_is_random(void **state)
{
	static const size_t sizes[] = { 16, 17, 64, 100, 256, 1000 };
	uint8_t bytes[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		fill_random(bytes, sizes[i], 42 + i);
		expect(bytes, sizes[i], SHAPE_RANDOM);
	}
}

/* How often noise is taken for something else. */
static void noise_is_seldom_taken_for_structure(void **state)
{
	static const size_t sizes[] = { 16, 32, 256 };
	unsigned int wrong = 0;

	(void)state;
	for (uint64_t round = 0; round < 3000; round++) {
		size_t size = sizes[round % 3];
		uint8_t bytes[256];

		fill_random(bytes, size, round * 7919);
		wrong += kind_of(bytes, size) != SHAPE_RANDOM;
	}
	assert_in_range(wrong, 0, 30); /* one in a hundred */
}

static void only_the_first_256_bytes_count(void **state)
{
	uint8_t bytes[512];

	(void)state;
	fill_random(bytes, 256, 1);
	memset(bytes + 256, 0, 256);
	expect(bytes, sizeof(bytes), SHAPE_RANDOM);
}

/* Every value, in each place of a word. */
static void each_byte_is_printable_or_not(void **state)
{
	(void)state;
	for (uint32_t byte = 0; byte < 256; byte++) {
		bool wanted = (byte >= ' ' && byte <= '~') || byte == '\t' || byte == '\r' ||
			      byte == '\n';

		for (uint32_t place = 0; place < 8; place++) {
			uint64_t word = (uint64_t)byte << 8 * place;

			assert_int_equal(shape_printable(word) != 0, wanted);
			assert_int_equal(shape_ones(word), __builtin_popcount(byte));
		}
	}
	assert_int_equal(shape_ones(~0ull), 64);
}

/* 256 times the same: 256 · 255 / 2 pairs. */
static void pairs_of_equal_bytes_are_counted(void **state)
{
	struct shape shape = { .bytes = 256 };
	uint8_t seen[256] = { 0 };

	(void)state;
	for (int i = 0; i < 32; i++)
		shape_add(&shape, shape_look(seen, SHAPE_EACH(7), 8));
	assert_int_equal(shape.pairs, 256 * 255 / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fewer_than_sixteen_bytes_say_nothing),
		cmocka_unit_test(lines_are_text),
		cmocka_unit_test(nine_of_ten_printable_bytes_are_text),
		cmocka_unit_test(structures_are_binary),
		cmocka_unit_test(noise_is_random),
		cmocka_unit_test(noise_is_seldom_taken_for_structure),
		cmocka_unit_test(only_the_first_256_bytes_count),
		cmocka_unit_test(each_byte_is_printable_or_not),
		cmocka_unit_test(pairs_of_equal_bytes_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
