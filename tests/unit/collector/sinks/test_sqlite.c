/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/sinks/schema.h"
#include "support/sink_store.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

/* Those of the first version; the others have test_sqlite_columns.c. */
#define COLUMN(name, type) ", " #name
#define FIRST_EXEC_COLUMNS "yagura_sensor" EXEC_COLUMNS_1(COLUMN)
#define FIRST_FLOW_COLUMNS "yagura_sensor" FLOW_COLUMNS_1(COLUMN)

static void exec_row(void **state)
{
	struct record record = { .class = RECORD_EXEC };
	struct sink_store *f = *state;

	record.exec = (struct record_exec){
		.time_ns = NOW,
		.process = sink_store_curl,
		.parent = { .key = { .start_ns = 0x99, .pid = 4700, .exec_count = 1 },
			    .uid = UINT32_MAX,
			    .gid = UINT32_MAX,
			    .executable = TEXT("/usr/bin/bash"),
			    .args = TEXT("bash\0") },
		.euid = 33,
		.egid = UINT32_MAX,
		.cgroup_id = 4321,
		.file.deleted = true,
	};
	record.exec.process.args_truncated = true;
	sink_store_write(f, &record);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f, "SELECT " FIRST_EXEC_COLUMNS " FROM execs",
			  SENSOR_TEXT "|" NOW_TEXT "|exec|4711|deadbeef-4711-1234-2|/usr/bin/curl|"
				      "[\"curl\",\"-s\",\"\",\"http://x\"]|1|0|1000|33|-|4700|"
				      "deadbeef-4700-99-1|/usr/bin/bash|[\"bash\"]|4321|1");
}

/* A process the sensor knows nothing of: NULL everywhere, never 0 or "". */
static void unknown_is_null(void **state)
{
	struct record record = { .class = RECORD_EXEC };
	struct sink_store *f = *state;

	record.exec = (struct record_exec){ .time_ns = NOW,
					    .process = { .uid = UINT32_MAX, .gid = UINT32_MAX },
					    .parent = { .uid = UINT32_MAX, .gid = UINT32_MAX },
					    .euid = UINT32_MAX,
					    .egid = UINT32_MAX };
	sink_store_write(f, &record);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f, "SELECT " FIRST_EXEC_COLUMNS " FROM execs",
			  SENSOR_TEXT "|" NOW_TEXT "|exec|-|-|-|-|0|-|-|-|-|-|-|-|-|-|0");
}

static void hostile_text_is_bound(void **state)
{
	struct record record = { .class = RECORD_EXEC };
	struct sink_store *f = *state;

	record.exec = (struct record_exec){ .time_ns = NOW, .process = sink_store_curl };
	record.exec.process.executable = (struct text)TEXT("/tmp/'); DROP TABLE execs; --\xff\0x");
	sink_store_write(f, &record);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f, "SELECT process_executable FROM execs",
			  "/tmp/'); DROP TABLE execs; --\xef\xbf\xbd\xef\xbf\xbdx");
}

static void exit_rows(void **state)
{
	struct sink_store *f = *state;

	sink_store_write_exit(f, 0);
	sink_store_write_exit(f, W_EXITCODE(3, 0));
	sink_store_write_exit(f, SIGKILL);
	sink_store_write_exit(f, SIGSEGV | 0x80);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f, "SELECT * FROM exits LIMIT 1",
			  SENSOR_TEXT "|" NOW_TEXT "|exit|4711|deadbeef-4711-1234-2|/usr/bin/curl|"
				      "[\"curl\",\"-s\",\"\",\"http://x\"]|0|0|-|-");
	sink_store_expect(f, "SELECT process_exit_code, yagura_exit_signal FROM exits",
			  "0|-|3|-|-|9|-|11");
}

static struct record example_flow(void)
{
	return (struct record){
		.class = RECORD_FLOW,
		.flow = {
			.start_ns = NOW,
			.end_ns = NOW + 2000000000,
			.cookie = UINT64_MAX,
			.index = 1,
			.part = 3,
			.final = true,
			.direction = DIRECTION_EGRESS,
			.state = FLOW_CLOSED,
			.protocol = 6,
			.source = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 1 },
				    .port = 40000,
				    .bytes = 78,
				    .packets = 6 },
			.destination = { .addr = { [10] = 0xff, 0xff, 10, 0, 0, 2 },
					 .port = 80,
					 .bytes = 0,
					 .packets = 5 },
			.retransmits = 0,
			.srtt_us = 150,
			.handshake_us = 99,
			.owner_quality = QUALITY_CALLER,
			.process = sink_store_curl,
		},
	};
}

static void flow_row(void **state)
{
	struct record record = example_flow();
	struct sink_store *f = *state;

	sink_store_write(f, &record);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f, "SELECT " FIRST_FLOW_COLUMNS " FROM flows",
			  SENSOR_TEXT
			  "|" LATER_TEXT "|flow|deadbeef-ffffffffffffffff-1|3|1|closed|-|" NOW_TEXT
			  "|" LATER_TEXT "|tcp|ipv4|egress|10.0.0.1|40000|78|6|10.0.0.2|80|0|5|"
			  "4711|deadbeef-4711-1234-2|/usr/bin/curl|"
			  "[\"curl\",\"-s\",\"\",\"http://x\"]|0|caller|-|-|-|0|150|99");
}

static void accepted_flow_row(void **state)
{
	struct record record = example_flow();
	struct sink_store *f = *state;

	record.flow.direction = DIRECTION_INGRESS;
	record.flow.handshake_us = 0;
	record.flow.source.addr[0] = 0xfd;
	record.flow.destination.addr[0] = 0xfd;
	record.flow.is_ipv6 = true;
	record.flow.listener = sink_store_curl;
	record.flow.listener.key.pid = 1;
	sink_store_write(f, &record);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(
		f,
		"SELECT network_type, network_direction, destination_ip, yagura_handshake_us,"
		" yagura_listener_pid, yagura_listener_entity_id, yagura_listener_executable"
		" FROM flows",
		"ipv6|ingress|fd00::ffff:a00:2|-|1|deadbeef-1-1234-2|/usr/bin/curl");
}

static void failed_flow_row(void **state)
{
	struct record record = example_flow();
	struct sink_store *f = *state;

	record.flow.state = FLOW_FAILED;
	record.flow.error = ECONNREFUSED;
	record.flow.counters_reset = true;
	memset(record.flow.source.addr, 0, 16);
	record.flow.source.port = 0;
	sink_store_write(f, &record);
	record.flow.cookie = 5;
	record.flow.error = 99999;
	sink_store_write(f, &record);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f,
			  "SELECT yagura_state, yagura_error, source_ip, source_port, source_bytes,"
			  " destination_packets, yagura_srtt_us, yagura_retransmits FROM flows "
			  "ORDER BY rowid",
			  "failed|ECONNREFUSED|-|-|-|-|-|-|failed|99999|-|-|-|-|-|-");
}

static void write_part(struct sink_store *f, uint32_t part, bool final, uint64_t bytes)
{
	struct record record = example_flow();

	record.flow.part = part;
	record.flow.final = final;
	record.flow.source.bytes = bytes;
	sink_store_write(f, &record);
}

static struct upsert_case {
	const char *name;
	struct {
		uint32_t part;
		bool final;
	} parts[3]; /* with 100, 200, 300 bytes */
	const char *want; /* part, final, bytes */
} upserts[] = {
	{ "parts in order", { { 0, false }, { 1, false }, { 2, true } }, "2|1|300" },
	{ "a lower part comes late", { { 1, false }, { 2, false }, { 0, false } }, "2|0|200" },
	{ "the same part again", { { 1, false }, { 1, false }, { 1, false } }, "1|0|100" },
	{ "nothing replaces the final part",
	  { { 2, true }, { 3, false }, { 4, true } },
	  "2|1|100" },
	{ "the final part replaces a higher one",
	  { { 4, false }, { 5, false }, { 1, true } },
	  "1|1|300" },
};

static void check_upsert(void **state)
{
	struct sink_store *f = *state;
	const struct upsert_case *c = f->row;

	for (uint64_t i = 0; i < 3; i++)
		write_part(f, c->parts[i].part, c->parts[i].final, (i + 1) * 100);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f, "SELECT yagura_part, yagura_final, source_bytes FROM flows", c->want);
}

static void gap_rows(void **state)
{
	struct record record = { .class = RECORD_GAP,
				 .gap = { .time_ns = NOW,
					  .class = RECORD_FLOW,
					  .reason = GAP_RING_FULL,
					  .count = 12 } };
	struct sink_hole hole = { .lane = 1, .first_seq = 8, .last_seq = 9 };
	struct sink_item item = { .sensor = sink_store_sensor, .record = &record, .hole = &hole };
	struct sink_store *f = *state;

	sink_store_write(f, &record);
	record.gap.class = RECORD_CLASS_COUNT;
	record.gap.reason = GAP_UNEXPLAINED;
	record.gap.count = 2;
	assert_int_equal(sink_store_put(f, &item), 0);
	assert_int_equal(sink_store_flush(f), 0);
	sink_store_expect(f, "SELECT * FROM gaps",
			  SENSOR_TEXT "|" NOW_TEXT "|gap|flow|ring_full|12|-|-|-|-|" SENSOR_TEXT
				      "|" NOW_TEXT "|gap|-|unexplained|2|1|8|9|-");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, sink_store_set_up, sink_store_tear_down)
#define UPSERTS (sizeof(upserts) / sizeof(upserts[0]))

int main(void)
{
	const struct CMUnitTest others[] = {
		TEST(exec_row),	       TEST(unknown_is_null), TEST(hostile_text_is_bound),
		TEST(exit_rows),       TEST(flow_row),	      TEST(accepted_flow_row),
		TEST(failed_flow_row), TEST(gap_rows),
	};
	struct CMUnitTest tests[UPSERTS];
	int failed;

	for (size_t i = 0; i < UPSERTS; i++)
		tests[i] = (struct CMUnitTest){ upserts[i].name, check_upsert, sink_store_set_up,
						sink_store_tear_down, &upserts[i] };
	failed = cmocka_run_group_tests_name("parts of a flow", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("rows", others, NULL, NULL);
}
