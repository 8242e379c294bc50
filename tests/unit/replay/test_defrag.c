/* SPDX-License-Identifier: Apache-2.0 */
#include "replay/defrag.h"

#include "common/clock.h"
#include "support/hex.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define PIECES_MAX 6

struct piece {
	uint32_t offset;
	bool more;
	const char *bytes;
};

/* "0123456789abcdefXYZ" in pieces; each row has a datagram of its own. */
static struct defrag_case {
	const char *name;
	struct piece pieces[PIECES_MAX];
	const char *want; /* NULL: never whole */
	uint64_t want_overlaps;
	uint64_t want_malformed;
} cases[] = {
	{ "in order",
	  { { 0, true, "01234567" }, { 8, true, "89abcdef" }, { 16, false, "XYZ" } },
	  "0123456789abcdefXYZ" },
	{ "the last one first",
	  { { 16, false, "XYZ" }, { 8, true, "89abcdef" }, { 0, true, "01234567" } },
	  "0123456789abcdefXYZ" },
	{ "the first one last, of two blocks",
	  { { 16, false, "XYZ" }, { 0, true, "0123456789abcdef" } },
	  "0123456789abcdefXYZ" },
	{ "one twice",
	  { { 0, true, "01234567" }, { 0, true, "01234567" }, { 8, false, "XYZ" } },
	  "01234567XYZ" },
	{ "an overlap that agrees",
	  { { 0, true, "0123456789abcdef" }, { 8, true, "89abcdef" }, { 16, false, "XYZ" } },
	  "0123456789abcdefXYZ" },
	{ "a middle is missing", { { 0, true, "01234567" }, { 16, false, "XYZ" } } },
	{ "the end is missing", { { 0, true, "01234567" }, { 8, true, "89abcdef" } } },
	{ "an overlap that differs (RFC 5722)",
	  { { 0, true, "0123456789abcdef" }, { 8, true, "89ABCDEF" }, { 16, false, "XYZ" } },
	  NULL,
	  1 },
	{ "given up for good",
	  { { 0, true, "01234567" },
	    { 0, true, "01234566" },
	    { 0, true, "01234567" },
	    { 8, false, "XYZ" } },
	  NULL,
	  1 },
	{ "two different ends",
	  { { 16, false, "XYZ" }, { 8, false, "XYZ" }, { 0, true, "01234567" } },
	  NULL,
	  1 },
	{ "bytes behind the end",
	  { { 8, false, "XYZ" }, { 16, true, "01234567" }, { 0, true, "01234567" } },
	  NULL,
	  1 },
	{ "an end before bytes that are there",
	  { { 16, true, "01234567" }, { 8, false, "XYZ" }, { 0, true, "01234567" } },
	  NULL,
	  1 },
	{ "an odd length in the middle (RFC 791)", { { 0, true, "0123456" } }, NULL, 0, 1 },
	{ "an empty fragment", { { 8, false, "" } }, NULL, 0, 1 },
	{ "beyond the longest datagram", { { 65528, false, "01234567" } }, NULL, 0, 1 },
};

static int add(struct defrag *defrag, const struct defrag_key *key, const struct piece *piece,
	       struct cursor *ret_whole)
{
	struct fragment fragment = { .key = *key,
				     .time_ns = NS_PER_S,
				     .offset_bytes = piece->offset,
				     .more = piece->more,
				     .protocol = piece->offset == 0 ? 17 : 99 };
	uint8_t *copy = hex_copy(piece->bytes, strlen(piece->bytes));
	uint8_t protocol = 0;
	int r;

	fragment.bytes = cursor_of(copy, strlen(piece->bytes));
	r = defrag_add(defrag, &fragment, ret_whole, &protocol);
	if (r == 1)
		assert_int_equal(protocol, 17);
	free(copy);
	return r;
}

static void check_case(void **state)
{
	const struct defrag_case *c = *state;
	const struct defrag_key key = { .id = 7 };
	struct defrag *defrag = defrag_new();
	struct defrag_stats stats = { 0 };
	struct cursor whole = { 0 };
	int r = 0;

	for (int i = 0; i < PIECES_MAX && c->pieces[i].bytes; i++) {
		assert_int_not_equal(r, 1);
		r = add(defrag, &key, &c->pieces[i], &whole);
	}
	assert_int_equal(r == 1, c->want != NULL);
	if (c->want) {
		assert_int_equal(whole.left, strlen(c->want));
		assert_memory_equal(whole.at, c->want, whole.left);
	}
	defrag_flush(defrag);
	defrag_add_stats(defrag, &stats);
	assert_int_equal(stats.overlaps, c->want_overlaps);
	assert_int_equal(stats.malformed, c->want_malformed);
	assert_int_equal(stats.datagrams, c->want != NULL);
	assert_int_equal(stats.lost, !c->want && c->want_overlaps + c->want_malformed == 0);
	defrag_free(defrag);
}

static void test_datagrams_are_told_apart(void **state)
{
	const struct defrag_key keys[] = { { .id = 1 },
					   { .id = 2 },
					   { .id = 1, .protocol = 6 },
					   { .id = 1, .is_ipv6 = 1 },
					   { .id = 1, .source = { 1 } },
					   { .id = 1, .destination = { 1 } } };
	const struct piece first = { 0, true, "01234567" };
	const struct piece last = { 8, false, "XYZ" };
	struct defrag *defrag = defrag_new();
	struct cursor whole[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(add(defrag, &keys[i], &first, &whole[i]), 0);
	for (int i = 0; i < 6; i++)
		assert_int_equal(add(defrag, &keys[i], &last, &whole[i]), 1);
	for (int i = 0; i < 6; i++) /* until they are released */
		assert_memory_equal(whole[i].at, "01234567XYZ", 11);
	defrag_release(defrag);
	defrag_free(defrag);
}

/* A flood of first fragments keeps the newest and counts the rest. */
static void test_bounded(void **state)
{
	const struct piece first = { 0, true, "01234567" };
	struct defrag *defrag = defrag_new();
	struct defrag_stats stats = { 0 };
	struct cursor whole;

	(void)state;
	for (uint32_t i = 0; i < DEFRAG_DATAGRAMS_MAX + 10; i++)
		assert_int_equal(add(defrag, &(struct defrag_key){ .id = i }, &first, &whole), 0);
	defrag_add_stats(defrag, &stats);
	assert_int_equal(stats.lost, 10);
	defrag_free(defrag);
}

static void test_late(void **state)
{
	struct fragment fragment = { .time_ns = NS_PER_S,
				     .more = true,
				     .bytes = cursor_of("01234567", 8) };
	struct defrag *defrag = defrag_new();
	struct defrag_stats stats = { 0 };
	struct cursor whole;
	uint8_t protocol;

	(void)state;
	assert_int_equal(defrag_add(defrag, &fragment, &whole, &protocol), 0);
	fragment.time_ns += (DEFRAG_TIMEOUT_S + 1) * NS_PER_S;
	fragment.more = false;
	fragment.offset_bytes = 8;
	assert_int_equal(defrag_add(defrag, &fragment, &whole, &protocol), 0);
	defrag_add_stats(defrag, &stats);
	assert_int_equal(stats.lost, 1);
	defrag_free(defrag);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	struct CMUnitTest tests[CASES + 3] = {
		cmocka_unit_test(test_datagrams_are_told_apart),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_late),
	};

	for (size_t i = 0; i < CASES; i++)
		tests[i + 3] = (struct CMUnitTest){ .name = cases[i].name,
						    .test_func = check_case,
						    .initial_state = &cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
