/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/retention.h"

#include "common/clock.h"
#include "support/sink_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DAY_S 86400ull
#define DAYS(n) ((n)*DAY_S * NS_PER_S)

static void write_flow(struct sink_store *f, uint64_t cookie, uint64_t time_ns)
{
	struct record record = { .class = RECORD_FLOW,
				 .flow = { .cookie = cookie, .end_ns = time_ns } };

	sink_store_write(f, &record);
}

static void write_exec(struct sink_store *f, uint32_t pid, uint64_t time_ns)
{
	struct record record = { .class = RECORD_EXEC, .exec = { .time_ns = time_ns } };

	record.exec.process.key.pid = pid;
	sink_store_write(f, &record);
}

static void write_gap(struct sink_store *f, uint64_t time_ns)
{
	struct record record = { .class = RECORD_GAP, .gap = { .time_ns = time_ns } };

	sink_store_write(f, &record);
}

static void run(struct sink_store *f, const struct sink_retention *limits, uint64_t now_ns)
{
	struct retention *retention;
	int r;

	assert_int_equal(retention_new(f->database, limits, &retention), 0);
	while ((r = retention_run(retention, now_ns)) == 1)
		;
	assert_int_equal(r, 0);
	retention_free(retention);
}

static void old_rows_go(void **state)
{
	const struct sink_retention week = { .age_s = 7 * DAY_S };
	struct sink_store *f = *state;

	for (uint64_t day = 0; day < 10; day++) {
		write_flow(f, day, NOW + DAYS(day));
		write_exec(f, (uint32_t)day + 1, NOW + DAYS(day));
		write_gap(f, NOW + DAYS(day));
	}
	assert_int_equal(sink_store_flush(f), 0);
	run(f, &week, NOW + DAYS(10)); /* the days before the third */
	sink_store_expect(f, "SELECT count(*), min(timestamp) FROM flows",
			  "7|2026-11-26T01:02:03.456Z");
	sink_store_expect(f, "SELECT count(*) FROM execs", "7");
	sink_store_expect(f, "SELECT count(*) FROM gaps", "7");
	run(f, &week, NOW + DAYS(10));
	sink_store_expect(f, "SELECT count(*) FROM flows", "7");
}

/* More than are removed at once. */
static void the_oldest_go_beyond_a_size(void **state)
{
	const struct sink_retention small = { .bytes = 3 << 20 };
	struct sink_store *f = *state;

	for (uint64_t i = 0; i < 20000; i++)
		write_flow(f, i, NOW + i * NS_PER_MS);
	write_exec(f, 1, NOW);
	write_gap(f, NOW);
	assert_int_equal(sink_store_flush(f), 0);
	run(f, &small, NOW);
	sink_store_expect(f,
			  "SELECT count(*) BETWEEN 1 AND 19999, max(timestamp), count(*) % 2000"
			  " FROM flows",
			  "1|2026-11-23T01:02:23.455Z|0");
	sink_store_expect(f, "SELECT count(*) FROM execs", "1");
	sink_store_expect(f, "SELECT count(*) FROM gaps", "1");
	sink_store_expect(f,
			  "SELECT (page_count - freelist_count) * page_size <= 3145728"
			  " FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
			  "1");
}

static void without_limits_all_stay(void **state)
{
	const struct sink_retention none = { 0 };
	struct sink_store *f = *state;

	write_flow(f, 1, 1);
	assert_int_equal(sink_store_flush(f), 0);
	run(f, &none, NOW + DAYS(10000));
	sink_store_expect(f, "SELECT count(*) FROM flows", "1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, sink_store_set_up, sink_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(old_rows_go),
		TEST(the_oldest_go_beyond_a_size),
		TEST(without_limits_all_stay),
	};

	return cmocka_run_group_tests_name("retention", tests, NULL, NULL);
}
