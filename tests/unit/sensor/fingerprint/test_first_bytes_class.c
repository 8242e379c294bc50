/* SPDX-License-Identifier: Apache-2.0 */
#include "support/parser_case.h"

static void expect(const void *bytes, size_t size, const char *want)
{
	uint8_t *copy = hex_copy(bytes, size);
	struct marks marks = { 0 };
	char text[RENDERED_BYTES_MAX];
	char wanted[64] = "";

	if (want)
		snprintf(wanted, sizeof(wanted), "first_bytes=%s", want);
	fingerprint_first_bytes(cursor_of(copy, size), &marks);
	free(copy);
	render_marks(&marks, text);
	assert_string_equal(text, wanted);
	marks_done(&marks);
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
		expect("0123456789abcde", size, NULL);
	expect("0123456789abcdef", 16, "text");
}

static void lines_are_text(void **state)
{
	static const char smtp[] = "220 mail.example ESMTP ready\r\n";
	static const char json[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"login\"}\n";

	(void)state;
	expect(smtp, sizeof(smtp) - 1, "text");
	expect(json, sizeof(json) - 1, "text");
}

static void nine_of_ten_printable_bytes_are_text(void **state)
{
	uint8_t bytes[40];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	memset(bytes, 1, 4);
	expect(bytes, sizeof(bytes), "text");
	memset(bytes, 1, 5);
	expect(bytes, sizeof(bytes), "binary");
}

static void structures_are_binary(void **state)
{
	static const char postgres[] = "\0\0\0\x08\x04\xd2\x16\x2f\0\0\0\x08\x04\xd2\x16\x2f";
	static const char rdp[] = "\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x0b\0\0\0";
	uint8_t counting[64];

	(void)state;
	expect(postgres, sizeof(postgres) - 1, "binary");
	expect(rdp, sizeof(rdp) - 1, "binary");
	for (size_t i = 0; i < sizeof(counting); i++)
		counting[i] = (uint8_t)i;
	expect(counting, sizeof(counting), "binary"); /* no byte twice, but few ones */
	memset(counting, 0xaa, sizeof(counting));
	expect(counting, sizeof(counting), "binary"); /* half are ones, but no byte is another */
}

static void noise_is_random(void **state)
{
	static const size_t sizes[] = { 16, 17, 64, 100, 256, 1000 };
	uint8_t bytes[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		fill_random(bytes, sizes[i], 42 + i);
		expect(bytes, sizes[i], "random");
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
		struct marks marks = { 0 };
		uint8_t bytes[256];

		fill_random(bytes, size, round * 7919);
		fingerprint_first_bytes(cursor_of(bytes, size), &marks);
		wrong += strcmp(marks.at[0].value.at, "random") != 0;
		marks_done(&marks);
	}
	assert_in_range(wrong, 0, 30); /* one in a hundred */
}

static void only_the_first_256_bytes_count(void **state)
{
	uint8_t bytes[512];

	(void)state;
	fill_random(bytes, 256, 1);
	memset(bytes + 256, 0, 256);
	expect(bytes, sizeof(bytes), "random");
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
