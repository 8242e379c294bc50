/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's side of the arena: what is taken, wiped, freed, and by age. */
#include "sensor/kernel/arena.h"

#include "common/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS 500 /* several windows */
#define LATER (11 * NS_PER_S)

static int fd;
static struct arena *arena;
static struct arena_slot *slot; /* as the kernel has it */

static int set_up(void **state)
{
	(void)state;
	fd = memfd_create("arena", MFD_CLOEXEC);
	if (ftruncate(fd, SLOTS * ARENA_SLOT_BYTES) < 0 || arena_open(fd, SLOTS, &arena) < 0)
		return -1;
	slot = mmap(NULL, SLOTS * ARENA_SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	slot[0].head.next = 3;
	for (int i = 1; i <= 2; i++) {
		slot[i].state = i == 1 ? ARENA_CLAIMED : ARENA_HELD;
		slot[i].generation = 5;
		slot[i].cookie = 77;
		slot[i].claimed_ns = 1;
		memset(slot[i].bytes, 0xaa, sizeof(slot[i].bytes));
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_close(arena);
	close(fd);
	munmap(slot, SLOTS * ARENA_SLOT_BYTES);
	return 0;
}

static struct event_bytes event_of(uint32_t number)
{
	return (struct event_bytes){ .cookie = 77,
				     .slot = number,
				     .generation = 5,
				     .slot_at = 16,
				     .bytes = 100,
				     .flags = number == 2 ? BYTES_STAY : 0 };
}

static bool is_wiped(const struct arena_slot *at)
{
	for (size_t i = 0; i < sizeof(at->bytes); i++)
		if (at->bytes[i])
			return false;
	return at->state == ARENA_FREE && at->cookie == 0;
}

static void taken_bytes_are_wiped(void **state)
{
	struct event_bytes event = event_of(1);
	uint8_t bytes[ARENA_BYTES_MAX];

	(void)state;
	memset(slot[1].bytes, 0, sizeof(slot[1].bytes)); /* claimed for this piece: nothing else */
	memset(slot[1].bytes + 16, 0xbb, 100);
	assert_int_equal(arena_take(arena, &event, bytes), 100);
	assert_int_equal(bytes[0], 0xbb);
	assert_int_equal(bytes[99], 0xbb);
	assert_true(is_wiped(&slot[1]));
	assert_int_equal(arena_take(arena, &event, bytes), -ESTALE);
}

/* What the kernel side writes at least: words of its own. */
static void a_short_piece_is_wiped_with_what_stands_behind_it(void **state)
{
	struct event_bytes event = event_of(1);
	uint8_t bytes[ARENA_BYTES_MAX];

	(void)state;
	memset(slot[1].bytes, 0, sizeof(slot[1].bytes));
	memset(slot[1].bytes, 0xbb, ARENA_CLAIMED_BYTES_MIN);
	event.slot_at = 0;
	event.bytes = 3;
	assert_int_equal(arena_take(arena, &event, bytes), 3);
	assert_true(is_wiped(&slot[1]));
}

static void held_bytes_stay(void **state)
{
	struct event_bytes event = event_of(2);
	uint8_t bytes[ARENA_BYTES_MAX];

	(void)state;
	assert_int_equal(arena_take(arena, &event, bytes), 100);
	assert_int_equal(slot[2].state, ARENA_HELD);
	assert_int_equal(slot[2].bytes[16], 0xaa);
	assert_int_equal(arena_take(arena, &event, bytes), 100);
}

static void other_contents_are_not_taken(void **state)
{
	struct event_bytes generation = event_of(1), cookie = event_of(1), beyond = event_of(1),
			   length = event_of(1);
	uint8_t bytes[ARENA_BYTES_MAX];
	struct arena_stats stats;

	(void)state;
	generation.generation = 4;
	cookie.cookie = 78;
	beyond.slot = SLOTS;
	length.slot_at = ARENA_BYTES_MAX - 99;
	assert_int_equal(arena_take(arena, &generation, bytes), -ESTALE);
	assert_int_equal(arena_take(arena, &cookie, bytes), -ESTALE);
	assert_int_equal(arena_take(arena, &beyond, bytes), -EBADMSG);
	assert_int_equal(arena_take(arena, &length, bytes), -EBADMSG);
	arena_stats(arena, &stats);
	assert_int_equal(stats.stale, 2);
	assert_int_equal(slot[1].state, ARENA_CLAIMED);
}

/* Closed first, then wiped; never while events wait, never while young. */
static void age_frees_in_two_looks(void **state)
{
	struct arena_stats stats;

	(void)state;
	arena_reclaim(arena, LATER, false);
	slot[2].claimed_ns = LATER - NS_PER_S;
	assert_int_equal(slot[1].state, ARENA_CLAIMED);
	arena_reclaim(arena, LATER, true);
	assert_int_equal(slot[1].state, ARENA_CLOSING);
	assert_int_equal(slot[1].bytes[0], 0xaa);
	arena_reclaim(arena, LATER, true);
	assert_true(is_wiped(&slot[1]));
	assert_int_equal(slot[2].state, ARENA_HELD);
	assert_int_equal(slot[0].head.held, 1);
	assert_int_equal(slot[0].head.next, 3);
	arena_reclaim(arena, 2 * LATER, true);
	arena_reclaim(arena, 2 * LATER, true);
	assert_true(is_wiped(&slot[2]));
	assert_int_equal(slot[0].head.held, 0);
	assert_int_equal(slot[0].head.next, 0);
	arena_stats(arena, &stats);
	assert_int_equal(stats.reclaimed, 2);
	assert_int_equal(stats.taken, 0);
}

/* The last slot is far from the first: it is found wherever its window lies, and again when that
 * was given back. */
static void a_window_is_mapped_when_it_is_asked_for(void **state)
{
	struct event_bytes event = event_of(SLOTS - 1);
	uint8_t bytes[ARENA_BYTES_MAX];

	(void)state;
	for (int round = 0; round < 2; round++) {
		slot[0].head.next = SLOTS - 1;
		slot[SLOTS - 1].state = ARENA_CLAIMED;
		slot[SLOTS - 1].cookie = 77;
		slot[SLOTS - 1].generation = 5;
		assert_int_equal(arena_take(arena, &event, bytes), 100);
		arena_reclaim(arena, LATER, true); /* closes those of set_up */
		arena_reclaim(arena, LATER, true);
		assert_int_equal(slot[0].head.next, 0);
	}
}

/* The search goes back to the front, but slots that were used are looked at by age all the same. */
static void the_front_is_used_again(void **state)
{
	(void)state;
	slot[0].head.next = SLOTS - 1;
	slot[SLOTS - 1].state = ARENA_CLAIMED;
	slot[SLOTS - 1].claimed_ns = 1;
	slot[0].head.held = 1;
	arena_rewind(arena);
	assert_int_equal(slot[0].head.next, SLOTS - 1); /* while bytes are held */
	slot[0].head.held = 0;
	arena_rewind(arena);
	assert_int_equal(slot[0].head.next, 0);
	arena_reclaim(arena, LATER, true);
	assert_int_equal(slot[SLOTS - 1].state, ARENA_CLOSING);
}

#define ARENA_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ARENA_TEST(taken_bytes_are_wiped),
		ARENA_TEST(a_short_piece_is_wiped_with_what_stands_behind_it),
		ARENA_TEST(held_bytes_stay),
		ARENA_TEST(the_front_is_used_again),
		ARENA_TEST(a_window_is_mapped_when_it_is_asked_for),
		ARENA_TEST(other_contents_are_not_taken),
		ARENA_TEST(age_frees_in_two_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
