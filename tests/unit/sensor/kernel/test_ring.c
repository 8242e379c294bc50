/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/kernel/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/ring_case.h"

#define DATA_BYTES 4096

static int setup(void **state)
{
	static struct kernel_side kernel;

	*state = &kernel;
	return open_kernel(&kernel, DATA_BYTES, 0);
}

static int teardown(void **state)
{
	close_kernel(*state);
	return 0;
}

static void must_read(struct kernel_side *kernel, const char *want)
{
	const uint8_t *bytes;
	size_t size;

	assert_int_equal(ring_next(kernel->ring, &bytes, &size), 1);
	assert_int_equal(size, strlen(want));
	assert_memory_equal(bytes, want, size);
}

static void an_empty_ring_gives_nothing(void **state)
{
	struct kernel_side *kernel = *state;
	const uint8_t *bytes;
	size_t size;

	assert_int_equal(ring_next(kernel->ring, &bytes, &size), 0);
	assert_int_equal(ring_unreleased_bytes(kernel->ring), 0);
}

static void records_come_in_order_and_discarded_ones_do_not(void **state)
{
	struct kernel_side *kernel = *state;

	produce(kernel, 0, "one", 3);
	produce(kernel, BPF_RINGBUF_DISCARD_BIT, "gone", 4);
	produce(kernel, 0, "three", 5);
	must_read(kernel, "one");
	must_read(kernel, "three");
}

static void a_record_being_written_holds_up(void **state)
{
	struct kernel_side *kernel = *state;
	const uint8_t *bytes;
	size_t size;

	produce(kernel, BPF_RINGBUF_BUSY_BIT, "late", 4);
	produce(kernel, 0, "next", 4);
	assert_int_equal(ring_next(kernel->ring, &bytes, &size), -EAGAIN);
	assert_int_equal(ring_read_position(kernel->ring), 0);
	poke(kernel, 3, 0); /* the top byte of the word: no longer busy */
	must_read(kernel, "late");
	must_read(kernel, "next");
}

static void reading_does_not_release(void **state)
{
	struct kernel_side *kernel = *state;

	produce(kernel, 0, "kept", 4);
	must_read(kernel, "kept");
	assert_int_equal(*consumer(kernel), 0);
	assert_int_equal(ring_unreleased_bytes(kernel->ring), 16);
	ring_release(kernel->ring, ring_read_position(kernel->ring));
	assert_int_equal(*consumer(kernel), 16);
	ring_release(kernel->ring, 8); /* never backwards */
	ring_release(kernel->ring, 4096); /* never past what was read */
	assert_int_equal(*consumer(kernel), 16);
}

static void a_second_reader_goes_on_where_it_was_released(void **state)
{
	struct kernel_side *kernel = *state;

	produce(kernel, 0, "first", 5);
	produce(kernel, 0, "second", 6);
	must_read(kernel, "first");
	ring_release(kernel->ring, ring_read_position(kernel->ring));
	must_read(kernel, "second");
	ring_close(kernel->ring);
	assert_int_equal(ring_open(kernel->fd, DATA_BYTES, &kernel->ring), 0);
	must_read(kernel, "second");
}

static void seeking_skips_what_was_written_already(void **state)
{
	struct kernel_side *kernel = *state;

	produce(kernel, 0, "first", 5);
	produce(kernel, 0, "second", 6);
	assert_int_equal(ring_seek(kernel->ring, 4096), -EINVAL);
	assert_int_equal(ring_seek(kernel->ring, 16), 0);
	assert_int_equal(*consumer(kernel), 16);
	assert_int_equal(ring_seek(kernel->ring, 0), -EINVAL);
	must_read(kernel, "second");
}

static void records_wrap_round(void **state)
{
	struct kernel_side *kernel = *state;
	char text[64];

	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "record number %d", i);
		produce(kernel, 0, text, (uint32_t)strlen(text));
		must_read(kernel, text);
		ring_release(kernel->ring, ring_read_position(kernel->ring));
	}
	assert_true(*consumer(kernel) > 4 * DATA_BYTES);
}

static void what_was_not_released_can_be_read_again(void **state)
{
	struct kernel_side *kernel = *state;
	uint64_t second;

	produce(kernel, 0, "first", 5);
	produce(kernel, 0, "second", 6);
	must_read(kernel, "first");
	second = ring_read_position(kernel->ring);
	must_read(kernel, "second");
	assert_int_equal(ring_rewind(kernel->ring, second), 0);
	must_read(kernel, "second");
	assert_int_equal(ring_rewind(kernel->ring, 4096), -EINVAL);
	ring_release(kernel->ring, second);
	assert_int_equal(ring_rewind(kernel->ring, 0), -EINVAL);
	assert_int_equal(ring_rewind(kernel->ring, second), 0);
	must_read(kernel, "second");
}

/* What counts is what is not released, whether it was read or not. */
static void a_ring_says_when_half_of_it_is_taken(void **state)
{
	struct kernel_side *kernel = *state;
	static const char half[DATA_BYTES / 2 - BPF_RINGBUF_HDR_SZ];
	const uint8_t *bytes;
	size_t size;

	produce(kernel, 0, half, sizeof(half));
	assert_false(ring_is_half_full(kernel->ring));
	produce(kernel, 0, "more", 4);
	assert_true(ring_is_half_full(kernel->ring));
	assert_int_equal(ring_next(kernel->ring, &bytes, &size), 1);
	assert_true(ring_is_half_full(kernel->ring));
	ring_release(kernel->ring, ring_read_position(kernel->ring));
	assert_false(ring_is_half_full(kernel->ring));
}

static void nonsense_is_told_apart(void **state)
{
	struct kernel_side *kernel = *state;
	const uint8_t *bytes;
	size_t size;

	produce(kernel, 0, "short", 5);
	poke(kernel, 1, 0x7f); /* declares more than was reserved */
	assert_int_equal(ring_next(kernel->ring, &bytes, &size), -EBADMSG);
}

static void more_than_the_ring_can_hold_is_nonsense(void **state)
{
	struct kernel_side *kernel = *state;
	const uint8_t *bytes;
	size_t size;

	produce(kernel, 0, "first", 5);
	*producer(kernel) = DATA_BYTES + 8;
	assert_int_equal(ring_next(kernel->ring, &bytes, &size), -EBADMSG);
	*producer(kernel) = 4; /* a head does not fit */
	assert_int_equal(ring_next(kernel->ring, &bytes, &size), -EBADMSG);
	*producer(kernel) = DATA_BYTES;
	must_read(kernel, "first");
}

static void no_record_begins_between_two(void **state)
{
	struct kernel_side *kernel = *state;
	struct ring *ring = NULL;

	produce(kernel, 0, "first", 5);
	assert_int_equal(ring_seek(kernel->ring, 12), -EINVAL);
	assert_int_equal(*consumer(kernel), 0);
	*consumer(kernel) = 12;
	assert_int_equal(ring_open(kernel->fd, DATA_BYTES, &ring), -EBADMSG);
	assert_null(ring);
}

static void only_powers_of_two_of_a_page_are_rings(void **state)
{
	struct kernel_side *kernel = *state;
	struct ring *ring = NULL;

	assert_int_equal(ring_open(kernel->fd, 5000, &ring), -EINVAL);
	assert_int_equal(ring_open(kernel->fd, 1024, &ring), -EINVAL);
	assert_int_equal(ring_open(-1, DATA_BYTES, &ring), -EBADF);
	assert_null(ring);
}

#define RING_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(an_empty_ring_gives_nothing),
		RING_TEST(records_come_in_order_and_discarded_ones_do_not),
		RING_TEST(a_record_being_written_holds_up),
		RING_TEST(reading_does_not_release),
		RING_TEST(a_second_reader_goes_on_where_it_was_released),
		RING_TEST(seeking_skips_what_was_written_already),
		RING_TEST(records_wrap_round),
		RING_TEST(what_was_not_released_can_be_read_again),
		RING_TEST(a_ring_says_when_half_of_it_is_taken),
		RING_TEST(nonsense_is_told_apart),
		RING_TEST(more_than_the_ring_can_hold_is_nonsense),
		RING_TEST(no_record_begins_between_two),
		RING_TEST(only_powers_of_two_of_a_page_are_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
