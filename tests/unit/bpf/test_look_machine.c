// SPDX-License-Identifier: Apache-2.0
/* bpf/lib/look_machine.h: what it does eight bytes at a time is what a byte at a time would do. */
#include "bpf/lib/look_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_BYTES 9 /* more than a word */

/* How many bytes an HTTP head has that ends within these, 0 when it does not: up to the first line
 * end right behind another, a CR between them or not. */
static size_t head_bytes(const char *text, size_t size)
{
	for (size_t i = 1; i < size; i++) {
		size_t before = text[i - 1] == '\r' && i > 1 ? i - 2 : i - 1;

		if (text[i] == '\n' && text[before] == '\n')
			return i + 1;
	}
	return 0;
}

static union look_machine take(union look_machine m, const char *text, size_t size)
{
	__u64 words[LOOK_CHUNK_WORDS];

	memset(words, '\n', sizeof(words)); /* what lies behind is not looked at */
	memcpy(words, text, size);
	m.word = look_run_chunk(words, (__u32)size, m.word);
	return m;
}

static void check_cut(const char *text, size_t size, size_t cut, size_t before)
{
	union look_machine m = { .phase = LOOK_HTTP };
	size_t want, taken = 0;
	char whole[LOOK_CHUNK_BYTES];

	memset(whole, '.', before);
	memcpy(whole + before, text, size);
	size += before;
	cut += before;
	want = head_bytes(whole, size);
	m = take(m, whole, cut);
	taken = m.taken;
	if (m.phase == LOOK_HTTP) {
		m = take(m, whole + cut, size - cut);
		taken += m.taken;
	}
	assert_int_equal(m.phase, want ? LOOK_ENDED : LOOK_HTTP);
	assert_int_equal(taken, want ? want : size);
}

/* Every text of line ends, returns and others, cut in two anywhere. */
static void heads_end_where_they_end(void **state)
{
	static const char letters[] = { '\n', '\r', '.' };
	char text[TEXT_BYTES];
	size_t all = 1;

	(void)state;
	for (size_t i = 0; i < TEXT_BYTES; i++)
		all *= sizeof(letters);
	for (size_t number = 0; number < all; number++) {
		for (size_t i = 0, rest = number; i < TEXT_BYTES; i++, rest /= sizeof(letters))
			text[i] = letters[rest % sizeof(letters)];
		for (size_t cut = 1; cut < TEXT_BYTES; cut++)
			check_cut(text, TEXT_BYTES, cut, number % 50);
	}
}

/* Bytes that a borrow, or a bit, is between. */
static void other_bytes_end_nothing(void **state)
{
	(void)state;
	for (int byte = 0; byte < 256; byte++) {
		const char text[] = { 'a', '\n', (char)byte, '\n', (char)byte, 'b', '\r', 'c' };
		bool ends = byte == '\r' || byte == '\n';
		union look_machine m =
			take((union look_machine){ .phase = LOOK_HTTP }, text, sizeof(text));

		assert_int_equal(m.phase, ends ? LOOK_ENDED : LOOK_HTTP);
		if (ends)
			assert_int_equal(m.taken, byte == '\n' ? 3 : 4);
	}
}

static void the_first_of_several_is_found(void **state)
{
	unsigned char bytes[LOOK_SCAN_BYTES];
	__u64 words[LOOK_SCAN_WORDS];

	(void)state;
	for (size_t at = 0; at <= LOOK_SCAN_BYTES; at++) {
		for (size_t i = 0; i < LOOK_SCAN_BYTES; i++)
			bytes[i] = i < at ? (unsigned char)(0x15 + i % 2 * 2) : DISSECT_INSIDE;
		memcpy(words, bytes, sizeof(words));
		assert_int_equal(look_scan_words(words), at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_end_where_they_end),
		cmocka_unit_test(other_bytes_end_nothing),
		cmocka_unit_test(the_first_of_several_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
