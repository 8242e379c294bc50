/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/intake/watermarks.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 20000u /* sensors: several parts */

struct part {
	uint8_t *bytes;
	size_t size;
};

struct parts {
	struct part list[16];
	size_t count;
};

static int keep_part(void *context, const uint8_t *bytes, size_t size)
{
	struct parts *parts = context;
	struct part *part = &parts->list[parts->count++];

	assert_true(parts->count < 16);
	part->bytes = malloc(size);
	memcpy(part->bytes, bytes, size);
	part->size = size;
	return 0;
}

static void free_parts(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		free(parts->list[i].bytes);
	parts->count = 0;
}

static void name(uint8_t ret_sensor[16], uint32_t number)
{
	memset(ret_sensor, 0, 16);
	memcpy(ret_sensor, &number, sizeof(number));
}

static uint64_t get(struct watermarks *marks, uint32_t number, uint64_t generation, uint32_t lane)
{
	uint8_t sensor[16];
	struct dedupe_key key = { .sensor = sensor, .generation = generation, .lane = lane };
	uint64_t mark = 999;

	name(sensor, number);
	assert_int_equal(watermarks_get(marks, &key, &mark), 0);
	return mark;
}

static void set(struct watermarks *marks, uint32_t number, uint64_t generation, uint64_t mark)
{
	uint8_t sensor[16];
	struct dedupe_key key = { .sensor = sensor, .generation = generation, .lane = 1 };

	name(sensor, number);
	assert_int_equal(watermarks_set(marks, &key, mark), 0);
}

static void each_key_has_its_own(void **state)
{
	struct watermarks *marks = watermarks_new();

	(void)state;
	assert_true(get(marks, 1, 7, 1) == 0);
	set(marks, 1, 7, 50);
	set(marks, 1, 8, 60);
	set(marks, 2, 7, 70);
	assert_true(get(marks, 1, 7, 1) == 50 && get(marks, 1, 8, 1) == 60);
	assert_true(get(marks, 2, 7, 1) == 70 && get(marks, 1, 7, 0) == 0);
	assert_int_equal(watermarks_count(marks), 2);
	watermarks_free(marks);
}

/* Whoever draws a new generation each time loses its own history and takes no more memory. */
static void generations_are_few(void **state)
{
	struct watermarks *marks = watermarks_new();

	(void)state;
	for (uint64_t generation = 1; generation <= WATERMARKS_GENERATIONS; generation++)
		set(marks, 1, generation, 100 + generation);
	set(marks, 1, 1, 500); /* used again: not the oldest any more */
	set(marks, 1, 1000, 7);
	assert_true(get(marks, 1, 1, 1) == 500);
	assert_true(get(marks, 1, 2, 1) == 0);
	assert_true(get(marks, 1, 3, 1) == 103);
	assert_true(get(marks, 1, 1000, 1) == 7);
	watermarks_free(marks);
}

static void a_start_is_known_again(void **state)
{
	struct watermarks *marks = watermarks_new();
	uint8_t sensor[16] = { 1 };

	(void)state;
	assert_false(watermarks_knows(marks, sensor, 5));
	assert_int_equal(watermarks_arrive(marks, sensor, 5), 0);
	assert_true(watermarks_knows(marks, sensor, 5));
	assert_false(watermarks_knows(marks, sensor, 6));
	watermarks_free(marks);
}

static void checkpoint_holds_everything(void **state)
{
	struct watermarks *marks = watermarks_new();
	struct watermarks *restored = watermarks_new();
	struct parts parts = { .count = 0 };

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		for (uint64_t generation = 1; generation <= 3; generation++)
			set(marks, i, generation, i + generation);
	assert_int_equal(watermarks_checkpoint(marks, keep_part, &parts), 0);
	assert_true(parts.count > 1);
	set(restored, MANY + 1, 1, 1); /* is not in it */
	for (size_t i = 0; i < parts.count; i++)
		assert_int_equal(
			watermarks_restore(restored, parts.list[i].bytes, parts.list[i].size),
			i + 1 == parts.count);
	assert_int_equal(watermarks_count(restored), MANY);
	for (uint32_t i = 0; i < MANY; i++)
		assert_true(get(restored, i, 3, 1) == i + 3);
	free_parts(&parts);
	watermarks_free(marks);
	watermarks_free(restored);
}

static void broken_parts_are_refused(void **state)
{
	struct watermarks *marks = watermarks_new();
	struct watermarks *restored = watermarks_new();
	struct parts parts = { .count = 0 };
	const struct part *last;

	(void)state;
	assert_int_equal(watermarks_checkpoint(marks, keep_part, &parts), 0);
	assert_int_equal(parts.count, 1); /* an empty one says that there is nothing */
	assert_int_equal(watermarks_restore(restored, parts.list[0].bytes, parts.list[0].size), 1);
	free_parts(&parts);
	for (uint32_t i = 0; i < 2 * MANY; i++)
		set(marks, i, 1, 1);
	assert_int_equal(watermarks_checkpoint(marks, keep_part, &parts), 0);
	last = &parts.list[parts.count - 1];
	assert_int_equal(watermarks_restore(restored, last->bytes, last->size), -EBADMSG);
	assert_int_equal(watermarks_restore(restored, parts.list[0].bytes, parts.list[0].size - 1),
			 -EBADMSG);
	assert_int_equal(watermarks_restore(restored, parts.list[0].bytes, 7), -EBADMSG);
	parts.list[0].bytes[8 + 16 + 8] = WATERMARKS_GENERATIONS + 1;
	assert_int_equal(watermarks_restore(restored, parts.list[0].bytes, parts.list[0].size),
			 -EBADMSG);
	free_parts(&parts);
	watermarks_free(marks);
	watermarks_free(restored);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_has_its_own),
		cmocka_unit_test(generations_are_few),
		cmocka_unit_test(a_start_is_known_again),
		cmocka_unit_test(checkpoint_holds_everything),
		cmocka_unit_test(broken_parts_are_refused),
	};

	return cmocka_run_group_tests_name("watermarks", tests, NULL, NULL);
}
