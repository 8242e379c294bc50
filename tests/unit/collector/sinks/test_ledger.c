/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/ledger.h"

#include "support/sink_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

struct found_mark {
	uint64_t generation;
	uint32_t lane;
	uint64_t found; /* 0: none */
	size_t count;
};

static int note_mark(void *context, const struct dedupe_key *key, uint64_t mark)
{
	struct found_mark *marks = context;

	assert_memory_equal(key->sensor, sink_store_sensor, 16);
	if (key->generation == marks->generation && key->lane == marks->lane)
		marks->found = mark;
	marks->count++;
	return 0;
}

static uint64_t mark_of(struct sink_store *f, uint64_t generation, uint32_t lane)
{
	struct found_mark marks = { .generation = generation, .lane = lane };

	assert_int_equal(ledger_marks(f->ledger, note_mark, &marks), 0);
	return marks.found;
}

static void set_mark(struct sink_store *f, uint64_t generation, uint32_t lane, uint64_t mark)
{
	struct dedupe_key key = { .sensor = sink_store_sensor,
				  .generation = generation,
				  .lane = lane };

	assert_int_equal(ledger_mark_set(f->ledger, &key, mark), 0);
}

static void marks_last_with_their_rows(void **state)
{
	struct sink_store *f = *state;

	sink_store_write_exit(f, 0);
	set_mark(f, UINT64_MAX, 1, 7);
	set_mark(f, UINT64_MAX, 1, INT64_MAX);
	set_mark(f, 1, 0, 3);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_write_exit(f, W_EXITCODE(1, 0)); /* never flushed: gone, like after kill -9 */
	set_mark(f, 1, 0, 4);
	assert_int_equal(mark_of(f, 1, 0), 4);
	sink_store_close(f);
	sink_store_open(f);
	assert_int_equal(mark_of(f, UINT64_MAX, 1), INT64_MAX);
	assert_int_equal(mark_of(f, 1, 0), 3);
	assert_int_equal(mark_of(f, 1, 1), 0);
	assert_int_equal(mark_of(f, 2, 0), 0);
	assert_true(mark_of(f, UINT64_MAX, 1) != mark_of(f, UINT64_MAX, 0));
	sink_store_expect(f, "SELECT count(*) FROM exits", "1");
}

static void discarded_is_gone(void **state)
{
	struct sink_store *f = *state;

	sink_store_write_exit(f, 0);
	set_mark(f, 1, 0, 3);
	sink_store_discard(f);
	assert_int_equal(mark_of(f, 1, 0), 0);
	sink_store_write_exit(f, W_EXITCODE(1, 0));
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f, "SELECT process_exit_code FROM exits", "1");
	sink_store_expect(f, "SELECT count(*) FROM marks", "0");
}

static void place_lasts_with_its_rows(void **state)
{
	struct sink_store *f = *state;
	struct sink_place place = { .generation = UINT64_MAX, .position = 99 };
	struct sink_place found;

	assert_int_equal(ledger_place_get(f->ledger, &found), 0);
	assert_true(found.generation == 0 && found.position == 0);
	sink_store_write_exit(f, 0);
	assert_int_equal(sqlite_sink.flush(f->sink, &place), 0);
	sink_store_write_exit(f, W_EXITCODE(1, 0)); /* as if killed before the flush */
	sink_store_close(f);
	sink_store_open(f);
	assert_int_equal(sqlite_sink.place(f->sink, &found), 0);
	assert_true(found.generation == UINT64_MAX && found.position == 99);
	sink_store_expect(f, "SELECT process_exit_code FROM exits", "0");
}

static struct verify_hello example_hello(void)
{
	struct verify_hello hello = { .generation = UINT64_MAX,
				      .instance = 0xabc,
				      .version = "0.1.0",
				      .kernel = "6.1.0",
				      .host = "web1" };

	memcpy(hello.boot_id, sink_store_header.boot_id, sizeof(hello.boot_id));
	return hello;
}

static void sensor_row(void **state)
{
	struct verify_hello hello = example_hello();
	struct ledger_arrival arrival = { .sensor = sink_store_sensor,
					  .hello = &hello,
					  .tls_version = "TLSv1.3",
					  .tls_group = "x25519",
					  .time_ns = NOW };
	struct sink_store *f = *state;

	assert_int_equal(ledger_arrive(f->ledger, &arrival), 0);
	assert_int_equal(ledger_count(f->ledger, sink_store_sensor, 10, NOW), 0);
	assert_int_equal(ledger_count(f->ledger, sink_store_sensor, 5, NOW + 2000000000), 0);
	assert_int_equal(database_commit(f->database), 0);
	sink_store_expect(f, "SELECT * FROM sensors",
			  SENSOR_TEXT
			  "|web1|0.1.0|6.1.0|ffffffffffffffff|"
			  "deadbeef-0506-0708-090a-0b0c0d0e0f10|0000000000000abc|" NOW_TEXT
			  "|" LATER_TEXT "|TLSv1.3|x25519|1|2|15");

	snprintf(hello.host, sizeof(hello.host), "web2");
	arrival.time_ns = NOW + 2000000000;
	assert_int_equal(ledger_arrive(f->ledger, &arrival), 0);
	assert_int_equal(ledger_leave(f->ledger, sink_store_sensor, NOW + 2000000000), 0);
	assert_int_equal(database_commit(f->database), 0);
	sink_store_expect(
		f,
		"SELECT host_name, first_seen, last_seen, connected, batches, records FROM sensors",
		"web2|" NOW_TEXT "|" LATER_TEXT "|0|2|15");
}

static void nobody_is_connected_after_a_start(void **state)
{
	struct verify_hello hello = example_hello();
	struct ledger_arrival arrival = {
		.sensor = sink_store_sensor, .hello = &hello, .tls_version = "", .tls_group = ""
	};
	struct sink_store *f = *state;

	assert_int_equal(ledger_arrive(f->ledger, &arrival), 0);
	assert_int_equal(database_commit(f->database), 0);
	sink_store_expect(f, "SELECT connected FROM sensors", "1");
	assert_int_equal(ledger_start(f->ledger), 0);
	assert_int_equal(database_commit(f->database), 0);
	sink_store_expect(f, "SELECT connected FROM sensors", "0");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, sink_store_set_up, sink_store_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(marks_last_with_their_rows),	 TEST(discarded_is_gone),
		TEST(place_lasts_with_its_rows),	 TEST(sensor_row),
		TEST(nobody_is_connected_after_a_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
