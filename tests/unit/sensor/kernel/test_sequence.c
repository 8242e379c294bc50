/* SPDX-License-Identifier: Apache-2.0 */
/* Holes are counted once, in whatever order events come, and over a kill of whoever counts. */
#include "sensor/kernel/sequence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CPUS 4
#define INSTANCE 7
#define NUMBERS_MAX 300

static struct order_case {
	const char *name;
	uint64_t numbers[12];
	uint64_t missing; /* at once */
	uint64_t settled; /* two moments later */
	uint64_t late;
} orders[] = {
	{ "in order", { 1, 2, 3, 4 }, 0, 0, 0 },
	{ "the first is missing", { 2, 3 }, 0, 1, 0 },
	{ "one is missing", { 1, 2, 4, 5 }, 0, 1, 0 },
	{ "several holes", { 1, 3, 5, 8 }, 0, 4, 0 },
	{ "two changed places", { 2, 1, 4, 3 }, 0, 0, 0 },
	{ "one far behind, still within the window", { 64, 1 }, 0, 62, 0 },
	{ "one leaves the window", { 65 }, 1, 64, 0 },
	{ "it comes after all", { 65, 1 }, 0, 63, 1 },
	{ "a great leap", { 1, 1000001 }, 999936, 999999, 0 },
	{ "unnumbered events are no holes", { 1, 0, 0, 2 }, 0, 0, 0 },
	{ "an absurd number is left alone", { 1, 1ull << 63, 2 }, 0, 0, 0 },
};

struct fixture {
	struct sequence *sequence;
	void *memory;
	uint64_t position[EVENT_RING_COUNT];
};

static void reopen(struct fixture *f)
{
	sequence_close(f->sequence);
	assert_int_equal(sequence_open(f->memory, sequence_bytes(CPUS), INSTANCE, &f->sequence), 0);
}

static void set_up(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->memory = calloc(1, sequence_bytes(CPUS));
	assert_non_null(f->memory);
	reopen(f);
}

static void tear_down(struct fixture *f)
{
	sequence_close(f->sequence);
	free(f->memory);
}

static void read_at(struct fixture *f, uint64_t position, uint16_t cpu, enum event_ring ring,
		    uint64_t number)
{
	const struct event_header header = { .cpu = cpu, .sequence = number };

	sequence_saw(f->sequence, ring, position, &header);
}

static void saw(struct fixture *f, uint16_t cpu, enum event_ring ring, uint64_t number)
{
	f->position[ring] += 64;
	read_at(f, f->position[ring], cpu, ring, number);
}

static struct sequence_totals totals(const struct fixture *f)
{
	struct sequence_totals totals;

	sequence_totals(f->sequence, &totals);
	return totals;
}

static void settle(struct fixture *f)
{
	sequence_settle(f->sequence);
	sequence_settle(f->sequence);
}

static void an_order(void **state)
{
	const struct order_case *c = *state;
	struct fixture f;
	size_t count = sizeof(c->numbers) / sizeof(*c->numbers);

	set_up(&f);
	while (count > 0 && c->numbers[count - 1] == 0)
		count--;
	for (size_t i = 0; i < count; i++)
		saw(&f, 1, EVENT_RING_BULK, c->numbers[i]);
	assert_int_equal(totals(&f).missing[EVENT_RING_BULK], c->missing);
	assert_int_equal(totals(&f).late[EVENT_RING_BULK], c->late);
	settle(&f);
	assert_int_equal(totals(&f).missing[EVENT_RING_BULK], c->settled);
	assert_int_equal(totals(&f).missing[EVENT_RING_VALUABLE], 0);
	tear_down(&f);
}

/* A hole is given one moment: the first settling only notes where things stand. */
static void a_hole_has_a_moment(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	saw(&f, 0, EVENT_RING_BULK, 2);
	sequence_settle(f.sequence);
	assert_int_equal(totals(&f).missing[EVENT_RING_BULK], 0);
	saw(&f, 0, EVENT_RING_BULK, 1);
	settle(&f);
	assert_int_equal(totals(&f).missing[EVENT_RING_BULK], 0);
	tear_down(&f);
}

static void cpus_and_rings_are_apart(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	for (uint16_t cpu = 0; cpu < CPUS; cpu++) {
		saw(&f, cpu, EVENT_RING_VALUABLE, 1);
		saw(&f, cpu, EVENT_RING_BULK, 1);
	}
	saw(&f, 2, EVENT_RING_VALUABLE, 3);
	saw(&f, CPUS, EVENT_RING_VALUABLE, 9); /* a CPU there is no room for */
	settle(&f);
	assert_int_equal(totals(&f).missing[EVENT_RING_VALUABLE], 1);
	assert_int_equal(totals(&f).missing[EVENT_RING_BULK], 0);
	assert_int_equal(totals(&f).untracked, 1);
	tear_down(&f);
}

/* The next worker reads again what its predecessor had read and not yet stored, and goes on. */
static void over_a_kill(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	for (uint64_t n = 1; n <= NUMBERS_MAX; n++)
		if (n != 5 && n != 250)
			read_at(&f, n * 64, 0, EVENT_RING_VALUABLE, n);
	settle(&f);
	reopen(&f);
	for (uint64_t n = 100; n <= NUMBERS_MAX + 50; n++)
		if (n != 250 && n != 310)
			read_at(&f, n * 64, 0, EVENT_RING_VALUABLE, n);
	settle(&f);
	assert_int_equal(totals(&f).missing[EVENT_RING_VALUABLE], 3);
	assert_int_equal(totals(&f).late[EVENT_RING_VALUABLE], 0);
	tear_down(&f);
}

static void another_keeper_starts_afresh(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	saw(&f, 0, EVENT_RING_BULK, 3);
	settle(&f);
	assert_int_equal(totals(&f).missing[EVENT_RING_BULK], 2);
	sequence_close(f.sequence);
	assert_int_equal(sequence_open(f.memory, sequence_bytes(CPUS), INSTANCE + 1, &f.sequence),
			 0);
	assert_int_equal(totals(&f).missing[EVENT_RING_BULK], 0);
	read_at(&f, 64, 0, EVENT_RING_BULK, 1);
	settle(&f);
	assert_int_equal(totals(&f).missing[EVENT_RING_BULK], 0);
	assert_int_equal(
		sequence_open(f.memory, sequence_bytes(1) - 1, 1, &(struct sequence *){ 0 }),
		-EINVAL);
	tear_down(&f);
}

#define ORDERS (sizeof(orders) / sizeof(*orders))

int main(void)
{
	struct CMUnitTest tests[ORDERS + 4] = {
		[ORDERS] = cmocka_unit_test(a_hole_has_a_moment),
		cmocka_unit_test(cpus_and_rings_are_apart),
		cmocka_unit_test(over_a_kill),
		cmocka_unit_test(another_keeper_starts_afresh),
	};

	for (size_t i = 0; i < ORDERS; i++)
		tests[i] = (struct CMUnitTest){ orders[i].name, an_order, NULL, NULL, &orders[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
